#include "emulator/net/certificates.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/address.hpp>
#include <cstdlib>

#include "emulator/net/openssl_owned.h"

namespace sluice {
namespace {

constexpr std::int64_t day_s = 24 * 3600;
constexpr std::int64_t early_s = 2 * day_s;   // a client's clock may be behind
constexpr std::int64_t authority_s = 3650 * day_s, server_s = 397 * day_s;

// OpenSSL fails here only for want of memory or of chance, which leaves nothing to say to a client.
template <class T>
T must(T made) {
    if (!made) std::abort();
    return made;
}

OwnedKey make_key() { return OwnedKey{must(EVP_EC_gen("P-256"))}; }

void name(X509_NAME* into, const char* field, const std::string& text) {
    must(X509_NAME_add_entry_by_txt(into, field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0));
}

void extend(X509* cert, X509* issuer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
    auto* const extension = must(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
    must(X509_add_ext(cert, extension, -1));
    X509_EXTENSION_free(extension);
}

OwnedCert begin(EVP_PKEY* of, Time now, std::int64_t seconds) {
    OwnedCert cert{must(X509_new())};
    must(X509_set_version(cert.get(), X509_VERSION_3));
    std::array<unsigned char, 16> serial{};
    must(RAND_bytes(serial.data(), static_cast<int>(serial.size())) == 1);
    serial[0] = static_cast<unsigned char>((serial[0] & 0x7F) | 0x40);   // positive, and of this length
    BIGNUM* const number = must(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    must(BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert.get())));
    BN_free(number);
    const auto from = static_cast<std::time_t>(to_ms(now) / 1000 - early_s);
    must(ASN1_TIME_set(X509_getm_notBefore(cert.get()), from));
    must(ASN1_TIME_set(X509_getm_notAfter(cert.get()), from + early_s + seconds));
    must(X509_set_pubkey(cert.get(), of));
    name(X509_get_subject_name(cert.get()), "O", "sluice");
    return cert;
}

std::string pem_of(auto write) {
    OwnedBio bio{must(BIO_new(BIO_s_mem()))};
    must(write(bio.get()));
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}
std::string pem(X509* cert) {
    return pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, cert); });
}
std::string pem(EVP_PKEY* key) {
    return pem_of([&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
}

struct Authority {
    OwnedKey key;
    OwnedCert cert;
};
std::expected<Authority, std::string> read_authority(std::string_view text) {
    OwnedBio bio{must(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())))};
    Authority found{OwnedKey{PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)},
                    OwnedCert{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}};
    if (!found.key || !found.cert) return std::unexpected{"it is not a key and a certificate"};
    if (X509_check_private_key(found.cert.get(), found.key.get()) != 1)
        return std::unexpected{"its key is not that of its certificate"};
    return found;
}

// As OpenSSL wants them in a configuration: a comma or a line's end in a name would begin another entry.
std::string alternative_names(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& one : names) {
        boost::system::error_code no_address;
        boost::asio::ip::make_address(one, no_address);
        all += fmt::format("{}{}:{}", all.empty() ? "" : ",", no_address ? "DNS" : "IP", one);
    }
    return all;
}

}   // namespace

std::string make_authority(Time now) {
    const auto key = make_key();
    auto cert = begin(key.get(), now, authority_s);
    name(X509_get_subject_name(cert.get()), "CN", "sluice test authority");
    must(X509_set_issuer_name(cert.get(), X509_get_subject_name(cert.get())));
    extend(cert.get(), cert.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(cert.get(), cert.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(cert.get(), cert.get(), NID_subject_key_identifier, "hash");
    must(X509_sign(cert.get(), key.get(), EVP_sha256()));
    return pem(key.get()) + pem(cert.get());
}

std::expected<std::string, std::string> authority_certificate(std::string_view authority) {
    const auto read = read_authority(authority);
    if (!read) return std::unexpected{read.error()};
    return pem(read->cert.get());
}

std::expected<Certificate, std::string> issue(std::string_view authority, const std::vector<std::string>& names, Time now) {
    const auto by = read_authority(authority);
    if (!by) return std::unexpected{by.error()};
    const auto key = make_key();
    auto cert = begin(key.get(), now, server_s);
    name(X509_get_subject_name(cert.get()), "CN", "sluice");
    must(X509_set_issuer_name(cert.get(), X509_get_subject_name(by->cert.get())));
    extend(cert.get(), by->cert.get(), NID_basic_constraints, "critical,CA:FALSE");
    extend(cert.get(), by->cert.get(), NID_key_usage, "critical,digitalSignature");
    extend(cert.get(), by->cert.get(), NID_ext_key_usage, "serverAuth");
    extend(cert.get(), by->cert.get(), NID_authority_key_identifier, "keyid");
    extend(cert.get(), by->cert.get(), NID_subject_alt_name, alternative_names(names));
    must(X509_sign(cert.get(), by->key.get(), EVP_sha256()));
    return Certificate{pem(cert.get()), pem(key.get())};
}

bool good_host(std::string_view text) {
    return !text.empty() && text.size() <= 253 && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view{"-._:*"}.contains(c);
    });
}

std::vector<std::string> certificate_names(const std::vector<std::string>& more) {
    std::vector<std::string> names{"localhost", "127.0.0.1", "::1", "sluice", "host.docker.internal"};
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) == 0) names.emplace_back(host.data());
    names.insert(names.end(), more.begin(), more.end());
    std::erase_if(names, [](const auto& one) { return !good_host(one); });
    std::ranges::sort(names);
    const auto repeated = std::ranges::unique(names);
    names.erase(repeated.begin(), repeated.end());
    return names;
}

}   // namespace sluice
