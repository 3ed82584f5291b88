#include <doctest/doctest.h>

#include <set>

#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using Strings = std::vector<std::string>;

TEST_CASE("what is appended is read back in order, and a reader sees committed records only") {
    World w;
    auto& shard = *w.create("s")->shards[0];
    const auto queued = w.queue(shard, {"a", "b"});
    REQUIRE(queued);
    CHECK_FALSE(queued->ticket.done());
    CHECK(shard.end == 0);
    CHECK(w.values(shard).empty());
    w.settle();
    CHECK(shard.end == 2);
    REQUIRE(w.put(shard, {"c"}));
    CHECK(w.values(shard) == Strings{"a", "b", "c"});
    CHECK(w.values(shard, 1) == Strings{"b", "c"});
}

TEST_CASE("all that is queued in one turn is one commit") {
    World w;
    auto stream = w.create("s", 3);
    const auto before = w.store.commits();
    for (int i = 0; i < 100; ++i) REQUIRE(w.queue(*stream->shards[static_cast<std::size_t>(i % 3)], {std::to_string(i)}));
    w.settle();
    CHECK(w.store.commits() == before + 1);
    CHECK(stream->shards[0]->end == 34);
}

TEST_CASE("a waiting reader is woken by the commit, with no time passing") {
    World w;
    auto& shard = *w.create("s")->shards[0];
    std::optional<Woken> why;
    Waiter waiter{w.io->get_executor()};
    waiter.watch(shard.appended);
    waiter.deadline(w.clock(), 500ms);
    auto waiting = [](Waiter& mine, std::optional<Woken>& out) -> Task<void> {
        const auto told = co_await mine.wait();
        out = told;
    };
    auto task = waiting(waiter, why);
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    w.settle();
    CHECK_FALSE(why);
    REQUIRE(w.put(shard, {"x"}));
    CHECK(why == Woken::signal);
    CHECK(shard.appended.waiters() == 0);
}

TEST_CASE("a waiting reader gives up at its deadline and leaves no trace") {
    World w;
    auto& shard = *w.create("s")->shards[0];
    std::optional<Woken> why;
    Waiter waiter{w.io->get_executor()};
    waiter.watch(shard.appended);
    waiter.deadline(w.clock(), 500ms);
    auto waiting = [](Waiter& mine, std::optional<Woken>& out) -> Task<void> {
        const auto told = co_await mine.wait();
        out = told;
    };
    auto task = waiting(waiter, why);
    asio::co_spawn(*w.io, std::move(task), asio::detached);
    w.time.move(499ms);
    w.settle();
    CHECK_FALSE(why);
    w.time.move(1ms);
    w.settle();
    CHECK(why == Woken::deadline);
    CHECK(shard.appended.waiters() == 0);
}

TEST_CASE("an idempotent producer's repetition is answered with the first place, also before the commit") {
    World w;
    auto& shard = *w.create("s", 1, "kafka")->shards[0];
    const auto as = [](std::int32_t sequence, std::int16_t epoch = 0) {
        return batch::BatchOptions{.producer_id = 7, .producer_epoch = epoch, .base_sequence = sequence};
    };
    const auto first = w.queue(shard, {"a", "b"}, as(0));
    const auto again = w.queue(shard, {"a", "b"}, as(0));
    REQUIRE(again);
    CHECK(again->duplicate);
    w.settle();
    CHECK(again->ticket.base() == first->ticket.base());
    REQUIRE(w.put(shard, {"c"}, as(2)));
    CHECK(w.queue(shard, {"x"}, as(4)).error() == Fault::out_of_order_sequence);
    CHECK(w.queue(shard, {"b", "c"}, as(1)).error() == Fault::out_of_order_sequence);
    CHECK(w.queue(shard, {"x"}, as(0, -1)).error() == Fault::invalid_producer_epoch);
    CHECK(w.queue(shard, {"x"}, as(3, 1)).error() == Fault::out_of_order_sequence);
    REQUIRE(w.put(shard, {"d"}, as(0, 1)));
    CHECK(w.values(shard) == Strings{"a", "b", "c", "d"});
}

