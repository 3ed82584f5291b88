// The control door's listener. gRPC bounds its memory but not how many connect, so connections are accepted here, counted, and
// handed to gRPC one by one; beyond the bound they are closed, as at the other doors.
#pragma once

#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <string_view>

#include "emulator/net/endpoint.h"
#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"

namespace sluice::control {

class Connections {
  public:
    using Taker = grpc::experimental::ExternalConnectionAcceptor;
    // `note` gets a line whenever the bound is met.
    Connections(Executor, Clock&, std::size_t most, std::function<void(std::string_view)> note);
    ~Connections();
    // Throws boost::system::system_error when the address cannot be had.
    Endpoint listen(const Endpoint&);
    // From now on what connects goes to gRPC, which `start` starts for the first one: most servers are never asked, and gRPC's
    // threads and pages cost a third of the start. Nothing: it could not be started, and the connection is closed.
    void take(std::function<std::unique_ptr<Taker>()> start);
    // Nothing is accepted any more; gRPC's connections stay its own.
    void stop();
    std::size_t open() const;   // on the loop

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}   // namespace sluice::control
