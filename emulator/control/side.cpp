#include "emulator/control/side.h"

#include <google/protobuf/util/json_util.h>

#include <boost/asio/co_spawn.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "protocol/wire_limits.h"

namespace sluice::control {

namespace {

constexpr std::string_view prefix = "/_sluice/v1/";

SideAnswer fault(const Error& error) {
    static constexpr struct {
        unsigned status;
        const char* code;
    } said[] = {{400, "INVALID_ARGUMENT"}, {404, "NOT_FOUND"},       {409, "FAILED_PRECONDITION"}, {429, "RESOURCE_EXHAUSTED"},
                {500, "INTERNAL"},         {401, "UNAUTHENTICATED"}, {403, "PERMISSION_DENIED"}};
    const auto& [status, code] = said[static_cast<std::size_t>(error.kind)];
    // A text may quote what was sent, which need not be UTF-8.
    using Json = nlohmann::ordered_json;
    return {.status = status,
            .body = Json{{"code", code}, {"message", error.text}}.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

template <class Request>
Result<Request> parse(const std::string& body) {
    Request request;
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) return request;
    const auto status = google::protobuf::util::JsonStringToMessage(body, &request);
    if (!status.ok()) return std::unexpected{Error{Error::Kind::invalid, std::string{status.message()}}};
    return request;
}

template <class Request>
Task<SideAnswer> unary(Service& service, SideRequest asked) {
    auto request = parse<Request>(asked.body);
    if (!request) co_return fault(request.error());
    auto task = service.handle(*std::move(request));
    const auto result = co_await std::move(task);
    if (!result) co_return fault(result.error());
    co_return SideAnswer{.body = to_json(*result)};
}

// A stream as an answer with an end: a line each. It ends early when the server stops or nobody waits for it any more.
template <class Message>
struct Collected final : Sink<Message> {
    struct Ends final : Follower {
        explicit Ends(Collected& what) : of(what) {}
        void fired() override { of.end(); }
        Collected& of;
    };
    Collected(std::size_t limit, Signal& stopping, Signal* gone) : most(limit) {
        ends[0].follow(stopping);
        if (gone) ends[1].follow(*gone);
        if (stopping.ended() || (gone && gone->ended())) end();
    }
    void push(Message message) override {
        lines += to_json(message) + "\n";
        if (++count == most) end();
    }
    bool full() const override { return this->closed; }
    void end() {
        this->closed = true;
        this->changed.fire();
    }
    Ends ends[2]{Ends{*this}, Ends{*this}};
    std::size_t most, count = 0;
    std::string lines;
};

// Where the answer to a streaming call ends.
struct End {
    std::size_t lines;
    std::optional<milliseconds> within{};   // of the world's time
};
End end_of(v1::WatchThrottlesRequest&) { return {.lines = 1, .within = wire_limits::http_stream_wait}; }
End end_of(v1::TailRequest& request) {
    request.set_only_stored(true);
    if (request.start_case() == v1::TailRequest::START_NOT_SET) request.set_from_start(true);
    return {.lines = wire_limits::http_stream_lines};
}

template <class Request, class Message>
Task<SideAnswer> stream(Service& service, SideRequest asked) {
    auto request = parse<Request>(asked.body);
    if (!request) co_return fault(request.error());
    const auto end = end_of(*request);
    const auto sink = std::make_shared<Collected<Message>>(end.lines, service.stopping(), asked.gone);
    auto& clock = *service.engine().default_world().clock;
    Timer wait;
    if (end.within) wait = Timer{clock, clock.within(timers::http_watch, *end.within, [sink] { sink->end(); })};
    auto task = service.stream(*std::move(request), sink);
    const auto result = co_await std::move(task);
    if (!result) co_return fault(result.error());
    co_return SideAnswer{.content_type = "application/x-ndjson", .body = std::move(sink->lines)};
}

using Route = Task<SideAnswer> (*)(Service&, SideRequest);
#define CALL(name, answer, word) {#name, &unary<v1::name##Request>},
#define STREAM(name, message, word) {#name, &stream<v1::name##Request, v1::message>},
const std::map<std::string_view, Route> routes{SLUICE_CONTROL_CALLS(CALL, STREAM)};
#undef CALL
#undef STREAM

}   // namespace

std::string to_json(const google::protobuf::Message& message) {
    google::protobuf::util::JsonPrintOptions options;
    options.always_print_primitive_fields = true;
    std::string out;
    (void)google::protobuf::util::MessageToJsonString(message, &out, options);   // fails only for a broken Any or an invalid time
    return out;
}

Task<SideAnswer> answer(Service& service, SideRequest request) {
    const std::string_view path = request.path;
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (path == "/health" || path == "/ready") {
        if (!get) co_return SideAnswer{.status = 405, .body = R"({"message":"use GET"})"};
        auto said = unary<v1::HealthRequest>(service, {});
        auto answer = co_await std::move(said);
        if (path == "/ready" && !service.ready()) answer.status = 503;
        co_return answer;
    }
    if (path == "/metrics") {
        if (!get) co_return SideAnswer{.status = 405, .body = R"({"message":"use GET"})"};
        auto page = service.metrics();
        auto text = co_await std::move(page);
        co_return SideAnswer{.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(text)};
    }
    if (request.from_elsewhere)
        co_return fault({Error::Kind::forbidden, "a web page of another origin may not call the control plane"});
    if (const auto admitted = service.admit(request.authorization); !admitted && path != "/_sluice/v1/Health")
        co_return fault(admitted.error());
    const auto route = path.starts_with(prefix) ? routes.find(path.substr(prefix.size())) : routes.end();
    if (route == routes.end()) {
        std::string names;
        for (const auto& [name, handler] : routes) names += (names.empty() ? "" : ", ") + std::string{name};
        co_return fault({Error::Kind::not_found, "there is no such control call; POST /_sluice/v1/ and one of " + names});
    }
    if (request.method != "POST") co_return SideAnswer{.status = 405, .body = R"({"message":"use POST"})"};
    auto task = route->second(service, std::move(request));
    co_return co_await std::move(task);
}

}   // namespace sluice::control
