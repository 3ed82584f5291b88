// DescribeConfigs v1–4: the settings of topics, brokers and groups with their source and synonyms
// (KIP-226); types and documentation since v3 (KIP-569).
#pragma once

#include "protocol/kafka/errors.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct DescribeConfigsRequest {
    static constexpr Api api{.key = 32, .name = "DescribeConfigs", .min = 1, .max = 4, .flexible_from = 4};
    struct Resource {
        std::int8_t resource_type{};
        std::string_view resource_name;
        std::optional<Array<std::string_view>> configuration_keys = Array<std::string_view>{};
        static constexpr void fields(auto& m, auto& f) {
            f("resourceType", m.resource_type, since(0));
            f("resourceName", m.resource_name, since(0));
            f("configurationKeys", m.configuration_keys, since(0).nullable(0));
        }
    };
    Array<Resource> resources;
    bool include_synonyms{};
    bool include_documentation{};
    static constexpr void fields(auto& m, auto& f) {
        f("resources", m.resources, since(0));
        f("includeSynonyms", m.include_synonyms, since(1));
        f("includeDocumentation", m.include_documentation, since(3));
    }
};

struct DescribeConfigsResponse {
    static constexpr Api api{.key = 32, .name = "DescribeConfigs", .min = 1, .max = 4, .flexible_from = 4};
    struct Synonym {
        std::string name;
        std::optional<std::string> value = "";
        std::int8_t source{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(1));
            f("value", m.value, since(1).nullable(0));
            f("source", m.source, since(1));
        }
    };
    struct Config {
        std::string name;
        std::optional<std::string> value = "";
        bool read_only{};
        std::int8_t config_source = -1;
        bool is_sensitive{};
        std::vector<Synonym> synonyms;
        std::int8_t config_type{};
        std::optional<std::string> documentation = "";
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("value", m.value, since(0).nullable(0));
            f("readOnly", m.read_only, since(0));
            f("configSource", m.config_source, since(1));
            f("isSensitive", m.is_sensitive, since(0));
            f("synonyms", m.synonyms, since(1));
            f("configType", m.config_type, since(3));
            f("documentation", m.documentation, since(3).nullable(0));
        }
    };
    struct Result {
        ErrorCode error_code{};
        std::optional<std::string> error_message = "";
        std::int8_t resource_type{};
        std::string resource_name;
        std::vector<Config> configs;
        static constexpr void fields(auto& m, auto& f) {
            f("errorCode", m.error_code, since(0));
            f("errorMessage", m.error_message, since(0).nullable(0));
            f("resourceType", m.resource_type, since(0));
            f("resourceName", m.resource_name, since(0));
            f("configs", m.configs, since(0));
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
