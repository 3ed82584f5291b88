// Units: what is queued together stands or falls together, and what is refused takes nothing else with it.
#include <doctest/doctest.h>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

// A store in memory that takes so many bytes.
void bound(World& w, std::uint64_t bytes) {
    w.engine.reset();
    w.store.reopen([&] { return storage::open_memory(bytes); });
    w.disk.reset();
    w.start();
    w.clock().freeze();
    w.settle();
}

constexpr const char* kept[] = {"offset/1", "offset/2", "transaction"};

// The shape of a transaction's end: a marker in each of five logs and three values.
streams::Ticket end_transaction(World& w, const streams::Stream& stream) {
    streams::Unit unit{*w.engine};
    for (const auto& shard : stream.shards) REQUIRE(w.queue(*shard, {"marker"}));
    for (const auto* key : kept) w.engine->put(w.engine->default_world(), key, "ended");
    return unit.ticket();
}

// How many of the eight are there.
int parts_there(World& w, const streams::Stream& stream) {
    int there = 0;
    for (const auto& shard : stream.shards) there += w.values(*shard) == std::vector<std::string>{"marker"} ? 1 : 0;
    for (const auto* key : kept) there += w.engine->get(w.engine->default_world(), key) == "ended" ? 1 : 0;
    return there;
}

void check_unit(World& w, const streams::Stream& stream) {
    const bool stored = w.wait(end_transaction(w, stream));
    CHECK(parts_there(w, stream) == (stored ? 8 : 0));
    const auto memory = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == memory);
    auto again = w.engine->find(w.engine->default_world(), "t");
    REQUIRE(again);
    CHECK(parts_there(w, *again) == (stored ? 8 : 0));
    w.store.fail(0);
    if (!stored && w.store.stats().capacity_bytes > std::uint64_t{1} << 20) CHECK(w.wait(end_transaction(w, *again)));
}

}   // namespace

TEST_CASE("a unit of appends to five logs and three values is stored whole or not at all, whichever commit fails") {
    for (const auto error : {storage::Error::io, storage::Error::no_space})
        for (std::uint64_t n = 1; n <= 4; ++n)
            for (std::uint64_t times = 1; times <= 4; ++times) {
                CAPTURE(n);
                CAPTURE(times);
                World w;
                w.clock().freeze();
                auto stream = w.create("t", 5, "kafka");
                auto other = w.create("other", 1, "kafka");
                w.store.fail(n, error, times);
                REQUIRE(w.queue(*other->shards[0], {"before"}));
                check_unit(w, *stream);
            }
}

TEST_CASE("a unit of appends to five logs and three values is stored whole or not at all, whatever room is left") {
    constexpr std::uint64_t all = 100'000;
    std::uint64_t need = 0;
    for (std::uint64_t room = 0, refused = 0; room == 0 || room < need + 100; ++room) {
        CAPTURE(room);
        World w;
        bound(w, all);
        auto stream = w.create("t", 5, "kafka");
        const auto used = w.store.stats().used_bytes;
        if (room > 0)
            REQUIRE(w.wait(w.engine->put(w.engine->default_world(), "filler", std::string(all - used - 150 - room, 'x'))));
        const auto before = w.store.stats().used_bytes;
        const bool stored = w.wait(end_transaction(w, *stream));
        REQUIRE(parts_there(w, *stream) == (stored ? 8 : 0));
        if (room == 0) need = w.store.stats().used_bytes - before;
        refused += stored ? 0 : 1;
        if (room == need + 99) CHECK(stored);
        if (room == need / 2) CHECK(refused == room);
    }
}

