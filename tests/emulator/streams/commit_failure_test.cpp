#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

// A bit of everything that writes; answers are looked at by nobody.
void mixed_history(World& w) {
    const auto tolerate = [](auto&&) {};
    auto stream = w.create("s", 2);
    auto topic = w.create("t", 1, "kafka");
    for (int i = 0; i < 4; ++i) {
        if (stream && !stream->deleted) {
            const bool admitted = !w.engine->admit(*stream->shards[0], 100, 1, "k");
            if (admitted) tolerate(w.put(*stream->shards[0], {std::string(100, 'x')}));
            tolerate(w.queue(*stream->shards[1], {"a", "b"}));
        }
        if (topic && !topic->deleted)
            tolerate(w.put(*topic->shards[0], {"y"}, {.producer_id = 5, .producer_epoch = 0, .base_sequence = i}));
        w.clock().advance(31min);
        w.settle();
    }
    if (stream && !stream->deleted) tolerate(w.engine->split(*stream, 0, streams::HashKey{7, 0}));
    w.settle();
    if (stream && !stream->deleted) tolerate(w.engine->set_retention(*stream, 30h));
    if (topic && !topic->deleted) tolerate(w.engine->set_config(*topic, "retention.ms", "1000"));
    w.settle();
    tolerate(w.engine->put(w.engine->default_world(), "offset", "1"));
    tolerate(w.engine->remove(w.engine->default_world(), "t", false));
    w.settle();
    w.clock().advance(31h);
    w.settle();
}

}   // namespace

TEST_CASE("whichever commit of a mixed history fails, memory afterwards equals a fresh start on the same store") {
    std::uint64_t commits = 0;
    {
        World w;
        w.clock().freeze();
        const auto before = w.store.commits();
        mixed_history(w);
        commits = w.store.commits() - before;
    }
    REQUIRE(commits > 15);
    for (const auto error : {storage::Error::io, storage::Error::no_space})
        for (std::uint64_t n = 1; n <= commits; ++n) {
            CAPTURE(n);
            World w;
            w.clock().freeze();
            w.settle();
            w.store.fail(n, error, error == storage::Error::io ? 1 : 3);
            mixed_history(w);
            const auto memory = w.engine->dump();
            w.open();
            CHECK(w.engine->dump() == memory);
        }
}

TEST_CASE("a failed append is told to its sender, undone, and its place is taken by the next one") {
    World w;
    auto& shard = *w.create("s")->shards[0];
    REQUIRE(w.put(shard, {"a"}));
    w.store.fail(1);
    const auto lost = w.queue(shard, {"lost"});
    REQUIRE(lost);
    CHECK_FALSE(w.wait(lost->ticket));
    CHECK(shard.queued_end == 1);
    REQUIRE(w.put(shard, {"b"}));
    CHECK(w.values(shard) == std::vector<std::string>{"a", "b"});
}

TEST_CASE("tokens that a failed write took come back with it") {
    World w;
    w.clock().freeze();
    auto& shard = *w.create("s")->shards[0];
    REQUIRE_FALSE(w.engine->admit(shard, 10, 1, "k"));
    w.store.fail(1);
    CHECK_FALSE(w.put(shard, {"lost"}));
    CHECK(balance_of(shard.write_records, w.clock().now()) == 1'000'000);
}

TEST_CASE("a producer whose batch was lost may send it again") {
    World w;
    auto& shard = *w.create("t", 1, "kafka")->shards[0];
    const batch::BatchOptions as{.producer_id = 5, .producer_epoch = 0, .base_sequence = 0};
    w.store.fail(1);
    CHECK_FALSE(w.put(shard, {"a"}, as));
    const auto again = w.queue(shard, {"a"}, as);
    REQUIRE(again);
    CHECK_FALSE(again->duplicate);
    CHECK(w.wait(again->ticket));
}

TEST_CASE("one write too large for a full store does not fail the others of its turn") {
    World w;
    auto stream = w.create("s", 2, "kafka");
    w.store.fail(1, storage::Error::no_space);
    const auto first = w.queue(*stream->shards[0], {"a"});
    const auto second = w.queue(*stream->shards[1], {"b"});
    CHECK(w.wait(first->ticket));
    CHECK(w.wait(second->ticket));
    CHECK(w.values(*stream->shards[0]) == std::vector<std::string>{"a"});
    CHECK(w.values(*stream->shards[1]) == std::vector<std::string>{"b"});
}

TEST_CASE("a record written just before a deletion that fails is refused, not acknowledged and lost") {
    World w;
    auto& shard = *w.create("s")->shards[0];
    w.store.fail(1, storage::Error::no_space, 2);   // the group, and the catalog's part of it
    const auto queued = w.queue(shard, {"lost"});
    REQUIRE(queued);
    const auto removed = w.engine->remove(w.engine->default_world(), "s", false);
    REQUIRE(removed);
    CHECK_FALSE(w.wait(*removed));
    CHECK_FALSE(w.wait(queued->ticket));
    const auto there = w.engine->find(w.engine->default_world(), "s");
    REQUIRE(there);
    CHECK(w.values(*there->shards[0]).empty());
    REQUIRE(w.put(*there->shards[0], {"next"}));
    const auto memory = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == memory);
}

TEST_CASE("a shard whose making was undone leaves nothing to the next one of its number") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s");
    REQUIRE(w.engine->split(*stream, 0, {1ull << 63, 0}));
    auto& undone = *stream->shards[1];
    w.store.fail(1, storage::Error::no_space, 2);
    w.settle();
    REQUIRE(stream->shards.size() == 1);
    w.engine->charge_write(undone, 1000, 10);   // by somebody who still holds it
    w.engine->flush();
    const auto again = w.engine->split(*stream, 0, {1ull << 63, 0});
    REQUIRE(again);
    CHECK(w.wait(*again));
    w.open();
    CHECK(balance_of(w.engine->find(w.engine->default_world(), "s")->shards[1]->write_records, w.clock().now()) == 1'000'000);
}
