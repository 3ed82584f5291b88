#include "emulator/runtime/clock.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "emulator/runtime/live_patience.h"

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
            clock.at(timers::retention, from_ms(due), [&] { seen.push_back(to_ms(clock.now())); });
        std::function<void()> again = [&] {
            seen.push_back(to_ms(clock.now()));
            if (clock.now() < from_ms(400)) clock.at(timers::retention, clock.now() + 150ms, [&] { again(); });
        };
        clock.at(timers::retention, from_ms(150), [&] { again(); });
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
    clock.at(timers::member_session, clock.live() + 45s, [&] { ++fired; });
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
    clock.within(timers::long_poll, 500ms, [&] { ++fired; });
    real.move(499ms);
    clock.run_due();
    CHECK(fired == 0);
    CHECK(clock.until_next() == 1ms);
    real.move(1ms);
    clock.run_due();
    CHECK(fired == 1);
    clock.within(timers::long_poll, 500ms, [&] { ++fired; });
    clock.advance(500ms);
    CHECK(fired == 2);
}

TEST_CASE("a cancelled timer never fires") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    int fired = 0;
    {
        const Timer gone{clock, clock.at(timers::retention, from_ms(10), [&] { ++fired; })};
        const Timer also{clock, clock.within(timers::mute, 10ms, [&] { ++fired; })};
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
    const Timer late{before, before.at(timers::retention, from_ms(10), [&] { saved = before.save(); })};
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
        clock.at(timers::member_session, clock.live() + span, [&] { fired.push_back(to_ms(clock.now())); });
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
    clock.at(timers::retention, clock.now() + 30s, [&] { fired.push_back(0); });
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
    clock.at(timers::member_session, clock.live() + 45s, [&] { ++fired; });
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
    const auto listening = clock.listen({.changed = [&] { ++changes; }});
    clock.at(timers::retention, from_ms(300), [&] { ++fired; });
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
    clock.within(timers::rebalance, 60s, [&] { ++fired; });
    clock.advance(25h);
    CHECK(fired == 0);   // moved along
    clock.set_liveness(true);
    clock.freeze();
    real.move(60s);
    clock.run_due();
    CHECK(fired == 1);
    clock.within(timers::rebalance, 60s, [&] { ++fired; });
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
        clock.at(timers::retention, clock.now() + 1h, [&] { hour(); });
    };
    clock.at(timers::retention, clock.now() + 1h, [&] { hour(); });
    clock.at(timers::member_session, clock.live() + 3s, [&] { ++beats; });
    real.move(36s);   // ten thousand hours
    clock.run_due(16);
    CHECK(hours == 16);
    CHECK(beats == 1);
    CHECK(clock.until_next() == 0ms);
    clock.run_due();
    CHECK(hours == 10'000);
}

TEST_CASE("the one table of timers: what is data time, what somebody outside counts, and who waits") {
    std::vector<std::string> data, live, blocked;
    for (const auto& [name, line, blocks] : timers::all) {
        if (blocks) blocked.emplace_back(name);
        (line == Line::data ? data : live).emplace_back(name);
    }
    CHECK(data == std::vector<std::string>{
                      "retention: what a shard's store is told to forget", "compaction: a shard's next run",
                      "on-demand scaling: every 15 minutes, while something is written",
                      "offsets.retention.minutes: committed offsets that nobody uses",
                      "a channel's object that is as old as it may become", "a read that waits for records",
                      "a connection that is muted for its debt", "a subscription that took what it may take in a second",
                      "CREATING, UPDATING and DELETING", "a watch by HTTP", "counters of reads on their way to the store"});
    CHECK(live == std::vector<std::string>{
                      "the session of a group's member",
                      "a transaction that is open for as long as it may, or an id that nobody uses",
                      "an idempotent producer that writes no more", "a request that was begun and does not go on",
                      "a connection over which nothing moves", "a client that ended its side and may wait for an answer",
                      "a refused connection whose peer still writes", "a client that was told an address and never came there",
                      "what expired while the server was down is kept a while",
                      "a subscription to a shard that has to say something, or ends",
                      "a record that a queue's reader took and did not settle", "a channel whose folder could not be written to",
                      "a rebalance that waits for its members"});
    CHECK(blocked.size() == 7);
}

