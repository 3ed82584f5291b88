// Readers that a stream knows by name, and who reads by them now. Each has throughput of its own in every shard (Kinesis:
// registered consumers and their subscriptions).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"
#include "emulator/streams/limits/throttle.h"

namespace sluice::streams {

enum class StreamStatus : std::uint8_t { creating, active, updating, deleting };

struct Subscription;

struct Consumer {
    std::string name;
    std::int64_t created_s{};   // part of its ARN: grows with each registration of that name, whatever the clock says (rule 14)
    StreamStatus status = StreamStatus::active;
    Time ready_at;   // when CREATING or DELETING ends
    std::map<std::string, std::string> tags;
    std::string policy;   // who may use it, as somebody said it; empty: nobody did

    struct Lane {
        Bucket read_bytes;
        std::weak_ptr<Subscription> now;
    };
    std::map<std::int32_t, Lane> lanes;   // by shard; not stored
    Timer ready;
};

// One who reads a shard by a consumer's name, until a later one takes its place.
struct Subscription {
    Time since;                             // live time
    std::shared_ptr<Consumer::Lane> lane;   // its tokens stay when it goes
    Signal ended;                           // for the last time: taken over, or the consumer or the stream went
    bool taken = false;                     // by a later one
};

}   // namespace sluice::streams
