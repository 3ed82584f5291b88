// DescribeAcls v1-3: the lists that pass a filter, by resource. Codes and texts as seen on Kafka 4.4.0.
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_acls.h"

namespace sluice::kafka {

Task<DescribeAclsResponse> handle(Call& call, const DescribeAclsRequest& request) {
    DescribeAclsResponse response;
    const auto& access = call.broker.access();
    if (!access.enabled()) {
        response.error_code = ErrorCode::security_disabled;
        response.error_message = "No Authorizer is configured on the broker";
        co_return response;
    }
    const AclFilter filter{.type = static_cast<ResourceType>(request.resource_type_filter),
                           .pattern = static_cast<PatternType>(request.pattern_type_filter),
                           .name = owned(request.resource_name_filter),
                           .principal = owned(request.principal_filter),
                           .host = owned(request.host_filter),
                           .operation = static_cast<AclOperation>(request.operation),
                           .permission = static_cast<AclPermission>(request.permission_type)};
    for (auto& acl : call.broker.access().acls().lists().found(filter)) {
        const auto type = static_cast<std::int8_t>(acl.type), pattern = static_cast<std::int8_t>(acl.pattern);
        const bool same = !response.resources.empty() && response.resources.back().resource_type == type &&
                          response.resources.back().pattern_type == pattern &&
                          response.resources.back().resource_name == acl.name;
        if (!same)
            response.resources.push_back(
                {.resource_type = type, .resource_name = std::move(acl.name), .pattern_type = pattern, .acls = {}});
        response.resources.back().acls.push_back({.principal = std::move(acl.principal),
                                                  .host = std::move(acl.host),
                                                  .operation = static_cast<std::int8_t>(acl.operation),
                                                  .permission_type = static_cast<std::int8_t>(acl.permission)});
    }
    co_return response;
}

template Task<void> serve<DescribeAclsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
