// What administrators ask of a cluster, answered by a cluster of one node: compared with a Kafka 4.4.0 node that was sent the
// same requests.
#include "emulator/kafka/dispatch.h"
#include "protocol/kafka/all_messages.h"
#include "protocol/kafka/print.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

std::string said(ErrorCode code, const std::optional<std::string>& text) {
    return std::to_string(static_cast<int>(code)) + ": " + text.value_or("null");
}

struct Page {
    std::string told;   // topic:partition …
    std::optional<std::pair<std::string, std::int32_t>> next;
};
Page describe_page(Client& client, std::initializer_list<std::string_view> names, std::int32_t limit,
                   std::optional<DescribeTopicPartitionsRequest::Cursor> cursor = {}) {
    std::vector<DescribeTopicPartitionsRequest::Topic> topics;
    for (const auto name : names) topics.push_back({.name = name});
    const auto answer = client.ask<DescribeTopicPartitionsResponse>(
        DescribeTopicPartitionsRequest{
            .topics = {topics.data(), topics.size()}, .response_partition_limit = limit, .cursor = cursor},
        0);
    Page page;
    for (const auto& t : answer->topics) {
        page.told += t.name.value_or("null");
        if (t.error_code != ErrorCode::none) page.told += "!" + std::to_string(static_cast<int>(t.error_code));
        for (const auto& p : t.partitions) page.told += ":" + std::to_string(p.partition_index);
        page.told += " ";
    }
    if (answer->next_cursor) page.next = {answer->next_cursor->topic_name, answer->next_cursor->partition_index};
    return page;
}

std::string update(Client& client, std::string_view feature, std::int16_t level, std::int8_t type, bool validate = false,
                   int version = 1) {
    const UpdateFeaturesRequest::Update one{.feature = feature, .max_version_level = level, .upgrade_type = type};
    UpdateFeaturesRequest request;
    request.feature_updates = {&one, 1};
    request.validate_only = validate;
    const auto answer = client.ask<UpdateFeaturesResponse>(request, version);
    return said(answer->error_code, answer->error_message);
}

std::string levels(Client& client, int version) {
    const auto answer = client.ask<ApiVersionsResponse>(
        ApiVersionsRequest{.client_software_name = "c", .client_software_version = "1", .cluster_id = {}}, version);
    std::string all;
    for (const auto& f : answer->supported_features)
        all += f.name + " " + std::to_string(f.min_version) + "-" + std::to_string(f.max_version) + "; ";
    for (const auto& f : answer->finalized_features) all += f.name + "=" + std::to_string(f.max_version_level) + " ";
    return all;
}

}   // namespace

TEST_CASE("topics are described page by page, by name, and the cursor names the first partition that is not on the page") {
    Server server;
    server.create("i1", 3);
    server.create("f1", 2);
    Client client(server);
    auto page = describe_page(client, {"f1", "zzz", "i1", "f1"}, 2);
    CHECK(page.told == "f1:0:1 ");
    CHECK(page.next == std::pair<std::string, std::int32_t>{"i1", 0});
    page = describe_page(client, {}, 3, DescribeTopicPartitionsRequest::Cursor{.topic_name = "f1", .partition_index = 1});
    CHECK(page.told == "f1:1 i1:0:1 ");
    CHECK(page.next == std::pair<std::string, std::int32_t>{"i1", 2});
    page = describe_page(client, {"i1", "f1", "zzz", "a b"}, 2000);
    CHECK(page.told == "a b!17 f1:0:1 i1:0:1:2 zzz!3 ");
    CHECK_FALSE(page.next);
    CHECK(describe_page(client, {}, -1).told == "f1:0 ");   // one at least
    CHECK(describe_page(client, {"f1"}, 5, DescribeTopicPartitionsRequest::Cursor{.topic_name = "f1", .partition_index = -1})
              .told == "f1!42 ");
}

