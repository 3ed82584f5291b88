// Where the letters of a share group's dead records go, and what is in them, as Kafka 4.4.0 was seen to write them (KIP-1191).
#include "protocol/kafka/all_messages.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/kafka_share_member.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

constexpr std::int8_t topic_type = 2, broker_type = 4, group_type = 32;
constexpr std::string_view prefix = "errors.deadletterqueue.";

struct Office {
    Server server;
    streams::StreamPointer topic = server.create("t", 4);
    std::optional<Client> client{std::in_place, server};

    ErrorCode set(std::int8_t type, std::string_view name, std::string_view key, std::string_view value) {
        const IncrementalAlterConfigsRequest::Config config{.name = key, .config_operation = 0, .value = value};
        const IncrementalAlterConfigsRequest::Resource one{.resource_type = type, .resource_name = name, .configs = {&config, 1}};
        return client->ask<IncrementalAlterConfigsResponse>(IncrementalAlterConfigsRequest{.resources = {&one, 1}}, 1)
            ->resources.at(0)
            .error_code;
    }
    // A group whose letters go to that topic.
    void group(std::string_view name, std::string_view letters, bool copies = true) {
        CHECK(set(group_type, name, std::string(prefix) + "topic.name", letters) == ErrorCode::none);
        CHECK(set(group_type, name, std::string(prefix) + "copy.record.enable", copies ? "true" : "false") == ErrorCode::none);
        CHECK(set(group_type, name, "share.auto.offset.reset", "earliest") == ErrorCode::none);
    }
    streams::StreamPointer letter_box(const std::string& name, std::int32_t partitions = 1) {
        const auto stream = server.create(name, partitions);
        CHECK(set(topic_type, name, std::string(prefix) + "group.enable", "true") == ErrorCode::none);
        return stream;
    }
    void put(std::initializer_list<std::string_view> values, std::int32_t partition = 0) {
        REQUIRE(produce(*client, "t", partition, batch_of(values)).error_code == ErrorCode::none);
    }
    // Takes everything of a partition and says so of each record.
    void settle(std::string group, std::int8_t how, std::int32_t partition = 0) {
        ShareMemberClient member{server, std::move(group), "member", *topic};
        for (const auto& [first, last, count] : member.acquire({.partition = partition}))
            CHECK(member.acknowledge({{first, last, {how}}}, false, partition) == ErrorCode::none);
    }
    // "k=v of t-0:1 by g, 1 time: why"
    std::vector<std::string> letters(std::string_view name, std::int32_t partition = 0) {
        Fetching fetching{name, 0};
        fetching.partition.partition = partition;
        const auto told = client->ask<FetchResponse>(fetching.request, 12);
        Blob all;
        for (const auto part : told->topics.at(0).partitions.at(0).records.parts) all.insert(all.end(), part.begin(), part.end());
        std::vector<std::string> found;
        Blob scratch;
        for (Bytes rest = all; !rest.empty();) {
            const auto header = batch::parse_header(rest);
            REQUIRE(header);
            REQUIRE(batch::read(rest, scratch, [&](const batch::Record& record) {
                std::map<std::string, std::string> of;
                batch::each_header(record, [&](const batch::RecordHeader& one) {
                    of[std::string(as_text(one.key))] = as_text(one.value.value_or(Bytes{}));
                });
                const auto text = [](const std::optional<Bytes>& bytes) { return bytes ? std::string(as_text(*bytes)) : "null"; };
                const auto at = [&](const char* key) { return of.at("__dlq.errors." + std::string(key)); };
                found.push_back(text(record.key) + "=" + text(record.value) + " of " + at("topic") + "-" + at("partition") + ":" +
                                at("offset") + " by " + at("group") + ", " + at("delivery.count") + ": " + at("message"));
                return true;
            }));
            rest = rest.subspan(static_cast<std::size_t>(header->size()));
        }
        return found;
    }
};
using Letters = std::vector<std::string>;

}   // namespace

TEST_CASE("a rejected record has a dead letter with its key and value, and headers that say where it was") {
    Office office;
    office.letter_box("dlq.t");
    office.group("g", "dlq.t");
    office.put({"a", "b"});
    office.settle("g", rejected);
    CHECK(office.letters("dlq.t") ==
          Letters{"k=a of t-0:0 by g, 1: Offset rejected by client.", "k=b of t-0:1 by g, 1: Offset rejected by client."});
    office.put({"c"});
    office.settle("g", accepted);
    CHECK(office.letters("dlq.t").size() == 2);
}

TEST_CASE("a record that was received as often as it may be has a dead letter, whether it was given back or its lock ended") {
    Office office;
    office.letter_box("dlq.t");
    office.group("g", "dlq.t");
    REQUIRE(office.set(group_type, "g", "share.delivery.count.limit", "2") == ErrorCode::none);
    office.put({"a"});
    office.settle("g", released);
    CHECK(office.letters("dlq.t").empty());
    office.settle("g", released);
    CHECK(office.letters("dlq.t") == Letters{"k=a of t-0:0 by g, 2: Offset delivery count exceeded the threshold."});
    office.put({"b"});
    office.settle("g", released);
    ShareMemberClient silent{office.server, "g", "silent", *office.topic};
    CHECK(silent.acquire().size() == 1);
    office.server.pass(std::chrono::seconds{31});
    CHECK(office.letters("dlq.t").back() == "k=b of t-0:1 by g, 2: Offset delivery count exceeded the threshold.");
}

