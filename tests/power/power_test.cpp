// Durability power keeps its promise, shown by replay: a program's writes and syncs are traced (shim.c), the power is cut at
// seeded moments, and what each cut can leave must open and hold all that was acknowledged. POWER_CUTS sets how many; a failing
// one names its seed.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "tests/power/history.h"
#include "tests/power/replay.h"
#include "tests/storage/places.h"

using namespace sluice::storage;
using sluice::power::Disk;

namespace {

constexpr std::uint64_t commits = 250;

std::uint64_t wanted_cuts() {
    const char* given = std::getenv("POWER_CUTS");
    return given ? std::strtoull(given, nullptr, 10) : 150;
}

// Runs the writer with the shim in front; yields its exit status.
int run_writer(const std::string& folder, const std::string& trace, std::uint64_t seed) {
    const auto seed_text = std::to_string(seed), count_text = std::to_string(commits);
    const auto child = fork();
    if (child == 0) {
        setenv("LD_PRELOAD", POWER_SHIM, 1);
        setenv("POWER_FOLDER", folder.c_str(), 1);
        setenv("POWER_TRACE", trace.c_str(), 1);
        const char* asan = std::getenv("ASAN_OPTIONS");
        setenv("ASAN_OPTIONS", ((asan ? asan + std::string(":") : std::string()) + "verify_asan_link_order=0").c_str(), 1);
        execl(POWER_WRITER, POWER_WRITER, folder.c_str(), seed_text.c_str(), count_text.c_str(), nullptr);
        _exit(127);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

// In memory where there is a place for it: nothing here depends on the disk under the test.
struct FastFolder {
    FastFolder() {
        std::string name = std::filesystem::exists("/dev/shm") ? "/dev/shm/sluice-XXXXXX" : "/tmp/sluice-XXXXXX";
        if (!mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
        path = name;
    }
    ~FastFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
    std::string path;
};

std::string held_after_cut(const std::string& folder, std::uint64_t acknowledged, const std::vector<History::State>& states) {
    std::unique_ptr<Store> store;
    try {
        store = open_lmdb(
            {.folder = folder, .map_bytes = std::uint64_t{1} << 30, .durability = Durability::power, .boot_id = "after"});
    } catch (const StartError& e) {
        return e.what();
    }
    const auto found = held_by(*store);
    for (auto n = acknowledged; n < states.size() && n <= acknowledged + 1; ++n)   // the one under way may be there, whole
        if (found == states[n]) return "all";
    const auto commits_found = found.table.contains("commits") ? found.table.at("commits") : "0";
    return "not what was acknowledged: " + std::to_string(acknowledged) + " commits were, " + commits_found + " are there";
}

}   // namespace

TEST_CASE("power: whatever a cut leaves of the unsynced writes, the store opens and holds every acknowledged commit") {
    const auto cuts = wanted_cuts();
    std::uint64_t in_use = 0;
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        FastFolder written;
        const auto trace_file = written.path + "/trace", folder = written.path + "/data";
        std::filesystem::create_directory(folder);
        REQUIRE(run_writer(folder, trace_file, seed) == 0);
        const auto trace = sluice::power::read_trace(trace_file);
        std::vector<History::State> states{{}};
        for (History history(seed); history.commits() < commits;) {
            history.next();
            states.push_back(history.state());
        }

        std::mt19937_64 chance(seed);
        std::vector<std::size_t> at(cuts / 2);
        for (auto& one : at) one = chance() % trace.size();
        std::ranges::sort(at);
        Disk disk;
        std::size_t next = 0;
        for (std::size_t i = 0; i < trace.size(); ++i) {
            for (; next < at.size() && at[next] == i; ++next) {
                FastFolder left;
                const auto cut_seed = seed * 1'000'000 + next;
                std::mt19937_64 cut_chance(cut_seed);
                disk.cut(left.path, cut_chance, trace[i]);
                CAPTURE(seed);
                CAPTURE(i);
                CAPTURE(cut_seed);
                CHECK(held_after_cut(left.path, disk.mark, states) == "all");
                ++in_use;
            }
            disk.happens(trace[i]);
        }
        CHECK(disk.mark == commits);
    }
    CHECK(in_use == cuts / 2 * 2);
}

// The replay can fail: the same history as a program would leave it that syncs nothing.
TEST_CASE("power: a history whose syncs are left out of the trace does not survive its cuts") {
    FastFolder written;
    const auto trace_file = written.path + "/trace", folder = written.path + "/data";
    std::filesystem::create_directory(folder);
    REQUIRE(run_writer(folder, trace_file, 3) == 0);
    auto trace = sluice::power::read_trace(trace_file);
    std::vector<History::State> states{{}};
    for (History history(3); history.commits() < commits;) {
        history.next();
        states.push_back(history.state());
    }
    // Only the data pages' syncs: metas still last, which is the order that would betray readers.
    Disk disk;
    std::mt19937_64 chance(3);
    int lost = 0;
    for (std::size_t i = 0; i < trace.size() && lost == 0; ++i) {
        if (disk.mark > 20 && i % 50 == 0) {
            FastFolder left;
            disk.cut(left.path, chance, trace[i]);
            const auto child = fork();   // pages that never came are read as they are
            if (child == 0) {
                std::freopen("/dev/null", "w", stderr);
                _exit(held_after_cut(left.path, disk.mark, states) == "all" ? 0 : 1);
            }
            int status = 0;
            waitpid(child, &status, 0);
            lost += status != 0;
        }
        if (trace[i].what.kind != 'S' || disk.mark <= 20) disk.happens(trace[i]);
    }
    CHECK(lost > 0);
}
