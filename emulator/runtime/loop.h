// The loop as the engine and the doors see it: what a coroutine returns, and how one parks until something happens.
// A parked coroutine waits on signals, a deadline of its world's clock, or its client going away; never on a polling timer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <functional>
#include <optional>
#include <vector>

#include "emulator/runtime/clock.h"

namespace sluice {

namespace asio = boost::asio;
using Executor = asio::io_context::executor_type;
template <class T>
using Task = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_task{};

// What a coroutine of the loop that nobody waits for ends with. An exception there is a bug: one line says so and the process
// ends, so that no half of it goes on serving. What was answered is stored.
void stop_loudly(const std::exception_ptr& error);

class Signal;

enum class Woken { signal, deadline, closed };

// One parked coroutine; wakes at most once, for the first reason given.
class Waiter {
  public:
    explicit Waiter(Executor executor) : executor_(std::move(executor)) {}
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // Wakes for `why` when the signal fires.
    void watch(const Signal& signal, Woken why = Woken::signal);
    // Wakes at the earlier of `span` of the clock's virtual time and of real time.
    void deadline(Clock& clock, milliseconds span);
    void wake(Woken why);
    bool woken() const { return woken_.has_value(); }
    Task<Woken> wait();

  private:
    friend class Signal;
    Executor executor_;
    std::optional<Woken> woken_;
    std::move_only_function<void()> parked_;   // Boost 1.81's any_completion_handler copies itself without end when posted
    std::vector<const Signal*> watched_;
    Timer timer_;
};

// Stays with a signal, which calls it each time it fires: for who would otherwise watch thousands of signals anew with every
// request. `fired` may leave or follow nothing; it marks what happened and fires another signal.
class Follower {
  public:
    Follower() = default;
    Follower(const Follower&) = delete;
    Follower& operator=(const Follower&) = delete;
    void follow(const Signal&);   // this one instead of the one before
    void leave();
    bool follows(const Signal& signal) const { return signal_ == &signal; }

  protected:
    ~Follower() { leave(); }

  private:
    friend class Signal;
    virtual void fired() = 0;
    const Signal* signal_ = nullptr;
    Follower *before_ = nullptr, *after_ = nullptr;
};

// Something that happens again and again; waking a waiter takes it off every list. Who has a const one may wait for it, and not
// fire it.
class Signal {
  public:
    Signal() = default;
    Signal(const Signal&) = delete;
    Signal& operator=(const Signal&) = delete;
    ~Signal();
    void fire();
    // Fires for the last time: whoever watches it from now on is woken at once, so that nobody waits for what has happened. Who
    // follows it asks `ended` first.
    void end();
    bool ended() const { return ended_; }
    std::size_t waiters() const { return waiters_.size(); }

  private:
    friend class Waiter;
    friend class Follower;
    struct Entry {
        Waiter* waiter;
        Woken why;
    };
    mutable std::vector<Entry> waiters_;
    mutable Follower* followers_ = nullptr;
    bool ended_ = false;
};

}   // namespace sluice
