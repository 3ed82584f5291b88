// AlterUserScramCredentials v0: deletes and sets credentials; the password itself never comes (KIP-554).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AlterUserScramCredentialsRequest {
    static constexpr Api api{.key = 51, .name = "AlterUserScramCredentials", .min = 0, .max = 0, .flexible_from = 0};
    struct Deletion {
        std::string_view name;
        std::int8_t mechanism{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("mechanism", m.mechanism, since(0));
        }
    };
    struct Upsertion {
        std::string_view name;
        std::int8_t mechanism{};
        std::int32_t iterations{};
        Bytes salt;
        Bytes salted_password;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("mechanism", m.mechanism, since(0));
            f("iterations", m.iterations, since(0));
            f("salt", m.salt, since(0));
            f("saltedPassword", m.salted_password, since(0));
        }
    };
    Array<Deletion> deletions;
    Array<Upsertion> upsertions;
    static constexpr void fields(auto& m, auto& f) {
        f("deletions", m.deletions, since(0));
        f("upsertions", m.upsertions, since(0));
    }
};

struct AlterUserScramCredentialsResponse {
    static constexpr Api api{.key = 51, .name = "AlterUserScramCredentials", .min = 0, .max = 0, .flexible_from = 0};
    struct Result {
        std::string user;
        ErrorCode error_code{};
        std::optional<std::string> error_message = std::string{};
        static constexpr void fields(auto& m, auto& f) {
            f("user", m.user, since(0));
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Result> results;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("results", m.results, since(0));
    }
};

}   // namespace sluice::kafka
