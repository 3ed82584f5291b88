#include "emulator/kafka/security/tokens.h"

#include <algorithm>

#include "emulator/kafka/groups/stored.h"

namespace sluice::kafka {

bool Token::may_renew(const Principal& who) const {
    return who == owner || who == requester || std::ranges::find(renewers, who) != renewers.end();
}

const ScramCredential& Token::credential(ScramHash hash) const {
    auto& kept = credentials_[hash == ScramHash::sha512 ? 1 : 0];
    if (!kept) kept = credential_of(hash, to_base64(hmac), id, least_iterations);
    return *kept;
}

Tokens::Tokens(streams::Engine& engine, streams::World& world) : engine_(engine), world_(world) {
    engine_.scan(world_, prefix, [&](std::string_view key, std::string_view value) { take(key.substr(prefix.size()), value); });
}

void Tokens::take(std::string_view id, std::string_view value) {
    const auto stored = unpack<StoredToken>(value);
    if (!stored) return;
    Token token;
    token.id = id;
    token.hmac = as_text(stored->hmac);
    token.owner = {stored->owner.type, stored->owner.name};
    token.requester = {stored->requester.type, stored->requester.name};
    for (const auto& [type, name] : stored->renewers) token.renewers.push_back({type, name});
    token.issued_ms = stored->issued_ms;
    token.expires_ms = stored->expires_ms;
    token.latest_ms = stored->latest_ms;
    keep(std::move(token));
}

void Tokens::keep(Token token) {
    drop(token.id);
    by_hmac_[token.hmac] = token.id;
    due_.emplace(token.expires_ms, token.id);
    auto id = token.id;
    tokens_.emplace(std::move(id), std::move(token));
}

void Tokens::drop(std::string_view id) {
    const auto found = tokens_.find(id);
    if (found == tokens_.end()) return;
    by_hmac_.erase(found->second.hmac);
    due_.erase({found->second.expires_ms, found->first});
    tokens_.erase(found);
}

const Token* Tokens::find(std::string_view id, std::int64_t now_ms) const {
    const auto found = tokens_.find(id);
    return found == tokens_.end() || found->second.expires_ms <= now_ms ? nullptr : &found->second;
}

const Token* Tokens::find_by_hmac(std::string_view hmac, std::int64_t now_ms) const {
    const auto found = by_hmac_.find(hmac);
    return found == by_hmac_.end() ? nullptr : find(found->second, now_ms);
}

void Tokens::each(std::int64_t now_ms, const std::function<void(const Token&)>& visit) const {
    for (const auto& [id, token] : tokens_)
        if (token.expires_ms > now_ms) visit(token);
}

streams::Ticket Tokens::put(Token token) {
    StoredToken stored{.owner = {token.owner.type, token.owner.name},
                       .requester = {token.requester.type, token.requester.name},
                       .renewers = {},
                       .issued_ms = token.issued_ms,
                       .expires_ms = token.expires_ms,
                       .latest_ms = token.latest_ms,
                       .hmac = {as_bytes(token.hmac).begin(), as_bytes(token.hmac).end()}};
    for (const auto& [type, name] : token.renewers) stored.renewers.push_back({type, name});
    const auto key = std::string(prefix) + token.id;
    keep(std::move(token));
    return engine_.put(world_, key, pack(stored));
}

streams::Ticket Tokens::erase(std::string_view id) {
    const auto key = std::string(prefix).append(id);
    drop(id);
    return engine_.put(world_, key, {});
}

void Tokens::forget_expired(std::int64_t now_ms) {
    while (!due_.empty() && due_.begin()->first <= now_ms) (void)erase(std::string{due_.begin()->second});
}

void Tokens::unstored(std::string_view key) {
    if (!key.starts_with(prefix)) return;
    const auto id = key.substr(prefix.size());
    drop(id);
    if (const auto kept = engine_.get(world_, key)) take(id, *kept);
}

void Tokens::clear() {
    tokens_.clear();
    by_hmac_.clear();
    due_.clear();
}

}   // namespace sluice::kafka
