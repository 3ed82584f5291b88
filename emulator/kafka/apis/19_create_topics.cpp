// CreateTopics v2-7: topics with the `kafka` profile, ready when answered. A topic that Metadata made and nobody has written to
// is adopted (rule 19). Texts and codes as seen on Kafka 4.4.0.
#include <algorithm>
#include <map>
#include <set>

#include "emulator/kafka/configs/alteration.h"
#include "emulator/kafka/configs/config_values.h"
#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/create_topics.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t most_partitions = 10'000;   // per request

struct Refused {
    ErrorCode code{};
    std::string text;
};

// The number of partitions that a manual assignment makes, or why it makes none.
std::expected<std::int32_t, Refused> assigned(const Call& call, const CreateTopicsRequest::Topic& asked) {
    std::set<std::int32_t> indexes;
    for (const auto& assignment : asked.assignments) {
        if (!indexes.insert(assignment.partition_index).second)
            return std::unexpected{Refused{
                ErrorCode::invalid_replica_assignment,
                "Found multiple manual partition assignments for partition " + std::to_string(assignment.partition_index)}};
        if (auto fault = assignment_fault(call, assignment.broker_ids))
            return std::unexpected{Refused{ErrorCode::invalid_replica_assignment, std::move(*fault)}};
    }
    if (*indexes.begin() != 0 || *indexes.rbegin() != static_cast<std::int32_t>(indexes.size()) - 1)
        return std::unexpected{
            Refused{ErrorCode::invalid_replica_assignment, "partitions should be a consecutive 0-based integer sequence"}};
    return static_cast<std::int32_t>(indexes.size());
}

// The number of partitions asked for, or why not.
std::expected<std::int32_t, Refused> partitions_of(const Call& call, const CreateTopicsRequest::Topic& asked) {
    if (asked.assignments.empty()) {
        if (asked.replication_factor != -1 && asked.replication_factor < 1) {
            return std::unexpected{Refused{ErrorCode::invalid_replication_factor,
                                           "Replication factor must be larger than 0, or -1 to use the default value."}};
        }
        if (asked.replication_factor > 1) {
            return std::unexpected{Refused{
                ErrorCode::invalid_replication_factor,
                "Unable to replicate the partition " + std::to_string(asked.replication_factor) +
                    " time(s): The target replication factor of " + std::to_string(asked.replication_factor) +
                    " cannot be reached because only 1 broker(s) are registered or some brokers have all their log directories cordoned."}};
        }
        if (asked.num_partitions != -1 && asked.num_partitions < 1) {
            return std::unexpected{
                Refused{ErrorCode::invalid_partitions, "Number of partitions was set to an invalid non-positive value."}};
        }
        return asked.num_partitions == -1 ? static_cast<std::int32_t>(call.broker.configs.number("num.partitions"))
                                          : asked.num_partitions;
    }
    if (asked.replication_factor != -1) {
        return std::unexpected{Refused{ErrorCode::invalid_request,
                                       "A manual partition assignment was specified, but replication factor was not set to -1."}};
    }
    if (asked.num_partitions != -1) {
        return std::unexpected{Refused{ErrorCode::invalid_request,
                                       "A manual partition assignment was specified, but numPartitions was not set to -1."}};
    }
    return assigned(call, asked);
}

std::optional<Refused> configs_of(const CreateTopicsRequest::Topic& asked, streams::Engine::NewStream& made) {
    for (const auto& config : asked.configs)   // null values are told first, then names, then values
        if (!config.value)
            return Refused{ErrorCode::invalid_config, "Null value not supported for topic configs: " + std::string(config.name)};
    for (const auto& config : asked.configs)
        if (!find_config(topic_configs(), config.name))
            return Refused{ErrorCode::invalid_config, "Unknown topic config name: " + std::string(config.name)};
    std::map<std::string_view, const CreateTopicsRequest::Config*> last;   // of a name that stands twice
    for (const auto& config : asked.configs) last[config.name] = &config;
    for (const auto& config : asked.configs) {
        if (last.at(config.name) != &config) continue;
        const auto* entry = find_config(topic_configs(), config.name);
        if (const auto fault = config_fault(*entry, *config.value)) return Refused{ErrorCode::invalid_config, *fault};
        made.configs[std::string(config.name)] = config_form(*entry, *config.value);
    }
    if (auto conflict = topic_conflict({made.configs.begin(), made.configs.end()}))
        return Refused{ErrorCode::invalid_config, std::move(*conflict)};
    return std::nullopt;
}

void refuse(CreateTopicsResponse::Topic& told, ErrorCode code, std::string text) {
    told.error_code = code;
    told.error_message = std::move(text);
    told.topic_id = {};
    told.num_partitions = -1;
    told.replication_factor = -1;
    told.configs = std::vector<CreateTopicsResponse::Config>{};
}

// What was set is told as it was sent, as Kafka does; DescribeConfigs tells what was read of it.
void describe(const Configs& configs, const CreateTopicsRequest::Topic& asked, const streams::Stream& stream,
              CreateTopicsResponse::Topic& told) {
    told.num_partitions = static_cast<std::int32_t>(stream.shards.size());
    told.replication_factor = 1;
    told.error_message.reset();
    for (const auto& entry : topic_configs()) {
        auto value = configs.topic(stream, entry);
        for (const auto& config : asked.configs)
            if (config.name == entry.name && value.source == ConfigSource::topic) value.value = std::string(*config.value);
        told.configs->push_back({.name = entry.name,
                                 .value = std::move(value.value),
                                 .read_only = entry.read_only(),
                                 .config_source = static_cast<std::int8_t>(value.source),
                                 .is_sensitive = entry.sensitive()});
    }
}

