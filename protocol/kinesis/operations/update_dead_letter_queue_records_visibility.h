// UpdateDeadLetterQueueRecordsVisibility: the same for dead letters.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct UpdateDeadLetterQueueRecordsVisibility : VisibilityRequest {
    static constexpr std::string_view operation = "UpdateDeadLetterQueueRecordsVisibility";
};

}   // namespace sluice::kinesis
