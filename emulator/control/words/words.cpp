// The words of the command line, and those that look at or set the server as a whole. The clock's are in words_clock.cpp, those
// about records in words_records.cpp.
#include <cstdlib>

#include "emulator/control/words/print.h"
#include "emulator/control/words/word.h"
#include "emulator/program/nearest.h"

namespace sluice::control {

namespace {

constexpr auto brief_patience = std::chrono::seconds{1};   // for a server that may not be there

constexpr const char* overview = R"(sluice: one log, spoken to as Kinesis and as Kafka.

  sluice serve [flags]          start the server (`sluice serve --help` shows all settings)

  sluice health                 whether the server is up, and how full its store is
  sluice version                the version of this program and of the server
  sluice clock                  the time on the server's clock
  sluice clock freeze | resume | advance 25h | set 2027-01-01T00:00:00Z | rate 60
  sluice clock auto | liveness virtual | liveness real
  sluice streams                all streams; every topic is one
  sluice limits show STREAM     how much each shard takes and gives a second
  sluice limits set STREAM --profile none | --write-records 100 …
  sluice tail STREAM            records as they come (--from start, --from 1h, --from 2027-01-01T00:00:00Z)
  sluice put STREAM DATA        one record (--key K); without DATA, each line of the standard input
  sluice throttles [STREAM]     refusals as they happen, each with its reason
  sluice advertise HOST:PORT    the address that Kafka clients are told; `off` undoes it
  sluice reset                  remove everything that is stored, and set the clock to the real time

  sluice compact DIR            make the file of a stopped server as small as its data
  sluice repair DIR             set aside damaged records that stop the start

Words find the server at 127.0.0.1:7070, or at --control ADDR:PORT, or at SLUICE_CONTROL. Each takes --json and --help.)";

void print_limits(const v1::LimitsResponse& answer) {
    const auto& l = answer.limits();
    const auto bytes = [](std::int64_t n) {
        return n == 0 ? std::string{"unlimited bytes"} : show_bytes(static_cast<double>(n)) + "/s";
    };
    const auto count = [](std::int64_t n, const char* what) {
        return n == 0 ? fmt::format("unlimited {}", what) : fmt::format("{} {}/s", n, what);
    };
    const auto burst = answer.write_capacity_bytes() == 0
                           ? std::string{}
                           : fmt::format(", {} at once", show_bytes(static_cast<double>(answer.write_capacity_bytes())));
    fmt::print("{}, each shard\n  write  {}{}, {}\n  read   {}, {}, {}, {}\n", answer.stream(), bytes(l.write_bytes_per_second()),
               burst, count(l.write_records_per_second(), "records"), bytes(l.read_bytes_per_second()),
               count(l.read_records_per_second(), "records"), count(l.read_calls_per_second(), "GetRecords calls"),
               count(l.iterator_calls_per_second(), "GetShardIterator calls"));
}

}   // namespace

int health(Word& word) {
    word.parse();
    const auto answer = word.client.call(v1::HealthRequest{});
    if (!word.client.json)
        fmt::print("{}  sluice {}, up {}, {} streams, {} Kinesis and {} Kafka connections, {} of {} used\n",
                   answer.ready() ? "ready" : warm("starting"), answer.version(),
                   show_span(std::chrono::floor<std::chrono::seconds>(from_proto(answer.uptime()))), answer.streams(),
                   answer.kinesis_connections(), answer.kafka_connections(), show_bytes(static_cast<double>(answer.used_bytes())),
                   show_bytes(static_cast<double>(answer.capacity_bytes())));
    return answer.ready() ? 0 : call_failed;
}

// Works without a server, too.
int show_version(Word& word) {
    word.parse();
    grpc::ClientContext context;
    context.set_deadline(until(brief_patience));
    v1::HealthResponse answer;
    const bool there = word.client.open().Health(&context, v1::HealthRequest{}, &answer).ok();
    if (word.client.json)
        fmt::print("{{\"version\":\"{}\",\"server\":\"{}\"}}\n", version, answer.version());
    else
        fmt::print("sluice {}\n{}\n", version,
                   there ? fmt::format("server {} at {}", answer.version(), word.client.at)
                         : fmt::format("no server at {}", word.client.at));
    return 0;
}

