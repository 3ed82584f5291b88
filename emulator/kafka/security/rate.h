// How much somebody did lately, by Kafka's own formula (its metrics' Rate): samples of a span each, and a rate over a window that
// is never shorter than all full samples but one. So a burst of ten times the limit passes where there was silence before. A
// plain machine; times are milliseconds of the virtual clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

namespace sluice::kafka {

struct RateWindow {
    std::int64_t samples = 11, span_ms = 1000;
};

class Rate {
  public:
    explicit Rate(RateWindow window) : window_(window) {}

    void record(double amount, std::int64_t now_ms) {
        forget(now_ms);
        if (samples_.empty() || now_ms - samples_.back().from_ms >= window_.span_ms) samples_.push_back({now_ms, now_ms, 0});
        samples_.back().last_ms = now_ms;
        samples_.back().amount += amount;
        total_ += amount;
    }
    // How long the window is that counts now.
    std::int64_t window_ms(std::int64_t now_ms) {
        forget(now_ms);
        auto elapsed = samples_.empty() ? 0 : now_ms - samples_.front().from_ms;
        const auto full = elapsed / window_.span_ms, least = window_.samples - 1;
        if (full < least) elapsed += (least - full) * window_.span_ms;
        return std::max<std::int64_t>(elapsed, 1);
    }
    double per_second(std::int64_t now_ms) {
        forget(now_ms);
        return total_ / (static_cast<double>(window_ms(now_ms)) / 1000);
    }
    // How long nobody may do anything until the rate is `limit` again; 0: it is not above.
    std::int64_t throttle_ms(double limit, std::int64_t now_ms) {
        const auto rate = per_second(now_ms);
        if (rate <= limit) return 0;
        const auto ms = (rate - limit) / limit * static_cast<double>(window_ms(now_ms));
        return static_cast<std::int64_t>(std::min(ms, 1e15) + 0.5);
    }
    bool silent(std::int64_t now_ms) {
        forget(now_ms);
        return samples_.empty();
    }

  private:
    struct Sample {
        std::int64_t from_ms, last_ms;
        double amount;
    };
    void forget(std::int64_t now_ms) {
        while (!samples_.empty() && now_ms - samples_.front().last_ms >= window_.samples * window_.span_ms) {
            total_ -= samples_.front().amount;
            samples_.pop_front();
        }
        if (samples_.empty()) total_ = 0;   // what rounding left
    }
    RateWindow window_;
    std::deque<Sample> samples_;
    double total_ = 0;
};

// Tokens that come at a rate and are kept up to as many as all samples' spans bring: what changes of topics are counted in
// (KIP-599). Below zero it is owed.
class MutationBucket {
  public:
    explicit MutationBucket(RateWindow window) : window_(window) {}
    double tokens(double rate, std::int64_t now_ms) {
        const auto most = rate * static_cast<double>(window_.samples * window_.span_ms) / 1000;
        if (!begun_) tokens_ = most;
        tokens_ = std::min(most, tokens_ + rate * static_cast<double>(now_ms - at_ms_) / 1000);
        at_ms_ = now_ms;
        begun_ = true;
        return tokens_;
    }
    void take(double amount) { tokens_ -= amount; }

  private:
    RateWindow window_;
    bool begun_ = false;
    std::int64_t at_ms_ = 0;
    double tokens_ = 0;
};

}   // namespace sluice::kafka
