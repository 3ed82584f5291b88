// ListShards with all six filters. Expired shards are never listed; a token remembers stream, filter and place, so that later
// pages need nothing else (KCL sends the filter only with the first).
#include <algorithm>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/records/iterators.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/operations/list_shards.h"

namespace sluice::kinesis {
namespace {

struct Filter {
    std::string type = "FROM_TRIM_HORIZON";
    std::int32_t after = -1;   // AFTER_SHARD_ID and ExclusiveStartShardId
    std::int64_t timestamp_ms = 0;
};

// Rule 14: at each moment the listed shards cover the hash range once. A parent is there up to and with the moment of its close,
// so that no record of that millisecond is passed over; its children are there from the next one on.
bool open_at(const streams::Shard& shard, Time at) {
    const auto closed_before = [&](std::int32_t parent) {
        const auto& closed = shard.stream->shard(parent)->closed;
        return closed && *closed < at;
    };
    const bool begun = shard.parents.empty() ? shard.stream->created <= at : std::ranges::all_of(shard.parents, closed_before);
    return begun && (!shard.closed || *shard.closed >= at);
}

bool passes(const streams::Shard& shard, const Filter& filter, Time now) {
    if (shard.index <= filter.after) return false;
    const Time horizon = shard.stream->retention ? now - *shard.stream->retention : Time::min();
    const Time at = filter.type.starts_with("AT_TIMESTAMP") || filter.type.starts_with("FROM_TIMESTAMP")
                        ? std::max(horizon, from_ms(filter.timestamp_ms))
                        : std::max(horizon, shard.stream->created);
    if (filter.type == "AT_LATEST") return !shard.closed;
    if (filter.type == "AT_TRIM_HORIZON" || filter.type == "AT_TIMESTAMP") return open_at(shard, at);
    return !shard.closed || *shard.closed >= at;
}

std::string pack(const streams::Stream& stream, const Filter& filter) {
    return fmt::format("shards {} {} {} {}", std::to_underlying(stream.id), filter.type, filter.timestamp_ms, stream.name);
}

std::optional<Filter> unpack(const Page& page, std::uint64_t& id, std::string& name) {
    Filter filter;
    char type[32] = {}, stream[256] = {};
    long long ms = 0;
    unsigned long long number = 0;
    if (std::sscanf(page.listing.c_str(), "shards %llu %31s %lld %255s", &number, type, &ms, stream) != 4) return {};
    const auto after = parse_shard(page.after);
    if (!after) return {};
    id = number;
    name = stream;
    filter.type = type;
    filter.timestamp_ms = ms;
    filter.after = *after;
    return filter;
}

std::expected<Filter, Error> asked_filter(const ListShards& request, const Call& call, std::string_view stream) {
    Filter filter;
    if (request.shard_filter) {
        const auto& asked = *request.shard_filter;
        filter.type = *asked.type;
        if (filter.type == "AFTER_SHARD_ID") {
            if (!asked.shard_id) return std::unexpected{texts::filter_needs(filter.type, "ShardId")};
            const auto after = shard_or_fault(call, *asked.shard_id, stream);
            if (!after) return std::unexpected{after.error()};
            filter.after = *after;
        }
        if (filter.type.ends_with("_TIMESTAMP")) {
            if (!asked.timestamp) return std::unexpected{texts::filter_needs(filter.type, "Timestamp")};
            filter.timestamp_ms = to_ms(*asked.timestamp);
        }
    }
    if (request.exclusive_start_shard_id) {
        const auto after = shard_or_fault(call, *request.exclusive_start_shard_id, stream);
        if (!after) return std::unexpected{after.error()};
        filter.after = std::max(filter.after, *after);
    }
    return filter;
}

}   // namespace

Task<Reply<ListShards>> handle(Call& call, const ListShards& request) {
    const Time now = call.world.clock->now();
    StreamPointer stream;
    Filter filter;
    if (request.next_token) {
        if (request.stream_name) co_return std::unexpected{texts::token_alone("StreamName")};
        if (request.stream_arn) co_return std::unexpected{texts::token_alone("StreamARN")};
        if (request.shard_filter) co_return std::unexpected{texts::token_alone("ShardFilter")};
        if (request.exclusive_start_shard_id) co_return std::unexpected{texts::token_alone("ExclusiveStartShardId")};
        if (request.stream_creation_timestamp) co_return std::unexpected{texts::token_alone("StreamCreationTimestamp")};
        const auto page = open_page(*request.next_token);
        std::uint64_t id{};
        std::string name;
        const auto remembered = page ? unpack(*page, id, name) : std::nullopt;
        if (!remembered) co_return std::unexpected{texts::token_invalid()};
        if (now - page->issued > milliseconds{streams::iterator_life_ms}) co_return std::unexpected{texts::token_expired()};
        stream = call.engine.find(call.world, name);
        if (!stream || std::to_underlying(stream->id) != id || !call.names.mine(*stream))
            co_return std::unexpected{texts::stream_not_found(call.names.name(name), call.account())};
        filter = *remembered;
    } else {
        if (!request.stream_name && !request.stream_arn && !request.stream_id)
            co_return std::unexpected{texts::nothing_to_list()};
        const auto found = find_stream(call, address_of(request));
        if (!found) co_return std::unexpected{found.error()};
        stream = *found;
        const auto asked = asked_filter(request, call, call.name(*stream));
        if (!asked) co_return std::unexpected{asked.error()};
        filter = *asked;
        // A creation timestamp names one incarnation of a name; whole seconds are all a client can know.
        if (request.stream_creation_timestamp &&
            to_ms(*request.stream_creation_timestamp) / 1000 != to_ms(stream->created) / 1000)
            co_return std::unexpected{texts::stream_not_found(call.name(*stream), call.account())};
    }
    const auto most = static_cast<std::size_t>(std::min(request.max_results.value_or(1000), 1000));
    ListShards::Result told;
    std::int32_t last = -1;
    if (stream->status != streams::StreamStatus::creating) {
        for (const auto& shard : stream->shards) {
            if (!passes(*shard, filter, now) || expired(*shard, now)) continue;
            if (told.shards.size() == most) {
                told.next_token =
                    seal(Page{.listing = pack(*stream, filter), .after = std::string{shard_id(last).view()}, .issued = now});
                break;
            }
            told.shards.push_back(describe(*shard));
            last = shard->index;
        }
    }
    co_return told;
}

template Task<Answer> serve<ListShards>(Serving);

}   // namespace sluice::kinesis
