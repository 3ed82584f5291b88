// The word itself: arguments, progress for people, and the figures before and after.
#include "emulator/program/compact.h"

#include <fmt/format.h>
#include <unistd.h>

#include "emulator/program/arguments.h"
#include "emulator/program/options.h"
#include "storage/store.h"

namespace sluice {

int compact(std::vector<std::string> args) {
    std::string folder;
    bool json = false;
    Arguments arguments{
        "Copies what DIR/data.mdb holds into a new file without free space and puts it in the old one's place. "
        "The server must be stopped; the copy needs as much free disk as there is data. Killed half-way, it has "
        "changed nothing.",
        "sluice compact"};
    arguments.option("DIR", folder, "the folder that `sluice serve --data` was given").required();
    arguments.flag("--json", json, "for programs");
    arguments.parse(std::move(args), "`sluice compact --help` shows how it is called");
    const bool watched = isatty(STDERR_FILENO) == 1 && !json;
    const auto size = [](std::uint64_t bytes) { return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / (1 << 20)); };
    const auto done = storage::compact_lmdb({.folder = folder}, [&](std::uint64_t copied, std::uint64_t all) {
        if (watched) fmt::print(stderr, "\r{} of {} copied ", size(copied), size(all));
    });
    if (watched) fmt::print(stderr, "\n");
    if (json)
        fmt::print("{{\"bytes_before\":{},\"bytes_after\":{}}}\n", done.bytes_before, done.bytes_after);
    else
        fmt::print("{}/data.mdb: {} before, {} now\n", folder, size(done.bytes_before), size(done.bytes_after));
    return 0;
}

}   // namespace sluice
