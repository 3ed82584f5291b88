// The requests of one connection are carried out in the order they came, wherever a later one reads what an earlier one writes.
// Each case sends both in one piece, so that the later one is there long before the earlier one is committed.
#include "emulator/kafka/dispatch.h"
#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "protocol/kafka/messages/produce.h"
#include "storage/failing.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

template <class Request>
void add(Blob& all, const Request& request, int version, std::int32_t correlation) {
    const auto frame = encode_request(request, version, correlation, "c");
    all.insert(all.end(), frame.begin(), frame.end());
}

// A Produce of one record to partition 0, as a frame.
Blob produce_frame(std::string_view topic, std::string_view value, std::int32_t correlation = 1) {
    const auto records = batch_of({value});
    const ProduceRequest::Partition p{.index = 0, .records = Bytes{records}};
    const ProduceRequest::Topic t{.name = topic, .topic_id = {}, .partitions = {&p, 1}};
    return encode_request(ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 0, .topics = {&t, 1}}, 9, correlation,
                          "c");
}

// The store turns down every write until it is told otherwise.
struct Failing {
    Server server;
    storage::FailingStore* store = nullptr;
    Failing() {
        server.shut();
        auto failing = std::make_unique<storage::FailingStore>(std::move(server.store));
        store = failing.get();
        server.store = std::move(failing);
        server.open();
    }
};

}   // namespace

TEST_CASE("ListOffsets and Fetch behind a Produce of the same connection see its record") {
    Server server;
    server.create("t");
    Client client(server);
    auto all = produce_frame("t", "x");
    SUBCASE("ListOffsets") {
        const ListOffsetsRequest::Partition p{.partition_index = 0, .current_leader_epoch = -1, .timestamp = -1};
        const ListOffsetsRequest::Topic t{.name = "t", .partitions = {&p, 1}};
        add(all, ListOffsetsRequest{.replica_id = -1, .isolation_level = 0, .topics = {&t, 1}, .timeout_ms = 0}, 7, 2);
        client.write(all);
        REQUIRE(client.receive<ProduceResponse>(9));
        const auto told = client.receive<ListOffsetsResponse>(7);
        REQUIRE(told);
        CHECK((*told)->topics[0].partitions[0].offset == 1);
    }
    SUBCASE("Fetch that does not wait") {
        add(all, Fetching("t", 0).request, 12, 2);
        client.write(all);
        REQUIRE(client.receive<ProduceResponse>(9));
        const auto told = client.receive<FetchResponse>(12);
        REQUIRE(told);
        CHECK(values_of((*told)->topics[0].partitions[0]) == std::vector<std::string>{"x"});
    }
}

TEST_CASE("a Fetch that waits does not see what the same connection produces behind it") {
    Server server;
    server.create("t");
    Client client(server);
    Blob all;
    add(all, Fetching("t", 0, 500).request, 12, 1);
    const auto behind = produce_frame("t", "x", 2);
    all.insert(all.end(), behind.begin(), behind.end());
    client.write(all);
    CHECK_FALSE(client.frame());
    server.pass(milliseconds{500});
    const auto told = client.receive<FetchResponse>(12);
    REQUIRE(told);
    CHECK((*told)->topics[0].partitions[0].high_watermark == 0);
    REQUIRE(client.receive<ProduceResponse>(9));
}

