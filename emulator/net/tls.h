// How a server speaks TLS: its certificate, made or read when the first client asks for it, and the protocols that it offers.
// That and the handshakes, about half a millisecond each, are done on a thread beside the loop.
#pragma once

#include <openssl/types.h>

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "emulator/net/certificates.h"
#include "emulator/net/client_certificates.h"
#include "emulator/runtime/loop.h"
#include "emulator/runtime/worker.h"

namespace sluice {

class Tls {
  public:
    struct Options {
        std::string certificate_file{}, key_file{};   // empty: one of an authority of our own
        std::vector<std::string> names{};             // besides those of rule 9
        // Where the authority is kept, which only its owner may read, and what clients are to trust of it; empty: nowhere, and
        // each start has another one.
        std::string authority_file{}, trusted_file{};
        // Who may have issued a client's certificate (PEM), for doors that ask for one; empty: the authority of our own.
        std::string client_trust_file{};
    };
    // A fault is a sentence that says what to do.
    template <class T>
    using Result = std::expected<T, std::string>;

    Tls(Executor executor, Options options, const RealTime& real)
        : options_(std::move(options)), real_(real), worker_(std::move(executor)) {}

    // What clients are to trust; a fault also when the certificate came from a file.
    Task<Result<std::string>> authority();
    // Once, at the start, while nobody else uses it: whether given files will do, and that the two files above are there. `copy`:
    // one more place for what clients are to trust; empty: none.
    Result<void> try_out(const std::string& copy);

    // For what follows of a connection, on this thread.
    Worker& worker() { return worker_; }
    // On the worker. The context lives as long as a connection. ALPN offers h2 and http/1.1 (RFC 7301).
    Result<std::shared_ptr<SSL>> connection(ClientAuth = ClientAuth::none);
    void stop() { worker_.stop(); }

  private:
    Result<std::string> trusted();
    Result<void> write_trusted(const std::string& path, const std::string& text);
    Result<std::string> authority_secret();
    Result<Certificate> certificate();
    Result<void> prepare();
    Result<void> prepare_client_trust();

    Options options_;
    const RealTime& real_;
    std::string authority_;   // with its key
    std::shared_ptr<SSL_CTX> context_;
    TrustStore client_trust_;
    Worker worker_;   // all of the above is its own once there are clients
};

}   // namespace sluice
