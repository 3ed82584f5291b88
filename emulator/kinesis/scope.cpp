#include "emulator/kinesis/scope.h"

#include <fmt/format.h>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/places.h"

namespace sluice::kinesis {
Names::Names(const streams::EngineOptions& engine, const DoorOptions& door, const Caller& caller)
    : separate_(door.separate_scopes), caller_region_(caller.region), home_{engine.account, engine.region}, scope_(home_) {
    if (!separate_) return;
    if (streams::is_account(caller.access_key)) scope_.account = caller.access_key;
    if (streams::is_region(caller.region)) scope_.region = caller.region;
}

std::string Names::region() const {
    if (separate_) return scope_.region;
    return streams::bounds::good_place(caller_region_) ? std::string{caller_region_} : home_.region;
}

std::string Names::topic(std::string_view name) const {
    if (scope_ == home_) return std::string{name};
    return fmt::format("{}.{}.{}", scope_.account, scope_.region, name);
}

std::string_view Names::name(std::string_view topic) const {
    const auto parts = separate_ ? streams::place_of(topic) : std::nullopt;
    if (!parts || (parts->account == home_.account && parts->region == home_.region)) return topic;
    return parts->name;
}

Scope Names::scope_of(const streams::Stream& stream) const {
    if (!separate_) return {stream.account, stream.region};
    const auto parts = streams::place_of(stream.name);
    if (!parts) return home_;
    return {std::string{parts->account}, std::string{parts->region}};
}

std::string elsewhere(streams::Engine& engine, streams::World& world, const Names& names, std::string_view name) {
    const auto asked =
        fmt::format("stream {} was asked for in account {} and region {}", name, names.scope().account, names.scope().region);
    if (const auto stream = engine.find(world, names.topic(name)); stream && stream->provisional)
        return fmt::format(
            "stream {} was asked for: there is a topic of that name which a Kafka client's look made and which holds no "
            "record; CreateStream or the first record makes it a stream",
            name);
    for (const auto& stream : engine.list(world)) {
        if (stream->internal || stream->provisional) continue;
        if (names.separate() && names.name(stream->name) == name && !names.mine(*stream)) {
            const auto there = names.scope_of(*stream);
            return fmt::format(
                "{} and exists in account {} and region {}: sign with that access key and region, or start with "
                "--kinesis-scope shared",
                asked, there.account, there.region);
        }
        if (const auto parts = streams::place_of(stream->name); !names.separate() && parts && parts->name == name)
            return fmt::format(
                "{} and exists in account {} and region {} as topic {}: use that name, or start with "
                "--kinesis-scope separate",
                asked, parts->account, parts->region, stream->name);
    }
    return {};
}

}   // namespace sluice::kinesis
