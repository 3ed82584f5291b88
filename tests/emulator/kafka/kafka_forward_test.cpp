// Rule 15: what a Kafka producer sees at a shard that was split, with and without sluice.sealed.produce=forward.
#include <doctest/doctest.h>

#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/produce.h"
#include "tests/support/engine_fixture.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;
using Strings = std::vector<std::string>;

namespace {

struct Keyed {
    std::optional<std::string_view> key;
    std::string_view value;
};

Blob keyed(std::initializer_list<Keyed> all, batch::BatchOptions options = {}) {
    std::vector<batch::Record> records;
    for (const auto& one : all) {
        auto& record =
            records.emplace_back(batch::Record{.timestamp = 1'700'000'000'000, .key = {}, .value = as_bytes(one.value)});
        if (one.key) record.key = as_bytes(*one.key);
    }
    return batch::build(records, options);
}

// Shard 0 was split in the middle: MD5 of "a" and "c" begins with 0c and 4a (shard 1), of "b" and "d" with 92 and 82 (shard 2).
streams::StreamPointer split_stream(Server& server, const std::string& name) {
    auto stream = server.create(name, 1, "kinesis");
    REQUIRE(server.engine->split(*stream, 0, {std::uint64_t{1} << 63, 0}));
    server.turn();
    return stream;
}

Strings stored(Server& server, std::string_view name, std::size_t shard) {
    Strings values;
    const auto stream = server.engine->find(server.world(), name);
    const auto read = server.engine->chunk_at_hand(*stream->shards.at(shard), 0, {1000, 1 << 20}).value();
    REQUIRE(read);
    for (const auto& record : read->records) values.emplace_back(as_text(*record.value));
    return values;
}

DoorOptions forwarding() {
    DoorOptions options;
    options.configs = {{"sluice.sealed.produce", "forward"}};
    return options;
}

}   // namespace

TEST_CASE("a produce at a split shard is refused for good, and the text names the open partitions") {
    Server server;
    split_stream(server, "s");
    Client client(server);
    const auto told = produce(client, "s", 0, keyed({{"a", "1"}}));
    CHECK(told.error_code == ErrorCode::policy_violation);
    CHECK(told.error_message ==
          "shard shardId-000000000000 was split into shardId-000000000001 and shardId-000000000002; open partitions: 1, 2");
    CHECK(stored(server, "s", 1).empty());
}

TEST_CASE("with sluice.sealed.produce=forward each record goes to the open shard of its key's MD5, in order") {
    for (std::int16_t codec = 0; codec < 5; ++codec) {
        CAPTURE(codec);
        Server server(forwarding());
        split_stream(server, "s");
        Client client(server);
        const auto told =
            produce(client, "s", 0, keyed({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}, {"a", "5"}}, {.attributes = codec}));
        CHECK(told.error_code == ErrorCode::none);
        CHECK(told.base_offset == -1);   // the records lie in other partitions
        CHECK(stored(server, "s", 0).empty());
        CHECK(stored(server, "s", 1) == Strings{"1", "3", "5"});
        CHECK(stored(server, "s", 2) == Strings{"2", "4"});
        CHECK(produce(client, "s", 1, keyed({{"b", "6"}})).base_offset == 3);   // an open partition is taken as asked
        CHECK(stored(server, "s", 1) == Strings{"1", "3", "5", "6"});
    }
}

TEST_CASE("a forwarded record keeps its headers and timestamp, and one without a key goes to the first open descendant") {
    Server server(forwarding());
    auto stream = split_stream(server, "s");
    REQUIRE(server.engine->split(*stream, 1, {std::uint64_t{1} << 62, 0}));   // 1 into 3 and 4
    server.turn();
    Client client(server);
    const std::vector<std::byte> headers{std::byte{2}, std::byte{'h'}, std::byte{2}, std::byte{'v'}};
    const std::vector<batch::Record> records{
        {.timestamp = 1'699'999'990'000, .key = {}, .value = as_bytes("x"), .header_count = 1, .headers = headers}};
    CHECK(produce(client, "s", 0, batch::build(records)).error_code == ErrorCode::none);
    CHECK(stored(server, "s", 3) == Strings{"x"});
    const auto answer = client.ask<FetchResponse>(Fetching("s", 0).request, 12);
    CHECK(values_of(answer->topics.at(0).partitions.at(0)).empty());
    Fetching fetching("s", 0);
    fetching.partition.partition = 3;
    const auto fetched = client.ask<FetchResponse>(fetching.request, 12);
    Blob all, scratch;
    for (const auto part : fetched->topics.at(0).partitions.at(0).records.parts) all.insert(all.end(), part.begin(), part.end());
    int seen = 0;
    REQUIRE(batch::read(all, scratch, [&](const batch::Record& record) {
        ++seen;
        CHECK(record.timestamp == 1'699'999'990'000);
        CHECK(record.header_count == 1);
        CHECK(std::ranges::equal(record.headers, headers));
        return true;
    }));
    CHECK(seen == 1);
}

TEST_CASE("an idempotent producer's forwarded batch is stored once however often it is sent, and a gap is refused") {
    Server server(forwarding());
    split_stream(server, "s");
    const auto first = keyed({{"a", "1"}, {"b", "2"}}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0});
    const auto second = keyed({{"a", "3"}}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 2});
    const auto gap = keyed({{"a", "9"}}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 9});
    {
        Client client(server);
        CHECK(produce(client, "s", 0, first).error_code == ErrorCode::none);
        CHECK(produce(client, "s", 0, first).error_code == ErrorCode::none);
        CHECK(produce(client, "s", 0, second).error_code == ErrorCode::none);
        CHECK(produce(client, "s", 0, gap).error_code == ErrorCode::out_of_order_sequence_number);
        // Its numbers at the child's own partition are another row.
        CHECK(produce(client, "s", 1, keyed({{"a", "4"}}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}))
                  .base_offset == 2);
    }
    server.shut();
    server.open(forwarding());
    Client client(server);
    CHECK(produce(client, "s", 0, second).error_code == ErrorCode::none);
    CHECK(stored(server, "s", 1) == Strings{"1", "3", "4"});
    CHECK(stored(server, "s", 2) == Strings{"2"});
}

