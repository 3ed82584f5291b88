// Long because every word has its flags, its table for people and its line in the overview.
#include "emulator/control/words.h"

#include <fmt/color.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "emulator/clock.h"
#include "emulator/control/service.h"
#include "emulator/control/side.h"
#include "emulator/spans.h"
#include "protocol/control/sluice.grpc.pb.h"

namespace sluice::control {

namespace {

constexpr int call_failed = 1, bad_usage = 2;
constexpr auto patience = std::chrono::seconds{20};  // for an answer; a far jump of the clock is real work
constexpr auto brief_patience = std::chrono::seconds{1};  // for a server that may not be there

// gRPC wants a moment of the host's clock, which only emulator/clock.h reads.
std::chrono::system_clock::time_point until(std::chrono::seconds patience_left) {
    return SteadyTime{}.now() + patience_left;
}

constexpr const char* overview = R"(sluice: one log, spoken to as Kinesis and as Kafka.

  sluice serve [flags]          start the server (`sluice serve --help` shows all settings)

  sluice health                 is it up, and how full
  sluice version                of this program and of the server
  sluice clock                  what time it is in there
  sluice clock freeze | resume | advance 25h | set 2027-01-01T00:00:00Z | rate 60
  sluice clock auto | liveness virtual | liveness real
  sluice streams                all streams, which are all topics
  sluice limits show STREAM     what a shard may take and give a second
  sluice limits set STREAM --profile none | --write-records 100 …
  sluice tail STREAM            records as they come (--from start, --from 1h, --from 2027-01-01T00:00:00Z)
  sluice put STREAM DATA        one record (--key K); without DATA, each line of the standard input
  sluice throttles [STREAM]     refusals as they happen, each with its reason
  sluice advertise HOST:PORT    what Kafka clients are told to connect to; `off` undoes it
  sluice reset                  forget everything

  sluice compact DIR            make the file of a stopped server as small as what it holds

Words find the server at 127.0.0.1:7070, or at --control ADDR:PORT, or at SLUICE_CONTROL. Each takes --json and --help.)";

struct Client {
    std::string at = "127.0.0.1:7070", token{}, world;
    bool json = false;
    std::unique_ptr<v1::Control::Stub> stub{};

    v1::Control::Stub& open() {
        if (stub) return *stub;
        grpc::ChannelArguments arguments;
        arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY,
                         0);  // the server is near; a proxy from the environment is not meant
        arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
        arguments.SetMaxReceiveMessageSize(-1);
        stub = v1::Control::NewStub(
            grpc::CreateCustomChannel(at, grpc::InsecureChannelCredentials(), arguments));
        return *stub;
    }

    void show_token(grpc::ClientContext& context) const {
        if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    }

    [[noreturn]] void fail(const grpc::Status& status) const {
        if (status.error_code() == grpc::StatusCode::UNAVAILABLE)
            throw Exit{call_failed, fmt::format("no server answers at {}; start one with `sluice serve`, or "
                                                "name another with --control ADDR:PORT or SLUICE_CONTROL",
                                                at)};
        if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
            throw Exit{call_failed, fmt::format("the server at {} does not answer in time", at)};
        throw Exit{call_failed, status.error_message()};
    }

    template <class Answer, class Request>
    Answer call(grpc::Status (v1::Control::Stub::*method)(grpc::ClientContext*, const Request&, Answer*),
                Request request) {
        request.set_world(world);
        grpc::ClientContext context;
        context.set_deadline(until(patience));
        show_token(context);
        Answer answer;
        if (const auto status = (open().*method)(&context, request, &answer); !status.ok()) fail(status);
        if (json) fmt::print("{}\n", to_json(answer));
        return answer;
    }

    template <class Message, class Request, class Show>
    void each(std::unique_ptr<grpc::ClientReader<Message>> (v1::Control::Stub::*method)(grpc::ClientContext*,
                                                                                        const Request&),
              Request request, const Show& show) {
        request.set_world(world);
        grpc::ClientContext context;
        show_token(context);
        const auto reader = (open().*method)(&context, request);
        Message message;
        while (reader->Read(&message)) {
            if (json)
                fmt::print("{}\n", to_json(message));
            else
                show(message);
            std::fflush(stdout);
        }
        if (const auto status = reader->Finish(); !status.ok()) fail(status);
    }
};

