// What SubscribeToShard sends: events as bytes, made once for all readers who are at the same place, and the reading of one of
// them from its first event to its end.
#pragma once

#include <memory>
#include <string>

#include "emulator/kinesis/call.h"
#include "emulator/streams/stream.h"

namespace sluice::kinesis {

// Who reads, and where it is.
struct Pushed {
    streams::Engine& engine;
    streams::World& world;
    streams::StreamPointer stream;
    const streams::Shard* shard{};
    std::shared_ptr<streams::Subscription> by;
    streams::Position next{};
    std::string subscriber;   // ACCOUNT:STREAM:SHARD:CONSUMER, for the text of a fault
    std::string gone_text;    // for one whose consumer or stream went
};

// Sends until the shard ends, its subscription ends or has lived for 5 minutes, or nobody takes it any more.
Task<void> push(Pushed, Exchange&);

}   // namespace sluice::kinesis
