// DecreaseStreamRetentionPeriod: to as many hours, or fewer, than there were.
#pragma once

#include "protocol/kinesis/attribute_shapes.h"

namespace sluice::kinesis {

struct DecreaseStreamRetentionPeriod : RetentionRequest {
    static constexpr std::string_view operation = "DecreaseStreamRetentionPeriod";
};

}   // namespace sluice::kinesis
