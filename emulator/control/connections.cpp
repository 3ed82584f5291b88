#include "emulator/control/connections.h"

#include <fmt/format.h>

#include <list>
#include <optional>

#include "emulator/net/listener.h"

namespace sluice::control {

struct Connections::State : std::enable_shared_from_this<State> {
    State(Executor executor_, Clock& time, std::size_t most_, std::function<void(std::string_view)> note_)
        : executor(std::move(executor_)), clock(time), most(most_), note(std::move(note_)) {}

    Executor executor;
    Clock& clock;
    std::size_t most;
    std::function<void(std::string_view)> note;
    std::optional<Listener> listener;
    std::function<std::unique_ptr<Taker>()> start;
    std::unique_ptr<Taker> taker;   // nothing before the first connection
    // A connection that gRPC serves by a second descriptor. gRPC shuts it down before it closes that; it is seen here.
    struct Lent final : Follower {
        Lent(State& s, std::shared_ptr<Peer> p) : all(s), peer(std::move(p)) {
            follow(peer->gone);
            peer->watch();
        }
        void fired() override {
            asio::post(all.executor, [self = all.shared_from_this(), at = at] {
                if (!self->stopped) self->lent.erase(at);
            });
        }
        State& all;
        std::shared_ptr<Peer> peer;
        std::list<Lent>::iterator at;
    };
    std::list<Lent> lent;
    bool stopped = false;

    void hand_over(std::shared_ptr<Peer> peer) {
        if (lent.size() >= most)
            return note(fmt::format("Control door: there are {} connections, the most it takes; more are closed", most));
        if (!taker) taker = start();
        if (!taker) return note("Control door: gRPC could not be started; its connections are closed");
        Taker::NewConnectionParameters given;
        given.listener_fd = listener->native_handle();
        given.fd = peer->second_descriptor();
        if (given.fd < 0) return;
        const auto at = lent.emplace(lent.end(), *this, std::move(peer));
        at->at = at;
        taker->HandleNewConnection(&given);
    }
};

Connections::Connections(Executor executor, Clock& clock, std::size_t most, std::function<void(std::string_view)> note)
    : state_(std::make_shared<State>(std::move(executor), clock, most, std::move(note))) {}

Connections::~Connections() { stop(); }

Endpoint Connections::listen(const Endpoint& at) {
    return state_->listener.emplace(state_->executor, state_->clock, at).endpoint();
}

void Connections::take(std::function<std::unique_ptr<Taker>()> start) {
    state_->start = std::move(start);
    state_->listener->accept([state = state_.get()](std::shared_ptr<Peer> peer) { state->hand_over(std::move(peer)); });
}

void Connections::stop() {
    state_->stopped = true;
    if (state_->listener) state_->listener->stop();
    state_->lent.clear();
}

std::size_t Connections::open() const { return state_->lent.size(); }

}   // namespace sluice::control
