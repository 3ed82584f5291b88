// Streams as they were read from the store, before the engine lives by them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emulator/streams/catalog/catalog.pb.h"
#include "emulator/streams/state.h"

namespace sluice::streams {

struct StoredStream {
    std::string key;
    catalog::Stream stream;
    std::vector<catalog::Shard> shards;         // by index, expired ones among them
    std::vector<catalog::Consumer> consumers;   // by name
    std::vector<catalog::Channel> channels;     // by name
    struct Place {
        std::string channel_id;
        std::int32_t shard{};
        catalog::ChannelPlace place;
    };
    std::vector<Place> places;   // of channels in shards; those of no channel that is there mean nothing
};

// One stream, or all of a world by id. A record that does not parse is damaged.
std::optional<StoredStream> stored_stream(const storage::Snapshot&, WorldId, StreamId);
std::vector<StoredStream> stored_streams(const storage::Snapshot&, WorldId);

// ---- expired.cpp ----
bool is_expired(const catalog::Shard&);
// Those of one stored block.
void add_expired(const catalog::ExpiredShards&, std::string_view key, std::vector<catalog::Shard>& to);

// ---- save.cpp: what is written down of each ----
catalog::Stream record_of(const Stream&);
catalog::Shard record_of(const Shard&);
catalog::World record_of(const Books&);

inline constexpr std::uint32_t most_worlds = std::uint32_t{1} << 31;   // their numbers are below it

// ---- consumers.cpp ----
catalog::Consumer record_of(const Consumer&);
std::string_view fault_of(const catalog::Consumer&);   // empty: none

// ---- channels.cpp ----
catalog::Channel record_of(const Channel&);
catalog::ChannelPlace record_of(const ChannelPlace&);
std::string_view fault_of(const catalog::Channel&);   // empty: none
std::string_view fault_of(const catalog::ChannelPlace&);

// ---- attributes.cpp: the part of it that is in attributes.h ----
void write_attributes(const Stream&, catalog::Stream&);
void read_attributes(const catalog::Stream&, Stream&);
// The first thing that is wrong with that part; empty when nothing is.
std::string_view fault_of_attributes(const catalog::Stream&);
std::string_view fault_of_encrypted(const catalog::Shard&);

// ---- catalog_check.cpp: each throws StartError when no engine can have written what was read ----
void check(const catalog::Folder&, std::string_view key);
void check(const catalog::World&, std::string_view key);
// Of one world. `appended`: the logs that shards of the worlds before append to.
void check(const std::vector<StoredStream>&, std::uint64_t next_stream, std::uint64_t next_log,
           std::set<std::uint64_t>& appended);

}   // namespace sluice::streams
