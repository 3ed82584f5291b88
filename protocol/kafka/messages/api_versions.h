// ApiVersions v0–5: what the server can do. The answer's header is version 0 always, and a request with too
// high a version is answered with a v0 body (KIP-511). Features since v3 (KIP-584).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct ApiVersionsRequest {
    static constexpr Api api{.key = 18, .name = "ApiVersions", .min = 0, .max = 5, .flexible_from = 3};
    std::string_view client_software_name;
    std::string_view client_software_version;
    std::optional<std::string_view> cluster_id;
    std::int32_t node_id = -1;
    static constexpr void fields(auto& m, auto& f) {
        f("clientSoftwareName", m.client_software_name, since(3));
        f("clientSoftwareVersion", m.client_software_version, since(3));
        f("clusterId", m.cluster_id, since(5).nullable(5));
        f("nodeId", m.node_id, since(5));
    }
};

struct ApiVersionsResponse {
    static constexpr Api api{.key = 18, .name = "ApiVersions", .min = 0, .max = 5, .flexible_from = 3};
    struct Entry {
        std::int16_t api_key{};
        std::int16_t min_version{};
        std::int16_t max_version{};
        static constexpr void fields(auto& m, auto& f) {
            f("apiKey", m.api_key, since(0));
            f("minVersion", m.min_version, since(0));
            f("maxVersion", m.max_version, since(0));
        }
    };
    struct SupportedFeature {
        std::string name;
        std::int16_t min_version{};
        std::int16_t max_version{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(3));
            f("minVersion", m.min_version, since(3));
            f("maxVersion", m.max_version, since(3));
        }
    };
    struct FinalizedFeature {
        std::string name;
        std::int16_t max_version_level{};
        std::int16_t min_version_level{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(3));
            f("maxVersionLevel", m.max_version_level, since(3));
            f("minVersionLevel", m.min_version_level, since(3));
        }
    };
    ErrorCode error_code{};
    std::vector<Entry> api_keys;
    std::int32_t throttle_time_ms{};
    std::vector<SupportedFeature> supported_features;
    std::int64_t finalized_features_epoch = -1;
    std::vector<FinalizedFeature> finalized_features;
    bool zk_migration_ready{};
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("apiKeys", m.api_keys, since(0));
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("supportedFeatures", m.supported_features, since(3).tagged(0));
        f("finalizedFeaturesEpoch", m.finalized_features_epoch, since(3).tagged(1));
        f("finalizedFeatures", m.finalized_features, since(3).tagged(2));
        f("zkMigrationReady", m.zk_migration_ready, since(3).tagged(3));
    }
};

}   // namespace sluice::kafka
