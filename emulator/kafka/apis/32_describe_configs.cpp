// DescribeConfigs v1-4: topics, this broker, its logger, client-metrics subscriptions and groups, from the tables, with what was
// set on top. An empty list of keys asks for all of them, as null does. Sources, synonyms and texts as seen on Kafka 4.4.0.
// Documentation (v3+) is in our own words.
#include <algorithm>
#include <charconv>
#include <set>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_configs.h"

namespace sluice::kafka {

namespace {

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

    // What a Kafka is told in its settings and this server knows by itself: where its logs lie, and where this client finds it.
    std::optional<std::string> known(std::string_view name) const {
        if (name == "log.dirs") return call.broker.options.log_dir;
        if (name != "advertised.listeners" && name != "listeners") return std::nullopt;
        const auto at = call.connection->advertised();
        const bool bracketed = at.host.find(':') != std::string::npos;
        return "PLAINTEXT://" + (bracketed ? "[" + at.host + "]" : at.host) + ":" + std::to_string(at.port);
    }

    void broker(std::string_view name) const {
        const bool cluster = name.empty();   // what was set for all brokers of the cluster
        if (!cluster && !is_ours(name, " or empty string,")) return;
        for (const auto& entry : broker_configs()) {
            if (!wanted(entry.name)) continue;
            auto origins = call.broker.configs.broker_origins(&call.world, entry.name);
            if (cluster)
                std::erase_if(origins, [](const ConfigOrigin& origin) { return origin.source != ConfigSource::cluster; });
            if (cluster && origins.empty()) continue;
            auto value = call.broker.configs.broker(&call.world, entry);
            if (cluster) value = {origins.front().value, ConfigSource::cluster};
            if (value.source == ConfigSource::stock) {
                if (auto own = known(entry.name)) {
                    origins.insert(origins.begin(), {entry.name, *own, ConfigSource::fixed});
                    value = {std::move(own), ConfigSource::fixed};
                }
            }
            add(entry, std::move(value), std::move(origins));
        }
        foreign(name);
    }

    // What somebody set under a name that Kafka does not know: nobody can say whether it is a secret.
    void foreign(std::string_view broker) const {
        const auto source = static_cast<std::int8_t>(broker.empty() ? ConfigSource::cluster : ConfigSource::broker);
        for (const auto& [name, value] : dynamic(ConfigResource::broker, broker)) {
            if (find_config(broker_configs(), name) || !wanted(name)) continue;
            auto& config = told.configs.emplace_back();
            config.name = name;
            config.value.reset();
            config.read_only = config.is_sensitive = true;
            config.config_source = source;
            config.documentation.reset();
            if (request.include_documentation) config.documentation = std::string(config_text(name));
            if (request.include_synonyms) config.synonyms = {{.name = name, .value = std::nullopt, .source = source}};
        }
    }
    const Settings& dynamic(ConfigResource type, std::string_view name) const {
        return call.broker.dynamic_configs(call.world).of(type, name);
    }

    void client_metrics(std::string_view name) const {
        const auto& settings = dynamic(ConfigResource::client_metrics, name);
        for (const auto& entry : client_metrics_configs()) {
            if (!wanted(entry.name)) continue;
            const auto found = settings.find(entry.name);
            if (found == settings.end())
                add(entry, {entry.stock, ConfigSource::stock}, {});
            else
                add(entry, {found->second, ConfigSource::client_metrics},
                    {{entry.name, found->second, ConfigSource::client_metrics}});
        }
    }

    void group(std::string_view name) const {
        const auto& configs = call.broker.configs;
        for (const auto& entry : group_configs())
            if (wanted(entry.name))
                add(entry, configs.group(&call.world, name, entry), configs.group_origins(&call.world, name, entry));
    }

    // Kafka lists its Java classes; here is one logger.
    void logger(std::string_view name) const {
        if (name.empty()) return refuse(ErrorCode::invalid_request, "Broker id must not be empty");
        if (!is_ours(name, "") || !wanted("root")) return;
        auto& config = told.configs.emplace_back();
        config.name = "root";
        const auto& settings = dynamic(ConfigResource::logger, name);
        const auto level = settings.find("root");
        config.value = level == settings.end() ? "INFO" : level->second;
        config.config_source = static_cast<std::int8_t>(ConfigSource::logger);
        config.documentation.reset();
        if (request.include_documentation) config.documentation = "";
    }

    void describe() const {
        const auto name = asked.resource_name;
        const auto type = static_cast<ConfigResource>(asked.resource_type);
        if (const auto denied = config_refusal(call, asked.resource_type, name); denied != ErrorCode::none)
            return refuse(denied, std::string(text_of(denied)));
        switch (type) {
            case ConfigResource::topic:
                return topic_resource_of(name);
            case ConfigResource::broker:
                return broker(name);
            case ConfigResource::logger:
                return logger(name);
            case ConfigResource::client_metrics:   // any name has the defaults
                if (name.empty()) return refuse(ErrorCode::invalid_request, "Client metrics subscription name must not be empty");
                return client_metrics(name);
            case ConfigResource::group:   // and so has any group
                if (name.empty()) return refuse(ErrorCode::invalid_request, "Group name must not be empty");
                return group(name);
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
