// A store on disk whose blocks, trim marks and sweep queue were damaged: bytes of them overwritten, cut, or gone, inside a tree
// of LMDB's that is whole (LMDB itself does not survive damaged pages; the check at start runs in a process of its own for that).
// What must hold: every question is answered or ends in Error::corrupt, entries come in order, sweeping ends.
#include <lmdb.h>
#include <unistd.h>

#include <filesystem>

#include "storage/block.h"
#include "tests/fuzz/seeds.h"

namespace sluice::fuzz {
namespace {

using namespace storage;
using Values = std::vector<std::pair<std::string, std::string>>;

constexpr std::uint64_t map_bytes = 8 << 20;
constexpr std::size_t most_patches = 16;

// One folder for the process: making one for each input would take most of the time.
struct Place {
    std::string path;

    Place() {
        std::string name = (std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp") + std::string("/sluice-blocks-XXXXXX");
        must(mkdtemp(name.data()) != nullptr, "a temporary folder can be made");
        path = name;
        const auto store = open();
        const std::string small(100, 's'), large(9000, 'l');
        Batch batch;
        for (int i = 0; i < 60; ++i) batch.append(LogId{1}, entry(2 * i, 2, small, 1000 + i));
        batch.append(LogId{2}, entry(0, 3, large, 1000));
        batch.append(LogId{2}, entry(3, 1, small, 1001));
        for (int i = 0; i < 60; ++i) batch.append(LogId{3}, entry(i, 1, small, 1000 + i));
        must(store->commit(batch).has_value(), "the store takes the entries");
        Batch trims;
        trims.trim(LogId{3}, 40);
        must(store->commit(trims).has_value(), "the store takes the trim");
    }
    ~Place() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    static Entry entry(Position first, std::uint32_t count, std::string_view text, std::int64_t ms) {
        return {first, count, ms, ms, {bytes_of(text), {}}};
    }
    std::unique_ptr<Store> open() const { return open_lmdb({.folder = path, .map_bytes = map_bytes, .boot_id = "fuzz"}); }

    // What lies in the tree besides its version, taken out or put there.
    template <class Work>
    void raw(Work&& work) const {
        MDB_env* env = nullptr;
        mdb_env_create(&env);
        mdb_env_set_mapsize(env, map_bytes);
        must(mdb_env_open(env, (path + "/data.mdb").c_str(), MDB_NOSUBDIR | MDB_NOSYNC, 0600) == 0, "the tree opens");
        MDB_txn* txn = nullptr;
        MDB_dbi dbi{};
        mdb_txn_begin(env, nullptr, 0, &txn);
        mdb_dbi_open(txn, nullptr, 0, &dbi);
        work(txn, dbi);
        must(mdb_txn_commit(txn) == 0, "the tree is written");
        mdb_env_close(env);
    }
    Values taken() const {
        Values all;
        raw([&](MDB_txn* txn, MDB_dbi dbi) {
            MDB_cursor* cursor = nullptr;
            mdb_cursor_open(txn, dbi, &cursor);
            MDB_val key{}, value{};
            while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
                const std::string name(static_cast<char*>(key.mv_data), key.mv_size);
                if (name.front() != 'm') all.emplace_back(name, std::string(static_cast<char*>(value.mv_data), value.mv_size));
            }
            mdb_cursor_close(cursor);
        });
        return all;
    }
    void put(const Values& wanted) const {
        const auto old = taken();
        raw([&](MDB_txn* txn, MDB_dbi dbi) {
            for (const auto& [name, text] : old) {
                MDB_val key{name.size(), const_cast<char*>(name.data())};
                mdb_del(txn, dbi, &key, nullptr);
            }
            for (const auto& [name, text] : wanted) {
                MDB_val key{name.size(), const_cast<char*>(name.data())}, value{text.size(), const_cast<char*>(text.data())};
                mdb_put(txn, dbi, &key, &value, 0);
            }
        });
    }
};

void damage(Values& values, Choices choices) {
    for (std::size_t patches = 0; patches < most_patches && !choices.empty() && !values.empty(); ++patches) {
        const auto kind = choices.byte();
        auto& [key, value] = values[choices.byte() % values.size()];
        const auto at = choices.word();
        if (kind % 8 == 7) {
            values.erase(values.begin() + (&values.back() - &values.front()) * at / 65536);
        } else if (kind % 8 == 6) {
            value.resize(at % (value.size() + 1));
            if (value.empty()) value = "?";
        } else if (kind % 8 == 5) {
            const auto bytes = choices.take(1);
            if (!bytes.empty() && key.size() > 1) key[1 + at % (key.size() - 1)] = text_of(bytes).front();
        } else {
            // Mostly headers, the block's in front and its entries' at the end: payload bytes mean nothing to a block.
            const auto near = std::min<std::size_t>(value.size(), 160);
            const auto from = kind % 8 == 4 ? at % value.size() : kind % 8 == 3 ? value.size() - 1 - at % near : at % near;
            const auto bytes = text_of(choices.take(1 + kind / 8 % 8));
            value.replace(from, std::min(bytes.size(), value.size() - from), bytes.substr(0, value.size() - from));
        }
    }
}

void ask(const Snapshot& now, LogId log) {
    const auto bounds = now.bounds(log);
    for (const auto from : {Position{0}, bounds.begin, bounds.end - (bounds.end > 0), Position{50}}) {
        Position after = -1;
        (void)now.read(log, from, [&](const EntryView& entry) {
            must(entry.count > 0 && entry.first >= 0, "an entry holds records");
            must(entry.first >= after, "entries come in order");
            after = entry.first + entry.count;
            std::size_t sum = 0;
            for (const auto piece : entry.pieces)
                for (const auto byte : piece) sum += std::to_integer<std::size_t>(byte);
            return sum != 1;
        });
        after = -1;
        std::size_t sum = 0;
        const auto row = [&](const RowView& some) {
            must(some.first >= after && some.end > some.first, "rows come in order");
            for (const auto byte : some.bytes) sum += std::to_integer<std::size_t>(byte);
            const bool taken = sum % 3 != 0;
            if (taken) after = some.end;
            return taken;
        };
        (void)now.read(log, from, [&](const EntryView& entry) { return entry.first < 55; }, row);
    }
    for (const auto ms : {std::int64_t{0}, std::int64_t{1030}, std::int64_t{1} << 40}) {
        (void)now.find_appended(log, ms);
        (void)now.find_timestamp(log, ms);
    }
    (void)now.live_bytes(log);
}

}   // namespace

void blocks(Bytes input) {
    static const Place place;
    static const Values whole = place.taken();
    auto values = whole;
    damage(values, Choices{input});
    place.put(values);
    const auto store = place.open();
    {
        const auto now = store->snapshot();
        for (const auto log : {1u, 2u, 3u, 4u}) ask(*now, LogId{log});
    }
    Batch trims;
    trims.trim(LogId{1}, 20);
    trims.drop(LogId{2});
    (void)store->commit(trims);
    for (int i = 0; i < 100; ++i) {
        const auto more = store->sweep(64);
        if (!more || !*more) return;
    }
    must(false, "sweeping ends");
}

std::vector<Blob> block_seeds() {
    std::vector<Blob> all;
    for (const auto& text :
         {std::string("\0\1\0\0\1", 5), std::string("\30\2\0\10\xff\xff\xff\x7f", 8), std::string("\6\0\0\x50", 4),
          std::string("\7\0\x80\0", 4), std::string("\5\1\0\12\5", 5), std::string("\70\3\0\30\0\0\0\0\0\0\0\x80", 12)})
        all.push_back(blob_of(text));
    return all;
}

}   // namespace sluice::fuzz
