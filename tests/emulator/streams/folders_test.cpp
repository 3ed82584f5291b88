// Folders that earlier builds wrote (tests/folders) open in this one and hold what they held. A folder is never changed once it
// was released with; a new version of the format gets another one beside it, which the skipped case writes.
#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/engine_fixture.h"
#include "tests/support/kafka_consumer.h"
#include "tests/support/source_folder.h"

using namespace sluice;
using namespace sluice::kafka;
namespace fs = std::filesystem;

namespace {

constexpr auto a_day_later = from_ms(1'700'160'000'000);

void write(const fs::path& to, const std::string& text) { std::ofstream(to, std::ios::binary) << text; }

std::string read(const fs::path& from) {
    std::ostringstream text;
    text << std::ifstream(from, std::ios::binary).rdbuf();
    return text.str();
}

std::string unpacked(const fs::path& file) {
    std::string all, part(1 << 16, '\0');
    auto* in = gzopen(file.c_str(), "rb");
    REQUIRE(in);
    for (int n; (n = gzread(in, part.data(), static_cast<unsigned>(part.size()))) > 0;)
        all.append(part, 0, static_cast<std::size_t>(n));
    gzclose(in);
    return all;
}

// A server on the folder; its real time is that of every test.
struct OnFolder : Server {
    explicit OnFolder(const std::string& folder) {
        shut();
        store.reset();
        store = storage::open_lmdb({.folder = folder, .map_bytes = std::uint64_t{1} << 30});
        open();
    }
};

void put(Server& server, const streams::Shard& shard, const std::vector<std::string>& values, batch::BatchOptions as = {}) {
    const auto bytes = test::batch_of(values, to_ms(shard.stream->world->clock->now()), as);
    streams::Append append;
    append.batch = bytes;
    append.records = static_cast<std::uint32_t>(values.size());
    for (const auto& value : values) append.payload_bytes += value.size();
    append.max_timestamp_ms = to_ms(shard.stream->world->clock->now());
    append.producer_id = as.producer_id;
    append.producer_epoch = as.producer_epoch;
    append.base_sequence = as.base_sequence;
    REQUIRE(server.engine->append(shard, append));
    server.engine->flush();
}

// Every kind of thing that can be stored.
void fill(Server& server) {
    auto& engine = *server.engine;
    server.clock().freeze();
    auto stream = server.create("stream", 2, "kinesis");
    put(server, *stream->shard(0), {"old"});
    REQUIRE(server.clock().advance(std::chrono::hours{20}));
    put(server, *stream->shard(0), {"a", "b", std::string(20'000, 'c')});
    REQUIRE(engine.split(*stream, 1, {std::uint64_t{3} << 62, 0}));
    REQUIRE(engine.merge(*stream, 0, 2));
    put(server, *stream->shard(3), {"d"});
    REQUIRE(engine.set_retention(*stream, std::chrono::hours{48}));
    server.create("t", 2);
    Client client(server);
    CHECK(produce(client, "t", 0, batch_of({"x", "y"}, 1'700'000'000'000, {})).base_offset == 0);
    CHECK(produce(client, "t", 0, batch_of({"z"}, 1'700'000'000'000, {.producer_id = 7, .producer_epoch = 1, .base_sequence = 0}))
              .base_offset == 2);
    REQUIRE(engine.set_config(*engine.find(server.world(), "t"), "max.message.bytes", "2000000"));
    Consumer consumer(server, "static");
    consumer.enter();
    REQUIRE(consumer.joined()->error_code == ErrorCode::none);
    consumer.send_sync({{consumer.id, "all"}});
    CHECK(consumer.synced() == "all");
    CHECK(consumer.commit(2) == ErrorCode::none);
    REQUIRE(engine.next_producer_id(server.world()));
    auto* other = *engine.make_world("other", a_day_later);
    REQUIRE(engine.fork(*stream, *other, "stream"));
    put(server, *engine.find(*other, "stream")->shard(3), {"e"});
    REQUIRE(engine.remove(server.world(), server.create("gone")->name, false));
    REQUIRE(server.clock().advance(std::chrono::hours{10}));
    server.turn();
}

std::string values_of(streams::Engine& engine, const streams::Shard& shard) {
    std::string told;
    const auto bounds = engine.bounds(shard);
    for (auto at = bounds.begin; at < bounds.end;) {
        const auto read = engine.chunk_at_hand(shard, at, {100, 1 << 20}).value();
        REQUIRE(read);
        for (const auto& record : read->records)
            told += fmt::format(" {}@{}={}", record.position, record.appended_ms,
                                std::string_view{reinterpret_cast<const char*>(record.value->data()),
                                                 std::min<std::size_t>(8, record.value->size())});
        at = read->next;
    }
    return told;
}

// What users would miss. Words here are this test's own, so that a later build says the same about an older folder.
std::string told_by(Server& server) {
    auto& engine = *server.engine;
    std::string told;
    for (auto* world : engine.worlds()) {
        told += fmt::format("world {} at {} frozen {}\n", world->name, to_ms(world->clock->now()), world->clock->frozen());
        for (const auto& stream : engine.list(*world)) {
            told += fmt::format("stream {} topic {} retention {}h kinesis {} writes {} configs {} tags {}\n", stream->name,
                                Random::uuid_text(stream->topic_id), stream->retention->count() / 3'600'000,
                                stream->kinesis_manners(), stream->limits.write_records_per_second, stream->configs.size(),
                                stream->tags.size());
            for (const auto& shard : stream->shards) {
                const auto bounds = engine.bounds(*shard);
                told += fmt::format("  shard {} from {} made {} sealed {} parents {} holds {}..{}:{}\n", shard->index,
                                    streams::to_string(shard->range.first), shard->created_s, shard->sealed,
                                    shard->parents.size(), bounds.begin, bounds.end, values_of(engine, *shard));
                for (const auto& [id, state] : shard->producers)
                    told += fmt::format("    producer {} epoch {} batches {}\n", id, state.epoch, state.recent.size());
            }
            std::uint64_t records = 0, open_ms = 0;
            for (const auto& span : engine.usage(*stream)) {
                records += span.each.records_in;
                open_ms += span.each.open_shard_ms * static_cast<std::uint64_t>(span.hours);
            }
            told += fmt::format("  used: {} records, {} ms of open shards\n", records, open_ms);
        }
    }
    told += fmt::format("group g {} at {}\n", state(server), committed(server));
    told += fmt::format("next producer {}\n", *engine.next_producer_id(server.world()));
    told += fmt::format("a second name of before: {}\n", server.create("gone")->shard(0)->created_s);
    return told;
}

const fs::path folders = fs::path(SLUICE_SOURCE_DIR) / "tests/folders";

}   // namespace

TEST_CASE("a folder that an earlier build wrote opens and holds what it held") {
    int opened = 0;
    for (const auto& one : fs::directory_iterator(folders)) {
        if (!one.is_directory()) continue;
        CAPTURE(one.path().filename().string());
        const storage::TempFolder copy;
        write(fs::path(copy.path) / "data.mdb", unpacked(one.path() / "data.mdb.gz"));
        write(fs::path(copy.path) / "state", read(one.path() / "state"));
        OnFolder server(copy.path);
        CHECK(told_by(server) == read(one.path() / "expected.txt"));
        ++opened;
    }
    CHECK(opened >= 1);
}

TEST_CASE("write the folder of this build's format" * doctest::skip()) {
    const storage::TempFolder made;
    {
        OnFolder server(made.path);
        fill(server);
    }
    const auto to = folders / "3";
    fs::create_directories(to);
    const auto bytes = read(fs::path(made.path) / "data.mdb");
    auto* out = gzopen((to / "data.mdb.gz").c_str(), "wb9");
    REQUIRE(gzwrite(out, bytes.data(), static_cast<unsigned>(bytes.size())) == static_cast<int>(bytes.size()));
    gzclose(out);
    fs::copy_file(fs::path(made.path) / "state", to / "state", fs::copy_options::overwrite_existing);
    OnFolder server(made.path);
    write(to / "expected.txt", told_by(server));
}
