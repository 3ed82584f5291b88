// What members of a share group acquire, and what becomes of it when they say so, or say nothing.
#include "protocol/kafka/messages/alter_share_group_offsets.h"
#include "protocol/kafka/messages/delete_share_group_offsets.h"
#include "protocol/kafka/messages/describe_share_group_offsets.h"
#include "tests/support/kafka_share_member.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Runs = std::vector<AcquiredRun>;

struct Shared {
    Server server;
    streams::StreamPointer topic = server.create("t", 2);
    Client producer{server};
    Shared() = default;
    ShareMemberClient member(std::string name, std::string group = "g") {
        return {server, std::move(group), std::move(name), *topic};
    }
    void put(std::initializer_list<std::string_view> values, std::int32_t partition = 0) {
        REQUIRE(produce(producer, "t", partition, batch_of(values)).error_code == ErrorCode::none);
    }
    // Where a group stands, and what it has before it.
    std::pair<std::int64_t, std::int64_t> stands(std::string_view group, std::int32_t index = 0) {
        const DescribeShareGroupOffsetsRequest::Group::Topic asked{.topic_name = "t", .partitions = {&index, 1}};
        DescribeShareGroupOffsetsRequest::Group of{.group_id = group,
                                                   .topics = Array<DescribeShareGroupOffsetsRequest::Group::Topic>{&asked, 1}};
        const auto told =
            producer.ask<DescribeShareGroupOffsetsResponse>(DescribeShareGroupOffsetsRequest{.groups = {&of, 1}}, 1);
        const auto& partition = told->groups.at(0).topics.at(0).partitions.at(0);
        return {partition.start_offset, partition.lag};
    }
    ErrorCode alter(std::string_view group, std::int64_t offset) {
        const AlterShareGroupOffsetsRequest::Topic::Partition partition{.partition_index = 0, .start_offset = offset};
        const AlterShareGroupOffsetsRequest::Topic asked{.topic_name = "t", .partitions = {&partition, 1}};
        return producer
            .ask<AlterShareGroupOffsetsResponse>(AlterShareGroupOffsetsRequest{.group_id = group, .topics = {&asked, 1}}, 0)
            ->error_code;
    }
};

}   // namespace

TEST_CASE("a share group begins behind the newest record, and its members share what comes then") {
    Shared s;
    s.put({"before"});
    auto one = s.member("one"), two = s.member("two");
    CHECK(one.acquire().empty());
    CHECK(two.acquire().empty());
    s.put({"a", "b"});
    s.put({"c"});
    CHECK(one.acquire({.max_records = 2}) == Runs{{1, 2, 1}});
    CHECK(two.acquire() == Runs{{3, 3, 1}});
    CHECK(one.acquire().empty());
    CHECK(s.stands("g") == std::pair<std::int64_t, std::int64_t>{1, 3});
    CHECK(one.acknowledge({{1, 2, {accepted}}}) == ErrorCode::none);
    CHECK(s.stands("g") == std::pair<std::int64_t, std::int64_t>{3, 1});
    CHECK(s.stands("g", 1).first == -1);   // of the other partition nobody knows anything
    CHECK(s.stands("other").first == -1);
}

TEST_CASE("whole batches are acquired unless the member wants no record more than it said") {
    Shared s;
    auto one = s.member("one"), two = s.member("two");
    one.acquire();
    two.acquire();
    s.put({"a", "b", "c", "d"});
    const auto told = one.fetch(1, {.max_records = 2, .mode = 1});
    CHECK(ShareMemberClient::runs_of(told) == Runs{{0, 1, 1}});
    CHECK(two.acquire({.max_records = 1}) == Runs{{2, 3, 1}});
    FetchResponse::Partition as_fetched;   // the bytes are whole batches in either case
    as_fetched.records = told->responses.at(0).partitions.at(0).records;
    CHECK(values_of(as_fetched).size() == 4);
}

