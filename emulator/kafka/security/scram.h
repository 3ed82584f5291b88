// SCRAM (RFC 5802) with SHA-256 and SHA-512: what a server keeps of a password, and the computations of both messages. No channel
// binding, no SASLprep, as in Kafka.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/kafka/security/digests.h"

namespace sluice::kafka {

inline constexpr std::int32_t least_iterations = 4096, most_iterations = 16384;   // seen: Kafka 4.4.0

struct ScramCredential {
    std::string salt, stored_key, server_key;
    std::int32_t iterations = least_iterations;
};

std::string_view name_of(ScramHash);   // SCRAM-SHA-256
std::optional<ScramHash> scram_hash(std::string_view mechanism);

ScramCredential credential_of_salted(ScramHash, std::string_view salted_password, std::string_view salt, std::int32_t iterations);
ScramCredential credential_of(ScramHash, std::string_view password, std::string_view salt, std::int32_t iterations);

// n,,n=us=3Der,r=NONCE,tokenauth=true
struct ClientFirst {
    std::string authorization_id, user;
    std::string_view nonce, bare;   // bare: what is signed of it
    bool token = false;
};
std::optional<ClientFirst> parse_client_first(std::string_view);
// c=biws,r=NONCE,p=PROOF
struct ClientFinal {
    std::string_view nonce, without_proof;
    std::string proof;
};
std::optional<ClientFinal> parse_client_final(std::string_view);

// `signed_text`: client first bare, server first, client final without proof, with commas between them.
bool good_proof(ScramHash, const ScramCredential&, std::string_view signed_text, std::string_view proof);
std::string server_final(ScramHash, const ScramCredential&, std::string_view signed_text);

}   // namespace sluice::kafka
