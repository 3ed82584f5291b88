// CreateTopics v2-7: topics with the `kafka` profile, ready when answered. A topic that Metadata made and nobody has written to
// is adopted (rule 19). Texts and codes as seen on Kafka 4.4.0.
#include <algorithm>
#include <set>

#include "emulator/kafka/serve.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t most_partitions = 10'000;   // per request

struct Refused {
    ErrorCode code{};
    std::string text;
};

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
    std::set<std::int32_t> indexes;
    for (const auto& assignment : asked.assignments) {
        indexes.insert(assignment.partition_index);
        if (assignment.broker_ids.empty()) {
            return std::unexpected{Refused{ErrorCode::invalid_replica_assignment,
                                           "The manual partition assignment includes an empty replica list."}};
        }
        std::set<std::int32_t> seen;
        for (const auto broker : assignment.broker_ids) {
            if (!seen.insert(broker).second) {
                return std::unexpected{Refused{
                    ErrorCode::invalid_replica_assignment,
                    "The manual partition assignment includes the broker " + std::to_string(broker) + " more than once."}};
            }
            if (broker != call.broker.options.node_id) {
                return std::unexpected{Refused{ErrorCode::invalid_replica_assignment,
                                               "The manual partition assignment includes broker " + std::to_string(broker) +
                                                   ", but no such broker is registered."}};
            }
        }
    }
    if (indexes.size() != asked.assignments.size() || *indexes.begin() != 0 ||
        *indexes.rbegin() != static_cast<std::int32_t>(indexes.size()) - 1) {
        return std::unexpected{
            Refused{ErrorCode::invalid_replica_assignment, "partitions should be a consecutive 0-based integer sequence"}};
    }
    return static_cast<std::int32_t>(indexes.size());
}

std::optional<Refused> configs_of(const CreateTopicsRequest::Topic& asked, streams::Engine::NewStream& made) {
    for (const auto& config : asked.configs) {
        const auto* entry = find_config(topic_configs(), config.name);
        if (!entry) return Refused{ErrorCode::invalid_config, "Unknown topic config name: " + std::string(config.name)};
        if (!config.value)
            return Refused{ErrorCode::invalid_config, "Null value not supported for topic configs: " + std::string(config.name)};
        if (const auto fault = config_fault(*entry, *config.value)) return Refused{ErrorCode::invalid_config, *fault};
        made.configs[std::string(config.name)] = *config.value;
    }
    if (const auto set = made.configs.find("retention.ms"); set != made.configs.end()) {
        const auto ms = std::stoll(set->second);   // config_fault has read it as an int64
        made.retention_for_ever = ms < 0;
        made.retention.reset();
        if (ms >= 0) made.retention = milliseconds{ms};
    }
    if (const auto set = made.configs.find("retention.bytes"); set != made.configs.end()) {
        const auto bytes = std::stoll(set->second);
        made.retention_bytes.reset();
        if (bytes >= 0) made.retention_bytes = bytes;
    }
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

void describe(const Configs& configs, const streams::Stream& stream, CreateTopicsResponse::Topic& told) {
    told.num_partitions = static_cast<std::int32_t>(stream.shards.size());
    told.replication_factor = 1;
    told.error_message.reset();
    for (const auto& entry : topic_configs()) {
        auto value = configs.topic(stream, entry);
        told.configs->push_back({.name = entry.name,
                                 .value = std::move(value.value),
                                 .read_only = entry.read_only,
                                 .config_source = static_cast<std::int8_t>(value.source),
                                 .is_sensitive = entry.sensitive});
    }
}

}   // namespace

Task<CreateTopicsResponse> handle(Call& call, const CreateTopicsRequest& request) {
    const auto& configs = call.broker.configs;
    CreateTopicsResponse response;
    std::int64_t total = 0;
    for (const auto& asked : request.topics)
        total += std::max(asked.num_partitions, 0) + static_cast<std::int64_t>(asked.assignments.size());
    std::vector<std::pair<std::size_t, streams::Ticket>> made;
    std::set<std::string_view> seen;
    for (const auto& asked : request.topics) {
        const auto same = [&](const auto& other) { return other.name == asked.name; };
        if (!seen.insert(asked.name).second) continue;   // answered once
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        if (std::ranges::count_if(request.topics, same) > 1) {
            refuse(told, ErrorCode::invalid_request, "Duplicate topic name.");
            continue;
        }
        if (total > most_partitions) {
            refuse(told, ErrorCode::policy_violation, "Excessively large number of partitions per request.");
            continue;
        }
        if (const auto fault = name_fault(asked.name)) {
            refuse(told, ErrorCode::invalid_topic_exception, *fault);
            continue;
        }
        if (asked.name == "__cluster_metadata") {
            refuse(told, ErrorCode::invalid_request, "Creation of internal topic __cluster_metadata is prohibited.");
            continue;
        }
        const auto existing = call.engine.find(call.world, asked.name);
        if (existing && !existing->provisional) {
            refuse(told, ErrorCode::topic_already_exists, "Topic '" + std::string(asked.name) + "' already exists.");
            continue;
        }
        const auto partitions = partitions_of(call, asked);
        if (!partitions) {
            refuse(told, partitions.error().code, partitions.error().text);
            continue;
        }
        streams::Engine::NewStream wanted;
        wanted.name = asked.name;
        wanted.shards = *partitions;
        wanted.manners = streams::Manners::kafka;
        wanted.profile = call.engine.options().kafka_profile;
        wanted.retention = configs.default_retention();
        wanted.retention_for_ever = !wanted.retention;
        wanted.retention_bytes = configs.default_retention_bytes();
        wanted.state_delay = false;
        if (const auto refused = configs_of(asked, wanted)) {
            refuse(told, refused->code, refused->text);
            continue;
        }
        const auto collides = [&](const std::string& other) {
            refuse(told, ErrorCode::invalid_topic_exception,
                   "Topic '" + wanted.name + "' collides with existing topic: " + other);
        };
        if (request.validate_only) {
            if (const auto other = call.engine.collision(call.world, asked.name)) {
                collides(*other);
                continue;
            }
            // The same answer, and nothing made: a stream that only this answer sees.
            streams::Stream imagined;
            imagined.retention = wanted.retention;
            imagined.configs = wanted.configs;
            imagined.shards.resize(static_cast<std::size_t>(wanted.shards));
            describe(configs, imagined, told);
            told.topic_id = to_wire_id(call.engine.random().uuid());
            continue;
        }
        const auto created = call.engine.create(call.world, wanted);
        if (!created) {
            if (created.error() == streams::Fault::name_collides)
                collides(call.engine.collision(call.world, asked.name).value_or(""));
            else if (created.error() == streams::Fault::exists)
                refuse(told, ErrorCode::topic_already_exists, "Topic '" + wanted.name + "' already exists.");
            else
                refuse(told, code_of(created.error()), std::string(text_of(code_of(created.error()))));
            continue;
        }
        describe(configs, *created->stream, told);
        told.topic_id = to_wire_id(created->stream->topic_id);
        made.emplace_back(response.topics.size() - 1, created->ticket);
    }
    for (const auto& [index, ticket] : made) {
        const auto committed = co_await ticket.committed();
        if (!committed)
            refuse(response.topics[index], code_of(committed.error()), std::string(text_of(code_of(committed.error()))));
    }
    co_return response;
}

template Task<void> serve<CreateTopicsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
