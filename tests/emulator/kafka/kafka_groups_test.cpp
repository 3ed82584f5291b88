// Groups, offsets, limits and seals as a Kafka client sees them.
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/kafka/messages/delete_groups.h"
#include "protocol/kafka/messages/delete_topics.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/leave_group.h"
#include "protocol/kafka/messages/list_groups.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/produce.h"
#include "tests/support/kafka_consumer.h"

using namespace sluice;
using namespace sluice::kafka;

TEST_CASE("the first member of a group has its assignment without any time passing") {
    Server server;
    server.create("t");
    Consumer one(server);
    one.enter();
    const auto joined = one.joined();
    REQUIRE(joined);
    CHECK(joined->error_code == ErrorCode::none);
    CHECK(joined->generation_id == 1);
    CHECK(joined->protocol_name == "range");
    CHECK(joined->leader == one.id);
    REQUIRE(joined->members.size() == 1);
    CHECK(joined->members[0].metadata == one.metadata);
    CHECK(state(server) == "CompletingRebalance");
    one.send_sync({{one.id, "all"}});
    CHECK(one.synced() == "all");
    CHECK(state(server) == "Stable");
    CHECK(one.heartbeat() == ErrorCode::none);
}

TEST_CASE("a group of one, two and three members rebalances, and loses one without waiting when it leaves") {
    Server server;
    server.create("t");
    Consumer one(server), two(server), three(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "abc"}});
    CHECK(one.synced() == "abc");

    two.enter();
    CHECK_FALSE(two.joined());   // waits for the first
    CHECK(one.heartbeat() == ErrorCode::rebalance_in_progress);
    one.send_join();
    CHECK(one.joined()->members.size() == 2);
    CHECK(two.joined()->generation_id == 2);
    two.send_sync();
    CHECK_FALSE(two.synced());   // waits for the leader
    one.send_sync({{one.id, "ab"}, {two.id, "c"}});
    CHECK(one.synced() == "ab");
    CHECK(two.synced() == "c");

    three.enter();
    one.send_join();
    two.send_join();
    CHECK(one.joined()->generation_id == 3);
    CHECK(two.joined()->members.empty());
    CHECK(three.joined()->generation_id == 3);
    three.send_sync();
    two.send_sync();
    one.send_sync({{one.id, "a"}, {two.id, "b"}, {three.id, "c"}});
    CHECK(three.synced() == "c");
    CHECK(two.synced() == "b");
    CHECK(one.synced() == "a");

    const LeaveGroupRequest leave{.group_id = "g", .member_id = three.id, .members = {}};
    CHECK(three.client.ask<LeaveGroupResponse>(leave, 1)->error_code == ErrorCode::none);
    CHECK(one.heartbeat() == ErrorCode::rebalance_in_progress);
    CHECK(three.heartbeat() == ErrorCode::unknown_member_id);
    one.send_join();
    two.send_join();
    CHECK(one.joined()->members.size() == 2);
    CHECK(two.joined()->generation_id == 4);
}

