// One Kinesis request as a client's, from body to answer, without a socket: for tests of what the door says on manual time.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "emulator/kinesis/dispatch.h"
#include "protocol/kinesis/event_stream.h"
#include "tests/support/engine_fixture.h"

namespace sluice::test {

// The members of an answer in JSON; none of one that is empty, or a stream of events.
inline nlohmann::json fields_of(const kinesis::Answer& answer) {
    if (answer.body.empty() || answer.content_type == kinesis::event_stream_type) return nlohmann::json::object();
    return nlohmann::json::parse(answer.front + answer.body);
}

// The answer to a request as it is sent; what it goes on with goes to `pushed`.
inline kinesis::Answer answer_to(World& world, const kinesis::DoorOptions& options, const kinesis::RequestHead& head,
                                 std::string_view body, kinesis::Push& pushed) {
    kinesis::Answer told;
    auto serving = [&]() -> Task<void> {
        const auto held = world.clock().serve();   // as a session holds it
        kinesis::Push push;
        told = co_await kinesis::dispatch(*world.engine, options, head, body, push);
        if (push) pushed = std::move(push);
    };
    auto task = serving();
    asio::co_spawn(*world.io, std::move(task), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    world.settle();
    return told;
}

struct Caller {
    World& world;
    std::string key = "test", region = "us-east-1";
    kinesis::DoorOptions options = {};
    kinesis::Push pushed = {};   // what the last answer that goes on goes on with

    kinesis::Answer answer(std::string_view operation, const nlohmann::json& body) { return answer_text(operation, body.dump()); }
    // The body as it is sent, which need not be JSON.
    kinesis::Answer answer_text(std::string_view operation, const std::string& text,
                                std::string_view content_type = "application/x-amz-json-1.1") {
        const auto authorization = "AWS4-HMAC-SHA256 Credential=" + key + "/20231114/" + region +
                                   "/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        const auto target = "Kinesis_20131202." + std::string{operation};
        const std::pair<std::string_view, std::string_view> headers[]{{"Content-Type", content_type},
                                                                      {"X-Amz-Target", target},
                                                                      {"X-Amz-Date", "20231114T221320Z"},
                                                                      {"Authorization", authorization}};
        const kinesis::RequestHead head{"POST", "/", headers};
        return answer_to(world, options, head, text, pushed);
    }
    // The result's fields; a refusal has "__type" and "message".
    nlohmann::json ask(std::string_view operation, const nlohmann::json& body) {
        const auto told = answer(operation, body);
        return fields_of(told);
    }
};

}   // namespace sluice::test
