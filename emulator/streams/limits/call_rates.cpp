#include "emulator/streams/limits/call_rates.h"

#include <algorithm>

namespace sluice::streams {

std::optional<milliseconds> CallRates::admit(std::string_view who, std::int64_t per_second, Time now) {
    auto& bucket = buckets_.try_emplace(std::string{who}, per_second, per_second, now).first->second;
    if (!bucket.covers(1, now)) {
        const auto missing = 1000 - bucket.balance_thousandths(now);
        return milliseconds{(missing + per_second - 1) / per_second};
    }
    bucket.take(1, now);
    if (buckets_.size() >= swept_at_) sweep(now);
    return {};
}

// What is left was called in the last second. The next sweep comes when there is twice as much, so each call pays for one bucket.
void CallRates::sweep(Time now) {
    std::erase_if(buckets_, [now](const auto& one) {
        auto bucket = one.second;
        return bucket.balance_thousandths(now) >= bucket.capacity() * 1000;
    });
    swept_at_ = std::max<std::size_t>(256, 2 * buckets_.size());
}

}   // namespace sluice::streams
