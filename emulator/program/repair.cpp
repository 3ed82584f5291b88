// The word itself: its arguments, and the record by the name that the start-up line gave it.
#include "emulator/program/repair.h"

#include <fmt/format.h>

#include "emulator/program/arguments.h"
#include "emulator/program/options.h"
#include "emulator/streams/catalog/set_aside.h"

namespace sluice {
namespace {

// The record's name as the start-up line says it: pairs of hexadecimal digits.
std::optional<std::string> key_of(std::string_view hex) {
    const auto digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
    std::string key;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        const auto high = digit(hex[i]), low = digit(hex[i + 1]);
        if (high < 0 || low < 0) return {};
        key += static_cast<char>(high << 4 | low);
    }
    if (hex.size() % 2 != 0 || key.empty()) return {};
    return key;
}

}   // namespace

int repair(std::vector<std::string> args) {
    std::string folder, record;
    Arguments arguments{
        "Sets a damaged record of DIR/data.mdb aside, so that the rest of the folder opens. The server must be stopped. Its start "
        "says which record is damaged and how this is called; with a stream's record its records are out of sight, not erased.",
        "sluice repair"};
    arguments.option("DIR", folder, "the folder that `sluice serve --data` was given").required();
    arguments.option("RECORD", record, "the record, as the server's start named it").required();
    arguments.parse(std::move(args), "`sluice repair --help` shows how it is called");
    const auto key = key_of(record);
    if (!key)
        throw Exit{bad_usage,
                   fmt::format("'{}' is no record; the server's start names it, like 00000000530000000000000001", record)};
    const auto store = storage::open_lmdb({.folder = folder});
    if (!streams::set_aside(*store, *key))
        throw Exit{failed, fmt::format("{}: there is no record {}, or no room to keep it", folder, record)};
    fmt::print("{}: record {} is set aside\n", folder, record);
    return 0;
}

}   // namespace sluice
