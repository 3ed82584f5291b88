// What administrators set: ACLs, SCRAM users, client quotas, and configs of the cluster's brokers, of a group and of topics. What
// is acknowledged is told from then on, over restarts and kills; what is refused or was not stored is not. In the model all of it
// is one table of texts.
#include "protocol/kafka/messages/alter_client_quotas.h"
#include "protocol/kafka/messages/alter_user_scram_credentials.h"
#include "protocol/kafka/messages/create_acls.h"
#include "protocol/kafka/messages/delete_acls.h"
#include "protocol/kafka/messages/incremental_alter_configs.h"
#include "tests/sim/history.h"

namespace sluice::sim {

using kafka::ErrorCode;

void History::change_setting() {
    const auto kind = below(4);
    if (kind == 0) return change_acl();
    if (kind == 1) return change_user();
    if (kind == 2) return change_quota();
    change_config();
}

// `value`: empty when it is taken away. The answer says by a code what became of it.
std::function<void(ErrorCode)> History::set(const std::string& key, const std::string& value, bool wrong) {
    say("{} = {}{}", key, value.empty() ? "nothing" : value, wrong ? ", which is wrong" : "");
    if (wrong)
        return [this, key](ErrorCode code) {
            if (code == ErrorCode::none) broken("{}: a wrong value was accepted", key);
        };
    auto changed = change(key, [key, value](Model& m) {
        if (value.empty())
            m.settings.erase(key);
        else
            m.settings[key] = value;
    });
    return [this, key, changed](ErrorCode code) {
        changed->stored = code == ErrorCode::none;
        if (!*changed->stored && !armed_) broken("{}: answered {}", key, static_cast<int>(code));
    };
}

void History::change_acl() {
    const auto name = text(fmt::format("acl-{}", below(2))), who = text(fmt::format("User:u{}", below(2)));
    const auto operation = static_cast<std::int8_t>(3 + below(2)), permission = static_cast<std::int8_t>(2 + below(2));
    const auto key = acl_key(name, who, operation, permission);
    if (model_.settings.contains(key) && !one_in(4)) {
        auto owned = std::make_shared<kafka::DeleteAclsRequest::Filter>();
        *owned = {.resource_type_filter = 2,
                  .resource_name_filter = name,
                  .pattern_type_filter = 3,
                  .principal_filter = who,
                  .host_filter = "*",
                  .operation = operation,
                  .permission_type = permission};
        owned_.push_back(owned);
        return machine_->ask<kafka::DeleteAclsResponse>(
            kafka::DeleteAclsRequest{.filters = {owned.get(), 1}}, 3,
            hear<kafka::DeleteAclsResponse>([this, key, told = set(key, "", false)](auto& answer) {
                const auto& result = answer.filter_results[0];
                if (result.matching_acls.size() != 1) broken("{}: {} were removed", key, result.matching_acls.size());
                told(result.error_code != ErrorCode::none ? result.error_code : result.matching_acls[0].error_code);
            }));
    }
    const bool wrong = one_in(8);
    auto owned = std::make_shared<kafka::CreateAclsRequest::Creation>();
    *owned = {.resource_type = 2,
              .resource_name = name,
              .resource_pattern_type = 3,
              .principal = wrong ? "nobody" : who,
              .host = "*",
              .operation = operation,
              .permission_type = permission};
    owned_.push_back(owned);
    machine_->ask<kafka::CreateAclsResponse>(
        kafka::CreateAclsRequest{.creations = {owned.get(), 1}}, 3,
        hear<kafka::CreateAclsResponse>([told = set(key, "yes", wrong)](auto& answer) { told(answer.results[0].error_code); }));
}

void History::change_user() {
    const auto name = text(fmt::format("s{}", below(2)));
    const auto mechanism = static_cast<std::int8_t>(1 + below(2));
    const auto key = user_key(name, mechanism);
    kafka::AlterUserScramCredentialsRequest request;
    std::function<void(ErrorCode)> told;
    if (const bool there = model_.settings.contains(key); there ? one_in(3) : one_in(8)) {
        auto owned = std::make_shared<kafka::AlterUserScramCredentialsRequest::Deletion>();
        *owned = {.name = name, .mechanism = mechanism};
        owned_.push_back(owned);
        request.deletions = {owned.get(), 1};
        told = set(key, "", !there);
    } else {
        const bool wrong = one_in(8);
        const auto iterations = static_cast<std::int32_t>(wrong ? 1 + below(4000) : 4096 + below(1000));
        auto owned = std::make_shared<kafka::AlterUserScramCredentialsRequest::Upsertion>();
        *owned = {.name = name,
                  .mechanism = mechanism,
                  .iterations = iterations,
                  .salt = kafka::as_bytes("salt of someone"),
                  .salted_password = kafka::as_bytes(text(std::string(mechanism == 1 ? 32 : 64, 'p')))};
        owned_.push_back(owned);
        request.upsertions = {owned.get(), 1};
        told = set(key, std::to_string(iterations), wrong);
    }
    machine_->ask<kafka::AlterUserScramCredentialsResponse>(
        std::move(request), 0,
        hear<kafka::AlterUserScramCredentialsResponse>([told](auto& answer) { told(answer.results[0].error_code); }));
}

void History::change_quota() {
    struct Owned {
        kafka::AlterClientQuotasRequest::Entry::Entity entity;
        kafka::AlterClientQuotasRequest::Entry::Op op;
        kafka::AlterClientQuotasRequest::Entry entry;
    };
    auto owned = std::make_shared<Owned>();
    const auto name = text(fmt::format("q{}", below(2)));
    const bool user = one_in(2), there = !one_in(3), wrong = there && one_in(8);
    const auto rate = wrong ? 0 : 1 + below(100'000);
    owned->entity = {.entity_type = user ? "user" : "client-id", .entity_name = name};
    owned->op = {
        .key = one_in(2) ? "producer_byte_rate" : "consumer_byte_rate", .value = static_cast<double>(rate), .remove = !there};
    owned->entry = {.entity = {&owned->entity, 1}, .ops = {&owned->op, 1}};
    owned_.push_back(owned);
    const auto key = quota_key(owned->entity.entity_type, name, owned->op.key);
    machine_->ask<kafka::AlterClientQuotasResponse>(
        kafka::AlterClientQuotasRequest{.entries = {&owned->entry, 1}}, 1,
        hear<kafka::AlterClientQuotasResponse>(
            [told = set(key, there ? std::to_string(rate) : "", wrong)](auto& answer) { told(answer.entries[0].error_code); }));
}

void History::change_config() {
    struct Owned {
        kafka::IncrementalAlterConfigsRequest::Config config;
        kafka::IncrementalAlterConfigsRequest::Resource resource;
    };
    auto owned = std::make_shared<Owned>();
    const auto& asked = settable[below(std::size(settable))];
    std::string of{asked.resource};
    std::string key_of = of;
    if (asked.type == 2) {
        auto* stream = any_stream();
        if (!stream || stream->kinesis) return;
        of = stream->name;
        key_of = fmt::format("{}#{}", of, stream->serial);
    }
    const bool there = !one_in(3), wrong = there && one_in(8);
    const auto value = wrong ? "many" : std::to_string(asked.least + static_cast<std::int64_t>(below(1000)));
    owned->config = {.name = asked.name,
                     .config_operation = static_cast<std::int8_t>(there ? 0 : 1),
                     .value = there ? std::optional{text(value)} : std::nullopt};
    owned->resource = {.resource_type = asked.type, .resource_name = text(of), .configs = {&owned->config, 1}};
    owned_.push_back(owned);
    const auto key = config_key(asked.type, key_of, asked.name);
    machine_->ask<kafka::IncrementalAlterConfigsResponse>(
        kafka::IncrementalAlterConfigsRequest{.resources = {&owned->resource, 1}}, 1,
        hear<kafka::IncrementalAlterConfigsResponse>(
            [told = set(key, there ? value : "", wrong)](auto& answer) { told(answer.resources[0].error_code); }));
}

}   // namespace sluice::sim
