// RestoreDeadLetterQueueRecords: dead letters are delivered again, counted from the start.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct RestoreDeadLetterQueueRecords : SettleRequest {
    static constexpr std::string_view operation = "RestoreDeadLetterQueueRecords";
};

}   // namespace sluice::kinesis
