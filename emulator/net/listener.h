// One address to which connections come: the same for every door. What is accepted goes to the door, which counts it and serves
// it.
#pragma once

#include <functional>
#include <memory>

#include "emulator/net/peer.h"
#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"

namespace sluice {

class Listener {
  public:
    // Throws boost::system::system_error when the address cannot be had.
    Listener(Executor, Clock&, const Endpoint&);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Endpoint endpoint() const;
    int native_handle() const;
    // `take` gets each connection from now on, until `stop`.
    void accept(std::function<void(std::shared_ptr<Peer>)> take);
    void stop();

  private:
    struct State;
    std::shared_ptr<State> state_;   // the loop may turn once more for what waits here
};

}   // namespace sluice
