// Which time it is when a server starts, and again after each reset.
#include "emulator/program/start.h"

#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

TEST_CASE("an empty store takes any moment as its clock, an earlier one too, and goes on from there") {
    World w;
    ServeOptions options;
    options.clock = ClockStart::set;
    for (const auto at : {latest_time - 1h, from_ms(0), from_ms(1'500'000'000'000)}) {
        options.clock_at = at;
        start_clock(options, *w.engine, w.time);
        CHECK(w.clock().now() == at);
        w.time.move(10s);
        CHECK(w.clock().now() == at + 10s);
    }
    w.settle();
    w.open();
    CHECK(w.clock().now() == from_ms(1'500'000'010'000));
}

TEST_CASE("a moment that has passed is refused while there are streams, and a reset begins with it again") {
    World w;
    ServeOptions options;
    options.clock = ClockStart::set;
    options.clock_at = from_ms(1'700'000'000'000);
    start_clock(options, *w.engine, w.time);
    w.create("s");
    w.time.move(1h);
    CHECK_THROWS_AS(start_clock(options, *w.engine, w.time), Exit);
    for (int i = 0; i < 2; ++i) {
        w.engine->reset(w.engine->default_world());
        start_clock(options, *w.engine, w.time);
        CHECK(w.clock().now() == from_ms(1'700'000'000'000));
        w.settle();
        w.time.move(1h);
    }
}
