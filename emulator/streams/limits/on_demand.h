// Rule 13: how a stream on demand grows. Its time is cut into stretches of 15 minutes that begin with its creation, and each ends
// at a mark. At a mark every shard is split at its middle to which in one minute of the stretch more was written than 500 KB or
// 500 records a second. What was written is counted with each append and stored with it, so a restart forgets nothing of it;
// which stretch a count belongs to is a part of it, so nobody has to set it back. Source: AWS, "Choose the right mode to stream
// in": a shard above 500 KB/s is split within 15 minutes. Why marks and not moving windows: docs/decisions/020.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sluice::streams {

inline constexpr std::int64_t busy_minute_ms = 60'000, minutes_to_a_mark = 15;
inline constexpr std::uint64_t busy_bytes_a_minute = 60 * 500'000, busy_records_a_minute = 60 * 500;

// What was written to a shard in the newest stretch in which something was.
struct Busy {
    std::int64_t minute = -1;                     // of the stream; -1: nothing was ever counted
    std::uint64_t bytes{}, records{};             // in that minute
    std::uint64_t most_bytes{}, most_records{};   // in a minute before it, of the same stretch
    std::int64_t asked = -1;                      // the last stretch before it that ended with a split to be made

    static std::int64_t stretch_of(std::int64_t minute) { return minute < 0 ? -1 : minute / minutes_to_a_mark; }
    std::int64_t stretch() const { return stretch_of(minute); }
    void add(std::int64_t at_minute, std::uint64_t more_bytes, std::uint64_t more_records) {
        if (stretch_of(at_minute) != stretch()) {
            const auto last = over() ? stretch() : asked;   // its mark may be due and not come yet
            *this = {.minute = at_minute, .asked = last};
        } else if (at_minute != minute) {
            most_bytes = std::max(most_bytes, bytes), most_records = std::max(most_records, records);
            minute = at_minute, bytes = records = 0;
        }
        bytes += more_bytes, records += more_records;
    }
    bool wants_split(std::int64_t at) const { return asked == at || (stretch() == at && over()); }
    friend bool operator==(const Busy&, const Busy&) = default;

  private:
    bool over() const {
        return std::max(most_bytes, bytes) > busy_bytes_a_minute || std::max(most_records, records) > busy_records_a_minute;
    }
};

}   // namespace sluice::streams
