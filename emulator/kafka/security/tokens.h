// Delegation tokens (KIP-48): a token stands for its owner until it expires, by real time (rule 9). Kept values of the default
// world. Keys: "kafka/token/" id.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "emulator/kafka/security/principal.h"
#include "emulator/kafka/security/scram.h"
#include "emulator/streams/engine.h"
#include "protocol/kafka/schema.h"

namespace sluice::kafka {

struct StoredToken {
    static constexpr Api api{.key = -1, .name = "StoredToken", .min = 0, .max = 0, .flexible_from = 0};
    struct Who {
        std::string type, name;
        static constexpr void fields(auto& m, auto& f) {
            f("type", m.type, since(0));
            f("name", m.name, since(0));
        }
    };
    Who owner, requester;
    std::vector<Who> renewers;
    std::int64_t issued_ms{}, expires_ms{}, latest_ms{};   // real time
    Blob hmac;
    static constexpr void fields(auto& m, auto& f) {
        f("owner", m.owner, since(0));
        f("requester", m.requester, since(0));
        f("renewers", m.renewers, since(0));
        f("issuedMs", m.issued_ms, since(0));
        f("expiresMs", m.expires_ms, since(0));
        f("latestMs", m.latest_ms, since(0));
        f("hmac", m.hmac, since(0));
    }
};

struct Token {
    std::string id, hmac;
    Principal owner, requester;
    std::vector<Principal> renewers;
    std::int64_t issued_ms{}, expires_ms{}, latest_ms{};
    bool may_renew(const Principal& who) const;
    // What a login by it computes with: its HMAC is the password.
    const ScramCredential& credential(ScramHash) const;

  private:
    mutable std::array<std::optional<ScramCredential>, 2> credentials_;
};

class Tokens {
  public:
    static constexpr std::string_view prefix = "kafka/token/";
    static constexpr std::size_t most_renewers = 1000, longest_name = 4096;

    Tokens(streams::Engine&, streams::World&);
    // None that has expired by `now_ms` is found or visited; those are forgotten.
    const Token* find(std::string_view id, std::int64_t now_ms) const;
    const Token* find_by_hmac(std::string_view hmac, std::int64_t now_ms) const;
    void each(std::int64_t now_ms, const std::function<void(const Token&)>&) const;
    streams::Ticket put(Token);
    streams::Ticket erase(std::string_view id);
    void forget_expired(std::int64_t now_ms);
    void unstored(std::string_view key);
    void clear();

  private:
    void take(std::string_view id, std::string_view value);
    void keep(Token);
    void drop(std::string_view id);

    streams::Engine& engine_;
    streams::World& world_;
    std::map<std::string, Token, std::less<>> tokens_;
    std::map<std::string, std::string, std::less<>> by_hmac_;   // to its id
    std::set<std::pair<std::int64_t, std::string>> due_;        // by the moment of expiry
};

}   // namespace sluice::kafka
