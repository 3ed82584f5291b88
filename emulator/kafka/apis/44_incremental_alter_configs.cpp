// IncrementalAlterConfigs v0-1: sets, deletes, appends to and subtracts from settings of topics, the broker, all brokers, its
// logger, groups and client-metrics subscriptions; answered when that is stored (KIP-339).
#include <map>

#include "emulator/kafka/configs/altering.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/incremental_alter_configs.h"

namespace sluice::kafka {

Task<IncrementalAlterConfigsResponse> handle(Call& call, const IncrementalAlterConfigsRequest& request) {
    std::map<std::pair<std::int8_t, std::string_view>, int> named;
    for (const auto& asked : request.resources) ++named[{asked.resource_type, asked.resource_name}];
    IncrementalAlterConfigsResponse response;
    std::vector<AlteredOrNot> all;
    for (const auto& asked : request.resources) {
        if (named[{asked.resource_type, asked.resource_name}] > 1) {
            all.push_back({.code = ErrorCode::invalid_request, .text = "Each resource must appear at most once."});
            continue;
        }
        std::vector<ConfigChange> changes;
        for (const auto& config : asked.configs)
            changes.push_back(
                {.name = config.name, .operation = static_cast<ConfigOperation>(config.config_operation), .value = config.value});
        all.push_back(alter(
            call, {.type = asked.resource_type, .name = asked.resource_name, .validate_only = request.validate_only}, changes));
    }
    std::size_t next = 0;
    for (const auto& asked : request.resources) {
        auto& done = all[next++];
        auto finishing = finish(done);
        co_await std::move(finishing);
        response.resources.push_back({.error_code = done.code,
                                      .error_message = std::move(done.text),
                                      .resource_type = asked.resource_type,
                                      .resource_name = std::string(asked.resource_name)});
    }
    co_return response;
}

template Task<void> serve<IncrementalAlterConfigsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
