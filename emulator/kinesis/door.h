// The Kinesis door: listens, and turns HTTP requests into calls of the shared engine. Paths that are not Kinesis (health,
// metrics, control as JSON) go to `side`, which somebody else provides.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>
#include <string>

#include "emulator/loop.h"
#include "emulator/streams/engine.h"

namespace sluice::kinesis {

struct SideRequest {
    std::string method, path, body;
};
struct SideAnswer {
    unsigned status = 200;
    std::string content_type = "application/json", body;
};

struct DoorOptions {
    std::size_t max_body_bytes = std::size_t{16} << 20;   // 10 MiB of data in base64, and room for keys
    bool separate_scopes = false;                         // an account and a region see their own streams only (rule 3)
    std::function<Task<SideAnswer>(SideRequest)> side;
};

class Door {
  public:
    Door(streams::Engine&, DoorOptions);
    ~Door();
    // Throws boost::system::system_error when the address cannot be had. May be called for several addresses.
    asio::ip::tcp::endpoint listen(asio::ip::tcp::endpoint);
    // Closes listeners and connections; calls under way end without an answer.
    void stop();
    std::size_t connections() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace sluice::kinesis
