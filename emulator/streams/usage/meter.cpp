// The arithmetic of usage.h and its stored forms.
#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "emulator/streams/usage/usage.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr char format = 1;
constexpr std::int64_t latest_hour = std::int64_t{1} << 40;   // keeps sums of hours far from overflow

void append_number(std::string& out, std::int64_t value) {
    static_assert(std::endian::native == std::endian::little);
    char bytes[8];
    std::memcpy(bytes, &value, sizeof bytes);
    out.append(bytes, sizeof bytes);
}

std::optional<std::int64_t> take_number(std::string_view& from) {
    if (from.size() < 8) return {};
    std::uint64_t value = 0;
    for (std::size_t i = 8; i-- > 0;) value = value << 8 | static_cast<unsigned char>(from[i]);
    from.remove_prefix(8);
    return static_cast<std::int64_t>(value);
}

bool take_format(std::string_view& from) {
    if (from.empty() || from.front() != format) return false;
    from.remove_prefix(1);
    return true;
}

}   // namespace

Usage& Usage::operator+=(const Usage& other) {
    std::uint64_t added[32];
    auto* next = added;
    fields(other, [&](const auto& value) { *next++ = value; });
    next = added;
    fields(*this, [&](auto& value) { value += *next++; });
    return *this;
}

Usage& Usage::operator-=(const Usage& other) {
    Usage negative = other;
    fields(negative, [](auto& value) { value = -value; });
    return *this += negative;
}

void join(std::vector<UsageSpan>& spans, const UsageSpan& one) {
    if (!spans.empty() && spans.back().end() == one.first && spans.back().each == one.each)
        spans.back().hours += one.hours;
    else
        spans.push_back(one);
}

Meter Meter::since(std::int64_t ms, std::int64_t open_shards) {
    return {.hour = ms / hour_ms, .counted_ms = ms, .open_ms = 0, .open_shards = open_shards, .base = {}, .last = {}};
}

void Meter::finish(std::vector<UsageSpan>& over, const UsageSpan& one) {
    if (last && last->end() == one.first && last->each == one.each) {
        last->hours += one.hours;
        return;
    }
    if (last) over.push_back(*last);
    last = one;
}

UsageSpan Meter::running(const Usage& total, std::int64_t now_ms) const {
    UsageSpan one{hour, 1, total};
    one.each -= base;
    // What failed to be stored after its hour had ended is taken from the next one, and no hour has less than nothing.
    Usage::fields(one.each, [](auto& value) { value = static_cast<std::int64_t>(value) < 0 ? 0 : value; });
    one.each.open_shard_ms = open_ms + static_cast<std::uint64_t>(open_shards * std::max<std::int64_t>(0, now_ms - counted_ms));
    one.each.stored_bytes = total.stored_bytes;
    return one;
}

std::vector<UsageSpan> Meter::roll(const Usage& total, std::int64_t now_ms) {
    std::vector<UsageSpan> over;
    const auto current = now_ms / hour_ms;
    if (current <= hour) return over;
    const auto ended = running(total, (hour + 1) * hour_ms);
    finish(over, ended);
    Usage idle;
    idle.open_shard_ms = static_cast<std::uint64_t>(open_shards * hour_ms);
    idle.stored_bytes = total.stored_bytes;
    if (current > hour + 1) finish(over, {hour + 1, current - hour - 1, idle});
    if (!planted("hour-counted-again")) base += ended.each;
    base.open_shard_ms = base.stored_bytes = 0;   // these two are not counted up
    hour = current;
    counted_ms = current * hour_ms;
    open_ms = 0;
    return over;
}

void Meter::set_open(std::int64_t now_ms, std::int64_t shards) {
    open_ms += static_cast<std::uint64_t>(open_shards * std::max<std::int64_t>(0, now_ms - counted_ms));
    counted_ms = std::max(counted_ms, now_ms);
    open_shards = shards;
}

// ---- stored forms ----

void append_usage(std::string& out, const Usage& usage) {
    int seen = 0, count = 0;
    Usage::fields(usage, [&](const auto& value) {
        ++seen;
        if (value != 0) count = seen;
    });
    out += static_cast<char>(count);
    Usage::fields(usage, [&](const auto& value) {
        if (count-- > 0) append_number(out, static_cast<std::int64_t>(value));
    });
}

std::optional<Usage> take_usage(std::string_view& from) {
    if (from.empty()) return {};
    const auto count = static_cast<std::size_t>(from.front());
    from.remove_prefix(1);
    if (from.size() / 8 < count) return {};
    auto mine = from.substr(0, count * 8);
    from.remove_prefix(mine.size());
    Usage usage;
    Usage::fields(usage, [&](auto& value) { value = static_cast<std::uint64_t>(take_number(mine).value_or(0)); });
    return usage;
}

std::string encode(const UsageSpan& span) {
    std::string out{format};
    append_number(out, span.hours);
    append_usage(out, span.each);
    return out;
}

std::optional<UsageSpan> decode_span(std::string_view bytes) {
    if (!take_format(bytes)) return {};
    const auto hours = take_number(bytes);
    const auto each = take_usage(bytes);
    if (!hours || !each || *hours < 1 || *hours > latest_hour) return {};
    return UsageSpan{0, *hours, *each};
}

std::string encode(const Meter& meter) {
    std::string out{format};
    for (const auto number : {meter.hour, meter.counted_ms, static_cast<std::int64_t>(meter.open_ms), meter.open_shards})
        append_number(out, number);
    append_usage(out, meter.base);
    append_number(out, meter.last ? meter.last->first : 0);
    append_number(out, meter.last ? meter.last->hours : 0);
    append_usage(out, meter.last ? meter.last->each : Usage{});
    return out;
}

std::optional<Meter> decode_meter(std::string_view bytes) {
    if (!take_format(bytes)) return {};
    const auto hour = take_number(bytes), counted = take_number(bytes), open_ms = take_number(bytes), open = take_number(bytes);
    const auto base = take_usage(bytes);
    const auto first = take_number(bytes), hours = take_number(bytes);
    const auto each = take_usage(bytes);
    if (!each || !hours || !base || *hour < 0 || *hour > latest_hour || *counted < *hour * hour_ms ||
        *counted > (*hour + 1) * hour_ms || *open < 0 || *open > latest_hour || *first < 0 || *hours < 0 ||
        *first + *hours > latest_hour)
        return {};
    Meter meter{.hour = *hour,
                .counted_ms = *counted,
                .open_ms = static_cast<std::uint64_t>(*open_ms),
                .open_shards = *open,
                .base = *base,
                .last = {}};
    if (*hours > 0) meter.last = UsageSpan{*first, *hours, *each};
    return meter;
}

}   // namespace sluice::streams
