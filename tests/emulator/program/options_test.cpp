// The server's settings: where they come from, and what a wrong one is told.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "emulator/program/options.h"

using namespace sluice;
using namespace std::chrono_literals;

namespace {

// Exit status and text, or 0 and nothing when the settings are fine.
std::pair<int, std::string> refused(std::vector<std::string> args, const Environment& environment = {}) {
    try {
        parse_serve(std::move(args), environment);
    } catch (const Exit& exit) {
        return {exit.status, exit.what()};
    }
    return {0, ""};
}

struct ConfigFile {
    explicit ConfigFile(const std::string& text) {
        char name[] = "/tmp/sluice-options-XXXXXX";
        const int file = mkstemp(name);
        REQUIRE(file >= 0);
        path = name;
        std::ofstream{path} << text;
    }
    ~ConfigFile() { std::remove(path.c_str()); }
    std::string path;
};

}   // namespace

TEST_CASE("without settings the doors are on loopback and the data is in ./data") {
    const auto options = parse_serve({}, {});
    REQUIRE(options.kinesis.size() == 1);
    REQUIRE(options.kafka.size() == 1);
    CHECK(show(options.kinesis[0]) == "127.0.0.1:4567");
    CHECK(show(options.kafka[0].at) == "127.0.0.1:9092");
    CHECK(show(options.control) == "127.0.0.1:7070");
    CHECK(options.data == "./data");
    CHECK_FALSE(options.ephemeral);
    CHECK(options.durability == storage::Durability::process);
    CHECK(options.kinesis_limits == "kinesis");
    CHECK(options.kafka_limits == "kafka");
    CHECK(options.account == "000000000000");
    CHECK(options.region == "us-east-1");
    CHECK(options.max_memory_bytes == 4'294'967'296u);
    CHECK(options.max_data_bytes == 1'099'511'627'776u);
    CHECK(options.clock == ClockStart::keep);
}

TEST_CASE("a flag wins over the environment, the environment over the file, the file over the default") {
    const ConfigFile file{"region = \"file-1\"\naccount = \"111111111111\"\nkinesis-limits = \"none\"\n"};
    const Environment environment{{"SLUICE_REGION", "env-1"}, {"SLUICE_ACCOUNT", "222222222222"}};
    const auto options = parse_serve({"--config", file.path, "--region", "flag-1"}, environment);
    CHECK(options.region == "flag-1");
    CHECK(options.account == "222222222222");
    CHECK(options.kinesis_limits == "none");
    CHECK(options.kafka_limits == "kafka");
}

TEST_CASE("every setting can come from the environment, lists with commas") {
    const auto options = parse_serve({}, {{"SLUICE_KINESIS", "0.0.0.0:0,[::1]:4568"},
                                          {"SLUICE_EPHEMERAL", "true"},
                                          {"SLUICE_QUIET", "0"},
                                          {"SLUICE_STREAM", "orders:4,clicks"},
                                          {"SLUICE_TOPIC", "logs:12"},
                                          {"SLUICE_STATE_DELAY", "90s"},
                                          {"SLUICE_KAFKA_CONFIG", "num.partitions=4,log.cleanup.policy=compact,delete"},
                                          {"SLUICE_KAFKA_ADVERTISED", "10.0.0.0/8=broker:9092"},
                                          {"SLUICE_MAX_MEMORY", "64MiB"},
                                          {"SLUICE_MAX_DATA", "2GiB"},
                                          {"SLUICE_CLOCK", "2027-01-01T00:00:00Z"},
                                          {"SLUICE_DURABILITY", "power"},
                                          {"HOME", "/root"}});
    REQUIRE(options.kinesis.size() == 2);
    CHECK(show(options.kinesis[0]) == "0.0.0.0:0");
    CHECK(show(options.kinesis[1]) == "[::1]:4568");
    CHECK(options.ephemeral);
    CHECK_FALSE(options.quiet);
    REQUIRE(options.streams.size() == 2);
    CHECK(options.streams[0].name == "orders");
    CHECK(options.streams[0].count == 4);
    CHECK(options.streams[1].name == "clicks");
    CHECK(options.streams[1].count == 0);
    REQUIRE(options.topics.size() == 1);
    CHECK(options.topics[0].count == 12);
    CHECK(options.state_delay == 90s);
    CHECK(options.kafka_configs ==
          std::map<std::string, std::string>{{"num.partitions", "4"}, {"log.cleanup.policy", "compact,delete"}});
    CHECK(options.kafka_advertised == std::vector<std::string>{"10.0.0.0/8=broker:9092"});
    CHECK(options.max_memory_bytes == 67'108'864u);
    CHECK(options.max_data_bytes == 2'147'483'648u);
    CHECK(options.clock == ClockStart::set);
    CHECK(options.clock_at == from_ms(1'798'761'600'000));
    CHECK(options.durability == storage::Durability::power);
}

TEST_CASE("streams are one set unless the scope is separate, and the clock may go by need") {
    CHECK_FALSE(parse_serve({}, {}).separate_scopes);
    CHECK(parse_serve({"--kinesis-scope", "separate"}, {}).separate_scopes);
    CHECK(parse_serve({}, {{"SLUICE_KINESIS_SCOPE", "separate"}}).separate_scopes);
    CHECK(parse_serve({"--clock", "auto"}, {}).clock == ClockStart::automatic);
}

TEST_CASE("signatures are verified when asked, by keys that may have a token and an end") {
    CHECK_FALSE(parse_serve({}, {}).verify_signatures);
    const auto options = parse_serve({"--kinesis-auth-clock", "virtual"},
                                     {{"SLUICE_KINESIS_AUTH", "verify"},
                                      {"SLUICE_KINESIS_KEY", "AKIA1:wJalr/+=,AKIA2:s:t/+=,AKIA3:s:t:2027-01-01T00:00:00Z"}});
    CHECK(options.verify_signatures);
    CHECK(options.signatures_by_virtual_clock);
    REQUIRE(options.access_keys.size() == 3);
    CHECK(options.access_keys[0].id == "AKIA1");
    CHECK(options.access_keys[0].secret == "wJalr/+=");
    CHECK(options.access_keys[0].token.empty());
    CHECK(options.access_keys[1].token == "t/+=");
    CHECK_FALSE(options.access_keys[1].until);
    CHECK(options.access_keys[2].token == "t");
    CHECK(options.access_keys[2].until == from_ms(1'798'761'600'000));
    const ConfigFile file{"kinesis-auth = \"verify\"\nkinesis-key = [\"AKIA1:s\", \"AKIA2:s\"]\n"};
    CHECK(parse_serve({"--config", file.path}, {}).access_keys.size() == 2);
}

TEST_CASE("a wrong key is not printed, since a part of it is secret") {
    for (const auto* wrong : {"hidden", "a:hidden:t:soon", ":hidden", "a:hidden,a:hidden", "a:hid den"})
        CHECK_FALSE(refused({"--kinesis-auth", "verify", "--kinesis-key", wrong}).second.contains("hid"));
    CHECK_FALSE(refused({"--kinesis-key", "a:hidden"}).second.contains("hid"));
}

TEST_CASE("a login at the Kafka door is required when asked, by users with passwords, which are not printed") {
    CHECK_FALSE(parse_serve({}, {}).kafka_login_required);
    const auto options = parse_serve({"--kafka-auth", "required"}, {{"SLUICE_KAFKA_USER", "alice:a:b,bob:c"}});
    CHECK(options.kafka_login_required);
    CHECK(options.kafka_users == std::map<std::string, std::string>{{"alice", "a:b"}, {"bob", "c"}});
    for (const auto* wrong : {"hidden", ":hidden", "hidden:", "a:hidden,a:hidden"})
        CHECK_FALSE(refused({"--kafka-user", wrong}).second.contains("hidden"));
}

TEST_CASE("what a shard takes at once, and keys that have a fault") {
    CHECK(parse_serve({}, {}).write_burst_bytes == 0);
    CHECK(parse_serve({"--write-burst", "10MiB"}, {}).write_burst_bytes == 10'485'760);
    CHECK(parse_serve({}, {{"SLUICE_WRITE_BURST", "2MiB"}}).write_burst_bytes == 2'097'152);
    const std::map<std::string, std::string> keys{{"alias/a=b", "denied"}, {"k", "pending-deletion"}};
    CHECK(parse_serve({"--kms-key", "alias/a=b=denied", "--kms-key", "k=pending-deletion"}, {}).kms_keys == keys);
    CHECK(parse_serve({}, {{"SLUICE_KMS_KEY", "alias/a=b=denied,k=pending-deletion"}}).kms_keys == keys);
}

TEST_CASE("each Kafka listener may have an address that its clients are told") {
    const auto options =
        parse_serve({"--kafka", "0.0.0.0:9092=broker:9092,0.0.0.0:29092=localhost:29092", "--kafka", "[::1]:9092"}, {});
    REQUIRE(options.kafka.size() == 3);
    CHECK(show(options.kafka[0].at) == "0.0.0.0:9092");
    CHECK(options.kafka[0].told == "broker:9092");
    CHECK(options.kafka[1].told == "localhost:29092");
    CHECK(show(options.kafka[2].at) == "[::1]:9092");
    CHECK(options.kafka[2].told.empty());
}

TEST_CASE("the control token comes by flag or environment and can be sent in a header") {
    CHECK(parse_serve({}, {}).control_token.empty());
    CHECK(parse_serve({}, {{"SLUICE_CONTROL_TOKEN", "s3cret"}}).control_token == "s3cret");
    CHECK(parse_serve({"--control-token", "typed"}, {{"SLUICE_CONTROL_TOKEN", "s3cret"}}).control_token == "typed");
    for (const auto* wrong : {"two words", "line\n", "pass\xc3\xa9"}) CHECK(refused({"--control-token", wrong}).first == 2);
}

TEST_CASE("a flag may be given several times, and replaces the whole list of the environment") {
    const auto options = parse_serve({"--stream", "a", "--stream", "b:2,c", "--kafka", "127.0.0.1:0"},
                                     {{"SLUICE_STREAM", "x"}, {"SLUICE_KAFKA", "127.0.0.1:1"}});
    REQUIRE(options.streams.size() == 3);
    CHECK(options.streams[0].name == "a");
    CHECK(options.streams[1].count == 2);
    CHECK(options.streams[2].name == "c");
    REQUIRE(options.kafka.size() == 1);
    CHECK(options.kafka[0].at.port == 0);
}

TEST_CASE("an unknown SLUICE_ variable stops the start and names the nearest") {
    const auto [status, text] = refused({}, {{"SLUICE_KINESS_LIMITS", "none"}});
    CHECK(status == 2);
    CHECK(
        text ==
        "SLUICE_KINESS_LIMITS is no setting of sluice, did you mean SLUICE_KINESIS_LIMITS?; `sluice serve --help` names them all");
}

TEST_CASE("what Kubernetes sets for a service named sluice is no setting") {
    CHECK(refused({}, {{"SLUICE_PORT", "tcp://10.0.0.1:4567"},
                       {"SLUICE_PORT_4567_TCP_ADDR", "10.0.0.1"},
                       {"SLUICE_SERVICE_HOST", "10.0.0.1"}})
              .first == 0);
}

TEST_CASE("variables of the compose file and of examples stop no server") {
    CHECK(refused({}, {{"SLUICE_IMAGE", "sluice:dev"}, {"SLUICE_ADDR", "127.0.0.1:9092"}}) == std::pair{0, std::string{}});
}

TEST_CASE("an unknown flag stops the start and names the nearest") {
    CHECK(refused({"--kinesis-limit", "none"}).second ==
          "there is no flag --kinesis-limit, did you mean --kinesis-limits?; `sluice serve --help` shows all settings");
    CHECK(refused({"--ephemral"}).second ==
          "there is no flag --ephemral, did you mean --ephemeral?; `sluice serve --help` shows all settings");
    CHECK(refused({"--regiom=eu-west-1"}).second.starts_with("there is no flag --regiom, did you mean --region?"));
    CHECK(refused({"--zzzzzzzzzzzzzzzz"}).second.starts_with("there is no flag --zzzzzzzzzzzzzzzz; "));
    CHECK(refused({"stray"}).second.contains("stray"));
}

TEST_CASE("in memory or on disk: what was typed wins, both typed is a contradiction") {
    CHECK(parse_serve({"--ephemeral"}, {{"SLUICE_DATA", "/data"}}).ephemeral);
    CHECK_FALSE(parse_serve({"--data", "/data"}, {{"SLUICE_EPHEMERAL", "1"}}).ephemeral);
    CHECK(refused({"--ephemeral", "--data", "x"}).first == 2);
}

TEST_CASE("a wrong setting is one line that shows a right one") {
    struct Wrong {
        std::vector<std::string> args;
        const char* said;
    };
    for (
        const auto& [args, said] : std::vector<Wrong>{
            {{"--kinesis", "4567"}, "--kinesis: '4567' is not ADDR:PORT, like 127.0.0.1:4567, 0.0.0.0:0 or [::1]:9092"},
            {{"--kafka", "::1:9092"}, "--kafka: '::1:9092' is not ADDR:PORT"},
            {{"--control", "127.0.0.1:70700"}, "--control: '127.0.0.1:70700' is not ADDR:PORT"},
            {{"--durability", "maybe"}, "--durability"},
            {{"--kinesis-limits", "aws"},
             "--kinesis-limits: there is no profile 'aws'; use kinesis, kinesis-strict, kafka or none"},
            {{"--stream", "a b"}, "--stream: 'a b' is no name"},
            {{"--stream", "a:0"}, "--stream: '0' is no number from 1 to 20000, the most that a Kinesis stream may have"},
            {{"--stream", "a:20001"}, "--stream: '20001' is no number from 1 to 20000, the most that a Kinesis stream may have"},
            {{"--topic", "a:200001"}, "--topic: '200001' is no number from 1 to 200000, the most that a Kafka topic may have"},
            {{"--topic", std::string(250, 'a')}, "--topic: 'aaa"},
            {{"--stream", ".."}, "--stream: '..' is no name"},
            {{"--topic", ":3"}, "--topic: '' is no name"},
            {{"--kafka-config", "num.partitions"}, "--kafka-config: 'num.partitions' is not KEY=VALUE, like num.partitions=4"},
            {{"--account", "12"}, "--account: '12' is not 12 digits, like 000000000000"},
            {{"--state-delay", "5"}, "--state-delay: '5' is no span of time; write it like 90s, 23h59m, 25h or 7d"},
            {{"--clock", "backward"}, "--clock: 'backward' is no moment; write it like 2027-01-01T00:00:00Z"},
            {{"--write-burst", "0"}, "--write-burst: '0' is no size from 1 to 1099511627776 bytes; write it like 10MiB"},
            {{"--write-burst", "much"}, "--write-burst: 'much' is no size; write it like 512MiB or 4GiB"},
            {{"--kms-key", "alias/a=lost"},
             "--kms-key: 'alias/a=lost' is not KEY=STATE, like alias/orders=disabled; a state is denied, disabled, not-found, opt-in, "
             "pending-deletion, throttled"},
            {{"--kinesis-scope", "mine"}, "--kinesis-scope"},
            {{"--kinesis-auth", "some"}, "--kinesis-auth"},
            {{"--kinesis-auth", "verify"}, "--kinesis-auth verify: say which keys are good, with --kinesis-key ID:SECRET"},
            {{"--kinesis-key", "a:b"}, "--kinesis-key and --kinesis-auth-clock are for --kinesis-auth verify"},
            {{"--kinesis-auth-clock", "virtual"}, "--kinesis-key and --kinesis-auth-clock are for --kinesis-auth verify"},
            {{"--kinesis-auth", "verify", "--kinesis-key", "a"}, "--kinesis-key: a key is written like AKIAEXAMPLE:SECRET"},
            {{"--kinesis-auth", "verify", "--kinesis-key", ":b"}, "--kinesis-key: a key is written like AKIAEXAMPLE:SECRET"},
            {{"--kinesis-auth", "verify", "--kinesis-key", "a:b c"}, "--kinesis-key: a key is written like AKIAEXAMPLE:SECRET"},
            {{"--kinesis-auth", "verify", "--kinesis-key", "a:b,a:c"}, "--kinesis-key: a is given twice"},
            {{"--kinesis-auth", "verify", "--kinesis-key", "a:b:c:soon"}, "--kinesis-key a: 'soon' is no moment"},
            {{"--kafka-auth", "some"}, "--kafka-auth"},
            {{"--kafka-user", "alice"}, "--kafka-user: a user is written like alice:PASSWORD, in UTF-8"},
            {{"--max-memory", "much"}, "--max-memory: 'much' is no size; write it like 512MiB or 4GiB"},
            {{"--kafkaa", "x"}, "`sluice serve --help` shows all settings"},
            {{"--config", "/nowhere/sluice.toml"}, "/nowhere/sluice.toml"}}) {
        CAPTURE(args);
        const auto [status, text] = refused(args);
        CHECK(status == 2);
        CHECK_MESSAGE(text.contains(said), text);
        CHECK_FALSE(text.contains('\n'));
    }
}

TEST_CASE("an unknown key in the config file stops the start") {
    const ConfigFile file{"kinesis-limit = \"none\"\n"};
    CHECK(refused({"--config", file.path}).first == 2);
}

TEST_CASE("--help is no failure and shows each setting with its default") {
    const auto [status, text] = refused({"--help"});
    CHECK(status == 0);
    for (const auto* part : {"--kinesis ",
                             "--kafka ",
                             "--control ",
                             "--data ",
                             "--ephemeral",
                             "--durability ",
                             "--kinesis-limits ",
                             "--kafka-limits ",
                             "--kafka-config ",
                             "--stream ",
                             "--topic ",
                             "--ready-file ",
                             "--kafka-advertised ",
                             "--control-token ",
                             "--account ",
                             "--region ",
                             "--state-delay ",
                             "--max-memory ",
                             "--max-data ",
                             "--clock ",
                             "--channel-folder ",
                             "--kinesis-scope ",
                             "--write-burst ",
                             "--kms-key ",
                             "--kafka-auth ",
                             "--kafka-user ",
                             "--kinesis-auth ",
                             "--kinesis-key ",
                             "--kinesis-auth-clock ",
                             "--quiet",
                             "--config ",
                             "127.0.0.1:4567",
                             "Examples"}) {
        CAPTURE(part);
        CHECK(text.contains(part));
    }
}
