// Rule 23: a shard's log consists of pieces. Rolling on to another log, and sharing earlier ones with a fork, changes nothing
// that a reader, retention or a bill can see.
#include <doctest/doctest.h>

#include <set>

#include "emulator/streams/engine.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::streams;

namespace {

std::set<LogId> logs_of(const Stream& stream) {
    std::set<LogId> logs;
    for (const auto& shard : stream.shards)
        for (const auto& extent : shard->extents) logs.insert(extent.log);
    return logs;
}

streams::StreamPointer forked(test::World& w, const Stream& parent, const std::string& name) {
    auto made = w.engine->fork(parent, w.engine->default_world(), name);
    REQUIRE(made);
    w.settle();
    return made->stream;
}

void remove(test::World& w, const std::string& name) {
    REQUIRE(w.engine->remove(w.engine->default_world(), name, false));
    w.settle();
}

// Rolls the shards' logs: a fork comes and goes.
void roll(test::World& w, const Stream& stream) {
    forked(w, stream, "passing");
    remove(w, "passing");
}

// Everything that somebody can learn about a shard's log.
std::string look(test::World& w, const Shard& shard) {
    auto& engine = *w.engine;
    const auto bounds = engine.bounds(shard);
    auto told = fmt::format("{}..{} of {} bytes;", bounds.begin, bounds.end, engine.live_bytes(shard));
    for (const auto isolation : {Isolation::uncommitted, Isolation::committed})
        for (auto from = bounds.begin; from < bounds.end; from += 3) {
            REQUIRE(engine.read(shard, from, isolation, [&](const storage::EntryView& entry) {
                told += fmt::format(" {}+{} at {}", entry.first, entry.count, entry.appended_ms);
                return true;
            }));
        }
    for (auto from = bounds.begin; from < bounds.end; ++from)
        for (const auto& value : w.values(shard, from)) told += " " + value;
    const auto now = to_ms(w.clock().now());
    for (auto ms = now - 30 * 3'600'000; ms <= now + 3'600'000; ms += 1'800'000) {
        const auto found = engine.find_timestamp(shard, ms);
        told += fmt::format(" {}:{},{}", ms - now, engine.find_appended(shard, from_ms(ms)), found ? found->first : -1);
    }
    for (const auto& [first, hours, each] : engine.usage(*shard.stream))
        told += fmt::format(" {}+{} {} {}", first, hours, each.bytes_in, each.stored_bytes);
    return told;
}

void free_all(test::World& w) {
    w.engine->flush();
    while (w.engine->housekeep()) {
    }
}

}   // namespace

TEST_CASE("a log that was rolled ten times reads, trims, measures and drops as one that was not") {
    for (const std::string profile : {"kinesis", "kafka"}) {
        CAPTURE(profile);
        test::World w;
        w.clock().freeze();
        auto plain = w.create("plain", 2, profile), rolled = w.create("rolled", 2, profile);
        for (const auto& stream : {plain, rolled}) REQUIRE(w.engine->set_retention(*stream, 24h));
        for (int round = 0; round < 10; ++round) {
            for (const auto& stream : {plain, rolled})
                for (int i = 0; i < 3; ++i) {
                    const auto value = fmt::format("{}.{}", round, i);
                    REQUIRE(w.put(*stream->shard(0), std::vector<std::string>(static_cast<std::size_t>(1 + i), value)));
                    if (round % 3 == 0) REQUIRE(w.put(*stream->shard(1), {value}));
                }
            roll(w, *rolled);
            w.clock().advance(1h);
        }
        CHECK(rolled->shard(0)->extents.size() == 11);
        CHECK(plain->shard(0)->extents.size() == 1);
        for (int hours = 0; hours < 26; hours += 5) {
            for (int restart = 0; restart < 2; ++restart) {
                for (int shard = 0; shard < 2; ++shard) CHECK(look(w, *rolled->shard(shard)) == look(w, *plain->shard(shard)));
                const auto before = w.engine->dump();
                w.open();
                CHECK(w.engine->dump() == before);
                plain = w.engine->find(w.engine->default_world(), "plain");
                rolled = w.engine->find(w.engine->default_world(), "rolled");
            }
            w.clock().advance(5h);
            w.settle();
        }
        CHECK(rolled->shard(0)->extents.size() == 1);   // what retention has emptied is gone
        const auto logs = logs_of(*rolled);
        remove(w, "rolled");
        free_all(w);
        for (const auto log : logs) CHECK(w.store.snapshot()->bounds(log).end == 0);
    }
}

