#include "emulator/kinesis/address.h"

#include <algorithm>
#include <charconv>

#include "emulator/kinesis/call.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/lapse.h"
#include "emulator/streams/catalog/places.h"

namespace sluice::kinesis {

std::string_view name_in_arn(std::string_view arn) {
    constexpr std::string_view mark = ":stream/";
    const auto at = arn.find(mark);
    return at == std::string_view::npos ? std::string_view{} : arn.substr(at + mark.size());
}

std::expected<std::string_view, Error> stream_name(const Address& address) {
    if (address.id) return std::unexpected{texts::stream_id_refused()};
    if (!address.name && !address.arn) return std::unexpected{texts::member_null("streamName")};
    if (!address.arn) return *address.name;
    const auto name = name_in_arn(*address.arn);
    if (address.name && *address.name != name) return std::unexpected{texts::name_and_arn_differ(*address.name, *address.arn)};
    return name;
}

bool visible(const Call& call, const streams::Stream& stream) {
    if (stream.internal || stream.provisional || !call.names.mine(stream)) return false;
    const auto name = call.name(stream);
    return name.size() <= 128 && !name.starts_with("__");
}

// With separate scopes an ARN of another account or region names nothing that the caller can see.
StreamPointer look_up(const Call& call, const Address& address, std::string_view name) {
    const auto& scope = call.names.scope();
    const bool foreign = call.names.separate() && address.arn &&
                         !address.arn->contains(fmt::format(":kinesis:{}:{}:stream/", scope.region, scope.account));
    auto stream = foreign ? nullptr : call.engine.find(call.world, call.names.topic(name));
    if (stream && visible(call, *stream)) return stream;
    if (const auto line = elsewhere(call.engine, call.world, call.names, name); !line.empty())
        call.engine.events().note_once(line);
    return nullptr;
}

std::expected<StreamPointer, Error> find_stream(const Call& call, const Address& address) {
    const auto name = stream_name(address);
    if (!name) return std::unexpected{name.error()};
    auto stream = look_up(call, address, *name);
    if (!stream) return std::unexpected{texts::stream_not_found(*name, call.account())};
    return stream;
}

std::string arn_of(const Call& call, const streams::Stream& stream) {
    const auto scope = call.names.scope_of(stream);
    return fmt::format("arn:aws:kinesis:{}:{}:stream/{}", scope.region, scope.account, call.name(stream));
}

std::string_view status_text(streams::StreamStatus status) {
    switch (status) {
        case streams::StreamStatus::creating:
            return "CREATING";
        case streams::StreamStatus::active:
            return "ACTIVE";
        case streams::StreamStatus::updating:
            return "UPDATING";
        case streams::StreamStatus::deleting:
            return "DELETING";
    }
    return "ACTIVE";
}

StreamModeDetails mode_of(const streams::Stream& stream) {
    return {.stream_mode = stream.on_demand ? "ON_DEMAND" : "PROVISIONED"};
}

// Rule 18: hours rounded up, within what Kinesis can say.
std::int32_t retention_hours(const streams::Stream& stream) {
    if (!stream.retention) return streams::max_retention_hours;
    const auto hours = (stream.retention->count() + 3'599'999) / 3'600'000;
    return static_cast<std::int32_t>(
        std::clamp<std::int64_t>(hours, streams::default_retention_hours, streams::max_retention_hours));
}

std::optional<std::int32_t> parse_shard(std::string_view text) {
    if (const auto dash = text.rfind('-'); dash != std::string_view::npos) text = text.substr(dash + 1);
    std::int32_t index{};
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), index);
    if (fault != std::errc{} || end != text.data() + text.size() || index < 0) return {};
    return index;
}

ShardIdText shard_id(std::int32_t index) {
    char text[] = "shardId-000000000000";
    for (char* to = text + sizeof text - 1; index > 0; index /= 10) *--to = static_cast<char>('0' + index % 10);
    return std::string_view{text, sizeof text - 1};
}

std::expected<std::int32_t, Error> shard_or_fault(const Call& call, std::string_view text, std::string_view stream) {
    if (const auto index = parse_shard(text)) return *index;
    return std::unexpected{texts::shard_not_found(text, stream, call.account())};
}

SequenceText sequence_number(const streams::Shard& shard, streams::Position position, std::int64_t appended_ms) {
    return SequenceNumbers{shard}.at(position, appended_ms);
}

SequenceText SequenceNumbers::at(streams::Position position, std::int64_t appended_ms) {
    const auto& digits =
        run_.at({.created_s = created_s_, .index = position + 1, .arrived_s = appended_ms / 1000, .shard = index_});
    return std::string_view{digits.data(), digits.size()};
}

Shard describe(const streams::Shard& shard) {
    const auto number = [&](std::int64_t index, std::int64_t second) {
        return streams::to_string(
            streams::Sequence{.created_s = shard.created_s, .index = index, .arrived_s = second, .shard = shard.index});
    };
    Shard told{.shard_id = shard_id(shard.index),
               .parent_shard_id = {},
               .adjacent_parent_shard_id = {},
               .hash_key_range = {streams::to_string(shard.range.first), streams::to_string(shard.range.last)},
               .sequence_number_range = {number(0, shard.created_s), {}}};
    if (!shard.parents.empty()) told.parent_shard_id = shard_id(shard.parents[0]);
    if (shard.parents.size() > 1) told.adjacent_parent_shard_id = shard_id(shard.parents[1]);
    if (shard.closed)
        told.sequence_number_range.ending_sequence_number = number(streams::closing_index, to_ms(*shard.closed) / 1000);
    return told;
}

std::vector<ChildShard> children_of(const streams::Shard& shard) {
    std::vector<ChildShard> told;
    for (const auto index : shard.children) {
        const auto* child = shard.stream->shard(index);
        ChildShard one{.shard_id = shard_id(index),
                       .parent_shards = {},
                       .hash_key_range = {streams::to_string(child->range.first), streams::to_string(child->range.last)}};
        for (const auto parent : child->parents) one.parent_shards.push_back(shard_id(parent));
        told.push_back(std::move(one));
    }
    return told;
}

bool expired(const streams::Shard& shard, Time now) { return streams::lapsed(shard, now); }

// With separate scopes a stream at home may have either form of its name (rule 3).
streams::Tally tally_of(const Call& call) {
    const auto& [all, places] = call.engine.tallies(call.world);
    if (!call.names.separate()) return all;
    streams::Tally sum;
    const auto add = [&](std::string_view key) {
        if (const auto found = places.find(key); found != places.end()) sum += found->second;
    };
    const auto& [account, region] = call.names.scope();
    add(streams::place_key(account, region));
    if (call.names.at_home()) add("");
    return sum;
}

Error too_many_shards(const Call& call, std::int64_t more) {
    return texts::too_many_shards(call.account(), call.names.region(), tally_of(call).open_shards, streams::bounds::listed_shards,
                                  more);
}

std::optional<Error> must_be_active(const Call& call, const streams::Stream& stream) {
    if (stream.status == streams::StreamStatus::active) return {};
    return texts::not_active(call.name(stream), call.account(), status_text(stream.status));
}

}   // namespace sluice::kinesis
