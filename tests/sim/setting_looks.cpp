// All that is told of what administrators set, beside the model's table.
#include <algorithm>

#include "protocol/kafka/messages/describe_acls.h"
#include "protocol/kafka/messages/describe_client_quotas.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "protocol/kafka/messages/describe_user_scram_credentials.h"
#include "tests/sim/history.h"

namespace sluice::sim {

using kafka::ErrorCode;

std::string acl_key(std::string_view name, std::string_view who, int operation, int permission) {
    return fmt::format("ACL of topic {} for {}: {} {}", name, who, operation, permission);
}
std::string user_key(std::string_view name, int mechanism) { return fmt::format("SCRAM user {} by {}", name, mechanism); }
std::string quota_key(std::string_view type, std::string_view name, std::string_view rate) {
    return fmt::format("quota of {} {}: {}", type, name, rate);
}
std::string config_key(int type, std::string_view of, std::string_view name) {
    return fmt::format("config of {} '{}': {}", type, of, name);
}

void History::look_at_settings() {
    constexpr std::int8_t any = 1;
    std::map<std::string, std::string> told, expected;
    machine_->ask<kafka::DescribeAclsResponse>(
        kafka::DescribeAclsRequest{.resource_type_filter = any,
                                   .resource_name_filter = std::nullopt,
                                   .pattern_type_filter = any,
                                   .principal_filter = std::nullopt,
                                   .host_filter = std::nullopt,
                                   .operation = any,
                                   .permission_type = any},
        3, hear<kafka::DescribeAclsResponse>([&](auto& answer) {
            for (const auto& resource : answer.resources)
                for (const auto& acl : resource.acls)
                    told[acl_key(resource.resource_name, acl.principal, acl.operation, acl.permission_type)] = "yes";
        }));
    machine_->turn();
    kafka::DescribeUserScramCredentialsRequest all_users;
    all_users.users = std::nullopt;
    machine_->ask<kafka::DescribeUserScramCredentialsResponse>(
        std::move(all_users), 0, hear<kafka::DescribeUserScramCredentialsResponse>([&](auto& answer) {
            for (const auto& user : answer.results)
                for (const auto& one : user.credential_infos)
                    told[user_key(user.user, one.mechanism)] = std::to_string(one.iterations);
        }));
    machine_->turn();
    machine_->ask<kafka::DescribeClientQuotasResponse>(
        kafka::DescribeClientQuotasRequest{}, 1, hear<kafka::DescribeClientQuotasResponse>([&](auto& answer) {
            if (!answer.entries) return;
            for (const auto& entry : *answer.entries)
                for (const auto& value : entry.values)
                    told[quota_key(entry.entity[0].entity_type, entry.entity[0].entity_name.value_or("?"), value.key)] =
                        std::to_string(static_cast<std::int64_t>(value.value));
        }));
    machine_->turn();
    for (const auto& one : settable) {
        if (one.type != 2) {
            look_at_config(one, one.resource, std::string(one.resource), told);
            continue;
        }
        for (const auto& [name, stream] : model_.streams)
            look_at_config(one, name, fmt::format("{}#{}", name, stream.serial), told);
    }
    for (const auto& [key, value] : model_.settings) {
        const auto serial = key.find('#');   // of a topic: it goes with it
        const bool gone = serial != key.npos && std::ranges::none_of(model_.streams, [&](const auto& one) {
                              return key.find(fmt::format("#{}'", one.second.serial)) != key.npos;
                          });
        if (!gone) expected.emplace(key, value);
    }
    for (const auto& [key, value] : expected)
        if (const auto found = told.find(key); found == told.end() || found->second != value)
            broken("{}: {} is told in place of {}", key, found == told.end() ? "nothing" : found->second, value);
    for (const auto& [key, value] : told)
        if (!expected.contains(key)) broken("{}: {} is told in place of nothing", key, value);
}

void History::look_at_config(const Settable& one, std::string_view resource, const std::string& key_of,
                             std::map<std::string, std::string>& told) {
    const std::string_view name = one.name;
    kafka::DescribeConfigsRequest::Resource asked;
    asked.resource_type = one.type;
    asked.resource_name = resource;
    asked.configuration_keys = kafka::Array<std::string_view>{&name, 1};
    constexpr std::int8_t of_topic = 1, of_all_brokers = 3, of_group = 8;
    machine_->ask<kafka::DescribeConfigsResponse>(
        kafka::DescribeConfigsRequest{.resources = {&asked, 1}}, 4, hear<kafka::DescribeConfigsResponse>([&](auto& answer) {
            for (const auto& config : answer.results[0].configs) {
                const bool own = config.config_source == (one.type == 2 ? of_topic : one.type == 4 ? of_all_brokers : of_group);
                if (own) told[config_key(one.type, key_of, config.name)] = config.value.value_or("");
            }
        }));
    machine_->turn();
}

}   // namespace sluice::sim
