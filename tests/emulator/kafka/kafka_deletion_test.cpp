// DeleteRecords and OffsetDelete: what goes is gone for both doors and after a restart; codes as seen on Kafka 4.4.0.
#include "emulator/kafka/groups/groups.h"
#include "protocol/kafka/all_messages.h"
#include "tests/support/kafka_consumer.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

std::string delete_records(Client& client, std::string_view topic, std::int32_t partition, std::int64_t offset) {
    const DeleteRecordsRequest::Partition p{.partition_index = partition, .offset = offset};
    const DeleteRecordsRequest::Topic t{.name = topic, .partitions = {&p, 1}};
    DeleteRecordsRequest request;
    request.topics = {&t, 1};
    const auto answer = client.ask<DeleteRecordsResponse>(request, 2);
    const auto& told = answer->topics.at(0).partitions.at(0);
    return std::to_string(static_cast<int>(told.error_code)) + "/" + std::to_string(told.low_watermark);
}

std::vector<std::string> kinesis_values(Server& server, const std::string& name) {
    const auto stream = server.engine->find(server.world(), name);
    const auto* shard = stream->shard(0);
    std::vector<std::string> values;
    auto got = server.engine->chunk_at_hand(*shard, server.engine->bounds(*shard).begin, {.records = 100, .bytes = 1 << 20});
    REQUIRE(got);
    REQUIRE(*got);
    for (const auto& record : (*got)->records) values.emplace_back(as_text(record.value.value_or(Bytes{})));
    return values;
}

}   // namespace

TEST_CASE("DeleteRecords moves the start of the log for both doors, also into a batch, and a restart keeps it") {
    Server server;
    server.create("f1", 2);
    {
        Client client(server);
        REQUIRE(produce(client, "f1", 0, batch_of({"0", "1", "2", "3", "4"})).error_code == ErrorCode::none);
        REQUIRE(produce(client, "f1", 0, batch_of({"5", "6"})).error_code == ErrorCode::none);
        CHECK(delete_records(client, "f1", 0, 3) == "0/3");
        CHECK(delete_records(client, "f1", 0, 2) == "0/3");   // it is gone already
        CHECK(delete_records(client, "f1", 0, 99) == "1/-1");
        CHECK(delete_records(client, "f1", 0, -2) == "1/-1");
        CHECK(delete_records(client, "zzz", 0, 0) == "3/-1");
        CHECK(delete_records(client, "f1", 9, 0) == "3/-1");
        CHECK(kinesis_values(server, "f1") == std::vector<std::string>{"3", "4", "5", "6"});
        const Fetching before{"f1", 2};
        CHECK(client.ask<FetchResponse>(before.request, 11)->topics.at(0).partitions.at(0).error_code ==
              ErrorCode::offset_out_of_range);
    }
    server.reopen();
    CHECK(kinesis_values(server, "f1") == std::vector<std::string>{"3", "4", "5", "6"});
    Client client(server);
    const Fetching at{"f1", 3};
    CHECK(client.ask<FetchResponse>(at.request, 11)->topics.at(0).partitions.at(0).log_start_offset == 3);
    CHECK(delete_records(client, "f1", 0, -1) == "0/7");
    CHECK(kinesis_values(server, "f1").empty());
    CHECK(server.engine->live_bytes(*server.engine->find(server.world(), "f1")->shard(0)) == 0);
    REQUIRE(produce(client, "f1", 0, batch_of({"7"})).error_code == ErrorCode::none);
    CHECK(kinesis_values(server, "f1") == std::vector<std::string>{"7"});
}

TEST_CASE("records of a topic that is compacted only are not deleted") {
    Server server;
    Client client(server);
    const CreateTopicsRequest::Config c{.name = "cleanup.policy", .value = "compact"};
    const CreateTopicsRequest::Topic t{
        .name = "cc", .num_partitions = 1, .replication_factor = -1, .assignments = {}, .configs = {&c, 1}};
    client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}}, 7);
    CHECK(delete_records(client, "cc", 0, 0) == "44/-1");
}

TEST_CASE("OffsetDelete erases offsets of topics that nobody of the group reads") {
    Server server;
    server.create("g1", 2);
    Client client(server);
    const auto commit = [&](std::string_view group) {
        const OffsetCommitRequest::Partition p{
            .partition_index = 0, .committed_offset = 5, .committed_leader_epoch = -1, .committed_metadata = ""};
        const OffsetCommitRequest::Topic t{.name = "g1", .topic_id = {}, .partitions = {&p, 1}};
        OffsetCommitRequest request;
        request.group_id = group;
        request.topics = {&t, 1};
        return client.ask<OffsetCommitResponse>(request, 8)->topics[0].partitions[0].error_code;
    };
    const auto erase = [&](std::string_view group) {
        const OffsetDeleteRequest::Partition p[] = {{.partition_index = 0}, {.partition_index = 7}};
        const OffsetDeleteRequest::Topic t{.name = "g1", .partitions = {p, 2}};
        const auto answer = client.ask<OffsetDeleteResponse>(OffsetDeleteRequest{.group_id = group, .topics = {&t, 1}}, 0);
        std::string told = std::to_string(static_cast<int>(answer->error_code)) + ":";
        for (const auto& topic : answer->topics)
            for (const auto& one : topic.partitions) told += " " + std::to_string(static_cast<int>(one.error_code));
        return told;
    };
    REQUIRE(commit("simple") == ErrorCode::none);
    CHECK(erase("nogrp") == "69:");
    CHECK(erase("") == "24:");
    CHECK(erase("simple") == "0: 0 3");
    OffsetFetchRequest fetch;
    fetch.group_id = "simple";
    CHECK(client.ask<OffsetFetchResponse>(fetch, 5)->topics.empty());
}

TEST_CASE("OffsetDelete leaves the offsets of a topic that a member of the group reads") {
    Server server;
    server.create("t", 1);
    server.create("other", 1);
    Consumer consumer(server);
    consumer.enter();
    server.pass(std::chrono::seconds{3});
    REQUIRE(consumer.joined());
    consumer.send_sync({{consumer.id, "assigned"}});
    REQUIRE(consumer.synced());
    Client client(server);
    const OffsetDeleteRequest::Partition p{.partition_index = 0};
    const OffsetDeleteRequest::Topic t[] = {{.name = "t", .partitions = {&p, 1}}, {.name = "other", .partitions = {&p, 1}}};
    const auto answer = client.ask<OffsetDeleteResponse>(OffsetDeleteRequest{.group_id = "g", .topics = {t, 2}}, 0);
    CHECK(answer->error_code == ErrorCode::none);
    CHECK(answer->topics.at(0).partitions.at(0).error_code == ErrorCode::group_subscribed_to_topic);
    CHECK(answer->topics.at(1).partitions.at(0).error_code == ErrorCode::none);
}
