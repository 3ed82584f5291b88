// The table: which operation on a resource each API needs. Source: Kafka's documentation, "Operations and resources on
// protocols", and where that is silent the resource's read or alter, as its neighbours have it. Where an API stands twice with a
// type of resource, one of the operations will do.
#include "emulator/kafka/security/access.h"

#include <algorithm>
#include <array>
#include <vector>

#include "emulator/kafka/security/whole_calls.h"

namespace sluice::kafka {
namespace {

struct Need {
    std::int16_t api;
    ResourceType type;
    AclOperation operation;
};
// clang-format off
constexpr auto needs = [] {
    using enum AclOperation;
    constexpr auto topic_ = ResourceType::topic, group_ = ResourceType::group, cluster_ = ResourceType::cluster,
                   transaction_ = ResourceType::transactional_id;
    return std::to_array<Need>({
    {0, topic_, write}, {0, transaction_, write},                                       // Produce
    {1, topic_, read},                                                                  // Fetch
    {2, topic_, describe},                                                              // ListOffsets
    {3, topic_, describe},                                                              // Metadata
    {8, group_, read}, {8, topic_, read},                                               // OffsetCommit
    {9, group_, describe}, {9, topic_, describe},                                       // OffsetFetch
    {10, group_, describe}, {10, transaction_, describe}, {10, cluster_, cluster_action},   // FindCoordinator
    {11, group_, read}, {12, group_, read}, {13, group_, read}, {14, group_, read},     // JoinGroup, Heartbeat, LeaveGroup, SyncGroup
    {15, group_, describe},                                                             // DescribeGroups
    {16, group_, describe}, {16, cluster_, describe},                                   // ListGroups
    {19, topic_, create}, {19, cluster_, create},                                       // CreateTopics
    {20, topic_, erase},                                                                // DeleteTopics
    {21, topic_, erase},                                                                // DeleteRecords
    {22, transaction_, write}, {22, cluster_, idempotent_write},                        // InitProducerId
    {23, topic_, describe}, {23, cluster_, cluster_action},                             // OffsetForLeaderEpoch
    {24, transaction_, write}, {24, topic_, write}, {24, cluster_, cluster_action},     // AddPartitionsToTxn
    {25, transaction_, write}, {25, group_, read},                                      // AddOffsetsToTxn
    {26, transaction_, write},                                                          // EndTxn
    {27, cluster_, cluster_action}, {27, cluster_, alter},                              // WriteTxnMarkers
    {28, transaction_, write}, {28, group_, read}, {28, topic_, read},                  // TxnOffsetCommit
    {29, cluster_, describe}, {30, cluster_, alter}, {31, cluster_, alter},             // DescribeAcls, CreateAcls, DeleteAcls
    {32, topic_, describe_configs}, {32, group_, describe_configs}, {32, cluster_, describe_configs},   // DescribeConfigs
    {33, topic_, alter_configs}, {33, group_, alter_configs}, {33, cluster_, alter_configs},            // AlterConfigs
    {34, cluster_, alter}, {35, cluster_, describe},                                    // AlterReplicaLogDirs, DescribeLogDirs
    {37, topic_, alter},                                                                // CreatePartitions
    {41, ResourceType::delegation_token, describe},                                         // DescribeDelegationToken
    {42, group_, erase},                                                                // DeleteGroups
    {43, cluster_, alter},                                                              // ElectLeaders
    {44, topic_, alter_configs}, {44, group_, alter_configs}, {44, cluster_, alter_configs},            // IncrementalAlterConfigs
    {45, cluster_, alter}, {46, cluster_, describe},                                    // Alter-, ListPartitionReassignments
    {47, group_, erase}, {47, topic_, read},                                            // OffsetDelete
    {48, cluster_, describe_configs}, {49, cluster_, alter_configs},                    // Describe-, AlterClientQuotas
    {50, cluster_, describe}, {51, cluster_, alter},                                    // Describe-, AlterUserScramCredentials
    {55, cluster_, describe}, {57, cluster_, alter},                                    // DescribeQuorum, UpdateFeatures
    {61, topic_, read},                                                                 // DescribeProducers
    {64, cluster_, alter},                                                              // UnregisterBroker
    {65, transaction_, describe}, {65, topic_, describe},                               // DescribeTransactions
    {66, transaction_, describe},                                                       // ListTransactions
    {68, group_, read}, {68, topic_, describe},                                         // ConsumerGroupHeartbeat
    {69, group_, describe}, {69, topic_, describe},                                     // ConsumerGroupDescribe
    {74, cluster_, describe_configs},                                                   // ListConfigResources
    {75, topic_, describe},                                                             // DescribeTopicPartitions
    {76, group_, read}, {76, topic_, describe},                                         // ShareGroupHeartbeat
    {77, group_, describe}, {77, topic_, describe},                                     // ShareGroupDescribe
    {78, group_, read}, {78, topic_, read},                                             // ShareFetch
    {79, group_, read}, {79, topic_, read},                                             // ShareAcknowledge
    {80, cluster_, alter}, {81, cluster_, alter},                                       // AddRaftVoter, RemoveRaftVoter
    {83, cluster_, cluster_action}, {84, cluster_, cluster_action}, {85, cluster_, cluster_action},     // a share group's state
    {86, cluster_, cluster_action}, {87, cluster_, cluster_action},
    {88, group_, read}, {88, topic_, describe}, {88, cluster_, create},                 // StreamsGroupHeartbeat
    {89, group_, describe}, {89, topic_, describe},                                     // StreamsGroupDescribe
    {90, group_, describe}, {90, topic_, describe},                                     // DescribeShareGroupOffsets
    {91, group_, read}, {91, topic_, read},                                             // AlterShareGroupOffsets
    {92, group_, erase}, {92, topic_, read},                                            // DeleteShareGroupOffsets
    {93, group_, read},                                                                 // StreamsGroupTopologyDescriptionUpdate
    {94, cluster_, alter},                                                              // UnregisterController
    });
}();
// clang-format on
static_assert(std::ranges::is_sorted(needs, {}, &Need::api), "list the APIs by key");

// Their answers are more than a code when they are refused, or have no code in some versions: their handlers say it.
constexpr std::int16_t say_it_themselves[] = {9, 11, 22, 43, 48};

auto needs_of_api(const Call& call) { return std::ranges::equal_range(needs, call.header.api_key, {}, &Need::api); }

std::string peer_host(const Call& call) { return call.connection->peer_text().substr(1); }

// Kafka, AclEntry: which operations a resource knows.
std::vector<AclOperation> known_operations(ResourceType type) {
    using enum AclOperation;
    switch (type) {
        case ResourceType::topic:
            return {read, write, create, erase, alter, describe, describe_configs, alter_configs};
        case ResourceType::group:
            return {read, erase, describe, describe_configs, alter_configs};
        case ResourceType::cluster:
            return {create, alter, describe, cluster_action, alter_configs, describe_configs, idempotent_write};
        case ResourceType::transactional_id:
            return {write, describe, two_phase_commit};
        case ResourceType::user:
            return {create_tokens, describe_tokens};
        default:
            return {describe};
    }
}

std::string access_setting(const Configs& configs, std::string_view name) {
    return configs.broker(nullptr, *find_config(broker_configs(), name)).value.value_or("");
}

}   // namespace

Access::Access(streams::Engine& engine, streams::World& world, const Configs& configs)
    : enabled_(!access_setting(configs, "authorizer.class.name").empty()),
      everybody_if_none_(configs.flag("allow.everyone.if.no.acl.found")),
      acls_(engine, world) {
    const auto names = access_setting(configs, "super.users");
    for (std::string_view rest = names; !rest.empty();) {
        auto one = rest.substr(0, rest.find(';'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (!one.empty()) super_users_.emplace(one);
    }
    look_again();
}

void Access::look_again() {
    guards_ = enabled_ && (!everybody_if_none_ || !acls_.lists().empty());
    changed.fire();
}

streams::Ticket Access::add(Acl acl) {
    auto ticket = acls_.add(std::move(acl));
    look_again();
    return ticket;
}

streams::Ticket Access::remove(const Acl& acl) {
    auto ticket = acls_.remove(acl);
    look_again();
    return ticket;
}

void Access::unstored(std::string_view key) {
    acls_.unstored(key);
    look_again();
}

void Access::clear() {
    acls_.clear();
    look_again();
}

bool Access::may(const Principal& who, std::string_view host, AclOperation operation, ResourceType type,
                 std::string_view name) const {
    if (!guards_) return true;
    const auto principal = who.text();
    return super_users_.contains(principal) || acls_.lists().allows(principal, host, operation, type, name, everybody_if_none_);
}

bool Access::may_any(const Principal& who, std::string_view host, AclOperation operation, ResourceType type) const {
    if (!guards_) return true;
    const auto principal = who.text();
    return super_users_.contains(principal) || acls_.lists().allows_any(principal, host, operation, type, everybody_if_none_);
}

ErrorCode refusal_code(ResourceType type) {
    switch (type) {
        case ResourceType::topic:
            return ErrorCode::topic_authorization_failed;
        case ResourceType::group:
            return ErrorCode::group_authorization_failed;
        case ResourceType::transactional_id:
            return ErrorCode::transactional_id_authorization_failed;
        case ResourceType::delegation_token:
        case ResourceType::user:
            return ErrorCode::delegation_token_authorization_failed;
        default:
            return ErrorCode::cluster_authorization_failed;
    }
}

bool guarded_may(const Call& call, AclOperation operation, ResourceType type, std::string_view name) {
    return call.broker.access().may(call.principal(), peer_host(call), operation, type, name);
}

ErrorCode guarded_refusal(const Call& call, ResourceType type, std::string_view name) {
    for (const auto& need : needs_of_api(call))
        if (need.type == type && guarded_may(call, need.operation, type, name)) return ErrorCode::none;
    return refusal_code(type);   // so is an API that the table does not know
}

ErrorCode guarded_refusal(const Call& call, const WholeCall& named) {
    const auto all = needs_of_api(call);
    if (all.empty() || std::ranges::find(say_it_themselves, call.header.api_key) != std::end(say_it_themselves))
        return ErrorCode::none;
    auto code = ErrorCode::none;
    if (named.transactional_id) code = guarded_refusal(call, ResourceType::transactional_id, *named.transactional_id);
    if (code == ErrorCode::none && named.group_id) code = guarded_refusal(call, ResourceType::group, *named.group_id);
    const bool of_cluster = std::ranges::all_of(all, [](const Need& need) { return need.type == ResourceType::cluster; });
    return code == ErrorCode::none && of_cluster ? guarded_refusal(call, ResourceType::cluster, the_cluster) : code;
}

ErrorCode config_refusal(const Call& call, std::int8_t resource, std::string_view name) {
    switch (static_cast<ConfigResource>(resource)) {
        case ConfigResource::topic:
            return refusal(call, ResourceType::topic, name);
        case ConfigResource::group:
            return refusal(call, ResourceType::group, name);
        default:
            return refusal(call, ResourceType::cluster);
    }
}

bool may_any(const Call& call, AclOperation operation, ResourceType type) {
    return !call.broker.guards() || call.broker.access().may_any(call.principal(), peer_host(call), operation, type);
}

std::int32_t operations_on(const Call& call, ResourceType type, std::string_view name) {
    std::int32_t bits = 0;
    for (const auto operation : known_operations(type))
        if (may(call, operation, type, name)) bits |= 1 << static_cast<int>(operation);
    return bits;
}

}   // namespace sluice::kafka
