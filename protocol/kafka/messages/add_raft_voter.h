// AddRaftVoter v0–1: one more voter of the metadata log (KIP-853).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AddRaftVoterRequest {
    static constexpr Api api{.key = 80, .name = "AddRaftVoter", .min = 0, .max = 1, .flexible_from = 0};
    struct Listener {
        std::string_view name;
        std::string_view host;
        std::uint16_t port{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("host", m.host, since(0));
            f("port", m.port, since(0));
        }
    };
    std::optional<std::string_view> cluster_id = "";
    std::int32_t timeout_ms{};
    std::int32_t voter_id{};
    Uuid voter_directory_id;
    Array<Listener> listeners;
    bool ack_when_committed = true;
    static constexpr void fields(auto& m, auto& f) {
        f("clusterId", m.cluster_id, since(0).nullable(0));
        f("timeoutMs", m.timeout_ms, since(0));
        f("voterId", m.voter_id, since(0));
        f("voterDirectoryId", m.voter_directory_id, since(0));
        f("listeners", m.listeners, since(0));
        f("ackWhenCommitted", m.ack_when_committed, since(1));
    }
};

struct AddRaftVoterResponse {
    static constexpr Api api{.key = 80, .name = "AddRaftVoter", .min = 0, .max = 1, .flexible_from = 0};
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = "";
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
