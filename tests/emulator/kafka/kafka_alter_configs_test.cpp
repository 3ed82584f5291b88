// Settings that are changed while the server runs: codes and texts as a Kafka 4.4.0 node was seen to give them, effects at once,
// and the same after a restart.
#include "emulator/kafka/configs/configs.h"
#include "protocol/kafka/all_messages.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

enum Op : std::int8_t { set, erase, append, subtract };
struct Change {
    std::string_view name;
    std::int8_t operation{};
    std::optional<std::string_view> value;
};
constexpr std::int8_t topic_type = 2, broker_type = 4, logger_type = 8, metrics_type = 16, group_type = 32;

struct Admin {
    Client client;
    explicit Admin(Server& server) : client(server) {}
    std::string alter(std::int8_t type, std::string_view name, std::vector<Change> changes, bool validate = false) {
        std::vector<IncrementalAlterConfigsRequest::Config> configs;
        for (const auto& c : changes) configs.push_back({.name = c.name, .config_operation = c.operation, .value = c.value});
        const IncrementalAlterConfigsRequest::Resource r{
            .resource_type = type, .resource_name = name, .configs = {configs.data(), configs.size()}};
        const auto answer = client.ask<IncrementalAlterConfigsResponse>(
            IncrementalAlterConfigsRequest{.resources = {&r, 1}, .validate_only = validate}, 1);
        const auto& told = answer->resources.at(0);
        if (told.error_code == ErrorCode::none && !told.error_message) return "done";
        return std::to_string(static_cast<int>(told.error_code)) + ": " + told.error_message.value_or("null");
    }
    std::string replace(std::int8_t type, std::string_view name,
                        std::vector<std::pair<std::string_view, std::optional<std::string_view>>> values) {
        std::vector<AlterConfigsRequest::Config> configs;
        for (const auto& [key, value] : values) configs.push_back({.name = key, .value = value});
        const AlterConfigsRequest::Resource r{
            .resource_type = type, .resource_name = name, .configs = {configs.data(), configs.size()}};
        const auto answer = client.ask<AlterConfigsResponse>(AlterConfigsRequest{.resources = {&r, 1}}, 2);
        const auto& told = answer->resources.at(0);
        if (told.error_code == ErrorCode::none && !told.error_message) return "done";
        return std::to_string(static_cast<int>(told.error_code)) + ": " + told.error_message.value_or("null");
    }
    // Value, source and synonyms.
    std::string told(std::int8_t type, std::string_view name, std::string_view key) {
        DescribeConfigsRequest::Resource r{.resource_type = type, .resource_name = name, .configuration_keys = std::nullopt};
        r.configuration_keys = Array<std::string_view>{&key, 1};
        const auto answer = client.ask<DescribeConfigsResponse>(
            DescribeConfigsRequest{.resources = {&r, 1}, .include_synonyms = true, .include_documentation = false}, 4);
        if (answer->results.at(0).configs.empty()) return "nothing";
        const auto& config = answer->results.at(0).configs.at(0);
        std::string text = config.value.value_or("null") + " from " + std::to_string(config.config_source) + ":";
        for (const auto& s : config.synonyms)
            text += " " + s.name + "=" + s.value.value_or("null") + "/" + std::to_string(s.source);
        return text;
    }
    std::string listed(std::vector<std::int8_t> types, int version = 1) {
        ListConfigResourcesRequest request;
        request.resource_types = {types.data(), types.size()};
        const auto answer = client.ask<ListConfigResourcesResponse>(request, version);
        std::string all = std::to_string(static_cast<int>(answer->error_code)) + ":";
        for (const auto& r : answer->config_resources) all += " " + r.resource_name + "/" + std::to_string(r.resource_type);
        return all;
    }
};

}   // namespace