// ---- for people ----

bool colourful() { return isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR"); }
std::string dim(std::string text) {
    return colourful() ? fmt::format(fmt::emphasis::faint, "{}", text) : text;
}
std::string warm(std::string text) {
    return colourful() ? fmt::format(fmt::fg(fmt::terminal_color::yellow), "{}", text) : text;
}

std::string show_bytes(double bytes) {
    static constexpr const char* names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    std::size_t i = 0;
    while (bytes >= 1024 && i + 1 < std::size(names)) bytes /= 1024, ++i;
    return i == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", bytes, names[i]);
}

// What is not text is shown as \xNN, so that no record can drive the terminal.
std::string show_text(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f)
            out += fmt::format("\\x{:02x}", byte);
        else
            out += c;
    }
    return out;
}

using Rows = std::vector<std::vector<std::string>>;
// The first row is the head; columns of numbers stand to the right.
void print_table(const Rows& rows) {
    if (rows.empty()) return;
    std::vector<std::size_t> width(rows[0].size());
    std::vector<bool> number(rows[0].size(), rows.size() > 1);
    for (std::size_t r = 0; r < rows.size(); ++r)
        for (std::size_t i = 0; i < width.size(); ++i) {
            width[i] = std::max(width[i], rows[r][i].size());
            if (r > 0 && !(rows[r][i][0] >= '0' && rows[r][i][0] <= '9')) number[i] = false;
        }
    for (std::size_t r = 0; r < rows.size(); ++r) {
        std::string line;
        for (std::size_t i = 0; i < width.size(); ++i) {
            const auto last = i + 1 == width.size();
            line += number[i] ? fmt::format("{:>{}}", rows[r][i], width[i])
                    : last    ? rows[r][i]
                              : fmt::format("{:<{}}", rows[r][i], width[i]);
            if (!last) line += "  ";
        }
        fmt::print("{}\n", r == 0 ? dim(line) : line);
    }
}

void print_clock(const v1::ClockResponse& clock) {
    const auto ahead = from_proto(clock.ahead());
    auto line = show_time(from_proto(clock.now()));
    line += clock.automatic()     ? warm("  moves when somebody waits for room")
            : clock.frozen()      ? warm("  frozen")
            : clock.rate() == 1.0 ? "  running"
                                  : warm(fmt::format("  running at rate {:g}", clock.rate()));
    if (ahead >= std::chrono::seconds{1} || ahead <= std::chrono::seconds{-1})
        line += fmt::format(
            ", {} {} real time",
            show_span(std::chrono::round<std::chrono::seconds>(milliseconds{std::abs(ahead.count())})),
            ahead.count() > 0 ? "ahead of" : "behind");
    if (clock.liveness() == v1::LIVENESS_VIRTUAL) line += warm(", sessions go by it");
    fmt::print("{}\n", line);
}

void print_limits(const v1::LimitsResponse& answer) {
    const auto& l = answer.limits();
    const auto bytes = [](std::int64_t n) {
        return n == 0 ? std::string{"unlimited"} : show_bytes(static_cast<double>(n)) + "/s";
    };
    const auto count = [](std::int64_t n, const char* what) {
        return n == 0 ? std::string{"unlimited"} : fmt::format("{} {}/s", n, what);
    };
    fmt::print("{}, each shard\n  write  {}, {}\n  read   {}, {}\n", answer.stream(),
               bytes(l.write_bytes_per_second()), count(l.write_records_per_second(), "records"),
               bytes(l.read_bytes_per_second()), count(l.read_calls_per_second(), "GetRecords calls"));
}

void print_record(const v1::Record& record) {
    fmt::print("{} {}  {}\n",
               dim(fmt::format("{} {}/{}", show_time(from_proto(record.appended())), record.shard(),
                               record.offset())),
               record.has_key() ? warm(show_text(record.key())) : dim("-"),
               record.has_data() ? show_text(record.data()) : dim("null"));
}

// ---- one function a word: flags, call, print ----

struct Word {
    CLI::App app;
    Client client;
    std::vector<std::string> args;

