// Consumer groups (KIP-848) as clients see them: what a heartbeat is told and when, what an admin sees, and what survives.
#include "protocol/kafka/messages/delete_groups.h"
#include "protocol/kafka/messages/describe_groups.h"
#include "tests/sim/store.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/kafka_group_member.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

ErrorCode commit_as(GroupMember& member, std::int32_t epoch, std::int64_t offset) {
    const OffsetCommitRequest::Partition p{
        .partition_index = 0, .committed_offset = offset, .committed_leader_epoch = -1, .committed_metadata = ""};
    const OffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
    OffsetCommitRequest request;
    request.group_id = "g";
    request.generation_id_or_member_epoch = epoch;
    request.member_id = member.id;
    request.topics = {&t, 1};
    return member.client.ask<OffsetCommitResponse>(request, 9)->topics[0].partitions[0].error_code;
}

ErrorCode fetch_as(GroupMember& member, std::int32_t epoch) {
    OffsetFetchRequest::Group group{.group_id = "g", .member_id = member.id, .member_epoch = epoch, .topics = std::nullopt};
    OffsetFetchRequest request;
    request.groups = {&group, 1};
    return member.client.ask<OffsetFetchResponse>(request, 9)->groups[0].error_code;
}

ErrorCode delete_g(Server& server) {
    Client admin(server);
    const std::string_view name = "g";
    return admin.ask<DeleteGroupsResponse>(DeleteGroupsRequest{.groups_names = {&name, 1}}, 2)->results[0].error_code;
}

// A server whose topic "t" is on its way into the store, on the thread that writes what is large, and will not come there.
struct InFlight {
    Server server;
    sim::SimStore* store{};
    streams::StreamPointer other;

    InFlight() {
        server.shut();
        auto held = std::make_unique<sim::SimStore>();
        held->open(std::move(server.store));
        store = held.get();
        server.store = std::move(held);
        streams::EngineOptions options;
        options.most_bytes_on_loop = 50'000;
        server.engine =
            std::make_unique<streams::Engine>(server.io.get_executor(), *server.store, server.time, server.random, options);
        server.door = std::make_unique<Door>(*server.engine, DoorOptions{});
        server.endpoint = server.door->listen({asio::ip::make_address("127.0.0.1"), 0});
        other = server.create("other");
    }
    void begin() {
        const std::string value(60'000, 'x');
        const batch::Record record{.timestamp = 0, .key = {}, .value = as_bytes(value)};
        const auto large = batch::build({&record, 1}, {});
        streams::Append append;
        append.batch = large;
        append.records = 1;
        REQUIRE(server.engine->append(*other->shards[0], append));
        streams::Engine::NewStream wanted;
        wanted.name = "t";
        wanted.shards = 2;
        wanted.profile = "kafka";
        wanted.state_delay = false;
        REQUIRE(server.engine->create(server.world(), wanted));
        store->fail(storage::Error::io, 1);
        store->hold(true);
        server.turn();
    }
    void fail() {
        store->hold(false);
        server.engine->flush();
        server.turn();
        CHECK_FALSE(server.engine->find(server.world(), "t"));
    }
};

}   // namespace

TEST_CASE("a consumer group has its first assignment without any time passing, and is listed as what it is") {
    Server server;
    server.create("t", 3);
    GroupMember one(server, "one");
    CHECK(one.join() == "2: 0 1 2");
    CHECK(consumers_state(server) == "Stable 2 1");
    CHECK(listed(server) == "g consumer consumer Stable\n");
    CHECK(state(server) == "Dead");   // to those who ask for a classic group
    CHECK(delete_g(server) == ErrorCode::non_empty_group);
    one.send(-1);
    CHECK(one.told() == "-1: same");
    CHECK(consumers_state(server) == "Empty 3 0");
    CHECK(delete_g(server) == ErrorCode::none);
    CHECK(consumers_state(server) == "GROUP_ID_NOT_FOUND");
}

TEST_CASE("a heartbeat that has nothing to tell waits for news, so a rebalance takes no time") {
    Server server;
    server.create("t", 4);
    GroupMember one(server, "one"), two(server, "two");
    CHECK(one.join() == "2: 0 1 2 3");
    CHECK(one.settle() == "silent");
    CHECK(two.join() == "3:");
    CHECK(one.told() == "2: 0 1");
    two.send(two.epoch);
    CHECK_FALSE(two.told());
    CHECK(one.settle() == "3: same");
    CHECK(two.told() == "3: 2 3");
    CHECK(consumers_state(server) == "Stable 3 2");
    CHECK(one.settle() == "silent");
    two.send(-1);
    CHECK(two.told() == "-1: same");
    CHECK(one.told() == "4: 0 1 2 3");
}