TEST_CASE("max.request.partition.size.limit bounds a page, whatever the client asks for") {
    DoorOptions options;
    options.configs = {{"max.request.partition.size.limit", "2"}};
    Server server(options);
    server.create("t", 5);
    Client client(server);
    const auto page = describe_page(client, {"t"}, 2000);
    CHECK(page.told == "t:0:1 ");
    CHECK(page.next == std::pair<std::string, std::int32_t>{"t", 2});
}

TEST_CASE("a changed level of a feature is told at once and after a restart; all updates of a request are made or none") {
    Server server;
    {
        Client client(server);
        CHECK(levels(client, 4).find("eligible.leader.replicas.version 0-1; ") != std::string::npos);
        CHECK(levels(client, 3).find("eligible.leader.replicas.version 0-1; ") == std::string::npos);
        CHECK(levels(client, 3).find("metadata.version 7-33; ") != std::string::npos);
        CHECK(levels(client, 3).find("eligible.leader.replicas.version=1 ") != std::string::npos);
        CHECK(update(client, "eligible.leader.replicas.version", 1, 1) == "0: null");
        const std::string failed = "95: The update failed for all features since the following feature had an error: ";
        CHECK(update(client, "eligible.leader.replicas.version", 0, 1) ==
              failed +
                  "Invalid update version 0 for feature eligible.leader.replicas.version. Can't downgrade the version of this "
                  "feature without setting the upgrade type to either safe or unsafe downgrade.");
        CHECK(update(client, "nope", 1, 1) ==
              failed + "Invalid update version 1 for feature nope. Local controller 1 does not support this feature.");
        CHECK(update(client, "metadata.version", 99, 1) ==
              failed + "Invalid update version 99 for feature metadata.version. Local controller 1 only supports versions 7-33");
        CHECK(update(client, "metadata.version", 20, 2) ==
              failed +
                  "Unsupported metadata.version downgrade from 33 to 20. Refusing to perform the requested downgrade because "
                  "it might delete metadata information.");
        CHECK(update(client, "kraft.version", 0, 2) ==
              failed + "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this feature.");
        CHECK(update(client, "kraft.version", 1, 9) ==
              failed +
                  "Invalid update version 1 for feature kraft.version. The controller does not support the given upgrade type.");
        CHECK(update(client, "eligible.leader.replicas.version", 0, 2, true) == "0: null");
        CHECK(levels(client, 4).find("eligible.leader.replicas.version=1 ") != std::string::npos);
        const UpdateFeaturesRequest::Update two[] = {
            {.feature = "eligible.leader.replicas.version", .max_version_level = 0, .upgrade_type = 2},
            {.feature = "nope", .max_version_level = 1, .upgrade_type = 1}};
        UpdateFeaturesRequest request;
        request.feature_updates = {two, 2};
        CHECK(client.ask<UpdateFeaturesResponse>(request, 1)->error_code == ErrorCode::invalid_update_version);
        CHECK(levels(client, 4).find("eligible.leader.replicas.version=1 ") != std::string::npos);
        CHECK(update(client, "eligible.leader.replicas.version", 0, 2) == "0: null");
        CHECK(levels(client, 4).find("eligible.leader.replicas.version=") == std::string::npos);
    }
    server.reopen();
    {
        Client client(server);
        CHECK(levels(client, 4).find("eligible.leader.replicas.version=") == std::string::npos);
        CHECK(levels(client, 4).find("kraft.version=1 ") != std::string::npos);
    }
    server.door->forget(server.world());
    server.engine->reset(server.world());
    Client client(server);
    CHECK(levels(client, 4).find("eligible.leader.replicas.version=1 ") != std::string::npos);
}

