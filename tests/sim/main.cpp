// The simulation: random histories of both protocols against a model, each drawn from one seed. A failing seed is printed with
// the command that replays it step by step. `sim --help` says the rest.
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

#include "tests/sim/compaction.h"
#include "tests/sim/history.h"

namespace {

using namespace sluice;

std::string program = "sim";
char running[256] = "";   // for when a history stops the process: what a signal handler can print

void died(int signal) {
    (void)!write(STDERR_FILENO, running, std::strlen(running));
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

// What kind of history a seed stands for. The kinds are what the closing line counts.
constexpr std::uint64_t kinds = 8;
sim::Plan plan_of(std::uint64_t seed, const std::string& folder) {
    sim::Plan plan;
    plan.seed = seed;
    plan.lmdb = seed % 4 == 1;
    plan.thick = seed % kinds == 5;   // on LMDB: a store in memory knows no blocks
    plan.threaded = seed % kinds == 2;
    plan.odd_stamps = seed % kinds == 4;
    plan.faults = seed % kinds != 7;
    if (seed % kinds == 7) plan.pieces = seed;
    plan.folder = folder + "/sim-" + std::to_string(getpid());
    return plan;
}

// Empty when all was well.
std::string run(sim::Plan plan, std::uint64_t& steps) {
    std::string transcript;
    try {
        sim::Compaction{plan}.run();
        for (const bool again : {false, true}) {
            sim::Plan one = plan;
            if (!again) one.pieces = 0;
            sim::History history{one};
            history.run();
            steps += history.steps();
            if (plan.pieces == 0) return {};
            // Rule 8: advancing in one step and in many gives the same history.
            if (again && history.transcript() != transcript) return "advancing in one step and in many gave two histories";
            transcript = history.transcript();
        }
        return {};
    } catch (const std::exception& error) {
        return error.what();
    }
}

int usage() {
    std::puts(
        "sim [--seed N] [--from N] [--histories N] [--seconds N] [--folder DIR] [--failures N]\n"
        "  --seed N        replays one history, step by step\n"
        "  --from N        first seed (1)\n"
        "  --histories N   how many; without it and --seconds: 1000\n"
        "  --seconds N     until that much time has passed\n"
        "  --folder DIR    for the histories on LMDB (/dev/shm, else TMPDIR, else /tmp)\n"
        "  --failures N    stops after so many (1)");
    return 2;
}

}   // namespace

int main(int count, char** arguments) {
    program = arguments[0];
    std::uint64_t from = 1, histories = 0, seconds = 0, seed = 0, most = 1;
    bool replay = false;
    const char* temporary = std::getenv("TMPDIR");
    std::string folder = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : temporary ? temporary : "/tmp";
    for (int i = 1; i < count; ++i) {
        const std::string name = arguments[i];
        if (i + 1 == count) return usage();
        const char* value = arguments[++i];
        const auto number = std::strtoull(value, nullptr, 10);
        if (name == "--seed")
            seed = number, replay = true;
        else if (name == "--from")
            from = number;
        else if (name == "--histories")
            histories = number;
        else if (name == "--seconds")
            seconds = number;
        else if (name == "--failures")
            most = number;
        else if (name == "--folder")
            folder = value;
        else
            return usage();
    }
    for (const int signal : {SIGABRT, SIGSEGV, SIGBUS}) std::signal(signal, died);
    if (replay) {
        auto plan = plan_of(seed, folder);
        plan.print = true;
        std::uint64_t steps = 0;
        const auto fault = run(plan, steps);
        std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), fault.empty() ? "passed" : fault.c_str());
        return fault.empty() ? 0 : 1;
    }
    if (histories == 0 && seconds == 0) histories = 1000;
    const auto start = std::chrono::steady_clock::now();
    const auto spent = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    std::uint64_t done = 0, steps = 0, failed = 0;
    std::set<std::uint64_t> tried, bad;
    for (seed = from; (histories == 0 || done < histories) && (seconds == 0 || spent() < static_cast<double>(seconds));
         ++seed, ++done) {
        std::snprintf(running, sizeof running, "the process stopped in a history; replay it with: %s --seed %llu\n",
                      program.c_str(), static_cast<unsigned long long>(seed));
        tried.insert(seed % kinds);
        const auto fault = run(plan_of(seed, folder), steps);
        if (fault.empty()) continue;
        bad.insert(seed % kinds);
        std::printf("seed %llu after %.1f s: %s\n  replay: %s --seed %llu\n", static_cast<unsigned long long>(seed), spent(),
                    fault.c_str(), program.c_str(), static_cast<unsigned long long>(seed));
        std::fflush(stdout);
        if (++failed >= most) {
            ++done;
            break;
        }
    }
    std::printf("%llu histories, %llu steps in %.1f s, %.0f histories a minute\n", static_cast<unsigned long long>(done),
                static_cast<unsigned long long>(steps), spent(), static_cast<double>(done) / spent() * 60);
    std::printf("test cases: %zu | %zu passed | %zu failed\n", tried.size(), tried.size() - bad.size(), bad.size());
    return failed == 0 ? 0 : 1;
}
