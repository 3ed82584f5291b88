// ReceiveDeadLetterQueueRecords: as ReceiveQueueRecords.
#include "protocol/kinesis/operations/receive_dead_letter_queue_records.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"

namespace sluice::kinesis {

Task<Written> handle(Call& call, const ReceiveDeadLetterQueueRecords& request) { return receive(call, request, true); }

template Task<Answer> serve<ReceiveDeadLetterQueueRecords>(Serving);

}   // namespace sluice::kinesis