TEST_CASE("DescribeLogDirs tells what each partition stores, of what exists") {
    Server server;
    server.create("t", 2);
    Client client(server);
    const auto sizes = [&](std::optional<std::vector<DescribeLogDirsRequest::Topic>> topics) {
        DescribeLogDirsRequest request;
        request.topics.reset();
        if (topics) request.topics = Array<DescribeLogDirsRequest::Topic>{topics->data(), topics->size()};
        const auto answer = client.ask<DescribeLogDirsResponse>(request, 5);
        const auto& dir = answer->results.at(0);
        CHECK(dir.log_dir == "memory");
        CHECK(dir.total_bytes >= dir.usable_bytes);
        std::map<std::pair<std::string, std::int32_t>, std::int64_t> told;
        for (const auto& t : dir.topics)
            for (const auto& p : t.partitions) told[{t.name, p.partition_index}] = p.partition_size;
        return told;
    };
    CHECK(sizes(std::nullopt).at({"t", 1}) == 0);
    const auto batch = batch_of({"some", "records"});
    REQUIRE(produce(client, "t", 1, batch).error_code == ErrorCode::none);
    CHECK(sizes(std::nullopt).at({"t", 0}) == 0);
    CHECK(sizes(std::nullopt).at({"t", 1}) == static_cast<std::int64_t>(batch.size()));
    const std::int32_t wanted[] = {1, 9};
    const auto some = sizes({{{.topic = "t", .partitions = {wanted, 2}}, {.topic = "zzz", .partitions = {wanted, 2}}}});
    CHECK(some.size() == 1);
    CHECK(some.contains({"t", 1}));
    CHECK(sizes(std::vector<DescribeLogDirsRequest::Topic>{}).empty());
}

TEST_CASE("the end of leader epoch 0 is the log's, other epochs are unknown or fenced") {
    Server server;
    server.create("t", 1);
    Client client(server);
    REQUIRE(produce(client, "t", 0, batch_of({"a", "b"})).error_code == ErrorCode::none);
    const OffsetForLeaderEpochRequest::Partition asked[] = {{.partition = 0, .current_leader_epoch = -1, .leader_epoch = 0},
                                                            {.partition = 0, .current_leader_epoch = 5, .leader_epoch = 0},
                                                            {.partition = 0, .current_leader_epoch = -1, .leader_epoch = 9},
                                                            {.partition = 9, .current_leader_epoch = -1, .leader_epoch = 0},
                                                            {.partition = 0, .current_leader_epoch = -2, .leader_epoch = 5},
                                                            {.partition = 0, .current_leader_epoch = 0, .leader_epoch = 0}};
    const OffsetForLeaderEpochRequest::Topic topics[] = {{.topic = "t", .partitions = {asked, 6}},
                                                         {.topic = "zzz", .partitions = {asked, 1}}};
    const auto answer = client.ask<OffsetForLeaderEpochResponse>(OffsetForLeaderEpochRequest{.topics = {topics, 2}}, 4);
    std::string told;
    for (const auto& t : answer->topics)
        for (const auto& p : t.partitions)
            told += std::to_string(static_cast<int>(p.error_code)) + "/" + std::to_string(p.leader_epoch) + "/" +
                    std::to_string(p.end_offset) + " ";
    CHECK(told == "0/0/2 75/-1/-1 0/-1/-1 3/-1/-1 74/-1/-1 0/0/2 3/-1/-1 ");
}

