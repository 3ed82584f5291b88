// RemoveRaftVoter v0: one voter of the metadata log less (KIP-853).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct RemoveRaftVoterRequest {
    static constexpr Api api{.key = 81, .name = "RemoveRaftVoter", .min = 0, .max = 0, .flexible_from = 0};
    std::optional<std::string_view> cluster_id = "";
    std::int32_t voter_id{};
    Uuid voter_directory_id;
    static constexpr void fields(auto& m, auto& f) {
        f("clusterId", m.cluster_id, since(0).nullable(0));
        f("voterId", m.voter_id, since(0));
        f("voterDirectoryId", m.voter_directory_id, since(0));
    }
};

struct RemoveRaftVoterResponse {
    static constexpr Api api{.key = 81, .name = "RemoveRaftVoter", .min = 0, .max = 0, .flexible_from = 0};
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
