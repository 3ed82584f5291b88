// DescribeConfigs, compared with a Kafka 4.4.0 node that was sent the same requests.
#include "emulator/kafka/configs/configs.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Result = DescribeConfigsResponse::Result;

Result describe(Client& client, std::int8_t type, std::string_view name, std::optional<std::vector<std::string_view>> keys,
                int version = 4, bool documentation = true) {
    DescribeConfigsRequest::Resource r{.resource_type = type, .resource_name = name, .configuration_keys = std::nullopt};
    if (keys) r.configuration_keys = Array<std::string_view>{keys->data(), keys->size()};
    return client
        .ask<DescribeConfigsResponse>(
            DescribeConfigsRequest{.resources = {&r, 1}, .include_synonyms = true, .include_documentation = documentation},
            version)
        ->results.at(0);
}

std::string origins(const DescribeConfigsResponse::Config& config) {
    std::string told = config.value.value_or("null") + " from " + std::to_string(config.config_source) + ":";
    for (const auto& s : config.synonyms) told += " " + s.name + "=" + s.value.value_or("null") + "/" + std::to_string(s.source);
    return told;
}

std::string refusal(const Result& result) {
    return std::to_string(static_cast<int>(result.error_code)) + ": " + result.error_message.value_or("null");
}

}   // namespace

TEST_CASE(
    "an empty list of keys asks for every setting, as null does; a key that does not exist is left out, one named twice told once") {
    Server server;
    server.create("t");
    Client client(server);
    for (const auto type : std::initializer_list<std::int8_t>{2, 4, 8, 16, 32}) {
        const auto* name = type == 2 ? "t" : "1";
        const auto all = describe(client, type, name, std::nullopt);
        CHECK(all.error_code == ErrorCode::none);
        CHECK(all.error_message == "");
        CHECK_FALSE(all.configs.empty());
        CHECK(describe(client, type, name, std::vector<std::string_view>{}).configs.size() == all.configs.size());
    }
    CHECK(describe(client, 2, "t", std::nullopt).configs.size() == 38);    // Kafka's 37 and sluice.sealed.produce
    CHECK(describe(client, 4, "1", std::nullopt).configs.size() == 353);   // two of the authorizer, which Kafka leaves out
    CHECK(describe(client, 2, "t", {{"retention.ms", "nope", "retention.ms"}}).configs.size() == 1);
}

TEST_CASE("synonyms say where a value comes from, nearest first") {
    DoorOptions options;
    options.configs = {{"log.segment.bytes", "2000000"}, {"log.retention.hours", "1"}};
    Server server(options);
    Client client(server);
    const CreateTopicsRequest::Config configs[] = {{.name = "cleanup.policy", .value = "compact"},
                                                   {.name = "min.insync.replicas", .value = "1"},
                                                   {.name = "segment.ms", .value = "100000"}};
    const CreateTopicsRequest::Topic t{
        .name = "rich", .num_partitions = 1, .replication_factor = -1, .assignments = {}, .configs = {configs, 3}};
    client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}, .timeout_ms = 1000, .validate_only = false}, 7);
    const auto of = [&](std::string_view key) {
        const auto told = describe(client, 2, "rich", {{key}});
        REQUIRE(told.configs.size() == 1);
        return origins(told.configs[0]);
    };
    CHECK(of("cleanup.policy") == "compact from 1: cleanup.policy=compact/1 log.cleanup.policy=delete/5");
    CHECK(of("min.insync.replicas") == "1 from 1: min.insync.replicas=1/1 min.insync.replicas=1/3 min.insync.replicas=1/5");
    CHECK(of("segment.ms") == "100000 from 1: segment.ms=100000/1");
    CHECK(of("segment.bytes") == "2000000 from 4: log.segment.bytes=2000000/4 log.segment.bytes=1073741824/5");
    CHECK(of("retention.ms") == "3600000 from 5:");
    CHECK(of("flush.ms") == "9223372036854775807 from 5:");
    CHECK(of("preallocate") == "false from 5: log.preallocate=false/5");
    const auto broker = [&](std::string_view key) { return origins(describe(client, 4, "1", {{key}}).configs.at(0)); };
    CHECK(broker("log.retention.hours") == "1 from 4: log.retention.hours=1/4 log.retention.hours=168/5");
    CHECK(broker("log.retention.ms") == "null from 5:");
    CHECK(broker("node.id") == "1 from 4: node.id=1/4");
    CHECK(broker("min.insync.replicas") == "1 from 3: min.insync.replicas=1/3 min.insync.replicas=1/5");
    CHECK(broker("offsets.topic.replication.factor") ==
          "1 from 4: offsets.topic.replication.factor=1/4 offsets.topic.replication.factor=3/5");
    CHECK(origins(describe(client, 32, "g", {{"streams.assignor.name"}}).configs.at(0)) ==
          "sticky from 5: group.streams.assignors=sticky/5");
}

