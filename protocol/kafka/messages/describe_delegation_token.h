// DescribeDelegationToken v1–3: tokens of these owners, or all that the caller may see (KIP-48).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeDelegationTokenRequest {
    static constexpr Api api{.key = 41, .name = "DescribeDelegationToken", .min = 1, .max = 3, .flexible_from = 2};
    struct Owner {
        std::string_view principal_type;
        std::string_view principal_name;
        static constexpr void fields(auto& m, auto& f) {
            f("principalType", m.principal_type, since(0));
            f("principalName", m.principal_name, since(0));
        }
    };
    std::optional<Array<Owner>> owners = Array<Owner>{};
    static constexpr void fields(auto& m, auto& f) { f("owners", m.owners, since(0).nullable(0)); }
};

struct DescribeDelegationTokenResponse {
    static constexpr Api api{.key = 41, .name = "DescribeDelegationToken", .min = 1, .max = 3, .flexible_from = 2};
    struct Token {
        struct Renewer {
            std::string principal_type;
            std::string principal_name;
            static constexpr void fields(auto& m, auto& f) {
                f("principalType", m.principal_type, since(0));
                f("principalName", m.principal_name, since(0));
            }
        };
        std::string principal_type;
        std::string principal_name;
        std::string token_requester_principal_type;
        std::string token_requester_principal_name;
        std::int64_t issue_timestamp{};
        std::int64_t expiry_timestamp{};
        std::int64_t max_timestamp{};
        std::string token_id;
        Blob hmac;
        std::vector<Renewer> renewers;
        static constexpr void fields(auto& m, auto& f) {
            f("principalType", m.principal_type, since(0));
            f("principalName", m.principal_name, since(0));
            f("tokenRequesterPrincipalType", m.token_requester_principal_type, since(3));
            f("tokenRequesterPrincipalName", m.token_requester_principal_name, since(3));
            f("issueTimestamp", m.issue_timestamp, since(0));
            f("expiryTimestamp", m.expiry_timestamp, since(0));
            f("maxTimestamp", m.max_timestamp, since(0));
            f("tokenId", m.token_id, since(0));
            f("hmac", m.hmac, since(0));
            f("renewers", m.renewers, since(0));
        }
    };
    ErrorCode error_code{};
    std::vector<Token> tokens;
    std::int32_t throttle_time_ms{};
    static constexpr void fields(auto& m, auto& f) {
        f("errorCode", m.error_code, since(0));
        f("tokens", m.tokens, since(0));
        f("throttleTimeMs", m.throttle_time_ms, since(0));
    }
};

}   // namespace sluice::kafka
