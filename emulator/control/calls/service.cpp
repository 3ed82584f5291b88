// What every call of the control plane stands on: who may call, which world and stream are meant, when a change is stored. The
// calls: service_clock.cpp, service_streams.cpp, records.cpp, metrics.cpp.
#include "emulator/control/calls/service.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

namespace sluice::control {

namespace {

using Kind = Error::Kind;

// Digests are compared, so the time that it takes tells nothing about the secret, not even its length.
bool same_secret(std::string_view a, std::string_view b) {
    std::array<unsigned char, SHA256_DIGEST_LENGTH> of_a{}, of_b{};
    SHA256(reinterpret_cast<const unsigned char*>(a.data()), a.size(), of_a.data());
    SHA256(reinterpret_cast<const unsigned char*>(b.data()), b.size(), of_b.data());
    return CRYPTO_memcmp(of_a.data(), of_b.data(), of_a.size()) == 0;
}

}   // namespace

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
namespace {
// What a client sends may be any number; beyond this all times are out of bounds.
std::chrono::seconds some_seconds(std::int64_t in) {
    constexpr std::int64_t most = std::int64_t{1} << 44;
    return std::chrono::seconds{std::clamp(in, -most, most)};
}
}   // namespace
Time from_proto(const google::protobuf::Timestamp& in) {
    return Time{some_seconds(in.seconds())} + milliseconds{in.nanos() / 1'000'000};
}
milliseconds from_proto(const google::protobuf::Duration& in) {
    return some_seconds(in.seconds()) + milliseconds{in.nanos() / 1'000'000};
}
Result<Time> moment(const google::protobuf::Timestamp& in) {
    const auto at = from_proto(in);
    if (!in_bounds(at)) return std::unexpected{Error{Error::Kind::invalid, std::string{out_of_bounds}}};
    return at;
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
    return std::unexpected{
        Error{Kind::not_found, fmt::format("there is no world '{}'; leave it empty for the default one", name)}};
}

Result<streams::StreamPointer> Service::find(const std::string& world_name, const std::string& name) {
    const auto in = world(world_name);
    if (!in) return std::unexpected{in.error()};
    if (auto stream = engine_.find(**in, name)) return stream;
    return std::unexpected{Error{Kind::not_found, fmt::format("there is no stream '{}'; `sluice streams` lists them", name)}};
}

Task<Result<void>> Service::settled(streams::World& in) {
    const auto ticket = engine_.put(in, "control/settled", "");
    auto waiting = ticket.committed();
    const auto done = co_await std::move(waiting);
    if (!done)
        co_return std::unexpected{
            Error{Kind::broken, "the change is not on disk: the store is full or broken; the server's log says more"}};
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
    if (parts_.kinesis_connections) answer.set_kinesis_connections(static_cast<std::int32_t>(parts_.kinesis_connections()));
    if (parts_.kafka_connections) answer.set_kafka_connections(static_cast<std::int32_t>(parts_.kafka_connections()));
    const auto stats = store_.stats();
    answer.set_used_bytes(stats.used_bytes);
    answer.set_capacity_bytes(stats.capacity_bytes);
    co_return answer;
}

}   // namespace sluice::control
