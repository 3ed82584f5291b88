// UpdateFeatures v0–2: raises or lowers the finalized levels of features (KIP-584).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct UpdateFeaturesRequest {
    static constexpr Api api{.key = 57, .name = "UpdateFeatures", .min = 0, .max = 2, .flexible_from = 0};
    struct Update {
        std::string_view feature;
        std::int16_t max_version_level{};
        bool allow_downgrade{};
        std::int8_t upgrade_type = 1;
        static constexpr void fields(auto& m, auto& f) {
            f("feature", m.feature, since(0));
            f("maxVersionLevel", m.max_version_level, since(0));
            f("allowDowngrade", m.allow_downgrade, since(0).until(0));
            f("upgradeType", m.upgrade_type, since(1));
        }
    };
    std::int32_t timeout_ms = 60000;
    Array<Update> feature_updates;
    bool validate_only{};
    static constexpr void fields(auto& m, auto& f) {
        f("timeoutMs", m.timeout_ms, since(0));
        f("featureUpdates", m.feature_updates, since(0));
        f("validateOnly", m.validate_only, since(1));
    }
};

struct UpdateFeaturesResponse {
    static constexpr Api api{.key = 57, .name = "UpdateFeatures", .min = 0, .max = 2, .flexible_from = 0};
    struct Result {
        std::string feature;
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        static constexpr void fields(auto& m, auto& f) {
            f("feature", m.feature, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    std::vector<Result> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("results", m.results, since(0).until(1));
    }
};

}   // namespace sluice::kafka
