// From a frame's first bytes to the code that serves it.
#include <algorithm>

#include "emulator/kafka/handlers.h"

namespace sluice::kafka {

namespace {

template <class... S>
consteval auto table(Apis<S...>) {
    return std::array<Route, sizeof...(S)>{Route{S::Type::api, S::min, S::max, &serve<typename S::Type>, S::order}...};
}
constexpr auto routes = table(Served{});
static_assert(std::ranges::is_sorted(routes, std::less<>{}, [](const Route& r) { return r.api.key; }),
              "list the APIs by key, each once");

}   // namespace

const Route* find_route(std::int16_t key) {
    const auto found = std::ranges::lower_bound(routes, key, {}, [](const Route& r) { return r.api.key; });
    return found != routes.end() && found->api.key == key ? &*found : nullptr;
}
std::span<const Route> all_routes() { return routes; }

std::shared_ptr<streams::Stream> topic(Call& call, std::string_view name) {
    auto stream = call.engine.find(call.world, name);
    if (stream && (stream->deleted || stream->status == streams::StreamStatus::deleting)) return nullptr;
    return stream;
}
std::shared_ptr<streams::Stream> topic(Call& call, const Uuid& id) {
    if (id.is_zero()) return nullptr;
    auto stream = call.engine.find_topic(call.world, to_topic_id(id));
    if (stream && (stream->deleted || stream->status == streams::StreamStatus::deleting)) return nullptr;
    return stream;
}

std::optional<std::string> name_fault(std::string_view name) {
    const std::string text(name);
    if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
    if (name == "." || name == "..") return "Topic name is invalid: '" + text + "' is not allowed";
    if (name.size() > 249) return "Topic name is invalid: the length of '" + text + "' is longer than the max allowed length 249";
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    if (!std::ranges::all_of(name, good)) {
        return "Topic name is invalid: '" + text +
               "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
    }
    return std::nullopt;
}

ErrorCode code_of(streams::Fault fault) {
    using enum streams::Fault;
    switch (fault) {
        case not_found:
            return ErrorCode::unknown_topic_or_partition;
        case exists:
            return ErrorCode::topic_already_exists;
        case bad_name:
        case name_collides:
            return ErrorCode::invalid_topic_exception;
        case bad_count:
        case too_many_ever:
            return ErrorCode::invalid_partitions;
        case bad_text:
        case bad_limits:
            return ErrorCode::invalid_config;
        case not_active:
            return ErrorCode::leader_not_available;
        case sealed:
            return ErrorCode::policy_violation;
        case out_of_order_sequence:
            return ErrorCode::out_of_order_sequence_number;
        case invalid_producer_epoch:
            return ErrorCode::invalid_producer_epoch;
        case no_space:
        case storage:
            return ErrorCode::kafka_storage_error;
        case not_adjacent:
        case bad_hash_key:
            break;
    }
    return ErrorCode::unknown_server_error;
}

}   // namespace sluice::kafka
