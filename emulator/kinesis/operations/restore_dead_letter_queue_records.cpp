// RestoreDeadLetterQueueRecords: they may be received at once.
#include "protocol/kinesis/operations/restore_dead_letter_queue_records.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<RestoreDeadLetterQueueRecords>> handle(Call& call, const RestoreDeadLetterQueueRecords& request) {
    return restore(call, request);
}

template Task<Answer> serve<RestoreDeadLetterQueueRecords>(Serving);

}   // namespace sluice::kinesis
