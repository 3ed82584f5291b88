// One Kinesis request as a client's, from body to answer, without a socket: for tests of what the door says on manual time.
#pragma once

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "emulator/kinesis/dispatch.h"
#include "tests/support/engine_fixture.h"

namespace sluice::test {

struct Caller {
    World& world;
    std::string key = "test", region = "us-east-1";
    kinesis::DoorOptions options = {};

    kinesis::Answer answer(std::string_view operation, const nlohmann::json& body) {
        const auto authorization = "AWS4-HMAC-SHA256 Credential=" + key + "/20231114/" + region +
                                   "/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00";
        const auto target = "Kinesis_20131202." + std::string{operation};
        const std::pair<std::string_view, std::string_view> headers[]{{"Content-Type", "application/x-amz-json-1.1"},
                                                                      {"X-Amz-Target", target},
                                                                      {"X-Amz-Date", "20231114T221320Z"},
                                                                      {"Authorization", authorization}};
        const kinesis::RequestHead head{"POST", "/", headers};
        const auto text = body.dump();
        kinesis::Answer told;
        auto serving = [&, this]() -> Task<void> {
            const auto held = world.clock().serve();   // as a session holds it
            told = co_await kinesis::dispatch(*world.engine, options, head, text);
        };
        auto task = serving();
        asio::co_spawn(*world.io, std::move(task), [](std::exception_ptr error) {
            if (error) std::rethrow_exception(error);
        });
        world.settle();
        return told;
    }
    // The result's fields; a refusal has "__type" and "message".
    nlohmann::json ask(std::string_view operation, const nlohmann::json& body) {
        const auto told = answer(operation, body);
        return told.body.empty() ? nlohmann::json::object() : nlohmann::json::parse(told.front + told.body);
    }
};

}   // namespace sluice::test
