// LMDB as this folder uses it: one tree, its kinds of keys (format.md), values as views. The only file that includes lmdb.h.
// MDB_WRITEMAP is never used: a full disk would be SIGBUS. The map is reserved once and never resized: resizing under a reader
// leaves its views dangling.
#pragma once

#include <lmdb.h>

#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>

#include "storage/block.h"

namespace sluice::storage::lmdb {

using block::EntryHeader;
using block::Header;
using block::Key;
using block::View;

inline constexpr std::string_view version_key = "mversion";
inline constexpr std::string_view format_version = "3";                     // 3: entry headers at a block's end
inline constexpr Position dropped = std::numeric_limits<Position>::max();   // as a trim mark
inline constexpr auto last_part = std::numeric_limits<std::uint32_t>::max();
inline constexpr auto last_position = std::numeric_limits<Position>::max();

[[noreturn]] inline void stop(const char* why, int rc = 0) {
    std::fprintf(stderr, "storage: %s%s%s\n", why, rc ? ": " : "", rc ? mdb_strerror(rc) : "");
    std::abort();
}

inline MDB_val val(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
inline MDB_val val(const Key& key) { return val(std::string_view(key.data(), Key::size)); }
inline std::string_view view(const MDB_val& v) { return {static_cast<const char*>(v.mv_data), v.mv_size}; }

// 't' or 's' and the log's id.
inline std::string log_key(char kind, LogId log) { return std::string(1, kind) + std::string(Key(log, 0, 0).data() + 1, 8); }
inline std::uint64_t eight_of(std::string_view key, std::size_t from) {
    std::uint64_t value = 0;
    for (std::size_t i = from; i < from + 8; ++i) value = value << 8 | static_cast<unsigned char>(key[i]);
    return value;
}
inline LogId log_of(std::string_view key) { return LogId{eight_of(key, 1)}; }
inline Position lead_of(std::string_view key) { return static_cast<Position>(eight_of(key, 9)); }   // of a block's key
inline void table_key(std::string_view key, std::string& into) {
    if (key.empty() || key.size() > max_key_bytes) stop("a key must have 1 to 500 bytes");
    into = 'u';
    into += key;
}
inline std::string table_key(std::string_view key) {
    std::string name;
    table_key(key, name);
    return name;
}

}   // namespace sluice::storage::lmdb