TEST_CASE("retention by bytes goes through rolled logs as through one") {
    test::World w;
    w.clock().freeze();
    const auto sized = [&](std::string name) {
        streams::Engine::NewStream wanted;
        wanted.name = std::move(name);
        wanted.profile = "kafka";
        wanted.retention_bytes = 1000;
        auto made = w.engine->create(w.engine->default_world(), wanted);
        REQUIRE(made);
        w.settle();
        return made->stream;
    };
    auto plain = sized("plain"), rolled = sized("rolled");
    for (int round = 0; round < 6; ++round) {
        for (const auto& stream : {plain, rolled})
            for (int i = 0; i < 4; ++i) REQUIRE(w.put(*stream->shard(0), {std::string(100, 'x')}));
        roll(w, *rolled);
    }
    w.clock().advance(2min);
    w.settle();
    CHECK(w.engine->bounds(*plain->shard(0)).begin > 10);
    CHECK(look(w, *rolled->shard(0)) == look(w, *plain->shard(0)));
}

TEST_CASE("a fork begins with what its parent holds, and neither sees what the other does from then on") {
    test::World w;
    w.clock().freeze();
    auto parent = w.create("parent", 2);
    REQUIRE(w.put(*parent->shard(0), {"a", "b"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}));
    auto fork = forked(w, *parent, "fork");
    CHECK(fork->topic_id != parent->topic_id);
    CHECK(fork->shard(0)->created_s == parent->shard(0)->created_s);   // the same sequence numbers
    REQUIRE(w.put(*parent->shard(0), {"p"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 2}));
    REQUIRE(w.put(*fork->shard(0), {"f", "g"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 2}));
    const auto again = w.queue(*fork->shard(0), {"a", "b"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0});
    REQUIRE(again);
    CHECK(again->duplicate);
    w.settle();
    CHECK(again->ticket.base() == 0);
    for (int restart = 0; restart < 2; ++restart) {
        CHECK(w.values(*parent->shard(0)) == std::vector<std::string>{"a", "b", "p"});
        CHECK(w.values(*fork->shard(0)) == std::vector<std::string>{"a", "b", "f", "g"});
        CHECK(w.values(*fork->shard(0), 1) == std::vector<std::string>{"b", "f", "g"});
        const auto before = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == before);
        parent = w.engine->find(w.engine->default_world(), "parent");
        fork = w.engine->find(w.engine->default_world(), "fork");
    }
}

TEST_CASE("two streams that share a log survive the deletion of either, and the log goes with the last of them") {
    for (const std::string first : {"parent", "fork"}) {
        for (const bool restart : {false, true}) {
            CAPTURE(first);
            CAPTURE(restart);
            test::World w;
            w.clock().freeze();
            auto parent = w.create("parent", 1);
            REQUIRE(w.put(*parent->shard(0), {"a", "b"}));
            auto fork = forked(w, *parent, "fork");
            auto logs = logs_of(*parent);
            logs.merge(logs_of(*fork));
            CHECK(logs.size() == 3);
            if (restart) w.open();
            remove(w, first);
            free_all(w);
            if (restart) w.open();
            const std::string left = first == "parent" ? "fork" : "parent";
            const auto kept = w.engine->find(w.engine->default_world(), left);
            CHECK(w.values(*kept->shard(0)) == std::vector<std::string>{"a", "b"});
            remove(w, left);
            free_all(w);
            for (const auto log : logs) CHECK(w.store.snapshot()->bounds(log).end == 0);
        }
    }
}

