// AlterConfigs v0-2: what a resource has set is replaced as a whole; answered when that is stored. Kafka recommends
// IncrementalAlterConfigs in its place.
#include "emulator/kafka/configs/altering.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/alter_configs.h"

namespace sluice::kafka {

Task<AlterConfigsResponse> handle(Call& call, const AlterConfigsRequest& request) {
    return alter_all<AlterConfigsResponse>(call, request, true, [](const auto& config) {
        return ConfigChange{.name = config.name, .operation = ConfigOperation::set, .value = config.value};
    });
}

template Task<void> serve<AlterConfigsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
