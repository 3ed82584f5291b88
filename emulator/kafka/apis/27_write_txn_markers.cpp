// WriteTxnMarkers v1-2: ends what a producer has open in some partitions, whatever the coordinator knows. Here nobody but a tool
// sends it, for a transaction that hangs.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/write_txn_markers.h"

namespace sluice::kafka {

Task<WriteTxnMarkersResponse> handle(Call& call, const WriteTxnMarkersRequest& request) {
    WriteTxnMarkersResponse response;
    const auto denied = refusal(call, ResourceType::cluster);
    struct Queued {
        std::size_t marker, topic, partition;
        streams::Ticket ticket;
    };
    std::vector<Queued> waiting;
    for (const auto& marker : request.markers) {
        auto& told = response.markers.emplace_back();
        told.producer_id = marker.producer_id;
        for (const auto& asked : marker.topics) {
            const auto stream = topic(call, asked.name);
            auto& of_topic = told.topics.emplace_back();
            of_topic.name = asked.name;
            for (const auto index : asked.partition_indexes) {
                auto& partition = of_topic.partitions.emplace_back();
                partition.partition_index = index;
                const auto* shard = stream ? stream->shard(index) : nullptr;
                if (denied != ErrorCode::none || !shard) {
                    partition.error_code = denied != ErrorCode::none ? denied : ErrorCode::unknown_topic_or_partition;
                    continue;
                }
                const auto ended = call.engine.end_transaction(*shard, {.producer_id = marker.producer_id,
                                                                        .producer_epoch = marker.producer_epoch,
                                                                        .commit = marker.transaction_result,
                                                                        .coordinator_epoch = marker.coordinator_epoch});
                if (ended)
                    waiting.push_back(
                        {response.markers.size() - 1, told.topics.size() - 1, of_topic.partitions.size() - 1, *ended});
                else
                    partition.error_code = code_of(ended.error());
            }
        }
    }
    for (const auto& entry : waiting) {
        const auto committed = co_await entry.ticket.committed();
        if (!committed)
            response.markers[entry.marker].topics[entry.topic].partitions[entry.partition].error_code =
                code_of(committed.error());
    }
    co_return response;
}

template Task<void> serve<WriteTxnMarkersRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
