// A catalog that no engine can have written stops the start with one line, whatever is wrong with it.
#include <doctest/doctest.h>

#include "emulator/streams/catalog/catalog.pb.h"
#include "emulator/streams/catalog/keys.h"
#include "emulator/streams/catalog/repair.h"
#include "emulator/streams/channels.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

std::string started(World& w) {
    try {
        w.open();
        return "started";
    } catch (const storage::StartError& error) {
        return error.what();
    }
}

struct Records {
    catalog::Stream stream;
    std::vector<catalog::Shard> shards;
};

// What the start says after `change` was done to the record of stream "a" and to those of its shards: five, one of three was
// split.
template <class Change>
std::string told(Change&& change) {
    World w;
    auto stream = w.create("a", 3);
    REQUIRE(w.put(*stream->shards[0], {"x"}));
    REQUIRE(w.engine->split(*stream, 1, {0x8000000000000000u, 0}));
    w.settle();
    stream.reset();
    Records all;
    std::string key;
    std::vector<std::string> shard_keys;
    w.store.snapshot()->scan(std::string("\0\0\0\0S", 5), [&](std::string_view name, std::string_view value) {
        key = name;
        return all.stream.ParseFromArray(value.data(), static_cast<int>(value.size()));
    });
    w.store.snapshot()->scan(std::string("\0\0\0\0H", 5), [&](std::string_view name, std::string_view value) {
        shard_keys.emplace_back(name);
        return all.shards.emplace_back().ParseFromArray(value.data(), static_cast<int>(value.size()));
    });
    REQUIRE(all.shards.size() == 5);
    change(all);
    w.engine.reset();
    storage::Batch batch;
    std::vector<std::string> values{all.stream.SerializeAsString()};
    for (const auto& shard : all.shards) values.push_back(shard.SerializeAsString());
    batch.put(key, values[0]);
    for (std::size_t i = 0; i < shard_keys.size(); ++i) batch.put(shard_keys[i], i < all.shards.size() ? values[i + 1] : "");
    REQUIRE(w.store.commit(batch));
    return started(w);
}

streams::NewChannel a_channel(std::string name) {
    return {.name = std::move(name),
            .bucket = "bucket",
            .key_template = "!{channel-name}",
            .dead_bucket = "bucket",
            .dead_prefix = {},
            .freshness = 300s,
            .tags = {},
            .notes = {}};
}

// What the start says after `change` was done to the record of a stream's channel, or of its place in the stream's shard.
template <class Record, class Change>
std::string told_of_channel(char kind, Change change) {
    World w;
    const auto stream = w.create("a");
    REQUIRE(w.wait(*streams::channels_of(w.engine->default_world()).make(*stream, a_channel("c"))));
    std::string key;
    Record record;
    w.store.snapshot()->scan(std::string(4, '\0') + kind, [&](std::string_view name, std::string_view value) {
        key = name;
        return record.ParseFromArray(value.data(), static_cast<int>(value.size()));
    });
    REQUIRE_FALSE(key.empty());
    change(record);
    w.engine.reset();
    storage::Batch batch;
    batch.put(key, record.SerializeAsString());
    REQUIRE(w.store.commit(batch));
    return started(w);
}

}   // namespace

