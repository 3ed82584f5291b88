#include "emulator/kafka/security/acls.h"

#include <algorithm>

#include "emulator/kafka/groups/stored.h"
#include "protocol/aws/sigv4.h"
#include "storage/planted.h"

namespace sluice::kafka {
namespace {

constexpr std::string_view everybody = "User:*", everywhere = "*";

// What a permission for `granted` lets one do besides. A refusal refuses nothing else.
bool implies(AclOperation granted, AclOperation wanted) {
    if (wanted == AclOperation::describe)
        return granted == AclOperation::read || granted == AclOperation::write || granted == AclOperation::erase ||
               granted == AclOperation::alter;
    return wanted == AclOperation::describe_configs && granted == AclOperation::alter_configs;
}

std::size_t common_bytes(std::string_view a, std::string_view b) {
    return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

}   // namespace

bool AclFilter::passes(const Acl& acl) const {
    if (pattern < PatternType::any || pattern > PatternType::prefixed) return false;
    if (type != ResourceType::any && acl.type != type) return false;
    if (pattern == PatternType::literal || pattern == PatternType::prefixed) {
        if (acl.pattern != pattern || (name && acl.name != *name)) return false;
    } else if (name && pattern == PatternType::match) {
        const bool fits =
            acl.pattern == PatternType::prefixed ? name->starts_with(acl.name) : acl.name == *name || acl.name == "*";
        if (!fits) return false;
    } else if (name && acl.name != *name) {
        return false;
    }
    return (!principal || acl.principal == *principal) && (!host || acl.host == *host) &&
           (operation == AclOperation::any || acl.operation == operation) &&
           (permission == AclPermission::any || acl.permission == permission);
}

std::vector<Acl> AclLists::found(const AclFilter& filter) const {
    std::vector<Acl> found;
    std::ranges::copy_if(all_, std::back_inserter(found), [&](const Acl& acl) { return filter.passes(acl); });
    return found;
}

void AclLists::look(ResourceType type, PatternType pattern, std::string_view name, const Asked& asked, Seen& seen) const {
    const Acl first{.type = type, .pattern = pattern, .name = std::string(name), .principal = {}, .host = {}};
    for (auto acl = all_.lower_bound(first);
         acl != all_.end() && acl->type == type && acl->pattern == pattern && acl->name == name; ++acl) {
        seen.any = true;
        if (acl->principal != asked.principal && acl->principal != everybody) continue;
        if (acl->host != asked.host && acl->host != everywhere) continue;
        const bool exact = acl->operation == AclOperation::all || acl->operation == asked.operation;
        if (acl->permission == AclPermission::deny)
            seen.denied = seen.denied || exact;
        else
            seen.allowed = seen.allowed || exact || implies(acl->operation, asked.operation);
    }
}

bool AclLists::allows(std::string_view principal, std::string_view host, AclOperation operation, ResourceType type,
                      std::string_view name, bool if_none) const {
    const Asked asked{principal, host, operation};
    Seen seen;
    look(type, PatternType::literal, name, asked, seen);
    if (name != "*") look(type, PatternType::literal, "*", asked, seen);
    // From the name backward: what lies between it and the nearest list has more in common with that list than any earlier one.
    for (auto prefix = std::string(name); !seen.denied;) {
        const Acl behind{.type = type, .pattern = PatternType::prefixed, .name = prefix + '\0', .principal = {}, .host = {}};
        auto at = all_.lower_bound(behind);
        if (at == all_.begin()) break;
        --at;
        if (at->type != type || at->pattern != PatternType::prefixed) break;
        if (name.starts_with(at->name)) look(type, PatternType::prefixed, at->name, asked, seen);
        const auto common = common_bytes(name, at->name);
        if (common == 0) break;
        prefix.resize(std::min(common, at->name.size() - (common == at->name.size() ? 1 : 0)));
        if (prefix.empty()) break;
    }
    if (seen.denied) return false;
    if (seen.allowed) return true;
    return !seen.any && if_none;
}

bool AclLists::allows_any(std::string_view principal, std::string_view host, AclOperation operation, ResourceType type,
                          bool if_none) const {
    const Asked asked{principal, host, operation};
    Seen everything;
    look(type, PatternType::literal, "*", asked, everything);
    if (everything.denied) return false;
    const Acl first{.type = type, .pattern = PatternType::any, .name = {}, .principal = {}, .host = {}};
    for (auto acl = all_.lower_bound(first); acl != all_.end() && acl->type == type; ++acl) {
        if (acl->permission != AclPermission::allow) continue;
        Seen seen;
        look(type, acl->pattern, acl->name, asked, seen);
        if (seen.allowed && !seen.denied) return true;
    }
    return if_none;
}

Acls::Acls(streams::Engine& engine, streams::World& world) : engine_(engine), world_(world) {
    engine_.scan(world_, prefix, [&](std::string_view key, std::string_view value) {
        if (auto acl = unpack<Acl>(value)) {
            lists_.add(*acl);
            by_key_.emplace(key, *std::move(acl));
        }
    });
}

std::string Acls::key_of(std::string_view packed) { return std::string(prefix) + aws::hex(aws::sha256(packed)); }

streams::Ticket Acls::add(Acl acl) {
    const auto packed = pack(acl);
    const auto key = key_of(packed);
    lists_.add(acl);
    by_key_.insert_or_assign(key, std::move(acl));
    return engine_.put(world_, planted("acl-not-stored") ? "kafka/nowhere" : key, packed);
}

streams::Ticket Acls::remove(const Acl& acl) {
    const auto key = key_of(pack(acl));
    lists_.remove(acl);
    by_key_.erase(key);
    return engine_.put(world_, key, {});
}

void Acls::unstored(std::string_view key) {
    if (!key.starts_with(prefix)) return;
    if (const auto known = by_key_.find(key); known != by_key_.end()) {
        lists_.remove(known->second);
        by_key_.erase(known);
    }
    const auto kept = engine_.get(world_, key);
    auto acl = kept ? unpack<Acl>(*kept) : std::nullopt;
    if (!acl) return;
    lists_.add(*acl);
    by_key_.emplace(key, *std::move(acl));
}

void Acls::clear() {
    lists_.clear();
    by_key_.clear();
}

}   // namespace sluice::kafka
