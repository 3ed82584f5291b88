// The server's settings. Each is a flag, an environment variable (SLUICE_ and the flag's name in capitals)
// and a key of the config file; a flag wins over the environment, the environment over the file, the file
// over the default.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/net/endpoint.h"
#include "emulator/runtime/clock.h"
#include "protocol/aws/verifier.h"
#include "storage/store.h"

namespace sluice {

// What the clock does at start. keep: a frozen clock stands where it was, a running one lets downtime pass
// (rule 7).
enum class ClockStart : std::uint8_t { keep, resume, freeze, automatic, set };

struct ServeOptions {
    struct Make {
        std::string name;
        std::int32_t count = 0;
    };   // 0: the default number

    struct KafkaListener {
        Endpoint at;
        std::string told;
    };   // HOST:PORT for the clients of this listener; empty: by rule

    std::vector<Endpoint> kinesis;
    std::vector<KafkaListener> kafka;
    Endpoint control;
    std::string control_token;   // empty: none is asked for
    std::string data;
    bool ephemeral = false;
    std::string channel_folder;   // empty: in the data folder, or nowhere where there is none
    storage::Durability durability = storage::Durability::process;
    std::string kinesis_limits, kafka_limits;
    std::int64_t write_burst_bytes = 0;            // 0: one second of the rate
    std::map<std::string, std::string> kms_keys;   // KEY -> what is wrong with it (kinesis/kms.h)
    std::map<std::string, std::string> kafka_configs;
    std::vector<std::string> kafka_advertised;   // PEER-CIDR=HOST:PORT
    std::vector<Make> streams, topics;
    std::string ready_file;
    std::string tls_certificate, tls_key, tls_ca;   // files; the last is written
    std::vector<std::string> tls_names;
    std::string account, region;
    bool separate_scopes = false;   // --kinesis-scope
    // --kinesis-auth verify. A secret is never part of a text that is printed.
    bool verify_signatures = false, signatures_by_virtual_clock = false;
    std::vector<aws::Key> access_keys;
    bool kafka_login_required = false;                // --kafka-auth
    std::map<std::string, std::string> kafka_users;   // name, password
    milliseconds state_delay{0};
    std::uint64_t max_memory_bytes{}, max_data_bytes{};
    ClockStart clock = ClockStart::keep;
    Time clock_at;   // for ClockStart::set
    bool quiet = false;
};

inline constexpr int failed = 1, bad_usage = 2;   // exit codes

// The start ends here: `text` goes to standard output when `status` is 0 (help), else to standard error.
struct Exit : std::runtime_error {
    Exit(int code, const std::string& text) : std::runtime_error(text), status(code) {}
    int status;
};

using Environment = std::vector<std::pair<std::string, std::string>>;   // name, value; environment.h reads it

// Throws Exit. `args` without the program's name and the word.
ServeOptions parse_serve(std::vector<std::string> args, const Environment&);

}   // namespace sluice
