#include "emulator/kafka/security/signed_tokens.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "emulator/runtime/clock.h"

namespace sluice::kafka {
namespace {

using Json = nlohmann::json;

constexpr std::size_t most_depth = 16;

// Nothing: no JSON, or nested deeper than any token is.
std::optional<Json> parse_json(std::string_view text) {
    std::size_t depth = 0;
    bool deep = false;
    const auto watch = [&](int level, Json::parse_event_t, Json&) {
        depth = static_cast<std::size_t>(level);
        deep = deep || depth > most_depth;
        return !deep;
    };
    auto json = Json::parse(text, watch, false);
    if (deep || json.is_discarded() || !json.is_object()) return std::nullopt;
    return json;
}

std::string text_of(const Json& json, const char* name) {
    const auto found = json.find(name);
    return found != json.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// A moment of a claim, in milliseconds; nothing: not there, or no moment that a clock can show.
std::optional<std::int64_t> moment_of(const Json& claims, const char* name) {
    const auto found = claims.find(name);
    if (found == claims.end() || !found->is_number()) return std::nullopt;
    const auto ms = found->get<double>() * 1000;
    if (!(ms > 0)) return std::nullopt;
    return ms < static_cast<double>(to_ms(latest_time)) ? static_cast<std::int64_t>(ms) : to_ms(latest_time);
}

using BigNumber = std::unique_ptr<BIGNUM, decltype([](BIGNUM* one) { BN_free(one); })>;
BigNumber big_number_of(const Json& key, const char* name) {
    const auto bytes = from_base64(text_of(key, name), true);
    if (!bytes || bytes->empty()) return {};
    return BigNumber{BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes->data()), static_cast<int>(bytes->size()), nullptr)};
}

std::shared_ptr<EVP_PKEY> made_of(const char* kind, OSSL_PARAM_BLD* build) {
    OSSL_PARAM* const parameters = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, kind, nullptr);
    EVP_PKEY* key = nullptr;
    if (parameters && context && EVP_PKEY_fromdata_init(context) == 1)
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    ERR_clear_error();
    return {key, [](EVP_PKEY* one) { EVP_PKEY_free(one); }};
}

std::shared_ptr<EVP_PKEY> rsa_key(const Json& key) {
    const auto modulus = big_number_of(key, "n"), exponent = big_number_of(key, "e");
    if (!modulus || !exponent) return nullptr;
    OSSL_PARAM_BLD* const build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, exponent.get());
    auto made = made_of("RSA", build);
    OSSL_PARAM_BLD_free(build);
    return made;
}

std::shared_ptr<EVP_PKEY> ec_key(const Json& key) {
    const auto x = from_base64(text_of(key, "x"), true), y = from_base64(text_of(key, "y"), true);
    if (text_of(key, "crv") != "P-256" || !x || !y || x->size() != 32 || y->size() != 32) return nullptr;
    const auto point = "\4" + *x + *y;
    OSSL_PARAM_BLD* const build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    auto made = made_of("EC", build);
    OSSL_PARAM_BLD_free(build);
    return made;
}

// RFC 7518, 3.4: two numbers of 32 bytes; OpenSSL wants them as ASN.1.
std::string asn1_of(std::string_view signature) {
    if (signature.size() != 64) return {};
    const auto part = [&](std::size_t at) {
        return BN_bin2bn(reinterpret_cast<const unsigned char*>(signature.data() + at), 32, nullptr);
    };
    ECDSA_SIG* const both = ECDSA_SIG_new();
    ECDSA_SIG_set0(both, part(0), part(32));
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(both, &bytes);
    std::string out(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0);
    OPENSSL_free(bytes);
    ECDSA_SIG_free(both);
    return out;
}

bool signed_by(const SigningKey& key, std::string_view algorithm, std::string_view text, std::string_view signature) {
    const bool rsa = EVP_PKEY_get_base_id(key.key.get()) == EVP_PKEY_RSA;
    const EVP_MD* method = nullptr;
    if (algorithm == "RS256" || algorithm == "ES256") method = EVP_sha256();
    if (algorithm == "RS384") method = EVP_sha384();
    if (algorithm == "RS512") method = EVP_sha512();
    if (!method || rsa != algorithm.starts_with("RS")) return false;
    const auto spelled = rsa ? std::string(signature) : asn1_of(signature);
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const bool good = EVP_DigestVerifyInit(context, nullptr, method, nullptr, key.key.get()) == 1 &&
                      EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(spelled.data()), spelled.size(),
                                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return good;
}

bool for_us(const Json& claims, const BearerRules& rules) {
    if (!rules.issuer.empty() && text_of(claims, "iss") != rules.issuer) return false;
    if (rules.audiences.empty()) return true;
    const auto wanted = [&](const Json& one) {
        return one.is_string() && std::ranges::find(rules.audiences, one.get<std::string>()) != rules.audiences.end();
    };
    const auto found = claims.find("aud");
    if (found == claims.end()) return false;
    return found->is_array() ? std::ranges::any_of(*found, wanted) : wanted(*found);
}

std::string spelled_for_query(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                           c == '.' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
    }
    return out;
}

