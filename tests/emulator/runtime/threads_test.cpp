// What is done beside the loop: jobs of a worker, and pages that a thread brings before the loop reads them.
#include <doctest/doctest.h>

#include "emulator/runtime/worker.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

TEST_CASE("jobs run on another thread in their order, and what follows from them happens on the loop") {
    asio::io_context io;
    Worker worker{io.get_executor()};
    const auto here = std::this_thread::get_id();
    std::vector<int> done;
    bool elsewhere = true, back = true;
    std::thread::id there;
    for (int i = 0; i < 100; ++i)
        worker.ask(
            [&, i] {
                there = std::this_thread::get_id();
                elsewhere = elsewhere && there != here;
                done.push_back(i);
            },
            [&] { back = back && std::this_thread::get_id() == here; });
    io.run();   // waits for all of them
    REQUIRE(done.size() == 100);
    CHECK(std::ranges::is_sorted(done));
    CHECK(elsewhere);
    CHECK(back);
}

TEST_CASE("a worker that is stopped does what it was asked for first") {
    asio::io_context io;
    Worker worker{io.get_executor()};
    int done = 0;
    for (int i = 0; i < 10; ++i) worker.ask([&] { ++done; }, [] {});
    worker.stop();
    CHECK(done == 10);
}

TEST_CASE("a coroutine waits for its job and sees what it did") {
    asio::io_context io;
    Worker worker{io.get_executor()};
    int seen = 0;
    auto whole = [&]() -> Task<void> {
        int made = 0;
        auto away = worker.run([&made] { made = 7; });
        co_await std::move(away);
        seen = made;
    };
    auto task = whole();
    asio::co_spawn(io, std::move(task), asio::detached);
    io.run();
    CHECK(seen == 7);
}

namespace {

// Up to where a reader that takes all it is given goes from a position on without waiting; nothing: not at all.
std::optional<streams::Position> goes_to(World& w, const Shard& shard, streams::Position from) {
    const auto read = w.engine->chunk_at_hand(shard, from, {1000, 1 << 30});
    if (!read) return {};
    REQUIRE(*read);
    return (*read)->next;
}

}   // namespace

