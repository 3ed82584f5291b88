// UpdateQueueRecordsVisibility: 0 gives a record back at once.
#include "protocol/kinesis/operations/update_queue_records_visibility.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Reply<UpdateQueueRecordsVisibility>> handle(Call& call, const UpdateQueueRecordsVisibility& request) {
    return change_visibility(call, request, false);
}

template Task<Answer> serve<UpdateQueueRecordsVisibility>(Serving);

}   // namespace sluice::kinesis
