// FindCoordinator v0–6: who coordinates a group (keyType 0), a transaction (1) or a share group (2). v4
// asks for many keys at once (KIP-699).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct FindCoordinatorRequest {
    static constexpr Api api{.key = 10, .name = "FindCoordinator", .min = 0, .max = 6, .flexible_from = 3};
    std::string_view key;
    std::int8_t key_type{};
    Array<std::string_view> coordinator_keys;
    static constexpr void fields(auto& m, auto& f) {
        f("key", m.key, since(0).until(3));
        f("keyType", m.key_type, since(1));
        f("coordinatorKeys", m.coordinator_keys, since(4));
    }
};

struct FindCoordinatorResponse {
    static constexpr Api api{.key = 10, .name = "FindCoordinator", .min = 0, .max = 6, .flexible_from = 3};
    struct Coordinator {
        std::string key;
        std::int32_t node_id{};
        std::string host;
        std::int32_t port{};
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        static constexpr void fields(auto& m, auto& f) {
            f("key", m.key, since(4));
            f("nodeId", m.node_id, since(4));
            f("host", m.host, since(4));
            f("port", m.port, since(4));
            f("errorCode", m.error_code, since(4));
            f("errorMessage", m.error_message, since(4).nullable(4));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    std::int32_t node_id{};
    std::string host;
    std::int32_t port{};
    std::vector<Coordinator> coordinators;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(1));
        f("errorCode", m.error_code, since(0).until(3));
        f("errorMessage", m.error_message, since(1).until(3).nullable(1));
        f("nodeId", m.node_id, since(0).until(3));
        f("host", m.host, since(0).until(3));
        f("port", m.port, since(0).until(3));
        f("coordinators", m.coordinators, since(4));
    }
};

}   // namespace sluice::kafka
