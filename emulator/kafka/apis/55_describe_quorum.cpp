// DescribeQuorum v0-2: one voter, this node, which leads and has read all. Kafka answers for one partition, that of the metadata,
// and for no request that names another one beside it (seen: 4.4.0). There is no such log here: its end counts changes of
// features.
#include "emulator/kafka/quorum.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_quorum.h"

namespace sluice::kafka {

namespace {

bool metadata_alone(const DescribeQuorumRequest& request) {
    return request.topics.size() == 1 && request.topics.begin()->topic_name == "__cluster_metadata" &&
           request.topics.begin()->partitions.size() == 1 && request.topics.begin()->partitions.begin()->partition_index == 0;
}

void describe_voter(Call& call, DescribeQuorumResponse::Partition& told) {
    const auto end = call.broker.features.epoch();
    const auto now = to_ms(call.world.clock->now());
    told.leader_id = call.broker.options.node_id;
    told.leader_epoch = 1;
    told.high_watermark = end;
    told.current_voters = {{.replica_id = told.leader_id,
                            .replica_directory_id = directory_id(call),
                            .log_end_offset = end,
                            .last_fetch_timestamp = now,
                            .last_caught_up_timestamp = now}};
}

}   // namespace

Task<DescribeQuorumResponse> handle(Call& call, const DescribeQuorumRequest& request) {
    DescribeQuorumResponse response;
    const bool known = metadata_alone(request);
    for (const auto& asked : request.topics) {
        auto& topic = response.topics.emplace_back();
        topic.topic_name = asked.topic_name;
        for (const auto& partition : asked.partitions) {
            auto& told = topic.partitions.emplace_back();
            told.partition_index = partition.partition_index;
            if (known) {
                describe_voter(call, told);
            } else {
                told.error_code = ErrorCode::unknown_topic_or_partition;
                told.error_message = std::string(text_of(told.error_code));
            }
        }
    }
    if (known) {
        const auto address = call.connection->advertised();
        response.nodes = {{.node_id = call.broker.options.node_id,
                           .listeners = {{.name = "CONTROLLER", .host = address.host, .port = address.port}}}};
    }
    co_return response;
}

template Task<void> serve<DescribeQuorumRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
