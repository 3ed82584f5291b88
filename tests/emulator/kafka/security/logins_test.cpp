// Who gets in at the Kafka door, how, and as whom. Exchanges of SCRAM as the Java client makes them (tests/wire/kafka/misc.json);
// codes and texts as seen on Kafka 4.4.0.
#include "emulator/kafka/security/logins.h"
#include "protocol/kafka/messages/alter_user_scram_credentials.h"
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/kafka/messages/create_delegation_token.h"
#include "protocol/kafka/messages/describe_delegation_token.h"
#include "protocol/kafka/messages/describe_user_scram_credentials.h"
#include "protocol/kafka/messages/expire_delegation_token.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/renew_delegation_token.h"
#include "protocol/kafka/messages/sasl_authenticate.h"
#include "protocol/kafka/messages/sasl_handshake.h"
#include "protocol/kafka/print.h"
#include "tests/protocol/vectors.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;
using namespace std::chrono_literals;
using namespace std::string_view_literals;

namespace {

std::string unhex(const std::string& hex) {
    const auto bytes = test::from_hex(hex);
    return std::string(as_text(bytes));
}

SaslHandshakeResponse shake(Client& client, std::string_view mechanism, int version = 1) {
    return *client.ask<SaslHandshakeResponse>(SaslHandshakeRequest{.mechanism = mechanism}, version).body;
}
SaslAuthenticateResponse say(Client& client, std::string_view token) {
    return *client.ask<SaslAuthenticateResponse>(SaslAuthenticateRequest{.auth_bytes = as_bytes(token)}, 2).body;
}
SaslAuthenticateResponse plain(Client& client, std::string_view user, std::string_view password) {
    REQUIRE(shake(client, "PLAIN").error_code == ErrorCode::none);
    return say(client, std::string("\0", 1).append(user).append("\0"sv).append(password));
}
bool served(Client& client) {
    client.send(MetadataRequest{}, 9);
    return client.receive<MetadataResponse>(9).has_value();
}
// As the client's half of RFC 5802 does it.
SaslAuthenticateResponse scram(Client& client, ScramHash hash, const std::string& user, const std::string& password,
                               const std::string& more = "") {
    REQUIRE(shake(client, name_of(hash)).error_code == ErrorCode::none);
    const auto bare = "n=" + user + ",r=abc" + more;
    const auto first = say(client, "n,," + bare);
    if (first.error_code != ErrorCode::none) return first;
    const std::string told{as_text(first.auth_bytes)};
    const auto nonce = told.substr(2, told.find(',') - 2), rest = told.substr(told.find(",s=") + 3);
    const auto salt = *from_base64(rest.substr(0, rest.find(',')));
    const auto iterations = std::stoi(rest.substr(rest.find(",i=") + 3));
    const auto salted = stretched(hash, password, salt, iterations);
    const auto without = "c=biws,r=" + nonce;
    const auto key = hmac(hash, salted, "Client Key");
    auto proof = hmac(hash, digest(hash, key), bare + "," + told + "," + without);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ key[i]);
    return say(client, without + ",p=" + to_base64(proof));
}

std::string url64(std::string_view text) { return base64(as_bytes(text), true); }
std::string unsecured(const std::string& claims) { return url64(R"({"alg":"none"})") + "." + url64(claims) + "."; }
std::string bearer(const std::string& token) { return "n,,\1auth=Bearer " + token + "\1\1"; }

DoorOptions required() {
    DoorOptions options;
    options.login.required = true;
    options.login.users = {{"alice", "secret"}, {"bob", "other"}};
    return options;
}

}   // namespace