TEST_CASE("a damaged channel stops the start with what is wrong with it") {
    using catalog::Channel, catalog::ChannelPlace;
    const auto channel = [](auto change, std::string_view what) {
        CHECK_MESSAGE(told_of_channel<Channel>('K', change).contains(what), what);
    };
    CHECK(told_of_channel<Channel>('K', [](Channel&) {}) == "started");
    channel([](Channel& c) { c.set_name("d"); }, "(a channel's record does not parse)");
    channel([](Channel& c) { c.set_id("a/b"); }, "(a channel's id is none)");
    channel([](Channel& c) { c.set_status(4); }, "(a channel's status is none)");
    channel([](Channel& c) { c.set_form(3); }, "(a channel's form is none)");
    channel([](Channel& c) { c.set_compression(-1); }, "(a channel's compression is none)");
    channel([](Channel& c) { c.set_bucket(".."); }, "(a channel's bucket is none)");
    channel([](Channel& c) { c.set_dead_bucket("a/b"); }, "(a channel's bucket is none)");
    channel([](Channel& c) { c.set_key_template("../x"); }, "(a channel's key template is none)");
    channel([](Channel& c) { c.set_dead_prefix("/etc/"); }, "(a channel's key prefix is none)");
    channel([](Channel& c) { c.clear_freshness(); }, "(a channel's freshness is none)");
    channel([](Channel& c) { c.mutable_freshness(0)->set_ms(0); }, "(a channel's freshness is none)");
    channel([](Channel& c) { c.set_since_shard(-1); }, "(a channel's first shard is none)");
    channel([](Channel& c) { (*c.mutable_tags())["a"] = std::string(2'000, 'x'); }, "(a tag is no text");
    CHECK(told_of_channel<ChannelPlace>('G', [](ChannelPlace& p) { p.set_next(-1); }).contains("(a channel's place is none)"));
    CHECK(told_of_channel<ChannelPlace>('G', [](ChannelPlace& p) {
              p.set_next(2), p.set_to(1);
          }).contains("(a channel's place is none)"));
}

TEST_CASE("a damaged stream stops the start with what is wrong with it") {
    CHECK(told([](Records&) {}) == "started");
    CHECK(
        told([](Records& r) { r.shards[2].set_index(1); }) ==
        "the catalog in the data folder is damaged (a shard is not in its place): `sluice repair DIR` sets that record aside so that the rest opens; or restore a copy");
    const auto says = [](auto change, std::string_view what) { CHECK_MESSAGE(told(change).contains(what), what); };
    says([](Records& r) { r.stream.set_name("a/b"); }, "(a stream's name is none)");
    says([](Records& r) { r.stream.set_id(70); }, "(a stream's record does not parse)");
    says([](Records& r) { r.stream.set_topic_id("short"); }, "(a stream's topic id is none)");
    says([](Records& r) { r.stream.mutable_limits()->set_write_bytes_per_second(-1); }, "(a stream's limits are none)");
    says([](Records& r) { r.stream.set_created_ms(INT64_MAX); }, "(a stream's times are none)");
    says([](Records& r) { r.stream.set_status(9); }, "(a stream's status is none)");
    says([](Records& r) { r.stream.clear_shards(); }, "(a stream has no such number of shards)");
    says([](Records& r) { r.shards.pop_back(); }, "(a stream has not the shards that it counts)");
    says([](Records& r) { r.stream.set_shards(6); }, "(a stream has not the shards that it counts)");
    says([](Records& r) { r.shards[3].set_parents(0, 3); }, "(a shard's parent is no older shard)");
    says([](Records& r) { r.shards[0].clear_extents(); }, "(a shard has no log)");
    says([](Records& r) { r.shards[0].mutable_extents(0)->set_from(-5); }, "(a shard's log has no such range)");
    says([](Records& r) { r.shards[0].mutable_extents(0)->set_log(99); }, "(a shard's log was not given out yet)");
    says([](Records& r) { r.shards[0].mutable_extents(0)->set_log(2); }, "(two shards append to one log)");
    says([](Records& r) { r.shards[0].set_last_high(0), r.shards[0].set_first_low(~0ull); },
         "(a shard's hash range ends before it begins)");
}

TEST_CASE("a folder that needs what this version lacks is refused by the name of it") {
    World w;
    w.create("a");
    w.engine.reset();
    storage::Batch batch;
    batch.put(std::string(4, '\xFF') + "F", "\x0A\x06queues");
    REQUIRE(w.store.commit(batch));
    CHECK(
        started(w) ==
        "the data folder needs 'queues', which this version lacks: use the version that wrote it, or give --data another folder");
}

TEST_CASE("a record that stops the start can be set aside, whatever kind it is, and the rest opens with all that it held") {
    for (const char kind : {'S', 'H', 'R', 'P', 'C', 'K', 'G', 'W', 'F'}) {
        CAPTURE(kind);
        World w;
        auto whole = w.create("whole"), broken = w.create("broken");
        REQUIRE(w.put(*whole->shards[0], {"kept"}));
        REQUIRE(w.put(*broken->shards[0], {"x"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}));
        REQUIRE(w.engine->register_consumer(*broken, "reader", {}));
        REQUIRE(streams::channels_of(w.engine->default_world()).make(*broken, a_channel("c")));
        w.settle();
        const auto id = std::to_underlying(broken->id);
        whole.reset(), broken.reset();
        w.engine.reset();
        storage::Batch batch;
        std::string key;
        const bool of_folder = kind == 'F' || kind == 'W';
        w.store.snapshot()->scan(std::string(4, of_folder ? '\xFF' : '\0') + kind, [&](std::string_view name, std::string_view) {
            if (of_folder || static_cast<unsigned char>(name[12]) == id) key = name;
            return true;
        });
        REQUIRE_FALSE(key.empty());
        batch.put(key, "short");
        REQUIRE(w.store.commit(batch));
        CHECK(started(w).contains("`sluice repair DIR` sets that record aside"));
        w.engine.reset();
        CHECK(streams::repair(w.store).size() == (kind == 'H' ? 2 : 1));   // a stream that lacks a shard goes too
        CHECK(streams::repair(w.store).empty());
        CHECK(started(w) == "started");
        whole = w.engine->find(w.engine->default_world(), "whole");
        REQUIRE(whole);
        CHECK(w.values(*whole->shards[0]) == std::vector<std::string>{"kept"});
        CHECK((w.engine->find(w.engine->default_world(), "broken") == nullptr) == (kind == 'S' || kind == 'H'));
        // New streams get numbers and logs that were never used.
        auto next = w.create("next");
        REQUIRE(next);
        CHECK(w.values(*next->shards[0]).empty());
    }
}

TEST_CASE("damaged counters, producers and clocks stop the start too") {
    const auto told_of = [](std::string_view kind, std::string_view value) -> std::string {
        World w;
        auto stream = w.create("a", 1);
        REQUIRE(w.put(*stream->shards[0], {"x"}, {.producer_id = 7, .producer_epoch = 0, .base_sequence = 0}));
        stream.reset();
        w.engine.reset();
        storage::Batch batch;
        w.store.snapshot()->scan(std::string(4, kind == "W" || kind == "F" ? '\xFF' : '\0') + std::string(kind),
                                 [&](std::string_view name, std::string_view) {
                                     batch.put(name, value);
                                     return true;
                                 });
        REQUIRE_FALSE(batch.empty());
        REQUIRE(w.store.commit(batch));
        return started(w);
    };
    CHECK(told_of("R", "short").contains("(a shard's counters are none)"));
    CHECK(told_of("R", std::string(176, '\xFF')).contains("(a shard's counters are none)"));
    CHECK(told_of("P", "short").contains("(a producer's batches are none)"));
    CHECK(told_of("W", "\xFF").contains("(a world's record does not parse)"));
    CHECK(told_of("W", "\x08").contains("(a world's record does not parse)"));
    CHECK(told_of("F", std::string("\x18\x01", 2)).contains("(its next numbers are none)"));   // no log has the number 0
}

TEST_CASE("a number under which a damaged folder still has something is not given to a new stream") {
    for (const std::string kind : {"H", "R", "P", "U", "M", "X", "C", "K", "G"}) {
        CAPTURE(kind);
        World w;
        w.create("a");
        w.settle();
        std::string number;
        w.store.snapshot()->scan(std::string("\0\0\0\0S", 5), [&](std::string_view key, std::string_view) {
            number = key.substr(5);
            return true;
        });
        ++number.back();   // the next one
        w.engine.reset();
        storage::Batch batch;
        catalog::Shard shard;
        shard.add_extents()->set_log(1);
        catalog::Consumer consumer;
        consumer.set_name("left");
        catalog::Channel channel;
        channel.set_name("left");
        channel.set_id("id");
        channel.set_bucket("abc");
        channel.set_dead_bucket("abc");
        channel.set_key_template("x");
        channel.add_freshness()->set_ms(1);
        catalog::ChannelPlace place;
        place.set_to(-1);
        const std::map<std::string, std::string> left{{"H", shard.SerializeAsString()},
                                                      {"X", std::string("\x1a\0", 2)},
                                                      {"C", consumer.SerializeAsString()},
                                                      {"K", channel.SerializeAsString()},
                                                      {"G", place.SerializeAsString()}};
        const auto rest = kind == "C" || kind == "K" ? "left" : kind == "G" ? std::string(4, '\0') + "id" : std::string(4, '\0');
        batch.put(std::string(4, '\0') + kind + number + rest, left.contains(kind) ? left.at(kind) : "left");
        REQUIRE(w.store.commit(batch));
        REQUIRE(started(w) == "started");
        CHECK(std::to_underlying(w.create("b")->id) == streams::read_big_endian(number) + 1);
        w.settle();
        const auto before = w.engine->dump();
        w.engine.reset();
        REQUIRE(started(w) == "started");
        CHECK(w.engine->dump() == before);
    }
}

TEST_CASE("a log under which a damaged folder still has records is not given to a new shard") {
    World w;
    auto stream = w.create("a");
    REQUIRE(w.put(*stream->shards[0], {"kept"}));
    const auto next = std::to_underlying(stream->shards[0]->log()) + 1;
    stream.reset();
    w.engine.reset();
    storage::Batch batch;
    batch.append(storage::LogId{next},
                 {.first = 0, .count = 1, .appended_ms = 1, .pieces = {std::as_bytes(std::span{"left"}), {}}});
    REQUIRE(w.store.commit(batch));
    REQUIRE(started(w) == "started");
    stream = w.create("b");
    CHECK(w.values(*stream->shards[0]).empty());
    CHECK(w.put(*stream->shards[0], {"new"}));
    CHECK(w.values(*stream->shards[0]) == std::vector<std::string>{"new"});
}
