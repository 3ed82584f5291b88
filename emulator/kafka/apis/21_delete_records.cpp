// DeleteRecords v0-2: the log of a partition begins at that offset from now on, for readers of both doors, and answers when that
// is stored. Codes as seen on Kafka 4.4.0.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/delete_records.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t to_high_watermark = -1;

using ToldDeletion = DeleteRecordsResponse::Partition;

void refuse_deletion(ToldDeletion& told, ErrorCode code) {
    told.error_code = code;
    told.low_watermark = -1;
}

// What has to be committed before the answer; nothing when `told` says why not.
std::optional<streams::Ticket> delete_records(Call& call, const streams::Stream* stream,
                                              const DeleteRecordsRequest::Partition& asked, ToldDeletion& told) {
    const auto refused = [&](ErrorCode code) {
        refuse_deletion(told, code);
        return std::nullopt;
    };
    const auto* shard = stream ? stream->shard(asked.partition_index) : nullptr;
    if (!shard) return refused(ErrorCode::unknown_topic_or_partition);
    if (stream->internal) return refused(ErrorCode::invalid_topic_exception);
    if (!call.broker.configs.topic_text(*stream, "cleanup.policy").contains("delete"))
        return refused(ErrorCode::policy_violation);
    const auto bounds = call.engine.bounds(*shard);
    const auto before = asked.offset == to_high_watermark ? bounds.end : asked.offset;
    if (before < 0 || before > bounds.end) return refused(ErrorCode::offset_out_of_range);
    auto deleted = call.engine.delete_before(*shard, before);
    told.low_watermark = call.engine.bounds(*shard).begin;
    return deleted;
}

}   // namespace

Task<DeleteRecordsResponse> handle(Call& call, const DeleteRecordsRequest& request) {
    DeleteRecordsResponse response;
    std::vector<std::tuple<std::size_t, std::size_t, streams::Ticket>> made;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        const auto denied = refusal(call, ResourceType::topic, asked.name);
        for (const auto& partition : asked.partitions) {
            auto& result = told.partitions.emplace_back();
            result.partition_index = partition.partition_index;
            if (denied != ErrorCode::none)
                refuse_deletion(result, denied);
            else if (auto ticket = delete_records(call, stream.get(), partition, result))
                made.emplace_back(response.topics.size() - 1, told.partitions.size() - 1, std::move(*ticket));
        }
    }
    for (const auto& [topic_at, partition_at, ticket] : made) {
        const auto stored = co_await ticket.committed();
        if (!stored) refuse_deletion(response.topics[topic_at].partitions[partition_at], code_of(stored.error()));
    }
    co_return response;
}

template Task<void> serve<DeleteRecordsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
