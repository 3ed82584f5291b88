#include "emulator/kafka/security/scram.h"

#include <algorithm>

#include "protocol/utf8.h"

namespace sluice::kafka {
namespace {

// A user's name with its commas and equals signs spelled out.
std::optional<std::string> plain_name(std::string_view escaped) {
    std::string name;
    for (std::size_t i = 0; i < escaped.size(); ++i) {
        if (escaped[i] != '=') {
            name += escaped[i];
            continue;
        }
        const auto code = escaped.substr(i, 3);
        if (code != "=2C" && code != "=3D") return std::nullopt;
        name += code == "=2C" ? ',' : '=';
        i += 2;
    }
    if (!is_utf8(name)) return std::nullopt;
    return name;
}

// Takes `key=VALUE` up to a comma or the end.
std::optional<std::string_view> take_field(std::string_view& rest, char key) {
    if (rest.size() < 2 || rest[0] != key || rest[1] != '=') return std::nullopt;
    const auto end = std::min(rest.find(','), rest.size());
    const auto value = rest.substr(2, end - 2);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return value;
}

bool printable(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != ','; });
}

}   // namespace

std::string_view name_of(ScramHash hash) { return hash == ScramHash::sha512 ? "SCRAM-SHA-512" : "SCRAM-SHA-256"; }

std::optional<ScramHash> scram_hash(std::string_view mechanism) {
    for (const auto hash : scram_hashes)
        if (name_of(hash) == mechanism) return hash;
    return std::nullopt;
}

ScramCredential credential_of_salted(ScramHash hash, std::string_view salted, std::string_view salt, std::int32_t iterations) {
    return {.salt = std::string(salt),
            .stored_key = digest(hash, hmac(hash, salted, "Client Key")),
            .server_key = hmac(hash, salted, "Server Key"),
            .iterations = iterations};
}

ScramCredential credential_of(ScramHash hash, std::string_view password, std::string_view salt, std::int32_t iterations) {
    return credential_of_salted(hash, stretched(hash, password, salt, iterations), salt, iterations);
}

std::optional<ClientFirst> parse_client_first(std::string_view message) {
    ClientFirst first;
    if (!message.starts_with("n,")) return std::nullopt;
    auto rest = message.substr(2);
    if (rest.starts_with(',')) {
        rest.remove_prefix(1);
    } else {
        const auto id = take_field(rest, 'a');
        const auto plain = id ? plain_name(*id) : std::nullopt;
        if (!plain) return std::nullopt;
        first.authorization_id = *plain;
    }
    first.bare = rest;
    const auto name = take_field(rest, 'n');
    const auto user = name ? plain_name(*name) : std::nullopt;
    const auto nonce = take_field(rest, 'r');
    if (!user || user->empty() || !nonce || !printable(*nonce)) return std::nullopt;
    first.user = *user;
    first.nonce = *nonce;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        if (rest.substr(0, end) == "tokenauth=true") first.token = true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return first;
}

std::optional<ClientFinal> parse_client_final(std::string_view message) {
    ClientFinal last;
    auto rest = message;
    const auto binding = take_field(rest, 'c');
    const auto nonce = take_field(rest, 'r');
    if (!binding || !from_base64(*binding) || !nonce) return std::nullopt;
    const auto proof_at = message.rfind(",p=");
    if (proof_at == std::string_view::npos) return std::nullopt;
    auto proof = from_base64(message.substr(proof_at + 3));
    if (!proof) return std::nullopt;
    last.nonce = *nonce;
    last.without_proof = message.substr(0, proof_at);
    last.proof = *std::move(proof);
    return last;
}

bool good_proof(ScramHash hash, const ScramCredential& credential, std::string_view signed_text, std::string_view proof) {
    auto key = hmac(hash, credential.stored_key, signed_text);
    if (proof.size() != key.size()) return false;
    for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(key[i] ^ proof[i]);
    return same_secret(digest(hash, key), credential.stored_key);
}

std::string server_final(ScramHash hash, const ScramCredential& credential, std::string_view signed_text) {
    return "v=" + to_base64(hmac(hash, credential.server_key, signed_text));
}

}   // namespace sluice::kafka