TEST_CASE("a topic's settings are set, deleted, appended to and subtracted from, and stay over a restart") {
    Server server;
    server.create("t");
    {
        Admin admin(server);
        CHECK(admin.alter(topic_type, "t", {{"max.message.bytes", set, " 777 "}}) == "done");
        CHECK(admin.told(topic_type, "t", "max.message.bytes") ==
              "777 from 1: max.message.bytes=777/1 message.max.bytes=1048588/5");
        CHECK(admin.alter(topic_type, "t", {{"cleanup.policy", append, "compact"}}) == "done");
        CHECK(admin.told(topic_type, "t", "cleanup.policy") ==
              "delete,compact from 1: cleanup.policy=delete,compact/1 log.cleanup.policy=delete/5");
        CHECK(admin.alter(topic_type, "t", {{"cleanup.policy", append, "compact"}}) == "done");
        CHECK(admin.alter(topic_type, "t", {{"cleanup.policy", subtract, "delete"}}) == "done");
        CHECK(admin.told(topic_type, "t", "cleanup.policy").starts_with("compact from 1:"));
        CHECK(admin.alter(topic_type, "t", {{"cleanup.policy", subtract, "compact,delete"}}) == "done");
        CHECK(admin.told(topic_type, "t", "cleanup.policy").starts_with(" from 1:"));
        CHECK(admin.alter(topic_type, "t", {{"cleanup.policy", erase, std::nullopt}, {"nope", erase, std::nullopt}}) == "done");
        CHECK(admin.told(topic_type, "t", "cleanup.policy") == "delete from 5: log.cleanup.policy=delete/5");
        CHECK(admin.alter(topic_type, "t", {{"retention.ms", set, "9"}}, true) == "done");   // only looked at
        CHECK(admin.told(topic_type, "t", "retention.ms").starts_with("86400000 from"));
    }
    server.reopen();
    Admin admin(server);
    CHECK(admin.told(topic_type, "t", "max.message.bytes").starts_with("777 from 1:"));
    CHECK(admin.replace(topic_type, "t", {{"segment.bytes", "2000000"}}) == "done");   // the others go
    CHECK(admin.told(topic_type, "t", "segment.bytes").starts_with("2000000 from 1:"));
    CHECK(admin.told(topic_type, "t", "max.message.bytes").starts_with("1048588 from 5:"));
    CHECK(admin.told(topic_type, "t", "retention.ms") == "604800000 from 5:");
}

TEST_CASE("a change that a topic cannot have is refused in Kafka's words, and nothing of the request is made") {
    Server server;
    server.create("t");
    Admin admin(server);
    const auto refused = [&](std::vector<Change> changes) { return admin.alter(topic_type, "t", std::move(changes)); };
    CHECK(refused({{"retention.ms", append, "1"}}) == "40: Can't APPEND to key retention.ms because its type is not LIST.");
    CHECK(refused({{"nope", append, "1"}}) == "40: Can't APPEND to key nope because its type is not LIST.");
    CHECK(refused({{"nope", set, "1"}}) == "40: Unknown topic config name: nope");
    CHECK(refused({{"retention.ms", set, "x"}}) ==
          "40: Invalid value x for configuration retention.ms: Not a number of type LONG");
    CHECK(refused({{"retention.ms", set, std::nullopt}}) == "42: Null value not supported for : retention.ms");
    CHECK(refused({{"retention.ms", set, "1"}, {"retention.ms", erase, std::nullopt}}) ==
          "42: Error due to duplicate config keys");
    CHECK(refused({{"retention.ms", 9, "1"}}) == "-1: null");
    CHECK(refused({{"segment.bytes", set, "5"}}) ==
          "40: Invalid value 5 for configuration segment.bytes: Value must be at least 1048576");
    CHECK(refused({{"min.compaction.lag.ms", set, "10"}, {"max.compaction.lag.ms", set, "5"}}) ==
          "40: conflict topic config setting min.compaction.lag.ms (10) > max.compaction.lag.ms (5)");
    CHECK(refused({{"max.message.bytes", set, "9"}, {"retention.ms", set, "x"}}).starts_with("40: Invalid value x"));
    CHECK(admin.told(topic_type, "t", "max.message.bytes").starts_with("1048588 from 5:"));
    CHECK(admin.alter(topic_type, "zzz", {{"retention.ms", set, "1"}}) == "3: The topic 'zzz' does not exist.");
    CHECK(admin.alter(topic_type, "", {{"retention.ms", set, "1"}}) == "42: Default topic resources are not allowed.");
    CHECK(admin.alter(topic_type, "a b", {}).starts_with("17: Topic name is invalid: 'a b'"));
    CHECK(admin.alter(99, "x", {{"a", set, "b"}}) == "42: Unknown resource type 99");
    CHECK(admin.replace(topic_type, "t", {{"retention.ms", std::nullopt}}) == "42: Null value not supported for : retention.ms");
    const IncrementalAlterConfigsRequest::Resource twice[] = {{.resource_type = 2, .resource_name = "t", .configs = {}},
                                                              {.resource_type = 2, .resource_name = "t", .configs = {}}};
    const auto answer =
        admin.client.ask<IncrementalAlterConfigsResponse>(IncrementalAlterConfigsRequest{.resources = {twice, 2}}, 1);
    for (const auto& r : answer->resources) CHECK(r.error_message == "Each resource must appear at most once.");
    CHECK(answer->resources.size() == 2);
}