    Word(const std::string& name, const char* text, std::vector<std::string> given, const Environment& environment)
        : app(text, "sluice " + name), args(std::move(given)) {
        for (const auto& [variable, value] : environment) {
            if (variable == "SLUICE_CONTROL" && !value.empty()) client.at = value;
            if (variable == "SLUICE_CONTROL_TOKEN") client.token = value;
        }
        app.add_option("--control", client.at, "the server's control plane")
            ->type_name("ADDR:PORT")
            ->capture_default_str();
        app.add_option("--control-token", client.token, "where the server asks for one; else SLUICE_CONTROL_TOKEN")
            ->type_name("TEXT");
        app.add_option("--world", client.world, "empty: the default one")->type_name("NAME");
        app.add_flag("--json", client.json, "Protobuf's JSON form, one line a message");
    }
    void parse() {
        try {
            std::ranges::reverse(args);
            app.parse(args);
        } catch (const CLI::CallForHelp&) {
            throw Exit{0, app.help()};
        } catch (const CLI::ParseError& error) {
            throw Exit{bad_usage, fmt::format("{}; `{} --help` shows how", error.what(), app.get_name())};
        }
    }
};

template <class T>
T or_exit(std::expected<T, std::string> parsed) {
    if (!parsed) throw Exit{bad_usage, parsed.error()};
    return *std::move(parsed);
}

