// AWS Signature Version 4 in its four steps (source: AWS's general reference, "Signing AWS API requests"): the canonical form of
// a request, the string that is signed, the key that signs it, the signature. SHA-256 and HMAC are OpenSSL's. Pure functions;
// tests hold vectors that botocore made (tests/wire/sigv4.json).
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "protocol/aws/request_head.h"

namespace sluice::aws {

inline constexpr std::string_view sigv4_algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view sigv4_terminator = "aws4_request";

using Digest = std::array<unsigned char, 32>;
Digest sha256(std::string_view bytes);
Digest hmac_sha256(std::string_view key, std::string_view text);
std::string hex(const Digest&);
inline std::string_view view(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

// The path without dot segments and empty ones, each byte but letters, digits and `-_.~/` spelled as %XX: also a percent sign, as
// all services but S3 have it.
std::string canonical_uri(std::string_view path);
// Sorted by name and value; X-Amz-Signature is left out.
std::string canonical_query(std::string_view query);
// HTTP/2's name for Host. A request has it as Host here; some clients sign it under this name (seen: AWS SDK for JavaScript 3).
inline constexpr std::string_view authority_header = ":authority";
// Method, URI, query, the headers that `signed_headers` names, that list, and the body's hash. A header that is not there is
// signed as an empty one. Nothing when the list is not in order of names, each once: so the text is hardly longer than the head.
std::optional<std::string> canonical_request(const RequestHead&, std::string_view signed_headers, std::string_view body_hash_hex);

// `signed_at`: 20151120T200815Z. `scope`: 20151120/us-east-1/kinesis/aws4_request.
std::string string_to_sign(std::string_view signed_at, std::string_view scope, std::string_view canonical);
Digest signing_key(std::string_view secret, std::string_view date, std::string_view region, std::string_view service);

}   // namespace sluice::aws