TEST_CASE("a change of a topic's settings has its effect at once") {
    Server server;
    server.create("t");
    Admin admin(server);
    const auto old = 1'700'000'000'000;
    const auto batch = batch_of({"value"}, old);
    CHECK(admin.alter(topic_type, "t", {{"max.message.bytes", set, "20"}}) == "done");
    CHECK(produce(admin.client, "t", 0, batch).error_code == ErrorCode::message_too_large);
    CHECK(admin.alter(topic_type, "t",
                      {{"max.message.bytes", erase, std::nullopt}, {"message.timestamp.type", set, "LogAppendTime"}}) == "done");
    const auto stamped = produce(admin.client, "t", 0, batch);
    CHECK(stamped.error_code == ErrorCode::none);
    CHECK(stamped.log_append_time_ms >= 0);
    CHECK(admin.alter(topic_type, "t", {{"retention.bytes", set, "0"}}) == "done");
    CHECK(server.engine->bounds(*server.engine->find(server.world(), "t")->shard(0)).begin == 1);
    CHECK(admin.alter(topic_type, "t", {{"retention.bytes", set, "-1"}}) == "done");
    CHECK(server.engine->bounds(*server.engine->find(server.world(), "t")->shard(0)).begin == 1);   // nothing comes back
}

TEST_CASE("retention that is lowered by Kafka is told by both doors, and what it dropped does not come back") {
    Server server;
    const auto stream = server.create("t");
    Admin admin(server);
    REQUIRE(produce(admin.client, "t", 0, batch_of({"a"}, to_ms(server.clock().now()))).error_code == ErrorCode::none);
    server.pass(std::chrono::minutes{6});
    CHECK(admin.alter(topic_type, "t", {{"retention.ms", set, "1000"}}) == "done");
    CHECK(stream->retention == milliseconds{1000});
    CHECK(server.engine->bounds(*stream->shard(0)).begin == 1);
    CHECK(admin.alter(topic_type, "t", {{"retention.ms", set, "-1"}}) == "done");
    CHECK_FALSE(stream->retention);
    CHECK(server.engine->bounds(*stream->shard(0)).begin == 1);
    CHECK(admin.alter(topic_type, "t", {{"retention.ms", erase, std::nullopt}}) == "done");
    CHECK(stream->retention == milliseconds{604'800'000});
}

