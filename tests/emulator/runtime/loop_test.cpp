// What coroutines of the loop that nobody waits for do with a bug.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <csignal>
#include <stdexcept>

#include "emulator/runtime/loop.h"

using namespace sluice;

TEST_CASE("an exception that leaves a coroutine nobody waits for ends the program with one line that names it") {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const auto child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        std::signal(SIGABRT, SIG_DFL);
        asio::io_context io;
        auto broken = []() -> Task<void> {
            throw std::logic_error{"a list is not in order"};
            co_return;
        };
        auto task = broken();
        asio::co_spawn(io, std::move(task), stop_loudly);
        io.run();
        _exit(0);
    }
    close(ends[1]);
    std::string said;
    char more[512];
    for (ssize_t got; (got = read(ends[0], more, sizeof more)) > 0;) said.append(more, static_cast<std::size_t>(got));
    close(ends[0]);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == SIGABRT);
    CHECK(said.starts_with("sluice: stopped by a bug, please report it: a list is not in order\n"));
}

TEST_CASE("who waits for a signal that has fired for the last time goes on at once, for the reason that was named") {
    asio::io_context io;
    Signal over, other;
    over.end();
    CHECK(over.ended());
    std::vector<Woken> why;
    auto wait = [&](Woken named) -> Task<void> {
        for (int i = 0; i < 2; ++i) {   // the second time as well
            Waiter waiter{io.get_executor()};
            waiter.watch(other);
            waiter.watch(over, named);
            auto waiting = waiter.wait();
            why.push_back(co_await std::move(waiting));
        }
    };
    auto task = wait(Woken::closed);
    asio::co_spawn(io, std::move(task), stop_loudly);
    io.run();
    CHECK(why == std::vector{Woken::closed, Woken::closed});
    CHECK(other.waiters() == 0);
}
