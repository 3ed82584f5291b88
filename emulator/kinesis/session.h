// One connection of the Kinesis door: reads requests as they come, serves them in order, writes the answers. A client that
// pipelines is answered in order; memory per connection is one request and its answer.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "emulator/kinesis/door.h"
#include "emulator/net/idle.h"
#include "emulator/net/receiving.h"
#include "emulator/runtime/loop.h"
#include "protocol/http/request_reader.h"

namespace sluice::kinesis {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

// The part of a session that the door can end. Closed by itself when nothing moves for wire_limits::http_idle, an answer that
// the client does not take included.
struct Connection {
    Connection(Socket accepted, Clock& clock)
        : socket(std::move(accepted)), idle(clock, wire_limits::http_idle, [this] { return serving; }, [this] { close(); }) {}
    void close() {
        boost::system::error_code ignored;
        socket.close(ignored);
        idle.stop();
    }
    Socket socket;
    bool serving = false;   // the client waits for an answer
    Idle idle;
};

// Runs until the client leaves, sends what is no HTTP, begins a request and does not go on with it (408), or the connection is
// closed from outside. `met_foreign` is called when the client speaks another protocol.
Task<void> run_session(std::shared_ptr<Connection>, streams::Engine&, const DoorOptions&, Receiving&,
                       const std::function<void(Foreign)>& met_foreign);

}   // namespace sluice::kinesis
