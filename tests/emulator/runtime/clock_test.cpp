#include "emulator/runtime/clock.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace sluice;
using namespace std::chrono_literals;

TEST_CASE("a running clock follows real time and a frozen one stands") {
    ManualTime real{from_ms(1000)};
    Clock clock{real};
    real.move(5ms);
    CHECK(to_ms(clock.now()) == 1005);
    clock.freeze();
    real.move(1h);
    CHECK(to_ms(clock.now()) == 1005);
    clock.resume();
    real.move(1ms);
    CHECK(to_ms(clock.now()) == 1006);
}

TEST_CASE("a rate multiplies real time and advance adds to it") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    REQUIRE(clock.set_rate(60));
    real.move(1s);
    CHECK(to_ms(clock.now()) == 60'000);
    clock.advance(25h);
    CHECK(to_ms(clock.now()) == 60'000 + 90'000'000);
    CHECK_FALSE(clock.set_rate(0));
    CHECK_FALSE(clock.set_rate(-1));
}

TEST_CASE("the clock is never set backward, and the refusal says what to do instead") {
    ManualTime real{from_ms(10'000)};
    Clock clock{real};
    const auto refused = clock.set(from_ms(9'999));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().find("reset --clock") != std::string::npos);
    REQUIRE(clock.set(from_ms(20'000)));
    CHECK(to_ms(clock.now()) == 20'000);
}

TEST_CASE("data timers fire in order and each sees its own due time, in one step as in many") {
    const auto run = [](const std::vector<milliseconds>& steps) {
        ManualTime real{from_ms(0)};
        Clock clock{real};
        clock.freeze();
        std::vector<std::int64_t> seen;
        for (const auto due : {300, 100, 200})
            clock.at(Clock::Line::data, from_ms(due), [&] { seen.push_back(to_ms(clock.now())); });
        std::function<void()> again = [&] {
            seen.push_back(to_ms(clock.now()));
            if (clock.now() < from_ms(400)) clock.at(Clock::Line::data, clock.now() + 150ms, [&] { again(); });
        };
        clock.at(Clock::Line::data, from_ms(150), [&] { again(); });
        for (const auto step : steps) clock.advance(step);
        return seen;
    };
    const std::vector<std::int64_t> wanted{100, 150, 200, 300, 300, 450};
    CHECK(run({500ms}) == wanted);
    CHECK(run({120ms, 30ms, 1ms, 149ms, 200ms}) == wanted);
}

TEST_CASE("a jump leaves live timers alone unless clients are to expire") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    int fired = 0;
    clock.at(Clock::Line::live, clock.live() + 45s, [&] { ++fired; });
    clock.advance(25h);
    CHECK(fired == 0);
    REQUIRE(clock.set_rate(3600));
    real.move(44s);
    clock.run_due();
    CHECK(fired == 0);
    clock.advance(1s, true);
    CHECK(fired == 1);
}

TEST_CASE("a blocked wait under a frozen clock ends after the same span of real time") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    clock.freeze();
    int fired = 0;
    clock.within(500ms, [&] { ++fired; });
    real.move(499ms);
    clock.run_due();
    CHECK(fired == 0);
    CHECK(clock.until_next() == 1ms);
    real.move(1ms);
    clock.run_due();
    CHECK(fired == 1);
    clock.within(500ms, [&] { ++fired; });
    clock.advance(500ms);
    CHECK(fired == 2);
}

TEST_CASE("a cancelled timer never fires") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    int fired = 0;
    {
        const Timer gone{clock, clock.at(Clock::Line::data, from_ms(10), [&] { ++fired; })};
        const Timer also{clock, clock.within(10ms, [&] { ++fired; })};
    }
    clock.advance(1s);
    CHECK(fired == 0);
    CHECK_FALSE(clock.until_next());
}

TEST_CASE("after a restart a frozen clock stands where it was and a running one has let the downtime pass") {
    ManualTime real{from_ms(1000)};
    Clock before{real};
    before.advance(1h);
    const auto running = before.save();
    before.freeze();
    const auto frozen = before.save();
    real.move(10s);
    Clock after{real};
    after.restore(running);
    CHECK(to_ms(after.now()) == 1000 + 3'600'000 + 10'000);
    after.restore(frozen);
    CHECK(to_ms(after.now()) == 1000 + 3'600'000);
    CHECK(after.frozen());
}

TEST_CASE("a clock that is saved by a timer served late has not lost the time since it was due") {
    ManualTime real{from_ms(0)};
    Clock before{real};
    Clock::State saved;
    const Timer late{before, before.at(Clock::Line::data, from_ms(10), [&] { saved = before.save(); })};
    real.move(5s);
    before.run_due();
    Clock after{real};
    after.restore(saved);
    CHECK(to_ms(after.now()) == 5000);
}

TEST_CASE("with liveness virtual a jump ends the sessions it outlasts, each at its own time, and a frozen clock ends none") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    real.move(10s);
    clock.advance(1h);
    std::vector<std::int64_t> fired;
    const auto session = [&](milliseconds span) {
        clock.at(Clock::Line::live, clock.live() + span, [&] { fired.push_back(to_ms(clock.now())); });
    };
    session(45s);
    real.move(20s);
    clock.set_liveness(true);   // neither nearer to its end nor farther
    clock.freeze();
    real.move(1h);
    clock.run_due();
    CHECK(fired.empty());
    CHECK_FALSE(clock.until_next());
    session(60s);
    clock.at(Clock::Line::data, clock.now() + 30s, [&] { fired.push_back(0); });
    const auto start = to_ms(clock.now());
    clock.advance(25h);
    CHECK(fired == std::vector<std::int64_t>{start + 25'000, 0, start + 60'000});

    fired.clear();
    session(45s);
    clock.set_liveness(false);
    clock.advance(25h);
    CHECK(fired.empty());
    real.move(45s);
    clock.run_due();
    CHECK(fired.size() == 1);
}

TEST_CASE("with liveness virtual a rate speeds sessions up, and the driver knows when the next one is due") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    clock.set_liveness(true);
    REQUIRE(clock.set_rate(10));
    int fired = 0;
    clock.at(Clock::Line::live, clock.live() + 45s, [&] { ++fired; });
    CHECK(clock.until_next() == 4500ms);
    real.move(4500ms);
    clock.run_due();
    CHECK(fired == 1);
}

TEST_CASE("a clock that goes by need stands until the last request is served and then jumps to where the refused have room") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    clock.want(from_ms(5'000));   // nobody waits for it: the clock runs
    clock.go_by_need();
    CHECK(clock.frozen());
    CHECK(clock.automatic());
    int changes = 0, fired = 0;
    clock.on_change = [&] { ++changes; };
    clock.at(Clock::Line::data, from_ms(300), [&] { ++fired; });
    {
        auto one = clock.serve();
        auto other = clock.serve();
        clock.want(from_ms(250));
        clock.want(from_ms(400));
        one.end();
        CHECK(to_ms(clock.now()) == 0);
    }
    CHECK(to_ms(clock.now()) == 400);
    CHECK(fired == 1);
    CHECK(changes == 1);
    clock.serve();   // nobody was refused
    CHECK(to_ms(clock.now()) == 400);
    real.move(1h);
    CHECK(to_ms(clock.now()) == 400);
    clock.freeze();
    CHECK_FALSE(clock.automatic());
    clock.want(from_ms(500));
    clock.serve();
    CHECK(to_ms(clock.now()) == 400);
}

TEST_CASE("a rebalance hangs nobody: with liveness virtual it ends by the clock or after as much real time") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    int fired = 0;
    clock.within_live(60s, [&] { ++fired; });
    clock.advance(25h);
    CHECK(fired == 0);   // moved along
    clock.set_liveness(true);
    clock.freeze();
    real.move(60s);
    clock.run_due();
    CHECK(fired == 1);
    clock.within_live(60s, [&] { ++fired; });
    clock.advance(60s);
    CHECK(fired == 2);
    CHECK_FALSE(clock.until_next());
}

TEST_CASE("liveness and going by need survive a restart") {
    ManualTime real{from_ms(0)};
    Clock before{real}, after{real};
    before.set_liveness(true);
    before.go_by_need();
    after.restore(before.save());
    CHECK(after.automatic());
    CHECK(after.live_virtual());
    before.resume();
    before.set_liveness(false);
    after.restore(before.save());
    CHECK_FALSE(after.automatic());
    CHECK_FALSE(after.frozen());
    CHECK_FALSE(after.live_virtual());
}

TEST_CASE("a clock that runs away from its timers fires a bounded number at once, and heartbeats among them") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    REQUIRE(clock.set_rate(1'000'000));
    int hours = 0, beats = 0;
    std::function<void()> hour = [&] {
        ++hours;
        clock.at(Clock::Line::data, clock.now() + 1h, [&] { hour(); });
    };
    clock.at(Clock::Line::data, clock.now() + 1h, [&] { hour(); });
    clock.at(Clock::Line::live, clock.live() + 3s, [&] { ++beats; });
    real.move(36s);   // ten thousand hours
    clock.run_due(16);
    CHECK(hours == 16);
    CHECK(beats == 1);
    CHECK(clock.until_next() == 0ms);
    clock.run_due();
    CHECK(hours == 10'000);
}
