// AcknowledgeDeadLetterQueueRecords: as AcknowledgeQueueRecords.
#include "protocol/kinesis/operations/acknowledge_dead_letter_queue_records.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<AcknowledgeDeadLetterQueueRecords>> handle(Call& call, const AcknowledgeDeadLetterQueueRecords& request) {
    return acknowledge(call, request, true);
}

template Task<Answer> serve<AcknowledgeDeadLetterQueueRecords>(Serving);

}   // namespace sluice::kinesis
