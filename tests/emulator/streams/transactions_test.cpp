// Transactions in a shard's log: what readers of committed data see, what is kept, and what a restart, a failed commit, a fork
// and retention leave of it.
#include <doctest/doctest.h>

#include "protocol/batch/reader.h"
#include "tests/support/engine_fixture.h"

namespace sluice::streams {
namespace {

using test::Fault;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

batch::BatchOptions in_transaction(std::int64_t producer, std::int32_t sequence, std::int16_t epoch = 0) {
    return {.attributes = batch::attribute::transactional,
            .producer_id = producer,
            .producer_epoch = epoch,
            .base_sequence = sequence};
}

bool end(test::World& w, const Shard& shard, std::int64_t producer, bool commit, std::int16_t epoch = 0) {
    const auto ended = w.engine->end_transaction(shard, {.producer_id = producer, .producer_epoch = epoch, .commit = commit});
    return ended && w.wait(*ended);
}

struct OneShard : test::World {
    StreamPointer stream = create("s", 1, "kafka");
    const Shard& shard() const { return *stream->shard(0); }
    Bounds bounds() const { return engine->bounds(shard()); }
    Texts seen() { return values(shard()); }
    void restart() {
        stream.reset();
        open();
        stream = engine->find(engine->default_world(), "s");
    }
};

}   // namespace

TEST_CASE("an open transaction holds readers of committed data back, and both kinds of reader are woken when it is decided") {
    OneShard w;
    auto& shard = w.shard();
    REQUIRE(w.put(shard, {"decided"}));
    REQUIRE(w.put(shard, {"open"}, in_transaction(7, 0)));
    REQUIRE(w.put(shard, {"behind it"}));
    CHECK(w.bounds().stable == 1);
    CHECK(w.bounds().end == 3);
    CHECK(w.seen() == Texts{"decided"});
    int seen = 0;
    const auto count = [&](const storage::EntryView&) { return ++seen > 0; };
    REQUIRE(w.engine->read(shard, 0, Isolation::committed, count));
    CHECK(seen == 1);
    REQUIRE(w.engine->read(shard, 0, Isolation::uncommitted, count));
    CHECK(seen == 4);
    bool woken = false;
    auto wait = [](Executor executor, const Signal& signal, bool& told) -> Task<void> {
        Waiter waiter{executor};
        waiter.watch(signal);
        co_await waiter.wait();
        told = true;
    };
    auto waiting = wait(w.engine->executor(), shard.appended, woken);
    asio::co_spawn(*w.io, std::move(waiting), asio::detached);
    w.settle();
    CHECK_FALSE(woken);
    REQUIRE(end(w, shard, 7, true));
    CHECK(woken);
    CHECK(w.bounds().stable == 4);   // the marker has taken a position
    CHECK(w.bounds().end == 4);
    CHECK(w.seen() == Texts{"decided", "open", "behind it"});
}

TEST_CASE("records of an aborted transaction are shown to nobody who reads what is committed, whatever lies between them") {
    OneShard w;
    auto& shard = w.shard();
    REQUIRE(w.put(shard, {"a1"}, in_transaction(7, 0)));
    REQUIRE(w.put(shard, {"b1"}, in_transaction(8, 0)));
    REQUIRE(w.put(shard, {"plain"}));
    REQUIRE(w.put(shard, {"a2"}, in_transaction(7, 1)));
    REQUIRE(end(w, shard, 7, false));
    CHECK(w.seen().empty());   // the other one is open still, and began before all of it but a1
    REQUIRE(w.put(shard, {"a3"}, in_transaction(7, 2)));
    REQUIRE(end(w, shard, 8, true));
    CHECK(w.seen() == Texts{"b1", "plain"});
    REQUIRE(end(w, shard, 7, true));
    CHECK(w.seen() == Texts{"b1", "plain", "a3"});
    const auto aborted = w.engine->aborted(shard, 0, w.bounds().end);
    REQUIRE(aborted.size() == 1);
    CHECK(aborted[0].producer_id == 7);
    CHECK(aborted[0].first == 0);
    CHECK(aborted[0].last == 4);
    CHECK(w.engine->aborted(shard, 5, 8).empty());
    CHECK(w.engine->aborted(shard, 4, 8).size() == 1);
    SUBCASE("also after a restart") {
        const auto before = w.engine->dump();
        w.restart();
        CHECK(w.engine->dump() == before);
        CHECK(w.seen() == Texts{"b1", "plain", "a3"});
        CHECK(w.engine->aborted(w.shard(), 0, 100).size() == 1);
    }
    SUBCASE("a marker is Kafka's control batch") {
        std::vector<std::byte> kept;
        REQUIRE(w.engine->read(shard, 4, Isolation::committed, [&](const storage::EntryView& entry) {
            for (const auto piece : entry.pieces) kept.insert(kept.end(), piece.begin(), piece.end());
            return false;
        }));
        const auto header = batch::parse_header(kept);
        REQUIRE(header);
        CHECK(header->control());
        CHECK(header->transactional());
        CHECK(header->base_offset == 4);
        CHECK(header->producer_id == 7);
        CHECK(header->base_sequence == -1);
        CHECK(header->crc == batch::checksum(kept));
        std::vector<std::byte> scratch;
        std::size_t records = 0;
        REQUIRE(batch::read(kept, scratch, [&](const batch::Record& record) {
            ++records;
            CHECK(record.key->size() == 4);
            CHECK(record.value->size() == 6);
            return true;
        }));
        CHECK(records == 1);
    }
}

TEST_CASE("an open transaction is open after a restart, and its end is found") {
    OneShard w;
    REQUIRE(w.put(w.shard(), {"open"}, in_transaction(7, 0)));
    REQUIRE(w.put(w.shard(), {"behind it"}));
    const auto before = w.engine->dump();
    w.restart();
    CHECK(w.engine->dump() == before);
    CHECK(w.bounds().stable == 0);
    CHECK(w.bounds().end == 2);
    CHECK(w.engine->in_transaction(w.shard(), 7, 0));
    CHECK_FALSE(w.engine->in_transaction(w.shard(), 7, 1));
    REQUIRE(end(w, w.shard(), 7, false));
    CHECK_FALSE(w.engine->in_transaction(w.shard(), 7, 0));
    CHECK(w.seen() == Texts{"behind it"});
    w.restart();
    CHECK(w.seen() == Texts{"behind it"});
    CHECK(w.bounds().stable == 3);
}

TEST_CASE("an end that could not be stored is none") {
    OneShard w;
    auto& shard = w.shard();
    REQUIRE(w.put(shard, {"open"}, in_transaction(7, 0)));
    const auto before = w.engine->dump();
    w.store.fail(1, storage::Error::io, 1);
    CHECK_FALSE(end(w, shard, 7, false));
    CHECK(w.engine->dump() == before);
    CHECK(w.bounds().stable == 0);
    CHECK(w.engine->in_transaction(shard, 7, 0));
    CHECK(w.engine->aborted(shard, 0, 10).empty());
    REQUIRE(end(w, shard, 7, true));
    CHECK(w.seen() == Texts{"open"});
}

TEST_CASE("the first record of a transaction that could not be stored opens none") {
    OneShard w;
    w.store.fail(1, storage::Error::io, 1);
    CHECK_FALSE(w.put(w.shard(), {"lost"}, in_transaction(7, 0)));
    CHECK_FALSE(w.engine->in_transaction(w.shard(), 7, 0));
    REQUIRE(w.put(w.shard(), {"kept"}));
    CHECK(w.seen() == Texts{"kept"});
}

TEST_CASE("an end that is queued shows nothing before it is stored, whatever is queued behind it") {
    OneShard w;
    auto& shard = w.shard();
    REQUIRE(w.put(shard, {"a"}, in_transaction(7, 0)));
    REQUIRE(w.engine->end_transaction(shard, {.producer_id = 7, .producer_epoch = 1, .commit = true}));
    REQUIRE(w.queue(shard, {"b"}, in_transaction(7, 0, 1)));
    CHECK(w.bounds().stable == 0);
    w.settle();
    CHECK(w.bounds().stable == 2);
    CHECK(w.seen() == Texts{"a"});
}

TEST_CASE("records behind an end have its epoch or a later one, and a new epoch begins with the first sequence") {
    OneShard w;
    auto& shard = w.shard();
    REQUIRE(w.put(shard, {"a"}, in_transaction(7, 0)));
    REQUIRE(end(w, shard, 7, true, 1));
    CHECK(w.queue(shard, {"late"}, in_transaction(7, 1)).error() == Fault::invalid_producer_epoch);
    CHECK(w.queue(shard, {"gap"}, in_transaction(7, 1, 1)).error() == Fault::out_of_order_sequence);
    REQUIRE(w.put(shard, {"b"}, in_transaction(7, 0, 1)));
    CHECK(w.queue(shard, {"outside"}, {.producer_id = 7, .producer_epoch = 1, .base_sequence = 1}).error() ==
          Fault::transaction_open);
    CHECK(w.engine->end_transaction(shard, {.producer_id = 7, .producer_epoch = 0}).error() == Fault::invalid_producer_epoch);
    REQUIRE(w.engine->end_transaction(shard, {.producer_id = 7, .producer_epoch = 1, .commit = true, .coordinator_epoch = 3}));
    CHECK(w.engine->end_transaction(shard, {.producer_id = 7, .producer_epoch = 1, .coordinator_epoch = 2}).error() ==
          Fault::coordinator_fenced);
    // One that keeps its epoch, as before KIP-890, goes on counting.
    REQUIRE(w.put(shard, {"c"}, in_transaction(7, 1, 1)));
    CHECK(w.queue(shard, {"c"}, in_transaction(7, 1, 1))->duplicate);
}

TEST_CASE("a transaction that is open in a shard that was split ends there, and readers wait for it before they leave") {
    OneShard w;
    REQUIRE(w.put(w.shard(), {"open"}, in_transaction(7, 0)));
    REQUIRE(w.engine->split(*w.stream, 0, {std::uint64_t{1} << 63, 0}));
    w.settle();
    CHECK(w.seen().empty());
    CHECK(w.bounds().stable == 0);
    REQUIRE(end(w, w.shard(), 7, true));
    CHECK(w.seen() == Texts{"open"});
    CHECK(w.bounds().stable == w.bounds().end);
}

TEST_CASE("what retention has taken of an aborted transaction is forgotten with it, and an open one goes on behind it") {
    test::World w;
    Engine::NewStream wanted;
    wanted.name = "s";
    wanted.profile = "kafka";
    wanted.retention = milliseconds{3'600'000};
    const auto stream = w.engine->create(w.engine->default_world(), wanted)->stream;
    auto& shard = *stream->shard(0);
    w.clock().freeze();
    REQUIRE(w.put(shard, {"aborted"}, in_transaction(7, 0)));
    REQUIRE(end(w, shard, 7, false));
    REQUIRE(w.put(shard, {"open"}, in_transaction(8, 0)));
    CHECK(w.engine->aborted(shard, 0, 10).size() == 1);
    REQUIRE(w.clock().advance(2h));
    w.settle();
    CHECK(w.engine->aborted(shard, 0, 10).empty());
    CHECK(w.engine->bounds(shard).begin == 3);
    CHECK(w.engine->bounds(shard).stable == 3);
    REQUIRE(w.put(shard, {"second"}, in_transaction(8, 1)));
    REQUIRE(w.put(shard, {"plain"}));
    CHECK(w.values(shard).empty());
    REQUIRE(end(w, shard, 8, true));
    CHECK(w.values(shard) == Texts{"second", "plain"});
    std::size_t kept = 0;
    w.store.snapshot()->scan("", [&](std::string_view key, std::string_view) {
        kept += key.size() > 4 && key[4] == 'T';
        return true;
    });
    CHECK(kept == 0);
}

TEST_CASE("a fork has what was committed and aborted, and what was open is aborted in it") {
    OneShard w;
    auto& shard = w.shard();
    REQUIRE(w.put(shard, {"aborted"}, in_transaction(7, 0)));
    REQUIRE(end(w, shard, 7, false));
    REQUIRE(w.put(shard, {"open"}, in_transaction(8, 0)));
    REQUIRE(w.put(shard, {"open too"}, in_transaction(9, 0)));
    REQUIRE(w.put(shard, {"plain"}));
    auto& other = **w.engine->make_world("other");
    w.settle();
    const auto fork = w.engine->fork(*w.stream, other, "fork");
    REQUIRE(fork);
    w.settle();
    auto& forked = *fork->stream->shard(0);
    CHECK(w.values(forked) == Texts{"plain"});
    CHECK(w.engine->bounds(forked).stable == 7);
    CHECK(w.engine->aborted(forked, 0, 10).size() == 3);
    CHECK(w.seen().empty());
    REQUIRE(end(w, shard, 8, true));
    REQUIRE(end(w, shard, 9, true));
    CHECK(w.seen() == Texts{"open", "open too", "plain"});
    CHECK(w.values(forked) == Texts{"plain"});
    const auto before = w.engine->dump();
    w.restart();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("a producer with an open transaction is not forgotten, however long it is silent") {
    OneShard w;
    REQUIRE(w.put(w.shard(), {"open"}, in_transaction(7, 0)));
    REQUIRE(w.put(w.shard(), {"plain"}, {.producer_id = 8, .producer_epoch = 0, .base_sequence = 0}));
    for (int day = 0; day < 3; ++day) {
        w.time.move(25h);
        w.settle();
    }
    CHECK(w.shard().producers.contains(7));
    CHECK_FALSE(w.shard().producers.contains(8));
    CHECK(w.engine->in_transaction(w.shard(), 7, 0));
}

TEST_CASE("a folder with transactions says so to servers that do not know them") {
    OneShard w;
    const auto needs = [&] {
        bool found = false;
        w.store.snapshot()->scan("", [&](std::string_view key, std::string_view value) {
            if (key.size() == 5 && key[4] == 'F') found = value.find("transactions") != std::string_view::npos;
            return true;
        });
        return found;
    };
    REQUIRE(w.put(w.shard(), {"plain"}));
    CHECK_FALSE(needs());
    REQUIRE(w.put(w.shard(), {"open"}, in_transaction(7, 0)));
    CHECK(needs());
    w.restart();
    CHECK(w.stream);
    REQUIRE(w.engine->split(*w.stream, 0, {std::uint64_t{1} << 63, 0}));
    w.settle();
    CHECK(needs());
}

}   // namespace sluice::streams
