// DescribeProducers v0: who writes to a partition with a producer id, by id, and where its transaction begins. Texts as seen on
// Kafka 4.4.0.
#include <algorithm>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_producers.h"

namespace sluice::kafka {

Task<DescribeProducersResponse> handle(Call& call, const DescribeProducersRequest& request) {
    using Told = DescribeProducersResponse::Topic::Partition::Producer;
    DescribeProducersResponse response;
    for (const auto& asked : request.topics) {
        const auto stream = topic(call, asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        const auto denied = refusal(call, ResourceType::topic, asked.name);
        for (const auto index : asked.partition_indexes) {
            auto& partition = told.partitions.emplace_back();
            partition.partition_index = index;
            if (denied != ErrorCode::none) {
                partition.error_code = denied;
                partition.error_message = std::string(text_of(denied));
                continue;
            }
            if (auto fault = name_fault(asked.name)) {
                partition.error_code = ErrorCode::invalid_topic_exception;
                partition.error_message = std::move(fault);
                continue;
            }
            const auto* shard = stream ? stream->shard(index) : nullptr;
            if (!shard) {
                partition.error_code = ErrorCode::unknown_topic_or_partition;
                if (!stream) partition.error_message = std::string(text_of(partition.error_code));
                continue;
            }
            for (const auto& [id, state] : shard->producers) {
                const auto* last = state.recent.empty() ? nullptr : &state.recent.back();
                partition.active_producers.push_back(
                    {.producer_id = id,
                     .producer_epoch = state.epoch,
                     .last_sequence = last ? last->last : -1,
                     .last_timestamp = state.last_ms >= 0 || !last ? state.last_ms : last->timestamp_ms,
                     .coordinator_epoch = state.coordinator_epoch,
                     .current_txn_start_offset = state.open.value_or(-1)});
            }
            std::ranges::sort(partition.active_producers, {}, &Told::producer_id);
        }
    }
    co_return response;
}

template Task<void> serve<DescribeProducersRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
