#include "emulator/net/tls.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "emulator/net/openssl_owned.h"
#include "emulator/runtime/small_file.h"

namespace sluice {
namespace {

constexpr std::size_t most_file_bytes = 1 << 20;

// What the client offers and we speak, ours first. None in common: the first bytes behind the handshake will tell.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered, unsigned offered_size,
                    void*) {
    static constexpr unsigned char ours[] = "\x02h2\x08http/1.1";
    unsigned char* out = nullptr;
    if (SSL_select_next_proto(&out, size, ours, sizeof ours - 1, offered, offered_size) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *chosen = out;
    return SSL_TLSEXT_ERR_OK;
}

// The first certificate is the server's; those behind it lead to who issued it.
bool use_chain(SSL_CTX* context, const std::string& pem) {
    const OwnedBio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    for (int at = 0;; ++at) {
        X509* const cert = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr);
        if (!cert) return at > 0;
        const bool used = at == 0 ? SSL_CTX_use_certificate(context, cert) == 1 : SSL_CTX_add0_chain_cert(context, cert) == 1;
        if (at == 0 || !used) X509_free(cert);
        if (!used) return false;
    }
}

bool use_key(SSL_CTX* context, const std::string& pem) {
    const OwnedBio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
    EVP_PKEY* const key = PEM_read_bio_PrivateKey(
        bio.get(), nullptr, [](char*, int, int, void*) { return 0; }, nullptr);   // one with a password is not asked for it
    const bool used = key && SSL_CTX_use_PrivateKey(context, key) == 1;
    EVP_PKEY_free(key);
    return used && SSL_CTX_check_private_key(context) == 1;
}

}   // namespace

Tls::Result<std::string> Tls::authority_secret() {
    if (!authority_.empty()) return authority_;
    const auto& path = options_.authority_file;
    if (!path.empty()) {
        auto kept = read_small_file(path, most_file_bytes);
        if (!kept && kept.error() != ENOENT)
            return std::unexpected{fmt::format("cannot read {}, the authority of this server's certificates: {}", path,
                                               std::strerror(kept.error()))};
        if (kept) {
            if (const auto told = authority_certificate(*kept); !told)
                return std::unexpected{
                    fmt::format("{} is damaged ({}): remove it, and a new authority is made, which clients have to be given anew",
                                path, told.error())};
            return authority_ = *std::move(kept);
        }
    }
    auto made = make_authority(real_.now());
    if (!path.empty())
        if (const int fault = write_small_file(path, made, 0600); fault != 0)
            return std::unexpected{
                fmt::format("cannot write {}, the authority of this server's certificates: {}", path, std::strerror(fault))};
    if (!path.empty()) unlink(options_.trusted_file.c_str());   // that of another one
    return authority_ = std::move(made);
}

Tls::Result<std::string> Tls::trusted() {
    if (!options_.certificate_file.empty())
        return std::unexpected{"this server's certificate was given with --tls-certificate; clients trust whoever issued it"};
    const auto secret = authority_secret();
    if (!secret) return std::unexpected{secret.error()};
    return authority_certificate(*secret);
}

Task<Tls::Result<std::string>> Tls::authority() {
    Result<std::string> told;
    auto asking = worker_.run([&] { told = trusted(); });
    co_await std::move(asking);
    co_return told;
}

Tls::Result<void> Tls::write_trusted(const std::string& path, const std::string& text) {
    const int fault = write_small_file(path, text, 0644);
    if (fault == 0) return {};
    return std::unexpected{fmt::format("cannot write {}, which clients are to trust: {}", path, std::strerror(fault))};
}

Tls::Result<void> Tls::try_out(const std::string& copy) {
    if (!options_.client_trust_file.empty())
        if (const auto good = prepare_client_trust(); !good) return good;
    if (!options_.certificate_file.empty()) return prepare();
    const auto there = [](const std::string& path) { return access(path.c_str(), F_OK) == 0; };
    const bool kept = !options_.authority_file.empty();
    if (copy.empty() && (!kept || (there(options_.authority_file) && there(options_.trusted_file)))) return {};
    const auto told = trusted();
    if (!told) return std::unexpected{told.error()};
    if (kept && !there(options_.trusted_file))
        if (const auto written = write_trusted(options_.trusted_file, *told); !written) return written;
    return copy.empty() ? Result<void>{} : write_trusted(copy, *told);
}

Tls::Result<Certificate> Tls::certificate() {
    if (options_.certificate_file.empty()) {
        const auto secret = authority_secret();
        if (!secret) return std::unexpected{secret.error()};
        return issue(*secret, certificate_names(options_.names), real_.now());
    }
    Certificate given;
    for (const auto& [path, into] : {std::pair{&options_.certificate_file, &given.chain}, {&options_.key_file, &given.key}}) {
        auto text = read_small_file(*path, most_file_bytes);
        if (!text) return std::unexpected{fmt::format("cannot read {}: {}", *path, std::strerror(text.error()))};
        *into = *std::move(text);
    }
    return given;
}

Tls::Result<void> Tls::prepare() {
    if (context_) return {};
    const auto shown = certificate();
    if (!shown) return std::unexpected{shown.error()};
    const std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    ERR_clear_error();
    if (!context || !use_chain(context.get(), shown->chain))
        return std::unexpected{fmt::format("{} holds no certificate in PEM form", options_.certificate_file)};
    if (!use_key(context.get(), shown->key))
        return std::unexpected{fmt::format("{} does not hold the key of {} in PEM form, without a password", options_.key_file,
                                           options_.certificate_file)};
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_mode(context.get(),
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);   // tickets need no memory here
    SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
    context_ = context;
    return {};
}

Tls::Result<void> Tls::prepare_client_trust() {
    if (client_trust_) return {};
    const auto& path = options_.client_trust_file;
    if (path.empty()) {
        const auto told = trusted();
        if (!told)
            return std::unexpected{
                "--tls-certificate gives a certificate of somebody else: ssl.truststore.location has to name "
                "who may issue those of clients"};
        client_trust_ = trust_store(*told);
        return {};
    }
    const auto text = read_small_file(path, most_file_bytes);
    if (!text) return std::unexpected{fmt::format("cannot read {}: {}", path, std::strerror(text.error()))};
    client_trust_ = trust_store(*text);
    if (client_trust_) return {};
    return std::unexpected{fmt::format("{} (ssl.truststore.location) holds no certificate in PEM form", path)};
}

Tls::Result<std::shared_ptr<SSL>> Tls::connection(ClientAuth auth) {
    if (const auto ready = prepare(); !ready) return std::unexpected{ready.error()};
    std::shared_ptr<SSL> ssl{SSL_new(context_.get()), SSL_free};
    if (auth == ClientAuth::none) return ssl;
    if (const auto ready = prepare_client_trust(); !ready) return std::unexpected{ready.error()};
    ask_for_certificate(ssl.get(), client_trust_, auth);
    return ssl;
}

}   // namespace sluice
