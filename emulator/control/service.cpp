// Long because every call is here but the ones that touch records (records.cpp): each is a check, one engine
// call, an answer.
#include "emulator/control/service.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <cmath>

#include "emulator/spans.h"

namespace sluice::control {

namespace {

using Kind = Error::Kind;
using streams::StreamStatus;

// Digests are compared, so the time that it takes tells nothing about the secret, not even its length.
bool same_secret(std::string_view a, std::string_view b) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> of_a{}, of_b{};
    SHA256(reinterpret_cast<const unsigned char*>(a.data()), a.size(), of_a.data());
    SHA256(reinterpret_cast<const unsigned char*>(b.data()), b.size(), of_b.data());
    return CRYPTO_memcmp(of_a.data(), of_b.data(), of_a.size()) == 0;
}

const char* text_of(StreamStatus status) {
    switch (status) {
        case StreamStatus::creating:
            return "CREATING";
        case StreamStatus::active:
            return "ACTIVE";
        case StreamStatus::updating:
            return "UPDATING";
        case StreamStatus::deleting:
            return "DELETING";
    }
    return "";
}

v1::ClockResponse show(const Clock& clock) {
    v1::ClockResponse answer;
    *answer.mutable_now() = to_proto(clock.now());
    answer.set_frozen(clock.frozen());
    answer.set_rate(clock.rate());
    *answer.mutable_ahead() = to_proto(clock.now() - clock.real());
    answer.set_automatic(clock.automatic());
    answer.set_liveness(clock.live_virtual() ? v1::LIVENESS_VIRTUAL : v1::LIVENESS_REAL);
    return answer;
}

v1::LimitsResponse show_limits(const streams::Stream& stream) {
    v1::LimitsResponse answer;
    answer.set_stream(stream.name);
    auto& limits = *answer.mutable_limits();
    limits.set_write_bytes_per_second(stream.limits.write_bytes_per_second);
    limits.set_write_records_per_second(stream.limits.write_records_per_second);
    limits.set_read_bytes_per_second(stream.limits.read_bytes_per_second);
    limits.set_read_calls_per_second(stream.limits.read_calls_per_second);
    return answer;
}

}  // namespace

google::protobuf::Timestamp to_proto(Time time) {
    const auto second = std::chrono::floor<std::chrono::seconds>(time);
    google::protobuf::Timestamp out;
    out.set_seconds(second.time_since_epoch().count());
    out.set_nanos(static_cast<std::int32_t>((time - second).count() * 1'000'000));
    return out;
}
google::protobuf::Duration to_proto(milliseconds span) {
    google::protobuf::Duration out;
    out.set_seconds(span.count() / 1000);
    out.set_nanos(static_cast<std::int32_t>(span.count() % 1000 * 1'000'000));
    return out;
}
Time from_proto(const google::protobuf::Timestamp& in) {
    return Time{std::chrono::seconds{in.seconds()}} + milliseconds{in.nanos() / 1'000'000};
}
milliseconds from_proto(const google::protobuf::Duration& in) {
    return std::chrono::seconds{in.seconds()} + milliseconds{in.nanos() / 1'000'000};
}

Service::Service(streams::Engine& engine, const storage::Store& store, const RealTime& real, Parts parts)
    : engine_(engine), store_(store), real_(real), parts_(std::move(parts)), started_(real.now()) {}

Result<void> Service::admit(std::string_view authorization) const {
    if (token_.empty()) return {};
    constexpr std::string_view scheme = "Bearer ";
    const bool bearer = authorization.starts_with(scheme) || authorization.starts_with("bearer ");
    if (bearer && same_secret(authorization.substr(scheme.size()), token_)) return {};
    return std::unexpected{
        Error{Kind::no_token, authorization.empty()
                                  ? "this server asks for its control token: give --control-token or SLUICE_CONTROL_TOKEN, by "
                                    "HTTP the header Authorization: Bearer TOKEN"
                                  : "this is not the control token of this server"}};
}

Result<streams::World*> Service::world(const std::string& name) {
    if (auto* found = engine_.find_world(name)) return found;
    return std::unexpected{Error{
        Kind::not_found, fmt::format("there is no world '{}'; leave it empty for the default one", name)}};
}

Result<std::shared_ptr<streams::Stream>> Service::find(const std::string& world_name,
                                                       const std::string& name) {
    const auto in = world(world_name);
    if (!in) return std::unexpected{in.error()};
    if (auto stream = engine_.find(**in, name)) return stream;
    return std::unexpected{
        Error{Kind::not_found, fmt::format("there is no stream '{}'; `sluice streams` lists them", name)}};
}

