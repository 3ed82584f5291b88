// ReceiveDeadLetterQueueRecords: the same for records that were received as often as they may be and not acknowledged.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct ReceiveDeadLetterQueueRecords : ReceiveRequest {
    static constexpr std::string_view operation = "ReceiveDeadLetterQueueRecords";
};

}   // namespace sluice::kinesis