TEST_CASE("a broker tells where this client finds it and where its logs lie, as one whose file says so") {
    DoorOptions options;
    options.log_dir = "/data";
    Server server{std::move(options)};
    Client client(server);
    const auto told = [&](std::string_view key) { return origins(describe(client, 4, "1", {{key}}).configs.at(0)); };
    const auto at = "PLAINTEXT://127.0.0.1:" + std::to_string(server.endpoint.port);
    CHECK(told("advertised.listeners") == at + " from 4: advertised.listeners=" + at + "/4");
    CHECK(told("listeners") == at + " from 4: listeners=" + at + "/4 listeners=PLAINTEXT://:9092/5");
    CHECK(told("log.dirs") == "/data from 4: log.dirs=/data/4");
    CHECK(describe(client, 4, "", {{"listeners"}}).configs.empty());   // not what was set for the whole cluster
}

TEST_CASE("broker \"\" tells what was set for the whole cluster; loggers and client metrics have their own resources") {
    Server server;
    Client client(server);
    const auto cluster = describe(client, 4, "", std::vector<std::string_view>{});
    REQUIRE(cluster.configs.size() == 1);
    CHECK(cluster.configs[0].name == "min.insync.replicas");
    CHECK(origins(cluster.configs[0]) == "1 from 3: min.insync.replicas=1/3");
    CHECK(describe(client, 4, "", {{"num.partitions"}}).configs.empty());
    const auto root = describe(client, 8, "1", {{"root"}});
    REQUIRE(root.configs.size() == 1);
    CHECK(origins(root.configs[0]) == "INFO from 6:");
    CHECK(root.configs[0].config_type == 0);
    CHECK(refusal(describe(client, 8, "", std::nullopt)) == "42: Broker id must not be empty");
    CHECK(refusal(describe(client, 8, "9", std::nullopt)) == "42: Unexpected broker id, expected 1 but received 9");
    CHECK(refusal(describe(client, 8, "x", std::nullopt)) == "42: Broker id must be an integer, but it is: x");
    CHECK(describe(client, 16, "m", std::nullopt).configs.size() == 3);
    CHECK(origins(describe(client, 16, "m", {{"interval.ms"}}).configs.at(0)) == "300000 from 5:");
    CHECK(refusal(describe(client, 16, "", std::nullopt)) == "42: Client metrics subscription name must not be empty");
    CHECK(refusal(describe(client, 32, "", std::nullopt)) == "42: Group name must not be empty");
    CHECK(refusal(describe(client, 2, "", std::nullopt)) == "17: Topic name is invalid: the empty string is not allowed");
    CHECK(refusal(describe(client, 4, "9", std::nullopt)) ==
          "42: Unexpected broker id, expected 1 or empty string, but received 9");
    CHECK(describe(client, 99, "x", std::nullopt).error_code == ErrorCode::invalid_request);
}

TEST_CASE("documentation comes when it is asked for, a sentence for every setting") {
    Server server;
    server.create("t");
    Client client(server);
    for (const auto type : std::initializer_list<std::int8_t>{2, 4, 16, 32}) {
        for (const auto& config : describe(client, type, type == 2 ? "t" : "1", std::nullopt).configs) {
            CAPTURE(config.name);
            REQUIRE(config.documentation);
            CHECK(config.documentation->ends_with("."));
        }
    }
    CHECK(describe(client, 2, "t", {{"max.message.bytes"}}).configs.at(0).documentation ==
          "The largest record batch that a producer may send, in bytes as sent.");
    CHECK_FALSE(describe(client, 2, "t", {{"max.message.bytes"}}, 4, false).configs.at(0).documentation);
}

TEST_CASE("the tables of settings are in order, so that each is found, and what gives a default exists") {
    for (const auto table : {topic_configs(), broker_configs(), group_configs(), client_metrics_configs()})
        for (const auto& entry : table) CHECK(find_config(table, entry.name) == &entry);
    for (const auto& entry : topic_configs())
        if (entry.from) CHECK(find_config(broker_configs(), entry.from));
}
