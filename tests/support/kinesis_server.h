// The Kinesis door on a socket of this machine, with an engine in memory and time that moves when told to, and a client that
// writes and reads bytes. Everything runs on one thread: a turn of the loop is taken by hand.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>

#include "emulator/kinesis/door.h"
#include "emulator/streams/engine.h"
#include "tests/support/turn.h"

namespace sluice::test {

struct KinesisServer {
    asio::io_context io;
    ManualTime time;
    std::unique_ptr<storage::Store> store = storage::open_memory();
    Random random{7};
    streams::Engine engine{io.get_executor(), *store, time, random, streams::EngineOptions{}};
    std::vector<std::string> notes;
    kinesis::Door door;
    Endpoint endpoint;

    explicit KinesisServer(kinesis::DoorOptions options = {}) : door(engine, std::move(options)) {
        engine.events().on_note = [this](std::string_view line) { notes.emplace_back(line); };
        endpoint = door.listen({asio::ip::address_v4::loopback(), 0});
    }
    ~KinesisServer() {
        door.stop();
        turn();
    }
    void turn() { test::turn(io); }
    void pass(milliseconds span) {
        time.move(span);
        engine.default_world().clock->run_due();
        turn();
    }
};

struct HttpClient {
    explicit HttpClient(KinesisServer& server) : HttpClient(server.io, server.endpoint) {}
    HttpClient(asio::io_context& loop, const Endpoint& at) : io(loop), socket(loop) {
        socket.connect({at.address, at.port});
        socket.set_option(asio::ip::tcp::no_delay(true));   // what is written is there in the next turn
        socket.non_blocking(true);
        turn(io);
    }
    void write(std::string_view text) {
        while (!text.empty()) {
            boost::system::error_code error;
            text.remove_prefix(socket.write_some(asio::buffer(text), error));
            if (error && error != asio::error::would_block) return;
            turn(io);
        }
    }
    // Everything that has come, and whether the server hung up.
    std::string read() {
        std::string got;
        for (int i = 0; i < 20 && !closed; ++i) got += some();
        return got;
    }
    // What came in one turn.
    std::string some() {
        turn(io);
        char more[4096];
        boost::system::error_code error;
        const auto count = socket.read_some(asio::buffer(more), error);
        if (error && error != asio::error::would_block) closed = true;
        return {more, count};
    }
    asio::io_context& io;
    asio::ip::tcp::socket socket;
    bool closed = false;
};

}   // namespace sluice::test
