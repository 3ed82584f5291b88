// ListOffsets v1-11: the first record at or after a timestamp, per record and not per batch; or a named place. The place with
// the largest timestamp (-3) is found by looking at every batch, which is why only tools should ask for it; on disk a thread does
// it, piece by piece. What is refused comes first and in Kafka's order, seen on 4.4.0: a partition that is named twice (42, told
// once), a place that the version does not know (35), what does not exist (3), another leader epoch (74, 75).
#include <map>

#include "emulator/kafka/logs/by_time.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/list_offsets.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t latest = -1, earliest = -2, largest = -3, earliest_local = -4, latest_tiered = -5, earliest_pending = -6;

using Asked = ListOffsetsRequest::Partition;
using Told = ListOffsetsResponse::Partition;

bool known_place(std::int64_t timestamp, int version) {
    return timestamp >= earliest || (timestamp == largest && version >= 7) || (timestamp == earliest_local && version >= 8) ||
           (timestamp == latest_tiered && version >= 9) || (timestamp == earliest_pending && version >= 11);
}

ErrorCode fault(const Call& call, const ListOffsetsRequest& request, const Asked& asked, bool twice,
                const streams::Shard* shard) {
    if (twice) return ErrorCode::invalid_request;
    if (request.isolation_level < 0 || request.isolation_level > 1) return ErrorCode::unknown_server_error;
    if (!known_place(asked.timestamp, call.version)) return ErrorCode::unsupported_version;
    if (!shard) return ErrorCode::unknown_topic_or_partition;
    if (asked.current_leader_epoch > 0) return ErrorCode::unknown_leader_epoch;
    return asked.current_leader_epoch < -1 ? ErrorCode::fenced_leader_epoch : ErrorCode::none;
}

// How often each partition is named.
using Named = std::map<std::pair<std::string_view, std::int32_t>, int>;
Named count(const ListOffsetsRequest& request) {
    Named named;
    for (const auto& asked : request.topics)
        for (const auto& partition : asked.partitions) ++named[{asked.name, partition.partition_index}];
    return named;
}

// What is looked up by time may lie on a disk: a thread brings it before the loop looks.
Task<void> bring(Call& call, const ListOffsetsRequest& request) {
    std::vector<std::pair<streams::LogId, std::int64_t>> looked_up;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        for (const auto& partition : asked.partitions)
            if (auto* shard = stream && partition.timestamp >= 0 ? stream->shard(partition.partition_index) : nullptr)
                for (const auto& extent : shard->extents) looked_up.emplace_back(extent.log, partition.timestamp);
    }
    if (looked_up.empty()) co_return;
    auto first = look_up_first(call.engine, std::move(looked_up));
    co_await std::move(first);
}

Task<void> find(Call& call, const streams::StreamPointer& stream, const streams::Shard& shard, std::int64_t time, bool committed,
                Told& told) {
    const auto place = [&](streams::Position offset) {
        told.offset = offset;
        told.leader_epoch = 0;
    };
    PlaceInTime found;
    if (time == latest)
        place(committed ? call.engine.bounds(shard).stable : call.engine.bounds(shard).end);
    else if (time == earliest || time == earliest_local)
        place(call.engine.bounds(shard).begin);
    else if (time == largest) {
        auto looking = largest_timestamp(call.engine, stream, shard);
        found = co_await std::move(looking);
    } else if (time >= 0) {
        (void)call.engine.bounds(shard);   // retention first
        found = call.engine.find_timestamp(shard, time);
    }   // else: no tiers, nothing found
    // Who reads what is committed is not told of what it cannot read yet (seen: Kafka 4.4.0, by time and the largest time alike).
    if (!found || (committed && found->first >= call.engine.bounds(shard).stable)) co_return;
    place(found->first);
    told.timestamp = found->second;
}

}   // namespace

Task<ListOffsetsResponse> handle(Call& call, const ListOffsetsRequest& request) {
    auto bringing = bring(call, request);
    co_await std::move(bringing);
    auto named = count(request);
    ListOffsetsResponse response;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        const auto denied = refusal(call, ResourceType::topic, asked.name);
        for (const auto& partition : asked.partitions) {
            auto& times = named[{asked.name, partition.partition_index}];
            if (times == 0) continue;   // told already
            if (response.topics.empty() || response.topics.back().name != asked.name)
                response.topics.push_back({.name = std::string(asked.name), .partitions = {}});
            auto& told = response.topics.back().partitions.emplace_back();
            told.partition_index = partition.partition_index;
            auto* shard = stream ? stream->shard(partition.partition_index) : nullptr;
            told.error_code = fault(call, request, partition, std::exchange(times, 0) > 1, shard);
            if (denied != ErrorCode::none) told.error_code = denied;
            if (told.error_code != ErrorCode::none) continue;
            auto finding = find(call, stream, *shard, partition.timestamp, request.isolation_level == 1, told);
            co_await std::move(finding);
        }
    }
    co_return response;
}

template Task<void> serve<ListOffsetsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
