#include "emulator/net/tcp_peer.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/redirect_error.hpp>

namespace sluice {
namespace {

Endpoint plain_endpoint(const asio::ip::tcp::endpoint& at) { return {at.address(), at.port()}; }

}   // namespace

TcpPeer::TcpPeer(Socket socket) : socket_(std::move(socket)) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
    socket_.native_non_blocking(true, ignored);
    keep_alive(socket_.native_handle());
}

std::optional<std::size_t> TcpPeer::try_write(std::span<const asio::const_buffer> pieces, std::size_t most) {
    std::array<iovec, 64> parts;
    std::size_t count = 0;
    for (const auto& piece : pieces) {
        if (count == parts.size() || most == 0) break;
        const auto bytes = std::min(piece.size(), most);
        if (bytes == 0) continue;
        parts[count++] = {const_cast<void*>(piece.data()), bytes};
        most -= bytes;
    }
    if (count == 0) return 0;
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    for (;;) {
        const auto sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return static_cast<std::size_t>(sent);
        if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        if (errno != EINTR) return std::nullopt;
    }
}

Task<bool> TcpPeer::room() {
    const auto [fault] = co_await socket_.async_wait(Socket::wait_write, asio::as_tuple(use_task));
    co_return !fault;
}

// No coroutine of its own: a read costs what Asio's costs.
Task<std::size_t> TcpPeer::receive(std::span<std::byte> room) {
    return socket_.async_read_some(asio::buffer(room.data(), room.size()), asio::redirect_error(use_task, read_fault_));
}

std::size_t TcpPeer::receive_now(std::span<std::byte> room) {
    const auto count = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void TcpPeer::cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void TcpPeer::finish() {
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
}

void TcpPeer::close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
    say_gone();
}

void TcpPeer::watch() {
    if (!socket_.is_open()) return;
    if (has_ended())
        watch_for_break();
    else
        watch_for_end();
}

// The socket can be read when its peer has ended, when it broke, and when bytes wait for whoever reads next. Those hide an end
// that may lie behind them; a reset shows all the same.
void TcpPeer::watch_for_end() {
    if (std::exchange(watches_end_, true)) return;
    socket_.async_wait(Socket::wait_read, [weak = weak_from_this()](const boost::system::error_code& fault) {
        const auto self = weak.lock();
        if (!self) return;
        self->watches_end_ = false;
        if (fault || !self->socket_.is_open()) return;
        std::byte next{};
        const auto seen = ::recv(self->socket_.native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
        if (seen < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch_for_end();
        if (seen < 0) return self->say_gone();
        self->watch_for_break();
        if (seen == 0) self->say_ended();
    });
}

void TcpPeer::watch_for_break() {
    if (std::exchange(watches_break_, true)) return;
    socket_.async_wait(Socket::wait_error, [weak = weak_from_this()](const boost::system::error_code& fault) {
        const auto self = weak.lock();
        if (!self) return;
        self->watches_break_ = false;
        if (fault || !self->socket_.is_open()) return;
        pollfd asked{self->socket_.native_handle(), 0, 0};
        if (::poll(&asked, 1, 0) > 0 && (asked.revents & (POLLERR | POLLHUP)) != 0) return self->say_gone();
        // Urgent data, of which no protocol here knows, wakes this as well, for as long as it lies there.
        std::byte urgent{};
        (void)::recv(self->socket_.native_handle(), &urgent, 1, MSG_OOB | MSG_DONTWAIT);
        self->watch_for_break();
    });
}

Endpoint TcpPeer::local() const {
    boost::system::error_code ignored;
    return plain_endpoint(socket_.local_endpoint(ignored));
}

Endpoint TcpPeer::remote() const {
    boost::system::error_code ignored;
    return plain_endpoint(socket_.remote_endpoint(ignored));
}

int TcpPeer::second_descriptor() { return ::fcntl(socket_.native_handle(), F_DUPFD_CLOEXEC, 0); }

}   // namespace sluice
