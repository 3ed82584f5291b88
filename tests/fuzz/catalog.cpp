// What the engine finds in its store when it starts: records of a kind, a key and a value, and entries of logs, in place of those
// that it wrote itself. What must hold: it starts and works, or it says in a StartError that the catalog is damaged; it never
// crashes, neither at the start nor by what is done to the streams it found, and what it then knows survives the next start.
#include "emulator/streams/catalog/catalog.pb.h"
#include "tests/fuzz/seeds.h"
#include "tests/fuzz/world.h"

namespace sluice::fuzz {
namespace {

constexpr std::size_t most_records = 64;

// Kind (a log's entries are 'L'), length of the key's rest, its bytes, two bytes of length, the value.
void fill(storage::Store& store, Choices choices) {
    storage::Batch batch;
    std::map<std::uint8_t, storage::Position> ends;
    std::vector<std::string> entries;
    entries.reserve(most_records);
    for (std::size_t records = 0; records < most_records && !choices.empty(); ++records) {
        const char kind = static_cast<char>(choices.byte());
        if (kind == 'L') {
            const auto log = choices.byte(), count = choices.byte();
            const auto& bytes = entries.emplace_back(text_of(choices.take(choices.word())));
            if (count == 0 || bytes.empty()) continue;
            batch.append(storage::LogId{log}, {.first = ends[log],
                                               .count = count,
                                               .appended_ms = 1'700'000'000'000,
                                               .max_timestamp_ms = 1'700'000'000'000,
                                               .pieces = {bytes_of(bytes), {}}});
            ends[log] += count;
            continue;
        }
        const auto world = std::string(4, kind == 'F' || kind == 'W' ? '\xFF' : '\0');   // of the folder, not of a world
        const auto key = world + kind + std::string(text_of(choices.take(choices.byte())));
        batch.put(key, text_of(choices.take(choices.word())));
    }
    must(store.commit(batch).has_value(), "the store takes the records");
}

void use(World& w, const streams::Stream& stream) {
    for (std::size_t i = 0; i < std::min<std::size_t>(stream.shards.size(), 4); ++i) {
        auto& shard = *stream.shards[i];
        const auto bounds = w.engine->bounds(shard);
        (void)w.engine->chunk_at_hand(shard, bounds.begin, {10, 1 << 20});
        (void)w.engine->find_appended(shard, w.clock().now());
        (void)w.engine->find_timestamp(shard, 1'700'000'000'000);
        (void)w.engine->admit(shard, 10, 1, "k");
        (void)w.engine->charge_write(shard, 10, 1);
        (void)w.engine->charge_read(shard, streams::Door::kafka, 10, 1);
        if (shard.open()) w.put(shard, "more");
    }
}

}   // namespace

void catalog(Bytes input) {
    World w;
    fill(*w.store, Choices{input});
    try {
        w.open();
    } catch (const storage::StartError&) {
        return;
    }
    const auto streams = w.engine->list(w.world());
    for (const auto& stream : streams) use(w, *stream);
    // What was read as a record is also asked for: refused or taken, the next start opens.
    const std::string asked{text_of(input.first(std::min<std::size_t>(input.size(), 40'000)))};
    for (const auto& stream : streams) (void)w.engine->set_config(*stream, "key", asked);
    streams::Engine::NewStream wanted;
    wanted.name = "asked";
    wanted.configs["key"] = wanted.tags["key"] = asked;
    (void)w.engine->create(w.world(), wanted);
    wanted.name = asked;
    (void)w.engine->create(w.world(), wanted);
    w.pass(std::chrono::minutes{1});
    w.clock().advance(std::chrono::hours{3});
    w.turn();
    w.same_after_restart();
    for (const auto& stream : w.engine->list(w.world())) {
        (void)w.engine->set_retention(*stream, std::chrono::hours{24});
        if (stream->shards.size() <= 8)
            (void)w.engine->add_partitions(*stream, static_cast<std::int32_t>(stream->shards.size()) + 1);
        w.turn();
        use(w, *stream);
        (void)w.engine->remove(w.world(), stream->name, false);
    }
    w.turn();
    w.engine->reset(w.world());
    w.turn();
}

std::vector<Blob> catalog_seeds() {
    World w;
    w.open();
    const auto a = w.create("a", 2, "kinesis"), b = w.create("b.c", 1, "kafka");
    w.put(*a->shards[0], "expired");
    (void)w.engine->split(*a, 0, {0x4000000000000000u, 0});
    w.turn();
    w.clock().advance(std::chrono::hours{25});
    w.turn();
    w.put(*a->shards[2], "first");
    w.put(*a->shards[2], "second");
    w.put(*b->shards[0], "third");
    (void)w.engine->split(*a, 1, {0xC000000000000000u, 0});
    w.turn();
    w.clock().advance(std::chrono::hours{1});
    w.turn();
    w.engine->flush();
    std::string all;
    std::vector<Blob> seeds;
    const auto word = [&](std::size_t size) {
        all += static_cast<char>(size >> 8);
        all += static_cast<char>(size);
    };
    const auto now = w.store->snapshot();
    for (const char place : {'\0', '\xFF'})   // the world's, then the folder's own
        now->scan(std::string(4, place), [&](std::string_view key, std::string_view value) {
            all += key[4];
            all += static_cast<char>(key.size() - 5);
            all += key.substr(5);
            word(value.size());
            all += value;
            return true;
        });
    seeds.push_back(blob_of(all));
    for (std::uint8_t log = 1; log <= 3; ++log)
        (void)now->read(storage::LogId{log}, 0, [&](const storage::EntryView& entry) {
            all += {'L', static_cast<char>(log), static_cast<char>(entry.count)};
            word(entry.size());
            for (const auto piece : entry.pieces) all += text_of(piece);
            return true;
        });
    seeds.push_back(blob_of(all));
    return seeds;
}

}   // namespace sluice::fuzz
