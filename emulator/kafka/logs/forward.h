// A Produce to a sealed partition of a topic with sluice.sealed.produce=forward (rule 15): each record goes to the open shard of
// its key's MD5, where PutRecord would put that key. A record without a key goes to the sealed shard's first open descendant.
// Records keep their order within a shard, headers and timestamps, and the batch its codec. The answer has no offset (-1): the
// records lie in other partitions. An idempotent producer goes on counting at the sealed partition, which remembers its batches
// as before: a repeated one is a duplicate and no record is written twice. It is stored whole or not at all.
#pragma once

#include "emulator/kafka/call.h"
#include "protocol/batch/reader.h"

namespace sluice::kafka {

struct Forwarded {
    streams::Queued queued;
    milliseconds throttle{0};
    std::vector<Blob> kept;   // until committed
};
// The shard itself, or where its keys went: lineage first, by lowest number; where it ends (children expired) the shard with the
// lowest range.
const streams::Shard& open_descendant(const streams::Shard&);

streams::Result<Forwarded> forward(Call&, const streams::Shard& sealed, Bytes batch, const batch::Info&, bool log_append_time);

}   // namespace sluice::kafka
