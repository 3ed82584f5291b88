// Two ends of a connection of this machine: a Peer, as a door gets it from its listener, and a plain socket. Time is moved by
// hand, and so is the loop.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "emulator/net/idle.h"
#include "emulator/net/listener.h"
#include "tests/support/turn.h"

namespace sluice::test {

struct Peers {
    asio::io_context io;
    ManualTime time;
    Clock clock{time};
    Listener listener{io.get_executor(), clock, {asio::ip::address_v4::loopback(), 0}};
    std::shared_ptr<Peer> peer;
    asio::ip::tcp::socket client{io};
    Idle idle{clock, {}, [] { return false; }, [] {}};

    Peers() {
        listener.accept([this](std::shared_ptr<Peer> came) { peer = std::move(came); });
        const auto at = listener.endpoint();
        client.connect({at.address, at.port});
        client.set_option(asio::ip::tcp::no_delay(true));
        client.non_blocking(true);
        turn();
        REQUIRE(peer);
    }
    ~Peers() {
        peer->close();
        listener.stop();
        turn();
    }
    void turn() { test::turn(io); }
    void pass(milliseconds span) {
        time.move(span);
        clock.run_due();
        turn();
    }
    // Begins the task; what it ends with is there when it has.
    template <class T>
    std::shared_ptr<std::optional<T>> begin(Task<T> task) {
        auto result = std::make_shared<std::optional<T>>();
        asio::co_spawn(io.get_executor(), std::move(task), [result](const std::exception_ptr& error, T value) {
            stop_loudly(error);
            *result = std::move(value);
        });
        turn();
        return result;
    }
    void say(std::string_view text) {
        client.send(asio::buffer(text));
        turn();
    }
    // All that has come.
    std::string heard() {
        std::string all;
        boost::system::error_code fault;
        do {
            turn();
            char more[1 << 16];
            all.append(more, client.read_some(asio::buffer(more), fault));
        } while (!fault);
        end_heard = fault == asio::error::eof;
        return all;
    }
    std::string next() {
        const auto count = begin(peer->read_some(room));
        return count->has_value() ? std::string{reinterpret_cast<const char*>(room), **count} : "nothing yet";
    }
    void reset() {
        client.set_option(asio::socket_base::linger(true, 0));
        client.close();
        turn();
    }
    bool end_heard = false;
    std::byte room[64] = {};   // a read may wait in it
};

}   // namespace sluice::test