TEST_CASE("a heartbeat waits at most for the heartbeat interval, and not when the client has something else to say") {
    Server server;
    server.create("t");
    GroupMember one(server, "one");
    one.join();
    CHECK(one.settle() == "silent");
    server.pass(std::chrono::milliseconds{499});
    CHECK_FALSE(one.told());
    server.pass(std::chrono::milliseconds{1});
    CHECK(one.told() == "2: same");
    CHECK(one.settle() == "silent");
    one.client.send(HeartbeatRequest{.group_id = "x", .generation_id = 1, .member_id = "x", .group_instance_id = {}}, 3);
    CHECK(one.told() == "2: same");
    CHECK((*one.client.receive<HeartbeatResponse>(3))->error_code == ErrorCode::unknown_member_id);
}

TEST_CASE("a topic that comes, grows or goes reaches the members at once") {
    Server server;
    GroupMember one(server, "one"), pattern(server, "two");
    CHECK(one.join() == "2:");
    CHECK(one.settle() == "silent");
    server.create("t", 2);
    CHECK(one.told() == "3: 0 1");
    CHECK(one.settle() == "silent");
    REQUIRE(server.engine->add_partitions(*server.engine->find(server.world(), "t"), 3));
    CHECK(one.told() == "4: 0 1 2");
    CHECK(one.settle() == "silent");
    REQUIRE(server.engine->remove(server.world(), "t", false));
    CHECK(one.told() == "4:");
    CHECK(one.settle() == "5: same");

    one.send(-1);
    REQUIRE(one.told());
    pattern.names = {};
    pattern.regex = "t.*";
    CHECK(pattern.join() == "7:");
    CHECK(pattern.settle() == "silent");
    server.create("t2", 1);
    CHECK(pattern.told() == "8: 0");
}

TEST_CASE("a split reaches the members at once, and the children are read from their beginning") {
    Server server;
    const auto stream = server.create("t", 1, "kinesis");
    GroupMember one(server, "one");
    one.join();
    CHECK(one.settle() == "silent");
    REQUIRE(server.engine->split(*stream, 0, {std::uint64_t{1} << 63, 0}));
    CHECK(one.told() == "3: 0 1 2");
    CHECK(committed(server, 1) == 0);
    CHECK(committed(server, 2) == 0);
}

TEST_CASE("a member that is silent for its session is gone") {
    Server server;
    server.create("t");
    GroupMember one(server, "one");
    one.join();
    server.pass(std::chrono::seconds{44});
    CHECK(consumers_state(server) == "Stable 2 1");
    server.pass(std::chrono::seconds{1});
    CHECK(consumers_state(server) == "Empty 3 0");
    one.send(2);
    CHECK(one.told() == "UNKNOWN_MEMBER_ID");
}

TEST_CASE("members commit with their epoch") {
    Server server;
    server.create("t");
    GroupMember one(server, "one");
    one.join();
    CHECK(commit_as(one, 2, 5) == ErrorCode::none);
    CHECK(committed(server) == 5);
    CHECK(commit_as(one, 1, 6) == ErrorCode::stale_member_epoch);
    CHECK(fetch_as(one, 2) == ErrorCode::none);
    CHECK(fetch_as(one, 1) == ErrorCode::stale_member_epoch);
    Consumer outside(server);
    CHECK(outside.commit(7) == ErrorCode::unknown_member_id);
}

TEST_CASE("after a restart members go on with the epochs and partitions they had") {
    Server server;
    server.create("t", 4);
    {
        GroupMember one(server, "one"), two(server, "two");
        one.join();
        two.join();
    }
    server.reopen();
    CHECK(consumers_state(server) == "Reconciling 3 2");
    GroupMember one(server, "one"), two(server, "two");
    one.send(2);
    CHECK(one.told() == "2: 0 1");
    CHECK(one.settle() == "3: same");   // it has given back the others
    server.reopen();
    GroupMember again(server, "two");
    again.send(3);
    CHECK(again.told() == "3: 2 3");
}

TEST_CASE("a heartbeat whose change could not be stored has changed nothing") {
    Server server;
    server.create("t", 2);
    auto& store = make_failing(server);
    GroupMember one(server, "one"), two(server, "two");
    store.fail(1, storage::Error::io, 1);
    CHECK(one.join() == "COORDINATOR_NOT_AVAILABLE");
    CHECK(consumers_state(server) == "GROUP_ID_NOT_FOUND");
    CHECK(one.join() == "2: 0 1");
    store.fail(1, storage::Error::io, 1);
    CHECK(two.join() == "COORDINATOR_NOT_AVAILABLE");
    CHECK(consumers_state(server) == "Stable 2 1");
    CHECK(two.join() == "3:");
}

TEST_CASE("members that wait for a topic make nothing of one that could not be stored, and are given the next one of its name") {
    InFlight made;
    auto& server = made.server;
    GroupMember one(server, "one"), pattern(server, "two");
    pattern.names = {};
    pattern.regex = "t.*";
    CHECK(one.join() == "2:");
    CHECK(pattern.join() == "3:");
    CHECK(one.settle() == "3: same");

    made.begin();
    made.fail();
    CHECK(consumers_state(server) == "Stable 3 2");

    server.create("t", 2);
    CHECK(one.settle() == "4: 0");
    CHECK(pattern.settle() == "4: 1");
    CHECK(consumers_state(server) == "Stable 4 2");
}

