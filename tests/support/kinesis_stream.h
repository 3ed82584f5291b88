// A Kinesis stream "s" of one shard on a clock that stands, and requests that name it by themselves.
#pragma once

#include "tests/support/kinesis_call.h"

namespace sluice::test {

struct KinesisStream {
    explicit KinesisStream(streams::EngineOptions options = {}) : world(std::move(options)) {
        world.clock().freeze();
        caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
        world.clock().advance(world.options.state_delay);
        world.settle();
    }
    nlohmann::json ask(const char* operation, nlohmann::json body) {
        if (!body.contains("StreamName") && !body.contains("StreamARN") && !body.contains("ResourceARN"))
            body["StreamName"] = "s";
        return caller.ask(operation, body);
    }
    // What a request is refused with; empty when it is answered.
    std::string refusal(const char* operation, const nlohmann::json& body) {
        const auto told = ask(operation, body);
        return told.contains("message") ? told["__type"].get<std::string>() + ": " + told["message"].get<std::string>() : "";
    }
    World world;
    Caller caller{world};
};

}   // namespace sluice::test
