// AlterClientQuotas v0-1: sets and removes quotas; an entry is carried out whole, and answered when it is stored. Codes and texts
// as seen on Kafka 4.4.0.
#include <algorithm>
#include <cmath>
#include <set>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/alter_client_quotas.h"

namespace sluice::kafka {

namespace {

using QuotaEntry = AlterClientQuotasRequest::Entry;

struct QuotaFault {
    ErrorCode code = ErrorCode::invalid_request;
    std::string text;
};

std::expected<QuotaEntity, QuotaFault> quota_entity(const QuotaEntry& asked) {
    const auto wrong = [](std::string text) { return std::unexpected{QuotaFault{.text = std::move(text)}}; };
    QuotaEntity entity;
    if (asked.entity.size() == 0) return wrong("Invalid empty client quota entity");
    for (const auto& [type, name] : asked.entity) {
        auto* const part = type == "user"        ? &entity.user
                           : type == "client-id" ? &entity.client
                           : type == "ip"        ? &entity.ip
                                                 : nullptr;
        if (!part) return wrong("Unhandled client quota entity type: " + std::string(type));
        if (name && name->empty()) return wrong("Empty " + std::string(type) + " not supported");
        if (name && name->size() > Quotas::longest_name)
            return wrong("A name must not have more than " + std::to_string(Quotas::longest_name) + " bytes");
        *part = owned(name);
    }
    if (entity.ip && (entity.user || entity.client))
        return wrong("Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId");
    if (!entity.ip || !*entity.ip) return entity;
    boost::system::error_code error;
    (void)asio::ip::make_address(**entity.ip, error);
    if (error) return wrong(**entity.ip + " is not a valid IP or resolvable host.");
    return entity;
}

// As Java prints a map.
std::string entries_of(const AlterClientQuotasResponse::Entry& told) {
    std::string text;
    for (const auto* type : {"client-id", "user", "ip"})
        for (const auto& part : told.entity)
            if (part.entity_type == type)
                text += (text.empty() ? "" : ", ") + part.entity_type + "=" + part.entity_name.value_or("null");
    return "{" + text + "}";
}

std::optional<QuotaFault> quota_fault(const QuotaEntity& entity, const QuotaEntry::Op& op) {
    if (op.remove) return std::nullopt;   // of any name
    const std::string key{op.key};
    const bool bytes = key == "producer_byte_rate" || key == "consumer_byte_rate";
    const bool known =
        entity.ip ? key == "connection_creation_rate" : bytes || key == "request_percentage" || key == "controller_mutation_rate";
    if (!known) return QuotaFault{.text = "Invalid configuration key " + key};
    if (!(op.value > 0) || !std::isfinite(op.value)) return QuotaFault{.text = "Quota " + key + " must be greater than 0"};
    const bool whole_number = bytes || key == "connection_creation_rate";
    if (whole_number && op.value != std::floor(op.value)) return QuotaFault{.text = key + " cannot be a fractional value."};
    if (whole_number && op.value > 9e18) return QuotaFault{.text = "Quota " + key + " is too large"};
    return std::nullopt;
}

}   // namespace

Task<AlterClientQuotasResponse> handle(Call& call, const AlterClientQuotasRequest& request) {
    AlterClientQuotasResponse response;
    auto& quotas = call.broker.quotas();
    const auto denied = refusal(call, ResourceType::cluster);
    std::vector<std::pair<std::size_t, streams::Ticket>> waiting;
    for (const auto& asked : request.entries) {
        auto& told = response.entries.emplace_back();
        told.error_message.reset();
        // A type that stands twice is what its last one says.
        for (const auto& [type, name] : asked.entity) {
            const auto twice = std::ranges::find(told.entity, type, &AlterClientQuotasResponse::Entry::Entity::entity_type);
            if (twice == told.entity.end())
                told.entity.push_back({std::string(type), owned(name)});
            else
                twice->entity_name = owned(name);
        }
        const auto refuse = [&](ErrorCode code, std::string text) {
            told.error_code = code;
            told.error_message = std::move(text);
        };
        if (denied != ErrorCode::none) {
            refuse(denied, std::string(text_of(denied)));
            continue;
        }
        if (std::set<std::string_view> keys;
            std::ranges::any_of(asked.ops, [&](const auto& op) { return !keys.insert(op.key).second; })) {
            refuse(ErrorCode::invalid_request, "Ignoring duplicate entity ClientQuotaEntity(entries=" + entries_of(told) + ")");
            continue;
        }
        const auto entity = quota_entity(asked);
        if (!entity) {
            refuse(entity.error().code, entity.error().text);
            continue;
        }
        const auto known = quotas.all().find(*entity);
        auto values = known == quotas.all().end() ? QuotaValues{} : known->second;
        std::optional<QuotaFault> fault;
        for (const auto& op : asked.ops) {
            fault = quota_fault(*entity, op);
            if (fault) break;
            if (op.remove)
                values.erase(std::string(op.key));
            else
                values[std::string(op.key)] = op.value;
        }
        if (fault)
            refuse(fault->code, fault->text);
        else if (!request.validate_only)
            waiting.emplace_back(response.entries.size() - 1, quotas.put(*entity, std::move(values)));
    }
    for (const auto& [index, ticket] : waiting) {
        const auto committed = co_await ticket.committed();
        if (committed) continue;
        response.entries[index].error_code = code_of(committed.error());
        response.entries[index].error_message = std::string(text_of(code_of(committed.error())));
    }
    co_return response;
}

template Task<void> serve<AlterClientQuotasRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