int limits(Word& word) {
    std::string action, stream, profile;
    std::int64_t write_bytes = 0, write_records = 0, read_bytes = 0, read_calls = 0, iterator_calls = 0, read_records = 0,
                 write_burst = 0;
    word.arguments.option("action", action, "show or set").required().one_of({"show", "set"});
    word.arguments.option("STREAM", stream).required();
    word.arguments.option("--profile", profile, "kinesis, kinesis-strict, kafka or none").type("NAME");
    const auto a = word.arguments.option("--write-bytes", write_bytes, "a second and shard; 0 is unlimited").type("N");
    const auto b = word.arguments.option("--write-records", write_records).type("N");
    const auto g =
        word.arguments.option("--write-burst", write_burst, "bytes that a shard takes at once; 0: as the server was started with")
            .type("N");
    const auto c = word.arguments.option("--read-bytes", read_bytes).type("N");
    const auto d = word.arguments.option("--read-calls", read_calls, "GetRecords calls").type("N");
    const auto e = word.arguments.option("--iterator-calls", iterator_calls, "GetShardIterator calls").type("N");
    const auto f = word.arguments.option("--read-records", read_records).type("N");
    word.parse();
    v1::LimitsResponse answer;
    if (action == "show") {
        v1::GetLimitsRequest request;
        request.set_stream(stream);
        answer = word.client.call(request);
    } else {
        v1::SetLimitsRequest request;
        request.set_stream(stream);
        request.set_profile(profile);
        if (a.given()) request.set_write_bytes_per_second(write_bytes);
        if (b.given()) request.set_write_records_per_second(write_records);
        if (c.given()) request.set_read_bytes_per_second(read_bytes);
        if (d.given()) request.set_read_calls_per_second(read_calls);
        if (e.given()) request.set_iterator_calls_per_second(iterator_calls);
        if (f.given()) request.set_read_records_per_second(read_records);
        if (g.given()) request.set_write_burst_bytes(write_burst);
        if (profile.empty() && !a.given() && !b.given() && !c.given() && !d.given() && !e.given() && !f.given() && !g.given())
            throw Exit{bad_usage, "`sluice limits set` wants --profile or a limit, like --write-records 100"};
        answer = word.client.call(request);
    }
    if (!word.client.json) print_limits(answer);
    return 0;
}

int list_streams(Word& word) {
    word.parse();
    const auto answer = word.client.call(v1::ListStreamsRequest{});
    if (word.client.json) return 0;
    if (answer.streams_size() == 0) {
        fmt::print("no streams yet; make one with either door, or start the server with --stream NAME:SHARDS\n");
        return 0;
    }
    Rows rows{{"STREAM", "STATUS", "LIMITS", "SHARDS", "OPEN", "RECORDS", "BYTES", "RETENTION"}};
    for (const auto& s : answer.streams())
        rows.push_back({s.name(), s.status(), s.profile(), std::to_string(s.shards()), std::to_string(s.open_shards()),
                        std::to_string(s.records()), show_bytes(static_cast<double>(s.bytes())),
                        s.has_retention() ? show_span(from_proto(s.retention())) : "for ever"});
    print_table(rows);
    return 0;
}

int advertise(Word& word) {
    std::string at;
    word.arguments.option("HOST:PORT", at, "or `off` for the rules that the server was started with").required();
    word.parse();
    v1::SetAdvertisedRequest request;
    if (at != "off") {
        const auto colon = at.rfind(':');
        int port = 0;
        if (colon == std::string::npos || !number(at.substr(colon + 1), port))
            throw Exit{bad_usage, fmt::format("'{}' is not HOST:PORT, like localhost:32768", at)};
        request.set_host(at.substr(0, colon));
        request.set_port(port);
    }
    word.client.call(request);
    if (!word.client.json) fmt::print("Kafka clients are told {}\n", at == "off" ? "what the server's rules say" : at);
    return 0;
}

int reset(Word& word) {
    v1::ResetRequest request;
    std::string at;
    word.arguments.option("--clock", at, "the time that the clock shows afterwards; else the real time").type("MOMENT");
    word.parse();
    if (!at.empty()) *request.mutable_clock() = to_proto(or_exit(parse_time(at)));
    const auto answer = word.client.call(request);
    if (word.client.json) return 0;
    if (answer.made().empty())
        fmt::print("nothing is left; connections stay open\n");
    else
        fmt::print("nothing is left but what --stream and --topic ask for, made again: {}; connections stay open\n",
                   fmt::join(answer.made(), ", "));
    return 0;
}

namespace {

struct Entry {
    const char* name;
    int (*run)(Word&);
    const char* text;
};
#define WORD(function, name, text) {name, function, text},
constexpr Entry words[] = {SLUICE_WORDS(WORD)};
#undef WORD

// Each call's line in calls/list.h names a word of the list, or says that there is none.
enum class Makes {
    no_word,
#define WORD(function, name, text) function,
    SLUICE_WORDS(WORD)
#undef WORD
};
#define MADE_BY(name, answer, word) Makes::word,
[[maybe_unused]] constexpr Makes made_by[] = {SLUICE_CONTROL_CALLS(MADE_BY, MADE_BY)};
#undef MADE_BY

bool asks_overview(const std::string& arg) { return arg == "--help" || arg == "-h" || arg == "help"; }

}   // namespace

bool is_word(const std::vector<std::string>& args) {
    if (args.empty() || args[0] == "serve") return false;
    return asks_overview(args[0]) || args[0] == "--version" || !args[0].starts_with("-");
}

int run_word(std::vector<std::string> args, const Environment& environment) {
    auto name = args.front();
    args.erase(args.begin());
    if (asks_overview(name)) throw Exit{0, overview};
    if (name == "--version") throw Exit{0, fmt::format("sluice {}", version)};
    const auto entry = std::ranges::find_if(words, [&](const Entry& e) { return e.name == name; });
    if (entry == std::end(words)) {
        std::vector<std::string> names{"serve", "compact", "repair"};
        for (const auto& e : words) names.emplace_back(e.name);
        const auto near = nearest(name, names);
        throw Exit{bad_usage, fmt::format("there is no word '{}'{}; `sluice --help` lists them", name,
                                          near.empty() ? "" : fmt::format(", did you mean {}?", near))};
    }
    setenv("GRPC_VERBOSITY", "NONE", 0);   // what goes wrong is said once, by us
    Word word{name, entry->text, std::move(args), environment};
    return entry->run(word);
}

}   // namespace sluice::control
