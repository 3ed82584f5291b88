// DeleteAcls v1-3: each filter removes what passes it, and says what that was, also when another filter says it too. Codes and
// texts as seen on Kafka 4.4.0.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/delete_acls.h"

namespace sluice::kafka {

namespace {

AclFilter filter_of(const DeleteAclsRequest::Filter& asked) {
    return {.type = static_cast<ResourceType>(asked.resource_type_filter),
            .pattern = static_cast<PatternType>(asked.pattern_type_filter),
            .name = owned(asked.resource_name_filter),
            .principal = owned(asked.principal_filter),
            .host = owned(asked.host_filter),
            .operation = static_cast<AclOperation>(asked.operation),
            .permission = static_cast<AclPermission>(asked.permission_type)};
}

// A filter with a word that nobody knows passes nothing, and would remove nothing.
std::optional<std::string> unknown_word(const AclFilter& filter) {
    const auto within = [](auto word, auto last) { return word >= decltype(word){1} && word <= last; };
    if (!within(filter.type, ResourceType::user) || !within(filter.pattern, PatternType::prefixed))
        return "Unknown patternFilter.";
    if (!within(filter.operation, AclOperation::two_phase_commit) || !within(filter.permission, AclPermission::allow))
        return "Unknown entryFilter.";
    return std::nullopt;
}

}   // namespace

Task<DeleteAclsResponse> handle(Call& call, const DeleteAclsRequest& request) {
    DeleteAclsResponse response;
    auto& access = call.broker.access();
    const auto refused = access.enabled() ? refusal(call, ResourceType::cluster) : ErrorCode::security_disabled;
    struct Removed {
        std::size_t filter, acl;
        Acl entry;
        streams::Ticket ticket{};
    };
    std::vector<Removed> waiting;
    for (const auto& asked : request.filters) {
        auto& told = response.filter_results.emplace_back();
        told.error_message.reset();
        if (refused != ErrorCode::none) {
            told.error_code = refused;
            told.error_message = access.enabled() ? std::string(text_of(refused)) : "No Authorizer is configured.";
            continue;
        }
        if (auto unknown = unknown_word(filter_of(asked))) {
            told.error_code = ErrorCode::invalid_request;
            told.error_message = std::move(unknown);
            continue;
        }
        for (const auto& acl : access.acls().lists().found(filter_of(asked))) {
            told.matching_acls.push_back({.error_code = ErrorCode::none,
                                          .error_message = std::nullopt,
                                          .resource_type = static_cast<std::int8_t>(acl.type),
                                          .resource_name = acl.name,
                                          .pattern_type = static_cast<std::int8_t>(acl.pattern),
                                          .principal = acl.principal,
                                          .host = acl.host,
                                          .operation = static_cast<std::int8_t>(acl.operation),
                                          .permission_type = static_cast<std::int8_t>(acl.permission)});
            waiting.push_back({response.filter_results.size() - 1, told.matching_acls.size() - 1, acl});
        }
    }
    for (auto& one : waiting) one.ticket = access.remove(one.entry);
    for (const auto& one : waiting) {
        const auto committed = co_await one.ticket.committed();
        if (committed) continue;
        auto& told = response.filter_results[one.filter].matching_acls[one.acl];
        told.error_code = code_of(committed.error());
        told.error_message = std::string(text_of(told.error_code));
    }
    co_return response;
}

template Task<void> serve<DeleteAclsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