TEST_CASE("what could not be stored is not seen by the next request of the same connection") {
    Failing failing;
    auto& server = failing.server;
    server.create("t");
    Client client(server);
    Blob all;
    failing.store->fail(1);
    SUBCASE("Metadata behind CreateTopics") {
        const CreateTopicsRequest::Topic made{
            .name = "new", .num_partitions = 1, .replication_factor = 1, .assignments = {}, .configs = {}};
        add(all, CreateTopicsRequest{.topics = {&made, 1}, .timeout_ms = 1000, .validate_only = false}, 5, 1);
        const MetadataRequest::Topic asked{.topic_id = {}, .name = "new"};
        MetadataRequest metadata;
        metadata.topics = Array<MetadataRequest::Topic>{&asked, 1};
        metadata.allow_auto_topic_creation = false;
        add(all, metadata, 9, 2);
        client.write(all);
        const auto refused = client.receive<CreateTopicsResponse>(5);
        REQUIRE(refused);
        CHECK((*refused)->topics[0].error_code == ErrorCode::kafka_storage_error);
        const auto told = client.receive<MetadataResponse>(9);
        REQUIRE(told);
        CHECK((*told)->topics[0].error_code == ErrorCode::unknown_topic_or_partition);
    }
    SUBCASE("Metadata behind CreatePartitions") {
        const CreatePartitionsRequest::Topic more{.name = "t", .count = 3, .assignments = {}};
        add(all, CreatePartitionsRequest{.topics = {&more, 1}, .timeout_ms = 1000, .validate_only = false}, 2, 1);
        const MetadataRequest::Topic asked{.topic_id = {}, .name = "t"};
        MetadataRequest metadata;
        metadata.topics = Array<MetadataRequest::Topic>{&asked, 1};
        add(all, metadata, 9, 2);
        client.write(all);
        const auto refused = client.receive<CreatePartitionsResponse>(2);
        REQUIRE(refused);
        CHECK((*refused)->results[0].error_code == ErrorCode::kafka_storage_error);
        const auto told = client.receive<MetadataResponse>(9);
        REQUIRE(told);
        CHECK((*told)->topics[0].partitions.size() == 1);
    }
    SUBCASE("OffsetFetch behind OffsetCommit") {
        const OffsetCommitRequest::Partition p{
            .partition_index = 0, .committed_offset = 7, .committed_leader_epoch = -1, .committed_metadata = {}};
        OffsetCommitRequest::Topic t;
        t.name = "t";
        t.partitions = {&p, 1};
        OffsetCommitRequest commit;
        commit.group_id = "g";
        commit.generation_id_or_member_epoch = -1;
        commit.topics = {&t, 1};
        add(all, commit, 8, 1);
        const std::int32_t index = 0;
        OffsetFetchRequest::Topic asked;
        asked.name = "t";
        asked.partition_indexes = {&index, 1};
        OffsetFetchRequest fetch;
        fetch.group_id = "g";
        fetch.topics = Array<OffsetFetchRequest::Topic>{&asked, 1};
        add(all, fetch, 7, 2);
        client.write(all);
        const auto refused = client.receive<OffsetCommitResponse>(8);
        REQUIRE(refused);
        CHECK((*refused)->topics[0].partitions[0].error_code != ErrorCode::none);
        const auto told = client.receive<OffsetFetchResponse>(7);
        REQUIRE(told);
        CHECK((*told)->topics[0].partitions[0].committed_offset == -1);
    }
    SUBCASE("DescribeConfigs behind CreateTopics") {
        const CreateTopicsRequest::Topic made{
            .name = "new", .num_partitions = 1, .replication_factor = 1, .assignments = {}, .configs = {}};
        add(all, CreateTopicsRequest{.topics = {&made, 1}, .timeout_ms = 1000, .validate_only = false}, 5, 1);
        const DescribeConfigsRequest::Resource asked{
            .resource_type = 2, .resource_name = "new", .configuration_keys = std::nullopt};
        DescribeConfigsRequest describe;
        describe.resources = {&asked, 1};
        add(all, describe, 1, 2);
        client.write(all);
        REQUIRE(client.receive<CreateTopicsResponse>(5));
        const auto told = client.receive<DescribeConfigsResponse>(1);
        REQUIRE(told);
        CHECK((*told)->results[0].error_code == ErrorCode::unknown_topic_or_partition);
    }
}

TEST_CASE(
    "only Produce and OffsetCommit overlap with others of their kind; every other API begins when all before it is answered") {
    std::vector<std::string_view> overlapping;
    for (const auto& route : all_routes())
        if (route.order == Order::in_a_row) overlapping.push_back(route.api.name);
    CHECK(overlapping == std::vector<std::string_view>{"Produce", "OffsetCommit"});
    Server server;
    server.create("t");
    Client client(server);
    Blob all;
    for (int i = 1; i <= 3; ++i) {
        const auto one = produce_frame("t", "x", i);
        all.insert(all.end(), one.begin(), one.end());
    }
    for (const auto& route : all_routes()) {   // whatever stands in the body: it has not begun
        if (route.order == Order::in_a_row) continue;
        Blob behind;
        add(behind, Fetching("t", 3, 500).request, 12, 4);
        behind[4] = static_cast<std::byte>(route.api.key >> 8);
        behind[5] = static_cast<std::byte>(route.api.key);
        Server other;
        other.create("t");
        Client waiting(other);
        Blob both;
        add(both, Fetching("t", 0, 500).request, 12, 1);
        both.insert(both.end(), behind.begin(), behind.end());
        waiting.write(both);
        other.turn();
        CHECK(other.door->calls() == 1);
    }
    add(all, Fetching("t", 3, 500).request, 12, 4);
    client.write(all);
    for (int i = 1; i <= 3; ++i) REQUIRE(client.receive<ProduceResponse>(9));
    CHECK_FALSE(client.frame());
    CHECK(server.door->calls() == 1);
}
