// Tokens of a login at the Kafka door: one byte names the mechanism, then come tokens, each behind two bytes of length. What must
// hold: any bytes are answered or refused; whoever is let in has a name; and nobody gets in by SCRAM who does not know the
// password.
#include "emulator/kafka/security/sasl.h"

#include "emulator/kafka/security/signed_tokens.h"
#include "tests/fuzz/seeds.h"

namespace sluice::fuzz {
namespace {

using namespace kafka;

constexpr std::string_view mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "AWS_MSK_IAM"};

struct Source final : SaslSource {
    ScramCredential known = credential_of_salted(ScramHash::sha256, "nobody knows", "salt", least_iterations);
    bool good_password(std::string_view user, std::string_view password) const override {
        return !user.empty() && password != "no";
    }
    const ScramCredential* credential(ScramHash, std::string_view) const override { return &known; }
    std::optional<TokenLogin> token(ScramHash, std::string_view id) const override {
        return TokenLogin{&known, {.name = std::string(id)}, 1};
    }
    std::optional<Bearer> bearer(std::string_view token) const override {
        if (auto url = from_base64(token, true); url && url->starts_with("https://")) return read_msk_url(*url, nullptr, {});
        return read_jwt(token, {}, 1'700'000'000'000);
    }
    std::optional<Bearer> msk(std::string_view payload) const override { return read_msk_payload(payload, nullptr, {}); }
};

}   // namespace

void sasl(Bytes input) {
    if (input.empty()) return;
    const auto which = std::to_integer<std::size_t>(input.front()) % std::size(mechanisms);
    input = input.subspan(1);
    const Source source;
    const auto exchange = begin_sasl(mechanisms[which], source, "nonce");
    must(exchange != nullptr, "each mechanism has an exchange");
    for (int tokens = 0; tokens < 4 && input.size() >= 2; ++tokens) {
        const auto size =
            std::min(input.size() - 2, std::to_integer<std::size_t>(input[0]) << 8 | std::to_integer<std::size_t>(input[1]));
        const Exact token{input.subspan(2, size)};
        input = input.subspan(2 + size);
        const auto step = exchange->step(token.text());
        if (step.outcome == SaslStep::Outcome::more) continue;
        if (step.outcome == SaslStep::Outcome::done) {
            must(!exchange->principal.name.empty(), "whoever is let in has a name");
            must(which != 1 && which != 2, "nobody gets in by SCRAM without the password");
        }
        break;
    }
}

std::vector<Blob> sasl_seeds() {
    const auto tokens = [](char mechanism, std::initializer_list<std::string_view> all) {
        std::string text(1, mechanism);
        for (const auto token : all)
            (((text += static_cast<char>(token.size() >> 8)) += static_cast<char>(token.size() & 255))) += token;
        return blob_of(text);
    };
    using namespace std::string_view_literals;
    return {
        tokens(0, {"\0alice\0secret"sv}),
        tokens(0, {"a\0a\0b"sv}),
        tokens(1, {"n,,n=us=3Der=2C1,r=abc", "c=biws,r=abcnonce,p=AAAA"}),
        tokens(2, {"n,a=x,n=x,r=abc,tokenauth=true", "c=biws,r=abcnonce,p=AAAA"}),
        tokens(3, {"n,,\1auth=Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.\1\1", "\1"}),
        tokens(3, {"n,a=b,\1host=h\1auth=Bearer aHR0cHM6Ly9rLz9BY3Rpb249YQ\1\1"}),
        tokens(4, {R"({"version":"2020_10_22","host":"h","action":"kafka-cluster:Connect","x-amz-algorithm":"AWS4-HMAC-SHA256",)"
                   R"("x-amz-credential":"A/20231114/r/kafka-cluster/aws4_request","x-amz-date":"20231114T221320Z",)"
                   R"("x-amz-signedheaders":"host","x-amz-expires":"900","x-amz-signature":"00"})"})};
}

}   // namespace sluice::fuzz
