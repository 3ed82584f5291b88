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
    std::optional<Error> fault;          // of the key that the stream is encrypted with: nothing is sent but this
    std::string taken_text, gone_text;   // for one whose place was taken, and for one whose consumer or stream went
};

// Sends until the shard ends, its subscription ends or has lived for 5 minutes, or nobody takes it any more.
Task<void> push(Pushed, Exchange&);

}   // namespace sluice::kinesis
