// A world's time, as a part you can hold. `now` is virtual time: retention, limits, iterators. `live` is the time by which
// people outside count heartbeats and sessions. Timers hang on either. Nothing else in the program reads a clock.
// Rules: never backward; a frozen clock hangs nobody; advancing in one step equals advancing in many, because every data
// timer fires at its own due time with `now` standing there.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "emulator/runtime/timers.h"

namespace sluice {

using std::chrono::milliseconds;
using Time = std::chrono::sys_time<milliseconds>;

constexpr std::int64_t to_ms(Time t) { return t.time_since_epoch().count(); }
constexpr Time from_ms(std::int64_t ms) { return Time{milliseconds{ms}}; }

// Rule 32: the moments that a clock can show, whichever door names one. AWS refuses sequence numbers from October 2477 on.
inline constexpr Time earliest_time{};
inline constexpr Time latest_time{std::chrono::sys_days{std::chrono::year{2477} / 1 / 1}};
constexpr bool in_bounds(Time t) { return t >= earliest_time && t <= latest_time; }
// The sentence that every door says about a moment outside of them.
inline constexpr std::string_view out_of_bounds = "a time is from 1970-01-01T00:00:00Z to 2477-01-01T00:00:00Z";

// Real time: anchored once to the host's date, then only ever forward.
class RealTime {
  public:
    virtual ~RealTime() = default;
    virtual Time now() const = 0;
    // For how long something took; from no certain beginning.
    virtual std::chrono::nanoseconds ticks() const = 0;
};
class SteadyTime final : public RealTime {
  public:
    SteadyTime();
    Time now() const override;
    std::chrono::nanoseconds ticks() const override;

  private:
    std::chrono::steady_clock::time_point start_;
    Time anchor_;
};
class ManualTime final : public RealTime {   // for tests: moves when told to
  public:
    explicit ManualTime(Time start = from_ms(1'700'000'000'000)) : now_(start) {}
    Time now() const override { return now_; }
    std::chrono::nanoseconds ticks() const override { return ticks_ += step_; }
    void move(milliseconds by) { now_ += by; }
    // From one look at the ticks to the next so much time has passed.
    void set_step(std::chrono::nanoseconds step) { step_ = step; }

  private:
    Time now_;
    mutable std::chrono::nanoseconds ticks_{0};
    std::chrono::nanoseconds step_{0};
};

class Clock {
  public:
    using Fire = std::move_only_function<void()>;
    using TimerId = std::uint64_t;   // 0 is no timer
    struct State {                   // what a restart must know
        bool frozen = false;
        double rate = 1.0;
        std::int64_t offset_ms = 0;   // virtual - real while running at rate 1
        std::int64_t now_ms = 0;      // virtual time at the moment of saving
        std::int64_t real_ms = 0;     // real time at the same moment
        bool live_virtual = false;    // sessions and heartbeats count virtual time
        bool automatic = false;       // frozen, and jumps for those who were refused
        friend bool operator==(const State&, const State&) = default;
    };

    explicit Clock(const RealTime& real);
    ~Clock();
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;

    Time now() const;
    Time real() const { return real_.now(); }
    std::chrono::nanoseconds ticks() const { return real_.ticks(); }   // real ones
    // Real time by default, so a jump moves sessions along. After advance(…, expire_clients) it has jumped as well.
    Time live() const { return (live_virtual_ ? now() : real_.now()) + live_lead_; }
    bool live_virtual() const { return live_virtual_; }
    bool frozen() const { return frozen_; }
    bool automatic() const { return automatic_; }
    double rate() const { return rate_; }
    // More than a second apart from real time (rule 18 ages topics differently then).
    bool displaced() const;

    void freeze();
    void resume();
    // Stands still, and goes on by itself only for those who were refused: see want() (rule 6).
    void go_by_need();
    // Sessions and heartbeats go by virtual time, or by real time again. Neither moves anybody nearer to the end.
    void set_liveness(bool virtual_time);
    // Refuses to go beyond the bounds of times.
    std::expected<void, std::string> advance(milliseconds by, bool expire_clients = false);
    // Refuses an earlier time with a sentence that says what to do.
    std::expected<void, std::string> set(Time to);
    // For a world in which nothing is yet: stands at any time of the bounds, an earlier one too.
    std::expected<void, std::string> begin_at(Time);

    // The same moves in slices, so that others are served while a long one goes on. Between two slices the clock stands where
    // the last one came to, and whoever listens has stored that. A restored clock ends the moves that were under way.
    class Move {
        friend class Clock;
        std::optional<Time> to;
        milliseconds left{};
        bool expire_clients = false;
        std::uint64_t life{};
    };
    std::expected<Move, std::string> begin_advance(milliseconds by, bool expire_clients = false) const;
    std::expected<Move, std::string> begin_set(Time to) const;
    // Fires at most so many timers; true when the move has come to its end.
    bool go_on(Move&, std::size_t most_timers);
    std::expected<void, std::string> set_rate(double rate);   // 0 < rate <= 1,000,000
    State save() const;
    // After a restart: a frozen clock stands where it was; a running one keeps its offset, so downtime passes.
    void restore(const State&);
    // The loop was held up for that long and read nothing of what clients sent meanwhile: live time leaves it out.
    void excuse(milliseconds held_up);

