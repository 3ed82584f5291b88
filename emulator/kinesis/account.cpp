#include "emulator/kinesis/account.h"

#include <algorithm>
#include <charconv>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/rates.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/streams/catalog/bounds.h"

namespace sluice::kinesis {
namespace {

std::string key_of(const Call& call) { return "kinesis/commitment/" + call.account(); }

// "STARTED ENDS" in milliseconds; ENDS is 0 while nobody asked for it.
std::optional<Commitment> parsed(std::string_view text) {
    std::int64_t started{}, ends{};
    const auto* last = text.data() + text.size();
    const auto first = std::from_chars(text.data(), last, started);
    if (first.ec != std::errc{} || first.ptr == last || *first.ptr != ' ') return {};
    const auto second = std::from_chars(first.ptr + 1, last, ends);
    if (second.ec != std::errc{} || second.ptr != last) return {};
    if (!in_bounds(from_ms(started)) || ends < 0) return {};
    return Commitment{from_ms(started), ends == 0 ? std::nullopt : std::optional{from_ms(ends)}};
}

}   // namespace

std::optional<Commitment> commitment_of(const Call& call) {
    const auto kept = call.engine.get(call.world, key_of(call));
    if (!kept) return {};
    const auto read = parsed(*kept);
    if (!read) call.engine.events().note_once("the settings of an account are damaged in the store and count as none");
    return read;
}

streams::Ticket set_commitment(const Call& call, const Commitment& commitment) {
    return call.engine.put(call.world, key_of(call),
                           fmt::format("{} {}", to_ms(commitment.started), commitment.ends ? to_ms(*commitment.ends) : 0));
}

BillingCommitment describe(const std::optional<Commitment>& commitment, Time now) {
    BillingCommitment told{.status = "DISABLED", .started_at = {}, .ended_at = {}, .earliest_allowed_end_at = {}};
    if (!commitment) return told;
    told.started_at = commitment->started;
    if (!commitment->holds(now)) {
        told.ended_at = commitment->ends;
        return told;
    }
    told.status = commitment->ends ? "ENABLED_UNTIL_EARLIEST_ALLOWED_END" : "ENABLED";
    told.earliest_allowed_end_at = commitment->started + shortest_commitment;
    return told;
}

std::optional<Error> fault_of_warm(const Call& call, bool on_demand, std::int32_t mibps) {
    if (mibps == 0) return {};
    if (!on_demand) return texts::warm_needs_on_demand();
    if (mibps > streams::bounds::most_warm_mibps) return texts::warm_too_high(streams::bounds::most_warm_mibps);
    const auto commitment = commitment_of(call);
    if (!commitment || !commitment->holds(call.world.clock->now())) return texts::warm_needs_commitment(call.account());
    return {};
}

std::int32_t shard_limit(const Call& call) {
    return strict(call) ? streams::account_shards(call.names.region()) : streams::bounds::listed_shards;
}

std::optional<Error> fault_of_shards(const Call& call, std::int64_t more) {
    if (!strict(call) || more <= 0) return {};
    const auto there = tally_of(call).open_shards;
    if (there + more <= shard_limit(call)) return {};
    return texts::too_many_shards(call.account(), call.names.region(), there, shard_limit(call), more);
}

std::optional<Error> fault_of_on_demand(const Call& call) {
    if (!strict(call)) return {};
    const auto there = tally_of(call).on_demand_streams;
    if (there < streams::on_demand_streams) return {};
    return texts::too_many_on_demand(call.account(), call.names.region(), there, streams::on_demand_streams);
}

std::optional<Error> fault_of_creation(const Call& call) {
    if (!strict(call) || tally_of(call).in_creation < streams::streams_in_creation) return {};
    return texts::too_many_in_creation(call.account(), streams::streams_in_creation);
}

std::int32_t shards_for(std::int32_t warm_mibps) { return std::max(warm_mibps, streams::on_demand_shards); }

}   // namespace sluice::kinesis
