// Random histories against a model so simple that it is right by looking: what each reader must see after each step.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

struct ModelShard {
    struct Kept {
        std::string value;
        std::int64_t appended_ms{};
    };
    std::vector<Kept> records;
    std::size_t committed = 0, gone = 0;
    bool open = true;
    std::int32_t next_sequence = 0;
    std::vector<std::string> last_batch;
};

struct History {
    explicit History(std::uint64_t seed, streams::EngineOptions options = {}) : chance(seed), w(std::move(options)) {
        w.clock().freeze();
        w.create("s", 3);
        w.clock().advance(w.options.state_delay);
        w.settle();
        model.resize(3);
    }

    const streams::Stream& stream() { return *w.engine->find(w.engine->default_world(), "s"); }
    ModelShard& any_open(std::size_t& index) {
        do index = chance.below(model.size());
        while (!model[index].open);
        return model[index];
    }

    void append() {
        std::size_t index = 0;
        auto& shard = any_open(index);
        const bool again = !shard.last_batch.empty() && chance.below(4) == 0;
        std::vector<std::string> values = shard.last_batch;
        if (!again) {
            values.clear();
            for (auto n = 1 + chance.below(5); n > 0; --n) values.push_back("v" + std::to_string(++written));
        }
        const auto sequence = again ? shard.next_sequence - static_cast<std::int32_t>(values.size()) : shard.next_sequence;
        const auto queued =
            w.queue(*stream().shards[index], values, {.producer_id = 9, .producer_epoch = 0, .base_sequence = sequence});
        REQUIRE(queued);
        REQUIRE(queued->duplicate == again);
        if (again) {
            places.emplace_back(queued->ticket, shard.records.size() - values.size());
            return;
        }
        places.emplace_back(queued->ticket, shard.records.size());
        for (const auto& value : values) shard.records.push_back({value, to_ms(w.clock().now())});
        shard.next_sequence += static_cast<std::int32_t>(values.size());
        shard.last_batch = values;
    }
    void settle() {
        w.settle();
        for (const auto& [ticket, place] : places) CHECK(ticket.base() == static_cast<streams::Position>(place));
        places.clear();
        for (auto& shard : model) shard.committed = shard.records.size();
    }
    void split() {
        if (waiting) return;   // UPDATING
        std::size_t index = 0;
        any_open(index);
        const auto range = stream().shards[index]->range;
        if (range.last.high - range.first.high < 16) return;
        REQUIRE(w.engine->split(stream(), static_cast<std::int32_t>(index),
                                {range.first.high + (range.last.high - range.first.high) / 2, 0}));
        waiting = Waiting{index, w.clock().now() + w.options.state_delay};
        end_split();
    }
    // Children open when the stream is ACTIVE again, whatever happened meanwhile.
    void end_split() {
        if (!waiting || w.clock().now() < waiting->due) return;
        model[waiting->parent].open = false;
        model.resize(model.size() + 2);
        waiting.reset();
    }
    void set_retention() {
        age();
        retention = std::chrono::hours{24 + chance.below(24)};
        REQUIRE(w.engine->set_retention(stream(), retention));
        age();
    }
    // What has passed its time never comes back; only committed records can go.
    void age() {
        const auto oldest = to_ms(w.clock().now() - retention);
        for (auto& shard : model)
            while (shard.gone < shard.committed && shard.records[shard.gone].appended_ms < oldest) ++shard.gone;
    }
    void step() {
        switch (chance.below(12)) {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
                append();
                break;
            case 5:
            case 6:
                settle();
                break;
            case 7:
                w.clock().advance(milliseconds{chance.below(10'000)});
                break;
            case 8:
                settle();
                w.clock().advance(std::chrono::minutes{chance.below(600)});
                break;
            case 9:
                if (model.size() < 9) split();
                break;
            case 10:
                settle();
                set_retention();
                break;
            default:
                settle();
                w.open();
                break;
        }
        end_split();
        REQUIRE(stream().shards.size() == model.size());
        // A move of the clock commits what is queued first; the model follows what the engine says is committed.
        for (std::size_t i = 0; i < model.size(); ++i) {
            const auto end = static_cast<std::size_t>(stream().shards[i]->end);
            REQUIRE((end == model[i].committed || end == model[i].records.size()));
            model[i].committed = end;
        }
        age();
        check();
    }
    void check() {
        for (std::size_t i = 0; i < model.size(); ++i) {
            CAPTURE(i);
            auto& shard = *stream().shards[i];
            const auto& m = model[i];
            CHECK(shard.open() == m.open);
            const auto [begin, stable, end] = w.engine->bounds(shard);
            CHECK(stable == end);
            CHECK(begin == static_cast<streams::Position>(m.gone));
            CHECK(end == static_cast<streams::Position>(m.committed));
            std::vector<std::string> expected;
            for (auto at = m.gone; at < m.committed; ++at) expected.push_back(m.records[at].value);
            CHECK(w.values(shard) == expected);
            if (m.gone == m.committed) continue;
            const auto from = m.gone + chance.below(m.committed - m.gone);
            const auto one = w.engine->chunk_at_hand(shard, static_cast<streams::Position>(from), {1, 1}).value();
            REQUIRE(one);
            REQUIRE(one->records.size() == 1);
            CHECK(one->records[0].appended_ms == m.records[from].appended_ms);
            CHECK(one->next == static_cast<streams::Position>(from) + 1);
            const auto since = m.records[from].appended_ms;
            auto first = m.gone;
            while (m.records[first].appended_ms < since) ++first;
            CHECK(w.engine->find_appended(shard, from_ms(since)) == static_cast<streams::Position>(first));
        }
    }

    Random chance;
    World w;
    std::vector<std::pair<streams::Ticket, std::size_t>> places;   // where what was queued is to lie
    std::vector<ModelShard> model;
    milliseconds retention = 24h;
    struct Waiting {
        std::size_t parent{};
        Time due;
    };
    std::optional<Waiting> waiting;
    std::uint64_t written = 0;
};

}   // namespace

TEST_CASE("whatever happened, each reader sees what was committed and has not passed its time") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        History history{seed};
        for (int i = 0; i < 120; ++i) history.step();
    }
}