TEST_CASE("what may lie on the disk alone is brought by a thread; for ten seconds it is known to be at hand") {
    World w{{.reads_on_thread = true}};
    const auto stream = w.create("s", 1, "none");
    auto& shard = *stream->shards[0];
    CHECK(goes_to(w, shard, 0) == 0);   // there is nothing to read
    REQUIRE(w.put(shard, {"a", "b"}));
    REQUIRE(w.put(shard, {"c"}));
    CHECK(!goes_to(w, shard, 0));
    CHECK(!goes_to(w, shard, 0));   // asked once
    CHECK(shard.warmth->asked.size() == 1);
    w.settle();
    CHECK(shard.warmth->asked.empty());
    CHECK(goes_to(w, shard, 0) == 3);
    REQUIRE(w.put(shard, {"d"}));
    CHECK(goes_to(w, shard, 3) == 4);   // written a moment ago
    CHECK(w.values(shard) == std::vector<std::string>{"a", "b", "c", "d"});
    w.time.move(10'001ms);
    CHECK(!goes_to(w, shard, 3));
    w.settle();
    CHECK(goes_to(w, shard, 3) == 4);
}

TEST_CASE("who waits for pages goes on when they are there, and whoever asked before the end of the engine hurts nobody") {
    World w{{.reads_on_thread = true}};
    const auto stream = w.create("s", 1, "none");
    auto& shard = *stream->shards[0];
    REQUIRE(w.put(shard, {"a"}));
    bool went_on = false;
    auto reader = [&]() -> Task<void> {
        auto known = w.engine->at_hand(shard, 0);
        co_await std::move(known);
        auto reading = w.engine->chunk(shard, 0, {10, 1 << 20});
        const auto read = co_await std::move(reading);
        went_on = read && read->records.size() == 1;
    };
    auto task = reader();
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    w.settle();
    CHECK(went_on);
    w.time.move(11s);
    CHECK(!goes_to(w, shard, 0));
    w.open();   // the thread may be at it
    CHECK(w.values(*w.engine->find(w.engine->default_world(), "s")->shards[0]) == std::vector<std::string>{"a"});
}

TEST_CASE("a reader along a log finds the next piece at hand: it was asked for half a piece ahead") {
    World w{{.reads_on_thread = true}};
    if (!w.disk) return;   // memory is one piece
    const auto stream = w.create("s", 1, "none");
    auto& shard = *stream->shards[0];
    for (int i = 0; i < 60; ++i) REQUIRE(w.put(shard, {std::string(1'000'000, 'x')}));
    CHECK(!goes_to(w, shard, 0));
    w.settle();
    CHECK(goes_to(w, shard, 0) == 8);   // eight megabytes and a bit
    CHECK(shard.warmth->asked.empty());
    CHECK(goes_to(w, shard, 5) == 8);
    CHECK(shard.warmth->asked == std::vector<streams::Position>{8});
    w.settle();
    CHECK(goes_to(w, shard, 8) == 40);   // four times as much
}

TEST_CASE("dropped records are freed to the end while a thread goes before the sweeps") {
    World w{{.reads_on_thread = true}};
    const auto stream = w.create("s", 1, "none");
    for (int i = 0; i < 50; ++i) REQUIRE(w.put(*stream->shards[0], {std::string(100'000, 'x')}));
    const auto full = w.store.stats().used_bytes;
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    w.settle();
    for (int slices = 0; w.engine->housekeep(); ++slices) {
        REQUIRE(slices < 10'000);
        w.settle();
    }
    CHECK(w.store.stats().used_bytes < full - 4'000'000);
}

TEST_CASE("a writer thread frees more than one round of what is brought before it, and rests while nothing is") {
    World w{{.commit_on_thread = true, .reads_on_thread = true}};
    if (!w.disk) return;   // memory has no rounds
    const auto stream = w.create("s", 1, "none");
    w.engine->flush();
    for (int i = 0; i < 90; ++i) {
        REQUIRE(w.queue(*stream->shards[0], {std::string(1'000'000, 'x')}));
        w.engine->flush();
    }
    const auto full = w.store.stats().used_bytes;
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    w.engine->flush();
    const auto late = std::chrono::steady_clock::now() + 60s;
    while (w.engine->housekeep()) {
        REQUIRE(std::chrono::steady_clock::now() < late);
        w.settle();
        std::this_thread::yield();
    }
    CHECK(w.store.stats().used_bytes < full - 88'000'000);
}

TEST_CASE("two seconds before records expire a thread looks where the loop will; what expires after them is brought as well") {
    for (const bool on_thread : {false, true}) {
        World w{{.reads_on_thread = on_thread}};
        w.time.move(60'000ms - milliseconds{to_ms(w.clock().now()) % 60'000});   // a full minute
        auto& shard = *w.create("s", 1, "none")->shards[0];
        w.engine->set_retention(*shard.stream, 24h);
        REQUIRE(w.put(shard, {"a", "b"}));
        w.time.move(90s);
        REQUIRE(w.put(shard, {"c"}));
        REQUIRE(w.put(shard, {"d"}));
        w.time.move(24h - 90s + 57s);   // due at the end of this minute
        w.settle();
        const auto before = w.store.snapshots();
        w.time.move(1s);
        w.settle();
        CHECK(w.store.snapshots() == before + (on_thread ? 1 : 0));
        w.time.move(2s);
        w.settle();
        CHECK(shard.begin == 2);
        CHECK(shard.trimmed == 2);
        CHECK(bool{shard.warmth} == on_thread);
        CHECK(goes_to(w, shard, 2) == 4);
        CHECK(w.values(shard) == std::vector<std::string>{"c", "d"});
    }
}
