// One connection of the Kinesis door: reads requests as they come, serves them in order, writes the answers. A client that
// pipelines is answered in order; memory per connection is one request and its answer.
#pragma once

#include <functional>
#include <memory>

#include "emulator/kinesis/door.h"
#include "emulator/net/idle.h"
#include "emulator/net/peer.h"
#include "emulator/net/receiving.h"
#include "emulator/runtime/loop.h"
#include "protocol/spoken.h"

namespace sluice::kinesis {

// The part of a session that the door can end. Closed by itself when nothing moves for wire_limits::http_idle, an answer that
// the client does not take included.
struct Connection {
    Connection(std::shared_ptr<Peer> accepted, Clock& clock)
        : peer(std::move(accepted)), idle(clock, wire_limits::http_idle, [this] { return serving != 0; }, [this] { close(); }) {}
    void close() {
        peer->close();
        idle.stop();
    }
    std::shared_ptr<Peer> peer;
    int serving = 0;   // answers that the client waits for
    Idle idle;
};

// What the door is told of clients that were set up for something else.
struct Met {
    std::function<void(Spoken)> foreign;                      // another protocol
    std::function<void(std::string_view)> failed_handshake;   // why
};

// Runs until the client leaves, sends what is no HTTP, begins a request and does not go on with it (408), or the connection is
// closed from outside.
Task<void> run_session(std::shared_ptr<Connection>, streams::Engine&, const DoorOptions&, Receiving&, const Met&);

}   // namespace sluice::kinesis