TEST_CASE("a member that shows no sign of life is gone after its session timeout, and not before") {
    Server server;
    server.create("t");
    Consumer one(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    server.pass(milliseconds{9'999});
    CHECK(one.heartbeat() == ErrorCode::none);
    server.pass(milliseconds{9'999});
    CHECK(one.heartbeat() == ErrorCode::none);
    server.pass(milliseconds{10'000});
    CHECK(one.heartbeat() == ErrorCode::unknown_member_id);
    CHECK(state(server) == "Empty");
}

TEST_CASE("a jump of the clock does not throw members out; with their clients expired it does") {
    DoorOptions options;
    options.configs = {{"connections.max.idle.ms", "-1"}};   // else the idle connection goes first
    Server server(options);
    server.create("t");
    Consumer one(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    server.clock().advance(std::chrono::hours{25});
    server.turn();
    CHECK(one.heartbeat() == ErrorCode::none);
    server.clock().advance(std::chrono::hours{25}, true);
    server.turn();
    CHECK(one.heartbeat() == ErrorCode::unknown_member_id);
}

TEST_CASE("members that do not come back are dropped when the rebalance timeout is over") {
    Server server;
    server.create("t");
    Consumer one(server), two(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    two.enter();
    for (int i = 0; i < 12; ++i) {
        CHECK_FALSE(two.joined());
        server.pass(milliseconds{5'000});
        if (i < 11) CHECK(one.heartbeat() == ErrorCode::rebalance_in_progress);
    }
    const auto joined = two.joined();
    REQUIRE(joined);
    CHECK(joined->leader == two.id);
    CHECK(joined->members.size() == 1);
}

TEST_CASE("a static member that comes back keeps its place, and fences the one that was there") {
    Server server;
    server.create("t");
    Consumer first(server, "i1");
    first.enter();
    REQUIRE(first.joined());
    CHECK(first.id.starts_with("i1-"));
    first.send_sync({{first.id, "a"}});
    CHECK(first.synced() == "a");
    Consumer again(server, "i1");
    again.enter();
    const auto joined = again.joined();
    REQUIRE(joined);
    CHECK(joined->error_code == ErrorCode::none);
    CHECK(joined->generation_id == 1);
    CHECK(again.id != first.id);
    again.send_sync();
    CHECK(again.synced() == "a");
    CHECK(first.heartbeat() == ErrorCode::fenced_instance_id);
    CHECK(first.commit(1) == ErrorCode::fenced_instance_id);
    first.instance.reset();
    CHECK(first.heartbeat() == ErrorCode::unknown_member_id);
}

TEST_CASE("joins are refused with Kafka's codes") {
    Server server;
    server.create("t");
    Consumer one(server);
    one.send_join(5, 5'999);
    CHECK(one.joined()->error_code == ErrorCode::invalid_session_timeout);
    one.id = "never-seen";
    one.send_join();
    CHECK(one.joined()->error_code == ErrorCode::unknown_member_id);
    CHECK(one.heartbeat() == ErrorCode::unknown_member_id);
    one.generation = 3;
    CHECK(one.commit(5) == ErrorCode::illegal_generation);
}

TEST_CASE("a client that goes away while it joins leaves nobody waiting for it") {
    Server server;
    server.create("t");
    Consumer one(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    {
        std::vector<std::unique_ptr<Consumer>> crowd;
        for (int i = 0; i < 20; ++i) {
            crowd.push_back(std::make_unique<Consumer>(server));
            crowd.back()->enter();
        }
        server.turn();
    }
    server.turn();
    one.send_join();
    const auto joined = one.joined();
    REQUIRE(joined);
    CHECK(joined->members.size() == 1);
}

TEST_CASE("offsets, generation and assignment survive a restart, and the member goes on by heartbeat") {
    Server server;
    server.create("t");
    std::string id;
    std::int32_t generation = 0;
    {
        Consumer one(server);
        one.enter();
        REQUIRE(one.joined());
        one.send_sync({{one.id, "a"}});
        REQUIRE(one.synced());
        CHECK(one.commit(42) == ErrorCode::none);
        id = one.id;
        generation = one.generation;
    }
    server.reopen();
    CHECK(committed(server) == 42);
    CHECK(state(server) == "Stable");
    Consumer same(server);
    same.id = id;
    same.generation = generation;
    CHECK(same.heartbeat() == ErrorCode::none);
    CHECK(same.commit(43) == ErrorCode::none);
    server.pass(milliseconds{10'000});
    CHECK(same.heartbeat() == ErrorCode::unknown_member_id);
}

TEST_CASE("offsets go with their topic; a re-created one starts afresh") {
    Server server;
    server.create("t");
    Consumer simple(server);
    CHECK(simple.commit(7) == ErrorCode::none);
    CHECK(committed(server) == 7);
    REQUIRE(server.engine->remove(server.world(), "t", false));
    server.engine->flush();
    server.turn();
    server.create("t");
    CHECK(committed(server) == -1);
    server.reopen();
    CHECK(committed(server) == -1);
}

TEST_CASE("a reset leaves no group and no offset, and answers who waits") {
    Server server;
    server.create("t");
    Consumer one(server), two(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    CHECK(one.commit(7) == ErrorCode::none);
    two.enter();
    CHECK_FALSE(two.joined());
    server.door->forget(server.world());
    server.engine->reset(server.world());
    CHECK(two.joined()->error_code == ErrorCode::unknown_member_id);
    CHECK(one.heartbeat() == ErrorCode::unknown_member_id);
    CHECK(state(server) == "Dead");
    server.create("t");
    CHECK(committed(server) == -1);
    server.reopen();
    CHECK(state(server) == "Dead");
}

TEST_CASE("a group that only gave out member ids is forgotten when nobody comes back for them") {
    Server server;
    Consumer one(server);
    one.send_join();
    REQUIRE(one.joined()->error_code == ErrorCode::member_id_required);
    CHECK(state(server) == "Empty");
    server.pass(milliseconds{10'000});
    CHECK(state(server) == "Dead");
    one.send_join();
    CHECK(one.joined()->error_code == ErrorCode::unknown_member_id);
}

TEST_CASE("an empty group is listed and can be deleted with its offsets, a live one cannot") {
    Server server;
    server.create("t");
    Consumer one(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    CHECK(one.commit(7) == ErrorCode::none);
    Client admin(server);
    const std::string_view names[] = {"g", "nogrp"};
    const auto remove = [&] { return admin.ask<DeleteGroupsResponse>(DeleteGroupsRequest{.groups_names = {names, 2}}, 2); };
    CHECK(remove()->results[0].error_code == ErrorCode::non_empty_group);
    CHECK(remove()->results[1].error_code == ErrorCode::group_id_not_found);
    one.client.ask<LeaveGroupResponse>(LeaveGroupRequest{.group_id = "g", .member_id = one.id, .members = {}}, 1);
    const auto list = admin.ask<ListGroupsResponse>(ListGroupsRequest{}, 4);
    REQUIRE(list->groups.size() == 1);
    CHECK(list->groups[0].group_state == "Empty");
    CHECK(list->groups[0].protocol_type == "consumer");
    CHECK(remove()->results[0].error_code == ErrorCode::none);
    CHECK(committed(server) == -1);
    CHECK(state(server) == "Dead");
}

TEST_CASE(
    "at a split the producer is refused, the reader told once, the group rebalances and begins the children at their start") {
    Server server;
    const auto stream = server.create("t", 1, "kinesis");
    Consumer one(server);
    one.enter();
    REQUIRE(one.joined());
    one.send_sync({{one.id, "a"}});
    REQUIRE(one.synced());
    Client reader(server), writer(server);
    CHECK(produce(writer, "t", 0, batch_of({"before"})).base_offset == 0);
    reader.send(Fetching("t", 1, 60'000).request, 12);
    CHECK_FALSE(reader.frame());
    REQUIRE(server.engine->split(*stream, 0, streams::HashKey{std::uint64_t{1} << 63, 0}));
    server.engine->flush();
    server.turn();

    const auto told = reader.receive<FetchResponse>(12);
    REQUIRE(told);
    CHECK((*told)->topics[0].partitions[0].error_code == ErrorCode::not_leader_or_follower);
    CHECK(values_of(reader.ask<FetchResponse>(Fetching("t", 0).request, 12)->topics[0].partitions[0]) ==
          std::vector<std::string>{"before"});

    const auto refused = produce(writer, "t", 0, batch_of({"after"}));
    CHECK(refused.error_code == ErrorCode::policy_violation);
    CHECK(refused.error_message ==
          "shard shardId-000000000000 was split into shardId-000000000001 and shardId-000000000002; open partitions: 1, 2");
    CHECK(produce(writer, "t", 1, batch_of({"after"})).base_offset == 0);

    CHECK(one.heartbeat() == ErrorCode::rebalance_in_progress);
    CHECK(committed(server, 1) == 0);
    CHECK(committed(server, 2) == 0);
}

TEST_CASE("a child without an offset starts at its beginning when an ancestor has one") {
    Server server;
    const auto stream = server.create("t", 1, "kinesis");
    Consumer simple(server);
    CHECK(simple.commit(0) == ErrorCode::none);
    REQUIRE(server.engine->split(*stream, 0, streams::HashKey{std::uint64_t{1} << 63, 0}));
    server.engine->flush();
    server.turn();
    CHECK(committed(server, 1) == 0);
    CHECK(committed(server, 2) == 0);
    CHECK(committed(server, 3) == -1);
}

TEST_CASE(
    "a produce over the shard's limit is carried out whole, told its debt, and the connection muted even on a frozen clock") {
    Server server;
    const auto stream = server.create("t", 1, "kinesis");
    server.clock().freeze();
    Client writer(server), other(server);
    std::vector<batch::Record> records(1500, {.timestamp = 1'700'000'000'000, .key = as_bytes("k"), .value = as_bytes("v")});
    const auto batch = batch::build(records);
    const ProduceRequest::Partition p{.index = 0, .records = Bytes{batch}};
    const ProduceRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
    const auto answer =
        writer.ask<ProduceResponse>(ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 0, .topics = {&t, 1}}, 9);
    CHECK(answer->topics[0].partitions[0].error_code == ErrorCode::none);
    CHECK(answer->throttle_time_ms == 500);
    CHECK(stream->shard(0)->end == 1500);
    const ApiVersionsRequest question{
        .client_software_name = "a", .client_software_version = "1", .cluster_id = {}, .node_id = -1};
    writer.send(question, 3);
    CHECK_FALSE(writer.frame());
    other.ask<ApiVersionsResponse>(question, 3);
    server.pass(milliseconds{499});
    CHECK_FALSE(writer.frame());
    server.pass(milliseconds{1});
    CHECK(writer.receive<ApiVersionsResponse>(3));
}

TEST_CASE("a fetch without room under the read limit comes back empty with the time to wait, and loses nothing") {
    Server server;
    server.create("t", 1, "kinesis");
    Client writer(server), reader(server);
    const std::string big(900'000, 'x');
    for (int i = 0; i < 4; ++i) {
        produce(writer, "t", 0, batch_of({big}));
        server.pass(milliseconds{2'000});
    }
    server.clock().freeze();
    std::int64_t offset = 0;
    std::int32_t throttled = 0;
    for (int i = 0; i < 4 && throttled == 0; ++i) {
        const auto answer = reader.ask<FetchResponse>(Fetching("t", offset).request, 12);
        const auto got = values_of(answer->topics[0].partitions[0]).size();
        offset += static_cast<std::int64_t>(got);
        throttled = answer->throttle_time_ms;
        if (throttled > 0) CHECK(got == 0);
    }
    CHECK(offset == 3);   // 2 MiB/s: two batches fit, the third takes the balance below zero
    CHECK(throttled > 0);
    server.clock().resume();
    server.pass(milliseconds{throttled});
    CHECK(values_of(reader.ask<FetchResponse>(Fetching("t", offset).request, 12)->topics[0].partitions[0]).size() == 1);
}

TEST_CASE(
    "with clock auto a slowed producer and a reader without room go on at once, and the answers tell the wait all the same") {
    Server server;
    server.create("t", 1, "kinesis");
    server.clock().go_by_need();
    Client writer(server), reader(server);
    const std::vector<batch::Record> records(1500,
                                             {.timestamp = 1'700'000'000'000, .key = as_bytes("k"), .value = as_bytes("v")});
    const auto batch = batch::build(records);
    const ProduceRequest::Partition p{.index = 0, .records = Bytes{batch}};
    const ProduceRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
    const ProduceRequest request{.transactional_id = {}, .acks = -1, .timeout_ms = 0, .topics = {&t, 1}};
    for (int i = 0; i < 3; ++i) writer.send(request, 9);   // the second and third wait in the muted connection
    std::vector<std::int32_t> told;
    for (int i = 0; i < 3; ++i) told.push_back((*writer.receive<ProduceResponse>(9))->throttle_time_ms);
    CHECK(told == std::vector<std::int32_t>{500, 1500, 1500});
    CHECK(server.clock().now() == from_ms(1'700'000'003'500));
    CHECK(server.time.now() == from_ms(1'700'000'000'000));   // no real time has passed

    const std::string big(900'000, 'x');
    for (int i = 0; i < 6; ++i) produce(writer, "t", 0, batch_of({big}));
    std::int64_t offset = 4500;
    int slowed = 0;
    for (int i = 0; i < 20 && offset < 4506; ++i) {
        const auto answer = reader.ask<FetchResponse>(Fetching("t", offset).request, 12);
        slowed += answer->throttle_time_ms > 0;
        offset += static_cast<std::int64_t>(values_of(answer->topics[0].partitions[0]).size());
    }
    CHECK(offset == 4506);
    CHECK(slowed > 0);
}

TEST_CASE("when the deletion of a topic could not be stored, the topic is back and so are its groups' offsets") {
    Server server;
    auto& store = make_failing(server);
    server.create("t", 2);
    Client client{server};
    const OffsetCommitRequest::Partition p{
        .partition_index = 1, .committed_offset = 7, .committed_leader_epoch = -1, .committed_metadata = "m"};
    const OffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
    OffsetCommitRequest request;
    request.group_id = "g";
    request.topics = {&t, 1};
    REQUIRE(client.ask<OffsetCommitResponse>(request, 8)->topics[0].partitions[0].error_code == ErrorCode::none);
    store.fail(1);
    const std::string_view name = "t";
    DeleteTopicsRequest gone;
    gone.topic_names = {&name, 1};
    CHECK(client.ask<DeleteTopicsResponse>(gone, 4)->topics[0].error_code == ErrorCode::kafka_storage_error);
    CHECK(committed(server, 1) == 7);
}

TEST_CASE("an assignment that could not be stored is given to nobody; the members join again and get it then") {
    Server server;
    auto& store = make_failing(server);
    server.create("t");
    Consumer one(server), two(server);
    one.enter();
    REQUIRE(one.joined()->error_code == ErrorCode::none);
    two.enter();
    server.turn();
    one.send_sync({{one.id, "alone"}});
    CHECK(one.synced() == "REBALANCE_IN_PROGRESS");
    const auto join_both = [&] {
        one.send_join();
        server.turn();
        REQUIRE(one.joined()->error_code == ErrorCode::none);
        REQUIRE(two.joined()->error_code == ErrorCode::none);
    };
    join_both();
    two.send_sync();
    server.turn();
    store.fail(1);
    one.send_sync({{one.id, "first"}, {two.id, "second"}});
    CHECK(one.synced() == "COORDINATOR_NOT_AVAILABLE");
    CHECK(two.synced() == "COORDINATOR_NOT_AVAILABLE");
    CHECK(state(server) == "PreparingRebalance");
    two.send_join();
    server.turn();
    join_both();
    two.send_sync();
    one.send_sync({{one.id, "first"}, {two.id, "second"}});
    CHECK(one.synced() == "first");
    CHECK(two.synced() == "second");
}
