// The keys of all that the engine stores, and the small values that are no messages of catalog.proto.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "emulator/streams/catalog/repair.h"
#include "emulator/streams/engine.h"

namespace sluice::streams {

// Keys: world (4 bytes, big endian), a kind, then what the kind says. format: emulator/streams/README.md
inline constexpr WorldId no_world{0xFFFFFFFF};   // in keys of what belongs to the folder itself
std::string key_of(WorldId, char kind, std::string_view rest = {});
std::string big_endian(std::uint64_t value, int bytes = 8);
std::uint64_t read_big_endian(std::string_view);
std::string stream_key(const Stream&);
std::string folder_key();
std::string world_key();   // how the records of all worlds begin
std::string world_key(WorldId);
inline bool is_world_key(std::string_view key) { return key.starts_with(world_key()); }
std::string stored_shard_key(const Stream&, std::int32_t shard);
std::string consumer_key(const Stream&, std::string_view name);
std::string channel_key(const Stream&, std::string_view name);
std::string channel_place_key(const Stream&, std::int32_t shard, std::string_view channel_id);
std::string shard_key(const Stream&, std::int32_t shard);       // its running value
std::string producers_key(const Stream&, std::int32_t shard);   // how those of all its producers begin
std::string producer_key(const Stream&, std::int32_t shard, std::int64_t producer);
std::string aborted_keys(const Stream&, std::int32_t shard);   // how those of all its aborted transactions begin
std::string aborted_key(const Stream&, std::int32_t shard, Position last);
std::string normalised(std::string_view name);   // names that are equal so stand in each other's way
std::string_view raw(const Uuid&);
std::string running_value(const Shard&);
bool read_running_value(std::string_view, Shard&);   // false: an engine does not write such a one
// On live time in memory; stored by real time, which a restart's live time begins at.
std::string encode_producer(const ProducerState&, milliseconds live_ahead);
std::optional<ProducerState> decode_producer(std::string_view);
std::string encode_aborted(const Aborted&);
std::optional<Aborted> decode_aborted(std::string_view key, std::string_view value);   // the key without what all begin with
inline constexpr std::string_view transactions_feature = "transactions";               // of a folder that has, or had, some
inline constexpr std::string_view compaction_feature = "compaction";                   // of one whose logs were compacted
inline constexpr std::int64_t latest_ms = std::int64_t{1} << 50;   // year 37,000: a time of a clock with some delay added
// ---- catalog/catalog_check.cpp: each throws StartError when no engine can have written what was read ----
// `key`: of the record, which `sluice repair` sets aside.
[[noreturn]] void damaged(std::string_view what, std::string_view key);

}   // namespace sluice::streams
