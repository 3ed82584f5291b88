// Metadata v0-13: one broker, which leads everything. A missing topic is created in the call when allowed, not in the
// background as Kafka does: one answer instead of retries. What is made that way is provisional until its first record, so
// that a CreateStream or CreateTopics that comes later still has its say (rule 19).
#include <limits>

#include "emulator/kafka/serve.h"

namespace sluice::kafka {

namespace {

constexpr std::int32_t topic_operations = 3576, cluster_operations = 8096;   // seen: Kafka 4.4.0 without authorizer

MetadataResponse::Topic describe(Call& call, const streams::Stream& stream, bool operations) {
    const auto node = call.broker.options.node_id;
    MetadataResponse::Topic told;
    told.name = stream.name;
    told.topic_id = to_wire_id(stream.topic_id);
    told.is_internal = stream.internal;
    if (operations) told.topic_authorized_operations = topic_operations;
    for (const auto& shard : stream.shards) {
        auto& p = told.partitions.emplace_back();
        p.partition_index = shard->index;
        p.leader_id = node;
        p.leader_epoch = 0;
        p.replica_nodes = p.isr_nodes = {node};
    }
    return told;
}

}   // namespace

Task<MetadataResponse> handle(Call& call, const MetadataRequest& request) {
    auto& broker = call.broker;
    MetadataResponse response;
    const bool operations = request.include_topic_authorized_operations;
    bool by_id_too_early = false;
    if (request.topics && call.version < 12) {
        for (const auto& asked : *request.topics) by_id_too_early |= !asked.topic_id.is_zero();
    }
    if (by_id_too_early) {   // seen: v10 and v11 refuse ids, all topics and the brokers with them
        for (const auto& asked : *request.topics) {
            MetadataResponse::Topic told;
            told.error_code = ErrorCode::invalid_request;
            told.name = std::string(asked.name.value_or(""));
            told.topic_id = asked.topic_id;
            response.topics.push_back(std::move(told));
        }
        co_return response;
    }
    const auto address = call.session->advertised();
    response.brokers = {{.node_id = broker.options.node_id, .host = address.host, .port = address.port, .rack = std::nullopt}};
    response.cluster_id = broker.cluster_id();
    response.controller_id = broker.options.node_id;
    if (request.include_cluster_authorized_operations) response.cluster_authorized_operations = cluster_operations;
    const bool all = !request.topics || (call.version == 0 && request.topics->empty());
    if (all) {
        for (const auto& stream : call.engine.list(call.world)) {
            if (stream->deleted || stream->status == streams::StreamStatus::deleting) continue;
            response.topics.push_back(describe(call, *stream, operations));
        }
        co_return response;
    }
    const bool may_create = request.allow_auto_topic_creation && broker.configs.flag("auto.create.topics.enable");
    std::vector<std::pair<std::size_t, streams::Ticket>> made;
    for (const auto& asked : *request.topics) {
        MetadataResponse::Topic told;
        if (operations) told.topic_authorized_operations = topic_operations;
        if (!asked.topic_id.is_zero()) {
            told.topic_id = asked.topic_id;
            told.name.reset();
            told.error_code = ErrorCode::unknown_topic_id;
            if (const auto stream = topic(call, asked.topic_id)) told = describe(call, *stream, operations);
            response.topics.push_back(std::move(told));
            continue;
        }
        const auto name = asked.name.value_or("");
        told.name = std::string(name);
        if (const auto stream = topic(call, name)) {
            told = describe(call, *stream, operations);
        } else if (name_fault(name)) {
            told.error_code = ErrorCode::invalid_topic_exception;
        } else {
            told.error_code = ErrorCode::unknown_topic_or_partition;
            if (may_create) {
                const auto retention = broker.configs.default_retention();
                const auto created =
                    call.engine.create(call.world, {.name = std::string(name),
                                                    .shards = static_cast<std::int32_t>(broker.configs.number("num.partitions")),
                                                    .manners = streams::Manners::kafka,
                                                    .profile = call.engine.options().kafka_profile,
                                                    .retention = retention,
                                                    .retention_for_ever = !retention,
                                                    .retention_bytes = broker.configs.default_retention_bytes(),
                                                    .provisional = true,
                                                    .configs = {},
                                                    .tags = {},
                                                    .state_delay = false,
                                                    .account = {},
                                                    .region = {}});
                if (created) {
                    told = describe(call, *created->stream, operations);
                    made.emplace_back(response.topics.size(), created->ticket);
                } else if (created.error() != streams::Fault::exists) {   // exists: still being deleted
                    told.error_code = code_of(created.error());
                }
            }
        }
        response.topics.push_back(std::move(told));
    }
    for (const auto& [index, ticket] : made) {
        const auto committed = co_await ticket.committed();
        if (committed) continue;
        auto& told = response.topics[index];
        told.error_code = code_of(committed.error());
        told.topic_id = {};
        told.partitions.clear();
    }
    co_return response;
}

template Task<void> serve<MetadataRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
