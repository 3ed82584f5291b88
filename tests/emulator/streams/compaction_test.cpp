// Compaction of a shard's log by the engine: what readers see during a run and after it, what restarts, failed commits, forks,
// retention and deletions leave of it, and that nothing else changes.
#include <doctest/doctest.h>

#include "tests/support/compacted_topic.h"

namespace sluice::streams {
namespace {

using Texts = std::vector<std::string>;
using namespace std::chrono_literals;
using test::by;
using test::CompactedTopic;
using test::KeyedRecords;

void free_all(test::World& w) {
    w.engine->flush();
    while (w.engine->housekeep()) {
    }
}

}   // namespace

TEST_CASE("a topic that is compacted keeps the last value of each key, its offsets, its begin and its end, over restarts too") {
    CompactedTopic w;
    REQUIRE(w.write({{"a", "1"}, {"b", "1"}, {"a", "2"}}));
    REQUIRE(w.write({{"b", "2"}, {"c", "1"}}));
    const Texts all{"0 a=1", "1 b=1", "2 a=2", "3 b=2", "4 c=1"};
    CHECK(w.log() == all);
    w.pass(999ms);
    CHECK(w.log() == all);
    w.pass(1ms);
    const Texts left{"2 a=2", "3 b=2", "4 c=1"};
    CHECK(w.log() == left);
    for (int restart = 0; restart < 2; ++restart) {
        CHECK(w.log() == left);
        CHECK(w.bounds().begin == 0);
        CHECK(w.bounds().end == 5);
        CHECK(w.values(w.shard()) == Texts{"2", "2", "1"});
        CHECK(w.values(w.shard(), 1) == Texts{"2", "2", "1"});
        CHECK(w.values(w.shard(), 4) == Texts{"1"});
        const auto before = w.engine->dump();
        w.restart();
        CHECK(w.engine->dump() == before);
    }
    REQUIRE(w.write({{"c", "2"}}));
    w.pass(1s);
    CHECK(w.log() == Texts{"2 a=2", "3 b=2", "5 c=2"});
}

TEST_CASE("what was compacted is not stored twice, and counters say what is stored") {
    CompactedTopic w;
    const std::string value(1000, 'x');
    for (int i = 0; i < 20; ++i) REQUIRE(w.write({{"a", value}}));
    const auto before = w.engine->live_bytes(w.shard());
    w.pass(1s);
    free_all(w);
    CHECK(w.engine->live_bytes(w.shard()) * 20 == before);
    CHECK(w.engine->usage(*w.stream).back().each.stored_bytes == w.engine->live_bytes(w.shard()));
    for (const auto& extent : w.shard().extents) {
        const auto held = w.store.snapshot()->bounds(extent.log);
        CHECK(held.end - held.begin <= 20);
        if (!extent.compacted) CHECK(held.begin == held.end);
    }
    for (int round = 0; round < 5; ++round) {
        REQUIRE(w.write({{"a", value}}));
        w.pass(1s);
    }
    free_all(w);
    CHECK(w.shard().extents.size() == 2);
    CHECK(w.engine->live_bytes(w.shard()) * 20 == before);
}

TEST_CASE("a tombstone stays for delete.retention.ms of the virtual clock behind the run that met it") {
    CompactedTopic w;
    REQUIRE(w.write({{"a", "1"}, {"b", "1"}}));
    REQUIRE(w.write({{"a", {}}}));
    REQUIRE(w.write({{"c", "1"}}));
    w.pass(1s);
    CHECK(w.log() == Texts{"1 b=1", "2 a=null", "3 c=1"});
    w.pass(1h - 1s);
    CHECK(w.log() == Texts{"1 b=1", "2 a=null", "3 c=1"});
    SUBCASE("") {}
    SUBCASE("also over a restart") { w.restart(); }
    w.pass(2s);
    CHECK(w.log() == Texts{"1 b=1", "3 c=1"});
}

TEST_CASE("a run that comes late takes nothing that was appended since it was due, and tombstones stay their whole time") {
    CompactedTopic w;
    REQUIRE(w.write({{"a", "1"}, {"b", "1"}}));
    REQUIRE(w.write({{"a", {}}}));
    w.pass(1s);
    REQUIRE(w.write({{"c", "1"}}));
    w.clock().advance(118min);
    w.clock().run_due();   // c is compacted as of the second second; then it is the tombstone's turn, as of an hour later
    REQUIRE(w.write({{"b", {}}}));
    REQUIRE(w.write({{"d", "1"}}));
    w.pass(30min);
    CHECK(w.log() == Texts{"3 c=1", "4 b=null", "5 d=1"});
    w.pass(1h);
    CHECK(w.log() == Texts{"3 c=1", "5 d=1"});
}

TEST_CASE("moving the clock in one step or in many leaves the same log") {
    const auto run = [](milliseconds step) {
        CompactedTopic w;
        CHECK(w.write({{"a", "1"}, {"a", {}}, {"b", "1"}}));
        CHECK(w.write({{"c", "1"}}));
        for (milliseconds passed{}; passed < 4h; passed += step) w.pass(step);
        return w.log();
    };
    CHECK(run(4h) == run(1s));
    CHECK(run(4h) == Texts{"2 b=1", "3 c=1"});
}

TEST_CASE("a record is not compacted before min.compaction.lag.ms, and is by max.compaction.lag.ms") {
    auto rules = CompactedTopic::eager();
    SUBCASE("min") {
        rules.min_lag_ms = 60'000;
        CompactedTopic w{rules};
        REQUIRE(w.write({{"a", "1"}}));
        REQUIRE(w.write({{"a", "2"}}));
        w.pass(30s);
        REQUIRE(w.write({{"a", "3"}}));
        w.pass(29s);
        CHECK(w.log() == Texts{"0 a=1", "1 a=2", "2 a=3"});
        w.pass(2s);
        CHECK(w.log() == Texts{"1 a=2", "2 a=3"});
        w.pass(60s);
        CHECK(w.log() == Texts{"2 a=3"});
    }
    SUBCASE("max") {
        rules.min_dirty_ratio = 1;
        rules.segment_bytes = 1 << 30;
        rules.segment_ms = 7 * 24 * CompactedTopic::hour_ms;
        rules.max_lag_ms = 60'000;
        CompactedTopic w{rules};
        REQUIRE(w.write({{"a", "1"}}));
        w.pass(30s);
        REQUIRE(w.write({{"a", "2"}}));
        w.pass(29s);
        CHECK(w.log() == Texts{"0 a=1", "1 a=2"});
        w.pass(2s);
        CHECK(w.log() == Texts{"1 a=2"});
    }
}

TEST_CASE("a run waits until min.cleanable.dirty.ratio of the log is dirty") {
    auto rules = CompactedTopic::eager();
    rules.min_dirty_ratio = 0.5;
    CompactedTopic w{rules};
    for (const std::string key : {"a", "b", "c", "d"}) REQUIRE(w.write({{key, "1"}}));
    w.pass(1s);
    for (int i = 2; i < 5; ++i) REQUIRE(w.write({{"a", std::to_string(i)}}));
    w.pass(1h);
    CHECK(w.log().size() == 7);
    REQUIRE(w.write({{"a", "5"}}));
    w.pass(1h);
    CHECK(w.log().size() == 8);   // half is not more than half
    REQUIRE(w.write({{"a", "6"}}));
    w.pass(1s);
    CHECK(w.log() == Texts{"1 b=1", "2 c=1", "3 d=1", "8 a=6"});
}

TEST_CASE("a producer whose last batch was compacted away is still checked, and known, after a restart") {
    CompactedTopic w;
    REQUIRE(w.write({{"a", "1"}, {"a", "2"}}, by(7, 0)));
    REQUIRE(w.write({{"a", "3"}}));
    w.pass(1s);
    CHECK(w.log() == Texts{"0-1 empty", "2 a=3"});
    for (int restart = 0; restart < 2; ++restart) {
        CHECK_FALSE(w.write({{"b", "gap"}}, by(7, 3)));
        const auto again = w.queue(w.shard(), {"1", "2"}, by(7, 0));
        REQUIRE(again);
        CHECK(again->duplicate);
        w.settle();
        CHECK(again->ticket.base() == 0);
        w.restart();
    }
    REQUIRE(w.write({{"b", "1"}}, by(7, 2)));
    w.pass(1s);
    CHECK(w.log() == Texts{"2 a=3", "3 b=1"});   // it is the last one no more
}

TEST_CASE("a run stops in front of an open transaction and goes on when it is decided") {
    CompactedTopic w;
    REQUIRE(w.write({{"a", "1"}}));
    REQUIRE(w.write({{"a", "2"}}));
    REQUIRE(w.write({{"a", "3"}}, by(7, 0, true)));
    REQUIRE(w.write({{"a", "4"}}));
    w.pass(1h);
    CHECK(w.log() == Texts{"1 a=2", "2 a=3", "3 a=4"});
    CHECK(w.bounds().stable == 2);
    SUBCASE("committed") {
        REQUIRE(w.end(7, true));
        w.pass(1s);
        CHECK(w.log() == Texts{"2-2 empty", "3 a=4", "4 marker"});
        CHECK(w.values(w.shard()) == Texts{"4"});
    }
    SUBCASE("aborted") {
        REQUIRE(w.end(7, false));
        REQUIRE(w.write({{"b", "1"}}));
        w.pass(1s);
        CHECK(w.log() == Texts{"2-2 empty", "3 a=4", "4 marker", "5 b=1"});
        CHECK(w.engine->aborted(w.shard(), 0, 10).size() == 1);
        // Another transaction of the same producer: nothing of the first is left, and its marker goes a while later.
        REQUIRE(w.write({{"c", "1"}}, by(7, 1, true)));
        REQUIRE(w.end(7, true));
        w.pass(1s);
        CHECK(w.log() == Texts{"3 a=4", "4 marker", "5 b=1", "6 c=1", "7 marker"});
        w.pass(2s);
        REQUIRE(w.write({{"d", "1"}}));
        w.pass(1s);
        w.pass(2h);
        CHECK(w.log() == Texts{"3 a=4", "5 b=1", "6 c=1", "7 marker", "8 d=1"});
        CHECK(w.engine->aborted(w.shard(), 0, 10).empty());
        w.restart();
        CHECK(w.engine->aborted(w.shard(), 0, 10).empty());
        CHECK(w.values(w.shard()) == Texts{"4", "1", "1", "1"});
    }
}

TEST_CASE("whichever commit of a run fails, the log is the old one or the new one, and a later run succeeds") {
    for (std::uint64_t nth = 1; nth <= 6; ++nth) {
        for (const auto error : {storage::Error::no_space, storage::Error::io}) {
            CAPTURE(nth);
            CompactedTopic w;
            REQUIRE(w.write({{"a", "1"}, {"b", "1"}}, by(7, 0)));
            REQUIRE(w.write({{"a", "2"}}, by(7, 2)));
            w.store.fail(nth, error, 1);
            w.pass(1s);
            w.store.fail(0);
            const Texts before{"0 a=1", "1 b=1", "2 a=2"}, after{"1 b=1", "2 a=2"};
            CHECK((w.log() == before || w.log() == after));
            CHECK(w.bounds().end == 3);
            const auto dump = w.engine->dump();
            w.restart();
            CHECK(w.engine->dump() == dump);
            CHECK((w.log() == before || w.log() == after));
            w.pass(2s);
            CHECK(w.log() == after);
            REQUIRE(w.write({{"c", "1"}}, by(7, 3)));
            w.pass(1s);
            CHECK(w.log() == Texts{"1 b=1", "2 a=2", "3 c=1"});
            free_all(w);
            CHECK(w.shard().pending == LogId{});
            CHECK(w.engine->usage(*w.stream).back().each.stored_bytes == w.engine->live_bytes(w.shard()));
        }
    }
}

TEST_CASE("a run whose commit failed is tried again without anything being written") {
    CompactedTopic w;
    REQUIRE(w.write({{"a", "1"}, {"a", "2"}}));
    w.store.fail(1, storage::Error::no_space, 3);
    w.pass(1s);
    w.pass(1s);
    w.store.fail(0);
    w.pass(5s);
    CHECK(w.log() == Texts{"1 a=2"});
}

namespace {

// Some hundred kilobytes: a run takes several steps, each of them with a commit.
void fill(CompactedTopic& w, int rounds = 4) {
    for (int round = 0; round < rounds; ++round)
        for (int key = 0; key < 40; ++key)
            REQUIRE(w.write({{fmt::format("k{}", key), fmt::format("{} {}", round, std::string(10'000, 'x'))}}));
}
bool compacted(const Shard& shard) { return shard.extents.front().compacted; }

// One turn of the loop at a time, so that a test can do something in between; the run begins with the first.
struct Steps {
    explicit Steps(CompactedTopic& in) : w(in) {
        w.clock().advance(1s);
        w.clock().run_due();
    }
    bool next() {
        w.io->restart();
        return w.io->poll_one() > 0;
    }
    CompactedTopic& w;
};

}   // namespace

TEST_CASE("a server that ends at any step of a run has the old log or the new one, and the next run leaves no space lost") {
    Texts left;
    std::uint64_t least = 0;
    {
        CompactedTopic w;
        fill(w);
        w.pass(1s);
        left = w.log();
        free_all(w);
        least = w.engine->live_bytes(w.shard());
        REQUIRE(left.size() == 40);
    }
    int steps = 0;
    for (bool over = false; !over; ++steps) {
        CAPTURE(steps);
        CompactedTopic w;
        fill(w);
        const auto before = w.log();
        Steps run{w};
        for (int i = 0; i < steps && !over; ++i) over = !run.next();
        const auto seen = w.log();
        CHECK((seen == before || seen == left));
        w.restart();   // which commits what is queued
        CHECK((w.log() == before || w.log() == left));
        w.pass(2s);
        CHECK(w.log() == left);
        free_all(w);
        CHECK(w.engine->live_bytes(w.shard()) == least);
        for (std::uint64_t log = 1; log < 20; ++log) {   // nothing lies in a log that the shard does not read
            const auto held = w.store.snapshot()->bounds(LogId{log});
            const bool known = std::ranges::any_of(w.shard().extents, [&](const auto& one) { return one.log == LogId{log}; });
            CHECK((known || held == storage::Bounds{}));
        }
    }
    CHECK(steps > 10);
}

TEST_CASE("writers and readers beside a run: what is appended meanwhile is there, and each reader has the old log or the new") {
    CompactedTopic w;
    fill(w);
    const auto before = w.log();
    Steps run{w};
    int appended = 0, looks = 0;
    std::set<Texts> seen;
    while (run.next() && looks < 200) {   // a look is followed by a turn that ends its snapshot
        if (appended < 5 && !compacted(w.shard())) {
            const auto queued = w.queue(w.shard(), {fmt::format("new {}", appended)});
            REQUIRE(queued);
            ++appended;
        }
        auto now = w.log();
        now.resize(std::min<std::size_t>(now.size(), compacted(w.shard()) ? 40 : 160));
        seen.insert(now);
        ++looks;
    }
    w.settle();
    CHECK(appended == 5);
    CHECK(compacted(w.shard()));
    CHECK(seen.size() == 2);
    CHECK(seen.contains(before));
    CHECK(w.bounds().end == 165);
    CHECK(w.values(w.shard(), 160).size() <= 5);
    CHECK(w.values(w.shard(), 164) == Texts{"new 4"});
}

TEST_CASE("a thread that compacts leaves what the loop would have left") {
    EngineOptions options;
    options.compacts_on_thread = true;
    CompactedTopic w{CompactedTopic::eager(), options};
    fill(w);
    w.clock().advance(1s);
    w.settle_all();
    CHECK(w.log().size() == 40);
    SUBCASE("and an engine may end while it works") {
        fill(w);
        w.clock().advance(1s);
        w.clock().run_due();
        w.io->restart();
        w.io->poll_one();
        w.io->poll_one();
        w.restart();
        CHECK(w.bounds().end == 320);
    }
}

TEST_CASE("records that are deleted, and topics, during a run") {
    CompactedTopic w;
    fill(w);
    for (int steps = 1; steps < 12; ++steps) {
        Steps run{w};
        for (int i = 0; i < steps; ++i) run.next();
        const auto to = w.bounds().begin + 5;
        REQUIRE(w.wait(w.engine->delete_before(w.shard(), to)));
        w.pass(2s);
        CHECK(w.bounds().begin == to);
        CHECK(w.log().size() == 40);
        w.restart();
        CHECK(w.bounds().begin == to);
        fill(w, 1);
    }
    Steps run{w};
    for (int i = 0; i < 4; ++i) run.next();
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    w.settle();
    free_all(w);
    for (std::uint64_t log = 1; log < 60; ++log) CHECK(w.store.snapshot()->bounds(LogId{log}).end == 0);
}

TEST_CASE("all records deleted during a run: the log is empty behind it") {
    CompactedTopic w;
    fill(w);
    Steps run{w};
    for (int i = 0; i < 4; ++i) run.next();
    REQUIRE(w.wait(w.engine->delete_before(w.shard(), w.bounds().end)));
    w.settle();
    w.pass(5s);
    CHECK(w.log().empty());
    CHECK(w.bounds().begin == 160);
    CHECK(w.shard().pending == LogId{});
    w.restart();
    CHECK(w.bounds().begin == 160);
    REQUIRE(w.write({{"a", "1"}, {"a", "2"}}));
    w.pass(1s);
    CHECK(w.log() == Texts{"161 a=2"});
}

TEST_CASE("compact,delete also ages what it has compacted; compact alone keeps it for ever") {
    for (const bool deletes : {false, true}) {
        CAPTURE(deletes);
        auto rules = CompactedTopic::eager();
        rules.deletes = deletes;
        CompactedTopic w{rules};
        REQUIRE(w.engine->set_retention(*w.stream, 24h));
        REQUIRE(w.write({{"a", "1"}, {"b", "1"}}));
        REQUIRE(w.write({{"b", "2"}}));
        w.pass(12h);
        REQUIRE(w.write({{"c", "1"}}));
        w.pass(13h);
        CHECK(w.log() == (deletes ? Texts{"3 c=1"} : Texts{"0 a=1", "2 b=2", "3 c=1"}));
        CHECK(w.bounds().begin == (deletes ? 3 : 0));
        w.restart();
        w.pass(1min);
        CHECK(w.log() == (deletes ? Texts{"3 c=1"} : Texts{"0 a=1", "2 b=2", "3 c=1"}));
        CHECK(w.bounds().begin == (deletes ? 3 : 0));
    }
}

TEST_CASE("a fork reads what its parent had, whether either of them is compacted afterwards, and whoever goes first") {
    for (const bool before : {false, true}) {
        CAPTURE(before);
        CompactedTopic w;
        REQUIRE(w.write({{"a", "1"}, {"b", "1"}}));
        REQUIRE(w.write({{"a", "2"}}));
        if (before) w.pass(1s);
        auto fork = w.engine->fork(*w.stream, w.engine->default_world(), "fork");
        REQUIRE(fork);
        w.settle();
        auto other = fork->stream;
        REQUIRE(w.write({{"b", "of the parent"}}));
        REQUIRE(w.write(*other->shard(0), {{"b", "of the fork"}}));
        w.pass(1s);
        for (int restart = 0; restart < 2; ++restart) {
            CHECK(w.log() == Texts{"2 a=2", "3 b=of the parent"});
            CHECK(w.log(*other->shard(0)) == Texts{"2 a=2", "3 b=of the fork"});
            other.reset();
            w.restart();
            other = w.engine->find(w.engine->default_world(), "fork");
        }
        REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
        w.settle();
        free_all(w);
        CHECK(w.log(*other->shard(0)) == Texts{"2 a=2", "3 b=of the fork"});
        REQUIRE(w.engine->remove(w.engine->default_world(), "fork", false));
        w.settle();
        free_all(w);
        for (std::uint64_t log = 1; log < 20; ++log) CHECK(w.store.snapshot()->bounds(LogId{log}).end == 0);
    }
}

TEST_CASE("a fork in the middle of a run, and a topic whose settings change in the middle of one") {
    CompactedTopic w;
    fill(w);
    const auto before = w.log();
    Steps run{w};
    for (int i = 0; i < 4; ++i) run.next();
    REQUIRE_FALSE(compacted(w.shard()));
    SUBCASE("fork") {
        auto fork = w.engine->fork(*w.stream, w.engine->default_world(), "fork");
        REQUIRE(fork);
        CHECK(w.log(*fork->stream->shard(0)) == before);
        w.settle();
        w.pass(2s);
        CHECK(w.log().size() == 40);
        CHECK(w.log(*fork->stream->shard(0)) == w.log());
    }
    SUBCASE("not compacted any more") {
        REQUIRE(w.engine->set_settings(*w.stream, {.configs = {}, .retention = {}, .retention_bytes = {}, .compaction = {}}));
        w.settle();
        w.pass(5s);
        CHECK(w.log() == before);
        CHECK(w.shard().pending == LogId{});
        REQUIRE(w.engine->set_settings(
            *w.stream, {.configs = {}, .retention = {}, .retention_bytes = {}, .compaction = CompactedTopic::eager()}));
        w.pass(5s);
        CHECK(w.log().size() == 40);
    }
}

TEST_CASE("a folder with compacted logs says so to servers that do not know them") {
    CompactedTopic w;
    const auto needs = [&] {
        bool found = false;
        w.store.snapshot()->scan("", [&](std::string_view key, std::string_view value) {
            if (key.size() == 5 && key[4] == 'F') found = value.find("compaction") != std::string_view::npos;
            return true;
        });
        return found;
    };
    REQUIRE(w.write({{"a", "1"}, {"a", "2"}}));
    CHECK_FALSE(needs());
    w.pass(1s);
    CHECK(needs());
    w.restart();
    CHECK(w.log() == Texts{"1 a=2"});
}

}   // namespace sluice::streams
