// AcknowledgeQueueRecords: one that is acknowledged already counts as done, since a client repeats a call whose answer it lost.
#include "protocol/kinesis/operations/acknowledge_queue_records.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<AcknowledgeQueueRecords>> handle(Call& call, const AcknowledgeQueueRecords& request) {
    return acknowledge(call, request, false);
}

template Task<Answer> serve<AcknowledgeQueueRecords>(Serving);

}   // namespace sluice::kinesis