TEST_CASE("what retention takes from one reader of a log the other still has, over restarts too") {
    test::World w;
    w.clock().freeze();
    auto parent = w.create("parent", 1);
    for (int hour = 0; hour < 4; ++hour) {
        REQUIRE(w.put(*parent->shard(0), {std::to_string(hour)}));
        w.clock().advance(1h);
    }
    auto fork = forked(w, *parent, "fork");
    REQUIRE(w.engine->set_retention(*fork, 48h));
    w.clock().advance(22h);   // the first two are over for the parent
    w.settle();
    for (int restart = 0; restart < 2; ++restart) {
        CHECK(w.values(*parent->shard(0)) == std::vector<std::string>{"2", "3"});
        CHECK(w.values(*fork->shard(0)) == std::vector<std::string>{"0", "1", "2", "3"});
        CHECK(w.engine->live_bytes(*fork->shard(0)) == 2 * w.engine->live_bytes(*parent->shard(0)));
        w.engine->flush();
        w.open();
        parent = w.engine->find(w.engine->default_world(), "parent");
        fork = w.engine->find(w.engine->default_world(), "fork");
    }
    const auto shared = fork->shard(0)->extents.front().log;
    w.clock().advance(24h);
    w.settle();
    CHECK(w.values(*fork->shard(0)).empty() == false);
    CHECK(w.store.snapshot()->bounds(shared).begin == 2);   // nobody reads what lies before
    w.clock().advance(24h);
    w.settle();
    free_all(w);
    CHECK(w.values(*fork->shard(0)).empty());
    CHECK(w.store.snapshot()->bounds(shared).end == 0);
}

TEST_CASE("a fork whose commit fails leaves nothing behind, and what is queued around it stands") {
    for (std::uint64_t nth = 1; nth <= 3; ++nth) {
        CAPTURE(nth);
        test::World w;
        w.clock().freeze();
        auto parent = w.create("parent", 2);
        REQUIRE(w.put(*parent->shard(0), {"a"}));
        w.store.fail(nth, storage::Error::io, 1);
        const auto queued = w.queue(*parent->shard(1), {"queued"});
        const auto made = w.engine->fork(*parent, w.engine->default_world(), "fork");
        w.settle();
        w.store.fail(0);
        const auto there = w.engine->find(w.engine->default_world(), "fork");
        CHECK(made.has_value() == (there != nullptr));
        CHECK(made.has_value() == (nth != 2));   // the first is of what was queued before, the third never comes
        REQUIRE(w.put(*parent->shard(0), {"b"}));
        CHECK(w.values(*parent->shard(0)) == std::vector<std::string>{"a", "b"});
        CHECK(w.values(*parent->shard(1)).size() == (nth == 1 ? 0 : 1));
        if (there) CHECK(w.values(*there->shard(0)) == std::vector<std::string>{"a"});
        const auto before = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == before);
    }
}

TEST_CASE("a deletion that could not be stored gives the shared logs back to their reader") {
    test::World w;
    w.clock().freeze();
    auto parent = w.create("parent", 1);
    REQUIRE(w.put(*parent->shard(0), {"a"}));
    const auto fork = forked(w, *parent, "fork");
    w.store.fail(1, storage::Error::io, 1);
    REQUIRE(w.engine->remove(w.engine->default_world(), "fork", false));
    w.settle();
    const auto again = w.engine->find(w.engine->default_world(), "fork");
    REQUIRE(again);
    remove(w, "parent");
    free_all(w);
    CHECK(w.values(*again->shard(0)) == std::vector<std::string>{"a"});
}

TEST_CASE("a batch takes as many positions as its last offset says, also when it holds fewer records") {
    test::World w;
    auto stream = w.create("s", 1, "kafka");
    auto& shard = *stream->shard(0);
    const auto now = to_ms(w.clock().now());
    auto bytes = batch_of({"first", "second"}, now);
    batch::store<std::int32_t>(bytes.data() + batch::at::last_offset_delta, 9);   // as compaction leaves it
    Append append;
    append.batch = bytes;
    append.records = 2;
    append.max_timestamp_ms = now;
    const auto queued = w.engine->append(shard, append);
    REQUIRE(queued);
    REQUIRE(w.wait(queued->ticket));
    CHECK(w.engine->bounds(shard).end == 10);
    REQUIRE(w.put(shard, {"next"}));
    CHECK(w.values(shard) == std::vector<std::string>{"first", "second", "next"});
    {
        const auto read = w.engine->chunk_at_hand(shard, 2, {10, 1 << 20}).value();
        REQUIRE(read);
        REQUIRE(read->records.size() == 1);
        CHECK(read->records[0].position == 10);
    }
    CHECK(w.engine->usage(*stream).back().each.records_in == 3);
    w.open();
    CHECK(w.engine->bounds(*w.engine->find(w.engine->default_world(), "s")->shard(0)).end == 11);
}
