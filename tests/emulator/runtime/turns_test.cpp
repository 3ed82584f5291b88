// The histogram of the loop's turns: what counts as one, and where it is counted.
#include "emulator/runtime/turns.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

using namespace sluice;
using namespace std::chrono_literals;

namespace {
std::chrono::nanoseconds standing{};
std::chrono::nanoseconds by_hand() { return standing; }
std::chrono::nanoseconds by_looks() { return standing += 1us; }

// A descriptor with an event or without one, as the loop waits for it.
struct Sockets {
    int event = eventfd(0, EFD_NONBLOCK), set = epoll_create1(0);
    Sockets() {
        epoll_event asked{.events = EPOLLIN, .data = {}};
        REQUIRE(epoll_ctl(set, EPOLL_CTL_ADD, event, &asked) == 0);
    }
    ~Sockets() {
        close(set);
        close(event);
    }
    Sockets(const Sockets&) = delete;
    Sockets& operator=(const Sockets&) = delete;

    void request() {
        REQUIRE(eventfd_write(event, 1) == 0);
        epoll_event got{};
        CHECK(epoll_wait(set, &got, 1, 1000) == 1);
        eventfd_t taken = 0;
        eventfd_read(event, &taken);
    }
    // How often the clock was looked at while nothing came.
    std::chrono::nanoseconds lull() {
        const auto before = standing;
        epoll_event got{};
        CHECK(epoll_wait(set, &got, 1, 1) == 0);
        return standing - before;
    }
};
}   // namespace

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

TEST_CASE("after a row of single requests the loop asks its sockets for 80 microseconds more before it sleeps") {
    Turns turns{by_looks, BusyPoll{2}};
    Turns::Watch watch{turns};
    Sockets sockets;
    for (int i = 0; i < 3; ++i) sockets.request();
    CHECK(sockets.lull() < 10us);   // not yet; and it begins anew
    for (int i = 0; i < 4; ++i) sockets.request();
    const auto asked = sockets.lull();
    CHECK(asked > 80us);
    CHECK(asked < 90us);
    CHECK(sockets.lull() < 10us);
    for (int i = 0; i < 4; ++i) sockets.request();
    sockets.request();   // found while asking
    CHECK(sockets.lull() > 80us);
}

namespace {
void single_requests(BusyPoll& poll, int row = BusyPoll::shortest_row) {
    for (int i = 0; i < row; ++i) poll.waited(1, 50us, 10us);
}
}   // namespace

TEST_CASE("the loop does not go on asking after long waits, much work or many events, nor where there is one processor") {
    BusyPoll poll{2}, alone{1};
    single_requests(alone);
    CHECK_FALSE(alone.wanted());
    struct Wait {
        int events;
        BusyPoll::Span lasted, worked;
    };
    for (const auto& [events, lasted, worked] :
         {Wait{2, 50us, 10us}, Wait{0, 50us, 10us}, Wait{1, 120us, 10us}, Wait{1, 50us, 30us}}) {
        single_requests(poll);
        CHECK(poll.wanted());
        poll.waited(events, lasted, worked);
        CHECK_FALSE(poll.wanted());
    }
}

TEST_CASE(
    "where somebody else had the processor while the loop asked, it asks ever more seldom, and sooner again when that helps") {
    BusyPoll poll{2};
    for (const int row : {4, 16, 64, 256, 1024, 1024}) {
        single_requests(poll, row - 1);
        CHECK_FALSE(poll.wanted());
        single_requests(poll, 1);
        CHECK(poll.wanted());
        poll.waited(1, 3ms, 10us);
    }
    single_requests(poll, 1024);
    single_requests(poll, 8);   // each found while asking
    poll.waited(2, 50us, 10us);
    single_requests(poll);
    CHECK(poll.wanted());
}
