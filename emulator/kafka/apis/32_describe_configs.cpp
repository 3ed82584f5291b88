// DescribeConfigs v1-4: topics, this broker and groups, from the tables, with what was set on top. Sources and synonyms as seen
// on Kafka 4.4.0, except that nothing here is ever changed at run time.
#include <algorithm>
#include <charconv>

#include "emulator/kafka/serve.h"

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

    void refuse(ErrorCode code, std::string text) const {
        told.error_code = code;
        told.error_message = std::move(text);
    }
    bool wanted(std::string_view name) const {
        return !asked.configuration_keys || std::ranges::find(*asked.configuration_keys, name) != asked.configuration_keys->end();
    }
    void add(const ConfigEntry& entry, ConfigValue value, std::vector<DescribeConfigsResponse::Synonym> synonyms) const {
        if (entry.sensitive) value.value.reset();
        told.configs.push_back(
            {.name = entry.name,
             .value = std::move(value.value),
             .read_only = entry.read_only,
             .config_source = static_cast<std::int8_t>(value.source),
             .is_sensitive = entry.sensitive,
             .synonyms = request.include_synonyms ? std::move(synonyms) : std::vector<DescribeConfigsResponse::Synonym>{},
             .config_type = static_cast<std::int8_t>(entry.type),
             .documentation = std::nullopt});
    }

    void topic_configs_of(const streams::Stream& stream) const {
        const auto& configs = call.broker.configs;
        for (const auto& entry : topic_configs()) {
            if (!wanted(entry.name)) continue;
            auto value = configs.topic(stream, entry);
            std::vector<DescribeConfigsResponse::Synonym> synonyms;
            if (value.source == ConfigSource::topic) synonyms.push_back({.name = entry.name, .value = value.value, .source = 1});
            const auto fallback = configs.topic_default(entry);
            if (entry.synonyms[0]) {
                synonyms.push_back(
                    {.name = entry.synonyms[0], .value = fallback.value, .source = static_cast<std::int8_t>(fallback.source)});
            }
            add(entry, std::move(value), std::move(synonyms));
        }
    }

    void broker() const {
        const auto name = asked.resource_name;
        if (name.empty()) return;   // cluster-wide settings: nobody has changed any
        std::int32_t id = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
        if (error != std::errc{} || end != name.data() + name.size()) {
            return refuse(ErrorCode::invalid_request, "Broker id must be an integer, but it is: " + std::string(name));
        }
        const auto ours = call.broker.options.node_id;
        if (id != ours) {
            return refuse(ErrorCode::invalid_request, "Unexpected broker id, expected " + std::to_string(ours) +
                                                          " or empty string, but received " + std::string(name));
        }
        for (const auto& entry : broker_configs()) {
            if (!wanted(entry.name)) continue;
            auto value = call.broker.configs.broker(entry);
            const std::string_view key = entry.name;
            if (key == "node.id" || key == "broker.id") value = {std::to_string(ours), ConfigSource::fixed};
            std::vector<DescribeConfigsResponse::Synonym> synonyms;
            if (value.value)
                synonyms.push_back({.name = entry.name, .value = value.value, .source = static_cast<std::int8_t>(value.source)});
            add(entry, std::move(value), std::move(synonyms));
        }
    }

    void describe() const {
        switch (asked.resource_type) {
            case topic_resource: {
                if (const auto fault = name_fault(asked.resource_name)) return refuse(ErrorCode::invalid_topic_exception, *fault);
                const auto stream = topic(call, asked.resource_name);
                if (!stream) return refuse(ErrorCode::unknown_topic_or_partition, "");
                return topic_configs_of(*stream);
            }
            case broker_resource:
                return broker();
            case group_resource:
                if (asked.resource_name.empty()) return refuse(ErrorCode::invalid_request, "Group name must not be empty");
                for (const auto& entry : group_configs()) {
                    if (wanted(entry.name))
                        add(entry, {entry.stock ? std::optional<std::string>(entry.stock) : std::nullopt, ConfigSource::stock},
                            {});
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
        Describe{call, request, asked, told}.describe();
    }
    co_return response;
}

template Task<void> serve<DescribeConfigsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
