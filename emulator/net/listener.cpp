#include "emulator/net/listener.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>

#include "emulator/net/tcp_peer.h"

namespace sluice {

namespace {
constexpr milliseconds accept_again{100};   // after a failed accept: out of descriptors, most likely
}

struct Listener::State {
    State(const Executor& executor, Clock& time) : clock(time), acceptor(executor) {}

    Clock& clock;
    asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor;
    std::function<void(std::shared_ptr<Peer>)> take;
    Signal stopping;
    bool stopped = false;

    static Task<void> accept(std::shared_ptr<State> self) {
        constexpr auto result = asio::as_tuple(use_task);
        const Executor executor = self->acceptor.get_executor();
        while (!self->stopped) {
            TcpPeer::Socket socket{executor};
            const auto [fault] = co_await self->acceptor.async_accept(socket, result);
            if (self->stopped) break;
            if (!fault) {
                self->take(std::make_shared<TcpPeer>(std::move(socket)));
                continue;
            }
            Waiter waiter{executor};
            waiter.watch(self->stopping, Woken::closed);
            waiter.deadline(self->clock, accept_again);
            co_await waiter.wait();
        }
    }
};

Listener::Listener(Executor executor, Clock& clock, const Endpoint& wanted) : state_(std::make_shared<State>(executor, clock)) {
    const asio::ip::tcp::endpoint at{wanted.address, wanted.port};
    auto& acceptor = state_->acceptor;
    acceptor.open(at.protocol());
    acceptor.set_option(asio::socket_base::reuse_address{true});
    acceptor.bind(at);
    acceptor.listen(asio::socket_base::max_listen_connections);
}

Listener::~Listener() { stop(); }

Endpoint Listener::endpoint() const {
    const auto at = state_->acceptor.local_endpoint();
    return {at.address(), at.port()};
}

int Listener::native_handle() const { return state_->acceptor.native_handle(); }

void Listener::accept(std::function<void(std::shared_ptr<Peer>)> take) {
    state_->take = std::move(take);
    auto loop = State::accept(state_);
    asio::co_spawn(state_->acceptor.get_executor(), std::move(loop), stop_loudly);
}

void Listener::stop() {
    if (std::exchange(state_->stopped, true)) return;
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    state_->stopping.fire();
}

}   // namespace sluice
