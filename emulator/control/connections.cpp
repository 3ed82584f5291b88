#include "emulator/control/connections.h"

#include <fmt/format.h>
#include <unistd.h>

#include <list>
#include <optional>

#include "emulator/net/idle.h"
#include "emulator/net/listener.h"

namespace sluice::control {

using Socket = Listener::Socket;

struct Connections::State : std::enable_shared_from_this<State> {
    State(Executor executor_, Clock& time, std::size_t most_, std::function<void(std::string_view)> note_)
        : executor(std::move(executor_)), clock(time), most(most_), note(std::move(note_)) {}

    Executor executor;
    Clock& clock;
    std::size_t most;
    std::function<void(std::string_view)> note;
    std::optional<Listener> listener;
    std::unique_ptr<Taker> taker;
    std::list<Socket> watched;   // a second descriptor of each connection that gRPC has
    bool stopped = false;

    void hand_over(Socket socket) {
        if (watched.size() >= most)
            return note(fmt::format("Control door: there are {} connections, the most it takes; more are closed", most));
        boost::system::error_code fault;
        const auto protocol = socket.local_endpoint(fault).protocol();
        const int second = fault ? -1 : dup(socket.native_handle());
        if (second < 0) return;
        socket.native_non_blocking(true, fault);
        socket.set_option(asio::ip::tcp::no_delay{true}, fault);
        keep_alive(socket.native_handle());
        watch(Socket{executor, protocol, second});
        Taker::NewConnectionParameters given;
        given.listener_fd = listener->native_handle();
        given.fd = socket.release();
        taker->HandleNewConnection(&given);
    }

    // gRPC shuts a connection down before it closes its descriptor; that is seen at the second one.
    void watch(Socket second) {
        const auto at = watched.insert(watched.end(), std::move(second));
        at->async_wait(Socket::wait_error, [self = shared_from_this(), at](boost::system::error_code fault) {
            if (!self->stopped && fault != asio::error::operation_aborted) self->watched.erase(at);
        });
    }
};

Connections::Connections(Executor executor, Clock& clock, std::size_t most, std::function<void(std::string_view)> note)
    : state_(std::make_shared<State>(std::move(executor), clock, most, std::move(note))) {}

Connections::~Connections() { stop(); }

Endpoint Connections::listen(const Endpoint& at) {
    return state_->listener.emplace(state_->executor, state_->clock, at).endpoint();
}

void Connections::take(std::unique_ptr<Taker> taker) {
    state_->taker = std::move(taker);
    state_->listener->accept([state = state_.get()](Socket socket) { state->hand_over(std::move(socket)); });
}

void Connections::stop() {
    state_->stopped = true;
    if (state_->listener) state_->listener->stop();
    state_->watched.clear();
}

std::size_t Connections::open() const { return state_->watched.size(); }

}   // namespace sluice::control