TEST_CASE("the last five batches of a producer are known after a restart, the sixth is out of order, and sequences wrap") {
    World w;
    w.create("s", 1, "kafka");
    const auto as = [](std::int32_t sequence) {
        return batch::BatchOptions{.producer_id = 7, .producer_epoch = 0, .base_sequence = sequence};
    };
    const auto shard = [&]() -> const Shard& { return *w.engine->find(w.engine->default_world(), "s")->shards[0]; };
    for (int i = 0; i < 6; ++i)
        REQUIRE(w.put(shard(), {std::to_string(i)}, as(INT32_MAX - 2 + i < 0 || i > 2 ? i - 3 : INT32_MAX - 2 + i)));
    w.open();
    CHECK(w.queue(shard(), {"5"}, as(2))->duplicate);
    CHECK(w.queue(shard(), {"1"}, as(INT32_MAX - 1))->ticket.base() == 1);
    CHECK(w.queue(shard(), {"0"}, as(INT32_MAX - 2)).error() == Fault::out_of_order_sequence);
    REQUIRE(w.put(shard(), {"6"}, as(3)));
    CHECK(w.values(shard()).size() == 7);
}

TEST_CASE("streams, records, clock and doors' values survive a restart") {
    World w;
    auto stream = w.create("s", 2);
    REQUIRE(w.put(*stream->shards[1], {"x"}));
    w.engine->put(w.engine->default_world(), "group/a", "state");
    w.clock().freeze();
    w.clock().advance(2h);
    w.settle();
    const auto before = w.engine->dump();
    w.time.move(1h);
    w.open();
    CHECK(w.engine->dump() == before);
    CHECK(w.engine->get(w.engine->default_world(), "group/a") == "state");
    CHECK(w.clock().frozen());
}

TEST_CASE("a.b and a_b do not stand side by side") {
    World w;
    REQUIRE(w.create("a.b"));
    CHECK_FALSE(w.create("a_b"));
    CHECK(w.engine->collision(w.engine->default_world(), "a_b") == "a.b");
    CHECK_FALSE(w.create("a.b"));
}

TEST_CASE("a provisional stream is adopted by a creation and becomes final with its first record") {
    World w;
    Engine::NewStream wanted;
    wanted.name = "s";
    wanted.profile = "kafka";
    wanted.provisional = true;
    const auto first = w.engine->create(w.engine->default_world(), wanted)->stream;
    const auto id = first->topic_id;
    const auto adopted = w.create("s", 4, "kinesis");
    REQUIRE(adopted);
    CHECK(adopted->topic_id == id);
    CHECK(adopted->shards.size() == 4);
    CHECK(adopted->limits == streams::kinesis_limits);
    wanted.name = "t";
    const auto second = w.engine->create(w.engine->default_world(), wanted)->stream;
    REQUIRE(w.put(*second->shards[0], {"x"}));
    CHECK_FALSE(second->provisional);
    CHECK_FALSE(w.create("t"));
}

TEST_CASE("a re-created stream has another id, another topic id and later create seconds, also under a frozen clock") {
    World w;
    w.clock().freeze();
    const auto first = w.create("s");
    const auto created = first->shards[0]->created_s;
    REQUIRE(w.put(*first->shards[0], {"x"}));
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    w.settle();
    CHECK(first->deleted);
    w.open();
    const auto second = w.create("s");
    CHECK(second->topic_id != first->topic_id);
    CHECK(second->shards[0]->created_s == created + 1);
    CHECK(w.values(*second->shards[0]).empty());
}

TEST_CASE("a state delay is seen as CREATING and DELETING and ends by virtual or by real time") {
    World w{{.state_delay = 500ms}};
    w.clock().freeze();
    const auto stream = w.create("s");
    CHECK(stream->status == streams::StreamStatus::creating);
    w.clock().advance(500ms);
    w.settle();
    CHECK(stream->status == streams::StreamStatus::active);
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", true));
    w.settle();
    CHECK(stream->status == streams::StreamStatus::deleting);
    w.time.move(500ms);
    w.settle();
    CHECK(stream->deleted);
}

TEST_CASE("a reset leaves what a new engine has") {
    World w;
    const auto fresh = w.engine->dump();
    auto stream = w.create("s", 2);
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    w.engine->put(w.engine->default_world(), "group/a", "state");
    w.clock().advance(1h);
    REQUIRE(w.wait(w.engine->reset(w.engine->default_world())));
    CHECK(w.engine->dump() == fresh);
    CHECK_FALSE(w.engine->get(w.engine->default_world(), "group/a"));
    CHECK(w.clock().now() == w.time.now());
    w.open();
    CHECK(w.engine->dump() == fresh);
}

