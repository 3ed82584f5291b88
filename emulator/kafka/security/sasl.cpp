// The mechanisms. Texts as seen on Kafka 4.4.0; what Kafka does not tell apart is not told apart here.
#include "emulator/kafka/security/sasl.h"

#include <algorithm>
#include <vector>

#include "protocol/utf8.h"

namespace sluice::kafka {
namespace {

std::string invalid_credentials(std::string_view mechanism) {
    return "Authentication failed during authentication due to invalid credentials with SASL mechanism " + std::string(mechanism);
}

// RFC 4616: authorization id, user and password with NULs between them.
class PlainExchange final : public SaslExchange {
  public:
    explicit PlainExchange(const SaslSource& source) : source_(source) {}
    SaslStep step(std::string_view token) override {
        std::vector<std::string> parts;
        for (auto rest = token; parts.size() < 4;) {
            const auto end = rest.find('\0');
            parts.push_back(repaired(rest.substr(0, end)));
            if (end == std::string_view::npos) break;
            rest.remove_prefix(end + 1);
        }
        if (parts.size() != 3)
            return SaslStep::refused("Invalid SASL/PLAIN response: expected 3 tokens, got " + std::to_string(parts.size()));
        const auto& [on_behalf, user, password] = std::tie(parts[0], parts[1], parts[2]);
        if (user.empty()) return SaslStep::refused("Authentication failed: username not specified");
        if (password.empty()) return SaslStep::refused("Authentication failed: password not specified");
        if (!source_.good_password(user, password))
            return SaslStep::refused("Authentication failed: Invalid username or password");
        if (!on_behalf.empty() && on_behalf != user)
            return SaslStep::refused(
                "Authentication failed: Client requested an authorization id that is different from username");
        principal.name = user;
        return SaslStep::done();
    }

  private:
    const SaslSource& source_;
};

class ScramExchange final : public SaslExchange {
  public:
    ScramExchange(ScramHash hash, const SaslSource& source, std::string nonce)
        : hash_(hash), source_(source), nonce_(std::move(nonce)) {}
    SaslStep step(std::string_view token) override { return signed_.empty() ? first(token) : last(token); }

  private:
    SaslStep wrong() const { return SaslStep::refused(invalid_credentials(name_of(hash_))); }
    SaslStep first(std::string_view message) {
        const auto asked = parse_client_first(message);
        if (!asked) return wrong();
        if (asked->token) {
            auto found = source_.token(hash_, asked->user);
            if (!found) return wrong();
            credential_ = *found->credential;
            principal = std::move(found->owner);
            until_ms = found->until_ms;
            by_token = true;
        } else {
            const auto* found = source_.credential(hash_, asked->user);
            if (!found) return wrong();
            credential_ = *found;
            principal.name = asked->user;
        }
        if (!asked->authorization_id.empty() && asked->authorization_id != asked->user)
            return SaslStep::refused(
                "Authentication failed: Client requested an authorization id that is different from username");
        nonce_.insert(0, asked->nonce);
        auto answer = "r=" + nonce_ + ",s=" + to_base64(credential_.salt) + ",i=" + std::to_string(credential_.iterations);
        signed_ = std::string(asked->bare) + "," + answer;
        return SaslStep::go_on(std::move(answer));
    }
    SaslStep last(std::string_view message) {
        const auto said = parse_client_final(message);
        if (!said || said->nonce != nonce_) return wrong();
        signed_.append(",").append(said->without_proof);
        if (!good_proof(hash_, credential_, signed_, said->proof)) return wrong();
        return SaslStep::done(server_final(hash_, credential_, signed_));
    }

    ScramHash hash_;
    const SaslSource& source_;
    std::string nonce_, signed_;   // the client's nonce comes in front of ours
    ScramCredential credential_;
};

// RFC 7628. A bad token is told as JSON, the client confirms with 0x01, and only then the exchange has failed.
class BearerExchange final : public SaslExchange {
  public:
    explicit BearerExchange(const SaslSource& source) : source_(source) {}
    SaslStep step(std::string_view message) override {
        if (!fault_.empty()) return SaslStep::refused(fault_);
        const auto wrong = SaslStep::refused(invalid_credentials("OAUTHBEARER"));
        if (!message.starts_with("n,")) return wrong;
        const auto comma = message.find(',', 2);
        if (comma == std::string_view::npos) return wrong;
        auto on_behalf = message.substr(2, comma - 2);
        if (on_behalf.starts_with("a="))
            on_behalf.remove_prefix(2);
        else if (!on_behalf.empty())
            return wrong;
        const auto token = token_of(message.substr(comma + 1));
        if (!token) return wrong;
        const auto good = source_.bearer(*token);
        if (!good) {
            fault_ = R"({"status":"invalid_token"})";
            return SaslStep::go_on(fault_);
        }
        if (!on_behalf.empty() && on_behalf != good->name)
            return SaslStep::refused("Authentication failed: Client requested an authorization id (" + repaired(on_behalf) +
                                     ") that is different from the token's principal name (" + good->name + ")");
        principal.name = good->name;
        until_ms = good->until_ms;
        return SaslStep::done();
    }

  private:
    // Between the pairs and behind the last stands 0x01, and one more ends the message.
    static std::optional<std::string_view> token_of(std::string_view pairs) {
        if (!pairs.starts_with('\1')) return std::nullopt;
        pairs.remove_prefix(1);
        std::optional<std::string_view> token;
        while (!pairs.empty() && pairs.front() != '\1') {
            const auto end = pairs.find('\1');
            if (end == std::string_view::npos) return std::nullopt;
            const auto pair = pairs.substr(0, end);
            if (pair.starts_with("auth=Bearer ") || pair.starts_with("auth=bearer ")) token = pair.substr(12);
            pairs.remove_prefix(end + 1);
        }
        return pairs == "\1" ? token : std::nullopt;
    }
    const SaslSource& source_;
    std::string fault_;
};

class MskExchange final : public SaslExchange {
  public:
    MskExchange(const SaslSource& source, std::string nonce) : source_(source), request_id_(std::move(nonce)) {}
    SaslStep step(std::string_view payload) override {
        const auto good = source_.msk(payload);
        if (!good) return SaslStep::refused("Access denied");   // seen by users of MSK, which tells no more
        principal.name = good->name;
        until_ms = good->until_ms;
        // MSK answers with JSON, and its clients take an empty answer for a failure.
        return SaslStep::done(R"({"version":"2020_10_22","request-id":")" + request_id_ + R"("})");
    }

  private:
    const SaslSource& source_;
    std::string request_id_;
};

}   // namespace

std::unique_ptr<SaslExchange> begin_sasl(std::string_view mechanism, const SaslSource& source, std::string nonce) {
    if (mechanism == "PLAIN") return std::make_unique<PlainExchange>(source);
    if (const auto hash = scram_hash(mechanism)) return std::make_unique<ScramExchange>(*hash, source, std::move(nonce));
    if (mechanism == "OAUTHBEARER") return std::make_unique<BearerExchange>(source);
    if (mechanism == "AWS_MSK_IAM") return std::make_unique<MskExchange>(source, std::move(nonce));
    return nullptr;
}

}   // namespace sluice::kafka
