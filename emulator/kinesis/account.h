// What an account may have, and what it has agreed to: MinimumThroughputBillingCommitment, which warm throughput needs. It costs
// nothing here and lasts 24 hours at least (AWS, "Choose the right mode": On-demand Advantage). It is kept under the account's
// own key and looked up when it is asked for.
#pragma once

#include <optional>
#include <string>

#include "emulator/kinesis/call.h"
#include "protocol/kinesis/shapes.h"

namespace sluice::kinesis {

struct Commitment {
    Time started;
    std::optional<Time> ends;   // somebody asked for its end
    bool holds(Time now) const { return !ends || now < *ends; }
};
inline constexpr std::chrono::hours shortest_commitment{24};

// Nothing: there never was one.
std::optional<Commitment> commitment_of(const Call&);
// Stored with the ticket.
streams::Ticket set_commitment(const Call&, const Commitment&);
BillingCommitment describe(const std::optional<Commitment>&, Time now);
// What speaks against that much warm throughput for a stream of that mode; 0 is always fine.
std::optional<Error> fault_of_warm(const Call&, bool on_demand, std::int32_t mibps);
// What an account may have of streams and shards, held where everything is as strict as at AWS (rule 12).
std::int32_t shard_limit(const Call&);
// What speaks against so many open shards more, against a further stream on demand, and against one more stream that is CREATING.
std::optional<Error> fault_of_shards(const Call&, std::int64_t more);
std::optional<Error> fault_of_on_demand(const Call&);
std::optional<Error> fault_of_creation(const Call&);
// So many open shards take in that much: one MiB a second each, and no fewer than an on-demand stream begins with.
std::int32_t shards_for(std::int32_t warm_mibps);

}   // namespace sluice::kinesis
