// What a server asks of its clients' certificates (mutual TLS): whom it trusts to issue them, and whose they are.
#pragma once

#include <openssl/types.h>

#include <expected>
#include <memory>
#include <optional>
#include <string>

namespace sluice {

enum class ClientAuth : std::uint8_t { none, requested, required };

using TrustStore = std::shared_ptr<X509_STORE>;
// Of all certificates of a PEM text; nothing when there is none.
TrustStore trust_store(const std::string& pem);

// Before the handshake. Who shows a certificate that the store does not trust is refused, and with `required` who shows none.
void ask_for_certificate(SSL*, const TrustStore&, ClientAuth);

// After it: the subject as RFC 2253 writes it, like CN=alice,OU=tests; nothing: none was shown.
std::optional<std::string> certificate_subject(SSL*);

}   // namespace sluice