std::optional<Bearer> signed_connect(std::string_view host, std::string_view query, aws::Verifier* verifier, aws::Time now) {
    const auto target = "/?" + std::string(query);
    const std::pair<std::string_view, std::string_view> headers[] = {{"host", host}};
    const aws::RequestHead head{.method = "GET", .target = target, .headers = headers};
    if (aws::parameter(query, "Action") != "kafka-cluster:Connect") return std::nullopt;
    const auto caller = aws::read_signature(head);
    if (!caller || !caller->by_query || caller->access_key.empty() || caller->service != "kafka-cluster") return std::nullopt;
    if (verifier && !verifier->verify(head, *caller, aws::sha256(""), "kafka-cluster", {&now, 1})) return std::nullopt;
    return Bearer{.name = std::string(caller->access_key)};
}

}   // namespace

std::expected<std::vector<SigningKey>, std::string> read_jwks(std::string_view json) {
    const auto set = parse_json(json);
    const auto keys = set ? set->find("keys") : Json::const_iterator{};
    if (!set || keys == set->end() || !keys->is_array()) return std::unexpected{"holds no JSON Web Key Set"};
    std::vector<SigningKey> read;
    for (const auto& one : *keys) {
        if (!one.is_object()) continue;
        const auto kind = text_of(one, "kty");
        auto key = kind == "RSA" ? rsa_key(one) : kind == "EC" ? ec_key(one) : nullptr;
        if (key) read.push_back({text_of(one, "kid"), std::move(key)});
    }
    if (read.empty()) return std::unexpected{"holds no RSA key and none on P-256"};
    return read;
}

std::optional<Bearer> read_jwt(std::string_view token, const BearerRules& rules, std::int64_t now_ms) {
    const auto first = token.find('.');
    const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
    if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
    const auto part = [&](std::size_t from, std::size_t to) { return from_base64(token.substr(from, to - from), true); };
    const auto head_text = part(0, first), claims_text = part(first + 1, second), signature = part(second + 1, token.size());
    const auto head = head_text ? parse_json(*head_text) : std::nullopt;
    const auto claims = claims_text ? parse_json(*claims_text) : std::nullopt;
    if (!head || !claims || !signature) return std::nullopt;
    const auto algorithm = text_of(*head, "alg");
    if (algorithm == "none" || rules.keys.empty()) {
        if (rules.signed_only || algorithm != "none" || !signature->empty()) return std::nullopt;
    } else {
        const auto id = text_of(*head, "kid");
        const auto fits = [&](const SigningKey& key) {
            return (id.empty() || key.id.empty() || key.id == id) &&
                   signed_by(key, algorithm, token.substr(0, second), *signature);
        };
        if (std::ranges::none_of(rules.keys, fits) || !for_us(*claims, rules)) return std::nullopt;
    }
    auto name = text_of(*claims, rules.name_claim.c_str());
    const auto expires = moment_of(*claims, "exp"), issued = moment_of(*claims, "iat"), begins = moment_of(*claims, "nbf");
    if (name.empty() || !expires || *expires + rules.skew_ms <= now_ms) return std::nullopt;
    for (const auto& from : {issued, begins})
        if (from && (*from - rules.skew_ms > now_ms || *from > *expires)) return std::nullopt;
    return Bearer{.name = std::move(name), .until_ms = *expires};
}

std::optional<Bearer> read_msk_payload(std::string_view json, aws::Verifier* verifier, aws::Time now) {
    const auto payload = parse_json(json);
    if (!payload || text_of(*payload, "version") != "2020_10_22") return std::nullopt;
    std::string query;
    constexpr std::pair<const char*, std::string_view> parts[] = {{"action", "Action"},
                                                                  {"x-amz-algorithm", "X-Amz-Algorithm"},
                                                                  {"x-amz-credential", "X-Amz-Credential"},
                                                                  {"x-amz-date", "X-Amz-Date"},
                                                                  {"x-amz-expires", "X-Amz-Expires"},
                                                                  {"x-amz-security-token", "X-Amz-Security-Token"},
                                                                  {"x-amz-signedheaders", "X-Amz-SignedHeaders"},
                                                                  {"x-amz-signature", "X-Amz-Signature"}};
    for (const auto& [name, spelled] : parts) {
        const auto value = text_of(*payload, name);
        if (value.empty()) continue;
        (query.empty() ? query : query += '&').append(spelled).append("=").append(spelled_for_query(value));
    }
    return signed_connect(text_of(*payload, "host"), query, verifier, now);
}

std::optional<Bearer> read_msk_url(std::string_view url, aws::Verifier* verifier, aws::Time now) {
    constexpr std::string_view scheme = "https://";
    if (!url.starts_with(scheme)) return std::nullopt;
    url.remove_prefix(scheme.size());
    const auto host = url.substr(0, std::min(url.find('/'), url.find('?')));
    const auto target = url.substr(host.size());
    if (aws::path_of(target) != "/" && !aws::path_of(target).empty()) return std::nullopt;
    // What a client adds behind the signing, as its own name, is not signed.
    std::string query;
    aws::each_parameter(aws::query_of(target), [&](std::string_view name, std::string_view value) {
        if (name == "User-Agent") return;
        (query.empty() ? query : query += '&').append(name).append("=").append(value);
    });
    return signed_connect(host, query, verifier, now);
}

}   // namespace sluice::kafka
