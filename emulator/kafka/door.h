// The Kafka door: listens, and turns Kafka's requests into calls of the shared engine. One broker, node 1, leader of
// everything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "emulator/kafka/door_options.h"
#include "emulator/net/endpoint.h"
#include "emulator/runtime/loop.h"
#include "emulator/streams/engine.h"

namespace sluice::kafka {

class Door {
  public:
    // Throws storage::StartError for a setting that does not exist or has a wrong value.
    Door(streams::Engine&, DoorOptions);
    ~Door();
    // Throws boost::system::system_error when the address cannot be had. May be called for several addresses.
    // `told` is what clients of this listener are told to connect to, whatever the rules say.
    Endpoint listen(const Endpoint&, std::optional<HostPort> told = {});
    // Closes listeners and connections; parked requests end without an answer. The loop has to turn once more for them to go.
    void stop();
    std::size_t connections() const;
    std::size_t calls() const;                    // requests begun and not yet answered: long polls, joins, appends
    std::uint64_t partitions_looked_at() const;   // by all Fetches so far
    // What every client is told from now on; nothing: the rules again.
    void set_advertised(std::optional<HostPort>);
    // Before a world is reset: its groups go, their waiters are answered. Connections stay open.
    void forget(streams::World&);

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}   // namespace sluice::kafka
