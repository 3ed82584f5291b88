// What of a shard changes with each append, in a small fixed form of its own.
#include <bit>

#include "emulator/streams/state.h"

namespace sluice::streams {

namespace {

void append_little_endian(std::string& out, std::initializer_list<std::int64_t> values) {
    static_assert(std::endian::native == std::endian::little);
    out.append(reinterpret_cast<const char*>(values.begin()), 8 * values.size());
}

constexpr std::size_t before_usage = 8 * 14;

}   // namespace

// One small value per shard, little-endian int64s: six buckets (balance, filled), last append time, where the store was told
// that the log begins; then its usage (usage.h), whose stored bytes are those from that begin on; then, of a shard of a stream on
// demand to which something was written, what of it counts (limits/on_demand.h).
std::string running_value(const Shard& shard) {
    std::string out;
    out.reserve(before_usage + 1 + sizeof(Usage));
    for (const auto* bucket : shard.buckets()) {
        const auto saved = bucket->save();
        append_little_endian(out, {saved.thousandths, saved.filled_ms});
    }
    append_little_endian(out, {shard.last_appended_ms, shard.trimmed});
    append_usage(out, shard.usage);
    if (const auto& busy = shard.busy; busy != Busy{})
        append_little_endian(
            out, {busy.minute, static_cast<std::int64_t>(busy.bytes), static_cast<std::int64_t>(busy.records),
                  static_cast<std::int64_t>(busy.most_bytes), static_cast<std::int64_t>(busy.most_records), busy.asked});
    return out;
}

bool read_running_value(std::string_view bytes, Shard& shard) {
    if (bytes.size() < before_usage) return false;
    const auto number = [&] {
        std::uint64_t value = 0;
        for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        bytes.remove_prefix(8);
        return static_cast<std::int64_t>(value);
    };
    constexpr std::int64_t most_thousandths = std::int64_t{1} << 60;
    const auto moment = [](std::int64_t ms) { return ms >= 0 && ms < latest_ms; };
    for (auto* bucket : shard.buckets()) {
        const auto thousandths = number(), filled = number();
        if (!moment(filled) || thousandths > most_thousandths || thousandths < -most_thousandths) return false;
        if (!bucket->unlimited()) bucket->restore({thousandths, filled});
    }
    shard.last_appended_ms = number();
    shard.trimmed = number();
    const auto usage = take_usage(bytes);
    if (!usage) return false;
    shard.usage = *usage;
    shard.busy = {};
    if (!bytes.empty()) {
        if (bytes.size() < 8 * 6) return false;
        const auto count = [&](std::uint64_t& to) {
            const auto value = number();
            to = static_cast<std::uint64_t>(value);
            return value >= 0;
        };
        auto& busy = shard.busy;
        busy.minute = number();
        const bool counted = count(busy.bytes) && count(busy.records) && count(busy.most_bytes) && count(busy.most_records);
        busy.asked = number();
        constexpr auto last = latest_ms / busy_minute_ms;
        if (!counted || busy.minute < 0 || busy.minute > last || busy.asked < -1 || busy.asked > last) return false;
    }
    return moment(shard.last_appended_ms) && shard.trimmed >= 0;
}

}   // namespace sluice::streams
