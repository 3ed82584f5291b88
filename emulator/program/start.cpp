#include "emulator/program/start.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "emulator/control/words/print.h"
#include "emulator/kafka/configs/log_settings.h"

namespace sluice {
namespace {

constexpr std::string_view stopped_key = "control/stopped";   // virtual time of the last clean stop, for --clock resume
constexpr milliseconds expired_kept{60'000};   // at a start, before what expired while the server was down is dropped

// When the server stopped; a killed one did not say, but it was up when it took its last record.
std::optional<std::int64_t> last_moment(streams::Engine& engine) {
    std::int64_t last = 0;
    if (const auto stopped = engine.get(engine.default_world(), stopped_key)) last = std::stoll(*stopped);
    for (const auto& stream : engine.list(engine.default_world()))
        for (const auto& shard : stream->shards) last = std::max(last, shard->last_appended_ms);
    return last > 0 ? std::optional{last} : std::nullopt;
}

}   // namespace

void start_clock(const ServeOptions& options, streams::Engine& engine, const RealTime& real) {
    auto& world = engine.default_world();
    auto& clock = *world.clock;
    const auto stopped = options.clock == ClockStart::resume ? last_moment(engine) : std::nullopt;
    if (stopped) {
        auto state = clock.save();
        state.now_ms = *stopped;
        state.real_ms = to_ms(real.now());
        clock.restore(state);
        clock.resume();   // whoever counts hours by it looks again
    }
    if (options.clock == ClockStart::freeze) clock.freeze();
    if (options.clock == ClockStart::automatic) clock.go_by_need();
    if (options.clock == ClockStart::set) {
        // Nothing is there that could be younger: any time will do, an earlier one too.
        const bool empty = world.streams.empty();
        const auto done = empty ? clock.begin_at(options.clock_at) : clock.set(options.clock_at);
        if (!done) throw Exit{failed, "--clock: " + done.error()};
    }
}

Tls::Options tls_options(const ServeOptions& options) {
    const auto trust = options.kafka_configs.find("ssl.truststore.location");
    return {.certificate_file = options.tls_certificate,
            .key_file = options.tls_key,
            .names = options.tls_names,
            .authority_file = options.ephemeral ? "" : options.data + "/authority.pem",
            .trusted_file = options.ephemeral ? "" : options.data + "/ca.pem",
            .client_trust_file = trust == options.kafka_configs.end() ? "" : trust->second};
}

void try_tls(const ServeOptions& options, Tls& tls) {
    if (const auto good = tls.try_out(options.tls_ca); !good) throw Exit{failed, good.error()};
}

Time tell_expired(streams::Engine& engine) {
    std::int64_t records = 0;
    int from = 0;
    for (const auto& stream : engine.list(engine.default_world())) {
        const auto before = records;
        for (const auto& shard : stream->shards) {
            const auto begin = shard->begin;
            records += engine.bounds(*shard).begin - begin;
        }
        if (records > before) ++from;
    }
    if (records == 0) return {};
    engine.keep_expired(expired_kept);
    spdlog::warn(
        "{} {} of {} {} outlived the retention while the server was down and will be dropped in a minute; to keep that, stop "
        "the server before and start it with --clock resume, which goes on at the moment it stopped",
        records, records == 1 ? "record" : "records", from, from == 1 ? "stream" : "streams");
    return engine.default_world().clock->live() + expired_kept;
}

void log_refusals(streams::Engine& engine, const RealTime& real) {
    struct Last {
        Time at;
        std::uint64_t left_out = 0;
    };
    engine.events().watch([&real, last = std::optional<Last>{}](const streams::Refusal& refusal) mutable {
        const auto now = real.now();
        if (last && now - last->at < std::chrono::seconds{1}) return void(++last->left_out);
        const auto more = last ? last->left_out : 0;
        // A partition key is the client's own text.
        spdlog::info("{}{}", control::show_text(streams::explain(refusal)),
                     more > 0 ? fmt::format(" (and {} before)", more) : "");
        last = Last{now};
    });
}

void make_streams(const ServeOptions& options, const kafka::Configs& configs, streams::Engine& engine) {
    const auto make = [&](streams::Engine::NewStream wanted, std::string_view flag) {
        wanted.state_delay = false;
        const auto name = wanted.name;
        const auto made = engine.create(engine.default_world(), wanted);
        if (!made && made.error() == streams::Fault::name_collides)
            throw Exit{failed, fmt::format("--{} {}: '{}' exists, and '.' and '_' are the same in a topic's name", flag, name,
                                           engine.collision(engine.default_world(), name).value_or("?"))};
        if (!made && made.error() != streams::Fault::exists)
            throw Exit{failed, fmt::format("--{} {}: cannot be made", flag, name)};
    };
    for (const auto& [name, count] : options.streams) {
        streams::Engine::NewStream wanted;
        wanted.name = name;
        wanted.shards = count == 0 ? 1 : count;
        wanted.manners = streams::Manners::kinesis;
        wanted.profile = options.kinesis_limits;
        make(std::move(wanted), "stream");
    }
    const auto partitions = static_cast<std::int32_t>(configs.number("num.partitions"));
    for (const auto& [name, count] : options.topics) {
        streams::Engine::NewStream wanted;
        wanted.name = name;
        wanted.shards = count == 0 ? partitions : count;
        wanted.manners = streams::Manners::kafka;
        wanted.profile = options.kafka_limits;
        kafka::take_log_settings(configs, engine.default_world(), wanted);
        make(std::move(wanted), "topic");
    }
    engine.flush();
}

void note_stop(streams::Engine& engine) {
    engine.put(engine.default_world(), stopped_key, std::to_string(to_ms(engine.default_world().clock->now())));
}

}   // namespace sluice
