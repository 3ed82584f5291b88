// Compaction at the Kafka door: which settings ask for it, where they come from and when they count, and what clients see of a
// log that was compacted.
#include "protocol/kafka/all_messages.h"
#include "tests/support/kafka_share_member.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Texts = std::vector<std::string>;
using Settings = std::vector<std::pair<std::string_view, std::string_view>>;
constexpr std::int8_t topic_type = 2, broker_type = 4;

struct Setup {
    Server server;
    Client client{server};
    explicit Setup(std::map<std::string, std::string> broker = {}) : server(DoorOptions{.configs = std::move(broker)}) {
        server.clock().freeze();
    }
    ErrorCode create(std::string_view name, const Settings& settings) {
        std::vector<CreateTopicsRequest::Config> configs;
        for (const auto& [key, value] : settings) configs.push_back({.name = key, .value = value});
        const CreateTopicsRequest::Topic t{.name = name,
                                           .num_partitions = 1,
                                           .replication_factor = -1,
                                           .assignments = {},
                                           .configs = {configs.data(), configs.size()}};
        return client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}}, 7)->topics.at(0).error_code;
    }
    ErrorCode alter(std::int8_t type, std::string_view name, const Settings& settings, std::int8_t operation = 0) {
        std::vector<IncrementalAlterConfigsRequest::Config> configs;
        for (const auto& [key, value] : settings) configs.push_back({.name = key, .config_operation = operation, .value = value});
        const IncrementalAlterConfigsRequest::Resource r{
            .resource_type = type, .resource_name = name, .configs = {configs.data(), configs.size()}};
        return client.ask<IncrementalAlterConfigsResponse>(IncrementalAlterConfigsRequest{.resources = {&r, 1}}, 1)
            ->resources.at(0)
            .error_code;
    }
    ErrorCode put(std::string_view topic, std::string_view key, std::string_view value) {
        const batch::Record record{.timestamp = to_ms(server.clock().now()), .key = as_bytes(key), .value = as_bytes(value)};
        return produce(client, topic, 0, batch::build({&record, 1})).error_code;
    }
    void fill(std::string_view topic) {
        for (const std::string_view value : {"1", "2", "3"}) REQUIRE(put(topic, "k", value) == ErrorCode::none);
        REQUIRE(put(topic, "other", "4") == ErrorCode::none);
    }
    void advance(milliseconds span) {
        server.clock().advance(span);
        for (int runs = 0; runs < 5; ++runs) {
            server.clock().run_due();
            server.turn();
        }
    }
    Texts values(std::string_view topic, std::int64_t offset = 0) {
        const Fetching at{topic, offset};
        return values_of(client.ask<FetchResponse>(at.request, 11)->topics.at(0).partitions.at(0));
    }
    const streams::Stream& stream(std::string_view name) { return *server.engine->find(server.world(), name); }
};

const Settings eager{{"cleanup.policy", "compact"}, {"segment.ms", "1"}, {"min.cleanable.dirty.ratio", "0"}};
constexpr std::chrono::seconds second{1};

}   // namespace

TEST_CASE("a topic that is made with cleanup.policy=compact keeps the last record of each key, at its offset") {
    Setup s;
    REQUIRE(s.create("c", eager) == ErrorCode::none);
    s.fill("c");
    CHECK(s.values("c") == Texts{"1", "2", "3", "4"});
    s.advance(second);
    CHECK(s.values("c") == Texts{"3", "4"});
    CHECK(s.values("c", 1) == Texts{"3", "4"});   // an offset that is gone: the next one that is there
    CHECK(s.values("c", 3) == Texts{"4"});
    ListOffsetsRequest::Partition p{.partition_index = 0, .timestamp = -2};
    const ListOffsetsRequest::Topic t{.name = "c", .partitions = {&p, 1}};
    ListOffsetsRequest request;
    request.topics = {&t, 1};
    const auto offset = [&](std::int64_t timestamp) {
        p.timestamp = timestamp;
        return s.client.ask<ListOffsetsResponse>(request, 7)->topics.at(0).partitions.at(0).offset;
    };
    CHECK(offset(-2) == 0);
    CHECK(offset(-1) == 4);
    CHECK(offset(0) == 2);   // the first record there is
    s.server.reopen();
    Client again{s.server};
    const Fetching at{"c", 0};
    CHECK(values_of(again.ask<FetchResponse>(at.request, 11)->topics.at(0).partitions.at(0)) == Texts{"3", "4"});
}

TEST_CASE("the stock settings wait for a segment of a week, and for half of the log to be new") {
    Setup s;
    REQUIRE(s.create("c", {{"cleanup.policy", "compact"}}) == ErrorCode::none);
    s.fill("c");
    s.advance(std::chrono::hours{7 * 24} - second);
    CHECK(s.values("c").size() == 4);
    s.advance(second);
    CHECK(s.values("c") == Texts{"3", "4"});
}

TEST_CASE("cleanup.policy can be set, and taken back, while there are records") {
    Setup s;
    REQUIRE(s.create("c", {}) == ErrorCode::none);
    s.fill("c");
    s.advance(second);
    CHECK(s.values("c").size() == 4);
    REQUIRE(s.alter(topic_type, "c", eager) == ErrorCode::none);
    s.advance(second);
    CHECK(s.values("c") == Texts{"3", "4"});
    REQUIRE(s.alter(topic_type, "c", {{"cleanup.policy", "delete"}}) == ErrorCode::none);
    s.fill("c");
    s.advance(second);
    CHECK(s.values("c").size() == 6);
}

