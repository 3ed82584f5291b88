// Who may log in at the Kafka door, and by what: users of the settings, users and tokens that the store keeps, tokens that others
// signed, and AWS's signatures.
//
// With `--kafka-auth any` whoever brings an unknown user name is let in with any password, since a client that has to log in
// somewhere should find a door here; a user of the settings needs the right one. SCRAM proves a password, so it needs a user that
// is known in either case.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/security/login.h"
#include "emulator/kafka/security/login_options.h"
#include "emulator/kafka/security/principal_names.h"
#include "emulator/kafka/security/signed_tokens.h"
#include "emulator/kafka/security/tokens.h"
#include "emulator/kafka/security/users.h"
#include "emulator/net/client_certificates.h"

namespace sluice::kafka {

class Logins final : public SaslSource {
  public:
    // Throws storage::StartError for settings that cannot be met.
    Logins(streams::Engine&, const Configs&, LoginOptions);

    const LoginRules& rules() const { return rules_; }
    milliseconds failure_delay() const { return failure_delay_; }
    ClientAuth client_auth(const streams::World*) const;   // ssl.client.auth
    const PrincipalNames& principal_names() const { return principal_names_; }
    Users& users() { return users_; }
    Tokens& tokens() { return tokens_; }
    const std::string& token_secret() const { return token_secret_; }   // empty: no tokens are given
    std::string fresh_nonce();
    std::string fresh_bytes(std::size_t count);
    std::int64_t real_ms() const;
    void unstored(std::string_view key);
    void clear();

    bool good_password(std::string_view user, std::string_view password) const override;
    const ScramCredential* credential(ScramHash, std::string_view user) const override;
    std::optional<TokenLogin> token(ScramHash, std::string_view id) const override;
    std::optional<Bearer> bearer(std::string_view token) const override;
    std::optional<Bearer> msk(std::string_view payload) const override;

  private:
    streams::Engine& engine_;
    LoginOptions options_;
    const Configs& configs_;
    LoginRules rules_;
    PrincipalNames principal_names_;
    milliseconds failure_delay_;
    std::string token_secret_;
    Users users_;
    Tokens tokens_;
    std::map<std::string, Users::Credentials, std::less<>> configured_;
    BearerRules bearer_rules_;
    std::unique_ptr<aws::Verifier> verifier_;   // keeps derived keys
};

}   // namespace sluice::kafka
