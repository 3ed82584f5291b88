// DescribeUserScramCredentials v0: which mechanisms a user has, never the credentials (KIP-554).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeUserScramCredentialsRequest {
    static constexpr Api api{.key = 50, .name = "DescribeUserScramCredentials", .min = 0, .max = 0, .flexible_from = 0};
    struct User {
        std::string_view name;
        static constexpr void fields(auto& m, auto& f) { f("name", m.name, since(0)); }
    };
    std::optional<Array<User>> users = Array<User>{};
    static constexpr void fields(auto& m, auto& f) { f("users", m.users, since(0).nullable(0)); }
};

struct DescribeUserScramCredentialsResponse {
    static constexpr Api api{.key = 50, .name = "DescribeUserScramCredentials", .min = 0, .max = 0, .flexible_from = 0};
    struct Result {
        struct CredentialInfo {
            std::int8_t mechanism{};
            std::int32_t iterations{};
            static constexpr void fields(auto& m, auto& f) {
                f("mechanism", m.mechanism, since(0));
                f("iterations", m.iterations, since(0));
            }
        };
        std::string user;
        ErrorCode error_code{};
        std::optional<std::string> error_message = std::string{};
        std::vector<CredentialInfo> credential_infos;
        static constexpr void fields(auto& m, auto& f) {
            f("user", m.user, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("credentialInfos", m.credential_infos, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = std::string{};
    std::vector<Result> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("results", m.results, since(0));
    }
};

}   // namespace sluice::kafka
