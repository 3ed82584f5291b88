// Large bodies of the Kinesis door: those that come are read and made into batches by a thread, those that leave are made in
// slices. What a client sees is as if neither were so.
#include <doctest/doctest.h>

#include "protocol/kinesis/base64.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

World large_world() { return World{{.most_bytes_on_loop = 100'000, .most_worked_on_loop = 100'000, .reads_on_thread = true}}; }

std::string base64_of(std::size_t bytes, char c) {
    std::string text(kinesis::base64_size(bytes), '=');
    kinesis::put_base64(text.data(), std::string(bytes, c));
    return text;
}

std::string start_of(Caller& call, const std::string& stream) {
    return call.ask(
        "GetShardIterator",
        {{"StreamName", stream}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
}

// Does it once the shard's tokens are taken: then a large batch is being made.
Task<void> after_admission(World& w, const Shard& shard, std::function<void()> act) {
    const auto full = balance_of(shard.write_bytes, w.clock().now());
    while (balance_of(shard.write_bytes, w.clock().now()) == full) {
        auto turn = asio::post(*w.io, use_task);
        co_await std::move(turn);
    }
    act();
}

}   // namespace

TEST_CASE("five megabytes are put in one request and read in one answer, in order") {
    auto w = large_world();
    Caller call{w};
    w.create("s", 1, "none");
    json records = json::array();
    for (int i = 0; i < 10; ++i)
        records.push_back({{"Data", base64_of(500'000, static_cast<char>('a' + i))}, {"PartitionKey", "k" + std::to_string(i)}});
    const auto put = call.ask("PutRecords", {{"StreamName", "s"}, {"Records", records}});
    REQUIRE(put["FailedRecordCount"] == 0);
    const auto got = call.ask("GetRecords", {{"ShardIterator", start_of(call, "s")}});
    REQUIRE(got["Records"].size() == 10);
    for (std::size_t i = 0; i < 10; ++i) {
        CHECK(got["Records"][i]["Data"] == records[i]["Data"]);
        CHECK(got["Records"][i]["PartitionKey"] == records[i]["PartitionKey"]);
        CHECK(got["Records"][i]["SequenceNumber"] == put["Records"][i]["SequenceNumber"]);
    }
    CHECK(got["MillisBehindLatest"] == 0);
    CHECK(call.ask("GetRecords", {{"ShardIterator", got["NextShardIterator"]}})["Records"].empty());
}

TEST_CASE("an answer of several slices ends at ten megabytes or at the limit, and the next one goes on there") {
    auto w = large_world();
    Caller call{w};
    const auto stream = w.create("s", 1, "none");
    for (int i = 0; i < 24; ++i) REQUIRE(w.put(*stream->shards[0], {std::string(499'999, 'x')}));   // with its key 500,000
    const auto first = call.ask("GetRecords", {{"ShardIterator", start_of(call, "s")}});
    CHECK(first["Records"].size() == 20);   // 10,000,000 of 10,485,760
    CHECK(first["MillisBehindLatest"] == 1);
    CHECK(call.ask("GetRecords", {{"ShardIterator", first["NextShardIterator"]}})["Records"].size() == 4);
    CHECK(call.ask("GetRecords", {{"ShardIterator", start_of(call, "s")}, {"Limit", 7}})["Records"].size() == 7);
}

TEST_CASE("of two callers at once only the first is let in, however long its answer takes, and it pays for all of it") {
    auto w = large_world();
    Caller call{w};
    w.clock().freeze();
    const auto stream = w.create("s", 1, "kinesis");
    auto& shard = *stream->shards[0];
    for (int i = 0; i < 10; ++i) REQUIRE(w.put(shard, {std::string(1'000'000, 'x')}));
    const auto start = start_of(call, "s");
    std::optional<std::size_t> refusals;
    auto second = [&]() -> Task<void> {   // while the first is at it
        while (balance_of(shard.read_calls, w.clock().now()) == 5000) {
            auto turn = asio::post(*w.io, use_task);
            co_await std::move(turn);
        }
        refusals = w.engine->admit_read_call(shard) ? 1 : 0;
    };
    auto task = second();
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    CHECK(call.ask("GetRecords", {{"ShardIterator", start}})["Records"].size() == 10);
    CHECK(refusals == 1);
    CHECK(balance_of(shard.read_bytes, w.clock().now()) == -10'000'010'000);   // with the keys
    w.clock().advance(10s);
    CHECK(call.ask("GetRecords", {{"ShardIterator", start}, {"Limit", 1}})["Records"].size() == 1);
    CHECK(balance_of(shard.read_bytes, w.clock().now()) == (2 * 1024 * 1024 - 1'000'001) * 1000LL);   // nothing more than its own
}

TEST_CASE("what a Fetch is charged while an answer is made in slices stays charged beside the answer") {
    struct Case {
        int records;
        std::int64_t balance;
    };
    // An answer within the limit's capacity of 2,097,152 bytes, and one beyond it.
    for (const auto& [records, balance] : {Case{2, -4'800'002'000}, Case{10, -12'000'010'000}}) {
        CAPTURE(records);
        auto w = large_world();
        Caller call{w};
        w.clock().freeze();
        const auto stream = w.create("s", 1, "kinesis");
        auto& shard = *stream->shards[0];
        for (int i = 0; i < records; ++i) {
            REQUIRE(w.put(shard, {std::string(900'000, 'x')}));
            w.clock().advance(1s);
        }
        const auto start = start_of(call, "s");
        auto fetch = [&]() -> Task<void> {   // while the first is at it
            while (balance_of(shard.read_calls, w.clock().now()) == 5000) {
                auto turn = asio::post(*w.io, use_task);
                co_await std::move(turn);
            }
            CHECK_FALSE(w.engine->read_room(shard));
            w.engine->charge_read(shard, streams::Door::kafka, 3'000'000, 1);
        };
        auto task = fetch();
        asio::co_spawn(*w.io, std::move(task), asio::detached);
        CHECK(call.ask("GetRecords", {{"ShardIterator", start}})["Records"].size() == static_cast<std::size_t>(records));
        CHECK(balance_of(shard.read_bytes, w.clock().now()) == balance);
    }
}

TEST_CASE("a record that is larger than a slice comes alone or with others, as it fits") {
    auto w = large_world();
    Caller call{w};
    const auto stream = w.create("s", 1, "none");
    for (const int size : {100, 6'000'000, 3'000'000, 2'000'000, 100})
        REQUIRE(w.put(*stream->shards[0], {std::string(static_cast<std::size_t>(size), 'x')}));
    const auto first = call.ask("GetRecords", {{"ShardIterator", start_of(call, "s")}});
    CHECK(first["Records"].size() == 3);
    CHECK(call.ask("GetRecords", {{"ShardIterator", first["NextShardIterator"]}})["Records"].size() == 2);
}

TEST_CASE("a large batch carries the time at which it was appended, though it was made before") {
    auto w = large_world();
    Caller call{w};
    const auto stream = w.create("s", 1, "kinesis");
    auto& shard = *stream->shards[0];
    w.clock().freeze();
    const auto before_ms = to_ms(w.clock().now());
    auto task = after_admission(w, shard, [&] { w.clock().advance(5s); });
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    json records = json::array({{{"Data", base64_of(300'000, 'x')}, {"PartitionKey", "k"}}});
    REQUIRE(call.ask("PutRecords", {{"StreamName", "s"}, {"Records", records}})["FailedRecordCount"] == 0);
    std::int64_t appended = 0, stamped = 0;
    REQUIRE(w.engine->read(shard, 0, streams::Isolation::committed, [&](const storage::EntryView& entry) {
        appended = entry.appended_ms;
        stamped = entry.max_timestamp_ms;
        return true;
    }));
    CHECK(appended - before_ms == 5000);
    CHECK(stamped == appended);
    const auto found = w.engine->find_timestamp(shard, appended);   // of the record, inside of the batch
    REQUIRE(found.has_value());
    CHECK(found->second == appended);
}

TEST_CASE("a shard that is closed while a large batch for it is made takes none of it") {
    auto w = large_world();
    Caller call{w};
    const auto stream = w.create("s", 1, "kinesis");
    auto& shard = *stream->shards[0];
    auto task =
        after_admission(w, shard, [&] { (void)w.engine->split(*stream, 0, streams::HashKey{std::uint64_t{1} << 63, 0}); });
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    json records = json::array({{{"Data", base64_of(300'000, 'x')}, {"PartitionKey", "k"}}});
    const auto told = call.ask("PutRecords", {{"StreamName", "s"}, {"Records", records}});
    CHECK(told["FailedRecordCount"] == 1);
    CHECK(told["Records"][0]["ErrorCode"] == "InternalFailure");
    CHECK(shard.end == 0);
    CHECK(shard.sealed);
}