TEST_CASE("accepted and rejected records are settled, released ones come again and are counted") {
    Shared s;
    auto one = s.member("one");
    one.acquire();
    s.put({"a", "b", "c", "d"});
    CHECK(one.acquire() == Runs{{0, 3, 1}});
    CHECK(one.acquire({.acknowledgements = {{0, 2, {accepted, released, rejected}}}}) == Runs{{1, 1, 2}});
    CHECK(one.acknowledge({{1, 1, {gapped}}, {3, 3, {released}}}) == ErrorCode::none);
    CHECK(s.stands("g").first == 3);
    for (int count = 2; count <= 5; ++count) {
        CHECK(one.acquire() == Runs{{3, 3, count}});
        CHECK(one.acknowledge({{3, 3, {released}}}) == ErrorCode::none);
    }
    CHECK(one.acquire().empty());   // share.delivery.count.limit
    CHECK(s.stands("g") == std::pair<std::int64_t, std::int64_t>{4, 0});
}

TEST_CASE("an acknowledgement of what its member does not hold is refused, and nothing of that partition is carried out") {
    Shared s;
    auto one = s.member("one"), two = s.member("two");
    one.acquire();
    two.acquire();
    s.put({"a", "b", "c"});
    CHECK(one.acquire() == Runs{{0, 2, 1}});
    CHECK(two.acknowledge({{0, 0, {accepted}}}) == ErrorCode::invalid_record_state);
    CHECK(one.acknowledge({{0, 0, {accepted}}, {3, 3, {accepted}}}) == ErrorCode::invalid_request);
    CHECK(one.acknowledge({{0, 1, {accepted}}, {1, 2, {accepted}}}) == ErrorCode::invalid_record_state);
    CHECK(one.acknowledge({{1, 0, {accepted}}}) == ErrorCode::invalid_request);
    CHECK(one.acknowledge({{0, 2, {accepted, accepted}}}) == ErrorCode::invalid_request);
    CHECK(one.acknowledge({{0, 0, {}}}) == ErrorCode::invalid_request);
    CHECK(one.acknowledge({{0, 0, {9}}}) == ErrorCode::invalid_request);
    CHECK(one.acknowledge({{0, 0, {renewed}}}) == ErrorCode::invalid_request);
    CHECK(one.acknowledge({{0, 0, {accepted}}}, false, 1) == ErrorCode::unknown_topic_or_partition);
    CHECK(one.acknowledge({{0, 0, {accepted}}}, false, 9) == ErrorCode::unknown_topic_or_partition);
    CHECK(s.stands("g").first == 0);
    CHECK(one.acknowledge({{0, 1, {accepted}}}) == ErrorCode::none);
    CHECK(one.acknowledge({{0, 1, {accepted}}}) == ErrorCode::none);   // it lies before the start by now
    CHECK(one.acknowledge({{0, 2, {released}}}) == ErrorCode::none);
    CHECK(one.acknowledge({{2, 2, {accepted}}}) == ErrorCode::invalid_record_state);
}