TEST_CASE("elections, reassignments and moves of replicas find everything where it should be") {
    Server server;
    server.create("cf", 1);
    Client client(server);
    const std::int32_t indexes[] = {0, 7};
    const ElectLeadersRequest::Topic topics[] = {{.topic = "cf", .partitions = {indexes, 2}},
                                                 {.topic = "zzz", .partitions = {indexes, 1}}};
    const auto elect = [&](std::int8_t type, bool all) {
        ElectLeadersRequest request;
        request.election_type = type;
        request.topic_partitions.reset();
        if (!all) request.topic_partitions = Array<ElectLeadersRequest::Topic>{topics, 2};
        const auto answer = client.ask<ElectLeadersResponse>(request, 2);
        std::string told = std::to_string(static_cast<int>(answer->error_code));
        for (const auto& t : answer->replica_election_results) {
            told += " " + t.topic;
            for (const auto& p : t.partition_result) told += " " + said(p.error_code, p.error_message);
        }
        return told;
    };
    CHECK(elect(0, false) ==
          "0 cf 84: Leader election not needed for topic partition. 3: No such partition as cf-7 zzz 3: No such topic as zzz");
    CHECK(elect(1, true) == "0 cf");
    CHECK(elect(7, true) == "42");
    CHECK(elect(7, false) == "42 cf 42: Unknown election type 7 42: Unknown election type 7 zzz 42: Unknown election type 7");

    const std::int32_t ours = 1, other = 7;
    const auto reassign = [&](std::string_view name, std::int32_t index, std::optional<Array<std::int32_t>> replicas) {
        const AlterPartitionReassignmentsRequest::Partition p{.partition_index = index, .replicas = replicas};
        const AlterPartitionReassignmentsRequest::Topic t{.name = name, .partitions = {&p, 1}};
        AlterPartitionReassignmentsRequest request;
        request.topics = {&t, 1};
        const auto answer = client.ask<AlterPartitionReassignmentsResponse>(request, 1);
        const auto& told = answer->responses.at(0).partitions.at(0);
        return said(told.error_code, told.error_message);
    };
    CHECK(reassign("cf", 0, Array<std::int32_t>{&ours, 1}) == "0: null");
    CHECK(reassign("cf", 0, std::nullopt) == "85: null");
    CHECK(reassign("cf", 9, std::nullopt) == "3: Unable to find partition cf:9.");
    CHECK(reassign("zzz", 0, std::nullopt) == "3: Unable to find a topic named zzz.");
    CHECK(reassign("cf", 0, Array<std::int32_t>{&other, 1}) ==
          "39: The manual partition assignment includes broker 7, but no such broker is registered.");
    CHECK(reassign("cf", 0, Array<std::int32_t>{}) == "39: The manual partition assignment includes an empty replica list.");
    const auto running = client.ask<ListPartitionReassignmentsResponse>(ListPartitionReassignmentsRequest{}, 0);
    CHECK(said(running->error_code, running->error_message) == "0: null");
    CHECK(running->topics.empty());

    const AlterReplicaLogDirsRequest::Topic moved{.name = "cf", .partitions = {indexes, 2}};
    const AlterReplicaLogDirsRequest::Dir dirs[] = {{.path = "/nope", .topics = {&moved, 1}},
                                                    {.path = "memory", .topics = {&moved, 1}}};
    const auto move = [&](std::size_t count) {
        const auto answer = client.ask<AlterReplicaLogDirsResponse>(AlterReplicaLogDirsRequest{.dirs = {dirs, count}}, 2);
        std::string told;
        for (const auto& p : answer->results.at(0).partitions) told += std::to_string(static_cast<int>(p.error_code)) + " ";
        return told;
    };
    CHECK(move(1) == "57 57 ");
    CHECK(move(2) == "0 3 ");
}

