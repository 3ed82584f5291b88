// What a batch that somebody produces has to pass before it is appended: Kafka's checks in Kafka's order, with its codes and
// texts as seen on 4.4.0.
#pragma once

#include <optional>
#include <string>

#include "emulator/kafka/call.h"
#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/transactions/transaction.h"
#include "protocol/batch/reader.h"
#include "protocol/kafka/messages/produce.h"

namespace sluice::kafka {

using Answered = ProduceResponse::Partition;

void refuse(Answered&, ErrorCode, std::optional<std::string> text = std::nullopt);

struct Target {
    const streams::Stream& stream;
    const streams::Shard& shard;
    const Configs::ProduceRules& rules;
};

// What refuses the request with all its partitions; its code is none when nothing does.
Answered refusal_of_all(const Call&, const ProduceRequest&);

// The one batch that the records are, however much stands behind it and is none; nothing when they are refused.
std::optional<Bytes> only_batch(const Call&, Bytes records, Answered&);

// What is in the batch; nothing when it is refused, which then stands in the answer. `scratch` is for whoever unpacks it.
std::optional<batch::Info> checked(Call&, const Target&, Bytes batch, Blob& scratch, Answered&);

// The first batch of a transaction in a partition. From v12 on the partition becomes part of it by that (KIP-890); before, the
// producer has said so, or is told what it forgot as well as its version can understand it.
bool begins_well(Call&, std::string_view id, const Producer&, const Partition&, Answered&);

}   // namespace sluice::kafka
