// Long because each setting is one entry with its text for --help.
#include "emulator/program/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "emulator/kinesis/kms.h"
#include "emulator/net/certificates.h"
#include "emulator/program/arguments.h"
#include "emulator/program/environment.h"
#include "emulator/runtime/spans.h"
#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/limits/limits.h"
#include "protocol/utf8.h"

namespace sluice {
namespace {

template <class T>
T or_exit(std::string_view flag, std::expected<T, std::string> parsed) {
    if (!parsed) throw Exit{bad_usage, fmt::format("{}: {}", flag, parsed.error())};
    return *std::move(parsed);
}

// `most`: how many shards or partitions one may have.
ServeOptions::Make parse_make(std::string_view flag, const std::string& text, std::int32_t most, std::string_view of) {
    const auto colon = text.rfind(':');
    ServeOptions::Make make{.name = text.substr(0, colon)};
    if (!streams::bounds::good_name(make.name))
        throw Exit{bad_usage,
                   fmt::format("{}: '{}' is no name; letters, digits, '.', '_' and '-' make one, like orders or orders:4", flag,
                               make.name)};
    if (colon == std::string::npos) return make;
    const auto count = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), make.count);
    if (error != std::errc{} || end != count.data() + count.size() || make.count < 1 || make.count > most)
        throw Exit{bad_usage,
                   fmt::format("{}: '{}' is no number from 1 to {}, the most that {} may have", flag, count, most, of)};
    return make;
}

void check_profile(std::string_view flag, const std::string& name) {
    if (!streams::profile(name))
        throw Exit{bad_usage,
                   fmt::format("{}: there is no profile '{}'; use kinesis, kinesis-strict, kafka or none", flag, name)};
}

// A value may hold commas itself (cleanup.policy=compact,delete): a piece without '=' belongs to the one
// before it.
std::map<std::string, std::string> parse_configs(const std::vector<std::string>& pieces) {
    std::map<std::string, std::string> configs;
    std::string* last = nullptr;
    for (const auto& piece : pieces) {
        const auto equals = piece.find('=');
        if (equals == std::string::npos) {
            if (!last) throw Exit{bad_usage, fmt::format("--kafka-config: '{}' is not KEY=VALUE, like num.partitions=4", piece)};
            *last += "," + piece;
            continue;
        }
        last = &(configs[piece.substr(0, equals)] = piece.substr(equals + 1));
    }
    return configs;
}

// ID:SECRET, ID:SECRET:TOKEN or ID:SECRET:TOKEN:UNTIL. A wrong one is not quoted, since a part of it is secret.
aws::Key parse_access_key(const std::string& text) {
    aws::Key key;
    std::string until;
    std::string_view rest = text;
    for (auto* part : {&key.id, &key.secret, &key.token, &until}) {
        const auto end = part == &until ? rest.size() : std::min(rest.find(':'), rest.size());
        *part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    const auto printed = [](char c) { return c > ' ' && c <= '~'; };
    if (key.id.empty() || key.secret.empty() || !std::ranges::all_of(text, printed))
        throw Exit{
            bad_usage,
            "--kinesis-key: a key is written like AKIAEXAMPLE:SECRET, with :TOKEN behind it when it is a temporary one, and "
            ":2027-01-01T00:00:00Z behind that when the token expires"};
    if (!until.empty()) key.until = or_exit("--kinesis-key " + key.id, parse_time(until));
    return key;
}

void check_access_keys(const ServeOptions& options) {
    if (options.verify_signatures && options.access_keys.empty())
        throw Exit{bad_usage, "--kinesis-auth verify: say which keys are good, with --kinesis-key ID:SECRET"};
    if (!options.verify_signatures && (!options.access_keys.empty() || options.signatures_by_virtual_clock))
        throw Exit{bad_usage,
                   "--kinesis-key and --kinesis-auth-clock are for --kinesis-auth verify; without it any key is let in"};
    for (const auto& key : options.access_keys)
        if (std::ranges::count(options.access_keys, key.id, &aws::Key::id) > 1)
            throw Exit{bad_usage, fmt::format("--kinesis-key: {} is given twice", key.id)};
}

// NAME:PASSWORD. A wrong one is not quoted, since a part of it is secret.
std::map<std::string, std::string> parse_users(const std::vector<std::string>& pieces) {
    std::map<std::string, std::string> users;
    for (const auto& piece : pieces) {
        const auto colon = piece.find(':');
        if (colon == std::string::npos || colon == 0 || colon + 1 == piece.size() || !is_utf8(piece) ||
            piece.find('\0') != std::string::npos)
            throw Exit{bad_usage, "--kafka-user: a user is written like alice:PASSWORD, in UTF-8"};
        if (!users.emplace(piece.substr(0, colon), piece.substr(colon + 1)).second)
            throw Exit{bad_usage, fmt::format("--kafka-user: {} is given twice", piece.substr(0, colon))};
    }
    return users;
}

std::map<std::string, std::string> parse_keys(const std::vector<std::string>& pieces) {
    std::map<std::string, std::string> keys;
    for (const auto& piece : pieces) {
        const auto equals = piece.rfind('=');
        if (equals == std::string::npos || equals == 0 || !kinesis::key_state(piece.substr(equals + 1)))
            throw Exit{bad_usage, fmt::format("--kms-key: '{}' is not KEY=STATE, like alias/orders=disabled; a state is {}",
                                              piece, fmt::join(kinesis::key_state_names(), ", "))};
        keys[piece.substr(0, equals)] = piece.substr(equals + 1);
    }
    return keys;
}

constexpr const char* footer = R"(
Every flag is also an environment variable (--kinesis-limits is SLUICE_KINESIS_LIMITS) and a key of the --config file
(kinesis-limits = "none"); lists are separated by commas. A flag wins over the environment, the environment over the file.

Examples
  sluice serve                                            data in ./data, doors on loopback
  sluice serve --ephemeral --stream orders:4 --quiet      for a test suite: nothing on disk, one stream from the start
  sluice serve --kinesis 0.0.0.0:4567 --kafka 0.0.0.0:9092 --kafka-advertised 0.0.0.0/0=broker.example:9092
  sluice serve --ephemeral --kinesis 127.0.0.1:0 --kafka 127.0.0.1:0 --control 127.0.0.1:0 --ready-file doors.json
Then
  aws kinesis list-streams --endpoint-url http://127.0.0.1:4567
  kcat -b 127.0.0.1:9092 -L
  sluice clock advance 25h)";

}   // namespace