TEST_CASE("a Kinesis stream takes whole hours of retention in AWS's range, and delete only") {
    Server server;
    const auto stream = server.create("k", 1, "kinesis");
    Admin admin(server);
    const std::string hours = "40: The topic is a Kinesis stream: its retention.ms is a whole number of hours from 24 to 8760";
    for (const auto* ms : {"3600000", "86400001", "-1", "31539600000"})
        CHECK(admin.alter(topic_type, "k", {{"retention.ms", set, ms}}) == hours);
    CHECK(admin.alter(topic_type, "k", {{"cleanup.policy", append, "compact"}}) ==
          "40: The topic is a Kinesis stream: its cleanup.policy is delete");
    CHECK(admin.alter(topic_type, "k", {{"retention.bytes", set, "5"}}) ==
          "40: The topic is a Kinesis stream: its retention.bytes is -1");
    CHECK(admin.alter(topic_type, "k", {{"retention.ms", set, "172800000"}}) == "done");
    CHECK(stream->retention == std::chrono::hours{48});
    CHECK(admin.alter(topic_type, "k", {{"retention.ms", erase, std::nullopt}}) == "done");
    CHECK(stream->retention == std::chrono::hours{24});
}

TEST_CASE("the broker's settings and those of all brokers are told as their sources, nearest first, also after a restart") {
    Server server;
    server.create("t");
    {
        Admin admin(server);
        CHECK(admin.alter(broker_type, "1", {{"log.retention.ms", set, "60000"}}) == "done");
        CHECK(admin.alter(broker_type, "", {{"log.retention.ms", set, "61000"}, {"message.max.bytes", set, "5000"}}) == "done");
    }
    server.reopen();
    Admin admin(server);
    CHECK(admin.told(broker_type, "1", "log.retention.ms") ==
          "60000 from 2: log.retention.ms=60000/2 log.retention.ms=61000/3 log.retention.hours=168/5");
    CHECK(admin.told(broker_type, "", "log.retention.ms") == "61000 from 3: log.retention.ms=61000/3");
    CHECK(admin.told(topic_type, "t", "max.message.bytes") ==
          "5000 from 3: message.max.bytes=5000/3 message.max.bytes=1048588/5");
    CHECK(admin.alter(broker_type, "1", {{"foo.bar", set, "4"}}) == "done");   // a plugin might know it
    CHECK(admin.told(broker_type, "1", "foo.bar") == "null from 2: foo.bar=null/2");
    CHECK(admin.alter(broker_type, "1", {{"log.cleanup.policy", append, "compact"}}) == "done");
    CHECK(admin.told(broker_type, "1", "log.cleanup.policy") ==
          "delete,compact from 2: log.cleanup.policy=delete,compact/2 log.cleanup.policy=delete/5");
    CHECK(admin.replace(broker_type, "1", {}) == "done");
    CHECK(admin.told(broker_type, "1", "foo.bar") == "nothing");
    CHECK(admin.told(broker_type, "1", "log.retention.ms").starts_with("61000 from 3:"));
    CHECK(admin.alter(broker_type, "", {{"log.retention.ms", erase, std::nullopt}}) == "done");
    CHECK(admin.told(broker_type, "1", "log.retention.ms") == "null from 5:");
}

