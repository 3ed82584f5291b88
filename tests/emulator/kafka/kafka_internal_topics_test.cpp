// The topics in which Kafka keeps its books: when they appear, who sees them, what a restart, a reset and a full store do.
// tests/scripts/kafka/internal_topics.txt has what each API answers about them.
#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kinesis/dispatch.h"
#include "protocol/kafka/all_messages.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::kafka;
using nlohmann::json;

namespace {

ErrorCode find_coordinator(Client& client, std::int8_t type = 0) {
    FindCoordinatorRequest request;
    request.key = "k";
    request.key_type = type;
    return client.ask<FindCoordinatorResponse>(request, 3)->error_code;
}

// Name, partitions and, with a !, that it is internal, as Metadata of all topics says.
std::vector<std::string> all_topics(Client& client) {
    MetadataRequest request;
    request.topics.reset();
    const auto answer = client.ask<MetadataResponse>(request, 12);
    std::vector<std::string> told;
    for (const auto& topic : answer->topics)
        told.push_back(*topic.name + " " + std::to_string(topic.partitions.size()) + (topic.is_internal ? "!" : ""));
    return told;
}

using Topics = std::vector<std::string>;

}   // namespace

TEST_CASE("Kafka's own topics appear with the first look for a coordinator, and stay over a restart") {
    Server server;
    {
        Client client(server);
        CHECK(all_topics(client).empty());
        CHECK(find_coordinator(client) == ErrorCode::none);
        CHECK(all_topics(client) == Topics{"__consumer_offsets 50!"});
        const auto id = server.engine->find(server.world(), offsets_topic)->topic_id;
        CHECK(find_coordinator(client) == ErrorCode::none);
        CHECK(find_coordinator(client, 1) == ErrorCode::none);
        CHECK(server.engine->find(server.world(), offsets_topic)->topic_id == id);
    }
    server.reopen();
    Client client(server);
    CHECK(all_topics(client) == Topics{"__consumer_offsets 50!", "__transaction_state 50!"});
    server.engine->reset(server.world());
    server.turn();
    CHECK(all_topics(client).empty());
}

TEST_CASE("a look for a coordinator of a kind that there is not makes no topic") {
    Server server;
    Client client(server);
    CHECK(find_coordinator(client, 3) == ErrorCode::invalid_request);
    CHECK(all_topics(client).empty());
}

TEST_CASE("Metadata makes one that is named when it may make topics, with its partitions and not as a provisional topic") {
    Server server;
    Client client(server);
    const MetadataRequest::Topic named{.topic_id = {}, .name = "__share_group_state"};
    MetadataRequest request;
    request.topics = Array<MetadataRequest::Topic>{&named, 1};
    request.allow_auto_topic_creation = false;
    CHECK(client.ask<MetadataResponse>(request, 12)->topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    request.allow_auto_topic_creation = true;
    const auto made = client.ask<MetadataResponse>(request, 12);
    CHECK(made->topics.at(0).error_code == ErrorCode::none);
    CHECK(made->topics.at(0).is_internal);
    CHECK(made->topics.at(0).partitions.size() == 50);
    CHECK_FALSE(server.engine->find(server.world(), shares_topic)->provisional);
}

TEST_CASE("a coordinator is ready also where there is no room for its topic") {
    Server server;
    auto& store = make_failing(server);
    Client client(server);
    store.fail(1);
    CHECK(find_coordinator(client) == ErrorCode::none);
    CHECK(all_topics(client).empty());
    CHECK(find_coordinator(client) == ErrorCode::none);
    CHECK(all_topics(client) == Topics{"__consumer_offsets 50!"});
}

TEST_CASE("what commits of groups and transactions do leaves the topics empty") {
    Server server;
    server.create("t");
    Client client(server);
    REQUIRE(find_coordinator(client) == ErrorCode::none);
    const OffsetCommitRequest::Partition p{
        .partition_index = 0, .committed_offset = 3, .committed_leader_epoch = -1, .committed_metadata = "m"};
    const OffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
    OffsetCommitRequest commit;
    commit.group_id = "g";
    commit.topics = {&t, 1};
    REQUIRE(client.ask<OffsetCommitResponse>(commit, 8)->topics[0].partitions[0].error_code == ErrorCode::none);
    for (const auto& shard : server.engine->find(server.world(), offsets_topic)->shards)
        CHECK(server.engine->bounds(*shard).end == 0);
}

TEST_CASE("Kinesis does not see Kafka's own topics, whoever made them, and makes none of their names") {
    test::World world;
    test::Caller caller{.world = world};
    streams::Engine::NewStream wanted;
    wanted.name = offsets_topic;
    wanted.internal = true;
    wanted.shards = 50;
    REQUIRE(world.engine->create(world.engine->default_world(), wanted));
    world.settle();
    CHECK(caller.ask("ListStreams", json::object())["StreamNames"].empty());
    CHECK(caller.ask("DescribeLimits", json::object())["OpenShardCount"] == 0);
    const json named{{"StreamName", offsets_topic}};
    for (const auto* operation : {"DescribeStream", "DescribeStreamSummary", "ListShards", "DeleteStream"})
        CHECK(caller.ask(operation, named)["__type"] == "ResourceNotFoundException");
    CHECK(caller.ask("PutRecord", {{"StreamName", offsets_topic}, {"PartitionKey", "k"}, {"Data", "YQ=="}})["__type"] ==
          "ResourceNotFoundException");
    for (const auto name : {offsets_topic, transactions_topic})
        CHECK(caller.ask("CreateStream", {{"StreamName", name}, {"ShardCount", 1}})["__type"] == "InvalidArgumentException");
}