TEST_CASE("a batch that was stored before the split and is sent again after it is a duplicate with its first offset") {
    Server server(forwarding());
    auto stream = server.create("s", 1, "kinesis");
    Client client(server);
    const auto bytes = keyed({{"a", "1"}}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0});
    CHECK(produce(client, "s", 0, bytes).base_offset == 0);
    REQUIRE(server.engine->split(*stream, 0, {std::uint64_t{1} << 63, 0}));
    server.turn();
    CHECK(produce(client, "s", 0, bytes).base_offset == 0);
    CHECK(stored(server, "s", 1).empty());
}

TEST_CASE("forwarded records take the tokens of the shards they go to, and the longest debt is told") {
    Server server(forwarding());
    server.clock().freeze();
    split_stream(server, "s");
    Client client(server);
    const std::string mebibyte(1 << 20, 'x');
    const auto bytes = keyed({{"a", mebibyte}, {"a", mebibyte}, {"b", "y"}}, {.attributes = 1});
    const ProduceRequest::Partition p{.index = 0, .records = Bytes{bytes}};
    const ProduceRequest::Topic t{.name = "s", .topic_id = {}, .partitions = {&p, 1}};
    // Shard 1 takes 2 MiB and two keys against one second's worth of 1 MiB: one second and two bytes of debt.
    const auto answer =
        client.ask<ProduceResponse>(ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 1000, .topics = {&t, 1}}, 9);
    CHECK(answer->throttle_time_ms == 1001);
}

TEST_CASE("a topic says for itself whether it forwards, and DescribeConfigs shows it") {
    Server server;
    Client client(server);
    const CreateTopicsRequest::Config config{.name = "sluice.sealed.produce", .value = "forward"};
    const CreateTopicsRequest::Topic wanted{
        .name = "t", .num_partitions = 1, .replication_factor = 1, .assignments = {}, .configs = {&config, 1}};
    const auto made = client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&wanted, 1}, .timeout_ms = 1000}, 7);
    REQUIRE(made->topics.at(0).error_code == ErrorCode::none);
    const CreateTopicsRequest::Config wrong{.name = "sluice.sealed.produce", .value = "sometimes"};
    const CreateTopicsRequest::Topic bad{
        .name = "u", .num_partitions = 1, .replication_factor = 1, .assignments = {}, .configs = {&wrong, 1}};
    CHECK(client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&bad, 1}, .timeout_ms = 1000}, 7)
              ->topics.at(0)
              .error_message ==
          "Invalid value sometimes for configuration sluice.sealed.produce: String must be one of: refuse, forward");
    const std::string_view key = "sluice.sealed.produce";
    const DescribeConfigsRequest::Resource r{
        .resource_type = 2, .resource_name = "t", .configuration_keys = Array<std::string_view>{&key, 1}};
    const auto told = client.ask<DescribeConfigsResponse>(
        DescribeConfigsRequest{.resources = {&r, 1}, .include_synonyms = false, .include_documentation = false}, 4);
    CHECK(told->results.at(0).configs.at(0).value == "forward");
    CHECK(told->results.at(0).configs.at(0).config_source == 1);
    auto stream = server.engine->find(server.world(), "t");
    REQUIRE(server.engine->split(*stream, 0, {std::uint64_t{1} << 63, 0}));
    server.turn();
    CHECK(produce(client, "t", 0, keyed({{"b", "1"}})).error_code == ErrorCode::none);
    CHECK(stored(server, "t", 2) == Strings{"1"});
}

TEST_CASE("a forwarded batch is stored whole or not at all, and a repeat after a failure is no duplicate") {
    test::World w;
    auto stream = w.create("s");
    REQUIRE(w.engine->split(*stream, 0, {std::uint64_t{1} << 63, 0}));
    w.settle();
    const auto forward = [&] {
        streams::Append whole;
        whole.records = 2;
        whole.producer_id = 7;
        whole.producer_epoch = 0;
        whole.base_sequence = 0;
        std::vector<streams::Part> parts;
        for (std::size_t i : {1, 2}) {
            auto& bytes = *w.kept.emplace_back(std::make_unique<batch::Blob>(test::batch_of({"x"}, 1'700'000'000'000)));
            parts.push_back({stream->shards[i].get(),
                             {.batch = bytes, .records = 1, .payload_bytes = 2, .max_timestamp_ms = 1'700'000'000'000}});
        }
        return w.engine->forward(*stream->shards[0], whole, parts);
    };
    // No room for all, then none for the part of the first child: the second child's and the producer's go down with it.
    w.store.fail(1, storage::Error::no_space, 2);
    const auto lost = forward();
    REQUIRE(lost);
    CHECK_FALSE(w.wait(lost->ticket));
    CHECK(w.values(*stream->shards[1]).empty());
    CHECK(w.values(*stream->shards[2]).empty());
    const auto again = forward();
    REQUIRE(again);
    CHECK_FALSE(again->duplicate);
    CHECK(w.wait(again->ticket));
    CHECK(w.values(*stream->shards[1]) == Strings{"x"});
    CHECK(w.values(*stream->shards[2]) == Strings{"x"});
    CHECK(forward()->duplicate);
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}
