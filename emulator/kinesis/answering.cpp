#include "emulator/kinesis/answering.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>

#include "emulator/kinesis/dispatch.h"
#include "emulator/net/tls.h"
#include "protocol/kinesis/base64.h"

namespace sluice::kinesis {
namespace {

// The paths that are not Kinesis (rule 27).
bool is_side(std::string_view path) {
    return path == "/health" || path == "/ready" || path == "/metrics" || path == "/ca.pem" || path.starts_with("/_sluice/");
}

// What clients of the TLS door are to trust.
Task<SideAnswer> authority_page(Tls* tls, std::string_view method) {
    if (method != "GET" && method != "HEAD") co_return SideAnswer{.status = 405, .body = R"({"message":"use GET"})"};
    if (!tls) co_return SideAnswer{.status = 404, .body = R"({"message":"this server speaks no TLS"})"};
    auto asking = tls->authority();
    auto told = co_await std::move(asking);
    if (!told) co_return SideAnswer{.status = 404, .content_type = "text/plain; charset=utf-8", .body = told.error() + "\n"};
    co_return SideAnswer{.content_type = "application/x-pem-file", .body = *std::move(told)};
}

// A page of another site, opened in a browser on this machine, may send such requests too.
bool from_elsewhere(const http::Request& request) {
    auto origin = header(request.headers, "Origin");
    if (!origin) return false;
    for (const std::string_view scheme : {"http://", "https://"})
        if (origin->starts_with(scheme)) return origin->substr(scheme.size()) != header(request.headers, "Host").value_or("");
    return true;
}

// x-amz-id-2: base64 of 64 to 80 bytes; ours always has 72, which needs no padding.
using ExtendedId = std::array<char, 96>;
ExtendedId extended_id(Random& random) {
    std::array<std::uint64_t, 9> words;
    for (auto& word : words) word = random.next();
    ExtendedId id;
    put_base64(id.data(), {reinterpret_cast<const char*>(words.data()), sizeof words});
    return id;
}

void put_answer(Answers& to, Exchange& out, streams::Engine& engine, Answer&& answer, bool goes_on) {
    auto& random = engine.random();
    const std::string request_id = answer.request_id.empty() ? Random::uuid_text(random.uuid()) : std::move(answer.request_id);
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
    out.head(answer.status, headers, goes_on ? std::nullopt : std::optional{answer.front.size() + answer.body.size()});
    out.copy(answer.front);
    out.send(std::move(answer.body));
}

Task<void> serve_beside(const DoorOptions& options, const http::Request& request, std::string_view path, Answers& to,
                        Exchange& out) {
    SideAnswer answer{.status = 404, .content_type = "application/json", .body = "{}"};
    if (path == "/ca.pem") {
        auto page = authority_page(options.tls, request.method);
        answer = co_await std::move(page);
    } else if (options.side) {
        SideRequest asked{std::string{request.method}, std::string{path},
                          std::string{request.body},   std::string{header(request.headers, "Authorization").value_or("")},
                          from_elsewhere(request),     &out.gone()};
        answer = co_await options.side(std::move(asked));
    }
    to.headers.assign(1, {"Content-Type", answer.content_type});
    if (answer.status == 401) to.headers.emplace_back("WWW-Authenticate", "Bearer");
    out.head(answer.status, to.headers, answer.body.size());
    out.send(std::move(answer.body));
}

}   // namespace

std::string_view DateText::at(Time now) {
    const auto second = to_ms(now) / 1000;
    if (std::exchange(second_, second) != second)
        text_ = fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(static_cast<std::time_t>(second)));
    return text_;
}

Task<Push> answer_request(streams::Engine& engine, const DoorOptions& options, const http::Request& request, Answers& to,
                          Exchange& out) {
    const auto path = request.target.substr(0, request.target.find('?'));
    if (is_side(path)) {
        auto beside = serve_beside(options, request, path, to, out);
        co_await std::move(beside);
        co_return Push{};
    }
    auto serving = engine.default_world().clock->serve();   // ends before the answer leaves
    Asker asker{out, serving};
    const RequestHead head{request.method, request.target, request.headers};
    Push push;
    auto answer = co_await dispatch(engine, options, head, request.body, push, &asker);
    put_answer(to, out, engine, std::move(answer), static_cast<bool>(push));
    co_return push;
}

}   // namespace sluice::kinesis
