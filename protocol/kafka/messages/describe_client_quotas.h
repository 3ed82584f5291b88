// DescribeClientQuotas v0–1: quotas whose entity passes a filter (KIP-546).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeClientQuotasRequest {
    static constexpr Api api{.key = 48, .name = "DescribeClientQuotas", .min = 0, .max = 1, .flexible_from = 1};
    struct Component {
        std::string_view entity_type;
        std::int8_t match_type{};
        std::optional<std::string_view> match = std::string_view{};
        static constexpr void fields(auto& m, auto& f) {
            f("entityType", m.entity_type, since(0));
            f("matchType", m.match_type, since(0));
            f("match", m.match, since(0).nullable(0));
        }
    };
    Array<Component> components;
    bool strict{};
    static constexpr void fields(auto& m, auto& f) {
        f("components", m.components, since(0));
        f("strict", m.strict, since(0));
    }
};

struct DescribeClientQuotasResponse {
    static constexpr Api api{.key = 48, .name = "DescribeClientQuotas", .min = 0, .max = 1, .flexible_from = 1};
    struct Entry {
        struct Entity {
            std::string entity_type;
            std::optional<std::string> entity_name = std::string{};
            static constexpr void fields(auto& m, auto& f) {
                f("entityType", m.entity_type, since(0));
                f("entityName", m.entity_name, since(0).nullable(0));
            }
        };
        struct Value {
            std::string key;
            double value{};
            static constexpr void fields(auto& m, auto& f) {
                f("key", m.key, since(0));
                f("value", m.value, since(0));
            }
        };
        std::vector<Entity> entity;
        std::vector<Value> values;
        static constexpr void fields(auto& m, auto& f) {
            f("entity", m.entity, since(0));
            f("values", m.values, since(0));
        }
    };
    std::int32_t throttle_time_ms{};
    ErrorCode error_code{};
    std::optional<std::string> error_message = std::string{};
    std::optional<std::vector<Entry>> entries = std::vector<Entry>{};
    static constexpr void fields(auto& m, auto& f) {
        f("throttleTimeMs", m.throttle_time_ms, since(0));
        f("errorCode", m.error_code, since(0));
        f("errorMessage", m.error_message, since(0).nullable(0));
        f("entries", m.entries, since(0).nullable(0));
    }
};

}   // namespace sluice::kafka
