#include "emulator/kinesis/door.h"

#include <boost/asio/co_spawn.hpp>
#include <list>
#include <unordered_set>

#include "emulator/kinesis/session.h"
#include "emulator/net/listener.h"
#include "emulator/net/receiving.h"

namespace sluice::kinesis {

struct Door::State : std::enable_shared_from_this<Door::State> {
    State(streams::Engine& e, DoorOptions o)
        : engine(e),
          options(std::move(o)),
          receiving(*e.default_world().clock, "Kinesis door", [&e](std::string_view line) { e.events().note(line); }) {}

    streams::Engine& engine;
    DoorOptions options;
    Receiving receiving;
    std::list<Listener> listeners;
    std::unordered_set<std::shared_ptr<Connection>> connections;

    void welcome(std::shared_ptr<Peer>);
    // One line for each kind: whoever set the client up wants to know what to change, once.
    void met(Spoken spoken) {
        if (spoken == Spoken::tls)
            engine.events().note_once(
                "Kinesis door: a client began a TLS handshake, and this door speaks plain HTTP; set the client's endpoint to "
                "http:// in place of https://");
        if (spoken == Spoken::kafka)
            engine.events().note_once(
                "Kinesis door: a client spoke Kafka, and this door speaks HTTP; set the client's bootstrap.servers to the address of "
                "--kafka");
    }
    void met_failed_handshake(std::string_view why) {
        engine.events().note_once(
            "Kinesis door: a client's TLS handshake failed (" + std::string{why} +
            "); a client that does not know this server's authority is given it: http://ADDRESS/ca.pem, or ca.pem in the data folder");
    }
};

namespace {

template <class State>
Task<void> attend(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    const Met met{[&](Spoken spoken) { state->met(spoken); }, [&](std::string_view why) { state->met_failed_handshake(why); }};
    co_await run_session(connection, state->engine, state->options, state->receiving, met);
    state->connections.erase(connection);
}

}   // namespace

void Door::State::welcome(std::shared_ptr<Peer> peer) {
    if (connections.size() >= options.most_connections)
        return engine.events().note_once("Kinesis door: there are " + std::to_string(options.most_connections) +
                                         " connections, the most it takes; more are closed");
    auto connection = std::make_shared<Connection>(std::move(peer), *engine.default_world().clock);
    connections.insert(connection);
    auto session = attend(shared_from_this(), std::move(connection));
    asio::co_spawn(engine.executor(), std::move(session), stop_loudly);
}

Door::Door(streams::Engine& engine, DoorOptions options) : state_(std::make_shared<State>(engine, std::move(options))) {}
Door::~Door() { stop(); }

Endpoint Door::listen(const Endpoint& at) {
    auto& listener = state_->listeners.emplace_back(state_->engine.executor(), *state_->engine.default_world().clock, at);
    listener.accept([state = state_.get()](std::shared_ptr<Peer> peer) { state->welcome(std::move(peer)); });
    return listener.endpoint();
}

void Door::stop() {
    state_->receiving.stop();
    for (auto& listener : state_->listeners) listener.stop();
    for (const auto& connection : state_->connections) connection->close();
}

std::size_t Door::connections() const { return state_->connections.size(); }

}   // namespace sluice::kinesis
