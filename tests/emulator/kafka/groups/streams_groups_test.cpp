// Groups of Kafka Streams (KIP-1071) as clients see them: internal topics, tasks, and what survives.
#include "protocol/kafka/messages/list_groups.h"
#include "protocol/kafka/messages/streams_group_describe.h"
#include "protocol/kafka/messages/streams_group_heartbeat.h"
#include "protocol/kafka/messages/streams_group_topology_description_update.h"
#include "storage/failing.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Beat = StreamsGroupHeartbeatRequest;

// A member of the application "app": lines -> words-repartition -> counts kept in words-changelog.
struct Streamer {
    Client client;
    std::string id;
    std::int32_t epoch = 0;

    Streamer(Server& server, std::string name) : client(server, "app"), id(std::move(name)) {}

    void send_join() {
        const std::string_view lines{"lines"}, sink{"words-repartition"};
        const Beat::KeyValue compact{.key = "cleanup.policy", .value = "compact"};
        Beat::TopicInfo changelog{}, repartition{};
        changelog.name = "words-changelog";
        changelog.topic_configs = {&compact, 1};
        repartition.name = "words-repartition";
        std::vector<Beat::Subtopology> subs(2);
        subs[0].subtopology_id = "0";
        subs[0].source_topics = {&lines, 1};
        subs[0].repartition_sink_topics = {&sink, 1};
        subs[1].subtopology_id = "1";
        subs[1].state_changelog_topics = {&changelog, 1};
        subs[1].repartition_source_topics = {&repartition, 1};
        Beat request;
        request.group_id = "app";
        request.member_id = id;
        request.rebalance_timeout_ms = 30'000;
        request.process_id = id;
        request.topology = Beat::Topology{.epoch = 0, .subtopologies = subs};
        request.active_tasks = request.standby_tasks = request.warmup_tasks = Array<Beat::TaskIds>{};
        client.send(request, 1);
    }
    void send(std::int32_t as_epoch) {
        Beat request;
        request.group_id = "app";
        request.member_id = id;
        request.member_epoch = as_epoch;
        client.send(request, 1);
    }
    // "2: 0_0 1_0", "2: same", what stands in the way, a code's name, or nothing while the server does not answer.
    std::optional<std::string> told() {
        const auto answer = client.receive<StreamsGroupHeartbeatResponse>(1);
        if (!answer) return std::nullopt;
        const auto& body = *answer->body;
        if (body.error_code != ErrorCode::none) return std::string(name_of(body.error_code));
        epoch = body.member_epoch;
        if (!body.status->empty()) return body.status->front().status_detail;
        std::string out = std::to_string(epoch) + ":";
        if (!body.active_tasks) return out + " same";
        for (const auto& task : *body.active_tasks)
            for (const auto p : task.partitions) out += " " + task.subtopology_id + "_" + std::to_string(p);
        return out;
    }
    std::string join() {
        send_join();
        return told().value_or("silent");
    }
};

std::string described(Server& server) {
    Client admin(server);
    const std::string_view id = "app";
    StreamsGroupDescribeRequest request;
    request.group_ids = {&id, 1};
    const auto answer = admin.ask<StreamsGroupDescribeResponse>(request, 1);
    const auto& group = answer->groups[0];
    if (group.error_code != ErrorCode::none) return std::string(name_of(group.error_code));
    return group.group_state + " " + std::to_string(group.group_epoch) + " " + std::to_string(group.members.size()) + " " +
           std::to_string(group.topology->subtopologies->at(1).state_changelog_topics.at(0).partitions);
}

}   // namespace

TEST_CASE("a Streams application gets its internal topics and its tasks with the first answer") {
    Server server;
    server.create("lines", 2);
    Streamer one(server, "one");
    CHECK(one.join() == "2: 0_0 0_1 1_0 1_1");
    const auto changelog = server.engine->find(server.world(), "words-changelog");
    REQUIRE(changelog);
    CHECK(changelog->shards.size() == 2);
    CHECK(changelog->configs.at("cleanup.policy") == "compact");
    CHECK(server.engine->find(server.world(), "words-repartition"));
    CHECK(described(server) == "Stable 2 1 2");
    Client admin(server);
    const auto listed = admin.ask<ListGroupsResponse>(ListGroupsRequest{}, 5);
    REQUIRE(listed->groups.size() == 1);
    CHECK(listed->groups[0].group_type == "streams");
    CHECK(listed->groups[0].protocol_type == "streams");
    StreamsGroupTopologyDescriptionUpdateRequest update;
    update.group_id = "app";
    update.member_id = "one";
    CHECK(admin.ask<StreamsGroupTopologyDescriptionUpdateResponse>(update, 0)->error_code == ErrorCode::unsupported_version);
}

TEST_CASE("a Streams application waits for its source topic, and hears of it at once") {
    Server server;
    Streamer one(server, "one");
    CHECK(one.join() == "Source topics lines are missing.");
    CHECK(described(server).starts_with("NotReady"));
    server.create("lines", 1);
    server.turn();
    CHECK(server.engine->find(server.world(), "words-changelog"));
    one.send(one.epoch);
    CHECK(one.told()->ends_with(": 0_0 1_0"));
    one.send(one.epoch);
    CHECK_FALSE(one.told());
    Streamer two(server, "two");
    CHECK(two.join().ends_with(":"));
    CHECK(one.told()->ends_with(": 0_0"));
}

TEST_CASE("a Streams group goes on after a restart as it was") {
    Server server;
    server.create("lines", 2);
    {
        Streamer one(server, "one");
        one.join();
    }
    server.reopen();
    CHECK(described(server) == "Stable 2 1 2");
    Streamer one(server, "one");
    one.send(2);
    CHECK_FALSE(one.told());
    server.pass(std::chrono::milliseconds{500});
    CHECK(one.told() == "2: same");
    one.send(-1);
    CHECK(one.told() == "-1: same");
    CHECK(described(server).starts_with("Empty"));
}

TEST_CASE("a Streams member whose join could not be stored is none") {
    Server server;
    server.create("lines", 1);
    server.shut();
    auto failing = std::make_unique<storage::FailingStore>(std::move(server.store));
    auto& store = *failing;
    server.store = std::move(failing);
    server.open();
    Streamer one(server, "one");
    store.fail(1, storage::Error::io, 1);
    CHECK(one.join() == "COORDINATOR_NOT_AVAILABLE");
    CHECK(described(server) == "GROUP_ID_NOT_FOUND");
    CHECK(one.join() == "2: 0_0 1_0");
}
