#include "emulator/program/repair.h"

#include <fmt/format.h>

#include "emulator/program/arguments.h"
#include "emulator/program/options.h"
#include "emulator/streams/catalog/repair.h"

namespace sluice {

int repair(std::vector<std::string> args) {
    std::string folder;
    Arguments arguments{
        "Sets aside each record of DIR/data.mdb that stops the start, so that the rest opens. The server must be stopped. The bytes of "
        "such a record stay in the file; its stream, or what it counted, is gone for clients.",
        "sluice repair"};
    arguments.option("DIR", folder, "the folder that `sluice serve --data` was given").required();
    arguments.parse(std::move(args), "`sluice repair --help` shows how it is called");
    std::vector<std::string> notes;
    const auto store = storage::open_lmdb({.folder = folder}, &notes);
    const auto said = streams::repair(*store);
    for (const auto& line : said) fmt::print("set aside: {}\n", line);
    if (said.empty())
        fmt::print("nothing stops the start of {}\n", folder);
    else
        fmt::print("{} opens now\n", folder);
    return 0;
}

}   // namespace sluice
