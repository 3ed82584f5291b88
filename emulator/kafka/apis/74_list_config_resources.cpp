// ListConfigResources v0-1: topics, this broker and its logger, and of groups and client-metrics subscriptions those that
// somebody changed. v0 knows the last alone; no types ask for all. As seen on Kafka 4.4.0.
#include <algorithm>

#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/list_config_resources.h"

namespace sluice::kafka {

namespace {

constexpr ConfigResource listed_types[] = {ConfigResource::group, ConfigResource::client_metrics, ConfigResource::logger,
                                           ConfigResource::broker, ConfigResource::topic};

void list_resources(Call& call, ConfigResource type, ListConfigResourcesResponse& response) {
    const auto add = [&](std::string_view name) {
        response.config_resources.push_back(
            {.resource_name = std::string(name), .resource_type = static_cast<std::int8_t>(type)});
    };
    switch (type) {
        case ConfigResource::logger:
        case ConfigResource::broker:
            return add(std::to_string(call.broker.options.node_id));
        case ConfigResource::topic:
            for (const auto& stream : call.engine.list(call.world))
                if (!stream->deleted && stream->status != streams::StreamStatus::deleting) add(stream->name);
            return;
        case ConfigResource::group:
        case ConfigResource::client_metrics:
            return call.broker.dynamic_configs(call.world).each(type, add);
    }
}

}   // namespace

Task<ListConfigResourcesResponse> handle(Call& call, const ListConfigResourcesRequest& request) {
    ListConfigResourcesResponse response;
    if (call.version == 0) {
        list_resources(call, ConfigResource::client_metrics, response);
        co_return response;
    }
    const auto known = [](std::int8_t type) {
        return std::ranges::find(listed_types, static_cast<ConfigResource>(type)) != std::end(listed_types);
    };
    if (!std::ranges::all_of(request.resource_types, known)) {
        response.error_code = ErrorCode::unsupported_version;
        co_return response;
    }
    for (const auto type : listed_types) {
        const auto wanted = [&](std::int8_t asked) { return static_cast<ConfigResource>(asked) == type; };
        if (request.resource_types.empty() || std::ranges::any_of(request.resource_types, wanted))
            list_resources(call, type, response);
    }
    co_return response;
}

template Task<void> serve<ListConfigResourcesRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
