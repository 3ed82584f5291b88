#include "emulator/net/idle.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <utility>

namespace sluice {

Idle::Idle(Clock& clock, std::optional<milliseconds> limit, std::function<bool()> busy, std::function<void()> close)
    : clock_(clock), limit_(limit), busy_(std::move(busy)), close_(std::move(close)), touched_(clock.live()) {
    if (limit_) arm(touched_ + *limit_);
}

void Idle::touch() {
    if (limit_) touched_ = clock_.live();
}

void Idle::arm(Time due) {
    timer_ = Timer{clock_, clock_.at(timers::idle_connection, due, [this] { look(); })};
}

// Nothing is moved when bytes come: the timer looks when the peer may have been idle long enough, and goes on from there.
void Idle::look() {
    if (busy_()) touched_ = clock_.live();
    const auto due = touched_ + *limit_;
    if (due > clock_.live()) return arm(due);
    close_();
}

void keep_alive(int socket) {
    const auto set = [&](int level, int option, int value) { (void)setsockopt(socket, level, option, &value, sizeof value); };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
    set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

}   // namespace sluice
