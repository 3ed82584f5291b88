#include "emulator/net/client_certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "emulator/net/openssl_owned.h"

namespace sluice {

TrustStore trust_store(const std::string& pem) {
    const OwnedBio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    TrustStore store{X509_STORE_new(), X509_STORE_free};
    bool any = false;
    while (const OwnedCert cert{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)})
        any |= X509_STORE_add_cert(store.get(), cert.get()) == 1;
    ERR_clear_error();   // the end of the text
    return any ? store : nullptr;
}

void ask_for_certificate(SSL* ssl, const TrustStore& store, ClientAuth auth) {
    constexpr unsigned char session_context[] = "sluice clients";   // a session that is resumed keeps its certificate
    SSL_set_session_id_context(ssl, session_context, sizeof session_context - 1);
    SSL_set1_verify_cert_store(ssl, store.get());
    const int missing = auth == ClientAuth::required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_set_verify(ssl, SSL_VERIFY_PEER | missing, nullptr);
    auto* const issuers = X509_STORE_get0_objects(store.get());   // which the client is told
    for (int i = 0; i < sk_X509_OBJECT_num(issuers); ++i)
        if (X509* const cert = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(issuers, i))) SSL_add_client_CA(ssl, cert);
}

std::optional<std::string> certificate_subject(SSL* ssl) {
    const OwnedCert cert{SSL_get1_peer_certificate(ssl)};
    if (!cert) return std::nullopt;
    const OwnedBio text{BIO_new(BIO_s_mem())};
    X509_NAME_print_ex(text.get(), X509_get_subject_name(cert.get()), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(text.get(), &bytes);
    return std::string{bytes, static_cast<std::size_t>(size)};
}

}   // namespace sluice
