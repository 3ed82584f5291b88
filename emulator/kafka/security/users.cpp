#include "emulator/kafka/security/users.h"

#include "emulator/kafka/groups/stored.h"
#include "storage/planted.h"

namespace sluice::kafka {
namespace {

std::size_t scram_place(ScramHash hash) { return hash == ScramHash::sha512 ? 1 : 0; }
Blob scram_blob(std::string_view text) { return {as_bytes(text).begin(), as_bytes(text).end()}; }

}   // namespace

Users::Users(streams::Engine& engine, streams::World& world) : engine_(engine), world_(world) {
    engine_.scan(world_, prefix, [&](std::string_view key, std::string_view value) { take(key, value); });
}

std::string Users::key_of(ScramHash hash, std::string_view user) {
    return std::string(prefix) + std::to_string(static_cast<int>(hash)) + "/" + std::string(user);
}

void Users::take(std::string_view key, std::string_view value) {
    key.remove_prefix(prefix.size());
    if (key.size() < 3 || (key[0] != '1' && key[0] != '2') || key[1] != '/') return;
    const auto stored = unpack<StoredScram>(value);
    if (!stored) return;
    users_[std::string(key.substr(2))][key[0] == '2' ? 1 : 0] =
        ScramCredential{.salt = std::string(as_text(stored->salt)),
                        .stored_key = std::string(as_text(stored->stored_key)),
                        .server_key = std::string(as_text(stored->server_key)),
                        .iterations = stored->iterations};
}

const ScramCredential* Users::find(ScramHash hash, std::string_view user) const {
    const auto* found = find(user);
    return found && (*found)[scram_place(hash)] ? &*(*found)[scram_place(hash)] : nullptr;
}

const Users::Credentials* Users::find(std::string_view user) const {
    const auto found = users_.find(user);
    return found == users_.end() ? nullptr : &found->second;
}

void Users::each(const std::function<void(const std::string&, const Credentials&)>& visit) const {
    for (const auto& [user, credentials] : users_) visit(user, credentials);
}

streams::Ticket Users::put(ScramHash hash, std::string_view user, ScramCredential credential) {
    const StoredScram stored{.salt = scram_blob(credential.salt),
                             .stored_key = scram_blob(credential.stored_key),
                             .server_key = scram_blob(credential.server_key),
                             .iterations = credential.iterations};
    users_[std::string(user)][scram_place(hash)] = std::move(credential);
    return engine_.put(world_, key_of(hash, user), pack(stored));
}

streams::Ticket Users::erase(ScramHash hash, std::string_view user) {
    const auto found = users_.find(user);
    found->second[scram_place(hash)].reset();
    if (!found->second[0] && !found->second[1]) users_.erase(found);
    if (planted("removed-user-comes-back")) return {};
    return engine_.put(world_, key_of(hash, user), {});
}

void Users::unstored(std::string_view key) {
    if (!key.starts_with(prefix) || key.size() < prefix.size() + 3) return;
    const auto user = key.substr(prefix.size() + 2);
    if (const auto found = users_.find(user); found != users_.end()) {
        found->second[key[prefix.size()] == '2' ? 1 : 0].reset();
        if (!found->second[0] && !found->second[1]) users_.erase(found);
    }
    if (const auto kept = engine_.get(world_, key)) take(key, *kept);
}

}   // namespace sluice::kafka
