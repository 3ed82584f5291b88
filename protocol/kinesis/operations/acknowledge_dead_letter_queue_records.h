// AcknowledgeDeadLetterQueueRecords: discards dead letters.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct AcknowledgeDeadLetterQueueRecords : SettleRequest {
    static constexpr std::string_view operation = "AcknowledgeDeadLetterQueueRecords";
};

}   // namespace sluice::kinesis
