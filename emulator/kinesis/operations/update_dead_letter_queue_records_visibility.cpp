// UpdateDeadLetterQueueRecordsVisibility: as UpdateQueueRecordsVisibility.
#include "protocol/kinesis/operations/update_dead_letter_queue_records_visibility.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<UpdateDeadLetterQueueRecordsVisibility>> handle(Call& call, const UpdateDeadLetterQueueRecordsVisibility& request) {
    return change_visibility(call, request, true);
}

template Task<Answer> serve<UpdateDeadLetterQueueRecordsVisibility>(Serving);

}   // namespace sluice::kinesis
