// AcknowledgeQueueRecords: they are done with and never delivered again by this queue.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct AcknowledgeQueueRecords : SettleRequest {
    static constexpr std::string_view operation = "AcknowledgeQueueRecords";
};

}   // namespace sluice::kinesis
