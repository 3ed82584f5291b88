#include "emulator/kafka/security/quotas.h"

#include <algorithm>
#include <limits>

#include "emulator/kafka/groups/stored.h"
#include "protocol/aws/sigv4.h"
#include "storage/planted.h"

namespace sluice::kafka {
namespace {

StoredQuota stored_quota(const QuotaEntity& entity, const QuotaValues& values) {
    StoredQuota stored;
    std::int8_t kind = 0;
    for (const auto* part : {&entity.user, &entity.client, &entity.ip}) {
        if (*part) stored.parts.push_back({kind, **part});
        ++kind;
    }
    for (const auto& [key, value] : values) stored.values.push_back({key, value});
    return stored;
}

QuotaEntity entity_of(const StoredQuota& stored) {
    QuotaEntity entity;
    for (const auto& part : stored.parts) (part.kind == 0 ? entity.user : part.kind == 1 ? entity.client : entity.ip) = part.name;
    return entity;
}

}   // namespace

Quotas::Quotas(streams::Engine& engine, streams::World& world, const Configs& configs)
    : engine_(engine),
      world_(world),
      window_{configs.number("quota.window.num"), configs.number("quota.window.size.seconds") * 1000},
      mutation_window_{configs.number("controller.quota.window.num"),
                       configs.number("controller.quota.window.size.seconds") * 1000} {
    engine_.scan(world_, prefix, [&](std::string_view key, std::string_view value) { take(key, value); });
}

std::string Quotas::key_of(const QuotaEntity& entity) {
    return std::string(prefix) + aws::hex(aws::sha256(pack(stored_quota(entity, {}))));
}

void Quotas::take(std::string_view, std::string_view value) {
    const auto stored = unpack<StoredQuota>(value);
    if (!stored) return;
    auto& values = quotas_[entity_of(*stored)];
    values.clear();
    for (const auto& [key, number] : stored->values) values[key] = number;
}

streams::Ticket Quotas::put(const QuotaEntity& entity, QuotaValues values) {
    const auto key = key_of(entity);
    const auto packed = values.empty() ? std::string{} : pack(stored_quota(entity, values));
    if (values.empty())
        quotas_.erase(entity);
    else
        quotas_.insert_or_assign(entity, std::move(values));
    return engine_.put(world_, key, packed);
}

void Quotas::unstored(std::string_view key) {
    if (!key.starts_with(prefix) || planted("failed-quota-kept")) return;
    std::erase_if(quotas_, [&](const auto& entry) { return key_of(entry.first) == key; });
    if (const auto kept = engine_.get(world_, key)) take(key, *kept);
}

void Quotas::clear() {
    quotas_.clear();
    rates_.clear();
    buckets_.clear();
}

std::int64_t Quotas::now_ms() const { return to_ms(world_.clock->now()); }

const double* Quotas::value_of(const QuotaEntity& entity, std::string_view key) const {
    const auto found = quotas_.find(entity);
    if (found == quotas_.end()) return nullptr;
    const auto value = found->second.find(std::string(key));
    return value == found->second.end() ? nullptr : &value->second;
}

// Kafka, ClientQuotaManager: the most special one counts. A quota of a user is shared by all of its clients, one of a client by
// all of its users.
std::optional<Quotas::Limit> Quotas::limit_of(const Call& call, std::string_view key) const {
    if (quotas_.empty()) return std::nullopt;
    using Name = QuotaEntity::Name;
    const Name user = call.principal().name, client = call.client_id(), others = std::nullopt;
    const std::tuple<std::optional<Name>, std::optional<Name>> order[] = {
        {user, client},   {user, others},         {user, std::nullopt},   {others, client},
        {others, others}, {others, std::nullopt}, {std::nullopt, client}, {std::nullopt, others}};
    for (const auto& [of_user, of_client] : order) {
        const auto* value = value_of({.user = of_user, .client = of_client, .ip = {}}, key);
        if (value) return Limit{*value, of_user ? *user : std::string{}, of_client ? *client : std::string{}};
    }
    return std::nullopt;
}

// Clients choose their own names, so what was silent for a whole window is forgotten as the number of them grows.
Rate& Quotas::rate_of(std::string_view key, const Limit& limit) {
    if (rates_.size() >= swept_at_) {
        const auto now = now_ms();
        for (auto at = rates_.begin(); at != rates_.end();) at = at->second.silent(now) ? rates_.erase(at) : std::next(at);
        swept_at_ = std::max<std::size_t>(1000, 2 * rates_.size());
    }
    return rates_.try_emplace(Shared{key, limit.user, limit.client}, window_).first->second;
}

milliseconds Quotas::produced(const Call& call, std::size_t bytes) {
    const auto limit = limit_of(call, "producer_byte_rate");
    if (!limit) return milliseconds{0};
    auto& rate = rate_of("producer_byte_rate", *limit);
    rate.record(static_cast<double>(bytes), now_ms());
    return milliseconds{rate.throttle_ms(limit->value, now_ms())};
}

milliseconds Quotas::fetched(const Call& call, std::size_t bytes) {
    const auto limit = limit_of(call, "consumer_byte_rate");
    if (!limit) return milliseconds{0};
    auto& rate = rate_of("consumer_byte_rate", *limit);
    rate.record(static_cast<double>(bytes), now_ms());
    const auto throttle = rate.throttle_ms(limit->value, now_ms());
    if (throttle > 0) rate.record(-static_cast<double>(bytes), now_ms());
    return milliseconds{throttle};
}

std::optional<milliseconds> Quotas::worked(const Call& call, std::chrono::nanoseconds time) {
    constexpr std::string_view key = "request_percentage";
    const auto limit = limit_of(call, key);
    if (!limit) return std::nullopt;
    auto& rate = rate_of(key, *limit);
    rate.record(std::chrono::duration<double>(time).count() * 100, now_ms());
    return milliseconds{std::min(rate.throttle_ms(limit->value, now_ms()), window_.span_ms)};   // never longer, as in Kafka
}

bool charge_time(Call& call) {
    if (!call.begun) return false;
    const auto time = call.worked ? *call.worked : call.world.clock->ticks() - *call.begun;
    const auto wait = call.broker.quotas().worked(call, time);
    if (wait) call.throttle = std::max(call.throttle, *wait);
    return wait && *wait > milliseconds{0};
}

std::optional<std::int64_t> Quotas::most_fetched(const Call& call) {
    const auto limit = limit_of(call, "consumer_byte_rate");
    if (!limit) return std::nullopt;
    const auto bytes = limit->value * static_cast<double>((window_.samples - 1) * window_.span_ms) / 1000;
    return static_cast<std::int64_t>(std::clamp(bytes, 1.0, 1e12));
}

milliseconds Quotas::connected(const std::string& address) {
    if (quotas_.empty()) return milliseconds{0};
    constexpr std::string_view key = "connection_creation_rate";
    const auto* value = value_of({.user = {}, .client = {}, .ip = QuotaEntity::Name{address}}, key);
    if (!value) value = value_of({.user = {}, .client = {}, .ip = QuotaEntity::Name{}}, key);
    if (!value) return milliseconds{0};
    auto& rate = rate_of(key, {*value, address, {}});
    rate.record(1, now_ms());
    const auto throttle = rate.throttle_ms(*value, now_ms());
    if (throttle > 0) rate.record(-1, now_ms());
    return milliseconds{throttle};
}

Quotas::Mutations Quotas::mutations(const Call& call, bool strict) {
    Mutations mutations;
    const auto limit = limit_of(call, "controller_mutation_rate");
    if (!limit) return mutations;
    mutations.bucket_ = &buckets_.try_emplace(Shared{"", limit->user, limit->client}, mutation_window_).first->second;
    mutations.limit_ = limit->value;
    mutations.strict_ = strict;
    mutations.now_ms_ = now_ms();
    return mutations;
}

bool Quotas::Mutations::take(std::int64_t partitions) {
    if (!bucket_) return true;
    if (bucket_->tokens(limit_, now_ms_) < 0 && strict_) return false;
    bucket_->take(static_cast<double>(partitions));
    return true;
}

milliseconds Quotas::Mutations::throttle() const {
    if (!bucket_) return milliseconds{0};
    const auto tokens = bucket_->tokens(limit_, now_ms_);
    return milliseconds{tokens >= 0 ? 0 : static_cast<std::int64_t>(std::min(-tokens / limit_ * 1000, 1e15) + 0.5)};
}

}   // namespace sluice::kafka
