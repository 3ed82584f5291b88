// What Kafka 4.4.0 was seen to answer to lists that are empty, null or name something twice, and to names, places and values
// that it does not take: the same requests were sent to both.
#include "emulator/kafka/topics.h"
#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/delete_topics.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Config = CreateTopicsRequest::Config;

CreateTopicsResponse::Topic create(Client& client, std::string_view name, std::initializer_list<Config> configs = {},
                                   bool validate_only = false) {
    const std::vector<Config> all(configs);
    const CreateTopicsRequest::Topic t{
        .name = name, .num_partitions = 2, .replication_factor = -1, .assignments = {}, .configs = all};
    return client
        .ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}, .timeout_ms = 1000, .validate_only = validate_only}, 7)
        ->topics.at(0);
}

// "code: text" of a topic that would be made with one setting.
std::string with(Client& client, std::string_view config, std::optional<std::string_view> value) {
    const auto told = create(client, "x", {{.name = config, .value = value}}, true);
    return std::to_string(static_cast<int>(told.error_code)) + ": " + told.error_message.value_or("null");
}

std::string list_offsets(Client& client, std::string_view topic, std::initializer_list<ListOffsetsRequest::Partition> partitions,
                         int version = 11, std::int8_t isolation = 0) {
    const std::vector<ListOffsetsRequest::Partition> all(partitions);
    const ListOffsetsRequest::Topic t{.name = topic, .partitions = all};
    const auto answer = client.ask<ListOffsetsResponse>(
        ListOffsetsRequest{.replica_id = -1, .isolation_level = isolation, .topics = {&t, 1}, .timeout_ms = 0}, version);
    std::string told;
    for (const auto& topic_told : answer->topics)
        for (const auto& p : topic_told.partitions)
            told += std::to_string(p.partition_index) + ":" + std::to_string(static_cast<int>(p.error_code)) + " ";
    return told;
}
ListOffsetsRequest::Partition at(std::int32_t partition, std::int64_t timestamp, std::int32_t epoch = -1) {
    return {.partition_index = partition, .current_leader_epoch = epoch, .timestamp = timestamp};
}

Received<MetadataResponse> metadata(Client& client, std::initializer_list<MetadataRequest::Topic> topics, bool create,
                                    int version = 13) {
    const std::vector<MetadataRequest::Topic> all(topics);
    MetadataRequest request;
    request.topics = Array<MetadataRequest::Topic>{all.data(), all.size()};
    request.allow_auto_topic_creation = create;
    return client.ask<MetadataResponse>(request, version);
}

}   // namespace

TEST_CASE("ListOffsets: a partition named twice is 42, a place of no version 35, what is missing 3, another epoch 74 or 75") {
    Server server;
    server.create("t", 2);
    Client client(server);
    CHECK(list_offsets(client, "t", {at(0, -1), at(0, -2), at(1, -2)}) == "0:42 1:0 ");
    CHECK(list_offsets(client, "t", {at(0, -7), at(0, -2)}) == "0:42 ");
    CHECK(list_offsets(client, "t", {}).empty());
    CHECK(list_offsets(client, "missing", {at(0, -7)}) == "0:35 ");
    CHECK(list_offsets(client, "missing", {at(0, -3)}) == "0:3 ");
    CHECK(list_offsets(client, "missing", {at(0, -3)}, 6) == "0:35 ");
    CHECK(list_offsets(client, "missing", {at(0, -4)}, 7) == "0:35 ");
    CHECK(list_offsets(client, "missing", {at(0, -5)}, 8) == "0:35 ");
    CHECK(list_offsets(client, "missing", {at(0, -6)}, 10) == "0:35 ");
    CHECK(list_offsets(client, "t", {at(9, -7)}) == "9:35 ");
    CHECK(list_offsets(client, "t", {at(9, 5)}) == "9:3 ");
    CHECK(list_offsets(client, "t", {at(0, -9, 1)}) == "0:35 ");
    CHECK(list_offsets(client, "t", {at(0, -1, 1)}) == "0:75 ");
    CHECK(list_offsets(client, "t", {at(0, -1, -2)}) == "0:74 ");
    CHECK(list_offsets(client, "t", {at(0, -1, 0)}) == "0:0 ");
    CHECK(list_offsets(client, "t", {at(0, -1)}, 7, 2) == "0:-1 ");
}

