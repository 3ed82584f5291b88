// What one connection has said about who it is. A plain machine: requests come in, answers go out, the time is handed in.
//
// With `any` a client may say nothing, or log in at any moment; with `required` it is served nothing else before. Who is logged
// in for a limited time has to log in again before it ends (KIP-368).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/kafka/security/sasl.h"
#include "emulator/runtime/clock.h"
#include "protocol/kafka/errors.h"

namespace sluice::kafka {

// What all connections have in common.
struct LoginRules {
    bool required = false;
    std::vector<std::string> mechanisms;
    milliseconds longest{0};   // connections.max.reauth.ms; 0: without an end
};

class Login {
  public:
    const Principal& principal() const { return principal_; }
    bool authenticated() const { return in_; }
    bool by_token() const { return by_token_; }
    // By the client's certificate.
    void vouch(Principal who) {
        principal_ = std::move(who);
        in_ = vouched_ = true;
    }

    // Whether a request of that API may be carried out now.
    bool lets(std::int16_t api_key, const LoginRules&, Time real) const;

    // An answer; `last`: the connection ends with it.
    struct Told {
        ErrorCode code = ErrorCode::none;
        std::optional<std::string> text = std::string{};
        std::string bytes = {};
        milliseconds lifetime{0};
        bool last = false;
    };
    Told handshake(std::string_view mechanism, int version, const LoginRules&, const SaslSource&, std::string nonce);
    Told authenticate(std::string_view token, const LoginRules&, Time real);
    // After SaslHandshake v0: the next frames are tokens and nothing else.
    bool raw() const { return exchange_ && raw_; }

  private:
    Told finish(std::string answer, const LoginRules&, Time real);

    Principal principal_;
    bool in_ = false, vouched_ = false, by_token_ = false, raw_ = false;
    std::optional<Time> until_;
    std::string mechanism_;   // of the exchange, or of the one that succeeded
    std::unique_ptr<SaslExchange> exchange_;
};

}   // namespace sluice::kafka
