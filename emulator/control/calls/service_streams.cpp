// The calls about streams: what there is, its limits, the address Kafka's clients are told, Reset, and who was refused.
#include <fmt/format.h>

#include <algorithm>

#include "emulator/control/calls/service.h"
#include "emulator/streams/limits/limits.h"

namespace sluice::control {

namespace {

using Kind = Error::Kind;
using streams::StreamStatus;

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

v1::LimitsResponse show_limits(const streams::Engine& engine, const streams::Stream& stream) {
    v1::LimitsResponse answer;
    answer.set_stream(stream.name);
    streams::write_limits(*answer.mutable_limits(), stream.limits);
    answer.set_write_capacity_bytes(engine.write_capacity(stream));
    return answer;
}

}   // namespace

Task<Result<v1::LimitsResponse>> Service::handle(v1::GetLimitsRequest request) {
    const auto stream = find(request.world(), request.stream());
    if (!stream) co_return std::unexpected{stream.error()};
    co_return show_limits(engine_, **stream);
}

Task<Result<v1::LimitsResponse>> Service::handle(v1::SetLimitsRequest request) {
    const auto found = find(request.world(), request.stream());
    if (!found) co_return std::unexpected{found.error()};
    const auto stream = *found;
    auto limits = stream->limits;
    auto profile = stream->profile;
    if (!request.profile().empty()) {
        const auto named = streams::profile(request.profile());
        if (!named)
            co_return std::unexpected{
                Error{Kind::invalid,
                      fmt::format("there is no profile '{}'; use kinesis, kinesis-strict, kafka or none", request.profile())}};
        limits = *named;
        profile = request.profile();
    }
    if (request.has_write_bytes_per_second()) limits.write_bytes_per_second = request.write_bytes_per_second();
    if (request.has_write_records_per_second()) limits.write_records_per_second = request.write_records_per_second();
    if (request.has_read_bytes_per_second()) limits.read_bytes_per_second = request.read_bytes_per_second();
    if (request.has_read_calls_per_second()) limits.read_calls_per_second = request.read_calls_per_second();
    if (request.has_iterator_calls_per_second()) limits.iterator_calls_per_second = request.iterator_calls_per_second();
    if (request.has_read_records_per_second()) limits.read_records_per_second = request.read_records_per_second();
    if (request.has_write_burst_bytes()) limits.write_burst_bytes = request.write_burst_bytes();
    if (std::ranges::min(limits.all()) < 0) co_return std::unexpected{Error{Kind::invalid, "a limit is 0 (unlimited) or above"}};
    if (std::ranges::max(limits.all()) > streams::most_per_second)
        co_return std::unexpected{
            Error{Kind::invalid, fmt::format("a limit is at most {} a second; 0 is unlimited", streams::most_per_second)}};
    const auto ticket = engine_.set_limits(*stream, profile, limits);
    auto waiting = ticket.committed();
    const auto done = co_await std::move(waiting);
    if (!done) co_return std::unexpected{Error{Kind::broken, "the limits are not on disk: the store is full or broken"}};
    co_return show_limits(engine_, *stream);
}

Task<Result<v1::ListStreamsResponse>> Service::handle(v1::ListStreamsRequest request) {
    const auto in = world(request.world());
    if (!in) co_return std::unexpected{in.error()};
    auto sizes = engine_.rehearse_sizes(**in);
    co_await std::move(sizes);
    v1::ListStreamsResponse answer;
    for (const auto& stream : engine_.list(**in)) {
        auto& one = *answer.add_streams();
        one.set_name(stream->name);
        one.set_status(text_of(stream->status));
        one.set_profile(std::string{streams::limits_name(stream->profile, stream->limits)});
        one.set_shards(static_cast<std::int32_t>(stream->shards.size()));
        one.set_open_shards(static_cast<std::int32_t>(stream->open_shards()));
        std::int64_t records = 0;
        std::uint64_t bytes = 0;
        for (const auto& shard : stream->shards) {
            const auto [begin, stable, end] = engine_.bounds(*shard);
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
    if (request.has_clock()) {
        const auto at = moment(request.clock());
        if (!at) co_return std::unexpected{at.error()};
        clock = *at;
    }
    if (parts_.forget) parts_.forget(**in);
    const auto ticket = engine_.reset(**in, clock);
    if (parts_.prepare) parts_.prepare(**in, clock.has_value());
    auto settling = settled(**in);   // in the same group, so one wait serves both
    const auto all = co_await std::move(settling);
    auto waiting = ticket.committed();
    const auto done = co_await std::move(waiting);
    if (!done) co_return std::unexpected{Error{Kind::broken, "the reset is not on disk: the store is full or broken"}};
    if (!all) co_return std::unexpected{all.error()};
    v1::ResetResponse answer;
    for (const auto& [name, stream] : (*in)->streams) answer.add_made(name);
    std::ranges::sort(*answer.mutable_made());
    co_return answer;
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

}   // namespace sluice::control
