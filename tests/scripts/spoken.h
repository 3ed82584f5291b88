// A Kafka API as text speaks it: its name finds a request's and its answer's declaration, which make a frame of JSON and JSON of
// a frame. What plays scripts and what speaks to two servers at once (tests/diff) share it.
#pragma once

#include "protocol/kafka/all_messages.h"
#include "protocol/kafka/frame.h"
#include "tests/scripts/kafka_text.h"

namespace sluice::test {

// A request's and its answer's type, seen through pointers.
struct Spoken {
    kafka::Api api;
    kafka::Blob (*request)(const Json& fields, int version, std::int64_t now_ms, std::int32_t correlation_id,
                           std::string_view client_id, bool any_version);
    std::string (*print)(kafka::Bytes frame, int version);
};

template <class Request, class Response>
Spoken spoken() {
    return {.api = Request::api,
            .request =
                [](const Json& fields, int version, std::int64_t now_ms, std::int32_t correlation_id, std::string_view client_id,
                   bool any_version) {
                    kafka::Arena arena;
                    Request request{};
                    FromText{version, now_ms, arena, any_version}.fill(request, fields);
                    return kafka::encode_request(request, version, correlation_id, client_id);
                },
            .print =
                [](kafka::Bytes frame, int version) {
                    const auto header = kafka::read_answer_header(frame, Response::api, version);
                    kafka::Arena arena;
                    Response response{};
                    if (!header || !kafka::decode(header->body, version, arena, response))
                        throw std::runtime_error{"the answer is no " + std::string{Response::api.name}};
                    return kafka::print(response, version);
                }};
}

inline Spoken spoken_by(std::string_view name, kafka::Messages<>) { throw std::runtime_error{"no API " + std::string{name}}; }
template <class Request, class Response, class... More>
Spoken spoken_by(std::string_view name, kafka::Messages<Request, Response, More...>) {
    if (Request::api.name == name) return spoken<Request, Response>();
    return spoken_by(name, kafka::Messages<More...>{});
}
inline Spoken spoken_by(std::string_view name) { return spoken_by(name, kafka::AllMessages{}); }

}   // namespace sluice::test
