// DecreaseStreamRetentionPeriod: older records are out of reach from the next read on, by both doors.
#include "protocol/kinesis/operations/decrease_stream_retention_period.h"
#include "emulator/kinesis/operations/retention.h"

namespace sluice::kinesis {

Task<Reply<DecreaseStreamRetentionPeriod>> handle(Call& call, const DecreaseStreamRetentionPeriod& request) {
    return change_retention(call, request, false);
}

template Task<Answer> serve<DecreaseStreamRetentionPeriod>(Serving);

}   // namespace sluice::kinesis
