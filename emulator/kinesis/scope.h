// Accounts and regions (rule 3). Shared: one set of names for everybody, whatever key and region a caller signs with; a stream
// keeps the region it was made in for its ARN. Separate: a caller sees the streams of its own account (its access key when that
// is 12 digits) and region (of its credential scope) only. A stream outside the server's own account and region is the topic
// `<account>.<region>.<name>`, and a topic of such a name is that stream, whichever door made it.
#pragma once

#include <string>
#include <string_view>

#include "emulator/kinesis/door_options.h"
#include "emulator/streams/engine.h"
#include "protocol/kinesis/request.h"

namespace sluice::kinesis {

struct Scope {
    std::string account, region;
    friend bool operator==(const Scope&, const Scope&) = default;
};

// How one call sees streams.
class Names {
  public:
    Names(const streams::EngineOptions&, const DoorOptions&, const Caller&);
    const Scope& scope() const { return scope_; }
    // Where the caller makes streams: its own region when that is one, else the configured one.
    std::string region() const;
    bool separate() const { return separate_; }
    bool at_home() const { return scope_ == home_; }
    // The engine's name of the stream that the caller calls `name`.
    std::string topic(std::string_view name) const;
    // The other way: the caller's name, and whose it is. Views into `topic`.
    std::string_view name(std::string_view topic) const;
    Scope scope_of(const streams::Stream&) const;
    bool mine(const streams::Stream& stream) const { return !separate_ || scope_of(stream) == scope_; }

  private:
    bool separate_;
    std::string_view caller_region_;
    Scope home_, scope_;
};

// Where else a name exists that a caller did not find: one sentence for the log, empty when nowhere.
std::string elsewhere(streams::Engine&, streams::World&, const Names&, std::string_view name);

}   // namespace sluice::kinesis
