// DescribeLogDirs v1-5: the one log directory, with what each partition stores in it, and the room of the store: by these UIs
// show sizes. What does not exist is left out, as in Kafka.
#include <limits>

#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_log_dirs.h"

namespace sluice::kafka {

namespace {

std::int64_t wire_bytes(std::uint64_t bytes) {
    return static_cast<std::int64_t>(std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max()));
}

DescribeLogDirsResponse::Partition sized(Call& call, const streams::Shard& shard) {
    return {.partition_index = shard.index,
            .partition_size = wire_bytes(call.engine.live_bytes(shard)),
            .offset_lag = 0,
            .is_future_key = false};
}

}   // namespace

Task<DescribeLogDirsResponse> handle(Call& call, const DescribeLogDirsRequest& request) {
    auto rehearsing = call.engine.rehearse_sizes(call.world);
    co_await std::move(rehearsing);
    DescribeLogDirsResponse response;
    auto& dir = response.results.emplace_back();
    dir.log_dir = call.broker.options.log_dir;
    const auto room = call.engine.room();
    dir.total_bytes = wire_bytes(room.total_bytes);
    dir.usable_bytes = wire_bytes(room.total_bytes - std::min(room.used_bytes, room.total_bytes));
    const auto add = [&](const streams::Stream& stream) -> DescribeLogDirsResponse::Topic& {
        return dir.topics.emplace_back(DescribeLogDirsResponse::Topic{.name = stream.name, .partitions = {}});
    };
    if (!request.topics) {
        for (const auto& stream : call.engine.list(call.world)) {
            if (stream->deleted || stream->status == streams::StreamStatus::deleting) continue;
            auto& told = add(*stream);
            for (const auto& shard : stream->shards) told.partitions.push_back(sized(call, *shard));
        }
        co_return response;
    }
    for (const auto& asked : *request.topics) {
        const auto stream = topic(call, asked.topic);
        if (!stream) continue;
        std::vector<DescribeLogDirsResponse::Partition> partitions;
        for (const auto index : asked.partitions)
            if (const auto* shard = stream->shard(index)) partitions.push_back(sized(call, *shard));
        if (!partitions.empty()) add(*stream).partitions = std::move(partitions);
    }
    co_return response;
}

template Task<void> serve<DescribeLogDirsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
