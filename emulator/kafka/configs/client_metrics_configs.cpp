// Every setting of a client-metrics subscription of Kafka 4.4.0: name, type, default, access. Seen: DescribeConfigs of a 4.4.0
// node. Data, so as long as the facts are.
#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

namespace {
using enum ConfigType;
using enum ConfigAccess;
// clang-format off
constexpr ConfigEntry rows[] = {
    {"interval.ms", int32, "300000", editable},
    {"match", list, "", editable},
    {"metrics", list, "", editable},
};
// clang-format on
}   // namespace

std::span<const ConfigEntry> client_metrics_configs() { return rows; }

}   // namespace sluice::kafka
