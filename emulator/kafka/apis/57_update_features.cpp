// UpdateFeatures v0-2: other finalized levels, all that are asked for or none; answered when that is stored. Texts as seen on
// Kafka 4.4.0, which also refuses every downgrade in v0.
#include <map>

#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/update_features.h"

namespace sluice::kafka {

namespace {

constexpr std::int8_t upgrade = 1, unsafe_downgrade = 3;   // and between them: safe downgrade

// Why the level cannot be had.
std::optional<std::string> update_fault(const Call& call, const UpdateFeaturesRequest::Update& asked) {
    const auto wrong = [&](const std::string& why) {
        return "Invalid update version " + std::to_string(asked.max_version_level) + " for feature " +
               std::string(asked.feature) + ". " + why;
    };
    const auto type = call.version == 0 ? upgrade : asked.upgrade_type;
    if (type < upgrade || type > unsafe_downgrade) return wrong("The controller does not support the given upgrade type.");
    if (asked.max_version_level < 0) return wrong("A feature version cannot be less than 0.");
    const auto* feature = find_feature(asked.feature);
    const auto controller = "Local controller " + std::to_string(call.broker.options.node_id);
    if (!feature)
        return wrong(asked.max_version_level == 0 ? "Feature " + std::string(asked.feature) + " not found."
                                                  : controller + " does not support this feature.");
    if (asked.max_version_level < feature->min || asked.max_version_level > feature->max)
        return wrong(controller + " only supports versions " + std::to_string(feature->min) + "-" + std::to_string(feature->max));
    const auto level = call.broker.features.level(asked.feature);
    if (asked.max_version_level >= level) return std::nullopt;
    if (asked.feature == "kraft.version") return wrong("Can't downgrade the version of this feature.");
    if (type == upgrade)
        return wrong(
            "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe "
            "downgrade.");
    if (asked.feature != "metadata.version") return std::nullopt;
    return "Unsupported metadata.version downgrade from " + std::to_string(level) + " to " +
           std::to_string(asked.max_version_level) +
           (type == unsafe_downgrade ? ". Unsafe metadata downgrade is not supported in this version."
                                     : ". Refusing to perform the requested downgrade because it might delete metadata "
                                       "information.");
}

}   // namespace

Task<UpdateFeaturesResponse> handle(Call& call, const UpdateFeaturesRequest& request) {
    UpdateFeaturesResponse response;
    std::map<std::string_view, std::int16_t> changes;
    for (const auto& asked : request.feature_updates) {
        if (const auto fault = update_fault(call, asked)) {
            response.error_code = ErrorCode::invalid_update_version;
            response.error_message = "The update failed for all features since the following feature had an error: " + *fault;
            response.results.clear();
            co_return response;
        }
        response.results.push_back({.feature = std::string(asked.feature), .error_code = {}, .error_message = "NONE"});
        if (asked.max_version_level != call.broker.features.level(asked.feature))
            changes[asked.feature] = asked.max_version_level;
    }
    response.error_message.reset();
    if (request.validate_only || changes.empty()) co_return response;
    const auto ticket = call.broker.features.set(changes);
    if (const auto stored = co_await ticket.committed(); !stored) {
        response.error_code = code_of(stored.error());
        response.error_message = std::string(text_of(response.error_code));
        response.results.clear();
    }
    co_return response;
}

template Task<void> serve<UpdateFeaturesRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
