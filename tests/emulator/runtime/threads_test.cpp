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

TEST_CASE("what may lie on the disk alone is brought by a thread; for ten seconds it is known to be at hand") {
    World w{{.reads_on_thread = true}};
    const auto stream = w.create("s", 1, "none");
    auto& shard = *stream->shards[0];
    CHECK(w.engine->at_hand(shard, 0) == storage::log_end);   // there is nothing to read
    REQUIRE(w.put(shard, {"a", "b"}));
    REQUIRE(w.put(shard, {"c"}));
    CHECK(w.engine->at_hand(shard, 0) == 0);
    CHECK(w.engine->at_hand(shard, 0) == 0);   // asked once
    CHECK(shard.warmth->asked.size() == 1);
    w.settle();
    CHECK(shard.warmth->asked.empty());
    CHECK(w.engine->at_hand(shard, 0) == storage::log_end);
    REQUIRE(w.put(shard, {"d"}));
    CHECK(w.engine->at_hand(shard, 3) == storage::log_end);   // written a moment ago
    CHECK(w.values(shard) == std::vector<std::string>{"a", "b", "c", "d"});
    w.time.move(10'001ms);
    CHECK(w.engine->at_hand(shard, 3) == 3);
    w.settle();
    CHECK(w.engine->at_hand(shard, 3) == storage::log_end);
}

TEST_CASE("who waits for pages goes on when they are there, and whoever asked before the end of the engine hurts nobody") {
    World w{{.reads_on_thread = true}};
    const auto stream = w.create("s", 1, "none");
    auto& shard = *stream->shards[0];
    REQUIRE(w.put(shard, {"a"}));
    bool went_on = false;
    auto reader = [&]() -> Task<void> {
        while (w.engine->at_hand(shard, 0) == 0) {
            auto brought = w.engine->brought(shard);
            co_await std::move(brought);
        }
        went_on = true;
    };
    auto task = reader();
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    w.settle();
    CHECK(went_on);
    w.time.move(11s);
    CHECK(w.engine->at_hand(shard, 0) == 0);
    w.open();   // the thread may be at it
    CHECK(w.values(*w.engine->find(w.engine->default_world(), "s")->shards[0]) == std::vector<std::string>{"a"});
}

TEST_CASE("a reader along a log finds the next piece at hand: it was asked for half a piece ahead") {
    World w{{.reads_on_thread = true}};
    if (!w.disk) return;   // memory is one piece
    const auto stream = w.create("s", 1, "none");
    auto& shard = *stream->shards[0];
    for (int i = 0; i < 60; ++i) REQUIRE(w.put(shard, {std::string(1'000'000, 'x')}));
    CHECK(w.engine->at_hand(shard, 0) == 0);
    w.settle();
    const auto before = w.engine->at_hand(shard, 0);
    CHECK(before == 8);   // eight megabytes and a bit
    CHECK(shard.warmth->asked.empty());
    CHECK(w.engine->at_hand(shard, 5) == before);
    CHECK(shard.warmth->asked == std::vector<streams::Position>{8});
    w.settle();
    CHECK(w.engine->at_hand(shard, 8) == 40);   // four times as much
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
        CHECK(w.engine->at_hand(shard, 2) == storage::log_end);
        CHECK(w.values(shard) == std::vector<std::string>{"c", "d"});
    }
}
