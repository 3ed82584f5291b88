// ReceiveQueueRecords: what is taken is stored before it is answered, so a kill does not forget how often a record was received.
#include "protocol/kinesis/operations/receive_queue_records.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Written> handle(Call& call, const ReceiveQueueRecords& request) { return receive(call, request, false); }

template Task<Answer> serve<ReceiveQueueRecords>(Serving);

}   // namespace sluice::kinesis
