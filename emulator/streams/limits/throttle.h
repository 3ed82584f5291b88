// Token buckets whose tokens come with virtual time only (rule 10). All arithmetic is in thousandths of a token and whole
// milliseconds, so no fraction is lost however small the steps: rate tokens/s = rate thousandths/ms.
#pragma once

#include <algorithm>
#include <cstdint>

#include "emulator/runtime/clock.h"

namespace sluice::streams {

// rate 0 means unlimited.
class Bucket {
  public:
    Bucket() = default;
    Bucket(std::int64_t rate, std::int64_t capacity, Time now)
        : rate_(rate), capacity_(capacity), thousandths_(capacity * 1000), filled_(now) {}

    bool unlimited() const { return rate_ == 0; }
    // No limit and nothing counted, as at first; what is reserved stays.
    void clear() { rate_ = capacity_ = thousandths_ = 0, filled_ = {}; }
    std::int64_t rate() const { return rate_; }
    std::int64_t capacity() const { return capacity_; }
    // Keeps what was saved, up to the new capacity.
    void change(std::int64_t rate, std::int64_t capacity, Time now);
    void refill(Time now);
    // Thousandths of a token; may be below zero.
    std::int64_t balance_thousandths(Time now);
    bool covers(std::int64_t cost, Time now) { return unlimited() || balance_thousandths(now) >= cost * 1000; }
    bool positive(Time now) { return unlimited() || balance_thousandths(now) > reserved_ * 1000; }
    void take(std::int64_t cost, Time now) {
        if (!unlimited()) {
            refill(now);
            thousandths_ -= cost * 1000;
        }
    }
    // A read answer: one larger than the capacity forfeits what was saved and leaves minus its bytes, beside what others owe.
    void take_read(std::int64_t bytes, Time now);
    // So much may be taken by one who was let in and does not know yet: nobody else is let in before what is reserved was given
    // back, whatever others take meanwhile.
    void reserve(std::int64_t cost) { reserved_ += cost; }   // less than nothing: it is given back
    // Time until the balance is at or above zero again: ceil(debt / rate).
    milliseconds debt(Time now);

    struct State {
        std::int64_t thousandths{}, filled_ms{};
    };
    State save() const { return {thousandths_, to_ms(filled_)}; }
    void restore(State s) {
        thousandths_ = std::min(s.thousandths, capacity_ * 1000);   // it may hold less than before
        filled_ = from_ms(s.filled_ms);
    }

  private:
    std::int64_t rate_ = 0, capacity_ = 0, thousandths_ = 0;
    std::int64_t reserved_ = 0;   // while somebody reads; not saved
    Time filled_{};
};

}   // namespace sluice::streams
