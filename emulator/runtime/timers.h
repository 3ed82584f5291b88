// Every timer of the program, by name, and which time it hangs on (rule 5). Whoever sets a timer names its kind and cannot choose
// the time, so a timer that a client counts in real time cannot end up on a clock that is moved by hand.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class Line : std::uint8_t {
    data,   // virtual time: what the data means
    live,   // real time, moved along by every jump: what somebody outside counts
};

// Due at a moment of its line.
template <Line line_of_it>
struct DueKind {
    static constexpr Line line = line_of_it;
    std::string_view name;
};
// A wait in which a client is blocked: ends at the earlier of a span of its line and the same span of real time (rule 6).
template <Line line_of_it>
struct WaitKind {
    static constexpr Line line = line_of_it;
    std::string_view name;
};

namespace timers {

// ---- data ----
inline constexpr DueKind<Line::data> retention{"retention: what a shard's store is told to forget"};
inline constexpr DueKind<Line::data> compaction{"compaction: a shard's next run"};
inline constexpr DueKind<Line::data> on_demand{"on-demand scaling: every 15 minutes, while something is written"};
inline constexpr DueKind<Line::data> offset_expiry{"offsets.retention.minutes: committed offsets that nobody uses"};
inline constexpr DueKind<Line::data> channel_object{"a channel's object that is as old as it may become"};
// ---- liveness ----
inline constexpr DueKind<Line::live> member_session{"the session of a group's member"};
inline constexpr DueKind<Line::live> transaction{"a transaction that is open for as long as it may, or an id that nobody uses"};
inline constexpr DueKind<Line::live> producer_silence{"an idempotent producer that writes no more"};
inline constexpr DueKind<Line::live> unfinished_request{"a request that was begun and does not go on"};
inline constexpr DueKind<Line::live> idle_connection{"a connection over which nothing moves"};
inline constexpr DueKind<Line::live> half_closed{"a client that ended its side and may wait for an answer"};
inline constexpr DueKind<Line::live> drain{"a refused connection whose peer still writes"};
inline constexpr DueKind<Line::live> address_hint{"a client that was told an address and never came there"};
inline constexpr DueKind<Line::live> expired_kept{"what expired while the server was down is kept a while"};
inline constexpr DueKind<Line::live> subscription{"a subscription to a shard that has to say something, or ends"};
inline constexpr DueKind<Line::live> visibility{"a record that a queue's reader took and did not settle"};
inline constexpr DueKind<Line::live> channel_retry{"a channel whose folder could not be written to"};
inline constexpr WaitKind<Line::live> rebalance{"a rebalance that waits for its members"};
// ---- data, for who is blocked ----
inline constexpr WaitKind<Line::data> long_poll{"a read that waits for records"};
inline constexpr WaitKind<Line::data> mute{"a connection that is muted for its debt"};
inline constexpr WaitKind<Line::data> pace{"a subscription that took what it may take in a second"};
inline constexpr WaitKind<Line::data> state_delay{"CREATING, UPDATING and DELETING"};
inline constexpr WaitKind<Line::data> http_watch{"a watch by HTTP"};
inline constexpr WaitKind<Line::data> lazy_counters{"counters of reads on their way to the store"};

struct Row {
    std::string_view name;
    Line line;
    bool blocks;   // a client waits for it
};
template <Line line>
constexpr Row row(const DueKind<line>& kind) {
    return {kind.name, line, false};
}
template <Line line>
constexpr Row row(const WaitKind<line>& kind) {
    return {kind.name, line, true};
}
inline constexpr std::array all{
    row(retention),      row(compaction),    row(on_demand),        row(offset_expiry),      row(channel_object),
    row(member_session), row(transaction),   row(producer_silence), row(unfinished_request), row(idle_connection),
    row(half_closed),    row(drain),         row(address_hint),     row(expired_kept),       row(subscription),
    row(visibility),     row(channel_retry), row(rebalance),        row(long_poll),          row(mute),
    row(pace),           row(state_delay),   row(http_watch),       row(lazy_counters)};

}   // namespace timers

}   // namespace sluice
