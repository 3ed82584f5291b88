// The histogram of the loop's turns: what counts as one, and where it is counted.
#include "emulator/turns.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

using namespace sluice;
using namespace std::chrono_literals;

namespace {
std::chrono::nanoseconds standing{};
std::chrono::nanoseconds by_hand() { return standing; }
}  // namespace

TEST_CASE("a turn is counted at the first end that it does not pass, and the longest is remembered") {
    Turns turns{by_hand};
    for (const auto span : {std::chrono::nanoseconds{5ms}, std::chrono::nanoseconds{5ms} + 1ns, std::chrono::nanoseconds{1min}}) {
        turns.begin();
        standing += span;
        turns.end();
    }
    CHECK(Turns::ends.front() == 100us);
    CHECK(Turns::ends[8] == 5ms);
    CHECK(Turns::ends[9] == 7ms);
    CHECK(Turns::ends.back() == 10s);
    CHECK(turns.counts()[8] == 1);
    CHECK(turns.counts()[9] == 1);
    CHECK(turns.counts().back() == 1);
    CHECK(turns.count() == 3);
    CHECK(turns.longest() == 1min);
    CHECK(turns.sum() == 1min + 10ms + 1ns);
}

TEST_CASE("what runs between two waits of the loop is one turn; the waits are none") {
    Turns turns{by_hand};
    boost::asio::io_context loop;
    {
        Turns::Watch watch{turns};
        boost::asio::post(loop, [] { standing += 3ms; });
        boost::asio::post(loop, [] { standing += 1ms; });
        loop.run();
    }
    CHECK(turns.longest() == 4ms);
    const auto counted = turns.count();
    loop.restart();
    boost::asio::post(loop, [] { standing += 1h; });
    loop.run();   // nobody watches
    CHECK(turns.longest() == 4ms);
    CHECK(turns.count() == counted);
}