TEST_CASE("the broker's retention is that of topics without one, those that are there and those that come") {
    Server server;
    Admin admin(server);
    const auto create = [&](std::string_view name, std::vector<CreateTopicsRequest::Config> configs) {
        const CreateTopicsRequest::Topic t{.name = name,
                                           .num_partitions = 1,
                                           .replication_factor = -1,
                                           .assignments = {},
                                           .configs = {configs.data(), configs.size()}};
        admin.client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}}, 7);
        return server.engine->find(server.world(), std::string(name));
    };
    const auto plain = create("plain", {});
    const auto own = create("own", {{.name = "retention.ms", .value = "5000"}, {.name = "retention.bytes", .value = "7"}});
    const auto kinesis = server.create("k", 1, "kinesis");
    CHECK(admin.alter(broker_type, "1", {{"log.retention.ms", set, "60000"}, {"log.retention.bytes", set, "100"}}) == "done");
    CHECK(plain->retention == milliseconds{60'000});
    CHECK(plain->retention_bytes == 100);
    CHECK(own->retention == milliseconds{5'000});
    CHECK(own->retention_bytes == 7);
    CHECK(kinesis->retention == std::chrono::hours{24});
    CHECK_FALSE(kinesis->retention_bytes);
    CHECK(create("late", {})->retention == milliseconds{60'000});
    CHECK(admin.told(topic_type, "late", "retention.ms") == "60000 from 2: log.retention.ms=60000/2 log.retention.hours=168/5");
    CHECK(admin.alter(broker_type, "1",
                      {{"log.retention.ms", erase, std::nullopt}, {"log.retention.bytes", erase, std::nullopt}}) == "done");
    CHECK(plain->retention == milliseconds{604'800'000});
    CHECK_FALSE(plain->retention_bytes);
}

TEST_CASE("what a broker cannot change while it runs is refused in Kafka's words") {
    Server server;
    Admin admin(server);
    const auto refused = [&](std::string_view broker, std::vector<Change> changes) {
        return admin.alter(broker_type, broker, std::move(changes));
    };
    CHECK(refused("1", {{"node.id", set, "5"}, {"num.partitions", set, "3"}}) ==
          "42: Cannot update these configs dynamically: [node.id, num.partitions]");
    CHECK(refused("", {{"listeners", set, "PLAINTEXT://127.0.0.1:1"}}) ==
          "42: Cannot update these configs at default cluster level, broker id must be specified: [listeners]");
    CHECK(refused("1", {{"ssl.keystore.location", set, "/x"}}) ==
          "42: These security configs can be dynamically updated only per-listener using the listener prefix: "
          "[ssl.keystore.location]");
    CHECK(refused("1", {{"log.retention.ms", set, "abc"}}) ==
          "42: Invalid value abc for configuration log.retention.ms: Not a number of type LONG");
    CHECK(refused("1", {{"num.io.threads", set, "0"}}) ==
          "42: Invalid value 0 for configuration num.io.threads: Value must be at least 1");
    CHECK(refused("1", {{"log.retention.ms", append, "4"}}) ==
          "40: Config value append is not allowed for config key: log.retention.ms");
    CHECK(refused("1", {{"foo.bar", append, "4"}}) == "40: Unknown config name: foo.bar");
    CHECK(refused("9", {{"log.retention.ms", set, "1"}}) == "42: Unexpected broker id, expected 1, but received 9");
    CHECK(refused("x", {}) == "42: Node id must be an integer, but it is: x");
    CHECK(refused("1", {{"min.insync.replicas", set, "2"}}) ==
          "40: Broker-level min.insync.replicas cannot be altered while ELR is enabled.");
    CHECK(refused("", {{"min.insync.replicas", erase, std::nullopt}}) ==
          "40: Cluster-level min.insync.replicas cannot be removed while ELR is enabled.");
    CHECK(refused("", {{"min.insync.replicas", set, "2"}}) == "done");
    CHECK(admin.told(broker_type, "1", "min.insync.replicas") == "2 from 3: min.insync.replicas=2/3 min.insync.replicas=1/5");
}

TEST_CASE("loggers have levels for as long as the process lives") {
    Server server;
    Admin admin(server);
    CHECK(admin.alter(logger_type, "1", {{"root", set, "DEBUG"}}) == "done");
    CHECK(admin.told(logger_type, "1", "root") == "DEBUG from 6:");
    CHECK(admin.alter(logger_type, "1", {{"root", set, "LOUD"}}) ==
          "40: Cannot set the log level of root to LOUD as it is not a supported log level. Valid log levels are DEBUG, ERROR, "
          "FATAL, INFO, TRACE, WARN");
    CHECK(admin.alter(logger_type, "1", {{"foo.bar", set, "INFO"}}) == "40: Logger foo.bar does not exist!");
    CHECK(admin.alter(logger_type, "1", {{"root", erase, std::nullopt}}) ==
          "42: Removing the log level of the root logger is not allowed");
    CHECK(admin.alter(logger_type, "1", {{"root", append, "INFO"}}) ==
          "42: APPEND operation is not allowed for the BROKER_LOGGER resource");
    CHECK(admin.alter(logger_type, "9", {}) == "42: Unexpected node id. Expected 1, but received 9");
    CHECK(admin.replace(logger_type, "1", {{"root", "INFO"}}) == "42: Unknown resource type 8");
}

TEST_CASE("groups and client-metrics subscriptions keep settings, within the bounds that the broker sets") {
    Server server;
    {
        Admin admin(server);
        CHECK(admin.alter(group_type, "g", {{"consumer.session.timeout.ms", set, "50000"}}) == "done");
        CHECK(admin.alter(group_type, "g", {{"consumer.session.timeout.ms", set, "5"}}) ==
              "40: consumer.session.timeout.ms must be in the range 1000 to 60000 inclusive.");
        CHECK(admin.alter(group_type, "g", {{"foo", set, "5"}}) == "40: Unknown group config name: foo");
        CHECK(admin.alter(group_type, "g", {{"share.delivery.count.limit", set, "99"}}) ==
              "40: share.delivery.count.limit must be in the range 2 to 10 inclusive.");
        CHECK(admin.alter(group_type, "g", {{"streams.num.standby.replicas", set, "9"}}) ==
              "40: streams.num.standby.replicas must be less than or equal to 2");
        CHECK(admin.alter(group_type, "g", {{"share.isolation.level", set, "x"}}) ==
              "40: Invalid value x for configuration share.isolation.level: String must be one of: read_committed, "
              "read_uncommitted");
        CHECK(admin.alter(group_type, "g", {{"share.auto.offset.reset", set, "by_duration:PT1H"}}) == "done");
        CHECK(admin.alter(group_type, "g", {{"share.auto.offset.reset", set, "by_duration:P"}})
                  .starts_with("40: Invalid value by_duration:P "));
        CHECK(admin.alter(group_type, "", {}) == "42: Default group resources are not allowed.");
        CHECK(admin.alter(metrics_type, "c", {{"interval.ms", set, "500"}, {"match", set, "client_id=x.*"}}) == "done");
        CHECK(admin.alter(metrics_type, "c", {{"interval.ms", set, "1"}}) ==
              "42: Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)");
        CHECK(admin.alter(metrics_type, "c", {{"match", set, "client_id=["}}) ==
              "40: Illegal client matching pattern: client_id=[");
        CHECK(admin.alter(metrics_type, "c", {{"foo", set, "1"}}) == "42: Unknown client metrics configuration: foo");
        CHECK(admin.alter(metrics_type, "", {}) == "42: Subscription name can't be empty");
    }
    server.reopen();
    Admin admin(server);
    CHECK(admin.told(group_type, "g", "consumer.session.timeout.ms") ==
          "50000 from 8: consumer.session.timeout.ms=50000/8 group.consumer.session.timeout.ms=45000/5");
    CHECK(admin.told(group_type, "other", "consumer.session.timeout.ms") ==
          "45000 from 5: group.consumer.session.timeout.ms=45000/5");
    CHECK(admin.told(metrics_type, "c", "interval.ms") == "500 from 7: interval.ms=500/7");
    CHECK(admin.told(metrics_type, "c", "metrics") == " from 5:");
    CHECK(admin.listed({}) == "0: g/32 c/16 1/8 1/4");
    server.create("t");
    CHECK(admin.listed({2, 32}) == "0: g/32 t/2");
    CHECK(admin.listed({}, 0) == "0: c/16");
    CHECK(admin.listed({99}) == "35:");
    CHECK(admin.alter(group_type, "g",
                      {{"consumer.session.timeout.ms", erase, std::nullopt}, {"share.auto.offset.reset", erase, std::nullopt}}) ==
          "done");
    CHECK(admin.listed({32}) == "0:");
}

TEST_CASE("a reset forgets what was changed") {
    Server server;
    {
        Admin admin(server);
        CHECK(admin.alter(broker_type, "", {{"message.max.bytes", set, "5000"}}) == "done");
        CHECK(admin.alter(logger_type, "1", {{"root", set, "DEBUG"}}) == "done");
    }
    server.door->forget(server.world());
    server.engine->reset(server.world());
    Admin admin(server);
    CHECK(admin.told(broker_type, "1", "message.max.bytes") == "1048588 from 5: message.max.bytes=1048588/5");
    CHECK(admin.told(logger_type, "1", "root") == "INFO from 6:");
}
