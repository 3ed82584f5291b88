// Rule 31: what is accepted opens again. Hostile text goes into each field of each door that ends in a stored value; after a
// restart the engine is what it was, whether the text was refused or taken.
#include "emulator/streams/catalog/bounds.h"

#include "protocol/kafka/messages/alter_client_quotas.h"
#include "protocol/kafka/messages/alter_user_scram_credentials.h"
#include "protocol/kafka/messages/create_acls.h"
#include "protocol/kafka/messages/create_delegation_token.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/incremental_alter_configs.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/sasl_authenticate.h"
#include "protocol/kafka/messages/sasl_handshake.h"
#include "tests/support/kafka_client.h"
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

// Each kind of text that is no UTF-8, control bytes, and lengths at and over the bounds.
std::vector<std::string> hostile_texts() {
    std::vector<std::string> texts{"\xFF\xFE",           // never in UTF-8
                                   "\x80",               // a tail alone
                                   "a\xC3",              // a head alone
                                   "\xC0\xAF",           // longer than needed
                                   "\xE0\x80\xAF",       // the same in three bytes
                                   "\xED\xA0\x80",       // half of a surrogate pair
                                   "\xF4\x90\x80\x80",   // above U+10FFFF
                                   "\xF0\x9F\x98",       // a beginning
                                   std::string("a\0b", 3),
                                   "\x01\x1F\x7F",
                                   "a\r\nb",
                                   "a:b/c",
                                   " ",
                                   ""};
    for (const std::size_t size : {63, 64, 65, 128, 249, 250, 255, 256, 257, 1024, 1025, 32'767, 32'768, 100'000})
        texts.emplace_back(size, 'x');
    return texts;
}

// What a start says, and whether it finds what there was.
void opens_again(World& w, std::string_view field, const std::string& text) {
    CAPTURE(field);
    CAPTURE(text.substr(0, 20));
    CAPTURE(text.size());
    const auto before = w.engine->dump();
    CHECK_NOTHROW(w.open());
    CHECK(w.engine->dump() == before);
}

// As a name and as a value of a setting, and as the name of what has it.
void alter_settings(kafka::Client& client, std::string_view topic, std::string_view text) {
    using Request = kafka::IncrementalAlterConfigsRequest;
    for (const auto type : std::initializer_list<std::int8_t>{2, 4, 8, 16, 32}) {
        for (const auto& [key, value] : {std::pair{text, std::string_view{"v"}}, std::pair{std::string_view{"metrics"}, text},
                                         std::pair{std::string_view{"share.auto.offset.reset"}, text},
                                         std::pair{std::string_view{"cleanup.policy"}, text}}) {
            const Request::Config config{.name = key, .config_operation = 0, .value = value};
            const auto name = type == 2 ? topic : type == 4 ? std::string_view{"1"} : text;
            const Request::Resource resource{.resource_type = type, .resource_name = name, .configs = {&config, 1}};
            client.send(Request{.resources = {&resource, 1}, .validate_only = false}, 1);
            (void)client.frame();
        }
    }
}

}   // namespace

TEST_CASE("hostile text in any field of a new stream is refused or opens again") {
    World w;
    w.create("steady");
    using New = Engine::NewStream;
    const std::pair<const char*, void (*)(New&, const std::string&)> fields[]{
        {"name", [](New& n, const std::string& t) { n.name = t; }},
        {"config key", [](New& n, const std::string& t) { n.configs[t] = "v"; }},
        {"config value", [](New& n, const std::string& t) { n.configs["retention.ms"] = t; }},
        {"tag key", [](New& n, const std::string& t) { n.tags[t] = "v"; }},
        {"tag value", [](New& n, const std::string& t) { n.tags["k"] = t; }},
        {"account", [](New& n, const std::string& t) { n.account = t; }},
        {"region", [](New& n, const std::string& t) { n.region = t; }}};
    int number = 0, taken = 0, refused = 0;
    for (const auto& [field, set] : fields)
        for (const auto& text : hostile_texts()) {
            New wanted;
            wanted.name = "s" + std::to_string(number++);
            set(wanted, text);
            ++(w.engine->create(w.engine->default_world(), wanted) ? taken : refused);
            w.settle();
            opens_again(w, field, text);
        }
    CHECK(taken > 20);
    CHECK(refused > 60);
}

TEST_CASE("hostile text in the signature of a CreateStream opens again, and the ARN stays one") {
    World w;
    w.create("steady");
    int number = 0;
    for (const auto& text : hostile_texts()) {
        if (text.contains('\r') || text.size() > 300) continue;   // no header holds it
        Caller caller{.world = w, .region = text};
        const auto name = "k" + std::to_string(number++);
        const auto told = caller.answer("CreateStream", {{"StreamName", name}, {"ShardCount", 1}});
        CHECK(is_utf8(told.front + told.body));
        opens_again(w, "region of the credential", text);
    }
}

TEST_CASE("hostile text in a tag, a key or a policy of a Kinesis request, as JSON and as CBOR, is refused or opens again") {
    World w;
    w.create("s");
    Caller caller{w};
    const std::string arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
    const std::pair<const char*, json (*)(const std::string&, const std::string&)> requests[]{
        {"AddTagsToStream",
         [](const std::string& t, const std::string&) { return json{{"StreamName", "s"}, {"Tags", {{t, "v"}}}}; }},
        {"AddTagsToStream",
         [](const std::string& t, const std::string&) { return json{{"StreamName", "s"}, {"Tags", {{"k", t}}}}; }},
        {"RemoveTagsFromStream",
         [](const std::string& t, const std::string&) { return json{{"StreamName", "s"}, {"TagKeys", {t}}}; }},
        {"TagResource", [](const std::string& t, const std::string& a) { return json{{"ResourceARN", a}, {"Tags", {{t, t}}}}; }},
        {"ListTagsForResource", [](const std::string& t, const std::string& a) { return json{{"ResourceARN", a + t}}; }},
        {"StartStreamEncryption",
         [](const std::string& t, const std::string&) {
             return json{{"StreamName", "s"}, {"EncryptionType", "KMS"}, {"KeyId", t}};
         }},
        {"PutResourcePolicy", [](const std::string& t, const std::string& a) { return json{{"ResourceARN", a}, {"Policy", t}}; }},
        {"PutResourcePolicy", [](const std::string& t, const std::string& a) {
             return json{{"ResourceARN", a}, {"Policy", "{\"a\":\"" + t + "\"}"}};
         }}};
    int taken = 0, refused = 0;
    for (const auto& [operation, request] : requests)
        for (const auto& text : hostile_texts()) {
            const auto body = request(text, arn);
            // What is no UTF-8 is not JSON either: a client that sends it all the same is imitated by putting it in afterwards.
            std::string as_json;
            if (is_utf8(text)) {
                as_json = body.dump();
            } else {
                as_json = request("MARK", arn).dump();
                for (auto at = as_json.find("MARK"); at != std::string::npos; at = as_json.find("MARK", at + text.size()))
                    as_json.replace(at, 4, text);
            }
            std::string as_cbor;
            json::to_cbor(body, as_cbor);
            for (const auto& told :
                 {caller.answer_text(operation, as_json), caller.answer_text(operation, as_cbor, "application/x-amz-cbor-1.1")}) {
                CAPTURE(operation);
                CAPTURE(text.substr(0, 20));
                CHECK(told.status < 500);
                ++(told.status == 200 ? taken : refused);
            }
            opens_again(w, operation, text);
        }
    CHECK(taken > 40);
    CHECK(refused > 100);
}

TEST_CASE("hostile text in any field of a Kafka request is refused or kept as UTF-8, and opens again") {
    kafka::Server server;
    int number = 0;
    for (const auto& text : hostile_texts()) {
        if (text.size() > 32'767) continue;   // longer than the frame's own length can say
        CAPTURE(text.substr(0, 20));
        CAPTURE(text.size());
        {
            kafka::Client client{server, text};
            const auto name = "t" + std::to_string(number++);
            for (const auto* key : {"follower.replication.throttled.replicas", "compression.type"}) {
                const kafka::CreateTopicsRequest::Config config{.name = key, .value = text};
                const kafka::CreateTopicsRequest::Topic topic{
                    .name = name, .num_partitions = 1, .replication_factor = 1, .assignments = {}, .configs = {&config, 1}};
                const auto told = client.ask<kafka::CreateTopicsResponse>(
                    kafka::CreateTopicsRequest{.topics = {&topic, 1}, .timeout_ms = 1000, .validate_only = false}, 7);
                if (told->topics[0].error_message) CHECK(is_utf8(*told->topics[0].error_message));
            }
            const kafka::OffsetCommitRequest::Partition partition{
                .partition_index = 0, .committed_offset = 1, .committed_metadata = text};
            const kafka::OffsetCommitRequest::Topic offsets{.name = name, .topic_id = {}, .partitions = {&partition, 1}};
            kafka::OffsetCommitRequest commit;
            commit.group_id = text;
            commit.topics = {&offsets, 1};
            client.send(commit, 8);
            (void)client.frame();
            kafka::JoinGroupRequest join;
            const kafka::JoinGroupRequest::Protocol protocol{.name = text, .metadata = kafka::as_bytes(text)};
            const auto group = "g" + text;
            join.group_id = group;
            join.protocol_type = text;
            join.session_timeout_ms = 10'000;
            join.rebalance_timeout_ms = 10'000;
            join.group_instance_id = text;
            join.protocols = {&protocol, 1};
            client.send(join, 7);
            (void)client.frame();
            alter_settings(client, name, text);
        }
        server.engine->flush();
        const auto before = server.engine->dump();
        CHECK(is_utf8(before));
        CHECK_NOTHROW(server.reopen());
        CHECK(server.engine->dump() == before);
    }
}

TEST_CASE("hostile text in users, tokens, ACLs and quotas is refused or opens again") {
    kafka::DoorOptions options;
    options.configs = {{"delegation.token.secret.key", "k"}};
    int number = 0;
    for (const auto& text : hostile_texts()) {
        CAPTURE(text.substr(0, 20));
        CAPTURE(text.size());
        kafka::Server server{options};
        {
            kafka::Client client(server);
            client.send(kafka::SaslHandshakeRequest{.mechanism = "PLAIN"}, 1);
            (void)client.frame();
            const auto token = std::string("\0", 1) + text + std::string("\0p", 2);
            client.send(kafka::SaslAuthenticateRequest{.auth_bytes = kafka::as_bytes(token)}, 2);
            (void)client.frame();
            const kafka::CreateDelegationTokenRequest::Renewer renewer{.principal_type = "User", .principal_name = text};
            kafka::CreateDelegationTokenRequest wanted;
            wanted.owner_principal_name = text;
            wanted.renewers = {&renewer, 1};
            client.send(wanted, 3);
            (void)client.frame();
        }
        kafka::Client client(server);
        const kafka::AlterUserScramCredentialsRequest::Upsertion user{.name = text,
                                                                      .mechanism = 1,
                                                                      .iterations = 4096,
                                                                      .salt = kafka::as_bytes(text),
                                                                      .salted_password = kafka::as_bytes(text)};
        client.send(kafka::AlterUserScramCredentialsRequest{.deletions = {}, .upsertions = {&user, 1}}, 0);
        (void)client.frame();
        const kafka::AlterClientQuotasRequest::Entry::Op op{.key = "producer_byte_rate", .value = 1e12, .remove = false};
        for (const auto* type : {"user", "client-id", "ip"}) {
            const kafka::AlterClientQuotasRequest::Entry::Entity entity{.entity_type = type, .entity_name = text};
            const kafka::AlterClientQuotasRequest::Entry entry{.entity = {&entity, 1}, .ops = {&op, 1}};
            client.send(kafka::AlterClientQuotasRequest{.entries = {&entry, 1}, .validate_only = false}, 1);
            (void)client.frame();
        }
        kafka::CreateAclsRequest::Creation acl{.resource_type = 3,
                                               .resource_name = text,
                                               .resource_pattern_type = 4,
                                               .principal = "User:u",
                                               .host = text,
                                               .operation = 3,
                                               .permission_type = 3};
        const auto principal = "User:" + text;
        for (int i = 0; i < 2; ++i) {
            client.send(kafka::CreateAclsRequest{.creations = {&acl, 1}}, 3);
            (void)client.frame();
            acl.principal = principal;
            acl.resource_name = "x";
        }
        server.engine->flush();
        const auto before = server.engine->dump();
        CHECK(is_utf8(before));
        number += before.contains("kafka/acl/");
        CHECK_NOTHROW(server.reopen(options));
        CHECK(server.engine->dump() == before);
    }
    CHECK(number > 10);
}

TEST_CASE("a stream shows at most 20,000 shards; a split beyond is refused, and what was accepted opens") {
    World w;
    Caller caller{w};
    w.clock().freeze();
    const auto split = [&](int shard, const char* at) {
        char id[32];
        std::snprintf(id, sizeof id, "shardId-%012d", shard);
        return caller.ask("SplitShard", {{"StreamName", "s"}, {"ShardToSplit", id}, {"NewStartingHashKey", at}});
    };
    CHECK(caller.answer("CreateStream", {{"StreamName", "s"}, {"ShardCount", 19'998}}).status == 200);
    CHECK(split(0, "1000").empty());   // 19,997 + 1 closed + 2
    const auto refused = split(19'998, "500");
    CHECK(refused["__type"] == "LimitExceededException");
    CHECK(refused["message"].get<std::string>().contains("Current shard count for the account: 19999. Limit: 20000."));
    const auto before = w.engine->dump();
    w.open();
    CHECK(w.engine->dump() == before);
    // What has expired is not shown any more and does not count.
    w.clock().advance(24h + 1ms);
    const auto merged = caller.ask(
        "MergeShards",
        {{"StreamName", "s"}, {"ShardToMerge", "shardId-000000019998"}, {"AdjacentShardToMerge", "shardId-000000019999"}});
    CHECK(merged.empty());
}

TEST_CASE("text that is no UTF-8 is read as Java reads it") {
    CHECK(repaired("plain \xE2\x82\xAC") == "plain \xE2\x82\xAC");
    CHECK(repaired("\xFF\xFE") == "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(repaired("a\xC3z") == "a\xEF\xBF\xBDz");
    CHECK(repaired("\xF0\x9F\x98z") == "\xEF\xBF\xBDz");                         // one for a beginning
    CHECK(repaired("\xED\xA0\x80") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");   // a surrogate has no beginning
}
