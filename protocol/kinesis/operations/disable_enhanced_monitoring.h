// DisableEnhancedMonitoring: names metrics, or ALL.
#pragma once

#include "protocol/kinesis/attribute_shapes.h"

namespace sluice::kinesis {

struct DisableEnhancedMonitoring : MonitoringRequest {
    static constexpr std::string_view operation = "DisableEnhancedMonitoring";
};

}   // namespace sluice::kinesis