ServeOptions parse_serve(std::vector<std::string> args, const Environment& environment) {
    ServeOptions options;
    std::vector<std::string> kinesis{"127.0.0.1:4567"}, kafka{"127.0.0.1:9092"}, kafka_config, advertised, streams, topics,
        access_keys, kms_keys, kafka_users;
    std::string control = "127.0.0.1:7070", durability = "process", state_delay = "0s", max_memory = "4GiB", max_data = "1TiB",
                clock = "keep", scope = "shared", auth = "any", auth_clock = "either", kafka_auth = "any", write_burst;
    options.data = "./data";
    options.kinesis_limits = "kinesis", options.kafka_limits = "kafka";
    options.account = "000000000000", options.region = "us-east-1";

    Arguments all{"Starts the server: one log, spoken to as Kinesis and as Kafka.", "sluice serve"};
    all.footer(footer);
    all.column_width(38);
    const auto list = [&](const char* flag, std::vector<std::string>& into, const char* type, const char* text) {
        return all.list(flag, into, text).type(type);
    };
    const auto one = [&](const char* flag, std::string& into, const char* type, const char* text) {
        return all.option(flag, into, text).type(type);
    };
    list("--kinesis", kinesis, "ADDR:PORT", "the Kinesis door (port 0: any free one; several allowed)")
        .show_default()
        .group("Doors");
    list("--kafka", kafka, "ADDR:PORT[=HOST:PORT]", "the Kafka door, and the address that its clients are told (several allowed)")
        .show_default()
        .group("Doors");
    one("--control", control, "ADDR:PORT", "the control plane (gRPC), for `sluice clock` and its like")
        .show_default()
        .group("Doors");
    one("--control-token", options.control_token, "TEXT",
        "every control call has to bring it, by gRPC and by HTTP; better given as SLUICE_CONTROL_TOKEN")
        .group("Doors");
    list("--kafka-advertised", advertised, "PEER-CIDR=HOST:PORT",
         "the address that Kafka clients from that network are told; else the one they connected to")
        .group("Doors");
    one("--tls-certificate", options.tls_certificate, "FILE",
        "what both doors show in a TLS handshake (PEM, chain behind it); else a certificate that sluice signs itself")
        .group("Doors");
    one("--tls-key", options.tls_key, "FILE", "its key (PEM)").group("Doors");
    list("--tls-name", options.tls_names, "NAME", "one more host or address in the certificate that sluice signs").group("Doors");
    one("--tls-ca", options.tls_ca, "FILE",
        "written at start: what clients are to trust (also at /ca.pem of the Kinesis door, and in the data folder)")
        .group("Doors");
    one("--ready-file", options.ready_file, "PATH", "written when all doors answer: {\"kinesis\":\"127.0.0.1:4567\",…}")
        .group("Doors");
    one("--data", options.data, "DIR", "where the log is kept").show_default().group("Data");
    all.flag("--ephemeral", options.ephemeral, "keep everything in memory; gone at exit").group("Data");
    one("--channel-folder", options.channel_folder, "DIR",
        "where Kinesis channels deliver to: DIR/BUCKET/KEY; else `channels` in the data folder, and nowhere with --ephemeral")
        .group("Data");
    one("--durability", durability, "MODE", "process: survives a killed server; power: also a power cut, slower")
        .show_default()
        .one_of({"process", "power"})
        .group("Data");
    one("--max-memory", max_memory, "SIZE", "how much --ephemeral may keep before it refuses like a full disk")
        .show_default()
        .group("Data");
    one("--max-data", max_data, "SIZE",
        "how much --data may hold before it refuses like a full disk; as much address space is reserved")
        .show_default()
        .group("Data");
    list("--stream", streams, "NAME[:SHARDS]", "a Kinesis stream made at start when missing").group("Data");
    list("--topic", topics, "NAME[:PARTITIONS]", "a Kafka topic made at start when missing").group("Data");
    one("--kinesis-limits", options.kinesis_limits, "PROFILE",
        "limits of streams made by Kinesis: kinesis, kinesis-strict, kafka, none")
        .show_default()
        .group("Behaviour");
    one("--kafka-limits", options.kafka_limits, "PROFILE", "limits of topics made by Kafka: the same names")
        .show_default()
        .group("Behaviour");
    one("--write-burst", write_burst, "SIZE",
        "how much a shard takes at once after a pause, unless its stream has a number of its own (default: one second of its rate)")
        .group("Behaviour");
    list("--kms-key", kms_keys, "KEY=STATE",
         "what is wrong with a key of stream encryption: denied, disabled, not-found, opt-in, pending-deletion, throttled")
        .group("Behaviour");
    list("--kafka-config", kafka_config, "KEY=VALUE", "a broker setting under Kafka's own name, like num.partitions=4")
        .group("Behaviour");
    one("--kafka-auth", kafka_auth, "MODE",
        "any: a Kafka client may log in as anybody, or not at all; required: it has to, as a user that is known")
        .show_default()
        .one_of({"any", "required"})
        .group("Behaviour");
    list(
        "--kafka-user", kafka_users, "NAME:PASSWORD",
        "a user that may log in at the Kafka door, by PLAIN and SCRAM; better given as SLUICE_KAFKA_USER or in the --config file")
        .group("Behaviour");
    one("--account", options.account, "ID", "the account in ARNs").show_default().group("Behaviour");
    one("--region", options.region, "NAME", "the region in ARNs of topics made by Kafka").show_default().group("Behaviour");
    one("--kinesis-scope", scope, "SCOPE",
        "shared: one set of streams for every access key and region; separate: each account (an access key of "
        "12 digits) and region has its own")
        .show_default()
        .one_of({"shared", "separate"})
        .group("Behaviour");
    one("--kinesis-auth", auth, "MODE",
        "any: a signature has to be there and may be any; verify: it has to be right, by one of the keys of --kinesis-key")
        .show_default()
        .one_of({"any", "verify"})
        .group("Behaviour");
    list(
        "--kinesis-key", access_keys, "ID:SECRET[:TOKEN[:UNTIL]]",
        "a key that may sign, its session token, and when that expires; better given as SLUICE_KINESIS_KEY or in the --config file")
        .group("Behaviour");
    one("--kinesis-auth-clock", auth_clock, "CLOCK",
        "what a signature's date is compared with: either (the server's clock or the real one), or virtual (the server's alone)")
        .show_default()
        .one_of({"either", "virtual"})
        .group("Behaviour");
    one("--state-delay", state_delay, "SPAN", "how long a stream stays CREATING, UPDATING, DELETING")
        .show_default()
        .group("Behaviour");
    one("--clock", clock, "START",
        "keep: downtime passes, a frozen clock stands; resume: goes on where it stopped; freeze; auto: stands, and jumps "
        "when a refused caller waits for room; or a moment like 2027-01-01T00:00:00Z")
        .show_default()
        .group("Behaviour");
    all.flag("--quiet", options.quiet, "no banner and no notes, only the line with the doors").group("Behaviour");
    all.config_file("--config", "a file with these settings (TOML or INI)").type("FILE").group("Behaviour");

    const auto typed = [&](std::string_view flag) {
        return std::ranges::any_of(
            args, [&](const std::string& arg) { return arg == flag || arg.starts_with(std::string{flag} + "="); });
    };
    if (typed("--ephemeral") && typed("--data"))
        throw Exit{bad_usage, "--ephemeral keeps nothing, --data keeps everything: use one of them"};
    add_environment(args, all.known(), environment);
    all.parse(std::move(args), "`sluice serve --help` shows all settings");

    for (const auto& text : kinesis) options.kinesis.push_back(or_exit("--kinesis", parse_endpoint(text)));
    for (const auto& text : kafka) {
        const auto equals = text.find('=');
        auto at = or_exit("--kafka", parse_endpoint(std::string_view{text}.substr(0, equals)));
        options.kafka.push_back({at, equals == std::string::npos ? "" : text.substr(equals + 1)});
    }
    options.control = or_exit("--control", parse_endpoint(control));
    if (!std::ranges::all_of(options.control_token, [](char c) { return c > ' ' && c <= '~'; }))
        throw Exit{bad_usage, "--control-token: use letters, digits and signs of ASCII, without spaces"};
    if (options.tls_certificate.empty() != options.tls_key.empty())
        throw Exit{bad_usage, "--tls-certificate and --tls-key go together: give both, or none and sluice signs its own"};
    if (!options.tls_certificate.empty() && !(options.tls_names.empty() && options.tls_ca.empty()))
        throw Exit{bad_usage,
                   "--tls-name and --tls-ca are for the certificate that sluice signs; --tls-certificate gives another"};
    for (const auto& name : options.tls_names)
        if (!good_host(name))
            throw Exit{bad_usage, fmt::format("--tls-name: '{}' is no host or address, like sluice.example", name)};
    options.durability = durability == "power" ? storage::Durability::power : storage::Durability::process;
    check_profile("--kinesis-limits", options.kinesis_limits);
    check_profile("--kafka-limits", options.kafka_limits);
    if (!write_burst.empty()) {
        const auto bytes = or_exit("--write-burst", parse_size(write_burst));
        if (bytes == 0 || bytes > static_cast<std::uint64_t>(streams::most_per_second))
            throw Exit{bad_usage, fmt::format("--write-burst: '{}' is no size from 1 to {} bytes; write it like 10MiB",
                                              write_burst, streams::most_per_second)};
        options.write_burst_bytes = static_cast<std::int64_t>(bytes);
    }
    options.kms_keys = parse_keys(kms_keys);
    options.kafka_configs = parse_configs(kafka_config);
    options.kafka_login_required = kafka_auth == "required";
    options.kafka_users = parse_users(kafka_users);
    options.kafka_advertised = std::move(advertised);
    for (const auto& text : streams)
        options.streams.push_back(parse_make("--stream", text, streams::bounds::listed_shards, "a Kinesis stream"));
    for (const auto& text : topics)
        options.topics.push_back(parse_make("--topic", text, streams::bounds::topic_partitions, "a Kafka topic"));
    if (options.account.size() != 12 || !std::ranges::all_of(options.account, [](char c) { return c >= '0' && c <= '9'; }))
        throw Exit{bad_usage, fmt::format("--account: '{}' is not 12 digits, like 000000000000", options.account)};
    if (!streams::bounds::good_place(options.region))
        throw Exit{bad_usage, fmt::format("--region: '{}' is no region, like us-east-1", options.region)};
    options.separate_scopes = scope == "separate";
    options.verify_signatures = auth == "verify";
    options.signatures_by_virtual_clock = auth_clock == "virtual";
    for (const auto& text : access_keys) options.access_keys.push_back(parse_access_key(text));
    check_access_keys(options);
    if (options.channel_folder.empty() && !options.ephemeral) options.channel_folder = options.data + "/channels";
    options.state_delay = or_exit("--state-delay", parse_span(state_delay));
    options.max_memory_bytes = or_exit("--max-memory", parse_size(max_memory));
    options.max_data_bytes = or_exit("--max-data", parse_size(max_data));
    if (clock == "resume")
        options.clock = ClockStart::resume;
    else if (clock == "freeze")
        options.clock = ClockStart::freeze;
    else if (clock == "auto")
        options.clock = ClockStart::automatic;
    else if (clock != "keep") {
        options.clock = ClockStart::set;
        options.clock_at = or_exit("--clock", parse_time(clock));
    }
    return options;
}

}   // namespace sluice