Task<Result<void>> Service::settled(streams::World& in) {
    const auto ticket = engine_.put(in, "control/settled", "");
    auto waiting = ticket.committed();
    const auto done = co_await std::move(waiting);
    if (!done)
        co_return std::unexpected{
            Error{Kind::broken,
                  "the change is not on disk: the store is full or broken; the server's log says more"}};
    co_return Result<void>{};
}

Task<Result<v1::HealthResponse>> Service::handle(v1::HealthRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    v1::HealthResponse answer;
    answer.set_ready(ready_);
    answer.set_version(version);
    *answer.mutable_uptime() = to_proto(real_.now() - started_);
    answer.set_streams(static_cast<std::int32_t>((*in)->streams.size()));
    if (parts_.kinesis_connections)
        answer.set_kinesis_connections(static_cast<std::int32_t>(parts_.kinesis_connections()));
    if (parts_.kafka_connections)
        answer.set_kafka_connections(static_cast<std::int32_t>(parts_.kafka_connections()));
    const auto stats = store_.stats();
    answer.set_used_bytes(stats.used_bytes);
    answer.set_capacity_bytes(stats.capacity_bytes);
    co_return answer;
}

// ---- clock ----

Task<Result<v1::ClockResponse>> Service::changed_clock(streams::World& in) {
    auto settling = settled(in);
    const auto done = co_await std::move(settling);
    if (!done) co_return std::unexpected{done.error()};
    co_return show(*in.clock);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::GetClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    co_return show(*(*in)->clock);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::FreezeClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    (*in)->clock->freeze();
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::ResumeClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    (*in)->clock->resume();
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::AdvanceClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    constexpr std::int64_t most_s = std::int64_t{100} * 366 * 86'400;
    if (request.span().seconds() < 0 || request.span().nanos() < 0 || request.span().seconds() > most_s)
        co_return std::unexpected{
            Error{Kind::invalid, "a clock advances by a span from 0 to 100 years, never backward"}};
    (*in)->clock->advance(from_proto(request.span()), request.expire_clients());
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    if (!request.has_time())
        co_return std::unexpected{Error{Kind::invalid, "give a time, like 2027-01-01T00:00:00Z"}};
    if (const auto set = (*in)->clock->set(from_proto(request.time())); !set)
        co_return std::unexpected{Error{Kind::refused, set.error()}};
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockRateRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    if (const auto set = (*in)->clock->set_rate(request.rate()); !set)
        co_return std::unexpected{Error{Kind::invalid, set.error()}};
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::AutoClockRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    (*in)->clock->go_by_need();
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

Task<Result<v1::ClockResponse>> Service::handle(v1::SetClockLivenessRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    if (request.liveness() != v1::LIVENESS_REAL && request.liveness() != v1::LIVENESS_VIRTUAL)
        co_return std::unexpected{Error{Kind::invalid, "give LIVENESS_REAL or LIVENESS_VIRTUAL"}};
    (*in)->clock->set_liveness(request.liveness() == v1::LIVENESS_VIRTUAL);
    auto answer = changed_clock(**in);
    co_return co_await std::move(answer);
}

// ---- limits and streams ----

Task<Result<v1::LimitsResponse>> Service::handle(v1::GetLimitsRequest request) {
    const auto stream = find(request.world(), request.stream());
    if (!stream) co_return std::unexpected{stream.error()};
    co_return show_limits(**stream);
}

Task<Result<v1::LimitsResponse>> Service::handle(v1::SetLimitsRequest request) {
    const auto found = find(request.world(), request.stream());
    if (!found) co_return std::unexpected{found.error()};
    const auto stream = *found;
    auto limits = stream->limits;
    if (!request.profile().empty()) {
        const auto named = streams::profile(request.profile());
        if (!named)
            co_return std::unexpected{
                Error{Kind::invalid,
                      fmt::format("there is no profile '{}'; use kinesis, kinesis-strict, kafka or none",
                                  request.profile())}};
        limits = *named;
    }
    if (request.has_write_bytes_per_second())
        limits.write_bytes_per_second = request.write_bytes_per_second();
    if (request.has_write_records_per_second())
        limits.write_records_per_second = request.write_records_per_second();
    if (request.has_read_bytes_per_second()) limits.read_bytes_per_second = request.read_bytes_per_second();
    if (request.has_read_calls_per_second()) limits.read_calls_per_second = request.read_calls_per_second();
    if (std::min({limits.write_bytes_per_second, limits.write_records_per_second,
                  limits.read_bytes_per_second, limits.read_calls_per_second}) < 0)
        co_return std::unexpected{Error{Kind::invalid, "a limit is 0 (unlimited) or above"}};
    // Buckets count in thousandths; a sum of a few rates stays far from 2^63.
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (std::max({limits.write_bytes_per_second, limits.write_records_per_second,
                  limits.read_bytes_per_second, limits.read_calls_per_second}) > most)
        co_return std::unexpected{Error{Kind::invalid, "a limit is at most 1099511627776 a second; 0 is unlimited"}};
    const auto ticket = engine_.set_limits(*stream, limits);
    auto waiting = ticket.committed();
    const auto done = co_await std::move(waiting);
    if (!done)
        co_return std::unexpected{
            Error{Kind::broken, "the limits are not on disk: the store is full or broken"}};
    co_return show_limits(*stream);
}

Task<Result<v1::ListStreamsResponse>> Service::handle(v1::ListStreamsRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    v1::ListStreamsResponse answer;
    for (const auto& stream : engine_.list(**in)) {
        auto& one = *answer.add_streams();
        one.set_name(stream->name);
        one.set_status(text_of(stream->status));
        one.set_profile(stream->profile);
        one.set_shards(static_cast<std::int32_t>(stream->shards.size()));
        one.set_open_shards(static_cast<std::int32_t>(stream->open_shards()));
        std::int64_t records = 0;
        std::uint64_t bytes = 0;
        for (const auto& shard : stream->shards) {
            const auto [begin, end] = engine_.bounds(*shard);
            records += end - begin;
            bytes += engine_.live_bytes(*shard);
        }
        one.set_records(records);
        one.set_bytes(bytes);
        if (stream->retention) *one.mutable_retention() = to_proto(*stream->retention);
        *one.mutable_created() = to_proto(stream->created);
    }
    co_return answer;
}

Task<Result<v1::SetAdvertisedResponse>> Service::handle(v1::SetAdvertisedRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    if (!parts_.advertise) co_return std::unexpected{Error{Kind::refused, "this server has no Kafka door"}};
    if (request.host().empty()) {
        parts_.advertise(std::nullopt);
        co_return v1::SetAdvertisedResponse{};
    }
    if (request.port() < 1 || request.port() > 65'535 || request.host().size() > 255)
        co_return std::unexpected{Error{Kind::invalid, "give a host and a port from 1 to 65535"}};
    parts_.advertise(std::pair{request.host(), static_cast<std::uint16_t>(request.port())});
    co_return v1::SetAdvertisedResponse{};
}

Task<Result<v1::ResetResponse>> Service::handle(v1::ResetRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    std::optional<Time> clock;
    if (request.has_clock()) clock = from_proto(request.clock());
    if (parts_.forget) parts_.forget(**in);
    const auto ticket = engine_.reset(**in, clock);
    if (parts_.prepare) parts_.prepare(**in, clock.has_value());
    auto waiting = ticket.committed();
    auto done = co_await std::move(waiting);
    if (!done)
        co_return std::unexpected{
            Error{Kind::broken, "the reset is not on disk: the store is full or broken"}};
    auto settling = settled(**in);
    if (const auto all = co_await std::move(settling); !all) co_return std::unexpected{all.error()};
    co_return v1::ResetResponse{};
}

// ---- refusals ----

Task<Result<void>> Service::stream(v1::WatchThrottlesRequest request, SinkPointer<v1::Throttle> sink) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    auto& events = engine_.events();
    std::uint64_t missed = 0;
    const auto tell = [&, name = request.stream()](const streams::Refusal& refusal) {
        if (!name.empty() && refusal.stream != name) return;
        if (sink->full()) return void(++missed);
        v1::Throttle out;
        out.set_stream(refusal.stream);
        out.set_shard(refusal.shard);
        out.set_limit(std::string{streams::name(refusal.limit)});
        *out.mutable_at() = to_proto(refusal.at);
        out.set_rate(refusal.rate);
        out.set_asked(refusal.asked);
        out.set_available(refusal.available);
        *out.mutable_room_in() = to_proto(refusal.room_in);
        out.set_top_key(refusal.top_key);
        out.set_top_key_share(refusal.top_key_share);
        out.set_explanation(streams::explain(refusal));
        out.set_missed(std::exchange(missed, 0));
        sink->push(std::move(out));
    };
    const auto handle = events.watch(tell);
    sink->opened();
    while (!sink->closed) {
        Waiter waiter{engine_.executor()};
        waiter.watch(sink->changed);
        auto waiting = waiter.wait();
        co_await std::move(waiting);
    }
    events.unwatch(handle);
    co_return Result<void>{};
}

}  // namespace sluice::control
