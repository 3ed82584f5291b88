// The gRPC way into the control plane. gRPC runs its own threads; each call is posted to the loop, carried
// out there by the service, and answered from there.
#pragma once

#include <memory>

#include "emulator/control/calls/service.h"
#include "emulator/program/options.h"

namespace sluice::control {

class Server {
  public:
    Server(asio::io_context&, Service&);
    ~Server();
    // Throws Exit when the address cannot be had.
    Endpoint listen(const Endpoint&);
    // Ends every call. Turns the loop while it waits for them, so it must not be called from a handler of it.
    void stop();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}   // namespace sluice::control
