// A world's time, as a part you can hold. `now` is virtual time: retention, limits, iterators. `live` is the time by which
// people outside count heartbeats and sessions. Timers hang on either. Nothing else in the program reads a clock.
// Rules: never backward; a frozen clock hangs nobody; advancing in one step equals advancing in many, because every data
// timer fires at its own due time with `now` standing there.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace sluice {

using std::chrono::milliseconds;
using Time = std::chrono::sys_time<milliseconds>;

constexpr std::int64_t to_ms(Time t) { return t.time_since_epoch().count(); }
constexpr Time from_ms(std::int64_t ms) { return Time{milliseconds{ms}}; }

// Real time: anchored once to the host's date, then only ever forward.
class RealTime {
  public:
    virtual ~RealTime() = default;
    virtual Time now() const = 0;
};
class SteadyTime final : public RealTime {
  public:
    SteadyTime();
    Time now() const override;

  private:
    std::chrono::steady_clock::time_point start_;
    Time anchor_;
};
class ManualTime final : public RealTime {   // for tests: moves when told to
  public:
    explicit ManualTime(Time start = from_ms(1'700'000'000'000)) : now_(start) {}
    Time now() const override { return now_; }
    void move(milliseconds by) { now_ += by; }

  private:
    Time now_;
};

class Clock {
  public:
    using Fire = std::move_only_function<void()>;
    using TimerId = std::uint64_t;   // 0 is no timer
    enum class Line : std::uint8_t { data, live };
    struct State {   // what a restart must know
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
    void advance(milliseconds by, bool expire_clients = false);
    // Refuses an earlier time with a sentence that says what to do.
    std::expected<void, std::string> set(Time to);
    std::expected<void, std::string> set_rate(double rate);   // 0 < rate <= 1,000,000
    State save() const;
    // After a restart: a frozen clock stands where it was; a running one keeps its offset, so downtime passes.
    void restore(const State&);
    // Called after every change by hand, so that the owner can store `save()` and wake its driver.
    std::function<void()> on_change;
    // Called when a timer becomes the first of its line: the driver looks at until_next() again.
    std::function<void()> on_first;

    // Data timers fire when `now` reaches due, live timers when `live` does. Firing happens inside run_due or a change by hand.
    TimerId at(Line, Time due, Fire);
    // A wait in which a client is blocked: ends at the earlier of `span` of virtual and `span` of real time (rule 6).
    TimerId within(milliseconds span, Fire);
    // A live wait in which clients are blocked (a rebalance): by live time, and with liveness virtual at most `span` of real
    // time.
    TimerId within_live(milliseconds span, Fire);
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
    // Real time until the next timer could be due; nothing when no timer can fire by itself.
    std::optional<milliseconds> until_next() const;

  private:
    struct Timer;
    Time running_now() const;
    void rebase(Time virtual_now);
    void move_to(Time target);
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
