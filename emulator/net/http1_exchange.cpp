#include "emulator/net/http1_exchange.h"

#include <fmt/format.h>

#include "protocol/http/response.h"
#include "protocol/wire_limits.h"

namespace sluice {
namespace {
constexpr std::size_t most_copied = 4096;   // a larger body is not copied behind its head
}

Http1Exchange::Http1Exchange(Peer& peer, Idle& idle, Clock& clock)
    : peer_(peer), idle_(idle), clock_(clock), peer_gone_([this] { say_gone(); }), peer_ended_([this] { peer_ended(); }) {}

void Http1Exchange::begin(Asked asked) {
    asked_ = asked;
    chunked_ = false;
    text_.clear();
    pieces_.clear();
    peer_gone_.leave();
    peer_ended_.leave();
    half_closed_.stop();
    gone_.emplace();
}

// A length that nobody knows yet: in chunks (RFC 9112, 7.1), or to the connection's end for a client that knows none.
void Http1Exchange::head(unsigned status, Headers headers, std::optional<std::size_t> body_bytes) {
    chunked_ = !body_bytes && asked_.takes_chunks;
    if (!chunked_) {
        if (!body_bytes) asked_.keep_alive = false;
        return http::append_head(text_, status, headers, body_bytes, asked_.keep_alive);
    }
    std::vector<Headers::value_type> all{headers.begin(), headers.end()};
    all.emplace_back("Transfer-Encoding", "chunked");
    http::append_head(text_, status, all, body_bytes, asked_.keep_alive);
}

void Http1Exchange::copy(std::string_view bytes) {
    if (asked_.head || bytes.empty()) return;
    if (chunked_) append(fmt::format("{:x}\r\n", bytes.size()));
    append(bytes);
    if (chunked_) append("\r\n");
}

void Http1Exchange::append(std::string_view bytes) {
    if (pieces_.empty())
        text_ += bytes;
    else
        pieces_.push_back(std::make_shared<const std::string>(bytes));
}

void Http1Exchange::send(std::string piece) {
    if (piece.size() <= most_copied) return copy(piece);
    keep(std::make_shared<const std::string>(std::move(piece)));
}

void Http1Exchange::share(std::shared_ptr<const std::string> piece) {
    if (piece->size() <= most_copied) return copy(*piece);
    keep(std::move(piece));
}

void Http1Exchange::keep(std::shared_ptr<const std::string> piece) {
    if (asked_.head) return;
    if (chunked_) append(fmt::format("{:x}\r\n", piece->size()));
    pieces_.push_back(std::move(piece));
    if (chunked_) append("\r\n");
}

Task<bool> Http1Exchange::room() {
    if (text_.empty() && pieces_.empty()) co_return !peer_.is_gone();
    leaving_.assign(1, asio::buffer(text_));
    for (const auto& piece : pieces_) leaving_.push_back(asio::buffer(*piece));
    // Most answers fit: then nothing waits, and no second coroutine is made.
    Peer::Pieces rest = leaving_;
    const auto taken = peer_.try_write(rest, most_sent_at_once);
    bool left = taken.has_value();
    if (left && chunked_) idle_.touch();   // one that goes on for long
    if (left) drop_front(rest, *taken);
    if (left && !rest.empty()) {
        auto waiting = peer_.write(rest, idle_);
        left = co_await std::move(waiting);
    }
    text_.clear();
    pieces_.clear();
    co_return left;
}

Task<bool> Http1Exchange::end() {
    if (std::exchange(chunked_, false) && !asked_.head) append("0\r\n\r\n");
    return room();
}

Signal& Http1Exchange::gone() {
    if (peer_gone_.follows(peer_.gone)) return *gone_;
    peer_gone_.follow(peer_.gone);
    peer_ended_.follow(peer_.ended);
    peer_.watch();
    if (peer_.is_gone()) say_gone();
    if (peer_.has_ended()) peer_ended();
    return *gone_;
}

// A client may end its side with its request and read the answer all the same; one that went looks the same here.
void Http1Exchange::peer_ended() {
    half_closed_ =
        Timer{clock_, clock_.at(timers::half_closed, clock_.live() + wire_limits::http_half_closed, [this] { say_gone(); })};
}

void Http1Exchange::say_gone() {
    half_closed_.stop();
    if (!gone_->ended()) gone_->end();
}

}   // namespace sluice
