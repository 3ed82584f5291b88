// What of groups is answered is stored, and what is refused has changed nothing: with commits that fail, with a reset in every
// step of a request, and after a kill.
#include "emulator/kafka/broker.h"
#include "emulator/kafka/groups/groups.h"
#include "protocol/kafka/messages/delete_groups.h"
#include "protocol/kafka/messages/heartbeat.h"
#include "protocol/kafka/messages/leave_group.h"
#include "protocol/kafka/messages/sync_group.h"
#include "tests/support/kafka_consumer.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

ErrorCode commit_outside(Server& server, std::int64_t offset) {
    Consumer simple(server);
    return simple.commit(offset);
}

ErrorCode delete_group(Server& server) {
    Client admin(server);
    const std::string_view name = "g";
    return admin.ask<DeleteGroupsResponse>(DeleteGroupsRequest{.groups_names = {&name, 1}}, 2)->results[0].error_code;
}

// Whatever is not stored by now never will be.
void kill(Server& server, storage::FailingStore& store) {
    store.fail(1, storage::Error::io, 1'000'000);
    server.shut();
    store.fail(0);
    server.open();
}

void settle(Consumer& one) {
    one.enter();
    REQUIRE(one.joined()->error_code == ErrorCode::none);
    one.send_sync({{one.id, "all"}});
    REQUIRE(one.synced() == "all");
}

}   // namespace

TEST_CASE("a group whose deletion could not be stored is there with its offsets, in memory and after a restart") {
    for (const auto error : {storage::Error::io, storage::Error::no_space}) {
        Server server;
        auto& store = make_failing(server);
        server.create("t", 2);
        REQUIRE(commit_outside(server, 7) == ErrorCode::none);
        store.fail(1, error, 10);
        CHECK(delete_group(server) == ErrorCode::kafka_storage_error);
        store.fail(0);
        CHECK(committed(server) == 7);
        CHECK(state(server) == "Empty");
        server.reopen();
        CHECK(committed(server) == 7);
        CHECK(delete_group(server) == ErrorCode::none);
        CHECK(state(server) == "Dead");
        kill(server, store);
        CHECK(state(server) == "Dead");
        CHECK(committed(server) == -1);
    }
}

TEST_CASE("a group that had members and could not be deleted is the same group") {
    Server server;
    auto& store = make_failing(server);
    server.create("t");
    Consumer one(server);
    settle(one);
    CHECK(one.commit(3) == ErrorCode::none);
    one.client.ask<LeaveGroupResponse>(LeaveGroupRequest{.group_id = "g", .member_id = one.id, .members = {}}, 1);
    store.fail(1);
    CHECK(delete_group(server) == ErrorCode::kafka_storage_error);
    CHECK(state(server) == "Empty");
    CHECK(committed(server) == 3);
    Consumer two(server);
    two.enter();
    CHECK(two.joined()->generation_id == 3);   // the two before it are not forgotten
}

TEST_CASE("the last member's leaving that could not be stored is refused, and the member is still there") {
    Server server;
    auto& store = make_failing(server);
    server.create("t");
    Consumer one(server);
    settle(one);
    LeaveGroupRequest::Member who;
    who.member_id = one.id;
    LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.members = {&who, 1};
    const auto left = [&] { return one.client.ask<LeaveGroupResponse>(leave, 3)->members[0].error_code; };
    store.fail(1);
    CHECK(left() == ErrorCode::coordinator_not_available);
    CHECK(one.heartbeat() == ErrorCode::none);
    CHECK(state(server) == "Stable");
    CHECK(left() == ErrorCode::none);
    kill(server, store);
    CHECK(state(server) == "Empty");
}

TEST_CASE("offsets of children that could not be stored with their split are not kept either") {
    Server server;
    auto& store = make_failing(server);
    const auto stream = server.create("t", 1, "kinesis");
    Consumer one(server);
    settle(one);
    store.fail(1);
    static_cast<void>(server.engine->split(*stream, 0, streams::HashKey{std::uint64_t{1} << 63, 0}));
    server.engine->flush();
    server.turn();
    CHECK(committed(server, 1) == -1);
    CHECK(committed(server, 2) == -1);
    const auto again = server.engine->find(server.world(), "t");
    Consumer two(server);
    one.send_join();
    REQUIRE(one.joined()->error_code == ErrorCode::none);
    one.send_sync({{one.id, "all"}});
    REQUIRE(one.synced() == "all");
    REQUIRE(server.engine->split(*again, 0, streams::HashKey{std::uint64_t{1} << 63, 0}));
    server.engine->flush();
    server.turn();
    CHECK(committed(server, 1) == 0);
    server.reopen();
    CHECK(committed(server, 1) == 0);
    CHECK(committed(server, 2) == 0);
}

