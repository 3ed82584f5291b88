// The hashes of SASL: two of them, by the numbers that Kafka's messages use. OpenSSL computes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::kafka {

enum class ScramHash : std::int8_t { sha256 = 1, sha512 = 2 };
inline constexpr ScramHash scram_hashes[] = {ScramHash::sha256, ScramHash::sha512};

std::string digest(ScramHash, std::string_view bytes);
std::string hmac(ScramHash, std::string_view key, std::string_view bytes);
// PBKDF2; about a microsecond for each iteration.
std::string stretched(ScramHash, std::string_view password, std::string_view salt, std::int32_t iterations);
// In constant time.
bool same_secret(std::string_view, std::string_view);

std::string to_base64(std::string_view bytes);
// Nothing: other characters than those of the alphabet, or a length that no bytes have. Padding may be left out.
std::optional<std::string> from_base64(std::string_view text, bool url = false);

}   // namespace sluice::kafka