TEST_CASE("SCRAM is computed as Kafka's Java client computes it") {
    const auto exchanges = test::read_document("misc.json")["scram"];
    CHECK(exchanges.size() == 2);
    for (const auto& one : exchanges) {
        const auto hash = *scram_hash(one["mechanism"].get<std::string>());
        const auto salt = unhex(one["salt_hex"]);
        const auto salted = stretched(hash, one["password"].get<std::string>(), salt, one["iterations"]);
        CHECK(salted == unhex(one["salted_password"]));
        const auto credential = credential_of_salted(hash, salted, salt, one["iterations"]);
        CHECK(credential.stored_key == unhex(one["stored_key"]));
        CHECK(credential.server_key == unhex(one["server_key"]));

        struct Source final : SaslSource {
            ScramCredential known;
            std::string user;
            bool good_password(std::string_view, std::string_view) const override { return false; }
            const ScramCredential* credential(ScramHash, std::string_view name) const override {
                return name == user ? &known : nullptr;
            }
            std::optional<TokenLogin> token(ScramHash, std::string_view) const override { return std::nullopt; }
            std::optional<Bearer> bearer(std::string_view) const override { return std::nullopt; }
            std::optional<Bearer> msk(std::string_view) const override { return std::nullopt; }
        } source;
        source.known = credential;
        source.user = one["user"];
        const auto exchange = begin_sasl(one["mechanism"].get<std::string>(), source, "servernonce");
        REQUIRE(exchange);
        const auto first = exchange->step(one["client_first"].get<std::string>());
        CHECK(first.outcome == SaslStep::Outcome::more);
        CHECK(first.answer == one["server_first"].get<std::string>());
        const auto last = exchange->step(one["client_final"].get<std::string>());
        CHECK(last.outcome == SaslStep::Outcome::done);
        CHECK(last.answer == one["server_final"].get<std::string>());
        CHECK(exchange->principal.name == source.user);
    }
}

TEST_CASE("without a setting a client may say nothing, or log in as anybody, and is known by that name") {
    Server server;
    Client silent(server);
    CHECK(served(silent));
    Client named(server);
    CHECK(plain(named, "whoever", "whatever").error_code == ErrorCode::none);
    CHECK(served(named));
    CHECK(shake(named, "PLAIN").error_code == ErrorCode::illegal_sasl_state);   // seen: and the connection goes on
    CHECK(say(named, "x").error_message == "SaslAuthenticate request received after successful authentication");
    CHECK(served(named));
}

TEST_CASE("a client has to log in where that is required, and is served nothing but versions before") {
    Server server{required()};
    Client silent(server);
    CHECK(silent
              .ask<ApiVersionsResponse>(
                  ApiVersionsRequest{.client_software_name = "a", .client_software_version = "1", .cluster_id = {}}, 3)
              ->error_code == ErrorCode::none);
    silent.send(MetadataRequest{}, 9);
    CHECK(silent.closed());
    Client alice(server);
    CHECK(plain(alice, "alice", "secret").error_code == ErrorCode::none);
    CHECK(served(alice));
    for (const auto& [user, password] : {std::pair{"alice", "other"}, {"eve", "secret"}}) {
        Client wrong(server);
        const auto told = plain(wrong, user, password);
        CHECK(told.error_code == ErrorCode::sasl_authentication_failed);
        CHECK(told.error_message == "Authentication failed: Invalid username or password");
        CHECK(wrong.closed());
    }
}

TEST_CASE("what is wrong with a token of PLAIN is said in Kafka's words") {
    const std::pair<std::string_view, const char*> wrong[] = {
        {"abc", "Invalid SASL/PLAIN response: expected 3 tokens, got 1"},
        {"a\0b\0c\0d"sv, "Invalid SASL/PLAIN response: expected 3 tokens, got 4"},
        {"\0\0x"sv, "Authentication failed: username not specified"},
        {"\0x\0"sv, "Authentication failed: password not specified"},
        {"bob\0alice\0secret"sv, "Authentication failed: Client requested an authorization id that is different from username"}};
    Server server{required()};
    for (const auto& [token, text] : wrong) {
        Client client(server);
        REQUIRE(shake(client, "PLAIN").error_code == ErrorCode::none);
        const auto told = say(client, token);
        CHECK(told.error_code == ErrorCode::sasl_authentication_failed);
        CHECK(told.error_message == text);
        CHECK(client.closed());
    }
}

