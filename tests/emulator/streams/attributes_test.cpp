// What a stream has beside records and shards, from inside: which records count as encrypted, what is counted for the account,
// and that what is accepted opens again.
#include "emulator/streams/attributes.h"

#include <doctest/doctest.h>

#include "emulator/streams/catalog/bounds.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;
using streams::EncryptedSpans;

namespace {

void opens_again(World& w) {
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
}

std::string encrypted(const Shard& shard) {
    std::string text;
    for (auto at = shard.begin; at < shard.end; ++at) text += shard.encrypted.contains(at) ? 'K' : '-';
    return text;
}

}   // namespace

TEST_CASE("what is written between start and stop is encrypted, to the record, in each shard and over a restart") {
    World w;
    auto stream = w.create("s", 2);
    const auto key = [&](const char* id) {
        const auto changed = w.engine->set_key(*stream, id);
        REQUIRE(changed);
        CHECK(w.wait(*changed));
    };
    REQUIRE(w.put(*stream->shards[0], {"a", "b"}));
    key("one");
    REQUIRE(w.put(*stream->shards[0], {"c"}));
    key("two");   // another key: still encrypted
    REQUIRE(w.put(*stream->shards[0], {"d"}));
    key("");
    REQUIRE(w.put(*stream->shards[0], {"e"}));
    REQUIRE(w.put(*stream->shards[1], {"x"}));
    key("");   // nothing to stop
    key("three");
    REQUIRE(w.put(*stream->shards[1], {"y"}));
    CHECK(encrypted(*stream->shards[0]) == "--KK-");
    CHECK(encrypted(*stream->shards[1]) == "-K");
    CHECK(stream->key == "three");
    opens_again(w);
    stream = w.engine->find(w.engine->default_world(), "s");
    CHECK(encrypted(*stream->shards[0]) == "--KK-");
    REQUIRE(w.put(*stream->shards[0], {"f"}));
    CHECK(encrypted(*stream->shards[0]) == "--KK-K");
    REQUIRE(w.engine->split(*stream, 0, streams::HashKey{7, 0}));
    REQUIRE(w.put(*stream->shards[2], {"z"}));
    CHECK(encrypted(*stream->shards[2]) == "K");
    opens_again(w);
}

TEST_CASE("with a state delay a stream is encrypted from when it is ACTIVE again") {
    World w{{.state_delay = 5s}};
    w.clock().freeze();
    auto stream = w.create("s");
    w.clock().advance(5s);
    REQUIRE(w.engine->set_key(*stream, "one"));
    CHECK(stream->status == streams::StreamStatus::updating);
    CHECK(w.engine->set_key(*stream, "two").error() == Fault::not_active);
    REQUIRE(w.put(*stream->shards[0], {"meanwhile"}));
    w.clock().advance(2s);
    opens_again(w);
    stream = w.engine->find(w.engine->default_world(), "s");
    CHECK_FALSE(stream->encrypted());
    w.clock().advance(3s);
    CHECK(stream->encrypted());
    REQUIRE(w.put(*stream->shards[0], {"then"}));
    CHECK(encrypted(*stream->shards[0]) == "-K");
}

TEST_CASE("encryption that cannot be stored does not begin, and an append of its turn that fails takes it along") {
    World w;
    auto stream = w.create("s");
    w.store.fail(1, storage::Error::no_space, 2);
    const auto append = w.queue(*stream->shards[0], {"lost"});
    const auto changed = w.engine->set_key(*stream, "one");
    REQUIRE(append);
    REQUIRE(changed);
    CHECK_FALSE(w.wait(*changed));
    CHECK_FALSE(w.wait(append->ticket));
    CHECK_FALSE(stream->encrypted());
    REQUIRE(w.put(*stream->shards[0], {"plain"}));
    CHECK(encrypted(*stream->shards[0]) == "-");
    opens_again(w);
}

TEST_CASE("spans without a record are not kept, and those of trimmed records are forgotten") {
    EncryptedSpans spans;
    spans.begin(3, 0);
    spans.end(3, 0);
    CHECK(spans.all().empty());
    spans.begin(3, 0);
    spans.end(5, 0);
    spans.begin(5, 0);   // goes on where it ended
    spans.end(8, 0);
    CHECK(spans.all().size() == 1);
    spans.begin(10, 8);
    CHECK(spans.all().size() == 1);
    CHECK_FALSE(spans.contains(7));
    CHECK(spans.contains(10));
    CHECK(spans.contains(1'000'000));
    CHECK_FALSE(spans.contains(9));
}

