#include "emulator/kinesis/session.h"

#include "emulator/kinesis/answering.h"
#include "emulator/kinesis/session_http2.h"
#include "emulator/net/first_bytes.h"
#include "emulator/net/http1_exchange.h"
#include "emulator/net/tls_peer.h"
#include "protocol/http/request_reader.h"
#include "protocol/http/response.h"
#include "protocol/wire_limits.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t most_received_at_once = 1 << 20;   // into memory that is new: about a millisecond

// Closes in stages after a refusal: a client that writes its whole request first would otherwise be cut off by a reset and never
// read the answer (RFC 9112, 9.6).
Task<void> drain(Peer& peer, Clock& clock) {
    peer.finish();
    bool over = false;
    const Timer end{clock, clock.at(timers::drain, clock.live() + wire_limits::http_drain, [&] {
                        over = true;
                        peer.cancel();
                    })};
    std::vector<std::byte> dropped(64 * wire_limits::kib);
    for (std::size_t all = 0; !over && all < wire_limits::http_drain_bytes;) {
        auto reading = peer.read_some(dropped);
        const auto count = co_await std::move(reading);
        if (count == 0) break;
        all += count;
    }
}

// What the client is told when a request can go no further. The connection ends with it.
void refuse(Http1Exchange& exchange, unsigned status) {
    exchange.begin({.keep_alive = false});
    exchange.head(status, {}, 0);
}

// The connection goes on over TLS. False: it does not.
Task<bool> secure(Connection& held, Tls& tls, Sender& sender, const std::function<void(std::string_view)>& failed) {
    auto accepting = TlsPeer::accept(held.peer, tls, sender);
    auto secured = co_await std::move(accepting);
    if (!secured && !secured.error().empty()) failed(secured.error());
    if (secured && held.peer->is_gone()) co_return false;   // closed meanwhile
    if (secured) held.peer = *std::move(secured);
    held.idle.touch();
    co_return secured.has_value();
}

// g++ 12 sees Asio's allocation of a coroutine's frame and not that the frame is freed the same way.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
Task<void> run_http1_session(std::shared_ptr<Connection> held, streams::Engine& engine, const DoorOptions& options,
                             Sender& sender) {
    auto& peer = *held->peer;
    auto& clock = *engine.default_world().clock;
    http::RequestReader reader;
    Http1Exchange exchange{peer, held->idle, clock};
    Answers answers;
    for (;;) {
        const auto step = reader.next();
        if (const auto* request = std::get_if<http::Request>(&step)) {
            exchange.begin({request->method == "HEAD", request->keep_alive, request->takes_chunks});
            held->serving = 1;
            auto push = co_await answer_request(engine, options, *request, answers, exchange);
            held->serving = 0;
            held->idle.touch();
            if (push) co_await push(exchange);
            if (!co_await exchange.end() || !exchange.keeps_alive()) break;
            continue;
        }
        if (const auto* refusal = std::get_if<http::Refusal>(&step)) {
            refuse(exchange, refusal->status);
            if (co_await exchange.end()) co_await drain(peer, clock);
            break;
        }
        if (std::get<http::NeedMore>(step).continue_expected) {
            asio::const_buffer interim = asio::buffer(http::continue_response);
            if (!co_await peer.write({&interim, 1}, held->idle)) break;
        }
        const auto space = reader.space();
        sender.lacks_rest(reader.held());
        std::size_t count = 0;
        if (!sender.given_up()) {
            auto reading = peer.read_some(std::as_writable_bytes(space.first(std::min(space.size(), most_received_at_once))));
            count = co_await std::move(reading);
            reader.received(count);
            sender.received(count);
            held->idle.touch();
        }
        if (sender.given_up()) {
            std::string last;
            http::append_head(last, 408, {}, 0, false);
            const asio::const_buffer bytes = asio::buffer(last);
            (void)peer.try_write({&bytes, 1});   // room for it or not: it goes
            break;
        }
        if (count == 0) break;
    }
    peer.finish();
    held->close();
}

}   // namespace

Task<void> run_session(std::shared_ptr<Connection> held, streams::Engine& engine, const DoorOptions& options,
                       Receiving& receiving, const Met& met) {
    Sender sender{receiving, [&held] { held->peer->cancel(); }};
    auto looking = first_bytes(*held->peer, sender);
    auto spoken = co_await std::move(looking);
    if (spoken == Spoken::tls && options.tls) {
        auto securing = secure(*held, *options.tls, sender, met.failed_handshake);
        if (!co_await std::move(securing)) {
            held->peer->finish();
            co_return held->close();
        }
        auto again = first_bytes(*held->peer, sender);
        spoken = co_await std::move(again);
    }
    if (spoken == Spoken::http2) co_return co_await run_http2_session(held, engine, options, sender);
    if (spoken != Spoken::http1 && spoken != Spoken::unknown) met.foreign(spoken);
    co_await run_http1_session(held, engine, options, sender);
}
#pragma GCC diagnostic pop

}   // namespace sluice::kinesis