TEST_CASE("a reset in any step of a request to a group ends it with an answer") {
    const auto reset = [](Server& server) {
        server.door->forget(server.world());
        server.engine->reset(server.world());
        server.turn();
    };
    for (int steps = 0; steps < 12; ++steps) {
        CAPTURE(steps);
        const auto some = [&](Server& server) {
            for (int i = 0; i < steps; ++i) {
                server.io.restart();
                server.io.poll_one();
            }
        };
        {
            Server server;
            server.create("t");
            Consumer one(server), two(server);
            settle(one);
            two.enter();
            CHECK_FALSE(two.joined());
            one.send_join();
            some(server);
            reset(server);
            CHECK(one.joined());
            CHECK(two.joined());
            CHECK(state(server) == "Dead");
        }
        {
            Server server;
            server.create("t");
            Consumer one(server);
            one.enter();
            REQUIRE(one.joined());
            one.send_sync({{one.id, "all"}});
            some(server);
            reset(server);
            CHECK(one.synced());
            CHECK(state(server) == "Dead");
            server.reopen();
            CHECK(state(server) == "Dead");
        }
    }
}

TEST_CASE("a reset that could not be stored leaves groups and offsets as they were") {
    Server server;
    auto& store = make_failing(server);
    server.create("t");
    REQUIRE(commit_outside(server, 7) == ErrorCode::none);
    store.fail(1);
    server.door->forget(server.world());
    server.engine->reset(server.world());
    server.engine->flush();
    server.turn();
    CHECK(committed(server) == 7);
    CHECK(state(server) == "Empty");
}

TEST_CASE("a commit that was answered is there after a kill, and one that was refused is not") {
    Server server;
    auto& store = make_failing(server);
    server.create("t");
    REQUIRE(commit_outside(server, 7) == ErrorCode::none);
    store.fail(1);
    CHECK(commit_outside(server, 8) == ErrorCode::kafka_storage_error);
    CHECK(committed(server) == 7);
    CHECK(commit_outside(server, -1) == ErrorCode::none);   // a value like any other, as in Kafka
    CHECK(commit_outside(server, 9) == ErrorCode::none);
    kill(server, store);
    CHECK(committed(server) == 9);
}

// ---- what is kept ----

TEST_CASE("after thousands of rounds of topics made, offsets committed and all of it deleted, nothing of them is kept") {
    Server server;
    Broker broker(*server.engine, {});
    auto& groups = broker.groups(server.world());
    const auto nothing = groups.kept();
    for (int round = 0; round < 3'000; ++round) {
        const auto name = "t" + std::to_string(round % 7);
        streams::Engine::NewStream wanted;
        wanted.name = name;
        wanted.profile = "kafka";
        wanted.state_delay = false;
        const auto stream = server.engine->create(server.world(), wanted);
        REQUIRE(stream);
        const auto group = "g" + std::to_string(round);
        for (const auto* suffix : {"a", "b"})
            groups.commit(group + suffix, {stream->stream->topic_id, 0},
                          {.offset = 1, .metadata = {}, .committed = server.clock().now()});
        CHECK(groups.kept() > nothing);
        if (round % 2 == 0) CHECK(groups.remove(group + "a").code == ErrorCode::none);
        REQUIRE(server.engine->remove(server.world(), name, false));
        CHECK(groups.kept() == nothing);
        if (round % 100 == 0) {
            server.engine->flush();
            server.turn();
        }
    }
}

TEST_CASE(
    "offsets of an empty group go a retention after it became empty, those of a live one stay, those from outside go by themselves") {
    Server server({.configs = {{"offsets.retention.minutes", "60"}}});
    server.create("t", 3);
    SUBCASE("committed from outside") {
        REQUIRE(commit_outside(server, 7) == ErrorCode::none);
        server.clock().advance(std::chrono::minutes{40});
        Consumer simple(server);
        REQUIRE(simple.commit(8, 1) == ErrorCode::none);
        server.clock().advance(std::chrono::minutes{19});
        server.turn();
        CHECK(committed(server) == 7);
        server.clock().advance(std::chrono::minutes{1});
        server.turn();
        CHECK(committed(server) == -1);
        CHECK(committed(server, 1) == 8);
        server.clock().advance(std::chrono::minutes{40});
        server.turn();
        CHECK(committed(server, 1) == -1);
        CHECK(state(server) == "Dead");
    }
    SUBCASE("of members") {
        Consumer one(server);
        settle(one);
        CHECK(one.commit(7) == ErrorCode::none);
        server.clock().advance(std::chrono::hours{5});
        server.turn();
        CHECK(committed(server) == 7);
        one.client.ask<LeaveGroupResponse>(LeaveGroupRequest{.group_id = "g", .member_id = one.id, .members = {}}, 1);
        server.clock().advance(std::chrono::minutes{59});
        server.turn();
        CHECK(committed(server) == 7);
        server.reopen({.configs = {{"offsets.retention.minutes", "60"}}});
        CHECK(committed(server) == 7);
        server.clock().advance(std::chrono::minutes{1});
        server.turn();
        CHECK(committed(server) == -1);
        CHECK(state(server) == "Dead");
        server.engine->flush();
        server.reopen();
        CHECK(state(server) == "Dead");
    }
    SUBCASE("in one step or in many, and while the server was away") {
        REQUIRE(commit_outside(server, 7) == ErrorCode::none);
        server.shut();
        server.time.move(std::chrono::hours{2});
        server.open({.configs = {{"offsets.retention.minutes", "60"}}});
        server.clock().run_due();
        server.turn();
        CHECK(committed(server) == -1);
    }
}

