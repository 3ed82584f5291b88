#include "emulator/kinesis/door.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <list>
#include <unordered_set>

#include "emulator/kinesis/session.h"
#include "emulator/net/receiving.h"

namespace sluice::kinesis {

using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

struct Door::State {
    State(streams::Engine& e, DoorOptions o)
        : engine(e),
          options(std::move(o)),
          receiving(*e.world().clock, "Kinesis door", [&e](std::string_view line) { e.events().note(line); }) {}

    streams::Engine& engine;
    DoorOptions options;
    Receiving receiving;
    std::list<Acceptor> acceptors;
    std::unordered_set<std::shared_ptr<Connection>> connections;
    Signal stopping;
    bool stopped = false, full_told = false;

    // One line for each kind: whoever set the client up wants to know what to change, once.
    void met(Foreign foreign) {
        if (foreign == Foreign::tls)
            engine.events().note_once(
                "Kinesis door: a client began a TLS handshake, and this door speaks plain HTTP/1.1; set the client's endpoint to "
                "http:// in place of https://");
        if (foreign == Foreign::http2)
            engine.events().note_once(
                "Kinesis door: a client spoke HTTP/2, and this door speaks HTTP/1.1; set the client to it (Java: "
                "httpClientBuilder with Protocol.HTTP1_1, JavaScript: requestHandler: new NodeHttpHandler())");
        if (foreign == Foreign::kafka)
            engine.events().note_once(
                "Kinesis door: a client spoke Kafka, and this door speaks HTTP; set the client's bootstrap.servers to the address of "
                "--kafka");
    }
};

namespace {

constexpr milliseconds accept_again{100};

template <class State>
Task<void> attend(std::shared_ptr<State> state, std::shared_ptr<Connection> connection) {
    const std::function<void(Foreign)> met_foreign = [&](Foreign foreign) { state->met(foreign); };
    co_await run_session(connection, state->engine, state->options, state->receiving, met_foreign);
    state->connections.erase(connection);
}

template <class State>
Task<void> accept(std::shared_ptr<State> state, Acceptor& acceptor) {
    while (!state->stopped) {
        Socket socket{state->engine.executor()};
        boost::system::error_code fault;
        auto token = asio::redirect_error(use_task, fault);
        co_await acceptor.async_accept(socket, token);
        if (state->stopped) co_return;
        if (fault) {
            // Out of descriptors, most likely.
            Waiter waiter{state->engine.executor()};
            waiter.watch(state->stopping, Woken::closed);
            waiter.deadline(*state->engine.world().clock, accept_again);
            co_await waiter.wait();
            continue;
        }
        const auto most = state->options.most_connections;
        if (state->connections.size() >= most) {
            if (!std::exchange(state->full_told, true))
                state->engine.events().note("Kinesis door: there are " + std::to_string(most) +
                                            " connections, the most it takes; more are closed");
            continue;
        }
        auto connection = std::make_shared<Connection>(std::move(socket), *state->engine.world().clock);
        state->connections.insert(connection);
        auto session = attend(state, std::move(connection));
        asio::co_spawn(state->engine.executor(), std::move(session), stop_loudly);
    }
}

}   // namespace

Door::Door(streams::Engine& engine, DoorOptions options) : state_(std::make_shared<State>(engine, std::move(options))) {}
Door::~Door() { stop(); }

asio::ip::tcp::endpoint Door::listen(const asio::ip::tcp::endpoint& at) {
    auto& acceptor = state_->acceptors.emplace_back(state_->engine.executor());
    acceptor.open(at.protocol());
    acceptor.set_option(asio::socket_base::reuse_address{true});
    acceptor.bind(at);
    acceptor.listen(4096);
    auto loop = accept(state_, acceptor);
    asio::co_spawn(state_->engine.executor(), std::move(loop), stop_loudly);
    return acceptor.local_endpoint();
}

void Door::stop() {
    state_->stopped = true;
    state_->receiving.stop();
    state_->stopping.fire();
    boost::system::error_code ignored;
    for (auto& acceptor : state_->acceptors) acceptor.close(ignored);
    for (const auto& connection : state_->connections) connection->close();
}

std::size_t Door::connections() const { return state_->connections.size(); }

}   // namespace sluice::kinesis
