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
        const auto told = begin(operation, text, content_type);
        return told->value_or(kinesis::Answer{});
    }
    // Has its answer when there is one: a call may wait for something.
    using Begun = std::shared_ptr<std::optional<kinesis::Answer>>;
    Begun begin(std::string_view operation, const std::string& text,
                std::string_view content_type = "application/x-amz-json-1.1") {
        const auto told = std::make_shared<std::optional<kinesis::Answer>>();
        auto task = serve(*this, std::string{operation}, text, std::string{content_type}, told);
        asio::co_spawn(*world.io, std::move(task), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
        world.settle();
        return told;
    }
    // The result's fields; a refusal has "__type" and "message".
    nlohmann::json ask(std::string_view operation, const nlohmann::json& body) {
        const auto told = answer(operation, body);
        return fields_of(told);
    }

  private:
    static Task<void> serve(Caller& caller, std::string operation, std::string text, std::string content_type, Begun told) {
        const auto authorization = "AWS4-HMAC-SHA256 Credential=" + caller.key + "/20231114/" + caller.region +
                                   "/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        const auto target = "Kinesis_20131202." + operation;
        const std::pair<std::string_view, std::string_view> headers[]{{"Content-Type", content_type},
                                                                      {"X-Amz-Target", target},
                                                                      {"X-Amz-Date", "20231114T221320Z"},
                                                                      {"Authorization", authorization}};
        const kinesis::RequestHead head{"POST", "/", headers};
        const auto held = caller.world.clock().serve();   // as a session holds it
        kinesis::Push push;
        auto answering = kinesis::dispatch(*caller.world.engine, caller.options, head, text, push);
        *told = co_await std::move(answering);
        if (push) caller.pushed = std::move(push);
    }
};

}   // namespace sluice::test
