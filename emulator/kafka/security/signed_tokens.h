// Tokens that somebody else made: JSON Web Tokens (RFC 7519), plain or signed, and the presigned requests by which MSK's clients
// prove who they are. Pure functions; the moments that count as now are handed in.
#pragma once

#include <openssl/types.h>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/kafka/security/sasl.h"
#include "protocol/aws/verifier.h"

namespace sluice::kafka {

struct SigningKey {
    std::string id;
    std::shared_ptr<EVP_PKEY> key;
};
// The keys of a JWKS (RFC 7517): RSA, and EC with P-256. Others are left out. A fault is a sentence.
std::expected<std::vector<SigningKey>, std::string> read_jwks(std::string_view json);

struct BearerRules {
    bool signed_only = false;   // a token without a signature is none
    std::vector<SigningKey> keys = {};
    std::int64_t skew_ms = 0;
    std::string name_claim = "sub", issuer = {};
    std::vector<std::string> audiences = {};   // one of them; none: any
};
std::optional<Bearer> read_jwt(std::string_view token, const BearerRules&, std::int64_t now_ms);

// The name is the access key. Without a verifier only the form counts.
std::optional<Bearer> read_msk_payload(std::string_view json, aws::Verifier*, aws::Time now);
std::optional<Bearer> read_msk_url(std::string_view url, aws::Verifier*, aws::Time now);

}   // namespace sluice::kafka
