// DescribeTopicPartitions v0: topics by name, page by page. A page has at most as many partitions as the client and
// max.request.partition.size.limit say, and at least one; the cursor names the first that is not on it. Seen: Kafka 4.4.0.
#include <algorithm>
#include <set>

#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_topic_partitions.h"

namespace sluice::kafka {

namespace {

struct Page {
    Call& call;
    DescribeTopicPartitionsResponse& response;
    std::int64_t room;

    // False when the page is full.
    bool add(const streams::StreamPointer& stream, std::string_view name, std::int32_t from) {
        if (room <= 0) {
            response.next_cursor = {.topic_name = std::string(name), .partition_index = 0};
            return false;
        }
        auto& told = response.topics.emplace_back();
        told.name = std::string(name);
        told.topic_authorized_operations = operations_on(call, ResourceType::topic, name);   // told unasked
        if (!stream) {
            told.error_code = name_fault(name) ? ErrorCode::invalid_topic_exception : ErrorCode::unknown_topic_or_partition;
            told.is_internal = internal_name(name);
            return true;
        }
        told.topic_id = to_wire_id(stream->topic_id);
        told.is_internal = stream->internal;
        const auto count = static_cast<std::int32_t>(stream->shards.size());
        const auto node = call.broker.options.node_id;
        for (auto index = from; index < count; ++index) {
            if (room-- <= 0) {
                response.next_cursor = {.topic_name = std::string(name), .partition_index = index};
                return false;
            }
            auto& p = told.partitions.emplace_back();
            p.partition_index = index;
            p.leader_id = node;
            p.leader_epoch = 0;
            p.replica_nodes = p.isr_nodes = {node};
            p.eligible_leader_replicas = p.last_known_elr = std::vector<std::int32_t>{};   // the Java client takes no null
        }
        return true;
    }
};

DescribeTopicPartitionsResponse bad_cursor(const DescribeTopicPartitionsRequest& request) {
    DescribeTopicPartitionsResponse response;
    for (const auto& asked : request.topics) {
        auto& told = response.topics.emplace_back();
        told.error_code = ErrorCode::invalid_request;
        told.name = std::string(asked.name);
    }
    return response;
}

}   // namespace

Task<DescribeTopicPartitionsResponse> handle(Call& call, const DescribeTopicPartitionsRequest& request) {
    const bool names_others = request.cursor && !request.topics.empty() &&
                              std::ranges::find(request.topics, request.cursor->topic_name,
                                                &DescribeTopicPartitionsRequest::Topic::name) == request.topics.end();
    if (request.cursor && (request.cursor->partition_index < 0 || names_others)) co_return bad_cursor(request);
    DescribeTopicPartitionsResponse response;
    const auto most = call.broker.configs.number("max.request.partition.size.limit");
    Page page{call, response, std::clamp<std::int64_t>(request.response_partition_limit, 1, std::max<std::int64_t>(most, 1))};
    const auto start = request.cursor ? request.cursor->topic_name : std::string_view{};
    const auto from = [&](std::string_view name) {
        return request.cursor && name == start ? request.cursor->partition_index : 0;
    };
    if (request.topics.empty()) {
        for (const auto& stream : call.engine.list(call.world)) {
            if (stream->name < start || stream->deleted || stream->status == streams::StreamStatus::deleting) continue;
            if (refusal(call, ResourceType::topic, stream->name) != ErrorCode::none) continue;
            if (!page.add(stream, stream->name, from(stream->name))) break;
        }
        co_return response;
    }
    std::set<std::string_view> names, denied;
    for (const auto& asked : request.topics) {
        if (asked.name < start) continue;
        const bool may = refusal(call, ResourceType::topic, asked.name) == ErrorCode::none;
        (may ? names : denied).insert(asked.name);
    }
    for (const auto name : names)
        if (!page.add(topic(call, name), name, from(name))) break;
    for (const auto name : denied) {   // on each page, as in Kafka
        auto& told = response.topics.emplace_back();
        told.error_code = ErrorCode::topic_authorization_failed;
        told.name = std::string(name);
    }
    co_return response;
}

template Task<void> serve<DescribeTopicPartitionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