int health(Word& word) {
    word.parse();
    const auto answer = word.client.call(&v1::Control::Stub::Health, v1::HealthRequest{});
    if (!word.client.json)
        fmt::print("{}  sluice {}, up {}, {} streams, {} Kinesis and {} Kafka connections, {} of {} used\n",
                   answer.ready() ? "ready" : warm("starting"), answer.version(),
                   show_span(std::chrono::floor<std::chrono::seconds>(from_proto(answer.uptime()))),
                   answer.streams(), answer.kinesis_connections(), answer.kafka_connections(),
                   show_bytes(static_cast<double>(answer.used_bytes())),
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

int clock(Word& word) {
    std::string action = "show", value;
    bool expire = false;
    word.app.add_option("action", action, "show, freeze, resume, advance, set, rate, auto or liveness")
        ->check(
            CLI::IsMember({"show", "freeze", "resume", "advance", "set", "rate", "auto", "liveness"}));
    word.app.add_option(
        "value", value,
        "a span for advance (25h), a moment for set (2027-01-01T00:00:00Z), a factor for rate (60), real or "
        "virtual for liveness");
    word.app.add_flag("--expire-clients", expire,
                      "advance: sessions and heartbeats of clients see the jump too");
    word.app.footer(
        "\nRetention, limits and iterators live on this clock. Connected clients stay connected.\n  sluice "
        "clock freeze && sluice clock advance 25h && sluice clock resume\nauto stands still and jumps, when no "
        "request is being served, to where those who were refused have room.\nliveness virtual lets sessions, "
        "heartbeats and rebalances go by this clock too.");
    word.parse();
    const bool wants = action == "advance" || action == "set" || action == "rate" || action == "liveness";
    if (wants == value.empty())
        throw Exit{bad_usage,
                   wants ? fmt::format("`sluice clock {}` wants a value, like `sluice clock {}`", action,
                                       action == "advance" ? "advance 25h"
                                       : action == "set"   ? "set 2027-01-01T00:00:00Z"
                                       : action == "rate"  ? "rate 60"
                                                           : "liveness virtual")
                         : fmt::format("`sluice clock {}` takes no value", action)};
    using Stub = v1::Control::Stub;
    v1::ClockResponse answer;
    if (action == "show") answer = word.client.call(&Stub::GetClock, v1::GetClockRequest{});
    if (action == "freeze") answer = word.client.call(&Stub::FreezeClock, v1::FreezeClockRequest{});
    if (action == "resume") answer = word.client.call(&Stub::ResumeClock, v1::ResumeClockRequest{});
    if (action == "advance") {
        v1::AdvanceClockRequest request;
        *request.mutable_span() = to_proto(or_exit(parse_span(value)));
        request.set_expire_clients(expire);
        answer = word.client.call(&Stub::AdvanceClock, request);
    }
    if (action == "set") {
        v1::SetClockRequest request;
        *request.mutable_time() = to_proto(or_exit(parse_time(value)));
        answer = word.client.call(&Stub::SetClock, request);
    }
    if (action == "rate") {
        v1::SetClockRateRequest request;
        double rate = 0;
        if (!CLI::detail::lexical_cast(value, rate))
            throw Exit{bad_usage, fmt::format("'{}' is no rate; 60 makes a minute of each second", value)};
        request.set_rate(rate);
        answer = word.client.call(&Stub::SetClockRate, request);
    }
    if (action == "auto") answer = word.client.call(&Stub::AutoClock, v1::AutoClockRequest{});
    if (action == "liveness") {
        if (value != "real" && value != "virtual")
            throw Exit{bad_usage, fmt::format("liveness is real or virtual, not '{}'", value)};
        v1::SetClockLivenessRequest request;
        request.set_liveness(value == "virtual" ? v1::LIVENESS_VIRTUAL : v1::LIVENESS_REAL);
        answer = word.client.call(&Stub::SetClockLiveness, request);
    }
    if (!word.client.json) print_clock(answer);
    return 0;
}

int limits(Word& word) {
    std::string action, stream, profile;
    std::int64_t write_bytes = 0, write_records = 0, read_bytes = 0, read_calls = 0;
    word.app.add_option("action", action, "show or set")->required()->check(CLI::IsMember({"show", "set"}));
    word.app.add_option("STREAM", stream)->required();
    word.app.add_option("--profile", profile, "kinesis, kinesis-strict, kafka or none")->type_name("NAME");
    auto* a = word.app.add_option("--write-bytes", write_bytes, "a second and shard; 0 is unlimited")
                  ->type_name("N");
    auto* b = word.app.add_option("--write-records", write_records)->type_name("N");
    auto* c = word.app.add_option("--read-bytes", read_bytes)->type_name("N");
    auto* d = word.app.add_option("--read-calls", read_calls, "GetRecords calls")->type_name("N");
    word.parse();
    v1::LimitsResponse answer;
    if (action == "show") {
        v1::GetLimitsRequest request;
        request.set_stream(stream);
        answer = word.client.call(&v1::Control::Stub::GetLimits, request);
    } else {
        v1::SetLimitsRequest request;
        request.set_stream(stream);
        request.set_profile(profile);
        if (*a) request.set_write_bytes_per_second(write_bytes);
        if (*b) request.set_write_records_per_second(write_records);
        if (*c) request.set_read_bytes_per_second(read_bytes);
        if (*d) request.set_read_calls_per_second(read_calls);
        if (profile.empty() && !*a && !*b && !*c && !*d)
            throw Exit{bad_usage, "`sluice limits set` wants --profile or a limit, like --write-records 100"};
        answer = word.client.call(&v1::Control::Stub::SetLimits, request);
    }
    if (!word.client.json) print_limits(answer);
    return 0;
}

int streams_word(Word& word) {
    word.parse();
    const auto answer = word.client.call(&v1::Control::Stub::ListStreams, v1::ListStreamsRequest{});
    if (word.client.json) return 0;
    if (answer.streams_size() == 0) {
        fmt::print(
            "no streams yet; make one with either door, or start the server with --stream NAME:SHARDS\n");
        return 0;
    }
    Rows rows{{"STREAM", "STATUS", "LIMITS", "SHARDS", "OPEN", "RECORDS", "BYTES", "RETENTION"}};
    for (const auto& s : answer.streams())
        rows.push_back({s.name(), s.status(), s.profile(), std::to_string(s.shards()),
                        std::to_string(s.open_shards()), std::to_string(s.records()),
                        show_bytes(static_cast<double>(s.bytes())),
                        s.has_retention() ? show_span(from_proto(s.retention())) : "for ever"});
    print_table(rows);
    return 0;
}

int tail(Word& word) {
    v1::TailRequest request;
    std::string from;
    std::int64_t most = 0;
    bool stop = false;
    word.app.add_option("STREAM", *request.mutable_stream())->required();
    word.app.add_option("--from", from, "start, a span back (1h) or a moment; else what comes from now on")
        ->type_name("WHERE");
    word.app.add_option("-n,--most", most, "end after so many records")->type_name("N");
    word.app.add_flag("--stop", stop, "end at the last record there is now");
    word.parse();
    if (from == "start" || (from.empty() && stop))
        request.set_from_start(true);
    else if (const auto span = parse_span(from))
        *request.mutable_from_ago() = to_proto(*span);
    else if (!from.empty())
        *request.mutable_from_time() = to_proto(or_exit(parse_time(from)));
    request.set_most(most);
    request.set_only_stored(stop);
    word.client.each(&v1::Control::Stub::Tail, request, print_record);
    return 0;
}

int put(Word& word) {
    v1::PutRecordRequest request;
    std::string data, key = "sluice";
    word.app.add_option("STREAM", *request.mutable_stream())->required();
    auto* given =
        word.app.add_option("DATA", data, "the record; without it each line of the standard input is one");
    word.app.add_option("-k,--key", key, "decides the shard")->capture_default_str();
    word.parse();
    request.set_key(key);
    const auto send = [&](const std::string& text) {
        request.set_data(text);
        const auto answer = word.client.call(&v1::Control::Stub::PutRecord, request);
        if (!word.client.json)
            fmt::print("shard {} offset {}  {}\n", answer.shard(), answer.offset(),
                       dim(answer.sequence_number()));
    };
    if (given->count() > 0)
        send(data);
    else
        for (std::string line; std::getline(std::cin, line);) send(line);
    return 0;
}

int throttles(Word& word) {
    v1::WatchThrottlesRequest request;
    word.app.add_option("STREAM", *request.mutable_stream());
    word.parse();
    word.client.each(&v1::Control::Stub::WatchThrottles, request, [](const v1::Throttle& t) {
        if (t.missed() > 0) fmt::print("{}\n", dim(fmt::format("({} more)", t.missed())));
        fmt::print("{}  {}\n", dim(show_time(from_proto(t.at()))), show_text(t.explanation()));
    });
    return 0;
}

int advertise(Word& word) {
    std::string at;
    word.app.add_option("HOST:PORT", at, "or `off` for the rules the server was started with")->required();
    word.parse();
    v1::SetAdvertisedRequest request;
    if (at != "off") {
        const auto colon = at.rfind(':');
        int port = 0;
        if (colon == std::string::npos || !CLI::detail::lexical_cast(at.substr(colon + 1), port))
            throw Exit{bad_usage, fmt::format("'{}' is not HOST:PORT, like localhost:32768", at)};
        request.set_host(at.substr(0, colon));
        request.set_port(port);
    }
    word.client.call(&v1::Control::Stub::SetAdvertised, request);
    if (!word.client.json)
        fmt::print("Kafka clients are told {}\n", at == "off" ? "what the server's rules say" : at);
    return 0;
}

int reset(Word& word) {
    v1::ResetRequest request;
    std::string at;
    word.app.add_option("--clock", at, "where the clock goes; else to the real time")->type_name("MOMENT");
    word.parse();
    if (!at.empty()) *request.mutable_clock() = to_proto(or_exit(parse_time(at)));
    word.client.call(&v1::Control::Stub::Reset, request);
    if (!word.client.json) fmt::print("nothing is left; connections stay open\n");
    return 0;
}

struct Entry {
    const char* name;
    int (*run)(Word&);
    const char* text;
};
constexpr Entry words[] = {
    {"health", health, "Is the server up, and how full."},
    {"version", show_version, "Of this program and of the server."},
    {"clock", clock, "Shows or moves the server's clock."},
    {"limits", limits, "Shows or sets what each shard of a stream may take and give a second."},
    {"streams", streams_word, "All streams, which are all topics."},
    {"tail", tail, "Prints records as they come."},
    {"put", put, "Writes a record."},
    {"throttles", throttles, "Prints refusals as they happen, each with its reason."},
    {"advertise", advertise, "Sets what Kafka clients are told to connect to."},
    {"reset", reset, "Forgets everything: streams, offsets, groups, limits, clock."},
};

bool asks_overview(const std::string& arg) { return arg == "--help" || arg == "-h" || arg == "help"; }

}  // namespace

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
        std::vector<std::string> names{"serve", "compact"};
        for (const auto& e : words) names.emplace_back(e.name);
        const auto near = nearest(name, names);
        throw Exit{bad_usage, fmt::format("there is no word '{}'{}; `sluice --help` lists them", name,
                                          near.empty() ? "" : fmt::format(", did you mean {}?", near))};
    }
    setenv("GRPC_VERBOSITY", "NONE", 0);  // what goes wrong is said once, by us
    Word word{name, entry->text, std::move(args), environment};
    return entry->run(word);
}

}  // namespace sluice::control
