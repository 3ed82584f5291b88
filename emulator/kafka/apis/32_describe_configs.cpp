// DescribeConfigs v1-4: topics, this broker, its logger, client-metrics subscriptions and groups, from the tables, with what was
// set on top. An empty list of keys asks for all of them, as null does. Sources, synonyms and texts as seen on Kafka 4.4.0,
// except that nothing here is ever changed at run time. Documentation (v3+) is in our own words.
#include <algorithm>
#include <charconv>
#include <set>

#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_configs.h"

namespace sluice::kafka {

namespace {

enum Resource : std::int8_t {
    topic_resource = 2,
    broker_resource = 4,
    logger_resource = 8,
    metrics_resource = 16,
    group_resource = 32
};

struct Describe {
    Call& call;
    const DescribeConfigsRequest& request;
    const DescribeConfigsRequest::Resource& asked;
    DescribeConfigsResponse::Result& told;
    std::set<std::string_view> keys;   // empty: all

    void refuse(ErrorCode code, std::string text) const {
        told.error_code = code;
        told.error_message = std::move(text);
    }
    bool wanted(std::string_view name) const { return keys.empty() || keys.contains(name); }

    void add(const ConfigEntry& entry, ConfigValue value, std::vector<ConfigOrigin> origins) const {
        auto& config = told.configs.emplace_back();
        config.name = entry.name;
        if (!entry.sensitive())
            config.value = std::move(value.value);
        else
            config.value.reset();
        config.read_only = entry.read_only();
        config.config_source = static_cast<std::int8_t>(value.source);
        config.is_sensitive = entry.sensitive();
        config.config_type = static_cast<std::int8_t>(entry.type);
        config.documentation.reset();
        if (request.include_documentation) config.documentation = std::string(config_text(entry.name));
        if (!request.include_synonyms) return;
        for (auto& origin : origins) {
            auto& synonym = config.synonyms.emplace_back();
            synonym.name = std::string(origin.name);
            if (!entry.sensitive())
                synonym.value = std::move(origin.value);
            else
                synonym.value.reset();
            synonym.source = static_cast<std::int8_t>(origin.source);
        }
    }

    void topic_resource_of(std::string_view name) const {
        if (const auto fault = name_fault(name)) return refuse(ErrorCode::invalid_topic_exception, *fault);
        const auto stream = topic(call, name);
        if (!stream) return refuse(ErrorCode::unknown_topic_or_partition, "");
        const auto& configs = call.broker.configs;
        for (const auto& entry : topic_configs())
            if (wanted(entry.name)) add(entry, configs.topic(*stream, entry), configs.topic_origins(*stream, entry));
    }

    // Whether the name is the id of this broker; refused when not. `or_empty`: how Kafka's sentence goes on.
    bool is_ours(std::string_view name, std::string_view or_empty) const {
        std::int32_t id = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
        if (error != std::errc{} || end != name.data() + name.size()) {
            refuse(ErrorCode::invalid_request, "Broker id must be an integer, but it is: " + std::string(name));
            return false;
        }
        const auto ours = call.broker.options.node_id;
        if (id != ours)
            refuse(ErrorCode::invalid_request, "Unexpected broker id, expected " + std::to_string(ours) + std::string(or_empty) +
                                                   " but received " + std::string(name));
        return id == ours;
    }

    void broker(std::string_view name) const {
        const bool cluster = name.empty();   // what was set for all brokers of the cluster
        if (!cluster && !is_ours(name, " or empty string,")) return;
        for (const auto& entry : broker_configs()) {
            if (!wanted(entry.name)) continue;
            auto origins = call.broker.configs.broker_origins(entry.name);
            if (cluster)
                std::erase_if(origins, [](const ConfigOrigin& origin) { return origin.source != ConfigSource::cluster; });
            if (cluster && origins.empty()) continue;
            add(entry, call.broker.configs.broker(entry), std::move(origins));
        }
    }

    // Kafka lists its Java classes; here is one logger.
    void logger(std::string_view name) const {
        if (name.empty()) return refuse(ErrorCode::invalid_request, "Broker id must not be empty");
        if (!is_ours(name, "") || !wanted("root")) return;
        auto& config = told.configs.emplace_back();
        config.name = "root";
        config.value = "INFO";
        config.config_source = static_cast<std::int8_t>(ConfigSource::logger);
        config.documentation.reset();
        if (request.include_documentation) config.documentation = "";
    }

    void describe() const {
        const auto name = asked.resource_name;
        switch (asked.resource_type) {
            case topic_resource:
                return topic_resource_of(name);
            case broker_resource:
                return broker(name);
            case logger_resource:
                return logger(name);
            case metrics_resource:   // any name has the defaults
                if (name.empty()) return refuse(ErrorCode::invalid_request, "Client metrics subscription name must not be empty");
                for (const auto& entry : client_metrics_configs())
                    if (wanted(entry.name)) add(entry, {entry.stock, ConfigSource::stock}, {});
                return;
            case group_resource:   // and so has any group
                if (name.empty()) return refuse(ErrorCode::invalid_request, "Group name must not be empty");
                for (const auto& entry : group_configs()) {
                    if (!wanted(entry.name)) continue;
                    auto origins = call.broker.configs.group_origins(entry);
                    ConfigValue value{origins.front().value, ConfigSource::stock};
                    add(entry, std::move(value), std::move(origins));
                }
                return;
            default:
                return refuse(ErrorCode::invalid_request, std::string(text_of(ErrorCode::invalid_request)));
        }
    }
};

}   // namespace

Task<DescribeConfigsResponse> handle(Call& call, const DescribeConfigsRequest& request) {
    DescribeConfigsResponse response;
    for (const auto& asked : request.resources) {
        auto& told = response.results.emplace_back();
        told.resource_type = asked.resource_type;
        told.resource_name = asked.resource_name;
        std::set<std::string_view> keys;
        if (asked.configuration_keys) keys = {asked.configuration_keys->begin(), asked.configuration_keys->end()};
        Describe{call, request, asked, told, std::move(keys)}.describe();
    }
    co_return response;
}

template Task<void> serve<DescribeConfigsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
