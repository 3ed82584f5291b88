// Rule 13: streams on demand grow by what was written to them, at marks of the virtual clock.
#include "emulator/streams/limits/on_demand.h"

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using streams::StreamStatus;

namespace {

constexpr std::uint64_t chunk = 128 << 10;   // 8 of them are a MiB

struct OnDemand : World {
    explicit OnDemand(streams::EngineOptions with = {}, std::int32_t shards = 4, bool on_demand = true) : World(std::move(with)) {
        clock().freeze();
        Engine::NewStream wanted;
        wanted.name = "s";
        wanted.shards = shards;
        wanted.manners = streams::Manners::kinesis;
        wanted.profile = "kinesis";
        wanted.on_demand = on_demand;
        wanted.state_delay = false;
        stream = engine->create(engine->default_world(), wanted)->stream;
        settle();
    }
    void reopen() {
        open();
        stream = engine->find(engine->default_world(), "s");
        settle();
    }
    // One small batch that counts as so much.
    void write(const Shard& shard, std::uint64_t bytes, std::uint32_t records = 1) {
        static const auto batch = batch_of({"x"}, 0);
        streams::Append append;
        append.batch = batch;
        append.records = 1;
        append.payload_bytes = bytes;
        if (records > 1) {
            auto& many = *kept.emplace_back(std::make_unique<batch::Blob>(batch_of(std::vector<std::string>(records, "x"), 0)));
            append.batch = many;
            append.records = records;
        }
        REQUIRE(engine->append(shard, append));
    }
    // So many chunks at hash keys that lie evenly, or all at the lowest one; yields how many passed.
    int offer(int chunks, bool evenly = true) {
        const auto places = streams::even_ranges(chunks);
        std::map<const Shard*, std::uint64_t> taken;
        int passed = 0;
        for (int i = 0; i < chunks; ++i) {
            const auto* shard = stream->open_shard_for(streams::middle_of(places[evenly ? static_cast<std::size_t>(i) : 0]));
            if (engine->admit(*shard, chunk, 1, "k")) continue;
            taken[shard] += chunk;
            ++passed;
        }
        for (const auto& [shard, bytes] : taken) write(*shard, bytes);
        settle();
        return passed;
    }
    // The same each second for so many minutes; yields the fewest and the most that passed in a second.
    std::pair<int, int> minutes(int count, int chunks, bool evenly = true) {
        std::pair told{INT_MAX, 0};
        for (int second = 0; second < 60 * count; ++second) {
            const auto passed = offer(chunks, evenly);
            told = {std::min(told.first, passed), std::max(told.second, passed)};
            (void)clock().advance(1s);
            settle();
        }
        return told;
    }
    std::size_t shards() const { return stream->open_shards(); }
    void pass(milliseconds span) {
        (void)clock().advance(span);
        settle();
    }
    streams::StreamPointer stream;
};

}   // namespace

TEST_CASE(
    "rule 13's figures: 6 MiB a second to all keys pass as 4 until 15 minutes, whole on 8 shards, and there are 16 ever after") {
    OnDemand s;
    CHECK(s.shards() == 4);
    CHECK(s.minutes(15, 48) == std::pair{32, 32});
    CHECK(s.shards() == 8);
    CHECK(s.minutes(15, 48) == std::pair{48, 48});
    CHECK(s.shards() == 16);
    CHECK(s.minutes(31, 48) == std::pair{48, 48});
    CHECK(s.shards() == 16);
}

TEST_CASE("rule 13's figures: of 1.5 MiB a second on one key 1 MiB passes at any time, however often its shard is split") {
    OnDemand s;
    for (std::size_t open = 4; open < 7; ++open) {
        CHECK(s.shards() == open);
        CHECK(s.minutes(15, 12, false) == std::pair{8, 8});
    }
}

TEST_CASE("rule 13's figures: 1.5 MiB a second to all keys never split a shard") {
    OnDemand s;
    CHECK(s.minutes(31, 12) == std::pair{12, 12});
    CHECK(s.shards() == 4);
}

