// Options -> parts -> run: the one place where everything is put together, and long because of it.
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <boost/system/system_error.hpp>
#include <csignal>
#include <cstdio>
#include <filesystem>

#include "emulator/control/calls/service.h"
#include "emulator/control/server.h"
#include "emulator/control/side.h"
#include "emulator/control/words/print.h"
#include "emulator/control/words/words.h"
#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/door.h"
#include "emulator/kinesis/channels/delivery.h"
#include "emulator/kinesis/door.h"
#include "emulator/kinesis/kms.h"
#include "emulator/kinesis/verification.h"
#include "emulator/program/compact.h"
#include "emulator/program/environment.h"
#include "emulator/program/housekeeping.h"
#include "emulator/program/options.h"
#include "emulator/program/repair.h"
#include "emulator/program/start.h"
#include "emulator/runtime/driver.h"
#include "emulator/runtime/small_file.h"
#include "emulator/runtime/turns.h"
#include "emulator/streams/engine.h"
#include "protocol/wire_limits.h"
#include "storage/store.h"

extern char** environ;

namespace sluice {
namespace {

// Stored in one turn, about 0.1 ms (bench, raw append). What is larger goes to the writer thread while the next requests are
// read; a single PutRecords of usual size does not, or one in flight would wait for that thread to wake (decisions/006).
constexpr std::uint64_t most_bytes_on_loop = 256 << 10;
constexpr std::uint64_t most_worked_on_loop =
    1 << 20;                                // bytes of a body that is read, or made into a batch, in one turn: about 1 ms
constexpr milliseconds most_closing{500};   // what answers under way get at the end

// How many connections each door may have: there is a descriptor for each of them, two for each of the control plane's, and some
// for the store.
struct Places {
    std::size_t door = wire_limits::connections, control = wire_limits::control_connections;
};
Places raise_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
    const auto before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
    const auto control = std::min<rlim_t>(wire_limits::control_connections, limit.rlim_cur / 8);
    const auto spare = std::min<rlim_t>(limit.rlim_cur / 4, wire_limits::spare_descriptors) + 2 * control;
    return {.door = std::min<rlim_t>(wire_limits::connections, (limit.rlim_cur - spare) / 2), .control = control};
}

// Standard error, so that standard output stays the one line with the doors.
void start_log(bool quiet) {
    auto log = spdlog::stderr_logger_st("sluice");
    log->set_pattern("%H:%M:%S %v");
    log->set_level(quiet ? spdlog::level::warn : spdlog::level::info);
    spdlog::set_default_logger(log);
}

void write_ready_file(const std::string& path, const std::string& text) {
    if (const int fault = write_small_file(path, text, 0644); fault != 0)
        throw Exit{failed, fmt::format("cannot write the ready file {}: {}", path, std::strerror(fault))};
}

const Endpoint& address_of(const Endpoint& wanted) { return wanted; }
const Endpoint& address_of(const ServeOptions::KafkaListener& wanted) { return wanted.at; }

// Yields the first one's address.
template <class Wanted, class Listen>
Endpoint listen_all(const std::vector<Wanted>& all, std::string_view flag, const Listen& listen) {
    Endpoint first;
    for (const auto& wanted : all) {
        const auto& at = address_of(wanted);
        try {
            const auto bound = listen(wanted);
            if (first.port == 0) first = bound;
        } catch (const boost::system::system_error& error) {
            throw Exit{failed, fmt::format("cannot listen on {}: {}; choose another address with --{}, port 0 takes any free one",
                                           show(at), error.code().message(), flag)};
        }
    }
    return first;
}

std::optional<kafka::HostPort> own_address(const ServeOptions::KafkaListener& listener) {
    if (listener.told.empty()) return std::nullopt;
    auto told = kafka::parse_host_port(listener.told);
    if (!told) throw Exit{bad_usage, fmt::format("--kafka: '{}' is not HOST:PORT, like localhost:29092", listener.told)};
    return told;
}

void banner(const Endpoint& kinesis, const Endpoint& kafka, const Endpoint& control, const ServeOptions& options) {
    // An address that means "all" is no address to connect to.
    const auto reach = [](Endpoint at) {
        if (at.address.is_unspecified()) at.address = boost::asio::ip::address_v4::loopback();
        return show(at);
    };
    fmt::print(stderr, "sluice {}: {}\n", control::version,
               options.ephemeral ? "in memory, gone at exit" : "data in " + options.data);
    fmt::print(stderr, "  Kinesis  aws kinesis list-streams --endpoint-url http://{}\n", reach(kinesis));
    fmt::print(stderr, "  Kafka    kcat -b {} -L\n", reach(kafka));
    fmt::print(stderr, "  Control  sluice clock --control {}\n", reach(control));
}

// Refuse, commit, answer, close: turns the loop until it has nothing at hand, but not for ever.
void turn_until_still(asio::io_context& loop, streams::Engine& engine, const RealTime& real) {
    const auto end = real.now() + most_closing;
    do {
        engine.flush();
        loop.restart();
    } while (loop.poll() > 0 && real.now() < end);
}

std::unique_ptr<kinesis::Verification> verification(const ServeOptions& options) {
    if (!options.verify_signatures) return nullptr;
    return std::make_unique<kinesis::Verification>(options.access_keys, options.signatures_by_virtual_clock);
}

std::map<std::string, kinesis::ErrorCode, std::less<>> keys_of(const ServeOptions& options) {
    std::map<std::string, kinesis::ErrorCode, std::less<>> keys;
    for (const auto& [key, state] : options.kms_keys) keys[key] = *kinesis::key_state(state);
    return keys;
}

// The two doors of the control plane do not know each other's types.
Task<kinesis::SideAnswer> beside(control::Service& service, kinesis::SideRequest request) {
    auto task = control::answer(service, {std::move(request.method), std::move(request.path), std::move(request.body),
                                          std::move(request.authorization), request.from_elsewhere, request.gone});
    auto answer = co_await std::move(task);
    co_return kinesis::SideAnswer{answer.status, std::move(answer.content_type), std::move(answer.body)};
}

// The last part of the start runs in the loop's first turn and may still end it with an Exit; any other exception there is a bug.
void run(asio::io_context& loop) {
    try {
        loop.run();
    } catch (const Exit&) {
        throw;
    } catch (...) {
        stop_loudly(std::current_exception());
    }
}

int serve(const ServeOptions& options) {
    start_log(options.quiet);
    const auto places = raise_descriptors();
    const SteadyTime real;
    asio::io_context loop{1};
    asio::signal_set signals{loop, SIGINT, SIGTERM};
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (!error) loop.stop();
    });

    std::vector<std::string> notes;
    const auto store =
        options.ephemeral
            ? storage::open_memory(options.max_memory_bytes)
            : storage::open_lmdb({.folder = options.data, .map_bytes = options.max_data_bytes, .durability = options.durability},
                                 &notes);
    for (const auto& note : notes) spdlog::warn("{}", note);
    Random random{Random::system_seed()};
    streams::Engine engine{loop.get_executor(),
                           *store,
                           real,
                           random,
                           {.account = options.account,
                            .region = options.region,
                            .state_delay = options.state_delay,
                            .write_burst_bytes = options.write_burst_bytes,
                            .kinesis_profile = options.kinesis_limits,
                            .kafka_profile = options.kafka_limits,
                            .commit_on_thread = !options.ephemeral && options.durability == storage::Durability::power,
                            .most_bytes_on_loop = most_bytes_on_loop,
                            .most_worked_on_loop = most_worked_on_loop,
                            .compacts_on_thread = true,
                            .reads_on_thread = !options.ephemeral}};
    engine.events().on_note = [](std::string_view line) { spdlog::info("{}", control::show_text(line)); };
    if (!options.quiet) log_refusals(engine, real);
    start_clock(options, engine, real);
    const auto expired_until = tell_expired(engine);
    std::optional<kinesis::Delivery> delivery;
    if (!options.channel_folder.empty()) delivery.emplace(engine, options.channel_folder, options.separate_scopes);
    const kafka::Configs configs{options.kafka_configs};
    make_streams(options, configs, engine);

    Tls tls{loop.get_executor(), tls_options(options), real};
    try_tls(options, tls);
    kafka::DoorOptions kafka_options{
        .configs = options.kafka_configs,
        .advertised = {},
        .gateway = kafka::container_gateway(),
        .most_connections = places.door,
        .login = {.required = options.kafka_login_required, .users = options.kafka_users, .access_keys = options.access_keys},
        .tls = &tls};
    if (!options.ephemeral) kafka_options.log_dir = std::filesystem::absolute(options.data).string();
    for (const auto& rule : options.kafka_advertised) kafka_options.advertised.push_back(kafka::parse_advertised_rule(rule));
    kafka::Door kafka_door{engine, std::move(kafka_options)};
    Driver driver{loop, *engine.default_world().clock};

    control::Service service{engine, *store, real, {}};
    service.require(options.control_token);
    const auto signatures = verification(options);
    kinesis::Door kinesis_door{engine,
                               {.most_connections = places.door,
                                .separate_scopes = options.separate_scopes,
                                .kms_keys = keys_of(options),
                                .side = [&](kinesis::SideRequest request) { return beside(service, std::move(request)); },
                                .tls = &tls,
                                .verification = signatures.get()}};
    service.parts() = {
        .kinesis_connections = [&] { return kinesis_door.connections(); },
        .kafka_connections = [&] { return kafka_door.connections(); },
        .kafka_calls = [&] { return kafka_door.calls(); },
        .advertise =
            [&](const auto& at) {
                kafka_door.set_advertised(at ? std::optional{kafka::HostPort{at->first, at->second}} : std::nullopt);
            },
        .forget = [&](streams::World& world) { kafka_door.forget(world); },
        .prepare =
            [&](streams::World&, bool clock_given) {
                if (!clock_given) start_clock(options, engine, real);
                make_streams(options, configs, engine);
                driver.arm();
            }};

    const auto kinesis_at = listen_all(options.kinesis, "kinesis", [&](const Endpoint& at) { return kinesis_door.listen(at); });
    const auto kafka_at = listen_all(options.kafka, "kafka", [&](const ServeOptions::KafkaListener& wanted) {
        return kafka_door.listen(wanted.at, own_address(wanted));
    });
    control::Server control_server{loop, service, places.control};
    Endpoint control_at;
    // In the loop's first turn: what connects from now on is accepted by it, and gRPC may call at once.
    asio::post(loop, [&] {
        control_at = control_server.listen(options.control);
        service.set_ready();
        const auto line =
            fmt::format(R"({{"kinesis":"{}","kafka":"{}","control":"{}"}})", show(kinesis_at), show(kafka_at), show(control_at));
        if (!options.ready_file.empty()) write_ready_file(options.ready_file, line + "\n");
        if (!options.quiet) banner(kinesis_at, kafka_at, control_at, options);
        fmt::print("{}\n", line);
        std::fflush(stdout);
    });
    Housekeeping housekeeping{loop, engine};
    Turns turns;
    service.parts().turns = &turns;
    {
        Turns::Watch watch{turns};
        run(loop);
    }
    service.parts().turns = nullptr;

    control_server.stop();
    service.stop();
    turn_until_still(loop, engine, real);
    kinesis_door.stop();
    kafka_door.stop();
    tls.stop();
    housekeeping.stop();
    if (delivery) delivery->stop();
    driver.stop();
    // Stopped to start again with --clock resume: the moment to go on at is the earlier one.
    if (engine.default_world().clock->live() >= expired_until) {
        engine.trim_expired();
        note_stop(engine);
    }
    turn_until_still(loop, engine, real);
    if (!options.ready_file.empty()) unlink(options.ready_file.c_str());
    return 0;
}

}   // namespace
}   // namespace sluice

int main(int count, char** texts) {
    using namespace sluice;
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);   // a file that may not grow is a full disk
    std::vector<std::string> args{texts + 1, texts + count};
    try {
        if (!args.empty() && args.front() == "compact") return compact({args.begin() + 1, args.end()});
        if (!args.empty() && args.front() == "repair") return repair({args.begin() + 1, args.end()});
        if (control::is_word(args)) return control::run_word(args, read_environment(environ));
        if (!args.empty() && args.front() == "serve") args.erase(args.begin());
        return serve(parse_serve(std::move(args), read_environment(environ)));
    } catch (const Exit& exit) {
        fmt::print(exit.status == 0 ? stdout : stderr, "{}{}\n", exit.status == 0 ? "" : "sluice: ", exit.what());
        return exit.status;
    } catch (const std::exception& error) {
        fmt::print(stderr, "sluice: {}\n", error.what());
        return failed;
    }
}
