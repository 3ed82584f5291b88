// IncrementalAlterConfigs v0-1: sets, deletes, appends to and subtracts from settings of topics, the broker, all brokers, its
// logger, groups and client-metrics subscriptions; answered when that is stored (KIP-339).
#include "emulator/kafka/configs/altering.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/incremental_alter_configs.h"

namespace sluice::kafka {

Task<IncrementalAlterConfigsResponse> handle(Call& call, const IncrementalAlterConfigsRequest& request) {
    return alter_all<IncrementalAlterConfigsResponse>(call, request, false, [](const auto& config) {
        return ConfigChange{
            .name = config.name, .operation = static_cast<ConfigOperation>(config.config_operation), .value = config.value};
    });
}

template Task<void> serve<IncrementalAlterConfigsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