TEST_CASE("a shard is split by its busiest minute, above 500 KB or 500 records a second, and not by what two minutes sum up to") {
    OnDemand s;
    s.write(*s.stream->shard(0), 30'000'000);
    s.write(*s.stream->shard(1), 30'000'001);
    s.write(*s.stream->shard(2), 1, 30'000);
    s.write(*s.stream->shard(3), 20'000'000);
    s.pass(1min);
    s.write(*s.stream->shard(3), 20'000'000);
    s.pass(14min - 1ms);
    CHECK(s.shards() == 4);
    s.pass(1ms);
    CHECK(s.shards() == 5);
    CHECK(s.stream->shard(1)->sealed);
    s.write(*s.stream->shard(2), 1, 30'001);
    s.pass(15min);
    CHECK(s.shards() == 6);
    CHECK(s.stream->shard(2)->sealed);
}

TEST_CASE("it is the middle at which a shard is split, with the lineage of any split, and parents keep what they have") {
    OnDemand s;
    const auto range = s.stream->shard(1)->range;
    s.write(*s.stream->shard(1), 30'000'001);
    s.pass(15min);
    const auto &lower = *s.stream->shard(4), &upper = *s.stream->shard(5);
    CHECK(lower.range.first == range.first);
    CHECK(streams::next(lower.range.last) == upper.range.first);
    CHECK(upper.range.first == streams::middle_of(range));
    CHECK(upper.range.last == range.last);
    CHECK(lower.parents == std::vector{1});
    CHECK(s.stream->shard(1)->children == std::vector{4, 5});
    CHECK(s.stream->shard(1)->end == 1);
    CHECK(s.engine->append(*s.stream->shard(1), {}).error() == Fault::sealed);
}

TEST_CASE(
    "with a state delay a stream that grows is UPDATING, its parents take records meanwhile, and a restart loses none of it") {
    OnDemand s{{.state_delay = 30s}};
    for (const int busy : {0, 2}) s.write(*s.stream->shard(busy), 30'000'001);
    s.pass(15min);
    CHECK(s.stream->status == StreamStatus::updating);
    CHECK(s.shards() == 4);
    CHECK(s.put(*s.stream->shard(0), {"meanwhile"}));
    s.reopen();
    CHECK(s.stream->status == StreamStatus::updating);
    s.pass(30s);
    CHECK(s.stream->status == StreamStatus::active);
    CHECK(s.shards() == 6);
    CHECK(s.stream->shard(0)->sealed);
    CHECK(s.stream->shard(2)->sealed);
    CHECK(s.values(*s.stream->shard(0)).back() == "meanwhile");
}

TEST_CASE("a mark that finds the stream UPDATING splits nothing, and the next one looks at what was written since") {
    OnDemand s{{.state_delay = 30s}};
    s.write(*s.stream->shard(0), 30'000'001);
    s.pass(15min - 1s);
    CHECK(s.wait(*s.engine->set_key(*s.stream, "k")));
    s.pass(30min);
    CHECK(s.shards() == 4);
    s.write(*s.stream->shard(0), 30'000'001);
    s.pass(15min);
    s.pass(30s);
    CHECK(s.shards() == 5);
}

TEST_CASE("a stream on demand that nobody writes to has no timer, and one that nobody writes to any more has none either") {
    OnDemand s;
    CHECK(s.stream->mark_armed_ms == 0);
    s.write(*s.stream->shard(0), 1);
    CHECK(s.stream->mark_armed_ms == to_ms(s.stream->created) + 900'000);
    s.pass(15min);
    CHECK(s.stream->mark_armed_ms == 0);
    s.pass(24h);
    CHECK(s.stream->mark_armed_ms == 0);
    s.write(*s.stream->shard(0), 1);
    CHECK(s.stream->mark_armed_ms == to_ms(s.stream->created) + 900'000 * 98);
}

TEST_CASE("advancing in one step equals advancing in many, splits and UPDATING among what is passed") {
    const auto history = [](std::vector<milliseconds> steps) {
        OnDemand s{{.state_delay = 30s}};
        for (const int busy : {3, 1}) s.write(*s.stream->shard(busy), 30'000'001);
        s.settle();
        for (const auto step : steps) s.pass(step);
        s.write(*s.stream->open_shard_for({}), 30'000'001);
        s.settle();
        for (const auto step : steps) s.pass(step);
        return s.engine->dump();
    };
    const auto at_once = history({1h});
    CHECK(history({14min, 1min, 1ms, 29s + 999ms, 44min + 30s}) == at_once);
    CHECK(history(std::vector<milliseconds>(3600, 1s)) == at_once);
}

TEST_CASE("what was counted survives a restart, and a mark that passed while the server was away is made up for") {
    OnDemand s;
    s.write(*s.stream->shard(0), 20'000'000);
    s.settle();
    s.reopen();
    CHECK(s.stream->mark_armed_ms == to_ms(s.stream->created) + 900'000);
    s.write(*s.stream->shard(0), 10'000'001);   // of the same minute
    s.pass(15min);
    CHECK(s.shards() == 5);
    s.reopen();
    CHECK(s.shards() == 5);   // and is not done twice
    s.clock().resume();
    s.write(*s.stream->shard(1), 30'000'001);
    s.settle();
    s.engine.reset();
    s.time.move(5h);
    s.reopen();
    CHECK(s.shards() == 6);
    CHECK(s.stream->shard(1)->sealed);
}

TEST_CASE("a growth that cannot be stored leaves the stream as it was, and the next mark tries again") {
    OnDemand s;
    s.write(*s.stream->shard(0), 30'000'001);
    s.settle();
    s.store.fail(1);
    s.pass(15min);
    CHECK(s.shards() == 4);
    s.write(*s.stream->shard(0), 30'000'001);
    s.pass(15min);
    CHECK(s.shards() == 5);
}

TEST_CASE("provisioned streams do not grow; one that is switched is counted from then on") {
    OnDemand s{{}, 4, false};
    s.write(*s.stream->shard(0), 30'000'001);
    CHECK(s.stream->mark_armed_ms == 0);
    s.pass(10min);
    CHECK(s.wait(*s.engine->set_capacity(*s.stream, {.on_demand = true})));
    s.write(*s.stream->shard(1), 30'000'001);
    s.pass(5min);
    CHECK(s.shards() == 5);
    CHECK(s.stream->shard(1)->sealed);
    s.write(*s.stream->shard(2), 30'000'001);
    CHECK(s.wait(*s.engine->set_capacity(*s.stream, {})));
    s.pass(15min);
    CHECK(s.shards() == 5);
}

TEST_CASE("a stream on demand grows to 10,000 open shards and says once that it grows no further") {
    OnDemand s{{}, 9'999};
    std::vector<std::string> notes;
    s.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    for (int mark = 0; mark < 2; ++mark) {
        for (const int busy : {7'000, 8'000}) s.write(*s.stream->shard(busy + 1'000 * mark), 30'000'001);
        s.pass(15min);
        CHECK(s.shards() == 10'000);
    }
    CHECK(notes == std::vector<std::string>{"stream s has as many shards as a stream on demand may have: it grows no further"});
}

TEST_CASE(
    "a count knows its stretch: what is written at the very mark, before it is looked at, hides nothing of the one before") {
    streams::Busy busy;
    busy.add(14, 30'000'001, 1);
    busy.add(15, 1, 1);
    CHECK(busy.wants_split(0));
    CHECK_FALSE(busy.wants_split(1));
    busy.add(30, 1, 1);
    CHECK(busy.wants_split(0));   // nobody has looked yet
    CHECK_FALSE(busy.wants_split(2));
}
