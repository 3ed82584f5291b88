// What hangs on which time (rule 5), all of it:
//   virtual   retention and what the store is told of it · the full hour: usage, producers that wrote nothing for a day · tokens
//   of limits
//             and the life of iterators and page tokens, by now() alone
//   live      sessions of group members · rebalances · fetch sessions · the hint to a client that was told an address and never
//   came earlier of virtual and real (rule 6)   long polls · muted connections · CREATING, UPDATING, DELETING · watches by HTTP ·
//   counters
//             that are written lazily
#include "emulator/runtime/clock.h"

#include <algorithm>
#include <cmath>

#include "emulator/runtime/turns.h"

namespace sluice {

std::chrono::nanoseconds steady_nanoseconds() { return std::chrono::steady_clock::now().time_since_epoch(); }

SteadyTime::SteadyTime()
    : start_(std::chrono::steady_clock::now()), anchor_(std::chrono::floor<milliseconds>(std::chrono::system_clock::now())) {}

Time SteadyTime::now() const { return anchor_ + std::chrono::floor<milliseconds>(std::chrono::steady_clock::now() - start_); }

Clock::Clock(const RealTime& real)
    : real_(real),
      serving_(std::make_shared<Serving::Count>(Serving::Count{.clock = this})),
      base_virtual_(real.now()),
      base_real_(real.now()) {}

Clock::~Clock() { serving_->clock = nullptr; }

Time Clock::running_now() const {
    if (frozen_) return base_virtual_;
    const auto passed = real_.now() - base_real_;
    if (rate_ == 1.0) return base_virtual_ + passed;
    return base_virtual_ + milliseconds{std::llround(std::floor(static_cast<double>(passed.count()) * rate_))};
}

Time Clock::now() const { return standing_ ? *standing_ : running_now(); }

bool Clock::displaced() const {
    const auto apart = now() - real_.now();
    return apart > milliseconds{1000} || apart < milliseconds{-1000};
}

void Clock::rebase(Time virtual_now) {
    base_virtual_ = virtual_now;
    base_real_ = real_.now();
}

void Clock::freeze() {
    rebase(now());
    frozen_ = true;
    automatic_ = false;
    if (on_change) on_change();
}

void Clock::resume() {
    rebase(now());
    frozen_ = automatic_ = false;
    if (on_change) on_change();
}

void Clock::go_by_need() {
    rebase(now());
    frozen_ = automatic_ = true;
    wanted_.reset();
    if (on_change) on_change();
}

void Clock::set_liveness(bool virtual_time) {
    const auto before = live();
    live_virtual_ = virtual_time;
    live_lead_ += before - live();
    if (on_change) on_change();
}

void Clock::advance(milliseconds by, bool expire_clients) {
    const Time target = now() + std::max(by, milliseconds{0});
    move_to(target);
    if (expire_clients && !live_virtual_) live_lead_ += std::max(by, milliseconds{0});
    if (on_change) on_change();
    run_due();
}

std::expected<void, std::string> Clock::set(Time to) {
    if (to < now())
        return std::unexpected{
            std::string{"the clock never goes backward; for an earlier time start over with "
                        "`sluice reset --clock TIME`, or advance instead"}};
    move_to(to);
    if (on_change) on_change();
    return {};
}

std::expected<void, std::string> Clock::set_rate(double rate) {
    if (!(rate > 0) || rate > 1'000'000)
        return std::unexpected{std::string{"a rate is above 0 and at most 1000000; to stop the clock use `freeze`"}};
    rebase(now());
    rate_ = rate;
    if (on_change) on_change();
    return {};
}

Clock::State Clock::save() const {
    // A timer that is served late stands at its own due time, which is not how far the clock has come.
    const Time virtual_now = std::max(now(), running_now()), real_now = real_.now();
    return {frozen_, rate_, (virtual_now - real_now).count(), to_ms(virtual_now), to_ms(real_now), live_virtual_, automatic_};
}

void Clock::restore(const State& state) {
    const auto live_before = live();
    frozen_ = state.frozen;
    automatic_ = state.automatic;
    live_virtual_ = state.live_virtual;
    rate_ = state.rate;
    wanted_.reset();
    const auto away = std::max<std::int64_t>(0, to_ms(real_.now()) - state.real_ms);
    rebase(from_ms(state.now_ms));
    if (!frozen_) base_virtual_ += milliseconds{std::llround(std::floor(static_cast<double>(away) * rate_))};
    live_lead_ += live_before - live();
}

Clock::TimerId Clock::at(Line line, Time due, Fire fire) {
    const TimerId id = next_id_++;
    fires_.emplace(id, std::move(fire));
    if (line == Line::data) {
        data_.emplace(std::pair{due, id}, id);
        where_[id].data = due;
    } else {
        live_.emplace(std::pair{due, id}, id);
        where_[id].live = due;
    }
    const auto& line_of_it = line == Line::data ? data_ : live_;
    if (on_first && line_of_it.begin()->second == id) on_first();
    return id;
}

Clock::TimerId Clock::within(milliseconds span, Fire fire) { return sooner(Line::data, now() + span, span, std::move(fire)); }

Clock::TimerId Clock::within_live(milliseconds span, Fire fire) {
    return sooner(Line::live, live() + span, span, std::move(fire));
}

// On a line of virtual or live time and on that of real time: whichever comes first.
Clock::TimerId Clock::sooner(Line line, Time due, milliseconds span, Fire fire) {
    const Time real_due = real_.now() + span;
    const TimerId id = at(line, due, std::move(fire));
    real_line_.emplace(std::pair{real_due, id}, id);
    where_[id].real = real_due;
    if (on_first && real_line_.begin()->second == id) on_first();
    return id;
}

void Clock::cancel(TimerId id) {
    const auto found = where_.find(id);
    if (found == where_.end()) return;
    if (found->second.data) data_.erase({*found->second.data, id});
    if (found->second.live) live_.erase({*found->second.live, id});
    if (found->second.real) real_line_.erase({*found->second.real, id});
    where_.erase(found);
    fires_.erase(id);
}

bool Clock::fire_first(Queue& line, Time upto) {
    if (line.empty() || line.begin()->first.first > upto) return false;
    const auto id = line.begin()->second;
    auto fire = std::move(fires_.at(id));
    cancel(id);
    fire();
    return true;
}

std::optional<Clock::Next> Clock::next_virtual() const {
    std::optional<Next> next;
    if (!data_.empty()) next = Next{Line::data, data_.begin()->first.first};
    if (live_virtual_ && !live_.empty())
        if (const auto due = live_.begin()->first.first - live_lead_; !next || due < next->due) next = Next{Line::live, due};
    return next;
}

// Timers on virtual time see their own due time; one that was due in the past (added late) sees now.
bool Clock::fire_next(Time upto) {
    const auto next = next_virtual();
    if (!next || next->due > upto) return false;
    auto& line = next->line == Line::data ? data_ : live_;
    const auto before = standing_;
    standing_ = std::max(next->due, before.value_or(next->due));
    fire_first(line, line.begin()->first.first);
    standing_ = before;
    return true;
}

void Clock::move_to(Time target) {
    const auto outer = standing_;
    standing_ = now();
    for (auto next = next_virtual(); next && next->due <= target; next = next_virtual()) {
        standing_ = std::max(*standing_, next->due);
        fire_next(target);
    }
    standing_ = outer;
    rebase(target);
}

// ---- the clock that goes by need ----

void Clock::want(Time at) {
    if (automatic_) wanted_ = std::max(at, wanted_.value_or(at));
}

Clock::Serving Clock::serve() {
    Serving serving;
    serving.count_ = serving_;
    ++serving_->requests;
    return serving;
}

void Clock::Serving::end() {
    const auto count = std::exchange(count_, nullptr);
    if (count && --count->requests == 0 && count->clock) count->clock->jump();
}

void Clock::jump() {
    if (!automatic_ || !wanted_ || standing_) return;   // inside a timer: the next request's end looks again
    const auto target = *std::exchange(wanted_, std::nullopt);
    if (target <= now()) return;
    move_to(target);
    if (on_change) on_change();
}

void Clock::run_due(std::size_t most) {
    if (standing_) return;   // a timer's own doing: the loop that fires it goes on
    const Time target = running_now();
    for (auto left = most; left > 0 && fire_next(target);) --left;
    for (auto left = most; left > 0 && !live_virtual_ && fire_first(live_, live());) --left;
    for (auto left = most; left > 0 && fire_first(real_line_, real_.now());) --left;
}

std::optional<milliseconds> Clock::until_next() const {
    std::optional<milliseconds> best;
    const auto take = [&](milliseconds span) { best = std::max(milliseconds{0}, best ? std::min(*best, span) : span); };
    if (const auto next = next_virtual()) {
        const auto span = next->due - running_now();
        if (!frozen_ || span.count() <= 0)
            take(rate_ == 1.0 ? span : milliseconds{std::llround(std::ceil(static_cast<double>(span.count()) / rate_))});
    }
    if (!live_.empty() && !live_virtual_) take(live_.begin()->first.first - live());
    if (!real_line_.empty()) take(real_line_.begin()->first.first - real_.now());
    return best;
}

}   // namespace sluice
