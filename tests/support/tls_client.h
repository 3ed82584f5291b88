// A client that speaks TLS through a plain socket of the test, one step at a time.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string>

#include "emulator/runtime/clock.h"

namespace sluice::test {

class TlsClient {
  public:
    // Trusts `authority` and asks for `host` at that time; offers `protocols` as ALPN writes them.
    TlsClient(const std::string& authority, const char* host, Time now, const std::string& protocols = "") {
        SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
        BIO* const pem = BIO_new_mem_buf(authority.data(), static_cast<int>(authority.size()));
        if (X509* const trusted = PEM_read_bio_X509(pem, nullptr, nullptr, nullptr)) {
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()), trusted);
            X509_free(trusted);
        }
        BIO_free(pem);
        ssl_.reset(SSL_new(context_.get()), SSL_free);
        SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
        X509_VERIFY_PARAM_set_time(SSL_get0_param(ssl_.get()), static_cast<std::time_t>(to_ms(now) / 1000));
        SSL_set1_host(ssl_.get(), host);
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), host);   // does nothing for a name
        SSL_set_tlsext_host_name(ssl_.get(), host);
        if (!protocols.empty())
            SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(protocols.data()),
                                static_cast<unsigned>(protocols.size()));
        SSL_set_connect_state(ssl_.get());
    }

    // Gives what came and yields what is to be sent.
    std::string handshake(std::string_view came) {
        take(came);
        if (!done_) done_ = SSL_do_handshake(ssl_.get()) == 1;
        return out();
    }
    bool done() const { return done_; }
    long verified() const { return SSL_get_verify_result(ssl_.get()); }
    std::string protocol() const {
        const unsigned char* name = nullptr;
        unsigned size = 0;
        SSL_get0_alpn_selected(ssl_.get(), &name, &size);
        return {reinterpret_cast<const char*>(name), size};
    }
    std::string seal(std::string_view text) {
        SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
        return out();
    }
    std::string open(std::string_view came) {
        take(came);
        std::string all;
        char more[1 << 14];
        for (;;) {
            const int count = SSL_read(ssl_.get(), more, sizeof more);
            if (count <= 0) {
                said_goodbye_ = SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN;
                ERR_clear_error();
                return all;
            }
            all.append(more, static_cast<std::size_t>(count));
        }
    }
    bool heard_goodbye() const { return said_goodbye_; }

  private:
    void take(std::string_view came) { BIO_write(SSL_get_rbio(ssl_.get()), came.data(), static_cast<int>(came.size())); }
    std::string out() {
        ERR_clear_error();
        char* bytes = nullptr;
        const auto size = BIO_get_mem_data(SSL_get_wbio(ssl_.get()), &bytes);
        std::string text{bytes, static_cast<std::size_t>(size)};
        (void)BIO_reset(SSL_get_wbio(ssl_.get()));
        return text;
    }

    std::shared_ptr<SSL_CTX> context_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
    std::shared_ptr<SSL> ssl_;
    bool done_ = false, said_goodbye_ = false;
};

}   // namespace sluice::test
