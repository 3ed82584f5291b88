// Calls that are let in so many times a second, whoever makes them: a bucket for each text that a door knows a caller by. A
// bucket that is full says what one says that is not there, so those are taken out before there are many.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "emulator/streams/limits/throttle.h"

namespace sluice::streams {

class CallRates {
  public:
    // Nothing: it is let in. Else when it would be.
    std::optional<milliseconds> admit(std::string_view who, std::int64_t per_second, Time now);
    void clear() { buckets_.clear(); }
    std::size_t size() const { return buckets_.size(); }

  private:
    void sweep(Time now);
    std::unordered_map<std::string, Bucket> buckets_;
    std::size_t swept_at_ = 256;   // buckets
};

}   // namespace sluice::streams