TEST_CASE("a large write that a full store refuses fails no other of its group, and none of the next that does not stand on it") {
    for (const bool on_thread : {false, true}) {
        World w{{.commit_on_thread = on_thread}};
        bound(w, 200'000);
        auto large = w.create("large", 2, "kafka"), small = w.create("small", 1, "kafka");
        w.engine->flush();
        const auto refused = w.queue(*large->shards[0], {std::string(250'000, 'x')});
        const auto beside = w.queue(*large->shards[1], {"beside"}), other = w.queue(*small->shards[0], {"other"});
        const auto filler = w.queue(*small->shards[0], {std::string(90'000, 'x')});
        const auto offset = w.engine->put(w.engine->default_world(), "offset", "1");
        w.settle();   // with a thread the next ones are queued while it writes
        const auto next = w.queue(*small->shards[0], {"next"}), on_top = w.queue(*large->shards[0], {"on top"});
        const auto later = w.engine->put(w.engine->default_world(), "later", "1");
        w.engine->flush();
        CHECK_FALSE(refused->ticket.outcome());
        for (const auto* one : {&beside, &other, &filler, &next}) CHECK((*one)->ticket.outcome());
        CHECK(offset.outcome());
        CHECK(later.outcome());
        CHECK(w.values(*small->shards[0]).size() == 3);
        CHECK(w.values(*large->shards[1]) == std::vector<std::string>{"beside"});
        CHECK(w.values(*large->shards[0]).size() == (on_top->ticket.outcome() ? 1 : 0));
        const auto goes_on = w.queue(*large->shards[0], {"goes on"});
        w.engine->flush();
        CHECK(goes_on->ticket.outcome());
        CHECK(w.values(*large->shards[0]).back() == "goes on");
        const auto memory = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == memory);
    }
}

TEST_CASE("a value that could not be stored has nothing else read again, however many streams there are") {
    World w;
    for (int i = 0; i < 300; ++i) w.create("s" + std::to_string(i), 1, "kafka");
    w.store.fail(1, storage::Error::no_space, 2);
    const auto before = w.store.snapshots();
    CHECK_FALSE(w.wait(w.engine->put(w.engine->default_world(), "offset", "1")));
    CHECK(w.store.snapshots() - before < 5);
}

TEST_CASE("a record that makes a stream final and the stream's record are stored together or not at all") {
    for (std::uint64_t times = 1; times <= 4; ++times) {
        CAPTURE(times);
        World w;
        w.clock().freeze();
        Engine::NewStream wanted;
        wanted.name = "p";
        wanted.shards = 2;
        wanted.profile = "kafka";
        wanted.provisional = true;
        auto stream = w.engine->create(w.engine->default_world(), wanted)->stream;
        w.settle();
        w.store.fail(1, storage::Error::no_space, times);
        const auto one = w.queue(*stream->shards[0], {"a"}), two = w.queue(*stream->shards[1], {"b"});
        w.settle();
        CHECK(one->ticket.outcome().has_value() == two->ticket.outcome().has_value());
        CHECK(stream->provisional == !one->ticket.outcome());
        const auto memory = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == memory);
        stream = w.engine->find(w.engine->default_world(), "p");
        w.store.fail(0);
        CHECK(w.put(*stream->shards[0], {"c"}));
        CHECK_FALSE(stream->provisional);
    }
}

TEST_CASE("a stream that is deleted and made again in one turn is the old one when that could not be stored") {
    World w;
    w.clock().freeze();
    auto old = w.create("s", 1, "kafka");
    REQUIRE(w.put(*old->shards[0], {"kept"}));
    const auto id = old->topic_id;
    w.store.fail(1, storage::Error::no_space, 4);
    const auto gone = w.engine->remove(w.engine->default_world(), "s", false);
    Engine::NewStream wanted;
    wanted.name = "s";
    wanted.shards = 3;
    wanted.profile = "kafka";
    const auto made = w.engine->create(w.engine->default_world(), wanted);
    w.settle();
    CHECK_FALSE(gone->outcome());
    CHECK_FALSE(made->ticket.outcome());
    CHECK(made->stream->deleted);
    const auto now = w.engine->find(w.engine->default_world(), "s");
    REQUIRE(now);
    CHECK(now->topic_id == id);
    CHECK(w.values(*now->shards[0]) == std::vector<std::string>{"kept"});
    const auto memory = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == memory);
}

TEST_CASE("a reset that could not be stored has changed nothing: streams, values, clock") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s", 2);
    REQUIRE(w.put(*stream->shards[0], {"kept"}));
    REQUIRE(w.wait(w.engine->put(w.engine->default_world(), "offset", "1")));
    w.store.fail(1);
    CHECK_FALSE(w.wait(w.engine->reset(w.engine->default_world(), from_ms(5'000'000'000'000))));
    CHECK(w.clock().frozen());
    CHECK(to_ms(w.clock().now()) < 5'000'000'000'000);
    CHECK(w.engine->get(w.engine->default_world(), "offset") == "1");
    const auto now = w.engine->find(w.engine->default_world(), "s");
    REQUIRE(now);
    CHECK(w.values(*now->shards[0]) == std::vector<std::string>{"kept"});
    w.settle();
    const auto memory = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == memory);
}

TEST_CASE("what a door keeps about a shard's children is stored with the children or not at all") {
    for (std::uint64_t times = 1; times <= 4; ++times) {
        CAPTURE(times);
        World w;
        w.clock().freeze();
        auto stream = w.create("s", 1);
        w.engine->on_resharded.push_back([&](const streams::Stream&, const Shard& parent) {
            for (const auto child : parent.children)
                w.engine->put(w.engine->default_world(), "offset/" + std::to_string(child), "0");
        });
        const auto half = streams::even_ranges(2)[1].first;
        w.store.fail(1, storage::Error::no_space, times);
        const auto split = w.engine->split(*stream, 0, half);
        REQUIRE(split);
        const bool stored = w.wait(*split);
        CHECK(w.engine->get(w.engine->default_world(), "offset/1").has_value() == stored);
        CHECK(w.engine->get(w.engine->default_world(), "offset/2").has_value() == stored);
        CHECK(stream->shards.size() == (stored ? 3 : 1));
        w.store.fail(0);
        if (!stored) CHECK(w.wait(*w.engine->split(*stream, 0, half)));
        const auto memory = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == memory);
        CHECK(w.engine->get(w.engine->default_world(), "offset/2") == "0");
    }
}

TEST_CASE("units that each tell the world's numbers store the newest, in whatever order they are tried") {
    World w;
    w.clock().freeze();
    Engine::NewStream wanted;
    wanted.profile = "kafka";
    wanted.shards = 3;
    wanted.name = "first";
    const auto first = w.engine->create(w.engine->default_world(), wanted);
    wanted.name = "second";
    const auto second = w.engine->create(w.engine->default_world(), wanted);
    REQUIRE(w.queue(*second->stream->shards[0], {"before the first"}));   // so the second is tried before the first
    w.store.fail(1, storage::Error::no_space, 1);
    w.settle();
    CHECK(first->ticket.outcome());
    CHECK(second->ticket.outcome());
    const auto memory = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == memory);
    const auto third = w.create("third", 1, "kafka");
    const auto again = w.engine->find(w.engine->default_world(), "second");
    CHECK(third->id > again->id);
    CHECK(third->shards[0]->extents[0].log > again->shards[2]->extents[0].log);
}

TEST_CASE("lowering a retention that could not be stored drops nothing") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s", 1);
    REQUIRE(w.wait(*w.engine->set_retention(*stream, 48h)));
    REQUIRE(w.put(*stream->shards[0], {"old"}));
    w.clock().advance(30h);
    w.settle();
    for (const auto error : {storage::Error::io, storage::Error::no_space}) {
        w.store.fail(1, error, 100);
        const auto lowered = w.engine->set_retention(*stream, 24h);
        REQUIRE(lowered);
        CHECK(w.values(*stream->shards[0]).empty());   // readers see it at once
        CHECK_FALSE(w.wait(*lowered));
        w.store.fail(0);
        CHECK(w.values(*stream->shards[0]) == std::vector<std::string>{"old"});
        const auto memory = w.engine->dump();
        w.open();
        CHECK(w.engine->dump() == memory);
        stream = w.engine->find(w.engine->default_world(), "s");
        w.clock().freeze();
    }
    CHECK(w.wait(*w.engine->set_retention(*stream, 24h)));
    w.settle();
    CHECK(w.values(*stream->shards[0]).empty());
    CHECK(w.engine->live_bytes(*stream->shards[0]) == 0);
}
