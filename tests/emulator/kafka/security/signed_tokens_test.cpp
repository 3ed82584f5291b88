// Tokens that somebody else signed: good by a key of the set, for as long as they say, and for nobody else.
#include "emulator/kafka/security/signed_tokens.h"

#include <doctest/doctest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <nlohmann/json.hpp>

#include "protocol/kafka/print.h"

using namespace sluice;
using namespace sluice::kafka;
using nlohmann::json;

namespace {

constexpr std::int64_t now_ms = 1'700'000'000'000;

std::string url64(std::string_view text) { return base64(as_bytes(text), true); }

std::string number(EVP_PKEY* key, const char* name, int bytes = 0) {
    BIGNUM* value = nullptr;
    REQUIRE(EVP_PKEY_get_bn_param(key, name, &value) == 1);
    std::string out(static_cast<std::size_t>(bytes > 0 ? bytes : BN_num_bytes(value)), '\0');
    BN_bn2binpad(value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(value);
    return url64(out);
}

std::string sign(EVP_PKEY* key, const std::string& text) {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
    std::string out(512, '\0');
    std::size_t size = out.size();
    REQUIRE(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                           reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
    EVP_MD_CTX_free(context);
    out.resize(size);
    return out;
}

struct Keys {
    EVP_PKEY* rsa = EVP_RSA_gen(2048);
    EVP_PKEY* ec = EVP_EC_gen("P-256");
    ~Keys() {
        EVP_PKEY_free(rsa);
        EVP_PKEY_free(ec);
    }
    std::string set() const {
        return json{{"keys", json::array({{{"kty", "RSA"},
                                           {"kid", "r"},
                                           {"n", number(rsa, OSSL_PKEY_PARAM_RSA_N)},
                                           {"e", number(rsa, OSSL_PKEY_PARAM_RSA_E)}},
                                          {{"kty", "EC"},
                                           {"kid", "e"},
                                           {"crv", "P-256"},
                                           {"x", number(ec, OSSL_PKEY_PARAM_EC_PUB_X, 32)},
                                           {"y", number(ec, OSSL_PKEY_PARAM_EC_PUB_Y, 32)}},
                                          {{"kty", "oct"}, {"k", "AAAA"}}})}}
            .dump();
    }
    std::string token(const json& head, const json& claims) const {
        const auto text = url64(head.dump()) + "." + url64(claims.dump());
        if (head["alg"] == "RS256") return text + "." + url64(sign(rsa, text));
        const auto spelled = sign(ec, text);
        const auto* at = reinterpret_cast<const unsigned char*>(spelled.data());
        ECDSA_SIG* const both = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(spelled.size()));
        std::string raw(64, '\0');
        BN_bn2binpad(ECDSA_SIG_get0_r(both), reinterpret_cast<unsigned char*>(raw.data()), 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(both), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
        ECDSA_SIG_free(both);
        return text + "." + url64(raw);
    }
};

}   // namespace

TEST_CASE("a token that a key of the set signed names its user, and what was changed in it is refused") {
    const Keys keys, others;
    BearerRules rules;
    rules.keys = read_jwks(keys.set()).value();
    rules.signed_only = true;
    CHECK(rules.keys.size() == 2);
    const json claims{{"sub", "dave"}, {"exp", now_ms / 1000 + 60}};
    for (const json& head :
         {json{{"alg", "RS256"}, {"kid", "r"}}, json{{"alg", "RS256"}}, json{{"alg", "ES256"}, {"kid", "e"}}}) {
        const auto token = keys.token(head, claims);
        const auto read = read_jwt(token, rules, now_ms);
        REQUIRE(read);
        CHECK(read->name == "dave");
        CHECK(read->until_ms == now_ms + 60'000);
        CHECK_FALSE(read_jwt(others.token(head, claims), rules, now_ms));
        CHECK_FALSE(read_jwt(token, rules, now_ms + 60'000));
        const auto dot = token.find('.') + 1;
        const json forged{{"sub", "root"}, {"exp", now_ms / 1000 + 60}};
        CHECK_FALSE(read_jwt(token.substr(0, dot) + url64(forged.dump()) + token.substr(token.rfind('.')), rules, now_ms));
        CHECK_FALSE(read_jwt(token.substr(0, token.rfind('.') + 1), rules, now_ms));
    }
    CHECK_FALSE(read_jwt(keys.token({{"alg", "RS256"}, {"kid", "e"}}, claims), rules, now_ms));
    CHECK_FALSE(read_jwt(url64(R"({"alg":"none"})") + "." + url64(claims.dump()) + ".", rules, now_ms));
}

TEST_CASE("issuer, audience, beginning and the clock's skew are looked at where they are asked for") {
    const Keys keys;
    BearerRules rules;
    rules.keys = read_jwks(keys.set()).value();
    const auto good = [&](json claims) {
        claims["sub"] = "dave";
        if (!claims.contains("exp")) claims["exp"] = now_ms / 1000 + 60;
        return read_jwt(keys.token({{"alg", "RS256"}}, claims), rules, now_ms).has_value();
    };
    CHECK(good({}));
    CHECK_FALSE(good({{"nbf", now_ms / 1000 + 10}}));
    CHECK_FALSE(good({{"exp", now_ms / 1000 - 10}}));
    rules.skew_ms = 30'000;
    CHECK(good({{"nbf", now_ms / 1000 + 10}}));
    CHECK(good({{"exp", now_ms / 1000 - 10}}));
    rules.issuer = "https://issuer";
    rules.audiences = {"kafka", "sluice"};
    CHECK_FALSE(good({{"iss", "https://issuer"}}));
    CHECK_FALSE(good({{"iss", "https://other"}, {"aud", "kafka"}}));
    CHECK(good({{"iss", "https://issuer"}, {"aud", "kafka"}}));
    CHECK(good({{"iss", "https://issuer"}, {"aud", {"x", "sluice"}}}));
    rules.name_claim = "email";
    CHECK_FALSE(good({{"iss", "https://issuer"}, {"aud", "kafka"}}));
}

TEST_CASE("a set without a key of a known kind is none") {
    CHECK_FALSE(read_jwks(""));
    CHECK_FALSE(read_jwks("{}"));
    CHECK_FALSE(read_jwks(R"({"keys":[]})"));
    CHECK_FALSE(read_jwks(R"({"keys":[1,{"kty":"RSA"},{"kty":"EC","crv":"P-384"}]})"));
}