TEST_CASE("Metadata tells a topic that is named twice once, and refuses a whole request for one without name and id") {
    Server server;
    server.create("t", 2);
    Client client(server);
    CHECK(metadata(client, {{.topic_id = {}, .name = "t"}, {.topic_id = {}, .name = "t"}}, false)->topics.size() == 1);
    CHECK(metadata(client, {{.topic_id = {}, .name = "no"}, {.topic_id = {}, .name = "no"}}, true)->topics.size() == 1);
    CHECK(metadata(client, {}, true)->topics.empty());
    const auto refused = metadata(client, {{.topic_id = {}, .name = std::nullopt}, {.topic_id = {}, .name = "t"}}, false);
    CHECK(refused->error_code == ErrorCode::unknown_server_error);
    CHECK(refused->brokers.empty());
    REQUIRE(refused->topics.size() == 2);
    CHECK(refused->topics[1].error_code == ErrorCode::unknown_server_error);
    CHECK(metadata(client, {{.topic_id = {}, .name = std::nullopt}}, false, 10)->topics.at(0).error_code ==
          ErrorCode::invalid_request);
}

TEST_CASE("DeleteTopics: ids and names twice, neither, both") {
    Server server;
    const auto stream = server.create("t");
    Client client(server);
    const auto remove = [&](std::initializer_list<DeleteTopicsRequest::Topic> topics) {
        const std::vector<DeleteTopicsRequest::Topic> all(topics);
        const auto answer = client.ask<DeleteTopicsResponse>(
            DeleteTopicsRequest{.topics = {all.data(), all.size()}, .topic_names = {}, .timeout_ms = 1000}, 6);
        std::string told;
        for (const auto& one : answer->topics)
            told += std::to_string(static_cast<int>(one.error_code)) + ": " + one.error_message.value_or("null") + "; ";
        return told;
    };
    const auto id = to_wire_id(stream->topic_id);
    Uuid other = id;
    other.bytes[0] ^= 1;
    CHECK(remove({}).empty());
    CHECK(remove({{.name = std::nullopt, .topic_id = {}}}) == "42: Neither topic name nor id were specified.; ");
    CHECK(remove({{.name = std::nullopt, .topic_id = other}, {.name = std::nullopt, .topic_id = other}}) ==
          "42: Duplicate topic id.; ");
    CHECK(remove({{.name = "t", .topic_id = {}}, {.name = "t", .topic_id = {}}}) == "42: Duplicate topic name.; ");
    CHECK(remove({{.name = "t", .topic_id = id}}) == "42: You may not specify both topic name and topic id.; ");
    CHECK(server.engine->find(server.world(), "t"));
    CHECK(remove({{.name = std::nullopt, .topic_id = id}}).starts_with("0: "));
    CHECK_FALSE(server.engine->find(server.world(), "t"));
}