    struct Listener {
        std::function<void()> moving{};    // before a move by hand
        std::function<void()> changed{};   // after every change by hand: the engine stores `save()`, the driver wakes
        std::function<void()> sooner{};    // a timer became the first of its line: the driver looks at until_next() again
    };
    class [[nodiscard]] Listening {
      public:
        Listening() = default;
        Listening(Listening&& other) noexcept : clock_(std::exchange(other.clock_, nullptr)), at_(other.at_) {}
        Listening& operator=(Listening&& other) noexcept {
            stop();
            clock_ = std::exchange(other.clock_, nullptr), at_ = other.at_;
            return *this;
        }
        ~Listening() { stop(); }
        void stop() {
            if (auto* clock = std::exchange(clock_, nullptr)) clock->listeners_.erase(at_);
        }

      private:
        friend class Clock;
        Listening(Clock& clock, std::list<Listener>::iterator at) : clock_(&clock), at_(at) {}
        Clock* clock_ = nullptr;
        std::list<Listener>::iterator at_;
    };
    // Told in the order in which they came, while the returned one lives. The clock outlives it.
    Listening listen(Listener listener) { return {*this, listeners_.insert(listeners_.end(), std::move(listener))}; }

    // Data timers fire when `now` reaches due, live timers when `live` does. Firing happens inside run_due or a change by hand.
    // The kinds are in timers.h.
    template <Line line>
    TimerId at(const DueKind<line>&, Time due, Fire fire) {
        return at(line, due, std::move(fire));
    }
    template <Line line>
    TimerId within(const WaitKind<line>&, milliseconds span, Fire fire) {
        return sooner(line, (line == Line::data ? now() : live()) + span, span, std::move(fire));
    }
    void cancel(TimerId);

    // Somebody was refused or slowed and would have room at that time. With go_by_need(), when no request is being served any
    // more, the clock jumps to where all of them have room: in between nobody would be served anyway.
    void want(Time at);
    // A request is being served while this lives.
    class Serving {
      public:
        Serving() = default;
        Serving(Serving&& other) noexcept : count_(std::move(other.count_)) {}
        Serving& operator=(Serving&& other) noexcept {
            end();
            count_ = std::move(other.count_);
            return *this;
        }
        ~Serving() { end(); }
        void end();

      private:
        friend class Clock;
        struct Count {
            Clock* clock{};
            int requests = 0;
        };
        std::shared_ptr<Count> count_;   // outlives the clock with the last request
    };
    Serving serve();

    // At most so many of each line: at a rate whose timers the machine cannot keep up with, others still get their turn.
    void run_due(std::size_t most = SIZE_MAX);
    // The same but for live timers, which a driver holds back until it has read what clients sent.
    void run_due_but_live(std::size_t most);
    bool live_due() const;
    // Real time until the next timer could be due; nothing when no timer can fire by itself.
    std::optional<milliseconds> until_next(bool with_live = true) const;

  private:
    struct Timer;
    Time running_now() const;
    void rebase(Time virtual_now);
    Time move_to(Time target, std::size_t most_timers);   // how far it came
    void tell(std::function<void()> Listener::*) const;
    TimerId at(Line, Time due, Fire);
    using Queue = std::map<std::pair<Time, TimerId>, TimerId>;
    bool fire_first(Queue& line, Time upto);
    bool fire_next(Time upto);   // of all that hang on virtual time
    struct Next {
        Line line;
        Time due;
    };
    std::optional<Next> next_virtual() const;   // of the data line, and of the live one while sessions go by it
    TimerId sooner(Line, Time due, milliseconds span, Fire);
    void jump();

    const RealTime& real_;
    bool frozen_ = false, automatic_ = false, live_virtual_ = false;
    double rate_ = 1.0;
    std::optional<Time> wanted_;
    bool jumping_ = false;     // on the way to wanted_, slice by slice
    std::uint64_t life_ = 0;   // counts restores
    std::list<Listener> listeners_;
    std::shared_ptr<Serving::Count> serving_;
    Time base_virtual_, base_real_;   // now = base_virtual + (real - base_real) * rate
    std::optional<Time> standing_;    // set while a due timer runs: now stands at its due time
    milliseconds live_lead_{0};
    TimerId next_id_ = 1;
    std::unordered_map<TimerId, Fire> fires_;
    // due -> id; a blocked wait sits on the data line and on the real one under the same id.
    Queue data_, live_, real_line_;
    struct Where {
        std::optional<Time> data, live, real;
    };
    std::unordered_map<TimerId, Where> where_;
};

// A timer that goes with its owner.
class Timer {
  public:
    Timer() = default;
    Timer(Clock& clock, Clock::TimerId id) : clock_(&clock), id_(id) {}
    Timer(Timer&& other) noexcept : clock_(std::exchange(other.clock_, nullptr)), id_(std::exchange(other.id_, 0)) {}
    Timer& operator=(Timer&& other) noexcept {
        if (this != &other) {
            stop();
            clock_ = std::exchange(other.clock_, nullptr);
            id_ = std::exchange(other.id_, 0);
        }
        return *this;
    }
    ~Timer() { stop(); }
    void stop() {
        if (clock_) clock_->cancel(id_);
        clock_ = nullptr;
        id_ = 0;
    }

  private:
    Clock* clock_ = nullptr;
    Clock::TimerId id_ = 0;
};

}   // namespace sluice