TEST_CASE("the quorum is this node, which nobody joins and which does not leave") {
    Server server;
    Client client(server);
    const auto quorum = [&](std::string_view name) {
        const DescribeQuorumRequest::Partition p{.partition_index = 0};
        const DescribeQuorumRequest::Topic t{.topic_name = name, .partitions = {&p, 1}};
        return client.ask<DescribeQuorumResponse>(DescribeQuorumRequest{.topics = {&t, 1}}, 2);
    };
    const auto answer = quorum("__cluster_metadata");
    const auto& told = answer->topics.at(0).partitions.at(0);
    CHECK(told.leader_id == 1);
    CHECK(told.observers.empty());
    REQUIRE(told.current_voters.size() == 1);
    const auto directory = told.current_voters[0].replica_directory_id;
    CHECK_FALSE(directory.is_zero());
    CHECK(answer->nodes.at(0).listeners.at(0).name == "CONTROLLER");
    CHECK(quorum("cf")->topics.at(0).partitions.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    const std::string voters = "[ReplicaKey(id=1, directoryId=" + to_text(directory) + ")]";
    const AddRaftVoterRequest::Listener listener{.name = "CONTROLLER", .host = "127.0.0.1", .port = 1};
    const auto add = [&](std::int32_t id, std::size_t listeners, std::optional<std::string_view> cluster = {}) {
        const auto added = client.ask<AddRaftVoterResponse>(AddRaftVoterRequest{.cluster_id = cluster,
                                                                                .timeout_ms = 1000,
                                                                                .voter_id = id,
                                                                                .voter_directory_id = directory,
                                                                                .listeners = {&listener, listeners}},
                                                            1);
        return said(added->error_code, added->error_message);
    };
    CHECK(add(9, 1) == "7: Aborted add voter operation for since API_VERSIONS returned an error BROKER_NOT_AVAILABLE");
    CHECK(add(1, 1) == "126: The voter id for ReplicaKey(id=1, directoryId=" + to_text(directory) +
                           ") is already part of the set of voters " + voters + ".");
    CHECK(add(9, 0) ==
          "42: Add voter request didn't include the endpoint (Endpoints(endpoints={})) for the default listener "
          "ListenerName(CONTROLLER)");
    CHECK(add(9, 1, "x").starts_with("104: The given id \"x\" doesn't match the cluster id \""));
    const auto removed = client.ask<RemoveRaftVoterResponse>(
        RemoveRaftVoterRequest{.cluster_id = {}, .voter_id = 9, .voter_directory_id = directory}, 0);
    CHECK(said(removed->error_code, removed->error_message) ==
          "127: Cannot remove voter ReplicaKey(id=9, directoryId=" + to_text(directory) + ") from the set of voters " + voters);
    const auto broker = [&](std::int32_t id) {
        const auto gone = client.ask<UnregisterBrokerResponse>(UnregisterBrokerRequest{.broker_id = id}, 0);
        return said(gone->error_code, gone->error_message);
    };
    CHECK(broker(9) == "102: Broker ID 9 is not currently registered");
    CHECK(broker(1) == "42: The only broker cannot be unregistered.");
    const auto controller = [&](std::int32_t id) {
        const auto gone = client.ask<UnregisterControllerResponse>(UnregisterControllerRequest{.controller_id = id}, 0);
        return said(gone->error_code, gone->error_message);
    };
    CHECK(controller(9) == "136: Controller ID 9 is not currently registered.");
    CHECK(controller(1) == "42: Controller cannot unregister itself while it is active.");
}

TEST_CASE("telemetry is answered and not advertised, and asks for nothing") {
    Server server;
    Client client(server);
    const auto versions = client.ask<ApiVersionsResponse>(ApiVersionsRequest{}, 0);
    for (const auto& api : versions->api_keys) CHECK((api.api_key != 71 && api.api_key != 72));
    const auto told = client.ask<GetTelemetrySubscriptionsResponse>(GetTelemetrySubscriptionsRequest{}, 0);
    CHECK_FALSE(told->client_instance_id.is_zero());
    CHECK(told->requested_metrics.empty());
    CHECK(told->push_interval_ms == 300'000);
    PushTelemetryRequest push;
    const auto pushed = [&] { return client.ask<PushTelemetryResponse>(push, 0)->error_code; };
    CHECK(pushed() == ErrorCode::invalid_request);
    push.client_instance_id = told->client_instance_id;
    CHECK(pushed() == ErrorCode::unknown_subscription_id);
    push.subscription_id = told->subscription_id;
    CHECK(pushed() == ErrorCode::none);
    push.compression_type = 9;
    CHECK(pushed() == ErrorCode::unsupported_compression_type);
}