TEST_CASE("CreatePartitions: empty assignments, replica lists that are empty or name a broker twice, more than 10,000 at once") {
    Server server;
    server.create("t", 2);
    Client client(server);
    using Assignment = CreatePartitionsRequest::Assignment;
    const auto grow = [&](std::int32_t count, std::optional<std::vector<Assignment>> assignments) {
        CreatePartitionsRequest::Topic t{.name = "t", .count = count, .assignments = std::nullopt};
        if (assignments) t.assignments = Array<Assignment>{assignments->data(), assignments->size()};
        const auto answer = client.ask<CreatePartitionsResponse>(
            CreatePartitionsRequest{.topics = {&t, 1}, .timeout_ms = 1000, .validate_only = true}, 3);
        const auto& told = answer->results.at(0);
        return std::to_string(static_cast<int>(told.error_code)) + ": " + told.error_message.value_or("null");
    };
    const std::int32_t twice[] = {1, 1};
    CHECK(grow(4, std::vector<Assignment>{}) ==
          "39: Attempted to add 2 additional partition(s), but only 0 assignment(s) were specified.");
    CHECK(grow(3, std::vector<Assignment>{{.broker_ids = {}}}) ==
          "39: The manual partition assignment includes an empty replica list.");
    CHECK(grow(3, std::vector<Assignment>{{.broker_ids = {twice, 2}}}) ==
          "39: The manual partition assignment includes the broker 1 more than once.");
    CHECK(grow(3, std::vector<Assignment>{{.broker_ids = {twice, 1}}}) == "0: null");
    CHECK(grow(10'003, std::nullopt) == "44: Excessively large number of additional partitions per request.");
}

TEST_CASE("settings of a topic are read and refused as Kafka reads and refuses them") {
    Server server;
    Client client(server);
    const std::string invalid = "40: Invalid value ";
    CHECK(with(client, "retention.ms", " 5") == "0: null");
    CHECK(with(client, "retention.ms", "+5 ") == "0: null");
    CHECK(with(client, "retention.ms", "1e3") == invalid + "1e3 for configuration retention.ms: Not a number of type LONG");
    CHECK(with(client, "retention.ms", "") == invalid + " for configuration retention.ms: Not a number of type LONG");
    CHECK(with(client, "retention.ms", "-2") == invalid + "-2 for configuration retention.ms: Value must be at least -1");
    CHECK(with(client, "segment.bytes", "1000") ==
          invalid + "1000 for configuration segment.bytes: Value must be at least 1048576");
    CHECK(with(client, "compression.lz4.level", "18") ==
          invalid + "18 for configuration compression.lz4.level: Value must be no more than 17");
    CHECK(with(client, "compression.gzip.level", "0") ==
          invalid + "0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1");
    CHECK(with(client, "preallocate", "TRUE") == "0: null");
    CHECK(with(client, "preallocate", "yes") ==
          invalid + "yes for configuration preallocate: Expected value to be either true or false");
    CHECK(with(client, "cleanup.policy", "") == "0: null");
    CHECK(with(client, "cleanup.policy", " compact, delete") == "0: null");
    CHECK(with(client, "cleanup.policy", "delete,") == "40: Configuration 'cleanup.policy' values must not be empty.");
    CHECK(with(client, "cleanup.policy", "COMPACT") ==
          invalid + "COMPACT for configuration cleanup.policy: String must be one of: compact, delete");
    CHECK(with(client, "compression.type", "") ==
          invalid +
              " for configuration compression.type: String must be one of: uncompressed, zstd, lz4, snappy, gzip, producer");
    CHECK(with(client, "follower.replication.throttled.replicas", "0:1,1:1") == "0: null");
    CHECK(with(client, "follower.replication.throttled.replicas", "x").starts_with(invalid + "[x] for configuration"));
    CHECK(with(client, "follower.replication.throttled.replicas", "\xff\xfe").starts_with("40: "));
    CHECK(with(client, "remote.storage.enable", "true").starts_with("40: Tiered Storage functionality is disabled"));
    CHECK(with(client, "nope", "1") == "40: Unknown topic config name: nope");
    CHECK(with(client, "retention.ms", std::nullopt) == "40: Null value not supported for topic configs: retention.ms");
}

TEST_CASE("the limit of a commit's metadata counts characters, not bytes") {
    Server server;
    server.create("t");
    Client client(server);
    const auto commit = [&](const std::string& metadata) {
        const OffsetCommitRequest::Partition p{
            .partition_index = 0, .committed_offset = 1, .committed_leader_epoch = -1, .committed_metadata = metadata};
        OffsetCommitRequest::Topic t;
        t.name = "t";
        t.partitions = {&p, 1};
        OffsetCommitRequest request;
        request.group_id = "g";
        request.generation_id_or_member_epoch = -1;
        request.topics = {&t, 1};
        return client.ask<OffsetCommitResponse>(request, 8)->topics.at(0).partitions.at(0).error_code;
    };
    std::string umlauts, faces;
    for (int i = 0; i < 4096; ++i) umlauts += "\xc3\xa4";
    for (int i = 0; i < 2048; ++i) faces += "\xf0\x9f\x98\x80";
    CHECK(commit(umlauts) == ErrorCode::none);
    CHECK(commit(faces) == ErrorCode::none);
    CHECK(commit(umlauts + "a") == ErrorCode::offset_metadata_too_large);
    CHECK(commit(faces + "a") == ErrorCode::offset_metadata_too_large);
    CHECK(commit(std::string(4097, 'a')) == ErrorCode::offset_metadata_too_large);
}
