// What a stream used, hour by hour (rule 24): a bill cannot be computed later from what was not counted. Equal hours in a row are
// one span, so an idle year costs what an idle hour costs. Pure: whoever holds a meter says what time it is and stores the spans.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::streams {

inline constexpr std::int64_t hour_ms = 3'600'000;

struct Usage {
    std::uint64_t records_in{}, bytes_in{}, payload_units_25k{}, bytes_in_rounded_1k{};
    std::uint64_t bytes_out_kinesis{}, bytes_out_kafka{}, records_out_kinesis{}, records_out_kafka{};
    std::uint64_t write_refusals{}, read_refusals{};
    std::uint64_t open_shard_ms{};
    std::uint64_t stored_bytes{};   // payload in the store when the hour ended
    // Read by registered consumers, by queues and by channels, none of which is in the figures above; and calls about the last
    // two.
    std::uint64_t bytes_out_consumers{}, records_out_consumers{}, bytes_out_queues{}, records_out_queues{};
    std::uint64_t bytes_out_channels{}, records_out_channels{}, queue_calls{}, channel_calls{};
    friend bool operator==(const Usage&, const Usage&) = default;

    // In the order in which they are stored: a new one goes to the end. A value of an older build lacks it, and so does one whose
    // last figures are all zero.
    static constexpr void fields(auto& of, auto&& see) {
        see(of.records_in), see(of.bytes_in), see(of.payload_units_25k), see(of.bytes_in_rounded_1k);
        see(of.bytes_out_kinesis), see(of.bytes_out_kafka), see(of.records_out_kinesis), see(of.records_out_kafka);
        see(of.write_refusals), see(of.read_refusals), see(of.open_shard_ms), see(of.stored_bytes);
        see(of.bytes_out_consumers), see(of.records_out_consumers), see(of.bytes_out_queues), see(of.records_out_queues);
        see(of.bytes_out_channels), see(of.records_out_channels), see(of.queue_calls), see(of.channel_calls);
    }
    // Sums wrap, so that taking away what was added gives back what was there.
    Usage& operator+=(const Usage& other);
    Usage& operator-=(const Usage& other);
};

struct UsageSpan {
    std::int64_t first{}, hours{};   // hours since 1970, virtual
    Usage each;                      // of every one of them
    std::int64_t end() const { return first + hours; }
    friend bool operator==(const UsageSpan&, const UsageSpan&) = default;
};
// Puts a span behind the others; a neighbour that it equals grows instead.
void join(std::vector<UsageSpan>&, const UsageSpan&);

// Where a stream's hours are cut. `total` is always what all its shards have counted since they were made, with the bytes that
// they store now; the meter keeps what it was when the running hour began.
struct Meter {
    std::int64_t hour{};         // the running one
    std::int64_t counted_ms{};   // open shards are counted up to here
    std::uint64_t open_ms{};     // of the running hour, up to there
    std::int64_t open_shards{};
    Usage base;
    std::optional<UsageSpan> last;   // the newest finished one, which may still grow

    static Meter since(std::int64_t ms, std::int64_t open_shards);
    // Ends the hours before that moment. Yields the spans that cannot grow any more.
    std::vector<UsageSpan> roll(const Usage& total, std::int64_t now_ms);
    // From that moment on; the hours before it have been ended.
    void set_open(std::int64_t now_ms, std::int64_t shards);
    // The running hour up to that moment.
    UsageSpan running(const Usage& total, std::int64_t now_ms) const;

  private:
    void finish(std::vector<UsageSpan>& over, const UsageSpan&);
};

// Stored forms: a version, then numbers; what a later build added at the end is skipped. Nothing: no engine writes such a one.
void append_usage(std::string& out, const Usage&);
std::optional<Usage> take_usage(std::string_view& from);
std::string encode(const UsageSpan&);   // without `first`, which is in its key
std::optional<UsageSpan> decode_span(std::string_view);
std::string encode(const Meter&);
std::optional<Meter> decode_meter(std::string_view);

}   // namespace sluice::streams
