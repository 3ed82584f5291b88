// How often a second an account may call, or somebody call about a stream. Held by streams and accounts of the profile
// `kinesis-strict` only (rule 12). A call is counted when its members are known to be well formed, before anything is looked at,
// in the one place where all are served. One bucket holds a second of the rate, on the virtual clock (rule 10), and is not
// stored.
//
// Sources: AWS API, each operation's text, where no other is named; "Quotas and limits" of 2023 (page), of which the figures of
// the last group are unconfirmed. What has no row has no figure anywhere: puts, reads and iterators have limits of their shards,
// encryption and modes are counted by the day.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/call.h"

namespace sluice::kinesis {

enum class RateScope : std::uint8_t { account, stream, reader };   // reader: a consumer in a shard
struct Rate {
    std::string_view operation;
    std::int64_t per_second;
    RateScope scope = RateScope::account;
};
inline constexpr std::array rates{
    Rate{"AddTagsToStream", 5},
    Rate{"CreateStream", 5},
    Rate{"DecreaseStreamRetentionPeriod", 5, RateScope::stream},   // page
    Rate{"DeleteResourcePolicy", 5},                               // page
    Rate{"DeleteStream", 5},
    Rate{"DeregisterStreamConsumer", 5, RateScope::stream},
    Rate{"DescribeAccountSettings", 5},
    Rate{"DescribeLimits", 1},
    Rate{"DescribeStream", 10},
    Rate{"DescribeStreamConsumer", 20, RateScope::stream},
    Rate{"DescribeStreamSummary", 20},
    Rate{"DisableEnhancedMonitoring", 5, RateScope::stream},       // page
    Rate{"EnableEnhancedMonitoring", 5, RateScope::stream},        // page
    Rate{"GetResourcePolicy", 5},                                  // page
    Rate{"IncreaseStreamRetentionPeriod", 5, RateScope::stream},   // page
    Rate{"ListShards", 1'000, RateScope::stream},
    Rate{"ListStreamConsumers", 5, RateScope::stream},
    Rate{"ListStreams", 5},
    Rate{"ListTagsForResource", 5},   // page
    Rate{"ListTagsForStream", 5},
    Rate{"MergeShards", 5},
    Rate{"PutResourcePolicy", 5},   // page
    Rate{"RegisterStreamConsumer", 5},
    Rate{"RemoveTagsFromStream", 5},
    Rate{"SplitShard", 5},
    Rate{"SubscribeToShard", 1, RateScope::reader},   // beside its pause of 5 s, which one that has left need not keep
    Rate{"TagResource", 5},                           // page
    Rate{"UntagResource", 5},                         // page
    Rate{"UpdateAccountSettings", 5},
    Rate{"UpdateShardCount", 10},
    Rate{"UpdateStreamWarmThroughput", 5},
};
static_assert(std::ranges::is_sorted(rates, std::ranges::less_equal{}, &Rate::operation), "list each operation once, by name");

constexpr std::optional<Rate> rate_of(std::string_view operation) {
    for (const auto& rate : rates)
        if (rate.operation == operation) return rate;
    return {};
}

// Whether everything is as strict as at AWS: the server's half of the profile.
inline bool strict(const Call& call) { return call.engine.options().kinesis_profile == "kinesis-strict"; }

// The refusal of a call, or nothing when it is let in. `stream`: the name it has in the request, empty if none. `reader`: the
// consumer's ARN and the shard, where the rate is theirs.
std::optional<Error> over_rate(const Call&, const Rate&, std::string_view stream, std::string_view reader = {});

// The name of the stream that a request is about. One that goes on with a listing has it in its token only, and counts for
// nothing.
template <class Operation>
std::string_view stream_named(const Operation& request) {
    const auto in_arn = [](std::string_view arn) {
        const auto name = name_in_arn(arn);
        return name.substr(0, name.find('/'));   // a consumer's goes on
    };
    if constexpr (requires { request.stream_name; })
        if (request.stream_name) return *request.stream_name;
    if constexpr (requires { request.stream_arn; })
        if (request.stream_arn) return in_arn(*request.stream_arn);
    if constexpr (requires { request.consumer_arn; })
        if (request.consumer_arn) return in_arn(*request.consumer_arn);
    if constexpr (requires { request.resource_arn; })
        if (request.resource_arn) return in_arn(*request.resource_arn);
    return {};
}

template <class Operation>
std::optional<Error> over_rate(const Call& call, const Operation& request) {
    constexpr auto rate = rate_of(Operation::operation);
    if constexpr (rate.has_value()) {
        if (!strict(call)) return {};
        if constexpr (rate->scope == RateScope::reader)
            return over_rate(call, *rate, stream_named(request), fmt::format("{} {}", *request.consumer_arn, *request.shard_id));
        else
            return over_rate(call, *rate, stream_named(request));
    }
    return {};
}

}   // namespace sluice::kinesis
