// Rule 1: two worlds of one store know nothing of each other. Each has its own clock, names, limits, producers and values; the
// store's numbers are shared.
#include <doctest/doctest.h>

#include "emulator/streams/engine.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using namespace sluice::streams;

namespace {

constexpr auto in_2030 = from_ms(1'893'456'000'000);

// The default world and one named "other", whose clock stands in 2030. Each has a stream "s".
struct Two {
    Two() {
        w.clock().freeze();
        other = *w.engine->make_world("other", in_2030);
        mine = w.create("s", 2);
        theirs = create_there("s");
    }
    streams::StreamPointer create_there(const std::string& name) {
        Engine::NewStream wanted;
        wanted.name = name;
        wanted.shards = 2;
        wanted.manners = Manners::kinesis;
        wanted.profile = "kinesis";
        const auto made = w.engine->create(*other, wanted);
        w.settle();
        return made ? made->stream : nullptr;
    }
    void restart() {
        w.open();
        other = w.engine->find_world("other");
        REQUIRE(other);
        mine = w.engine->find(w.engine->default_world(), "s");
        theirs = w.engine->find(*other, "s");
    }
    test::World w;
    streams::World* other = nullptr;
    streams::StreamPointer mine, theirs;
};

}   // namespace

TEST_CASE("a stream is known in its own world only, and logs of two worlds are never the same") {
    Two two;
    REQUIRE(two.theirs);
    CHECK(two.theirs != two.mine);
    CHECK(two.theirs->topic_id != two.mine->topic_id);
    CHECK(two.theirs->shard(0)->log() != two.mine->shard(0)->log());
    CHECK(to_ms(two.theirs->created) == to_ms(in_2030));
    REQUIRE(two.create_there("only.there"));
    CHECK_FALSE(two.w.engine->find(two.w.engine->default_world(), "only.there"));
    CHECK(two.w.engine->list(two.w.engine->default_world()).size() == 1);
    CHECK(two.w.create("only_there") != nullptr);   // names stand in each other's way within a world
    CHECK(two.create_there("only_there") == nullptr);
}

TEST_CASE("moving one world's clock leaves the other's records, limits, sessions and hours alone") {
    Two two;
    auto& w = two.w;
    REQUIRE(w.put(*two.mine->shard(0), {"kept"}));
    REQUIRE(w.put(*two.theirs->shard(0), {"kept"}));
    CHECK_FALSE(w.engine->admit(*two.mine->shard(0), 100, 1000, "k"));
    CHECK_FALSE(w.engine->admit(*two.theirs->shard(0), 100, 1000, "k"));
    const auto mine_before = w.clock().now();
    bool fired = false;
    auto session = Timer{w.clock(), w.clock().within(timers::state_delay, 1h, [&] { fired = true; })};
    REQUIRE(two.other->clock->advance(48h));
    w.settle();
    CHECK(w.clock().now() == mine_before);
    CHECK_FALSE(fired);
    CHECK(w.values(*two.theirs->shard(0)).empty());
    CHECK(w.values(*two.mine->shard(0)) == std::vector<std::string>{"kept"});
    CHECK(w.engine->admit(*two.mine->shard(0), 100, 1, "k"));
    CHECK_FALSE(w.engine->admit(*two.theirs->shard(0), 100, 1, "k"));
    std::int64_t mine_hours = 0, their_hours = 0;
    for (const auto& span : w.engine->usage(*two.mine)) mine_hours += span.hours;
    for (const auto& span : w.engine->usage(*two.theirs)) their_hours += span.hours;
    CHECK(mine_hours == 1);
    CHECK(their_hours == 49);
    CHECK(w.engine->total_usage(w.engine->default_world()).records_in == 1);
    CHECK(w.engine->total_usage(*two.other).records_in == 1);
}

