// Carries a change of settings out: what both AlterConfigs and IncrementalAlterConfigs do with one resource.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "emulator/kafka/call.h"
#include "emulator/kafka/configs/alteration.h"

namespace sluice::kafka {

struct AlteredOrNot {
    ErrorCode code{};
    std::optional<std::string> text;   // null when all is well, as in Kafka
    streams::Ticket ticket{};          // of what was changed
};
struct AskedAlteration {
    std::int8_t type{};
    std::string_view name;
    bool replace = false;   // AlterConfigs: what is not named goes
    bool validate_only = false;
};
AlteredOrNot alter(Call&, const AskedAlteration&, std::span<const ConfigChange>);
// Puts the error of a resource that could not be stored into its answer.
Task<void> finish(AlteredOrNot&);

}   // namespace sluice::kafka