TEST_CASE("dead letters go to the partition of the record's number, counted round") {
    Office office;
    office.letter_box("dlq.t", 3);
    office.group("g", "dlq.t", false);
    for (const int partition : {1, 3}) {
        office.put({"a"}, partition);
        office.settle("g", rejected, partition);
    }
    CHECK(office.letters("dlq.t", 0) == Letters{"null=null of t-3:0 by g, 1: Offset rejected by client."});
    CHECK(office.letters("dlq.t", 1) == Letters{"null=null of t-1:0 by g, 1: Offset rejected by client."});
    CHECK(office.letters("dlq.t", 2).empty());
}

TEST_CASE("a record that is too large for the topic of dead letters has a letter without its bytes") {
    Office office;
    office.letter_box("dlq.t");
    REQUIRE(office.set(topic_type, "dlq.t", "max.message.bytes", "300") == ErrorCode::none);
    office.group("g", "dlq.t");
    office.put({"a", std::string(400, 'x'), "c"});
    office.settle("g", rejected);
    CHECK(office.letters("dlq.t") == Letters{"k=a of t-0:0 by g, 1: Offset rejected by client.",
                                             "null=null of t-0:1 by g, 1: Offset rejected by client.",
                                             "k=c of t-0:2 by g, 1: Offset rejected by client."});
}

TEST_CASE("dead letters take the compression and the timestamps of their topic") {
    Office office;
    const auto box = office.letter_box("dlq.t");
    REQUIRE(office.set(topic_type, "dlq.t", "compression.type", "zstd") == ErrorCode::none);
    REQUIRE(office.set(topic_type, "dlq.t", "message.timestamp.type", "LogAppendTime") == ErrorCode::none);
    office.group("g", "dlq.t");
    office.put({"a"});
    office.settle("g", rejected);
    CHECK(office.letters("dlq.t").size() == 1);
    Fetching fetching{"dlq.t", 0};
    const auto told = office.client->ask<FetchResponse>(fetching.request, 12);
    const auto header = batch::parse_header(told->topics.at(0).partitions.at(0).records.parts.front());
    REQUIRE(header);
    CHECK(header->codec() == batch::Codec::zstd);
    CHECK(header->max_timestamp == to_ms(office.server.clock().now()));
}

TEST_CASE("where dead letters may not go, the record is settled all the same") {
    Office office;
    office.server.create("plain");
    REQUIRE(office.set(topic_type, "plain", std::string(prefix) + "group.enable", "true") == ErrorCode::none);
    office.server.create("dlq.off");
    for (const std::string letters : {"plain", "dlq.off", "dlq.none", "dlq.bad name!"}) {
        const auto group = "g-" + letters;
        office.group(group, letters);
        office.put({"a"});
        office.settle(group, rejected);
        ShareMemberClient member{office.server, group, "again", *office.topic};
        CHECK_MESSAGE(member.acquire().empty(), letters);
    }
    CHECK(office.letters("plain").empty());
    CHECK(office.letters("dlq.off").empty());
    CHECK_FALSE(office.server.engine->find(office.server.world(), "dlq.none"));
    CHECK(office.set(group_type, "g", std::string(prefix) + "topic.name", "__consumer_offsets") == ErrorCode::invalid_config);
}

TEST_CASE("a topic of dead letters is made for the first of them where the broker says so, and both outlive a restart") {
    Office office;
    REQUIRE(office.set(broker_type, "1", std::string(prefix) + "auto.create.topics.enable", "true") == ErrorCode::none);
    office.group("g", "dlq.new");
    office.put({"a"});
    office.settle("g", rejected);
    office.client.reset();
    office.server.reopen();
    office.client.emplace(office.server);
    CHECK(office.letters("dlq.new") == Letters{"k=a of t-0:0 by g, 1: Offset rejected by client."});
    CHECK(office.server.engine->find(office.server.world(), "dlq.new")->configs.at("errors.deadletterqueue.group.enable") ==
          "true");
}

TEST_CASE("a rejection that cannot be stored leaves no letter, and the record is delivered again") {
    Office office;
    office.letter_box("dlq.t");
    office.group("g", "dlq.t");
    office.put({"a"});
    office.client.reset();
    auto& store = make_failing(office.server);
    office.client.emplace(office.server);
    office.topic = office.server.engine->find(office.server.world(), "t");
    ShareMemberClient member{office.server, "g", "member", *office.topic};
    REQUIRE(member.acquire().size() == 1);
    store.fail(1);
    CHECK(member.acknowledge({{0, 0, {rejected}}}) == ErrorCode::kafka_storage_error);
    CHECK(office.letters("dlq.t").empty());
    office.settle("g", rejected);
    CHECK(office.letters("dlq.t").size() == 1);
}

TEST_CASE("the letters of a stream that was split go to an open shard of the topic they were for") {
    Office office;
    const auto box = office.letter_box("dlq.t");
    REQUIRE(office.server.engine->split(*box, 0, streams::HashKey{std::uint64_t{1} << 63, 0}));
    office.server.engine->flush();
    office.server.turn();
    office.group("g", "dlq.t");
    office.put({"a"});
    office.settle("g", rejected);
    std::size_t count = 0;
    for (const int partition : {1, 2}) count += office.letters("dlq.t", partition).size();
    CHECK(count == 1);
}