TEST_CASE("no liveness timer fires because the clock was moved: at once, in slices, or under a rate") {
    const auto move = [](Clock& clock, ManualTime& real, int how) {
        if (how == 0) REQUIRE(clock.advance(8'760h));
        if (how == 1) {
            auto slices = clock.begin_advance(8'760h);
            REQUIRE(slices);
            while (!clock.go_on(*slices, 1)) {
            }
        }
        if (how == 2) {
            REQUIRE(clock.set_rate(1'000'000));
            real.move(9s);
            clock.run_due();
        }
    };
    for (const int how : {0, 1, 2}) {
        CAPTURE(how);
        ManualTime real{from_ms(0)};
        Clock clock{real};
        int gone = 0, trimmed = 0;
        const auto session = [&](const auto& kind) { clock.at(kind, clock.live() + 10s, [&] { ++gone; }); };
        session(timers::member_session);
        session(timers::producer_silence);
        session(timers::unfinished_request);
        session(timers::address_hint);
        session(timers::expired_kept);
        clock.within(timers::rebalance, 10s, [&] { ++gone; });
        for (int hour = 1; hour < 2'000; ++hour)
            clock.at(timers::retention, clock.now() + std::chrono::hours{hour}, [&] { ++trimmed; });
        move(clock, real, how);
        CHECK(trimmed == 1'999);
        CHECK(gone == 0);
        real.move(10s);
        clock.run_due();
        CHECK(gone == 6);
    }
}

TEST_CASE("a move in slices fires as many timers at once as it may, and stands in between where it came to") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    clock.freeze();
    std::vector<std::int64_t> fired, saved;
    const auto listening = clock.listen({.changed = [&] { saved.push_back(clock.save().now_ms); }});
    for (int i = 1; i <= 5; ++i) clock.at(timers::retention, from_ms(i * 100), [&] { fired.push_back(to_ms(clock.now())); });
    auto move = clock.begin_advance(1s);
    REQUIRE(move);
    CHECK_FALSE(clock.go_on(*move, 2));
    CHECK(fired == std::vector<std::int64_t>{100, 200});
    CHECK(to_ms(clock.now()) == 200);
    CHECK_FALSE(clock.go_on(*move, 2));
    CHECK(to_ms(clock.now()) == 400);
    CHECK(clock.go_on(*move, 2));
    CHECK(to_ms(clock.now()) == 1'000);
    CHECK(fired.size() == 5);
    CHECK(saved == std::vector<std::int64_t>{200, 400, 1'000});
}

TEST_CASE("a running clock goes on while it is moved in slices, two moves add up, and a reset ends them") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    for (int i = 1; i <= 5; ++i) clock.at(timers::retention, from_ms(i * 100), [] {});
    auto one = clock.begin_advance(1s), other = clock.begin_advance(2s);
    CHECK_FALSE(clock.go_on(*one, 1));
    real.move(7ms);
    CHECK_FALSE(clock.go_on(*other, 1));
    CHECK(clock.go_on(*one, 10));
    CHECK(clock.go_on(*other, 10));
    CHECK(to_ms(clock.now()) == 3'007);
    auto third = clock.begin_advance(1h);
    clock.restore({.now_ms = 5'000, .real_ms = to_ms(real.now())});
    CHECK(clock.go_on(*third, 10));
    CHECK(to_ms(clock.now()) == 5'000);
}

TEST_CASE("clients that are to expire do so with each slice of the move") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    int gone = 0;
    clock.at(timers::member_session, clock.live() + 45s, [&] { ++gone; });
    for (int i = 1; i <= 6; ++i) clock.at(timers::retention, from_ms(i * 10'000), [] {});
    auto move = clock.begin_advance(1h, true);
    REQUIRE(move);
    CHECK_FALSE(clock.go_on(*move, 4));
    CHECK(gone == 0);
    CHECK_FALSE(clock.go_on(*move, 1));
    CHECK(gone == 1);
}

TEST_CASE("a clock stays within the bounds of times, however it is moved") {
    ManualTime real{from_ms(1'700'000'000'000)};
    Clock clock{real};
    const auto last = from_ms(15'999'465'600'000);   // 2477-01-01
    CHECK(latest_time == last);
    for (const auto beyond : {last + 1ms, Time::max(), Time::min(), from_ms(-1)}) {
        CAPTURE(to_ms(beyond));
        CHECK_FALSE(clock.set(beyond));
        const auto told = clock.begin_at(beyond);
        REQUIRE_FALSE(told);
        CHECK(told.error() == "a time is from 1970-01-01T00:00:00Z to 2477-01-01T00:00:00Z");
    }
    CHECK_FALSE(clock.advance(milliseconds::max()));
    CHECK_FALSE(clock.advance(last - clock.now() + 1ms));
    CHECK(clock.now() == real.now());
    REQUIRE(clock.begin_at(from_ms(0)));
    CHECK(clock.now() == from_ms(0));
    REQUIRE(clock.set(last - 1s));
    REQUIRE(clock.set_rate(1'000'000));
    real.move(10'000h);
    CHECK(clock.now() == last);
    const auto saved = clock.save();
    real.move(10'000h);
    Clock after{real};
    after.restore(saved);
    CHECK(after.now() == last);
}

TEST_CASE("a jump for those who were refused goes in slices too, and running it again brings it to its end") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    clock.go_by_need();
    int fired = 0;
    for (int i = 1; i <= 120; ++i) clock.at(timers::retention, from_ms(i), [&] { ++fired; });
    {
        const auto serving = clock.serve();
        clock.want(from_ms(500));
    }
    CHECK(fired == 50);
    CHECK(clock.until_next() == 0ms);
    clock.run_due();
    CHECK(fired == 100);
    clock.run_due();
    CHECK(fired == 120);
    CHECK(to_ms(clock.now()) == 500);
    CHECK_FALSE(clock.until_next());
}

TEST_CASE("any number of listeners hear of a change, in their order, until they leave") {
    ManualTime real{from_ms(0)};
    Clock clock{real};
    std::string heard;
    const auto first = clock.listen({.moving = [&] { heard += 'm'; }, .changed = [&] { heard += 'a'; }});
    {
        const auto second = clock.listen({.changed = [&] { heard += 'b'; }, .sooner = [&] { heard += 's'; }});
        REQUIRE(clock.advance(1s));
        clock.at(timers::retention, from_ms(5'000), [] {});
    }
    clock.freeze();
    CHECK(heard == "mabsa");
}

TEST_CASE("live timers fire at the second look of a loop that came to both in time") {
    LivePatience patience;
    using std::chrono::nanoseconds;
    CHECK_FALSE(patience.look(1s, 1s, false).fire);
    CHECK_FALSE(patience.look(2s, 2s, true).fire);
    CHECK(patience.look_at() == nanoseconds{2s} + 50ms);
    CHECK_FALSE(patience.look(2s + 10ms, 2s + 10ms, true).fire);   // something else was due
    CHECK(patience.look(2s + 51ms, 2s + 50ms, true).fire);
    CHECK_FALSE(patience.look_at());
}

TEST_CASE("time in which the loop was held up is left out of live time: heartbeats of meanwhile are read first") {
    LivePatience patience;
    const auto late = patience.look(20s, 3s, true);
    CHECK_FALSE(late.fire);
    CHECK(late.excused == 17s);
    CHECK_FALSE(patience.look(21s, 21s, true).fire);
    CHECK(patience.look(30s, 30s, true).excused == 9s - 50ms);   // held up between the two looks
    ManualTime real{from_ms(0)};
    Clock clock{real};
    int gone = 0;
    clock.at(timers::member_session, clock.live() + 10s, [&] { ++gone; });
    real.move(17s);
    CHECK(clock.live_due());
    clock.excuse(late.excused);
    CHECK_FALSE(clock.live_due());
    clock.run_due();
    CHECK(gone == 0);
    real.move(10s);
    clock.run_due();
    CHECK(gone == 1);
}