TEST_CASE("a lock ends after its time unless it is renewed, and what was held comes again") {
    Shared s;
    auto one = s.member("one"), two = s.member("two");
    one.acquire();
    two.acquire();
    s.put({"a", "b"});
    CHECK(one.acquire() == Runs{{0, 1, 1}});
    s.server.pass(std::chrono::seconds{20});
    CHECK(one.acknowledge({{0, 0, {renewed}}}, true) == ErrorCode::none);
    two.send_fetch(1, {.max_wait_ms = 60'000});
    s.server.turn();
    CHECK_FALSE(two.client.frame());
    s.server.pass(std::chrono::seconds{10});
    const auto told = two.client.receive<ShareFetchResponse>(2);
    REQUIRE(told);
    CHECK(ShareMemberClient::runs_of(*told) == Runs{{1, 1, 2}});
    CHECK(one.acknowledge({{1, 1, {accepted}}}) == ErrorCode::invalid_record_state);
    s.server.pass(std::chrono::seconds{20});
    CHECK(one.acquire() == Runs{{0, 0, 2}});
}

TEST_CASE("a share fetch that renews locks fetches nothing") {
    Shared s;
    auto one = s.member("one");
    one.acquire();
    s.put({"a"});
    CHECK(one.acquire() == Runs{{0, 0, 1}});
    s.put({"b"});
    CHECK(one.acquire({.renews = true, .acknowledgements = {{0, 0, {renewed}}}}).empty());
    CHECK(one.acquire() == Runs{{1, 1, 1}});
}

TEST_CASE("a share fetch waits for records, or for as many bytes as it said") {
    Shared s;
    auto one = s.member("one"), two = s.member("two", "h");
    one.acquire();
    two.acquire();
    one.send_fetch(1, {.max_wait_ms = 5'000});
    two.send_fetch(1, {.max_wait_ms = 5'000, .min_bytes = 140});
    CHECK_FALSE(one.client.frame());
    s.put({"a"});
    const auto told = one.client.receive<ShareFetchResponse>(2);
    REQUIRE(told);
    CHECK(ShareMemberClient::runs_of(*told) == Runs{{0, 0, 1}});
    CHECK_FALSE(two.client.frame());
    s.put({"b"});
    const auto both = two.client.receive<ShareFetchResponse>(2);
    REQUIRE(both);
    CHECK(ShareMemberClient::runs_of(*both) == Runs{{0, 1, 1}});
    two.send_fetch(2, {.max_wait_ms = 5'000});
    CHECK_FALSE(two.client.frame());
    s.server.pass(std::chrono::seconds{5});
    const auto nothing = two.client.receive<ShareFetchResponse>(2);
    REQUIRE(nothing);
    CHECK((*nothing)->responses.empty());
}

TEST_CASE("what a member held goes back to its group when its session is closed, or its connection ends") {
    Shared s;
    auto two = s.member("two");
    two.acquire();
    {
        auto one = s.member("one");
        one.acquire();
        s.put({"a"});
        CHECK(one.acquire() == Runs{{0, 0, 1}});
        CHECK(two.acquire().empty());
        CHECK(one.fetch(-1)->error_code == ErrorCode::none);
        CHECK(one.fetch(-1)->error_code == ErrorCode::share_session_not_found);
        one.begin_anew();
        CHECK(one.acquire() == Runs{{0, 0, 2}});
        two.send_fetch(2, {.max_wait_ms = 5'000});
        CHECK_FALSE(two.client.frame());
        one.client.leave();
    }
    const auto told = two.client.receive<ShareFetchResponse>(2);
    REQUIRE(told);
    CHECK(ShareMemberClient::runs_of(*told) == Runs{{0, 0, 3}});
}

TEST_CASE("share sessions have epochs") {
    Shared s;
    auto one = s.member("one");
    CHECK(one.fetch(3)->error_code == ErrorCode::share_session_not_found);
    CHECK(one.fetch(0, {.acknowledgements = {{0, 0, {accepted}}}})->error_code == ErrorCode::invalid_request);
    CHECK(one.fetch(0)->error_code == ErrorCode::none);
    CHECK(one.fetch(77)->error_code == ErrorCode::invalid_share_session_epoch);
    CHECK(one.fetch(-2)->error_code == ErrorCode::invalid_share_session_epoch);
    CHECK(one.fetch(1)->error_code == ErrorCode::none);
    CHECK(one.fetch(2, {.mode = 7})->error_code == ErrorCode::unknown_server_error);
    const auto told = one.fetch(2, {.partition = 9});
    CHECK(told->responses.at(0).partitions.at(0).error_code == ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("no more records of a partition are held than its group may hold, and settling makes room") {
    DoorOptions options;
    options.configs["group.share.partition.max.record.locks"] = "100";
    Shared s;
    s.server.reopen(std::move(options));
    s.topic = s.server.engine->find(s.server.world(), "t");
    Client producer{s.server};
    auto one = s.member("one"), two = s.member("two");
    one.acquire();
    two.acquire();
    std::vector<batch::Record> records(60, batch::Record{.timestamp = 1'700'000'000'000, .key = {}, .value = as_bytes("v")});
    for (int i = 0; i < 3; ++i) produce(producer, "t", 0, batch::build(records, {}));
    CHECK(one.acquire() == Runs{{0, 119, 1}});
    two.send_fetch(1, {.max_wait_ms = 5'000});
    CHECK_FALSE(two.client.frame());
    CHECK(one.acknowledge({{0, 30, {accepted}}}) == ErrorCode::none);
    const auto told = two.client.receive<ShareFetchResponse>(2);
    REQUIRE(told);
    CHECK(ShareMemberClient::runs_of(*told) == Runs{{120, 179, 1}});
}

TEST_CASE("after a restart settled records stay settled, what was held is free, and deliveries are counted on") {
    Shared s;
    {
        auto one = s.member("one");
        one.acquire();
        s.put({"a", "b", "c", "d"});
        CHECK(one.acquire() == Runs{{0, 3, 1}});
        CHECK(one.acquire({.acknowledgements = {{0, 0, {accepted}}, {2, 2, {rejected}}, {3, 3, {released}}}}) == Runs{{3, 3, 2}});
    }
    s.server.reopen();
    s.topic = s.server.engine->find(s.server.world(), "t");
    auto two = s.member("two");
    CHECK(two.acquire() == Runs{{1, 1, 2}, {3, 3, 3}});
    CHECK(two.acknowledge({{1, 1, {accepted}}, {3, 3, {accepted}}}) == ErrorCode::none);
    CHECK(two.acquire().empty());
}

TEST_CASE("an empty share group goes on where it is told to, and forgets a topic when it is told so") {
    Shared s;
    s.put({"a", "b", "c"});
    CHECK(s.alter("g", 1) == ErrorCode::none);
    CHECK(s.stands("g") == std::pair<std::int64_t, std::int64_t>{1, 2});
    auto one = s.member("one");
    CHECK(one.acquire() == Runs{{1, 2, 1}});
    CHECK(one.heartbeat(0, {"t"})->error_code == ErrorCode::none);
    CHECK(s.alter("g", 0) == ErrorCode::non_empty_group);
    CHECK(one.heartbeat(-1)->error_code == ErrorCode::none);   // its session goes with it
    const DeleteShareGroupOffsetsRequest::Topic asked{.topic_name = "t"};
    CHECK(s.producer
              .ask<DeleteShareGroupOffsetsResponse>(DeleteShareGroupOffsetsRequest{.group_id = "g", .topics = {&asked, 1}}, 0)
              ->responses.at(0)
              .error_code == ErrorCode::none);
    CHECK(s.stands("g").first == -1);
    one.begin_anew();
    CHECK(one.acquire().empty());
}

TEST_CASE("the children of a split shard are read from their beginning by a share group") {
    Server server;
    const auto topic = server.create("k", 1, "kinesis");
    ShareMemberClient one{server, "g", "one", *topic};
    auto joined = one.heartbeat(0, {"k"});
    REQUIRE(joined->assignment);
    CHECK(joined->assignment->topic_partitions.at(0).partitions == std::vector<std::int32_t>{0});
    CHECK(one.acquire().empty());
    REQUIRE(server.engine->split(*topic, 0, streams::HashKey{std::uint64_t{1} << 63, 0}));
    server.engine->flush();
    server.turn();
    Client producer{server};
    CHECK(produce(producer, "k", 1, batch_of({"a"})).error_code == ErrorCode::none);
    const auto told = one.heartbeat(joined->member_epoch);
    REQUIRE(told->assignment);
    CHECK(told->assignment->topic_partitions.at(0).partitions == std::vector<std::int32_t>{0, 1, 2});
    CHECK(one.acquire({.partition = 1}) == Runs{{0, 0, 1}});
}
