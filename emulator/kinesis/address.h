// From what a request says (StreamName, StreamARN, loose shard ids) to the engine's streams and shards, and back to ARNs and
// ids. Kafka's internal topics, names over 128 characters and provisional topics do not exist for this door (rules 4, 19).
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/streams/engine.h"
#include "emulator/streams/log/sequence.h"
#include "protocol/kinesis/errors.h"
#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct Call;
using streams::StreamPointer;

struct Address {
    std::optional<std::string_view> name, arn, id;
};
template <class Operation>
Address address_of(const Operation& o) {
    return {o.stream_name, o.stream_arn, o.stream_id};
}

// `S` of `arn:aws:kinesis:REGION:ACCOUNT:stream/S`.
std::string_view name_in_arn(std::string_view arn);
std::expected<std::string_view, Error> stream_name(const Address&);
std::expected<StreamPointer, Error> find_stream(const Call&, const Address&);
// Nothing when the caller cannot see it; a name that exists elsewhere is noted in the log once.
StreamPointer look_up(const Call&, const Address&, std::string_view name);
bool visible(const Call&, const streams::Stream&);
std::string arn_of(const Call&, const streams::Stream&);
std::string_view status_text(streams::StreamStatus);
StreamModeDetails mode_of(const streams::Stream&);
std::int32_t retention_hours(const streams::Stream&);

// "shardId-5", "x-5" and "5" are all shard 5 (seen: AWS 2015); nothing when there is no number up to 2147483647.
std::optional<std::int32_t> parse_shard(std::string_view text);
ShardIdText shard_id(std::int32_t index);
// Unknown shards and bad syntax are answered alike by SplitShard and MergeShards, before and after the stream look-up.
std::expected<std::int32_t, Error> shard_or_fault(const Call&, std::string_view text, std::string_view stream);

SequenceText sequence_number(const streams::Shard&, streams::Position, std::int64_t appended_ms);
// The same for many records of one shard, cheapest in their order.
class SequenceNumbers {
  public:
    explicit SequenceNumbers(const streams::Shard& shard) : created_s_(shard.created_s), index_(shard.index) {}
    SequenceText at(streams::Position, std::int64_t appended_ms);

  private:
    std::int64_t created_s_;
    std::int32_t index_;
    streams::SequenceRun run_;
};
Shard describe(const streams::Shard&);
std::vector<ChildShard> children_of(const streams::Shard&);
// Closed and older than the retention: its records are gone and ListShards leaves it out.
bool expired(const streams::Shard&, Time now);
// What the caller's account has of those that are listed. Kept, not counted.
streams::Tally tally_of(const Call&);
// KMS for a record that was written while its stream was encrypted; nothing for any other.
inline std::optional<std::string_view> encryption_of(const streams::Shard& shard, streams::Position at) {
    return shard.encrypted.contains(at) ? std::optional<std::string_view>{"KMS"} : std::nullopt;
}
// A request for `more` shards than a stream may have.
Error too_many_shards(const Call&, std::int64_t more);
std::optional<Error> must_be_active(const Call&, const streams::Stream&);

}   // namespace sluice::kinesis
