// One exchange of SASL (RFC 4422) as the server sees it: a plain machine, fed with the client's tokens one by one. It reads no
// clock, has no chance and no store of its own; what it asks comes in with `SaslSource`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/kafka/security/principal.h"
#include "emulator/kafka/security/scram.h"

namespace sluice::kafka {

// What one token leads to: bytes for the client, and then more tokens, or an end.
struct SaslStep {
    enum class Outcome { more, done, refused };
    Outcome outcome = Outcome::more;
    std::string answer;   // refused: the text of the error
    static SaslStep go_on(std::string answer) { return {Outcome::more, std::move(answer)}; }
    static SaslStep done(std::string answer = {}) { return {Outcome::done, std::move(answer)}; }
    static SaslStep refused(std::string text) { return {Outcome::refused, std::move(text)}; }
};

// A token that was looked at: whose it is and how long it is good, in milliseconds since 1970 (real time); 0: without an end.
struct Bearer {
    std::string name;
    std::int64_t until_ms = 0;
};

// What an exchange has to ask.
class SaslSource {
  public:
    virtual ~SaslSource() = default;
    virtual bool good_password(std::string_view user, std::string_view password) const = 0;
    virtual const ScramCredential* credential(ScramHash, std::string_view user) const = 0;
    // A delegation token by its id: what to compute with, and whose it is. Nothing: there is none, or it has expired.
    struct TokenLogin {
        const ScramCredential* credential;
        Principal owner;
        std::int64_t until_ms;
    };
    virtual std::optional<TokenLogin> token(ScramHash, std::string_view id) const = 0;
    // Nothing: no good token.
    virtual std::optional<Bearer> bearer(std::string_view token) const = 0;
    // A request to connect that is signed for MSK, as JSON. Nothing: a wrong one.
    virtual std::optional<Bearer> msk(std::string_view payload) const = 0;
};

class SaslExchange {
  public:
    virtual ~SaslExchange() = default;
    virtual SaslStep step(std::string_view token) = 0;
    // When it is done:
    Principal principal;
    bool by_token = false;       // a delegation token
    std::int64_t until_ms = 0;   // of what it brought; 0: without an end
};

// Nothing: no such mechanism. `nonce`: printable ASCII without commas, another one for each exchange.
std::unique_ptr<SaslExchange> begin_sasl(std::string_view mechanism, const SaslSource&, std::string nonce);

}   // namespace sluice::kafka
