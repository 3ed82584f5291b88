#include "emulator/control/connections.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/redirect_error.hpp>
#include <list>

#include "emulator/net/idle.h"

namespace sluice::control {

using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

namespace {
constexpr milliseconds accept_again{100};
}   // namespace

struct Connections::State : std::enable_shared_from_this<State> {
    State(asio::io_context& io, Clock& time, std::size_t most_, std::function<void(std::string_view)> note_)
        : clock(time), acceptor(io.get_executor()), most(most_), note(std::move(note_)) {}

    Clock& clock;
    asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor;
    std::size_t most;
    std::function<void(std::string_view)> note;
    std::unique_ptr<Taker> taker;
    std::list<Socket> watched;   // a second descriptor of each connection that gRPC has
    Signal stopping;
    bool full_told = false, stopped = false;

    static Task<void> accept(std::shared_ptr<State> self) {
        while (!self->stopped) {
            Socket socket{self->acceptor.get_executor()};
            boost::system::error_code fault;
            auto token = asio::redirect_error(use_task, fault);
            co_await self->acceptor.async_accept(socket, token);
            if (self->stopped) co_return;
            if (!fault) {
                self->hand_over(std::move(socket));
                continue;
            }
            // Out of descriptors, most likely.
            Waiter waiter{self->acceptor.get_executor()};
            waiter.watch(self->stopping, Woken::closed);
            waiter.deadline(self->clock, accept_again);
            co_await waiter.wait();
        }
    }

    void hand_over(Socket socket) {
        if (watched.size() >= most) {
            if (!std::exchange(full_told, true))
                note(fmt::format("Control door: there are {} connections, the most it takes; more are closed", most));
            return;
        }
        boost::system::error_code fault;
        const auto protocol = socket.local_endpoint(fault).protocol();
        const int second = fault ? -1 : dup(socket.native_handle());
        if (second < 0) return;
        socket.native_non_blocking(true, fault);
        socket.set_option(asio::ip::tcp::no_delay{true}, fault);
        keep_alive(socket.native_handle());
        watch(Socket{acceptor.get_executor(), protocol, second});
        Taker::NewConnectionParameters given;
        given.listener_fd = acceptor.native_handle();
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

Connections::Connections(asio::io_context& io, Clock& clock, std::size_t most, std::function<void(std::string_view)> note)
    : state_(std::make_shared<State>(io, clock, most, std::move(note))) {}

Connections::~Connections() { stop(); }

Endpoint Connections::listen(const Endpoint& at) {
    auto& acceptor = state_->acceptor;
    acceptor.open(at.protocol());
    acceptor.set_option(asio::socket_base::reuse_address{true});
    acceptor.bind(at);
    acceptor.listen();
    return acceptor.local_endpoint();
}

void Connections::take(std::unique_ptr<Taker> taker) {
    state_->taker = std::move(taker);
    auto loop = State::accept(state_);
    asio::co_spawn(state_->acceptor.get_executor(), std::move(loop), stop_loudly);
}

void Connections::stop() {
    state_->stopped = true;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->stopping.fire();
    state_->watched.clear();
}

std::size_t Connections::open() const { return state_->watched.size(); }

}   // namespace sluice::control
