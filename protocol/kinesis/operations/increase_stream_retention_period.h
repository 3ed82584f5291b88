// IncreaseStreamRetentionPeriod: to as many hours, or more, than there were.
#pragma once

#include "protocol/kinesis/attribute_shapes.h"

namespace sluice::kinesis {

struct IncreaseStreamRetentionPeriod : RetentionRequest {
    static constexpr std::string_view operation = "IncreaseStreamRetentionPeriod";
};

}   // namespace sluice::kinesis