TEST_CASE("an expiry that could not be stored is tried again later, and the offset is there until then") {
    Server server;
    auto& store = make_failing(server);
    server.create("t");
    REQUIRE(commit_outside(server, 7) == ErrorCode::none);
    server.engine->flush();
    store.fail(1, storage::Error::io, 1'000'000);
    server.clock().advance(std::chrono::hours{24 * 7});
    server.engine->flush();
    server.turn();
    CHECK(committed(server) == 7);
    store.fail(0);
    server.clock().advance(std::chrono::minutes{10});
    server.turn();
    CHECK(committed(server) == -1);
}

// ---- who is told ----

TEST_CASE("who reads a topic rebalances when it gets partitions, by CreatePartitions or because what was waited for is made") {
    Server server;
    SUBCASE("partitions are added") {
        const auto stream = server.create("t");
        Consumer one(server);
        settle(one);
        REQUIRE(server.engine->add_partitions(*stream, 6));
        server.turn();
        CHECK(one.heartbeat() == ErrorCode::rebalance_in_progress);
    }
    SUBCASE("a topic that came by being waited for is made") {
        streams::Engine::NewStream waited;
        waited.name = "t";
        waited.profile = "kafka";
        waited.provisional = true;
        waited.state_delay = false;
        REQUIRE(server.engine->create(server.world(), waited));
        Consumer one(server);
        settle(one);
        server.create("other", 3);
        CHECK(one.heartbeat() == ErrorCode::none);
        server.create("t", 4, "kinesis");
        CHECK(one.heartbeat() == ErrorCode::rebalance_in_progress);
    }
}

TEST_CASE("a group without a name is refused as such by all that concern members, and may hold offsets") {
    Server server;
    server.create("t");
    Client client(server);
    CHECK(client
              .ask<HeartbeatResponse>(
                  HeartbeatRequest{.group_id = "", .generation_id = 1, .member_id = "x", .group_instance_id = {}}, 3)
              ->error_code == ErrorCode::invalid_group_id);
    SyncGroupRequest sync;
    sync.generation_id = 1;
    sync.member_id = "x";
    CHECK(client.ask<SyncGroupResponse>(sync, 3)->error_code == ErrorCode::invalid_group_id);
    CHECK(client.ask<LeaveGroupResponse>(LeaveGroupRequest{.group_id = "", .member_id = "x", .members = {}}, 1)->error_code ==
          ErrorCode::invalid_group_id);
    LeaveGroupRequest::Member who;
    who.member_id = "x";
    LeaveGroupRequest leave;
    leave.members = {&who, 1};
    const auto left = client.ask<LeaveGroupResponse>(leave, 3);
    CHECK(left->error_code == ErrorCode::invalid_group_id);
    CHECK(left->members.empty());
}

TEST_CASE("a commit to what does not exist is refused as such whoever asks, and only then the member is looked at") {
    Server server;
    server.create("t");
    Consumer one(server);
    settle(one);
    one.generation = 77;
    CHECK(one.commit(1, 9) == ErrorCode::unknown_topic_or_partition);
    CHECK(one.commit(1) == ErrorCode::illegal_generation);
}

TEST_CASE("a group's name may have any length that a request can carry, and its offsets are there after a restart") {
    for (const std::size_t size : {255, 256, 500, 32'767}) {
        CAPTURE(size);
        Server server;
        server.create("t");
        const std::string name(size, 'g');
        const OffsetCommitRequest::Partition p{.partition_index = 0, .committed_offset = 7, .committed_metadata = ""};
        const OffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
        OffsetCommitRequest commit;
        commit.group_id = name;
        commit.topics = {&t, 1};
        CHECK(Client(server).ask<OffsetCommitResponse>(commit, 7)->topics[0].partitions[0].error_code == ErrorCode::none);
        server.reopen();
        Client client(server);
        const std::int32_t partition = 0;
        const OffsetFetchRequest::Topic asked{.name = "t", .partition_indexes = {&partition, 1}};
        OffsetFetchRequest fetch;
        fetch.group_id = name;
        fetch.topics = Array<OffsetFetchRequest::Topic>{&asked, 1};
        CHECK(client.ask<OffsetFetchResponse>(fetch, 5)->topics[0].partitions[0].committed_offset == 7);
        const std::string_view group = name;
        CHECK(client.ask<DeleteGroupsResponse>(DeleteGroupsRequest{.groups_names = {&group, 1}}, 2)->results[0].error_code ==
              ErrorCode::none);
        server.reopen();
        CHECK(Client(server).ask<OffsetFetchResponse>(fetch, 5)->topics[0].partitions[0].committed_offset == -1);
    }
}
