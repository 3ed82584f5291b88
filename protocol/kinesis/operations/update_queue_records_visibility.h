// UpdateQueueRecordsVisibility: how long nobody else receives them, from now on.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct UpdateQueueRecordsVisibility : VisibilityRequest {
    static constexpr std::string_view operation = "UpdateQueueRecordsVisibility";
};

}   // namespace sluice::kinesis
