// The Kinesis door: listens, and turns HTTP requests into calls of the shared engine. Paths that are not Kinesis (health,
// metrics, control as JSON) go to `side`, which somebody else provides.
#pragma once

#include <memory>

#include "emulator/kinesis/door_options.h"
#include "emulator/net/endpoint.h"
#include "emulator/streams/engine.h"

namespace sluice::kinesis {

class Door {
  public:
    Door(streams::Engine&, DoorOptions);
    ~Door();
    // Throws boost::system::system_error when the address cannot be had. May be called for several addresses.
    Endpoint listen(const Endpoint&);
    // Closes listeners and connections; calls under way end without an answer.
    void stop();
    std::size_t connections() const;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}   // namespace sluice::kinesis
