// Shards that were closed for longer than their stream's retention: partitions for ever, and a few bytes each.
#include <doctest/doctest.h>

#include "emulator/streams/catalog/repair.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

const streams::Stream& of(World& w, const std::string& name = "s") { return *w.engine->find(w.engine->default_world(), name); }

std::int32_t open_shard(const streams::Stream& stream) { return stream.open_ranges.front()->index; }

// The open shard is split and its children are merged.
void split_and_merge(World& w, const std::string& name = "s") {
    const auto parent = open_shard(of(w, name));
    const auto first = static_cast<std::int32_t>(of(w, name).shards.size());
    REQUIRE(w.engine->split(of(w, name), parent, {std::uint64_t{1} << 63, 0}));
    w.settle();
    REQUIRE(w.engine->merge(of(w, name), first, first + 1));
    w.settle();
}

struct Stored {
    std::size_t records = 0, bytes = 0;
};
Stored stored(World& w, char kind) {
    Stored all;
    w.store.snapshot()->scan(std::string(4, '\0') + kind, [&](std::string_view key, std::string_view value) {
        ++all.records;
        all.bytes += key.size() + value.size();
        return true;
    });
    return all;
}

std::size_t expired(const streams::Stream& stream) {
    return static_cast<std::size_t>(std::ranges::count_if(stream.shards, [](const auto& shard) { return shard->expired; }));
}

std::uint64_t records_counted(World& w) {
    std::uint64_t all = 0;
    for (const auto& span : w.engine->usage(of(w))) all += span.each.records_in * static_cast<std::uint64_t>(span.hours);
    return all;
}

// Every shard that the open one came from.
std::set<std::int32_t> ancestors(const streams::Stream& stream) {
    std::set<std::int32_t> all;
    std::vector<std::int32_t> next{open_shard(stream)};
    while (!next.empty()) {
        const auto one = next.back();
        next.pop_back();
        for (const auto parent : stream.shard(one)->parents)
            if (all.insert(parent).second) next.push_back(parent);
    }
    return all;
}

}   // namespace

TEST_CASE("a stream that is split and merged for a year keeps its expired shards as a few bytes each, and they stay partitions") {
    World w;
    w.clock().freeze();
    w.create("s");
    for (int i = 0; i < 300; ++i) {
        REQUIRE(w.put(*of(w).shard(open_shard(of(w))), {"a", "b"}));
        split_and_merge(w);
        w.clock().advance(25h);
        w.settle();
    }
    const auto shards = of(w).shards.size();
    CHECK(shards == 901);
    CHECK(expired(of(w)) == 900);
    CHECK(stored(w, 'H').records == 1);
    CHECK(stored(w, 'R').records <= 1);
    CHECK(stored(w, 'X').bytes < 900 * 10);
    CHECK(records_counted(w) == 600);
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
    CHECK(of(w).shards.size() == shards);
    CHECK(ancestors(of(w)).size() == 900);
    CHECK(records_counted(w) == 600);
    const auto bounds = w.engine->bounds(*of(w).shard(0));
    CHECK(bounds.begin == 2);
    CHECK(bounds.end == 2);
    CHECK(w.queue(*of(w).shard(0), {"x"}).error() == streams::Fault::sealed);
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    w.settle();
    for (const char kind : {'H', 'R', 'S', 'X'}) CHECK(stored(w, kind).records == 0);
}

TEST_CASE("a shard expires with its stream's retention, not while a producer's batches are remembered, and then for good") {
    World w;
    w.clock().freeze();
    w.create("s", 1, "kafka");
    REQUIRE(w.put(*of(w).shard(0), {"a"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}));
    w.create("t");
    for (const auto* name : {"s", "t"}) {
        REQUIRE(w.engine->set_retention(of(w, name), 48h));
        split_and_merge(w, name);
    }
    w.clock().advance(47h);
    w.settle();
    CHECK(expired(of(w, "t")) == 0);
    w.clock().advance(2h);
    w.settle();
    CHECK(expired(of(w, "t")) == 3);
    CHECK(expired(of(w)) == 2);   // shard 0 has a producer
    w.time.move(25h);             // which is silent for a day of live time
    w.settle();
    w.clock().advance(2min);
    w.settle();
    CHECK(expired(of(w)) == 3);
    REQUIRE(w.engine->set_retention(of(w), 8'760h));
    w.settle();
    CHECK(expired(of(w)) == 3);
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("whichever commit fails while shards expire, memory equals a fresh start, and they expire later") {
    for (int nth = 1; nth < 8; ++nth) {
        CAPTURE(nth);
        World w;
        w.clock().freeze();
        w.create("s");
        REQUIRE(w.put(*of(w).shard(0), {"a", "b"}));
        split_and_merge(w);
        REQUIRE(w.put(*of(w).shard(3), {"c"}));
        w.store.fail(nth);
        for (int i = 0; i < 3; ++i) {
            w.clock().advance(12h);
            w.settle();
        }
        w.store.fail(0);
        const auto before = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == before);
        w.clock().advance(25h);
        w.settle();
        CHECK(expired(of(w)) == 3);
        CHECK(records_counted(w) == 3);
    }
}

TEST_CASE("a fork of a stream with expired shards has them too, as partitions without records") {
    World w;
    w.clock().freeze();
    w.create("s");
    split_and_merge(w);
    w.clock().advance(25h);
    w.settle();
    REQUIRE(w.engine->fork(of(w), w.engine->default_world(), "fork"));
    w.clock().advance(2min);
    w.settle();
    CHECK(of(w, "fork").shards.size() == 4);
    CHECK(expired(of(w, "fork")) == 3);
    REQUIRE(w.put(*of(w, "fork").shard(3), {"x"}));
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("a damaged value of expired shards is set aside with their stream, and the rest opens") {
    World w;
    w.clock().freeze();
    w.create("s");
    split_and_merge(w);
    w.clock().advance(25h);
    w.create("whole");
    w.engine.reset();
    std::string key;
    w.store.snapshot()->scan(std::string(4, '\0') + "X", [&](std::string_view found, std::string_view) {
        key = found;
        return true;
    });
    REQUIRE_FALSE(key.empty());
    storage::Batch batch;
    batch.put(key, "short");
    REQUIRE(w.store.commit(batch));
    CHECK(streams::repair(w.store).size() == 2);   // a stream that lacks shards goes too
    CHECK(streams::repair(w.store).empty());
    w.open();
    CHECK_FALSE(w.engine->find(w.engine->default_world(), "s"));
    CHECK(w.engine->find(w.engine->default_world(), "whole"));
}

TEST_CASE("a shard that is expired when the retention is raised stays so, to the millisecond and whatever the minute") {
    for (const auto beyond : {0ms, 1ms}) {
        World w;
        w.clock().freeze();
        w.create("s");
        w.clock().advance(30s);
        split_and_merge(w);
        w.clock().advance(24h + beyond);
        REQUIRE(w.wait(*w.engine->set_retention(of(w), 48h)));
        CHECK(expired(of(w)) == (beyond == 1ms ? 3 : 0));
        const auto before = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == before);
    }
}
