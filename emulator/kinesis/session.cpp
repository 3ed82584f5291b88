#include "emulator/kinesis/session.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/write.hpp>

#include "emulator/kinesis/dispatch.h"
#include "emulator/net/sending.h"
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

// An answer on its way: a large body is not copied behind its head.
struct Outgoing {
    static constexpr std::size_t most_copied = 4096;
    std::string head, body;
    std::vector<std::pair<std::string_view, std::string_view>> headers;   // while a head is written; kept for its room
    void clear() { head.clear(), body.clear(); }
    // Head and body of one answer. A HEAD request is told how long the body would be, and gets none (RFC 9110, 9.3.2).
    void put(const http::Request& request, unsigned status, std::string_view front, std::string&& rest) {
        http::append_head(head, status, headers, front.size() + rest.size(), request.keep_alive);
        if (request.method == "HEAD") return;
        head += front;
        if (rest.size() > most_copied) return void(body = std::move(rest));
        head += rest;
    }
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

void append_answer(Outgoing& out, streams::Engine& engine, DateText& date, Answer&& answer, const http::Request& request) {
    auto& random = engine.random();
    const std::string request_id = Random::uuid_text(random.uuid());
    auto& headers = out.headers;
    headers.clear();
    headers.emplace_back("x-amzn-RequestId", request_id);
    headers.emplace_back("Date", date.at(engine.default_world().clock->now()));
    ExtendedId id_2;
    if (answer.extended_id) {
        id_2 = extended_id(random);
        headers.emplace_back("x-amz-id-2", std::string_view{id_2.data(), id_2.size()});
    }
    if (!answer.content_type.empty()) headers.emplace_back("Content-Type", answer.content_type);
    for (const auto& [name, value] : answer.headers) headers.emplace_back(name, value);
    out.put(request, answer.status, answer.front, std::move(answer.body));
}

Task<void> serve_one(streams::Engine& engine, const DoorOptions& options, const http::Request& request, DateText& date,
                     Outgoing& out) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (is_side(path)) {
        SideAnswer answer{.status = 404, .content_type = "application/json", .body = "{}"};
        if (options.side) {
            SideRequest asked{std::string{request.method}, std::string{path}, std::string{request.body},
                              std::string{header(request.headers, "Authorization").value_or("")}, from_elsewhere(request)};
            answer = co_await options.side(std::move(asked));
        }
        out.headers.assign(1, {"Content-Type", answer.content_type});
        if (answer.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
        out.put(request, answer.status, {}, std::move(answer.body));
        co_return;
    }
    const auto serving = engine.default_world().clock->serve();   // ends before the answer leaves
    const RequestHead head{request.method, request.target, request.headers};
    auto answer = co_await dispatch(engine, options, head, request.body);
    append_answer(out, engine, date, std::move(answer), request);
}

// Offers the bytes to the kernel at once and suspends only for what it did not take.
Task<bool> write(Connection& to, const Outgoing& out) {
    auto& socket = to.socket;
    boost::system::error_code fault;
    std::array<asio::const_buffer, 2> rest{asio::buffer(out.head), asio::buffer(out.body)};
    const std::array<asio::const_buffer, 2> first{rest[0], asio::buffer(rest[1], most_sent_at_once)};
    const auto sent = socket.write_some(first, fault);
    if (fault && fault != asio::error::would_block) co_return false;
    const auto of_head = std::min(fault ? 0 : sent, out.head.size());
    rest[0] += of_head;
    rest[1] += (fault ? 0 : sent) - of_head;
    if (rest[0].size() + rest[1].size() == 0) co_return true;
    fault = {};
    auto token = asio::redirect_error(use_task, fault);
    const auto offer = [&to](const boost::system::error_code& error, std::size_t sent_so_far) {
        to.idle.touch();
        return offer_more(error, sent_so_far);
    };
    co_await asio::async_write(socket, rest, offer, token);
    co_return !fault;
}

// Closes in stages after a refusal: a client that writes its whole request first would otherwise be cut off by a reset and never
// read the answer (RFC 9112, 9.6).
Task<void> drain(Socket& socket, Clock& clock) {
    boost::system::error_code fault;
    socket.shutdown(asio::ip::tcp::socket::shutdown_send, fault);
    bool over = false;
    const Timer end{clock, clock.at(timers::drain, clock.live() + wire_limits::http_drain, [&] {
                        over = true;
                        boost::system::error_code ignored;
                        socket.cancel(ignored);
                    })};
    std::vector<char> dropped(64 * wire_limits::kib);
    for (std::size_t all = 0; !fault && !over && all < wire_limits::http_drain_bytes;) {
        auto token = asio::redirect_error(use_task, fault);
        all += co_await socket.async_read_some(asio::buffer(dropped), token);
    }
}

}   // namespace

Task<void> run_session(std::shared_ptr<Connection> held, streams::Engine& engine, const DoorOptions& options,
                       Receiving& receiving, const std::function<void(Foreign)>& met_foreign) {
    auto& socket = held->socket;
    boost::system::error_code fault;
    socket.set_option(asio::ip::tcp::no_delay{true}, fault);
    socket.non_blocking(true, fault);
    keep_alive(socket.native_handle());
    http::RequestReader reader;
    Sender sender{receiving, [&socket] {
                      boost::system::error_code ignored;
                      socket.cancel(ignored);
                  }};
    Outgoing out;
    DateText date;
    for (;;) {
        out.clear();
        bool last = false;
        const auto step = reader.next();
        if (const auto* request = std::get_if<http::Request>(&step)) {
            last = !request->keep_alive;
            held->serving = true;
            co_await serve_one(engine, options, *request, date, out);
            held->serving = false;
            held->idle.touch();
        } else if (const auto* refusal = std::get_if<http::Refusal>(&step)) {
            if (refusal->foreign != Foreign::none) met_foreign(refusal->foreign);
            http::append_head(out.head, refusal->status, {}, 0, false);
            if (co_await write(*held, out)) co_await drain(socket, *engine.default_world().clock);
            break;
        } else {
            if (std::get<http::NeedMore>(step).continue_expected) out.head = http::continue_response;
        }
        if (!out.head.empty()) {
            const bool written = co_await write(*held, out);
            if (!written || last) break;
            out.body = {};
        }
        if (std::holds_alternative<http::NeedMore>(step)) {
            const auto space = reader.space();
            sender.lacks_rest(reader.held());
            if (!sender.given_up()) {
                auto token = asio::redirect_error(use_task, fault);
                const auto got = co_await socket.async_read_some(
                    asio::buffer(space.data(), std::min(space.size(), most_received_at_once)), token);
                reader.received(got);
                sender.received(got);
                held->idle.touch();
            }
            if (sender.given_up()) {
                out.clear();
                http::append_head(out.head, 408, {}, 0, false);
                socket.write_some(asio::buffer(out.head), fault);   // room for it or not: it goes
                break;
            }
            if (fault) break;
        }
    }
    socket.shutdown(asio::ip::tcp::socket::shutdown_both, fault);
    held->close();
}

}   // namespace sluice::kinesis