TEST_CASE("with a state delay splits end at their time in any history, restarts in the middle included") {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        CAPTURE(seed);
        History history{seed, {.state_delay = milliseconds{1 + 977 * static_cast<std::int64_t>(seed)}}};
        for (int i = 0; i < 120; ++i) history.step();
    }
}

TEST_CASE("records of a batch are found one by one, compressed or not, from any place on") {
    for (std::int16_t codec = 0; codec < 5; ++codec) {
        CAPTURE(codec);
        World w;
        auto& shard = *w.create("t", 1, "kafka")->shards[0];
        std::vector<std::string> values;
        for (int i = 0; i < 1000; ++i) values.push_back("value " + std::to_string(i));
        for (int i = 0; i < 3; ++i) REQUIRE(w.put(shard, values, {.attributes = codec}));
        for (const streams::Position from : {0, 1, 31, 32, 33, 999, 1000, 1031, 2999}) {
            const auto read = w.engine->chunk_at_hand(shard, from, {2, 1 << 20}).value();
            REQUIRE(read);
            REQUIRE(read->records.size() == (from == 2999 ? 1 : 2));
            CHECK(read->records[0].position == from);
            const auto value = *read->records[0].value;
            CHECK(std::string{reinterpret_cast<const char*>(value.data()), value.size()} ==
                  values[static_cast<std::size_t>(from) % 1000]);
        }
        CHECK(w.values(shard, 500).size() == 2500);
    }
}

TEST_CASE("with a writer thread all that was queued is there after a restart, and each waiter is answered once") {
    streams::EngineOptions options;
    SUBCASE("as power has it") { options.commit_on_thread = true; }
    SUBCASE("for large groups") { options.most_bytes_on_loop = 1000; }
    World w{options};
    w.create("s", 2);
    std::vector<int> answered;
    auto wait = [](streams::Ticket ticket, std::vector<int>& out, int n) -> Task<void> {
        const auto done = co_await ticket.committed();
        if (done) out.push_back(n);
    };
    auto stream = w.engine->find(w.engine->default_world(), "s");
    for (int i = 0; i < 50; ++i) {
        const auto queued = w.queue(*stream->shards[static_cast<std::size_t>(i % 2)],
                                    {std::to_string(i) + std::string(i % 3 == 0 ? 1000 : 0, '.')});
        REQUIRE(queued);
        auto task = wait(queued->ticket, answered, i);
        asio::co_spawn(*w.io, std::move(task), asio::detached);
        w.settle();
    }
    w.engine->flush();
    w.settle();
    // Not always in order: who asks when its group is stored already need not wait for its turn. Connections keep their own
    // order.
    std::ranges::sort(answered);
    CHECK(answered.size() == 50);
    CHECK(std::ranges::adjacent_find(answered) == answered.end());
    REQUIRE(w.queue(*stream->shards[0], {"last"}));
    stream.reset();
    w.open();
    CHECK(w.values(*w.engine->find(w.engine->default_world(), "s")->shards[0]).back() == "last");
}

TEST_CASE("a split that could not be stored leaves the parent open, and what was queued for its children is refused") {
    World w;
    auto stream = w.create("s");
    const auto done = w.engine->split(*stream, 0, {1ull << 63, 0});
    REQUIRE(done);
    auto& child = *stream->shards[1];
    const auto queued = w.queue(child, {"x"});
    REQUIRE(queued);
    w.store.fail(1, storage::Error::no_space, 2);
    CHECK_FALSE(w.wait(queued->ticket));
    REQUIRE(stream->shards.size() == 1);
    CHECK(stream->shards[0]->open());
    CHECK(stream->shards[0]->children.empty());
    CHECK_FALSE(child.open());   // still there for whoever waits on it
    CHECK(w.queue(child, {"x"}).error() == Fault::sealed);
    CHECK(w.put(*stream->shards[0], {"y"}));
    CHECK(w.put(*w.create("other")->shards[0], {"z"}));   // a lost log's number is not used again
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("a name made, deleted and made again within one turn has three different create seconds") {
    World w;
    w.clock().freeze();
    std::vector<std::int64_t> seconds;
    for (int i = 0; i < 3; ++i) {
        Engine::NewStream wanted;
        wanted.name = "s";
        wanted.manners = streams::Manners::kinesis;
        wanted.profile = "kinesis";
        seconds.push_back(w.engine->create(w.engine->default_world(), wanted)->stream->shards[0]->created_s);
        REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    }
    CHECK(seconds == std::vector<std::int64_t>{1'700'000'000, 1'700'000'001, 1'700'000'002});
    w.settle();
    w.open();
    CHECK(w.create("s")->shards[0]->created_s == 1'700'000'003);
}
