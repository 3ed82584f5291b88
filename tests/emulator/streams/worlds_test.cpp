// Rule 1: there is one world until more are made, and the store and the control plane are ready for them.
#include <doctest/doctest.h>
#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <set>

#include "protocol/kafka/messages/describe_cluster.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "tests/support/control_fixture.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using nlohmann::json;

namespace {

// Every kind of key: streams with producers and usage, a group with offsets, what the doors keep.
void fill(kafka::Server& server) {
    auto stream = server.create("s", 1, "kinesis");
    kafka::Client client(server);
    CHECK(kafka::produce(client, "s", 0,
                         kafka::batch_of({"x"}, 1'700'000'000'000, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}))
              .base_offset == 0);
    const kafka::OffsetCommitRequest::Partition p{.partition_index = 0, .committed_offset = 1, .committed_metadata = ""};
    const kafka::OffsetCommitRequest::Topic t{.name = "s", .topic_id = {}, .partitions = {&p, 1}};
    kafka::OffsetCommitRequest request;
    request.group_id = "g";
    request.topics = {&t, 1};
    client.ask<kafka::OffsetCommitResponse>(request, 8);
    client.ask<kafka::DescribeClusterResponse>(kafka::DescribeClusterRequest{}, 1);
    REQUIRE(server.engine->register_consumer(*stream, "reader", {}));
    REQUIRE(server.engine->split(*stream, 0, {std::uint64_t{1} << 63, 0}));
    server.engine->next_producer_id(server.world());
    server.clock().advance(std::chrono::hours{2});
    // The stream is touched again, which writes the span of usage before.
    CHECK(kafka::produce(client, "s", 1, kafka::batch_of({"y"})).error_code == kafka::ErrorCode::none);
    server.turn();
    server.engine->flush();
}

}   // namespace

TEST_CASE(
    "every stored key begins with its world's number, or none for the folder's own records, and a letter that says what it is") {
    kafka::Server server;
    fill(server);
    std::set<char> kinds;
    int keys = 0;
    server.store->snapshot()->scan("", [&](std::string_view key, std::string_view) {
        ++keys;
        REQUIRE(key.size() >= 5);
        CHECK(key.substr(0, 4) == std::string(4, key[4] == 'F' || key[4] == 'W' ? '\xFF' : '\0'));
        kinds.insert(key[4]);
        return true;
    });
    CHECK(keys > 8);
    CHECK(std::string(kinds.begin(), kinds.end()) == "CDFHMNPRSUW");
}

TEST_CASE("every control request has a world, empty for the default one, and an unknown one is refused by name") {
    test::Control c;
    c.world.create("s");
    const auto* service = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName("sluice.control.v1.Control");
    REQUIRE(service);
    REQUIRE(service->method_count() >= 17);
    for (int i = 0; i < service->method_count(); ++i) {
        const auto& method = *service->method(i);
        CAPTURE(method.name());
        const auto* world = method.input_type()->FindFieldByName("world");
        REQUIRE(world);
        CHECK(world->type() == google::protobuf::FieldDescriptor::TYPE_STRING);
        json request{{"world", "nowhere"}};
        if (method.input_type()->FindFieldByName("stream")) request["stream"] = "s";
        const auto refused = c.http("POST", "/_sluice/v1/" + method.name(), request.dump());
        CHECK(refused.status == 404);
        CHECK(json::parse(refused.body) ==
              json{{"code", "NOT_FOUND"}, {"message", "there is no world 'nowhere'; leave it empty for the default one"}});
    }
    CHECK(c.http("POST", "/_sluice/v1/GetClock", R"({"world":"default"})").status == 200);
    CHECK(c.http("POST", "/_sluice/v1/GetClock", R"({"world":""})").status == 200);
}
