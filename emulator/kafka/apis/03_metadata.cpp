// Metadata v0-13: one broker, which leads everything. A missing topic is created in the call when allowed, not in the
// background as Kafka does: one answer instead of retries. What is made that way is provisional until its first record, so
// that a CreateStream or CreateTopics that comes later still has its say (rule 19). Codes as seen on Kafka 4.4.0.
#include <limits>
#include <set>

#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/metadata.h"

namespace sluice::kafka {

namespace {

MetadataResponse::Topic describe(Call& call, const streams::Stream& stream, bool operations) {
    const auto node = call.broker.options.node_id;
    MetadataResponse::Topic told;
    told.name = stream.name;
    told.topic_id = to_wire_id(stream.topic_id);
    told.is_internal = stream.internal;
    if (operations) told.topic_authorized_operations = operations_on(call, ResourceType::topic, stream.name);
    for (const auto& shard : stream.shards) {
        auto& p = told.partitions.emplace_back();
        p.partition_index = shard->index;
        p.leader_id = node;
        p.leader_epoch = 0;
        p.replica_nodes = p.isr_nodes = {node};
    }
    return told;
}

// A request that Kafka refuses as a whole, with each of its topics: ids before v12, and a topic that has neither name nor id.
ErrorCode fault(const Call& call, const MetadataRequest& request) {
    if (!request.topics) return ErrorCode::none;
    for (const auto& asked : *request.topics) {
        if (call.version < 12 && (!asked.topic_id.is_zero() || !asked.name)) return ErrorCode::invalid_request;
        if (asked.topic_id.is_zero() && !asked.name) return ErrorCode::unknown_server_error;
    }
    return ErrorCode::none;
}

MetadataResponse refused(const MetadataRequest& request, ErrorCode code) {
    MetadataResponse response;
    if (code == ErrorCode::unknown_server_error) response.error_code = code;
    for (const auto& asked : *request.topics) {
        auto& told = response.topics.emplace_back();
        told.error_code = code;
        told.name = std::string(asked.name.value_or(""));
        told.topic_id = asked.topic_id;
    }
    return response;
}

void describe_all(Call& call, bool operations, MetadataResponse& response) {
    for (const auto& stream : call.engine.list(call.world)) {
        if (stream->deleted || stream->status == streams::StreamStatus::deleting) continue;
        if (refusal(call, ResourceType::topic, stream->name) != ErrorCode::none) continue;
        response.topics.push_back(describe(call, *stream, operations));
    }
}

streams::Result<streams::Engine::Changed> create(Call& call, std::string_view name) {
    const auto& configs = call.broker.configs;
    auto wanted = new_topic(call.engine, name);
    wanted.shards = static_cast<std::int32_t>(configs.number("num.partitions"));
    take_log_settings(configs, call.world, wanted);
    wanted.provisional = true;
    return call.engine.create(call.world, wanted);
}

// The topic that was asked for by name; made where it is missing and may be made.
MetadataResponse::Topic by_name(Call& call, std::string_view name, bool may_create, bool operations, streams::Ticket& ticket) {
    MetadataResponse::Topic told;
    told.name = std::string(name);
    told.is_internal = internal_name(name);
    told.error_code = refusal(call, ResourceType::topic, name);
    if (told.error_code != ErrorCode::none) return told;
    if (const auto stream = topic(call, name)) return describe(call, *stream, operations);
    if (operations) told.topic_authorized_operations = operations_on(call, ResourceType::topic, name);
    told.error_code = name_fault(name) ? ErrorCode::invalid_topic_exception : ErrorCode::unknown_topic_or_partition;
    if (!may_create || told.error_code == ErrorCode::invalid_topic_exception) return told;
    if (!may(call, AclOperation::create, ResourceType::cluster, the_cluster) &&
        !may(call, AclOperation::create, ResourceType::topic, name)) {
        told.error_code = ErrorCode::topic_authorization_failed;
        return told;
    }
    if (told.is_internal) {
        if (auto made = open_internal_topic(call, name)) ticket = std::move(*made);
        const auto stream = topic(call, name);
        return stream ? describe(call, *stream, operations) : told;
    }
    const auto created = create(call, name);
    if (created) {
        ticket = created->ticket;
        return describe(call, *created->stream, operations);
    }
    if (created.error() != streams::Fault::exists) told.error_code = code_of(created.error());   // exists: still being deleted
    return told;
}

MetadataResponse::Topic by_id(Call& call, const Uuid& id, bool operations) {
    const auto stream = topic(call, id);
    if (stream && refusal(call, ResourceType::topic, stream->name) == ErrorCode::none) return describe(call, *stream, operations);
    MetadataResponse::Topic told;
    told.topic_id = id;
    told.name.reset();
    told.error_code = ErrorCode::unknown_topic_id;
    return told;
}

}   // namespace

Task<MetadataResponse> handle(Call& call, const MetadataRequest& request) {
    if (const auto code = fault(call, request); code != ErrorCode::none) co_return refused(request, code);
    auto& broker = call.broker;
    MetadataResponse response;
    const bool operations = request.include_topic_authorized_operations;
    const auto address = call.connection->advertised();
    response.brokers = {{.node_id = broker.options.node_id, .host = address.host, .port = address.port, .rack = std::nullopt}};
    response.cluster_id = broker.cluster_id();
    response.controller_id = broker.options.node_id;
    if (request.include_cluster_authorized_operations)
        response.cluster_authorized_operations = operations_on(call, ResourceType::cluster);
    if (!request.topics || (call.version == 0 && request.topics->empty())) {
        describe_all(call, operations, response);
        co_return response;
    }
    const bool may_create = request.allow_auto_topic_creation && broker.configs.flag("auto.create.topics.enable");
    std::vector<std::pair<std::size_t, streams::Ticket>> made;
    std::set<std::pair<std::string_view, Uuid>> seen;   // who is named twice is told once
    for (const auto& asked : *request.topics) {
        const bool named = asked.topic_id.is_zero();
        if (!seen.insert({named ? *asked.name : std::string_view{}, asked.topic_id}).second) continue;
        streams::Ticket ticket;
        response.topics.push_back(named ? by_name(call, *asked.name, may_create, operations, ticket)
                                        : by_id(call, asked.topic_id, operations));
        if (!ticket.done()) made.emplace_back(response.topics.size() - 1, std::move(ticket));
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