TEST_CASE("an unknown mechanism is answered with those that there are, and ends the connection") {
    Server server;
    Client client(server);
    const auto told = shake(client, "NOPE");
    CHECK(told.error_code == ErrorCode::unsupported_sasl_mechanism);
    CHECK(told.mechanisms.size() == 5);
    CHECK(client.closed());
    DoorOptions options;
    options.configs = {{"sasl.enabled.mechanisms", "SCRAM-SHA-256"}};
    server.reopen(options);
    Client other(server);
    CHECK(shake(other, "PLAIN").mechanisms == std::vector<std::string>{"SCRAM-SHA-256"});
    options.configs = {{"sasl.enabled.mechanisms", ""}};
    server.reopen(options);
    Client nothing(server);
    CHECK(shake(nothing, "PLAIN").error_code == ErrorCode::illegal_sasl_state);
    CHECK(served(nothing));
}

TEST_CASE("a refused login is answered after connection.failed.authentication.delay.ms") {
    auto options = required();
    options.configs = {{"connection.failed.authentication.delay.ms", "100"}};
    Server server{options};
    Client client(server);
    REQUIRE(shake(client, "PLAIN").error_code == ErrorCode::none);
    client.send(SaslAuthenticateRequest{.auth_bytes = as_bytes("\0alice\0no"sv)}, 2);
    CHECK_FALSE(client.frame());
    server.pass(milliseconds{99});
    CHECK_FALSE(client.frame());
    server.pass(milliseconds{1});
    CHECK(client.receive<SaslAuthenticateResponse>(2));
    CHECK(client.closed());
}

TEST_CASE("after SaslHandshake v0 tokens are bare frames, and then requests follow") {
    Server server{required()};
    const auto frame = [](std::string_view token) {
        Blob bytes(4 + token.size());
        Fill out{bytes.data()};
        out.integer(static_cast<std::int32_t>(token.size()));
        out.raw(as_bytes(token));
        return bytes;
    };
    Client alice(server);
    REQUIRE(shake(alice, "PLAIN", 0).error_code == ErrorCode::none);
    alice.write(frame("\0alice\0secret"sv));
    const auto answer = alice.frame();
    REQUIRE(answer);
    CHECK(answer->empty());
    CHECK(served(alice));
    Client eve(server);
    REQUIRE(shake(eve, "PLAIN", 0).error_code == ErrorCode::none);
    eve.write(frame("\0eve\0secret"sv));
    CHECK(eve.closed());
}

TEST_CASE("users of the settings log in by either SCRAM, and nobody else does") {
    for (const bool needed : {false, true}) {
        auto options = required();
        options.login.required = needed;
        Server server{options};
        for (const auto hash : scram_hashes) {
            Client alice(server);
            const auto told = scram(alice, hash, "alice", "secret");
            CHECK(told.error_code == ErrorCode::none);
            CHECK(as_text(told.auth_bytes).starts_with("v="));
            CHECK(served(alice));
            for (const auto& [user, password] : {std::pair{"alice", "wrong"}, {"eve", "secret"}}) {
                Client wrong(server);
                CHECK(scram(wrong, hash, user, password).error_message ==
                      "Authentication failed during authentication due to invalid credentials with SASL mechanism " +
                          std::string(name_of(hash)));
                CHECK(wrong.closed());
            }
        }
    }
}

