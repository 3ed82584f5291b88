// DisableEnhancedMonitoring: takes away from what is on; what is not on is ignored.
#include "protocol/kinesis/operations/disable_enhanced_monitoring.h"
#include "emulator/kinesis/operations/monitoring.h"

namespace sluice::kinesis {

Task<Reply<DisableEnhancedMonitoring>> handle(Call& call, const DisableEnhancedMonitoring& request) {
    return change_metrics(call, request, false);
}

template Task<Answer> serve<DisableEnhancedMonitoring>(Serving);

}   // namespace sluice::kinesis
