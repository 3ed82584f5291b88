// Memory and LMDB, given the same seeded history, must be indistinguishable: after every step, through old snapshots too,
// and across reopening.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include "tests/storage/places.h"

using namespace sluice::storage;

namespace {

// Everything that can be asked about a few logs and the table, as one text.
std::string everything(const Snapshot& s, std::mt19937_64 chance, std::uint64_t logs) {
    auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(chance() % n); };
    std::string out;
    for (std::uint64_t id = 1; id <= logs; ++id) {
        const LogId log{id};
        const auto b = s.bounds(log);
        const auto from = b.begin + below(static_cast<std::uint64_t>(b.end - b.begin) + 3) - 1;
        out += std::to_string(id) + " " + std::to_string(b.begin) + ".." + std::to_string(b.end) + " live " +
               std::to_string(s.live_bytes(log)) + " from " + std::to_string(from) + ":";
        int left = 20;
        const auto done = s.read(log, from, [&](const EntryView& e) {
            out += " " + std::to_string(e.first) + "+" + std::to_string(e.count) + "@" + std::to_string(e.appended_ms) + "/" +
                   std::to_string(e.max_timestamp_ms) + "#" + std::to_string(std::hash<std::string>{}(text(e)));
            return --left > 0;
        });
        if (!done) out += " corrupt";
        out += " in a row " + std::to_string(std::hash<std::string>{}(in_a_row(s, log, from, from + below(400))));
        for (int i = 0; i < 3; ++i) {
            const auto ms = below(4'000);
            out += " a" + std::to_string(s.find_appended(log, ms)) + " t" + std::to_string(s.find_timestamp(log, ms));
        }
        out += "\n";
    }
    s.scan("k", [&](std::string_view k, std::string_view v) {
        out += std::string(k) + "=" + std::to_string(std::hash<std::string_view>{}(v)) + " ";
        return true;
    });
    return out;
}

void live_one_life(std::uint64_t seed) {
    CAPTURE(seed);
    std::mt19937_64 chance(seed);
    auto below = [&](std::uint64_t n) { return chance() % n; };
    InMemory memory;
    OnDisk disk;
    struct Old {
        std::unique_ptr<Snapshot> in_memory, on_disk;
        std::mt19937_64 chance;
        std::string said;
    };
    std::vector<Old> old;
    std::map<std::uint64_t, Position> ends;
    std::uint64_t first_log = 1, logs = 6;
    std::int64_t now = 0;
    for (int step = 0; step < 150; ++step) {
        Batch batch;
        std::vector<std::string> data;
        data.reserve(64);
        for (auto n = below(3) == 0 ? below(40) : below(4); n-- > 0;) {
            const auto id = first_log + below(logs - first_log + 1);
            const std::uint64_t size[] = {below(400), below(400), below(6'000), below(20'000), below(300'000)};
            data.emplace_back(size[below(std::size(size))], static_cast<char>(below(256)));
            auto [end, fresh] = ends.try_emplace(id, static_cast<Position>(below(2) * 50));
            const auto first = end->second + (below(10) == 0 && !fresh ? static_cast<Position>(below(5)) : 0);
            auto e =
                entry(first, static_cast<std::uint32_t>(1 + below(9)), data.back(), now, static_cast<std::int64_t>(below(4'000)));
            const auto cut = below(data.back().size() + 1);
            e.pieces = {bytes(data.back()).first(cut), bytes(data.back()).subspan(cut)};
            batch.append(LogId{id}, e);
            end->second = e.first + e.count;
            now += static_cast<std::int64_t>(below(10));
        }
        for (auto n = below(3); n-- > 0;) {
            const auto key = "k" + std::to_string(below(30));
            if (below(3) == 0)
                batch.erase(key);
            else
                batch.put(key, std::string(1 + below(below(10) == 0 ? 9'000 : 50), static_cast<char>(step)));
        }
        for (auto n = below(3); n-- > 0;) {
            const auto id = 1 + below(logs);
            batch.trim(LogId{id}, static_cast<Position>(below(static_cast<std::uint64_t>(ends[id]) + 5)));
            if (ends[id] == 0) ends.erase(id);
        }
        if (below(40) == 0) {   // ids are never used again
            batch.drop(LogId{first_log++});
            ++logs;
        }
        REQUIRE(memory->commit(batch));
        REQUIRE(disk->commit(batch));
        if (below(4) == 0) {
            const auto most = 1 + below(20);
            REQUIRE(memory->sweep(most));
            REQUIRE(disk->sweep(most));
        }
        if (below(25) == 0) {
            old.clear();
            disk.reopen();
        }
        const std::mt19937_64 questions(chance());
        auto in_memory = memory->snapshot(), on_disk = disk->snapshot();
        const auto said = everything(*in_memory, questions, logs);
        REQUIRE(said == everything(*on_disk, questions, logs));
        if (below(20) == 0) old.push_back({std::move(in_memory), std::move(on_disk), questions, said});
        if (!old.empty()) {
            auto& o = old[below(old.size())];
            REQUIRE(everything(*o.in_memory, o.chance, logs).starts_with(o.said.substr(0, o.said.find('\n'))));
            REQUIRE(everything(*o.in_memory, o.chance, logs) == everything(*o.on_disk, o.chance, logs));
        }
    }
}

}   // namespace

TEST_CASE("memory and LMDB tell the same after any history") {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) live_one_life(seed);
}