TEST_CASE("compact,delete drops what retention.ms says as well; compact alone does not") {
    for (const std::string_view policy : {"compact", "compact,delete"}) {
        CAPTURE(policy);
        Setup s;
        auto settings = eager;
        settings[0].second = policy;
        settings.emplace_back("retention.ms", "3600000");
        REQUIRE(s.create("c", settings) == ErrorCode::none);
        s.fill("c");
        s.advance(std::chrono::hours{2});
        CHECK(s.values("c") == (policy == "compact" ? Texts{"3", "4"} : Texts{}));
    }
}

TEST_CASE(
    "the broker's settings are those of topics without their own: at the start, when changed, and for topics made by the way") {
    SUBCASE("at the start") {
        Setup s({{"log.cleanup.policy", "compact"}, {"log.roll.ms", "1"}, {"log.cleaner.min.cleanable.ratio", "0"}});
        const std::string_view name = "auto";
        const MetadataRequest::Topic asked{.topic_id = {}, .name = name};
        MetadataRequest request;
        request.topics = Array<MetadataRequest::Topic>{&asked, 1};
        request.allow_auto_topic_creation = true;
        s.client.ask<MetadataResponse>(request, 9);
        s.fill("auto");
        s.advance(second);
        CHECK(s.values("auto") == Texts{"3", "4"});
    }
    SUBCASE("changed") {
        Setup s;
        REQUIRE(s.create("c", {}) == ErrorCode::none);
        REQUIRE(s.create("own", {{"cleanup.policy", "delete"}}) == ErrorCode::none);
        s.fill("c");
        s.fill("own");
        REQUIRE(s.alter(broker_type, "",
                        {{"log.cleanup.policy", "compact"}, {"log.roll.ms", "1"}, {"log.cleaner.min.cleanable.ratio", "0"}}) ==
                ErrorCode::none);
        s.advance(second);
        CHECK(s.values("c") == Texts{"3", "4"});
        CHECK(s.values("own").size() == 4);
        REQUIRE(s.alter(broker_type, "", {{"log.cleanup.policy", ""}}, 1) == ErrorCode::none);
        s.fill("c");
        s.advance(second);
        CHECK(s.values("c").size() == 6);
    }
    SUBCASE("a server that starts with others") {
        Setup s;
        REQUIRE(s.create("c", {{"cleanup.policy", "compact"}}) == ErrorCode::none);
        s.server.reopen(DoorOptions{.configs = {{"log.roll.hours", "1"}, {"log.cleaner.backoff.ms", "60000"}}});
        CHECK(s.stream("c").compaction->segment_ms == 3'600'000);
        CHECK(s.stream("c").compaction->backoff_ms == 60'000);
        s.server.reopen(DoorOptions{.configs = {{"log.cleaner.enable", "false"}}});
        CHECK_FALSE(s.stream("c").compaction);
    }
}

TEST_CASE("a topic of a Kinesis stream is not compacted, whatever the broker's policy says, and its own is refused") {
    Setup s(std::map<std::string, std::string>{{"log.cleanup.policy", "compact"}});
    s.server.create("k", 1, "kinesis");
    s.server.reopen(DoorOptions{.configs = {{"log.cleanup.policy", "compact"}}});
    Client client{s.server};
    CHECK_FALSE(s.stream("k").compaction);
}

TEST_CASE("records without a key are refused by a compacted topic, each with its error, and none of the batch is stored") {
    Setup s;
    REQUIRE(s.create("c", eager) == ErrorCode::none);
    const batch::Record records[] = {{.timestamp = 1, .key = as_bytes("k"), .value = as_bytes("1")},
                                     {.timestamp = 1, .key = std::nullopt, .value = as_bytes("2")},
                                     {.timestamp = 1, .key = std::nullopt, .value = as_bytes("3")}};
    const auto told = produce(s.client, "c", 0, batch::build(records));
    CHECK(told.error_code == ErrorCode::invalid_record);
    REQUIRE(told.record_errors.size() == 2);
    CHECK(told.record_errors[0].batch_index == 1);
    CHECK(told.record_errors[1].batch_index == 2);
    CHECK(told.record_errors[0].batch_index_error_message ==
          "Compacted topic cannot accept message without key in topic partition c-0");
    CHECK(s.values("c").empty());
    const batch::Record empty{.timestamp = to_ms(s.server.clock().now()), .key = as_bytes(""), .value = as_bytes("x")};
    CHECK(produce(s.client, "c", 0, batch::build({&empty, 1})).error_code == ErrorCode::none);   // no null
}

TEST_CASE("a share group goes over the gaps, and is not given again what was compacted away meanwhile") {
    Setup s;
    REQUIRE(s.create("c", eager) == ErrorCode::none);
    using Runs = std::vector<AcquiredRun>;
    ShareMemberClient member{s.server, "g", "one", s.stream("c")};
    CHECK(member.acquire().empty());   // which begins behind the newest record
    s.fill("c");
    s.advance(second);
    CHECK(member.acquire({.max_records = 1}) == Runs{{2, 2, 1}});
    REQUIRE(s.put("c", "k", "5") == ErrorCode::none);
    s.advance(second);
    CHECK(s.values("c") == Texts{"4", "5"});
    CHECK(member.acknowledge({{2, 2, {released}}}) == ErrorCode::none);
    CHECK(member.acquire() == Runs{{3, 4, 1}});
    CHECK(member.acknowledge({{3, 4, {accepted}}}) == ErrorCode::none);
    CHECK(member.acquire().empty());
}