TEST_CASE("a user that a client made is there after a restart, and gone when it was deleted") {
    Server server;
    const std::string salt = "0123456789abcdef";
    const auto salted = stretched(ScramHash::sha512, "pw", salt, 5000);
    {
        Client admin(server);
        const AlterUserScramCredentialsRequest::Upsertion made{
            .name = "carol", .mechanism = 2, .iterations = 5000, .salt = as_bytes(salt), .salted_password = as_bytes(salted)};
        const auto told = admin.ask<AlterUserScramCredentialsResponse>(
            AlterUserScramCredentialsRequest{.deletions = {}, .upsertions = {&made, 1}}, 0);
        CHECK(told->results.at(0).error_code == ErrorCode::none);
    }
    server.reopen(required());
    Client carol(server);
    CHECK(scram(carol, ScramHash::sha512, "carol", "pw").error_code == ErrorCode::none);
    const DescribeUserScramCredentialsRequest::User names[] = {{"carol"}, {"nobody"}};
    const auto told = carol.ask<DescribeUserScramCredentialsResponse>(
        DescribeUserScramCredentialsRequest{.users = Array<DescribeUserScramCredentialsRequest::User>{names, 2}}, 0);
    REQUIRE(told->results.size() == 2);
    REQUIRE(told->results[0].credential_infos.size() == 1);
    CHECK(told->results[0].credential_infos[0].iterations == 5000);
    CHECK(told->results[1].error_code == ErrorCode::resource_not_found);
    const AlterUserScramCredentialsRequest::Deletion gone{.name = "carol", .mechanism = 2};
    const AlterUserScramCredentialsRequest deletion{.deletions = {&gone, 1}, .upsertions = {}};
    CHECK(carol.ask<AlterUserScramCredentialsResponse>(deletion, 0)->results.at(0).error_code == ErrorCode::none);
    CHECK(carol.ask<AlterUserScramCredentialsResponse>(deletion, 0)->results.at(0).error_code == ErrorCode::resource_not_found);
    server.reopen(required());
    Client late(server);
    CHECK(scram(late, ScramHash::sha512, "carol", "pw").error_code == ErrorCode::sasl_authentication_failed);
}

