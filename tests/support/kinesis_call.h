// One Kinesis request as a client's, from body to answer, without a socket: for tests of what the door says on manual time.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "emulator/kinesis/dispatch.h"
#include "protocol/kinesis/event_stream.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/signer.h"

namespace sluice::test {

// The members of an answer in JSON; none of one that is empty, or a stream of events.
inline nlohmann::json fields_of(const kinesis::Answer& answer) {
    if (answer.body.empty() || answer.content_type == kinesis::event_stream_type) return nlohmann::json::object();
    return nlohmann::json::parse(answer.front + answer.body);
}

// Has its answer when there is one: a call may wait for something.
using Begun = std::shared_ptr<std::optional<kinesis::Answer>>;

// What the answer goes on with goes to `pushed`, which outlives the call.
inline Begun begin_call(World& world, const kinesis::DoorOptions& options, HttpRequest request, kinesis::Push& pushed) {
    const auto told = std::make_shared<std::optional<kinesis::Answer>>();
    auto serving = [](World& in, const kinesis::DoorOptions& with, HttpRequest what, kinesis::Push& into,
                      Begun answered) -> Task<void> {
        const auto headers = what.views();
        const auto held = in.clock().serve();   // as a session holds it
        kinesis::Push push;
        auto answering = kinesis::dispatch(*in.engine, with, {what.method, what.target, headers}, what.body, push);
        *answered = co_await std::move(answering);
        if (push) into = std::move(push);
    };
    auto task = serving(world, options, std::move(request), pushed, told);
    asio::co_spawn(*world.io, std::move(task), [](std::exception_ptr error) {
        if (error) std::rethrow_exception(error);
    });
    world.settle();
    return told;
}

// The answer to a request that waits for nothing.
inline kinesis::Answer answer_to(World& world, const kinesis::DoorOptions& options, HttpRequest request, kinesis::Push& pushed) {
    return begin_call(world, options, std::move(request), pushed)->value_or(kinesis::Answer{});
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
        const auto told = begin(operation, text, content_type);
        return told->value_or(kinesis::Answer{});
    }
    Begun begin(std::string_view operation, const std::string& text,
                std::string_view content_type = "application/x-amz-json-1.1") {
        const auto authorization = "AWS4-HMAC-SHA256 Credential=" + key + "/20231114/" + region +
                                   "/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        return begin_call(world, options,
                          {.body = text,
                           .headers = {{"Content-Type", std::string{content_type}},
                                       {"X-Amz-Target", "Kinesis_20131202." + std::string{operation}},
                                       {"X-Amz-Date", "20231114T221320Z"},
                                       {"Authorization", authorization}}},
                          pushed);
    }
    // The result's fields; a refusal has "__type" and "message".
    nlohmann::json ask(std::string_view operation, const nlohmann::json& body) {
        const auto told = answer(operation, body);
        return fields_of(told);
    }
};

}   // namespace sluice::test