TEST_CASE("a restart finds both worlds, each with its clock, streams, values and numbers") {
    Two two;
    auto& w = two.w;
    REQUIRE(w.put(*two.theirs->shard(1), {"there"}, {.producer_id = 5, .producer_epoch = 0, .base_sequence = 0}));
    REQUIRE(w.wait(w.engine->put(w.engine->default_world(), "key", "mine")));
    REQUIRE(w.wait(w.engine->put(*two.other, "key", "theirs")));
    REQUIRE(two.other->clock->advance(1h));
    REQUIRE(w.engine->split(*two.theirs, 0, {std::uint64_t{1} << 60, 0}));
    w.settle();
    const auto first = *w.engine->next_producer_id(*two.other);
    const auto before = w.engine->dump();
    two.restart();
    CHECK(w.engine->dump() == before);
    CHECK(two.other->clock->now() == in_2030 + 1h);
    CHECK(w.values(*two.theirs->shard(1)) == std::vector<std::string>{"there"});
    CHECK(w.engine->get(w.engine->default_world(), "key") == "mine");
    CHECK(w.engine->get(*two.other, "key") == "theirs");
    CHECK(*w.engine->next_producer_id(*two.other) > first);
    const auto made = two.create_there("later");
    REQUIRE(made);
    for (const auto& stream : {two.mine, two.theirs})
        for (const auto& shard : stream->shards) CHECK(shard->log() != made->shard(0)->log());
    CHECK((*w.engine->make_world("third"))->id == WorldId{2});
}

TEST_CASE("a reset of one world leaves nothing in it and everything in the other") {
    Two two;
    auto& w = two.w;
    REQUIRE(w.put(*two.mine->shard(0), {"kept"}));
    REQUIRE(w.put(*two.theirs->shard(0), {"gone"}));
    REQUIRE(w.wait(w.engine->put(w.engine->default_world(), "key", "mine")));
    REQUIRE(w.wait(w.engine->put(*two.other, "key", "theirs")));
    REQUIRE(w.wait(w.engine->reset(*two.other, in_2030)));
    for (int restarts = 0; restarts < 2; ++restarts) {
        CHECK(w.engine->list(*two.other).empty());
        CHECK_FALSE(w.engine->get(*two.other, "key"));
        CHECK(w.engine->total_usage(*two.other) == Usage{});
        CHECK(w.values(*w.engine->find(w.engine->default_world(), "s")->shard(0)) == std::vector<std::string>{"kept"});
        CHECK(w.engine->get(w.engine->default_world(), "key") == "mine");
        two.restart();
    }
}

TEST_CASE("what of one world cannot be stored is undone there, and the clocks of both are stored with the next commit") {
    Two two;
    auto& w = two.w;
    REQUIRE(w.put(*two.mine->shard(0), {"kept"}));
    w.store.fail(1, storage::Error::io, 1);
    REQUIRE(two.other->clock->advance(1h));
    const auto lost = w.engine->put(*two.other, "key", "lost");
    CHECK_FALSE(w.wait(lost));
    CHECK_FALSE(w.engine->get(*two.other, "key"));
    REQUIRE(w.clock().advance(1min));
    const auto mine_now = w.clock().now();
    const auto before = w.engine->dump();
    two.restart();
    CHECK(w.engine->dump() == before);
    CHECK(w.clock().now() == mine_now);
    CHECK(two.other->clock->now() == in_2030 + 1h);
}

TEST_CASE("in a full store each unit takes the newest record of every world") {
    test::World w;
    w.engine.reset();
    w.store.reopen([] { return storage::open_memory(100'000); });
    w.start();
    w.clock().freeze();
    auto* other = *w.engine->make_world("other", in_2030);
    const auto stream = w.create("s", 1, "kafka");
    REQUIRE(stream);
    (void)other->clock->advance(1h);   // its record and the rest are in one group
    const auto large = w.engine->put(*other, "large", std::string(200'000, 'x'));
    const auto small = w.engine->put(w.engine->default_world(), "small", "x");
    (void)other->clock->advance(1h);
    CHECK_FALSE(w.wait(large));
    CHECK(w.wait(small));
    const auto before = w.engine->dump();
    w.engine.reset();
    w.start();
    CHECK(w.engine->dump() == before);
    CHECK(w.engine->find_world("other")->clock->now() == in_2030 + 2h);
}

TEST_CASE("a world has a good name that no other has") {
    test::World w;
    REQUIRE(w.engine->make_world("one"));
    CHECK(w.engine->make_world("one").error() == Fault::exists);
    CHECK(w.engine->make_world("default").error() == Fault::exists);
    CHECK(w.engine->make_world("").error() == Fault::bad_name);
    CHECK(w.engine->make_world(std::string(250, 'x')).error() == Fault::bad_name);
    CHECK(w.engine->make_world("a\xFF").error() == Fault::bad_name);
}
