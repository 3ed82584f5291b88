#include "emulator/kafka/security/logins.h"

#include <cerrno>
#include <cstring>

#include "emulator/runtime/small_file.h"
#include "storage/store.h"

namespace sluice::kafka {
namespace {

constexpr std::size_t most_jwks_bytes = 1 << 20;

std::vector<std::string> comma_words(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        auto word = text.substr(0, text.find(','));
        text.remove_prefix(std::min(word.size() + 1, text.size()));
        while (word.starts_with(' ')) word.remove_prefix(1);
        while (word.ends_with(' ')) word.remove_suffix(1);
        if (!word.empty()) words.emplace_back(word);
    }
    return words;
}

std::string text_setting(const Configs& configs, std::string_view name) {
    return configs.broker(nullptr, *find_config(broker_configs(), name)).value.value_or("");
}

LoginRules rules_of(const Configs& configs, const LoginOptions& options) {
    return {.required = options.required,
            .mechanisms = comma_words(text_setting(configs, "sasl.enabled.mechanisms")),
            .longest = milliseconds{configs.number("connections.max.reauth.ms")}};
}

BearerRules bearer_rules_of(const Configs& configs, const LoginOptions& options) {
    BearerRules rules{.signed_only = options.required};
    const auto url = text_setting(configs, "sasl.oauthbearer.jwks.endpoint.url");
    if (url.empty()) return rules;
    constexpr std::string_view scheme = "file://";
    const auto fail = [&](const std::string& why) { throw storage::StartError("sasl.oauthbearer.jwks.endpoint.url: " + why); };
    if (!url.starts_with(scheme)) fail("the keys are read from a file only, like file:///etc/sluice/jwks.json");
    const auto path = url.substr(scheme.size());
    const auto text = read_small_file(path, most_jwks_bytes);
    if (!text) fail("cannot read " + path + ": " + std::strerror(text.error()));
    auto keys = read_jwks(*text);
    if (!keys) fail(path + " " + keys.error());
    rules.signed_only = true;
    rules.keys = *std::move(keys);
    rules.skew_ms = configs.number("sasl.oauthbearer.clock.skew.seconds") * 1000;
    rules.name_claim = text_setting(configs, "sasl.oauthbearer.sub.claim.name");
    rules.issuer = text_setting(configs, "sasl.oauthbearer.expected.issuer");
    rules.audiences = comma_words(text_setting(configs, "sasl.oauthbearer.expected.audience"));
    return rules;
}

}   // namespace

Logins::Logins(streams::Engine& engine, const Configs& configs, LoginOptions options)
    : engine_(engine),
      options_(std::move(options)),
      configs_(configs),
      rules_(rules_of(configs, options_)),
      principal_names_(*PrincipalNames::read(text_setting(configs, "ssl.principal.mapping.rules"))),   // checked as a setting
      failure_delay_(configs.number("connection.failed.authentication.delay.ms")),
      token_secret_(text_setting(configs, "delegation.token.secret.key")),
      users_(engine, engine.default_world()),
      tokens_(engine, engine.default_world()),
      bearer_rules_(bearer_rules_of(configs, options_)) {
    if (!options_.access_keys.empty()) verifier_ = std::make_unique<aws::Verifier>(options_.access_keys);
    for (const auto& [name, password] : options_.users) {
        auto& both = configured_[name];
        for (const auto hash : scram_hashes)
            both[hash == ScramHash::sha512 ? 1 : 0] = credential_of(hash, password, fresh_bytes(16), least_iterations);
    }
}

ClientAuth Logins::client_auth(const streams::World* world) const {
    const auto said = configs_.broker(world, *find_config(broker_configs(), "ssl.client.auth")).value.value_or("none");
    if (said == "required") return ClientAuth::required;
    return said == "requested" ? ClientAuth::requested : ClientAuth::none;
}

std::string Logins::fresh_bytes(std::size_t count) {
    std::string bytes;
    while (bytes.size() < count) {
        const auto more = engine_.random().next();
        bytes.append(reinterpret_cast<const char*>(&more), sizeof more);
    }
    bytes.resize(count);
    return bytes;
}

std::string Logins::fresh_nonce() { return Random::uuid_text(engine_.random().uuid()); }

std::int64_t Logins::real_ms() const { return to_ms(engine_.default_world().clock->real()); }

void Logins::unstored(std::string_view key) {
    users_.unstored(key);
    tokens_.unstored(key);
}

void Logins::clear() {
    users_.clear();
    tokens_.clear();
}

bool Logins::good_password(std::string_view user, std::string_view password) const {
    const auto found = options_.users.find(std::string(user));
    if (found == options_.users.end()) return !options_.required;
    return same_secret(digest(ScramHash::sha256, found->second), digest(ScramHash::sha256, password));
}

const ScramCredential* Logins::credential(ScramHash hash, std::string_view user) const {
    if (const auto* kept = users_.find(hash, user)) return kept;
    const auto found = configured_.find(user);
    if (found != configured_.end()) return &*found->second[hash == ScramHash::sha512 ? 1 : 0];
    engine_.events().note_once("Kafka door: a client logs in by " + std::string(name_of(hash)) +
                               " as a user that is not known; SCRAM proves a password, so name the user with --kafka-user "
                               "NAME:PASSWORD or make it with kafka-configs --alter --entity-type users");
    return nullptr;
}

std::optional<SaslSource::TokenLogin> Logins::token(ScramHash hash, std::string_view id) const {
    const auto* found = tokens_.find(id, real_ms());
    if (!found) return std::nullopt;
    return TokenLogin{&found->credential(hash), found->owner, found->expires_ms};
}

std::optional<Bearer> Logins::bearer(std::string_view token) const {
    if (const auto plain = from_base64(token, true); plain && plain->starts_with("https://")) {
        if (options_.required && !verifier_) return std::nullopt;
        return read_msk_url(*plain, verifier_.get(), engine_.default_world().clock->real());
    }
    return read_jwt(token, bearer_rules_, real_ms());
}

std::optional<Bearer> Logins::msk(std::string_view payload) const {
    if (options_.required && !verifier_) return std::nullopt;
    return read_msk_payload(payload, verifier_.get(), engine_.default_world().clock->real());
}

}   // namespace sluice::kafka
