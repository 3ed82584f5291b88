// Rule 31: what is accepted opens again. Hostile texts and counts at and over each bound go into every field that ends in a
// stored value; each is refused, or a restart has what was there before.
#include "emulator/streams/catalog/bounds.h"

#include <doctest/doctest.h>

#include "emulator/streams/catalog/set_aside.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
namespace bounds = sluice::streams::bounds;

namespace {

struct Hostile {
    std::string text;
    bool utf8;
};
std::vector<Hostile> hostile_texts(std::size_t most) {
    return {{"\xFF\xFE", false},
            {"\x80", false},       // a continuation by itself
            {"a\xC3", false},      // cut off
            {"\xC0\xAF", false},   // longer than it need be
            {"\xE0\x80\xAF", false},
            {"\xF0\x80\x80\xAF", false},
            {"\xED\xA0\x80", false},       // a surrogate
            {"\xF4\x90\x80\x80", false},   // above U+10FFFF
            {"\xF8\x88\x80\x80\x80", false},
            {"\xC3(", false},
            {std::string("\0\x01\x1F\x7F", 4), true},
            {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", true},
            {std::string(most, 'm'), true},
            {std::string(most + 1, 'o'), false}};   // over the bound
}

}   // namespace

TEST_CASE("every text that a stream is made with is refused, or a restart has it") {
    using Wanted = Engine::NewStream;
    struct Field {
        std::string_view name;
        std::size_t most;
        void (*set)(Wanted&, const std::string&);
    };
    const Field fields[] = {
        {"config key", bounds::config_key_bytes, [](Wanted& w, const std::string& t) { w.configs[t] = "v"; }},
        {"config value", bounds::config_value_bytes, [](Wanted& w, const std::string& t) { w.configs["k"] = t; }},
        {"tag key", bounds::tag_key_bytes, [](Wanted& w, const std::string& t) { w.tags[t] = "v"; }},
        {"tag value", bounds::tag_value_bytes, [](Wanted& w, const std::string& t) { w.tags["k"] = t; }},
        {"account", bounds::place_bytes, [](Wanted& w, const std::string& t) { w.account = t; }},
        {"region", bounds::place_bytes, [](Wanted& w, const std::string& t) { w.region = t; }},
        {"profile", bounds::profile_bytes, [](Wanted& w, const std::string& t) { w.profile = t; }},
    };
    World w;
    int number = 0, taken = 0;
    for (const auto& field : fields)
        for (const auto& [text, good] : hostile_texts(field.most)) {
            Engine::NewStream wanted;
            wanted.name = "s" + std::to_string(number++);
            field.set(wanted, text);
            const auto made = w.engine->create(w.engine->world(), wanted);
            CHECK_MESSAGE(made.has_value() == good, field.name);
            if (!made) CHECK(made.error() == Fault::bad_text);
            taken += made.has_value();
            w.settle();
        }
    CHECK(taken == 7 * 3);
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("a name, a config set later and limits obey the bounds that a start checks") {
    World w;
    auto stream = w.create("a", 1, "kafka");
    for (const auto& [text, good] : hostile_texts(bounds::config_value_bytes))
        CHECK(w.engine->set_config(*stream, "k", text).has_value() == good);
    for (const auto& [text, good] : hostile_texts(249)) {
        Engine::NewStream wanted;
        wanted.name = text;
        CHECK(w.engine->create(w.engine->world(), wanted).has_value() == (text == std::string(249, 'm')));
    }
    CHECK(w.engine->set_limits(*stream, {.write_bytes_per_second = -1}, "x").error() == Fault::bad_limits);
    CHECK(w.engine->set_limits(*stream, {.write_bytes_per_second = (std::int64_t{1} << 40) + 1}, "x").error() ==
          Fault::bad_limits);
    CHECK(w.engine->set_limits(*stream, {.write_bytes_per_second = std::int64_t{1} << 40}, "x"));
    w.settle();
    stream.reset();
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

TEST_CASE("a stream of 19,999 shards takes no split beyond 20,000 that ListShards shows, and opens again") {
    World w;
    auto stream = w.create("a", 19'999);
    REQUIRE(stream);
    const auto& range = stream->shards[0]->range;
    const streams::HashKey middle{range.last.high / 2, 0};
    CHECK(w.engine->split(*stream, 0, middle).error() == Fault::bad_count);
    // A merge leaves its parents in sight: with its child there are 20,000. The next is refused until retention has passed.
    CHECK(w.engine->merge(*stream, 0, 1));
    CHECK(w.engine->merge(*stream, 2, 3).error() == Fault::bad_count);
    REQUIRE(w.clock().advance(25h));
    CHECK(w.engine->merge(*stream, 2, 3));
    w.settle();
    stream.reset();
    w.open();
    CHECK(w.engine->find(w.engine->world(), "a")->shards.size() == 20'001);
}

TEST_CASE("a stream's limits change and its manners stay") {
    World w;
    auto stream = w.create("a", 1, "kinesis");
    REQUIRE(w.engine->set_limits(*stream, streams::no_limits, "none"));
    CHECK(stream->kinesis_manners());
    CHECK_FALSE(w.engine->add_partitions(*stream, 4));
    w.settle();
    stream.reset();
    w.open();
    stream = w.engine->find(w.engine->world(), "a");
    CHECK(stream->profile == "none");
    CHECK(stream->kinesis_manners());
}

TEST_CASE("a damaged record is set aside by the name that the start gave it, and the rest opens") {
    World w;
    for (const auto* name : {"a", "b"}) {
        auto stream = w.create(name, 2, "kafka");
        REQUIRE(w.put(*stream->shards[0], {"x"}));
    }
    const auto damaged = std::string("\0\0\0\0S\0\0\0\0\0\0\0\1", 13);
    w.engine.reset();
    storage::Batch batch;
    batch.put(damaged, "\xFF");
    REQUIRE(w.store.commit(batch));
    CHECK_THROWS_WITH_AS(
        w.open(),
        "the catalog in the data folder is damaged (a stream's record does not parse): `sluice repair DIR "
        "00000000530000000000000001` sets that record aside and the rest opens; or restore a copy, or give --data "
        "another folder",
        storage::StartError);
    CHECK(streams::set_aside(w.store, damaged));
    CHECK_FALSE(streams::set_aside(w.store, damaged));
    w.open();
    CHECK(w.engine->find(w.engine->world(), "a") == nullptr);
    CHECK(w.engine->bounds(*w.engine->find(w.engine->world(), "b")->shards[0]).end == 1);
    CHECK(w.create("a", 1, "kafka"));
}

TEST_CASE("numbers given out after the folder's or the world's record was set aside were never given out before") {
    for (const auto& key : {std::string("\xFF\xFF\xFF\xFF"
                                        "F"),
                            std::string("\0\0\0\0W", 5)}) {
        World w;
        auto stream = w.create("a", 2, "kafka");
        REQUIRE(w.put(*stream->shards[1], {"x"}));
        stream.reset();
        w.engine.reset();
        REQUIRE(streams::set_aside(w.store, key));
        w.open();
        auto later = w.create("b", 1, "kafka");
        REQUIRE(later);
        CHECK(w.engine->bounds(*later->shards[0]).end == 0);
        later.reset();
        w.open();
        CHECK(w.engine->bounds(*w.engine->find(w.engine->world(), "a")->shards[1]).end == 1);
    }
}
