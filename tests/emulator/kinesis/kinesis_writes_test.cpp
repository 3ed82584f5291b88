// Every operation of the handlers' list beside a store that fails: after a refused answer nothing has changed, after an accepted
// one it is stored, and memory is what a start on the store makes of it. An operation without an example does not compile.
#include <doctest/doctest.h>

#include "emulator/kinesis/served.h"
#include "protocol/kinesis/base64.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::kinesis;
using nlohmann::json;

namespace {

// A stream "s" of two shards with a record in each, kept for 48 hours, and another one.
struct Scene {
    explicit Scene(milliseconds state_delay, bool full = false) : w{{.state_delay = state_delay}} {
        if (full) {
            w.engine.reset();
            w.store.reopen([] { return storage::open_memory(100'000); });
            w.start();
        }
        w.clock().freeze();
        stream = w.create("s", 2, "kinesis");
        w.create("other", 1, "kinesis");
        w.clock().advance(1s);   // they are ACTIVE
        w.settle();
        REQUIRE(w.wait(*w.engine->set_retention(*stream, 48h)));
        for (const auto& shard : stream->shards) REQUIRE(w.put(*shard, {"kept"}));
        iterator = caller.ask(
            "GetShardIterator",
            {{"StreamName", "s"}, {"ShardId", "shardId-000000000000"}, {"ShardIteratorType", "TRIM_HORIZON"}})["ShardIterator"];
        int fillers = 0;
        for (const std::size_t bytes : {10'000, 1'000, 100, 1})
            while (full &&
                   w.wait(w.engine->put(w.engine->default_world(), "filler" + std::to_string(fillers), std::string(bytes, 'x'))))
                ++fillers;
    }
    // What a start on the store would make of it, without asking this engine to store anything.
    std::string stored() {
        Engine fresh{w.io->get_executor(), w.store, w.time, w.chance, w.options};
        return fresh.dump();
    }
    World w;
    test::Caller caller{w};
    streams::StreamPointer stream;
    std::string iterator;
};

json for_shard(int shard) { return {{"StreamName", "s"}, {"ShardId", "shardId-00000000000" + std::to_string(shard)}}; }
json record(const std::string& key) { return {{"Data", "cmVjb3Jk"}, {"PartitionKey", key}}; }

// How an operation is asked for, and whether it changes anything.
template <class Operation>
struct Example;
struct Writes {
    static constexpr bool writes = true;
};
struct Reads {
    static constexpr bool writes = false;
};
template <>
struct Example<CreateStream> : Writes {
    static json body(Scene&) { return {{"StreamName", "made"}, {"ShardCount", 3}}; }
};
template <>
struct Example<DecreaseStreamRetentionPeriod> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"RetentionPeriodHours", 24}}; }
};
template <>
struct Example<DeleteStream> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<DescribeStream> : Reads {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<DescribeStreamSummary> : Reads {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<GetRecords> : Reads {
    static json body(Scene& scene) { return {{"ShardIterator", scene.iterator}}; }
};
template <>
struct Example<GetShardIterator> : Reads {
    static json body(Scene&) {
        auto asked = for_shard(0);
        asked["ShardIteratorType"] = "LATEST";
        return asked;
    }
};
template <>
struct Example<IncreaseStreamRetentionPeriod> : Writes {
    static json body(Scene&) { return {{"StreamName", "s"}, {"RetentionPeriodHours", 72}}; }
};
template <>
struct Example<ListShards> : Reads {
    static json body(Scene&) { return {{"StreamName", "s"}}; }
};
template <>
struct Example<ListStreams> : Reads {
    static json body(Scene&) { return json::object(); }
};
template <>
struct Example<MergeShards> : Writes {
    static json body(Scene&) {
        return {{"StreamName", "s"}, {"ShardToMerge", "shardId-000000000000"}, {"AdjacentShardToMerge", "shardId-000000000001"}};
    }
};
template <>
struct Example<PutRecord> : Writes {
    static json body(Scene&) {
        auto asked = record("k");
        asked["StreamName"] = "s";
        return asked;
    }
};
template <>
struct Example<PutRecords> : Writes {
    static json body(Scene&) {
        auto records = json::array();
        for (int i = 0; i < 8; ++i) records.push_back(record("k" + std::to_string(i)));
        return {{"StreamName", "s"}, {"Records", records}};
    }
};
template <>
struct Example<SplitShard> : Writes {
    static json body(Scene&) {
        return {{"StreamName", "s"}, {"ShardToSplit", "shardId-000000000000"}, {"NewStartingHashKey", "1000"}};
    }
};

struct Failing {
    std::uint64_t nth;
    storage::Error error;
    std::uint64_t times;
};

template <class Operation>
void check(milliseconds state_delay, const Failing& failing, bool full) {
    INFO(Operation::operation << ", commit " << failing.nth << " and so many in all: " << failing.times);
    Scene scene{state_delay, full};
    auto& w = scene.w;
    const auto body = Example<Operation>::body(scene);
    const auto before = w.engine->dump();
    w.store.fail(failing.nth, failing.error, failing.times);
    const auto commits = w.store.commits();
    const auto answer = scene.caller.answer(Operation::operation, body);
    const bool met = failing.nth != 0 && w.store.commits() >= commits + failing.nth;
    w.store.fail(0);
    const auto parts = json::parse((answer.front + answer.body).empty() ? "{}" : answer.front + answer.body);
    const bool taken = answer.status == 200 && parts.value("FailedRecordCount", 0) == 0;
    if (failing.nth == 0 && !full) CHECK(answer.status == 200);
    if (full && Operation::operation == "DeleteStream") CHECK(taken);
    const auto stored = scene.stored();
    const auto memory = w.engine->dump();
    CHECK(memory == stored);
    if (Example<Operation>::writes && taken) CHECK(memory != before);
    if (!Example<Operation>::writes || (!taken && answer.status != 200)) CHECK(memory == before);
    if (Example<Operation>::writes && failing.error == storage::Error::io && met && failing.nth == 1) CHECK_FALSE(taken);
    if (state_delay > milliseconds{0}) {
        // The end of the delay cannot be stored at first.
        w.store.fail(failing.nth, failing.error, failing.times);
        w.clock().advance(1s);
        w.settle();
        w.store.fail(0);
        const auto tried = w.engine->dump();
        CHECK(tried == scene.stored());
        w.clock().advance(10s);
        w.settle();
        const auto ended = w.engine->dump();
        CHECK(ended == scene.stored());
    }
}

template <class... Operation>
void check_all(Operations<Operation...>, milliseconds state_delay, const Failing& failing, bool full = false) {
    (check<Operation>(state_delay, failing, full), ...);
}

}   // namespace

TEST_CASE("whichever commit of an operation fails, memory, store and answer agree: nothing has changed, or all of it is stored") {
    for (const auto delay : {0ms, 500ms}) {
        check_all(Served{}, delay, {0, storage::Error::io, 0});
        for (const auto error : {storage::Error::io, storage::Error::no_space})
            for (std::uint64_t nth = 1; nth <= 2; ++nth)
                for (const std::uint64_t times : {1, 2, 100}) check_all(Served{}, delay, {nth, error, times});
    }
}

TEST_CASE("in a full store each operation is refused and changes nothing or is stored, and a stream can be deleted") {
    check_all(Served{}, 0ms, {0, storage::Error::io, 0}, true);
}
