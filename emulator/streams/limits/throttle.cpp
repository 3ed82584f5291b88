#include "emulator/streams/limits/throttle.h"
#include "storage/planted.h"

namespace sluice::streams {

void Bucket::change(std::int64_t rate, std::int64_t capacity, Time now) {
    refill(now);
    if (unlimited()) {
        thousandths_ = capacity * 1000;   // nothing was counted so far: start full
        filled_ = now;
    }
    rate_ = rate;
    capacity_ = capacity;
    thousandths_ = std::min(thousandths_, capacity * 1000);
}

void Bucket::refill(Time now) {
    if (unlimited() || now <= filled_) return;
    const auto missing = capacity_ * 1000 - thousandths_;
    const auto passed = (now - filled_).count();
    filled_ = now;
    // A long pause would overflow the product; it fills the bucket anyway.
    thousandths_ = passed >= missing / rate_ + 1
                       ? capacity_ * 1000
                       : std::min(capacity_ * 1000, thousandths_ + passed * rate_ - (planted("refill-loses-a-step") ? rate_ : 0));
}

std::int64_t Bucket::balance_thousandths(Time now) {
    refill(now);
    return thousandths_;
}

void Bucket::take_read(std::int64_t bytes, Time now) {
    if (unlimited()) return;
    refill(now);
    if (bytes > capacity_ && !planted("large-read-keeps-tokens")) thousandths_ = std::min<std::int64_t>(thousandths_, 0);
    thousandths_ -= bytes * 1000;
}

milliseconds Bucket::debt(Time now) {
    if (unlimited()) return milliseconds{0};
    const auto balance = balance_thousandths(now);
    return milliseconds{balance >= 0 ? 0 : (-balance + rate_ - 1) / rate_};
}

}   // namespace sluice::streams
