// CreateDelegationToken v1–3: a token that stands for its owner (KIP-48), or for another one since v3 (KIP-373).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct CreateDelegationTokenRequest {
    static constexpr Api api{.key = 38, .name = "CreateDelegationToken", .min = 1, .max = 3, .flexible_from = 2};
    struct Renewer {
        std::string_view principal_type;
        std::string_view principal_name;
        static constexpr void fields(auto& m, auto& f) {
            f("principalType", m.principal_type, since(0));
            f("principalName", m.principal_name, since(0));
        }
    };
    std::optional<std::string_view> owner_principal_type = std::string_view{};
    std::optional<std::string_view> owner_principal_name = std::string_view{};
    Array<Renewer> renewers;
    std::int64_t max_lifetime_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("ownerPrincipalType", m.owner_principal_type, since(3).nullable(3));
        f("ownerPrincipalName", m.owner_principal_name, since(3).nullable(3));
        f("renewers", m.renewers, since(0));
        f("maxLifetimeMs", m.max_lifetime_ms, since(0));
    }
};

struct CreateDelegationTokenResponse {
    static constexpr Api api{.key = 38, .name = "CreateDelegationToken", .min = 1, .max = 3, .flexible_from = 2};
    ErrorCode error_code{};
    std::string principal_type;
    std::string principal_name;
    std::string token_requester_principal_type;
    std::string token_requester_principal_name;
    std::int64_t issue_timestamp_ms{};
    std::int64_t expiry_timestamp_ms{};
    std::int64_t max_timestamp_ms{};
    std::string token_id;
    Blob hmac;
    std::int32_t throttle_time_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("principalType", m.principal_type, since(0));
        f("principalName", m.principal_name, since(0));
        f("tokenRequesterPrincipalType", m.token_requester_principal_type, since(3));
        f("tokenRequesterPrincipalName", m.token_requester_principal_name, since(3));
        f("issueTimestampMs", m.issue_timestamp_ms, since(0));
        f("expiryTimestampMs", m.expiry_timestamp_ms, since(0));
        f("maxTimestampMs", m.max_timestamp_ms, since(0));
        f("tokenId", m.token_id, since(0));
        f("hmac", m.hmac, since(0));
        f("throttleTimeMs", m.throttle_time_ms, since(0));
    }
};

}   // namespace sluice::kafka
