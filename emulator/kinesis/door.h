// The Kinesis door: listens, and turns HTTP requests into calls of the shared engine. Paths that are not Kinesis (health,
// metrics, control as JSON) go to `side`, which somebody else provides.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "emulator/runtime/loop.h"
#include "emulator/streams/engine.h"
#include "protocol/wire_limits.h"

namespace sluice::kinesis {

struct SideRequest {
    std::string method, path, body;
    std::string authorization;     // the header's value
    bool from_elsewhere = false;   // sent by a web page of another origin
};
struct SideAnswer {
    unsigned status = 200;
    std::string content_type = "application/json", body;
};

struct DoorOptions {
    std::size_t most_connections = wire_limits::connections;
    bool separate_scopes = false;   // an account and a region see their own streams only (rule 3)
    std::function<Task<SideAnswer>(SideRequest)> side;
};

class Door {
  public:
    Door(streams::Engine&, DoorOptions);
    ~Door();
    // Throws boost::system::system_error when the address cannot be had. May be called for several addresses.
    asio::ip::tcp::endpoint listen(const asio::ip::tcp::endpoint&);
    // Closes listeners and connections; calls under way end without an answer.
    void stop();
    std::size_t connections() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}   // namespace sluice::kinesis
