// What OpenSSL hands out and wants back, owned.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace sluice {

template <auto Free>
struct Freed {
    void operator()(auto* one) const { Free(one); }
};
using OwnedKey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using OwnedCert = std::unique_ptr<X509, Freed<X509_free>>;
using OwnedBio = std::unique_ptr<BIO, Freed<BIO_free>>;

}   // namespace sluice