// What one entry asks for, checked; or why it is refused.
std::expected<streams::Engine::NewStream, Refused> check(Call& call, const CreateTopicsRequest::Topic& asked) {
    const auto refused = [](ErrorCode code, std::string text) { return std::unexpected{Refused{code, std::move(text)}}; };
    if (auto fault = name_fault(asked.name)) return refused(ErrorCode::invalid_topic_exception, std::move(*fault));
    const std::string name{asked.name};
    if (name == "__cluster_metadata")
        return refused(ErrorCode::invalid_request, "Creation of internal topic " + name + " is prohibited.");
    const auto existing = call.engine.find(call.world, name);
    if (existing && !existing->provisional)
        return refused(ErrorCode::topic_already_exists, "Topic '" + name + "' already exists.");
    if (const auto other = call.engine.collision(call.world, name))
        return refused(ErrorCode::invalid_topic_exception, "Topic '" + name + "' collides with existing topic: " + *other);
    auto wanted = new_topic(call.engine, name);
    wanted.internal = internal_name(name);
    if (auto fault = configs_of(asked, wanted)) return std::unexpected{std::move(*fault)};
    take_log_settings(call.broker.configs, call.world, wanted);
    const auto partitions = partitions_of(call, asked);
    if (!partitions) return std::unexpected{partitions.error()};
    wanted.shards = *partitions;
    return wanted;
}

// The answer of a request that only asks what would be: nothing is made, the stream is one that only this answer sees.
void imagine(Call& call, const CreateTopicsRequest::Topic& asked, const streams::Engine::NewStream& wanted,
             CreateTopicsResponse::Topic& told) {
    streams::Stream imagined;
    imagined.world = &call.world;
    imagined.retention = wanted.retention;
    imagined.configs = wanted.configs;
    imagined.shards.resize(static_cast<std::size_t>(wanted.shards));
    describe(call.broker.configs, asked, imagined, told);
    told.topic_id = to_wire_id(call.engine.random().uuid());
}

// Makes it and yields what has to be committed before the answer; nothing when `told` says why not.
std::optional<streams::Ticket> place(Call& call, const CreateTopicsRequest::Topic& asked,
                                     const streams::Engine::NewStream& wanted, CreateTopicsResponse::Topic& told) {
    const auto created = call.engine.create(call.world, wanted);
    if (!created) {
        const auto code = code_of(created.error());
        refuse(told, code, std::string(text_of(code)));
        return std::nullopt;
    }
    describe(call.broker.configs, asked, *created->stream, told);
    told.topic_id = to_wire_id(created->stream->topic_id);
    return created->ticket;
}

std::int64_t partitions_in(const CreateTopicsRequest& request) {
    std::int64_t total = 0;
    for (const auto& asked : request.topics)
        total += std::max(asked.num_partitions, 0) + static_cast<std::int64_t>(asked.assignments.size());
    return total;
}

}   // namespace

Task<CreateTopicsResponse> handle(Call& call, const CreateTopicsRequest& request) {
    CreateTopicsResponse response;
    std::map<std::string_view, int> named;   // how often; 0 once it is told
    for (const auto& asked : request.topics) ++named[asked.name];
    const bool too_many = partitions_in(request) > most_partitions;
    std::vector<std::pair<std::size_t, streams::Ticket>> made;
    auto mutations = call.broker.quotas().mutations(call, call.version >= 6);
    for (const auto& asked : request.topics) {
        const auto times = std::exchange(named[asked.name], 0);
        if (times == 0) continue;
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        if (times > 1) {
            refuse(told, ErrorCode::invalid_request, "Duplicate topic name.");
            continue;
        }
        if (too_many) {
            refuse(told, ErrorCode::policy_violation, "Excessively large number of partitions per request.");
            continue;
        }
        if (refusal(call, ResourceType::cluster) != ErrorCode::none &&
            refusal(call, ResourceType::topic, asked.name) != ErrorCode::none) {
            refuse(told, ErrorCode::topic_authorization_failed, "Authorization failed.");
            continue;
        }
        const auto wanted = check(call, asked);
        if (!wanted)
            refuse(told, wanted.error().code, wanted.error().text);
        else if (!mutations.take(wanted->shards))
            refuse(told, ErrorCode::throttling_quota_exceeded, std::string(text_of(ErrorCode::throttling_quota_exceeded)));
        else if (request.validate_only)
            imagine(call, asked, *wanted, told);
        else if (auto ticket = place(call, asked, *wanted, told))
            made.emplace_back(response.topics.size() - 1, std::move(*ticket));
    }
    call.throttle = mutations.throttle();
    response.throttle_time_ms = told_throttle(call.throttle);
    for (const auto& [index, ticket] : made) {
        const auto committed = co_await ticket.committed();
        if (!committed)
            refuse(response.topics[index], code_of(committed.error()), std::string(text_of(code_of(committed.error()))));
    }
    co_return response;
}

template Task<void> serve<CreateTopicsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