TEST_CASE("encryption can be changed as often as its spans are remembered, and what was accepted opens") {
    World w;
    auto stream = w.create("s");
    std::size_t times = 0;
    for (;; ++times) {
        const auto begun = w.engine->set_key(*stream, "k");
        if (!begun) {
            CHECK(begun.error() == Fault::bad_count);
            break;
        }
        REQUIRE(w.put(*stream->shards[0], {"x"}));
        REQUIRE(w.engine->set_key(*stream, ""));
        REQUIRE(w.put(*stream->shards[0], {"y"}));
    }
    CHECK(times == streams::bounds::most_encrypted_spans);
    opens_again(w);
}

TEST_CASE("open shards and on-demand streams are counted as they change, and anew at a start") {
    World w;
    auto& world = w.engine->default_world();
    const auto counts = [&] {
        const auto& all = w.engine->tallies(w.engine->default_world()).all;
        return std::pair{all.open_shards, all.on_demand_streams};
    };
    using Counts = std::pair<std::int64_t, std::int64_t>;
    CHECK(counts() == Counts{0, 0});
    auto stream = w.create("s", 3);
    w.create("t", 2, "kafka");
    CHECK(counts() == Counts{5, 0});
    REQUIRE(w.engine->split(*stream, 0, streams::HashKey{7, 0}));
    CHECK(counts() == Counts{6, 0});
    REQUIRE(w.engine->merge(*stream, 1, 2));
    REQUIRE(w.engine->set_capacity(*stream, {.on_demand = true}));
    REQUIRE(w.engine->add_partitions(*w.engine->find(world, "t"), 4));
    CHECK(counts() == Counts{7, 1});
    w.settle();
    w.open();
    CHECK(counts() == Counts{7, 1});
    Engine::NewStream looked;
    looked.name = "looked";
    looked.provisional = true;
    auto made = w.engine->create(w.engine->default_world(), looked);
    REQUIRE(made);
    CHECK(counts() == Counts{7, 1});
    REQUIRE(w.put(*made->stream->shards[0], {"x"}));
    CHECK(counts() == Counts{8, 1});
    w.store.fail(1);
    REQUIRE(w.engine->scale(*w.engine->find(w.engine->default_world(), "s"), 6));
    CHECK(counts() == Counts{11, 1});
    w.settle();
    CHECK(counts() == Counts{8, 1});
    REQUIRE(w.engine->remove(w.engine->default_world(), "s", false));
    CHECK(counts() == Counts{5, 0});
    w.settle();
    w.engine->reset(w.engine->default_world());
    CHECK(counts() == Counts{0, 0});
}

TEST_CASE("hostile text in a key, a policy or a tag is refused or opens again") {
    World w;
    auto stream = w.create("s");
    std::vector<std::string> texts{"\xFF\xFE",     "a\xC3",  "\xC0\xAF", "\xED\xA0\x80", std::string("a\0b", 3),
                                   "\x01\x1F\x7F", "a\r\nb", " "};
    for (const std::size_t size : {1024, 1025, 2048, 8192, 8193, 20'480, 20'481, 100'000}) texts.emplace_back(size, 'x');
    int taken = 0, refused = 0;
    for (const auto& text : texts) {
        CAPTURE(text.substr(0, 20));
        CAPTURE(text.size());
        const auto tell = [&](const auto& changed) {
            ++(changed ? taken : refused);
            w.settle();
            opens_again(w);
            stream = w.engine->find(w.engine->default_world(), "s");
        };
        tell(w.engine->set_key(*stream, text));
        tell(w.engine->set_policy(*stream, text));
        tell(w.engine->set_tags(*stream, {{text, "v"}}));
        tell(w.engine->set_tags(*stream, {{"k", text}}));
    }
    CHECK(taken > 20);
    CHECK(refused > 20);
    std::map<std::string, std::string> many;
    for (int i = 0; i <= 200; ++i) many["k" + std::to_string(i)] = "";
    CHECK(w.engine->set_tags(*stream, many).error() == Fault::bad_count);
}

TEST_CASE("what may be changed so often a day may be changed again a day after the first time") {
    streams::Lately lately;
    const Time start = from_ms(1'700'000'000'000);
    lately.add(streams::Daily::mode, start);
    CHECK_FALSE(lately.used_up(streams::Daily::mode, start));
    lately.add(streams::Daily::mode, start + 1h);
    CHECK(lately.used_up(streams::Daily::mode, start + 2h));
    CHECK(lately.used_up(streams::Daily::mode, start + 24h - 1ms));
    CHECK_FALSE(lately.used_up(streams::Daily::mode, start + 24h));
    CHECK_FALSE(lately.used_up(streams::Daily::scaling, start + 2h));
    for (int i = 0; i < 30; ++i) lately.add(streams::Daily::scaling, start);
    CHECK(lately.of(streams::Daily::scaling).size() == 10);
}
