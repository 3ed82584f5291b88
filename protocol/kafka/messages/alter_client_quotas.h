// AlterClientQuotas v0–1: sets and removes quotas of entities (KIP-546).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct AlterClientQuotasRequest {
    static constexpr Api api{.key = 49, .name = "AlterClientQuotas", .min = 0, .max = 1, .flexible_from = 1};
    struct Entry {
        struct Entity {
            std::string_view entity_type;
            std::optional<std::string_view> entity_name = std::string_view{};
            static constexpr void fields(auto& m, auto& f) {
                f("entityType", m.entity_type, since(0));
                f("entityName", m.entity_name, since(0).nullable(0));
            }
        };
        struct Op {
            std::string_view key;
            double value{};
            bool remove{};
            static constexpr void fields(auto& m, auto& f) {
                f("key", m.key, since(0));
                f("value", m.value, since(0));
                f("remove", m.remove, since(0));
            }
        };
        Array<Entity> entity;
        Array<Op> ops;
        static constexpr void fields(auto& m, auto& f) {
            f("entity", m.entity, since(0));
            f("ops", m.ops, since(0));
        }
    };
    Array<Entry> entries;
    bool validate_only{};
    static constexpr void fields(auto& m, auto& f) {
        f("entries", m.entries, since(0));
        f("validateOnly", m.validate_only, since(0));
    }
};

struct AlterClientQuotasResponse {
    static constexpr Api api{.key = 49, .name = "AlterClientQuotas", .min = 0, .max = 1, .flexible_from = 1};
    struct Entry {
        struct Entity {
            std::string entity_type;
            std::optional<std::string> entity_name = std::string{};
            static constexpr void fields(auto& m, auto& f) {
                f("entityType", m.entity_type, since(0));
                f("entityName", m.entity_name, since(0).nullable(0));
            }
        };
        ErrorCode error_code{};
        std::optional<std::string> error_message = std::string{};
        std::vector<Entity> entity;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("entity", m.entity, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    std::vector<Entry> entries;
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("entries", m.entries, since(0));
    }
};

}   // namespace sluice::kafka