TEST_CASE("credentials that Kafka would not keep are refused as Kafka refuses them") {
    using Upsertion = AlterUserScramCredentialsRequest::Upsertion;
    Server server;
    Client admin(server);
    const auto alter = [&](std::vector<Upsertion> all) {
        return *admin
                    .ask<AlterUserScramCredentialsResponse>(AlterUserScramCredentialsRequest{.deletions = {}, .upsertions = all},
                                                            0)
                    .body;
    };
    const Upsertion good{
        .name = "u", .mechanism = 1, .iterations = 4096, .salt = as_bytes("s"), .salted_password = as_bytes("p")};
    const auto told = [&](auto change) {
        auto one = good;
        change(one);
        const auto answer = alter({one});
        return answer.results.at(0).error_message.value_or("");
    };
    CHECK(told([](auto& one) { one.iterations = 100; }) == "Too few iterations");
    CHECK(told([](auto& one) { one.iterations = 99'999; }) == "Too many iterations");
    CHECK(told([](auto& one) { one.mechanism = 9; }) == "Unknown SCRAM mechanism");
    CHECK(told([](auto& one) { one.name = ""; }) == "Username must not be empty");
    const std::string long_name(401, 'x');
    CHECK(told([&](auto& one) { one.name = long_name; }).contains("400 bytes"));
    const auto twice = alter({good, good});
    REQUIRE(twice.results.size() == 1);
    CHECK(twice.results[0].error_code == ErrorCode::duplicate_resource);
    CHECK(told([](auto&) {}).empty());
}

TEST_CASE("a plain token of OAUTHBEARER names a user for as long as it is good, unless a login is required") {
    DoorOptions patient;
    patient.configs = {{"connections.max.idle.ms", "-1"}};
    Server server{patient};
    const auto now = to_ms(server.time.now()) / 1000;
    const auto claims = [&](std::int64_t life) {
        return R"({"sub":"dave","iat":)" + std::to_string(now) + R"(,"exp":)" + std::to_string(now + life) + "}";
    };
    {
        Client dave(server);
        REQUIRE(shake(dave, "OAUTHBEARER").error_code == ErrorCode::none);
        const auto told = say(dave, bearer(unsecured(claims(3600))));
        CHECK(told.error_code == ErrorCode::none);
        CHECK(told.session_lifetime_ms == 3'600'000);
        CHECK(served(dave));
        // Before its end it logs in again, as the same and in the same way; then it goes on.
        server.pass(std::chrono::minutes{50});
        REQUIRE(shake(dave, "OAUTHBEARER").error_code == ErrorCode::none);
        CHECK(say(dave, bearer(unsecured(claims(7200)))).session_lifetime_ms == 4'200'000);
        server.pass(std::chrono::minutes{20});
        CHECK(served(dave));
        server.pass(std::chrono::minutes{51});
        dave.send(MetadataRequest{}, 9);
        CHECK(dave.closed());
    }
    for (const auto& token : {unsecured(claims(-1)), unsecured("{}"), unsecured("[]"), std::string("abc"), std::string("a.b.c"),
                              url64(R"({"alg":"RS256"})") + "." + url64(claims(99'999)) + "." + url64("x")}) {
        Client wrong(server);
        REQUIRE(shake(wrong, "OAUTHBEARER").error_code == ErrorCode::none);
        const auto told = say(wrong, bearer(token));
        CHECK(told.error_code == ErrorCode::none);
        CHECK(as_text(told.auth_bytes) == R"({"status":"invalid_token"})");
        const auto last = say(wrong, "\1");
        CHECK(last.error_code == ErrorCode::sasl_authentication_failed);
        CHECK(last.error_message == R"({"status":"invalid_token"})");
        CHECK(wrong.closed());
    }
    server.reopen(required());
    Client dave(server);
    REQUIRE(shake(dave, "OAUTHBEARER").error_code == ErrorCode::none);
    CHECK(as_text(say(dave, bearer(unsecured(claims(99'999)))).auth_bytes).contains("invalid_token"));
}

TEST_CASE("connections.max.reauth.ms ends a session whose client does not log in again, and nobody becomes another one") {
    auto options = required();
    options.configs = {{"connections.max.reauth.ms", "10000"}};
    Server server{options};
    Client alice(server);
    CHECK(plain(alice, "alice", "secret").session_lifetime_ms == 10'000);
    server.pass(milliseconds{9'000});
    CHECK(plain(alice, "alice", "secret").session_lifetime_ms == 10'000);
    server.pass(milliseconds{9'000});
    CHECK(served(alice));
    const auto changed = plain(alice, "bob", "other");
    CHECK(changed.error_code == ErrorCode::sasl_authentication_failed);
    CHECK(changed.error_message->contains("Cannot change principals during re-authentication from User:alice to User:bob"));
    CHECK(alice.closed());
    Client late(server);
    CHECK(plain(late, "bob", "other").error_code == ErrorCode::none);
    server.pass(milliseconds{10'000});
    late.send(MetadataRequest{}, 9);
    CHECK(late.closed());
}

TEST_CASE("a request that is signed for MSK names its access key, and is checked where keys are configured") {
    // Made by botocore's SigV4QueryAuth for kafka-cluster, host b-1.example.
    Server server;
    const auto payload = [&](std::string_view signature) {
        return R"({"version":"2020_10_22","host":"b-1.example","user-agent":"t","action":"kafka-cluster:Connect",)"
               R"("x-amz-algorithm":"AWS4-HMAC-SHA256","x-amz-credential":"AKIAEXAMPLE/20231114/us-east-1/kafka-cluster/aws4_request",)"
               R"("x-amz-date":"20231114T221320Z","x-amz-expires":"900","x-amz-signedheaders":"host","x-amz-signature":")" +
               std::string(signature) + R"("})";
    };
    const auto attempt = [&](const std::string& token) {
        Client client(server);
        REQUIRE(shake(client, "AWS_MSK_IAM").error_code == ErrorCode::none);
        return say(client, token);
    };
    const auto told = attempt(payload("00"));
    CHECK(told.error_code == ErrorCode::none);
    CHECK(as_text(told.auth_bytes).contains(R"("version":"2020_10_22","request-id":)"));
    CHECK(attempt("{}").error_code == ErrorCode::sasl_authentication_failed);
    CHECK(attempt("x").error_code == ErrorCode::sasl_authentication_failed);
    auto options = required();
    options.login.access_keys = {{"AKIAEXAMPLE", "SECRET", ""}};
    server.reopen(options);
    CHECK(attempt(payload("00")).error_code == ErrorCode::sasl_authentication_failed);
    const std::string query =
        "Action=kafka-cluster%3AConnect&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAEXAMPLE%2F20231114%2Fus-east-1%2F"
        "kafka-cluster%2Faws4_request&X-Amz-Date=20231114T221320Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host";
    const std::string canonical = "GET\n/\n" + query + "\nhost:b-1.example\n\nhost\n" + aws::hex(aws::sha256(""));
    const auto key = aws::signing_key("SECRET", "20231114", "us-east-1", "kafka-cluster");
    const auto signature = aws::hex(aws::hmac_sha256(
        aws::view(key), aws::string_to_sign("20231114T221320Z", "20231114/us-east-1/kafka-cluster/aws4_request", canonical)));
    CHECK(attempt(payload(signature)).error_code == ErrorCode::none);
    // The same as a token of OAUTHBEARER, as newer clients send it.
    Client newer(server);
    REQUIRE(shake(newer, "OAUTHBEARER").error_code == ErrorCode::none);
    const auto url = "https://b-1.example/?" + query + "&X-Amz-Signature=" + signature + "&User-Agent=t";
    CHECK(say(newer, bearer(url64(url))).error_code == ErrorCode::none);
    CHECK(served(newer));
    server.pass(std::chrono::hours{1});
    CHECK(attempt(payload(signature)).error_code == ErrorCode::sasl_authentication_failed);
}

TEST_CASE("a delegation token stands for its owner until it expires, over restarts, and is renewed by whom it names") {
    auto options = required();
    options.configs = {{"delegation.token.secret.key", "k"},
                       {"delegation.token.expiry.time.ms", "60000"},
                       {"delegation.token.max.lifetime.ms", "100000"}};
    Server server{options};
    std::string id, password;
    Blob mac;
    {
        Client alice(server);
        REQUIRE(plain(alice, "alice", "secret").error_code == ErrorCode::none);
        const CreateDelegationTokenRequest::Renewer renewer{.principal_type = "User", .principal_name = "bob"};
        CreateDelegationTokenRequest asked;
        asked.owner_principal_type.reset();
        asked.owner_principal_name.reset();
        asked.renewers = {&renewer, 1};
        asked.max_lifetime_ms = -1;
        const auto made = alice.ask<CreateDelegationTokenResponse>(asked, 3);
        REQUIRE(made->error_code == ErrorCode::none);
        CHECK(made->principal_name == "alice");
        CHECK(made->expiry_timestamp_ms - made->issue_timestamp_ms == 60'000);
        CHECK(made->max_timestamp_ms - made->issue_timestamp_ms == 100'000);
        id = made->token_id;
        mac = made->hmac;
        password = base64(made->hmac);
    }
    server.reopen(options);
    Client by_token(server);
    CHECK(scram(by_token, ScramHash::sha256, id, password, ",tokenauth=true").error_code == ErrorCode::none);
    CHECK(served(by_token));
    // Who is there by a token gets none, and without tokenauth it is no user.
    CHECK(by_token.ask<DescribeDelegationTokenResponse>(DescribeDelegationTokenRequest{}, 3)->error_code ==
          ErrorCode::delegation_token_request_not_allowed);
    Client no_user(server);
    CHECK(scram(no_user, ScramHash::sha256, id, password).error_code == ErrorCode::sasl_authentication_failed);

    Client bob(server);
    REQUIRE(plain(bob, "bob", "other").error_code == ErrorCode::none);
    DescribeDelegationTokenRequest all;
    all.owners.reset();
    const auto seen = bob.ask<DescribeDelegationTokenResponse>(all, 3);
    REQUIRE(seen->tokens.size() == 1);
    CHECK(seen->tokens[0].renewers.size() == 1);
    server.pass(milliseconds{50'000});
    const auto renewed =
        bob.ask<RenewDelegationTokenResponse>(RenewDelegationTokenRequest{.hmac = mac, .renew_period_ms = -1}, 2);
    CHECK(renewed->error_code == ErrorCode::none);
    CHECK(renewed->expiry_timestamp_ms == seen->tokens[0].max_timestamp);
    server.pass(milliseconds{49'000});
    Client again(server);
    CHECK(scram(again, ScramHash::sha512, id, password, ",tokenauth=true").error_code == ErrorCode::none);
    const auto ended =
        bob.ask<ExpireDelegationTokenResponse>(ExpireDelegationTokenRequest{.hmac = mac, .expiry_time_period_ms = -1}, 2);
    CHECK(ended->error_code == ErrorCode::none);
    CHECK(bob.ask<RenewDelegationTokenResponse>(RenewDelegationTokenRequest{.hmac = mac, .renew_period_ms = -1}, 2)->error_code ==
          ErrorCode::delegation_token_not_found);
    server.reopen(options);
    Client late(server);
    CHECK(scram(late, ScramHash::sha256, id, password, ",tokenauth=true").error_code == ErrorCode::sasl_authentication_failed);
}

TEST_CASE("delegation tokens are for who is logged in, and for a server that has a secret") {
    Server server;
    Client silent(server);
    CreateDelegationTokenRequest asked;
    asked.owner_principal_type.reset();
    asked.owner_principal_name.reset();
    const auto told = silent.ask<CreateDelegationTokenResponse>(asked, 3);
    CHECK(told->error_code == ErrorCode::delegation_token_request_not_allowed);
    CHECK(told->principal_name == "ANONYMOUS");
    CHECK(told->issue_timestamp_ms == -1);
    Client known(server);
    REQUIRE(plain(known, "u", "p").error_code == ErrorCode::none);
    CHECK(known.ask<CreateDelegationTokenResponse>(asked, 3)->error_code == ErrorCode::delegation_token_auth_disabled);
}

TEST_CASE("the last answer reaches a client that goes on sending, and the connection is kept for that a while only") {
    Server server{required()};
    Client hasty(server), silent(server);
    for (auto* client : {&hasty, &silent}) {
        REQUIRE(shake(*client, "PLAIN").error_code == ErrorCode::none);
        client->send(SaslAuthenticateRequest{.auth_bytes = as_bytes("\0alice\0wrong"sv)}, 2);
    }
    for (int i = 0; i < 10; ++i) hasty.send(MetadataRequest{}, 9);
    for (auto* client : {&hasty, &silent}) {
        const auto told = client->receive<SaslAuthenticateResponse>(2);
        REQUIRE(told);
        CHECK((*told)->error_code == ErrorCode::sasl_authentication_failed);
        CHECK(client->closed());   // and nothing else is answered
    }
    CHECK(server.door->connections() == 2);
    hasty.leave();
    CHECK(server.door->connections() == 1);
    server.pass(2s);
    CHECK(server.door->connections() == 0);
}

TEST_CASE("a client that sends without end after its last answer is cut off") {
    Server server{required()};
    Client client(server);
    client.send(MetadataRequest{}, 9);
    const Blob more(1 << 16);
    for (int i = 0; i < 100; ++i) client.write(more);
    CHECK(server.door->connections() == 0);
}
