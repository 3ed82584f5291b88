// DescribeClientQuotas v0-1: quotas whose entity passes a filter. `strict`: it has no other parts. Codes and texts as seen on
// Kafka 4.4.0.
#include <set>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/describe_client_quotas.h"

namespace sluice::kafka {

namespace {

using Component = DescribeClientQuotasRequest::Component;

DescribeClientQuotasResponse no_quotas(ErrorCode code, std::string text) {
    DescribeClientQuotasResponse response;
    response.error_code = code;
    response.error_message = std::move(text);
    response.entries.reset();
    return response;
}

const std::optional<QuotaEntity::Name>* part_of(const QuotaEntity& entity, std::string_view type) {
    if (type == "user") return &entity.user;
    if (type == "client-id") return &entity.client;
    return type == "ip" ? &entity.ip : nullptr;
}

bool passes_quota(const QuotaEntity& entity, const Component& wanted) {
    const auto& part = *part_of(entity, wanted.entity_type);
    if (!part) return false;
    switch (wanted.match_type) {
        case 0:   // this name
            return *part == wanted.match;
        case 1:   // the default
            return !*part;
        default:   // any
            return true;
    }
}

}   // namespace

Task<DescribeClientQuotasResponse> handle(Call& call, const DescribeClientQuotasRequest& request) {
    if (const auto denied = refusal(call, ResourceType::cluster); denied != ErrorCode::none)
        co_return no_quotas(denied, std::string(text_of(denied)));
    std::set<std::string_view> named;
    for (const auto& wanted : request.components) {
        const std::string type{wanted.entity_type};
        if (!named.insert(wanted.entity_type).second)
            co_return no_quotas(ErrorCode::invalid_request,
                                "Entity type " + type + " cannot appear more than once in the filter.");
        if (type.empty()) co_return no_quotas(ErrorCode::invalid_request, "Invalid empty entity type.");
        if (wanted.match_type < 0 || wanted.match_type > 2)
            co_return no_quotas(ErrorCode::invalid_request, "Unknown match type " + std::to_string(wanted.match_type));
        if (!part_of({}, wanted.entity_type))
            co_return no_quotas(ErrorCode::unsupported_version, "Unsupported entity type " + type);
        if (wanted.match_type == 0 && !wanted.match)
            co_return no_quotas(ErrorCode::invalid_request, "Request specified MATCH_TYPE_EXACT, but set match string to null.");
        if (wanted.match_type > 0 && wanted.match)
            co_return no_quotas(ErrorCode::invalid_request, std::string("Request specified MATCH_TYPE_") +
                                                                (wanted.match_type == 1 ? "DEFAULT" : "SPECIFIED") +
                                                                ", but also specified a match string.");
    }
    if (named.contains("ip") && named.size() > 1)
        co_return no_quotas(ErrorCode::invalid_request,
                            "Invalid entity filter component combination. IP filter component should not be used with user or "
                            "clientId filter component.");
    DescribeClientQuotasResponse response;
    response.entries.emplace();
    for (const auto& [entity, values] : call.broker.quotas().all()) {
        const auto parts = static_cast<std::size_t>(entity.user.has_value() + entity.client.has_value() + entity.ip.has_value());
        if (request.strict && parts != request.components.size()) continue;
        if (!std::ranges::all_of(request.components, [&](const auto& wanted) { return passes_quota(entity, wanted); })) continue;
        auto& told = response.entries->emplace_back();
        for (const auto* type : {"ip", "client-id", "user"})
            if (const auto& part = *part_of(entity, type)) told.entity.push_back({.entity_type = type, .entity_name = *part});
        for (const auto& [key, value] : values) told.values.push_back({.key = key, .value = value});
    }
    co_return response;
}

template Task<void> serve<DescribeClientQuotasRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
