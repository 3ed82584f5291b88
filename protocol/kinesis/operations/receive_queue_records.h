// ReceiveQueueRecords: up to 10 records, each with the handle that this delivery of it is settled by. Waits for the first one.
#pragma once

#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

struct ReceiveQueueRecords : ReceiveRequest {
    static constexpr std::string_view operation = "ReceiveQueueRecords";
};

}   // namespace sluice::kinesis
