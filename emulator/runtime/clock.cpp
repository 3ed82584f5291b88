// How time passes and timers fire. Which timer hangs on which time is in timers.h.
#include "emulator/runtime/clock.h"

#include <algorithm>
#include <cmath>

#include "emulator/runtime/turns.h"

namespace sluice {

std::chrono::nanoseconds steady_nanoseconds() { return std::chrono::steady_clock::now().time_since_epoch(); }

SteadyTime::SteadyTime()
    : start_(std::chrono::steady_clock::now()), anchor_(std::chrono::floor<milliseconds>(std::chrono::system_clock::now())) {}

Time SteadyTime::now() const { return anchor_ + std::chrono::floor<milliseconds>(std::chrono::steady_clock::now() - start_); }

std::chrono::nanoseconds SteadyTime::ticks() const { return std::chrono::steady_clock::now() - start_; }

Clock::Clock(const RealTime& real)
    : real_(real),
      serving_(std::make_shared<Serving::Count>(Serving::Count{.clock = this})),
      base_virtual_(real.now()),
      base_real_(real.now()) {}

Clock::~Clock() { serving_->clock = nullptr; }

Time Clock::running_now() const {
    if (frozen_) return base_virtual_;
    const auto passed = real_.now() - base_real_;
    if (rate_ == 1.0) return std::min(base_virtual_ + passed, std::max(base_virtual_, latest_time));
    // At the end of times the clock stands, whatever the rate.
    const auto left = std::max<double>(0, static_cast<double>((latest_time - base_virtual_).count()));
    return base_virtual_ + milliseconds{std::llround(std::min(left, std::floor(static_cast<double>(passed.count()) * rate_)))};
}

void Clock::tell(std::function<void()> Listener::* what) const {
    for (const auto& listener : listeners_)
        if (listener.*what) (listener.*what)();
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
    automatic_ = jumping_ = false;
    tell(&Listener::changed);
}

void Clock::resume() {
    rebase(now());
    frozen_ = automatic_ = jumping_ = false;
    tell(&Listener::changed);
}

void Clock::go_by_need() {
    rebase(now());
    frozen_ = automatic_ = true;
    jumping_ = false;
    wanted_.reset();
    tell(&Listener::changed);
}

void Clock::set_liveness(bool virtual_time) {
    const auto before = live();
    live_virtual_ = virtual_time;
    live_lead_ += before - live();
    tell(&Listener::changed);
}

void Clock::excuse(milliseconds held_up) {
    if (!live_virtual_) live_lead_ -= held_up;
}

std::expected<Clock::Move, std::string> Clock::begin_advance(milliseconds by, bool expire_clients) const {
    by = std::max(by, milliseconds{0});
    if (by > latest_time - now()) return std::unexpected{std::string{out_of_bounds}};
    Move move;
    move.left = by;
    move.expire_clients = expire_clients;
    move.life = life_;
    return move;
}

std::expected<Clock::Move, std::string> Clock::begin_set(Time to) const {
    if (!in_bounds(to)) return std::unexpected{std::string{out_of_bounds}};
    if (to < now())
        return std::unexpected{
            std::string{"the clock never goes backward; for an earlier time start over with "
                        "`sluice reset --clock TIME`, or advance instead"}};
    Move move;
    move.to = to;
    move.life = life_;
    return move;
}

bool Clock::go_on(Move& move, std::size_t most_timers) {
    if (move.life != life_) return true;
    tell(&Listener::moving);
    const auto from = now();
    const auto target = std::max(from, move.to ? *move.to : std::min(from + move.left, latest_time));
    const auto reached = move_to(target, most_timers);
    move.left -= reached - from;
    if (move.expire_clients && !live_virtual_) live_lead_ += reached - from;
    tell(&Listener::changed);
    if (move.expire_clients)
        run_due(most_timers);
    else if (!move.to)
        run_due_but_live(most_timers);
    return reached >= target;
}

std::expected<void, std::string> Clock::advance(milliseconds by, bool expire_clients) {
    auto move = begin_advance(by, expire_clients);
    if (!move) return std::unexpected{std::move(move.error())};
    go_on(*move, SIZE_MAX);
    return {};
}

std::expected<void, std::string> Clock::set(Time to) {
    auto move = begin_set(to);
    if (!move) return std::unexpected{std::move(move.error())};
    go_on(*move, SIZE_MAX);
    return {};
}

std::expected<void, std::string> Clock::begin_at(Time at) {
    if (!in_bounds(at)) return std::unexpected{std::string{out_of_bounds}};
    auto state = save();
    state.now_ms = to_ms(at);
    state.real_ms = to_ms(real_.now());
    restore(state);
    tell(&Listener::changed);
    return {};
}

std::expected<void, std::string> Clock::set_rate(double rate) {
    if (!(rate > 0) || rate > 1'000'000)
        return std::unexpected{std::string{"a rate is above 0 and at most 1000000; to stop the clock use `freeze`"}};
    rebase(now());
    rate_ = rate;
    tell(&Listener::changed);
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
    jumping_ = false;
    ++life_;
    const auto away = milliseconds{std::max<std::int64_t>(0, to_ms(real_.now()) - state.real_ms)};
    base_virtual_ = from_ms(state.now_ms);
    base_real_ = real_.now() - away;
    rebase(running_now());
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
    if (line_of_it.begin()->second == id) tell(&Listener::sooner);
    return id;
}

// On a line of virtual or live time and on that of real time: whichever comes first.
Clock::TimerId Clock::sooner(Line line, Time due, milliseconds span, Fire fire) {
    const Time real_due = real_.now() + span;
    const TimerId id = at(line, due, std::move(fire));
    real_line_.emplace(std::pair{real_due, id}, id);
    where_[id].real = real_due;
    if (real_line_.begin()->second == id) tell(&Listener::sooner);
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

Time Clock::move_to(Time target, std::size_t most_timers) {
    const auto outer = standing_;
    standing_ = now();
    auto reached = target;
    for (auto next = next_virtual(); next && next->due <= target; next = next_virtual()) {
        if (most_timers-- == 0) {
            reached = *standing_;
            break;
        }
        standing_ = std::max(*standing_, next->due);
        fire_next(target);
    }
    standing_ = outer;
    rebase(reached);
    return reached;
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

// So many timers at once; the driver goes on with the rest.
constexpr std::size_t fired_by_a_jump = 50;

void Clock::jump() {
    if (!automatic_ || !wanted_ || standing_) return;   // inside a timer: the next request's end looks again
    const auto target = *wanted_;
    const bool ahead = target > now();
    jumping_ = ahead && move_to(target, fired_by_a_jump) < target;
    if (!jumping_) wanted_.reset();
    if (ahead) tell(&Listener::changed);
}

void Clock::run_due_but_live(std::size_t most) {
    if (standing_) return;   // a timer's own doing: the loop that fires it goes on
    if (jumping_) jump();
    const Time target = running_now();
    for (auto left = most; left > 0 && fire_next(target);) --left;
    for (auto left = most; left > 0 && fire_first(real_line_, real_.now());) --left;
}

bool Clock::live_due() const { return !live_virtual_ && !live_.empty() && live_.begin()->first.first <= live(); }

void Clock::run_due(std::size_t most) {
    if (standing_) return;
    run_due_but_live(most);
    for (auto left = most; left > 0 && !live_virtual_ && fire_first(live_, live());) --left;
}

std::optional<milliseconds> Clock::until_next(bool with_live) const {
    std::optional<milliseconds> best;
    const auto take = [&](milliseconds span) { best = std::max(milliseconds{0}, best ? std::min(*best, span) : span); };
    if (jumping_) take(milliseconds{0});
    if (const auto next = next_virtual()) {
        const auto span = next->due - running_now();
        if (!frozen_ || span.count() <= 0)
            take(rate_ == 1.0 ? span : milliseconds{std::llround(std::ceil(static_cast<double>(span.count()) / rate_))});
    }
    if (with_live && !live_.empty() && !live_virtual_) take(live_.begin()->first.first - live());
    if (!real_line_.empty()) take(real_line_.begin()->first.first - real_.now());
    return best;
}

}   // namespace sluice
