// EnableEnhancedMonitoring: names metrics, or ALL.
#pragma once

#include "protocol/kinesis/attribute_shapes.h"

namespace sluice::kinesis {

struct EnableEnhancedMonitoring : MonitoringRequest {
    static constexpr std::string_view operation = "EnableEnhancedMonitoring";
};

}   // namespace sluice::kinesis
