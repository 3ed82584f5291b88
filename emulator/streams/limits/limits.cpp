#include "emulator/streams/limits/limits.h"

namespace sluice::streams {

std::optional<StreamLimits> profile(std::string_view name) {
    if (name == "kinesis") return kinesis_limits;
    if (name == "kinesis-strict") return strict_limits;
    if (name == "kafka" || name == "none") return no_limits;
    return {};
}

std::string_view limits_name(std::string_view name, const StreamLimits& limits) {
    return profile(name) == limits ? name : "custom";
}

}   // namespace sluice::streams
