// The gRPC way into the control plane. gRPC runs its own threads; each call is posted to the loop, carried
// out there by the service, and answered from there.
#pragma once

#include <memory>

#include "emulator/control/calls/service.h"
#include "emulator/program/options.h"
#include "protocol/wire_limits.h"

namespace sluice::control {

class Server {
  public:
    Server(asio::io_context&, Service&, std::size_t most_connections = wire_limits::control_connections);
    ~Server();
    // Throws Exit when the address cannot be had.
    Endpoint listen(const Endpoint&);
    // Ends every call. Turns the loop while it waits for them, so it must not be called from a handler of it.
    void stop();
    std::size_t connections() const;   // on the loop

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}   // namespace sluice::control