TEST_CASE("a reset is one write, and what was queued before it in the same turn goes with it") {
    World w;
    const auto fresh = w.engine->dump();
    auto stream = w.create("s", 3);
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    const auto commits = w.store.commits();
    REQUIRE(w.queue(*stream->shards[1], {"y"}));
    w.engine->put(w.engine->default_world(), "group/a", "state");
    w.create("t");   // its group takes all that with it
    REQUIRE(w.store.commits() == commits + 1);
    REQUIRE(w.queue(*stream->shards[2], {"z"}));
    w.engine->put(w.engine->default_world(), "group/b", "state");
    REQUIRE(w.wait(w.engine->reset(w.engine->default_world())));
    CHECK(w.store.commits() == commits + 2);
    CHECK(w.engine->dump() == fresh);
    CHECK_FALSE(w.engine->get(w.engine->default_world(), "group/a"));
    CHECK_FALSE(w.engine->get(w.engine->default_world(), "group/b"));
    w.open();
    CHECK(w.engine->dump() == fresh);
}

TEST_CASE("producer ids are never given out twice, whatever was written when the process died") {
    World w;
    std::set<std::int64_t> ids;
    for (int restart = 0; restart < 3; ++restart) {
        for (int i = 0; i < 700; ++i) CHECK(ids.insert(w.engine->next_producer_id(w.engine->default_world()).value()).second);
        w.open();
    }
}

TEST_CASE("a record above 10 MiB is left out for those who read records, told once, and those around it are read") {
    World w;
    std::vector<std::string> notes;
    w.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    auto& shard = *w.create("t", 1, "kafka")->shards[0];
    REQUIRE(w.put(shard,
                  {"before", std::string((10 << 20) - 1, 'x'), std::string(10 << 20, 'x'), "after"}));   // and a key of one byte
    for (int i = 0; i < 2; ++i) {
        const auto read = w.engine->chunk_at_hand(shard, 2, {100, 1 << 30}).value();
        REQUIRE(read);
        REQUIRE(read->records.size() == 1);
        CHECK(read->records[0].position == 3);
        CHECK(read->next == 4);
    }
    const auto all = w.engine->chunk_at_hand(shard, 0, {100, 1 << 30}).value();
    REQUIRE(all);
    CHECK(all->records.size() == 3);
    CHECK(notes == std::vector<std::string>{
                       "t shardId-000000000000: the record at 2 has more than 10 MiB and is not shown to Kinesis readers"});
}

TEST_CASE("bytes and records read are counted by door, refusals by kind") {
    World w;
    w.clock().freeze();
    auto stream = w.create("s");
    auto& shard = *stream->shards[0];
    w.engine->charge_read(shard, streams::Door::kinesis, 100, 2);
    w.engine->charge_read(shard, streams::Door::kafka, 1000, 5);
    w.engine->count_read(shard, streams::Door::queue, 30, 3);
    w.engine->count_read(shard, streams::Door::channel, 40, 4);
    w.engine->count_call(*stream, streams::Door::queue);
    w.engine->count_call(*stream, streams::Door::channel);
    w.engine->count_call(*stream, streams::Door::channel);
    for (int i = 0; i < 7; ++i) w.engine->admit_read_call(shard);       // five a second
    for (int i = 0; i < 1003; ++i) w.engine->admit(shard, 1, 1, "k");   // a thousand a second
    w.engine->flush();
    w.open();
    const auto told = w.engine->usage(*w.engine->find(w.engine->default_world(), "s")).back().each;
    CHECK(told.bytes_out_kinesis == 100);
    CHECK(told.records_out_kinesis == 2);
    CHECK(told.bytes_out_kafka == 1000);
    CHECK(told.records_out_kafka == 5);
    CHECK(told.bytes_out_queues == 30);
    CHECK(told.records_out_queues == 3);
    CHECK(told.bytes_out_channels == 40);
    CHECK(told.records_out_channels == 4);
    CHECK(told.bytes_out_consumers == 0);
    CHECK(told.queue_calls == 1);
    CHECK(told.channel_calls == 2);
    CHECK(told.read_refusals == 2);
    CHECK(told.write_refusals == 3);
}

TEST_CASE("timestamps are found per record, not per batch") {
    World w;
    auto& shard = *w.create("s", 1, "kafka")->shards[0];
    for (int i = 0; i < 5; ++i) {
        REQUIRE(w.put(shard, {"a", "b"}));
        w.clock().advance(10ms);
    }
    const auto start = 1'700'000'000'000;
    CHECK(w.engine->find_timestamp(shard, start + 11) == std::pair<streams::Position, std::int64_t>{4, start + 20});
    CHECK(w.engine->find_timestamp(shard, 0) == std::pair<streams::Position, std::int64_t>{0, start});
    CHECK_FALSE(w.engine->find_timestamp(shard, start + 41));
}
