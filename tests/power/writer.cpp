// The program that is cut off: commits a seeded history with durability power and marks each commit that was acknowledged.
// Between commits it sweeps, closes and opens, and compacts.   writer FOLDER SEED COMMITS
#include <dlfcn.h>

#include <cstdlib>

#include "tests/power/history.h"

using namespace sluice::storage;

int main(int count, char** args) {
    if (count != 4) return 2;
    const auto mark = reinterpret_cast<void (*)(std::uint64_t)>(dlsym(RTLD_DEFAULT, "power_mark"));
    if (!mark) return 3;
    const LmdbOptions options{
        .folder = args[1], .map_bytes = std::uint64_t{1} << 30, .durability = Durability::power, .boot_id = "before"};
    const auto seed = std::strtoull(args[2], nullptr, 10), commits = std::strtoull(args[3], nullptr, 10);
    History history(seed);
    std::mt19937_64 chance(seed + 1);
    auto store = open_lmdb(options);
    while (history.commits() < commits) {
        if (!store->commit(history.next())) return 4;
        mark(history.commits());
        if (chance() % 3 == 0 && !store->sweep(64)) return 5;
        if (chance() % 40 == 0) {
            store.reset();
            if (chance() % 2 == 0) compact_lmdb(options);
            store = open_lmdb(options);
        }
    }
    store.reset();
    return held_by(*open_lmdb(options)) == history.state() ? 0 : 6;
}
