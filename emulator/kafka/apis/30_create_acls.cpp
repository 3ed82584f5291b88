// CreateAcls v1-3: one result for each, when it is stored. One that is there already is no fault. Codes and texts as seen on
// Kafka 4.4.0, the bound on long texts apart.
#include <algorithm>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/create_acls.h"

namespace sluice::kafka {

namespace {

using AclResult = CreateAclsResponse::Result;

void refuse_acl(AclResult& told, ErrorCode code, std::optional<std::string> text) {
    told.error_code = code;
    told.error_message = std::move(text);
}

// Words of filters, which no ACL has: Kafka refuses all of the request for one of them.
bool is_filter(const CreateAclsRequest::Creation& asked) {
    const auto pattern = static_cast<PatternType>(asked.resource_pattern_type);
    return static_cast<ResourceType>(asked.resource_type) == ResourceType::any || pattern == PatternType::any ||
           pattern == PatternType::match || static_cast<AclOperation>(asked.operation) == AclOperation::any ||
           static_cast<AclPermission>(asked.permission_type) == AclPermission::any;
}

// Nothing: `told` says why not.
std::optional<Acl> acl_of(const CreateAclsRequest::Creation& asked, AclResult& told) {
    const auto refuse = [&](ErrorCode code, std::optional<std::string> text) {
        refuse_acl(told, code, std::move(text));
        return std::nullopt;
    };
    const auto type = static_cast<ResourceType>(asked.resource_type);
    const auto pattern = static_cast<PatternType>(asked.resource_pattern_type);
    const auto operation = static_cast<AclOperation>(asked.operation);
    const auto permission = static_cast<AclPermission>(asked.permission_type);
    if (type <= ResourceType::any || type > ResourceType::user)
        return refuse(ErrorCode::invalid_request, "Invalid resourceType UNKNOWN");
    if (pattern != PatternType::literal && pattern != PatternType::prefixed)
        return refuse(ErrorCode::invalid_request, "Invalid patternType UNKNOWN");
    if (operation <= AclOperation::any || operation > AclOperation::two_phase_commit)
        return refuse(ErrorCode::invalid_request, "Invalid operation UNKNOWN");
    if (permission != AclPermission::deny && permission != AclPermission::allow)
        return refuse(ErrorCode::invalid_request, "Invalid permissionType UNKNOWN");
    if (asked.resource_name.empty()) return refuse(ErrorCode::invalid_request, "Invalid empty resource name");
    if (type == ResourceType::cluster && asked.resource_name != the_cluster)
        return refuse(ErrorCode::invalid_request, "The only valid name for the CLUSTER resource is kafka-cluster");
    if (!parse_principal(asked.principal))
        return refuse(ErrorCode::invalid_request,
                      "Could not parse principal from `" + std::string(asked.principal) +
                          "` (no colon is present separating the principal type from the principal name)");
    if (asked.host.empty()) return refuse(ErrorCode::invalid_request, "Host pattern cannot be null or empty");
    if (std::max({asked.resource_name.size(), asked.principal.size(), asked.host.size()}) > Acls::longest_text)
        return refuse(ErrorCode::invalid_request,
                      "A text of an ACL must not have more than " + std::to_string(Acls::longest_text) + " bytes");
    return Acl{.type = type,
               .pattern = pattern,
               .name = std::string(asked.resource_name),
               .principal = std::string(asked.principal),
               .host = std::string(asked.host),
               .operation = operation,
               .permission = permission};
}

}   // namespace

Task<CreateAclsResponse> handle(Call& call, const CreateAclsRequest& request) {
    CreateAclsResponse response;
    auto& access = call.broker.access();
    const auto refused = refusal(call, ResourceType::cluster);
    const bool filters = std::ranges::any_of(request.creations, is_filter);
    std::vector<std::pair<std::size_t, streams::Ticket>> waiting;
    for (const auto& asked : request.creations) {
        auto& told = response.results.emplace_back();
        if (!access.enabled())
            refuse_acl(told, ErrorCode::security_disabled, "No Authorizer is configured.");
        else if (refused != ErrorCode::none)
            refuse_acl(told, refused, std::string(text_of(refused)));
        else if (filters)
            refuse_acl(told, ErrorCode::unknown_server_error, std::nullopt);
        else if (auto acl = acl_of(asked, told))
            waiting.emplace_back(response.results.size() - 1, access.add(*std::move(acl)));
    }
    for (const auto& [index, ticket] : waiting) {
        const auto committed = co_await ticket.committed();
        if (!committed)
            refuse_acl(response.results[index], code_of(committed.error()), std::string(text_of(code_of(committed.error()))));
    }
    co_return response;
}

template Task<void> serve<CreateAclsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