TEST_CASE("what a member was given of a topic goes with it when the topic could not be stored") {
    InFlight made;
    auto& server = made.server;
    GroupMember one(server, "one");
    made.begin();
    one.send(0);
    CHECK_FALSE(one.told());   // its answer waits for the store
    made.fail();
    CHECK(one.told() == "2: 0 1");
    CHECK(one.settle() == "2:");   // gives back first
    CHECK(one.settle() == "3: same");
    server.create("t", 1);
    CHECK(one.settle() == "4: 0");
    server.reopen();
    CHECK(consumers_state(server) == "Stable 4 1");
}

TEST_CASE("a classic group becomes a consumer group when a consumer joins, and goes back when the last one leaves") {
    Server server;
    server.create("t", 4);
    Consumer classic(server);
    const std::string_view t = "t";
    ConsumerProtocolSubscription reads;
    reads.topics = {&t, 1};
    classic.metadata = encode(reads, 1);
    classic.metadata.insert(classic.metadata.begin(), {std::byte{0}, std::byte{1}});
    classic.enter();
    REQUIRE(classic.joined()->generation_id == 1);
    const std::int32_t all[]{0, 1, 2, 3};
    ConsumerProtocolAssignment::Topic owned{.topic = "t", .partitions = {all, 4}};
    ConsumerProtocolAssignment assignment;
    assignment.assigned_partitions = {&owned, 1};
    const auto bytes = encode(assignment, 1);
    classic.send_sync({{classic.id, std::string("\0\1", 2) + std::string(as_text(bytes))}});
    REQUIRE(classic.synced());

    GroupMember consumer(server, "new");
    CHECK(consumer.join() == "2:");
    CHECK(listed(server) == "g consumer consumer Reconciling\n");
    CHECK(classic.heartbeat() == ErrorCode::rebalance_in_progress);
    CHECK(consumer.settle() == "silent");
    classic.send_join();
    CHECK(classic.joined()->generation_id == 2);   // it owns nothing any more, as it said
    CHECK(consumer.told() == "2: 2 3");
    classic.send_sync();
    const auto told = classic.synced();
    REQUIRE(told);
    CHECK(told->ends_with(std::string("\0\0\0\2\0\0\0\0\0\0\0\1\xff\xff\xff\xff", 16)));   // partitions 0 and 1
    CHECK(classic.heartbeat() == ErrorCode::none);
    CHECK(classic.commit(5) == ErrorCode::none);
    CHECK(consumers_state(server) == "Stable 2 2");
    server.reopen();
    CHECK(consumers_state(server) == "Stable 2 2");

    GroupMember again(server, "new");
    again.send(-1);
    CHECK(again.told() == "-1: same");
    CHECK(listed(server) == "g consumer classic PreparingRebalance\n");
    server.reopen();
    CHECK(listed(server).starts_with("g consumer classic"));
    CHECK(committed(server) == 5);
}

TEST_CASE("a migration that the policy forbids is refused") {
    Server server({.configs = {{"group.consumer.migration.policy", "disabled"}}});
    server.create("t");
    Consumer classic(server);
    classic.enter();
    REQUIRE(classic.joined());
    GroupMember consumer(server, "new");
    CHECK(consumer.join() == "GROUP_ID_NOT_FOUND");
}

TEST_CASE("an empty group is whatever who joins next speaks, and keeps its offsets") {
    Server server;
    server.create("t");
    GroupMember one(server, "one");
    one.join();
    CHECK(commit_as(one, 2, 5) == ErrorCode::none);
    Consumer classic(server);
    one.send(-1);
    REQUIRE(one.told());
    classic.enter();
    CHECK(classic.joined()->generation_id == 1);
    classic.send_sync({{classic.id, "all"}});
    CHECK(classic.synced() == "all");
    CHECK(listed(server) == "g consumer classic Stable\n");
    CHECK(committed(server) == 5);
    server.reopen();
    CHECK(listed(server) == "g consumer classic Stable\n");
    server.pass(std::chrono::seconds{10});   // a session of the classic member
    GroupMember later(server, "later");
    CHECK(later.join() == "2: 0");
    CHECK(listed(server) == "g consumer consumer Stable\n");
    CHECK(committed(server) == 5);
    server.reopen();
    CHECK(listed(server) == "g consumer consumer Stable\n");
}

TEST_CASE("an empty consumer group and its offsets expire as those of classic groups do") {
    Server server({.configs = {{"offsets.retention.minutes", "10"}}});
    server.create("t");
    GroupMember one(server, "one");
    one.join();
    CHECK(commit_as(one, 2, 5) == ErrorCode::none);
    one.send(-1);
    REQUIRE(one.told());
    server.pass(std::chrono::minutes{9});
    CHECK(committed(server) == 5);
    server.pass(std::chrono::minutes{2});
    CHECK(committed(server) == -1);
    CHECK(listed(server).empty());
}
