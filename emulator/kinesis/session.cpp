#include "emulator/kinesis/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>

#include "emulator/kinesis/dispatch.h"
#include "emulator/net/first_bytes.h"
#include "emulator/net/http1_exchange.h"
#include "protocol/http/request_reader.h"
#include "protocol/http/response.h"
#include "protocol/kinesis/base64.h"
#include "protocol/wire_limits.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t most_received_at_once = 1 << 20;   // into memory that is new: about a millisecond

// The paths that are not Kinesis (rule 27).
bool is_side(std::string_view path) {
    return path == "/health" || path == "/ready" || path == "/metrics" || path.starts_with("/_sluice/");
}

// A page of another site, opened in a browser on this machine, may send such requests too.
bool from_elsewhere(const http::Request& request) {
    auto origin = header(request.headers, "Origin");
    if (!origin) return false;
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin->starts_with(scheme)) return origin->substr(scheme.size()) != header(request.headers, "Host").value_or("");
    return true;
}

// The Date header, written anew once a second.
class DateText {
  public:
    std::string_view at(Time now) {
        const auto second = to_ms(now) / 1000;
        if (std::exchange(second_, second) != second)
            text_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
        return text_;
    }

  private:
    std::int64_t second_ = -1;
    std::string text_ = "Wed, 31 Dec 1969 23:59:59 GMT";
};

// The answers of one connection: its headers are kept for their room.
struct Answers {
    Exchange& out;
    DateText date{};
    std::vector<Exchange::Headers::value_type> headers{};
};

// x-amz-id-2: base64 of 64 to 80 bytes; ours always has 72, which needs no padding.
using ExtendedId = std::array<char, 96>;
ExtendedId extended_id(Random& random) {
    std::array<std::uint64_t, 9> words;
    for (auto& word : words) word = random.next();
    ExtendedId id;
    put_base64(id.data(), {reinterpret_cast<const char*>(words.data()), sizeof words});
    return id;
}

void put_answer(Answers& to, streams::Engine& engine, Answer&& answer) {
    auto& random = engine.random();
    const std::string request_id = Random::uuid_text(random.uuid());
    auto& headers = to.headers;
    headers.clear();
    headers.emplace_back("x-amzn-RequestId", request_id);
    headers.emplace_back("Date", to.date.at(engine.default_world().clock->now()));
    ExtendedId id_2;
    if (answer.extended_id) {
        id_2 = extended_id(random);
        headers.emplace_back("x-amz-id-2", std::string_view{id_2.data(), id_2.size()});
    }
    if (!answer.content_type.empty()) headers.emplace_back("Content-Type", answer.content_type);
    for (const auto& [name, value] : answer.headers) headers.emplace_back(name, value);
    to.out.head(answer.status, headers, answer.front.size() + answer.body.size());
    to.out.copy(answer.front);
    to.out.send(std::move(answer.body));
}

Task<void> serve_beside(const DoorOptions& options, const http::Request& request, std::string_view path, Answers& to) {
    SideAnswer answer{.status = 404, .content_type = "application/json", .body = "{}"};
    if (options.side) {
        SideRequest asked{std::string{request.method}, std::string{path},
                          std::string{request.body},   std::string{header(request.headers, "Authorization").value_or("")},
                          from_elsewhere(request),     &to.out.gone()};
        answer = co_await options.side(std::move(asked));
    }
    to.headers.assign(1, {"Content-Type", answer.content_type});
    if (answer.status == 401) to.headers.emplace_back("WWW-Authenticate", "Bearer");
    to.out.head(answer.status, to.headers, answer.body.size());
    to.out.send(std::move(answer.body));
}

Task<void> serve_one(streams::Engine& engine, const DoorOptions& options, const http::Request& request, Answers& to) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (is_side(path)) {
        auto beside = serve_beside(options, request, path, to);
        co_return co_await std::move(beside);
    }
    const auto serving = engine.default_world().clock->serve();   // ends before the answer leaves
    const RequestHead head{request.method, request.target, request.headers};
    auto answer = co_await dispatch(engine, options, head, request.body);
    put_answer(to, engine, std::move(answer));
}

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

}   // namespace

// g++ 12 sees Asio's allocation of a coroutine's frame and not that the frame is freed the same way.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
Task<void> run_session(std::shared_ptr<Connection> held, streams::Engine& engine, const DoorOptions& options,
                       Receiving& receiving, const std::function<void(Spoken)>& met_foreign) {
    auto& peer = *held->peer;
    auto& clock = *engine.default_world().clock;
    http::RequestReader reader;
    Sender sender{receiving, [&peer] { peer.cancel(); }};
    Http1Exchange exchange{peer, held->idle, clock};
    Answers answers{exchange};
    auto looking = first_bytes(peer, sender);
    if (const auto spoken = co_await std::move(looking); spoken != Spoken::http1 && spoken != Spoken::unknown)
        met_foreign(spoken);
    for (;;) {
        const auto step = reader.next();
        if (const auto* request = std::get_if<http::Request>(&step)) {
            exchange.begin({request->method == "HEAD", request->keep_alive, request->takes_chunks});
            held->serving = true;
            co_await serve_one(engine, options, *request, answers);
            held->serving = false;
            held->idle.touch();
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
#pragma GCC diagnostic pop

}   // namespace sluice::kinesis
