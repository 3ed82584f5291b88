// IncreaseStreamRetentionPeriod: what is gone stays gone; the same value again is accepted (seen: Terraform).
#include "protocol/kinesis/operations/increase_stream_retention_period.h"
#include "emulator/kinesis/operations/retention.h"

namespace sluice::kinesis {

Task<Reply<IncreaseStreamRetentionPeriod>> handle(Call& call, const IncreaseStreamRetentionPeriod& request) {
    return change_retention(call, request, true);
}

template Task<Answer> serve<IncreaseStreamRetentionPeriod>(Serving);

}   // namespace sluice::kinesis
