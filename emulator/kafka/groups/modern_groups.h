// Modern groups, as Kafka calls those whose members speak by heartbeats alone: of consumers (KIP-848) and of Kafka Streams
// (KIP-1071). What differs between the two for whoever carries out what their memberships decide; modern_groups.cpp does.
#pragma once

#include "emulator/kafka/groups/consumer_membership.h"
#include "emulator/kafka/groups/streams_membership.h"

namespace sluice::kafka {

struct ConsumerKind {
    using Membership = ConsumerMembership;
    using Rules = ConsumerRules;
    using StoredGroup = StoredConsumerGroup;
    using StoredMember = StoredConsumerMember;
    using Response = ConsumerGroupHeartbeatResponse;
    static constexpr auto refused = &refused_heartbeat;
    static constexpr std::string_view name = "consumer", title = "Consumer";   // as texts say it
    static constexpr std::string_view group_prefix = consumers_prefix, member_prefix = consumer_prefix;
};

struct StreamsKind {
    using Membership = StreamsMembership;
    using Rules = StreamsRules;
    using StoredGroup = StoredStreamsGroup;
    using StoredMember = StoredStreamsMember;
    using Response = StreamsGroupHeartbeatResponse;
    static constexpr auto refused = &refused_streams;
    static constexpr std::string_view name = "streams", title = "Streams";
    static constexpr std::string_view group_prefix = streams_prefix, member_prefix = streamer_prefix;
};

// Where a member is in the store; `prefix` is that of its kind.
std::string member_key(std::string_view prefix, std::string_view group, std::string_view member);

}   // namespace sluice::kafka
