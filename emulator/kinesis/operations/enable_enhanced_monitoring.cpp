// EnableEnhancedMonitoring: adds to what is on.
#include "protocol/kinesis/operations/enable_enhanced_monitoring.h"
#include "emulator/kinesis/operations/monitoring.h"

namespace sluice::kinesis {

Task<Reply<EnableEnhancedMonitoring>> handle(Call& call, const EnableEnhancedMonitoring& request) {
    return change_metrics(call, request, true);
}

template Task<Answer> serve<EnableEnhancedMonitoring>(Serving);

}   // namespace sluice::kinesis
