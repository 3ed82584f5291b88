// Access control lists: the rules as Kafka's standard authorizer has them, and what each kind of request is told that may not do
// what it asks for.
#include "emulator/kafka/security/acls.h"

#include "emulator/kafka/topics.h"
#include "protocol/kafka/messages/create_acls.h"
#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/delete_acls.h"
#include "protocol/kafka/messages/delete_groups.h"
#include "protocol/kafka/messages/delete_topics.h"
#include "protocol/kafka/messages/describe_acls.h"
#include "protocol/kafka/messages/describe_cluster.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "protocol/kafka/messages/describe_groups.h"
#include "protocol/kafka/messages/find_coordinator.h"
#include "protocol/kafka/messages/heartbeat.h"
#include "protocol/kafka/messages/init_producer_id.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/leave_group.h"
#include "protocol/kafka/messages/list_groups.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "protocol/kafka/messages/sasl_authenticate.h"
#include "protocol/kafka/messages/sasl_handshake.h"
#include "protocol/kafka/messages/sync_group.h"
#include "tests/support/kafka_client.h"
#include "tests/support/kafka_group_member.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Creation = CreateAclsRequest::Creation;

Acl acl(ResourceType type, PatternType pattern, std::string name, AclOperation operation,
        AclPermission permission = AclPermission::allow, std::string principal = "User:u", std::string host = "*") {
    return {type, pattern, std::move(name), std::move(principal), std::move(host), operation, permission};
}
Creation creation(ResourceType type, std::string_view name, AclOperation operation,
                  AclPermission permission = AclPermission::allow, std::string_view principal = "User:u",
                  PatternType pattern = PatternType::literal) {
    return {.resource_type = static_cast<std::int8_t>(type),
            .resource_name = name,
            .resource_pattern_type = static_cast<std::int8_t>(pattern),
            .principal = principal,
            .host = "*",
            .operation = static_cast<std::int8_t>(operation),
            .permission_type = static_cast<std::int8_t>(permission)};
}
CreateAclsResponse create(Client& client, std::vector<Creation> all) {
    return *client.ask<CreateAclsResponse>(CreateAclsRequest{.creations = all}, 3).body;
}
void login(Client& client, std::string_view user) {
    using namespace std::string_view_literals;
    REQUIRE(client.ask<SaslHandshakeResponse>(SaslHandshakeRequest{.mechanism = "PLAIN"}, 1)->error_code == ErrorCode::none);
    const auto token = std::string("\0", 1).append(user).append("\0p"sv);
    REQUIRE(client.ask<SaslAuthenticateResponse>(SaslAuthenticateRequest{.auth_bytes = as_bytes(token)}, 2)->error_code ==
            ErrorCode::none);
}
DescribeAclsResponse describe(Client& client, std::optional<std::string_view> name = {}) {
    DescribeAclsRequest all;
    all.resource_type_filter = 1;
    all.resource_name_filter = name;
    all.pattern_type_filter = name ? 2 : 1;
    all.principal_filter.reset();
    all.host_filter.reset();
    all.operation = all.permission_type = 1;
    return *client.ask<DescribeAclsResponse>(all, 3).body;
}
MetadataResponse metadata(Client& client, std::optional<std::string_view> name = {}) {
    MetadataRequest::Topic one;
    one.name = name;
    MetadataRequest request;
    request.topics.reset();
    if (name) request.topics = Array<MetadataRequest::Topic>{&one, 1};
    request.include_topic_authorized_operations = true;
    return *client.ask<MetadataResponse>(request, 12).body;
}

}   // namespace

TEST_CASE("a refusal wins over a permission, some permissions imply others, and a list closes its resource to all others") {
    using enum AclOperation;
    AclLists lists;
    const auto may = [&](std::string_view who, AclOperation operation, std::string_view name, bool if_none = true) {
        return lists.allows(who, "10.0.0.1", operation, ResourceType::topic, name, if_none);
    };
    CHECK(may("User:u", read, "t"));
    CHECK_FALSE(may("User:u", read, "t", false));
    lists.add(acl(ResourceType::topic, PatternType::literal, "t", read));
    CHECK(may("User:u", read, "t"));
    CHECK(may("User:u", describe, "t"));   // whoever reads may look
    CHECK_FALSE(may("User:u", write, "t"));
    CHECK_FALSE(may("User:other", read, "t"));
    CHECK(may("User:other", read, "t2"));
    lists.add(acl(ResourceType::topic, PatternType::literal, "*", write, AclPermission::allow, "User:*"));
    CHECK(may("User:other", write, "t"));
    CHECK_FALSE(may("User:other", read, "t2"));
    lists.add(acl(ResourceType::topic, PatternType::literal, "t", all, AclPermission::deny, "User:*", "10.0.0.1"));
    CHECK_FALSE(may("User:u", read, "t"));
    CHECK(lists.allows("User:u", "10.0.0.2", read, ResourceType::topic, "t", true));
    CHECK(lists.allows("User:u", "10.0.0.1", read, ResourceType::group, "t", true));
    lists.remove(acl(ResourceType::topic, PatternType::literal, "t", all, AclPermission::deny, "User:*", "10.0.0.1"));
    // A refusal of reading is none of looking.
    lists.add(acl(ResourceType::topic, PatternType::literal, "t", read, AclPermission::deny));
    CHECK_FALSE(may("User:u", read, "t"));
    CHECK(may("User:u", describe, "t"));
    lists.add(acl(ResourceType::topic, PatternType::literal, "c", alter_configs));
    CHECK(may("User:u", describe_configs, "c"));
}

TEST_CASE("each prefix of a name that has a list counts, and no other list does") {
    using enum AclOperation;
    AclLists lists;
    for (const auto* name : {"a", "ab", "abc", "abcd", "abd", "b", "aa", "abca"})
        lists.add(acl(ResourceType::topic, PatternType::prefixed, name, read, AclPermission::allow, std::string("User:") + name));
    for (const auto* name : {"a", "ab", "abc", "abcd", "abd", "b", "aa", "abca", "abcde", "abz", "z", "aaa", "abcb"})
        for (const auto* prefix : {"a", "ab", "abc", "abcd", "abd", "b", "aa", "abca"}) {
            CAPTURE(name);
            CAPTURE(prefix);
            CHECK(lists.allows(std::string("User:") + prefix, "h", read, ResourceType::topic, name, false) ==
                  std::string_view{name}.starts_with(prefix));
        }
}

TEST_CASE("whoever may write to some topic is found, unless nobody may") {
    using enum AclOperation;
    AclLists lists;
    const auto may = [&](bool if_none) { return lists.allows_any("User:u", "h", write, ResourceType::topic, if_none); };
    CHECK(may(true));
    CHECK_FALSE(may(false));
    lists.add(acl(ResourceType::topic, PatternType::prefixed, "x", write));
    CHECK(may(false));
    lists.add(acl(ResourceType::topic, PatternType::literal, "*", write, AclPermission::deny));
    CHECK_FALSE(may(true));
}

TEST_CASE("lists are made, told, matched and removed, and are there after a restart") {
    Server server;
    Client admin(server);
    const auto made = create(
        admin, {creation(ResourceType::topic, "x", AclOperation::read), creation(ResourceType::topic, "x", AclOperation::read),
                creation(ResourceType::topic, "x", AclOperation::idempotent_write),
                creation(ResourceType::group, "x", AclOperation::read, AclPermission::deny),
                creation(ResourceType::topic, "xy", AclOperation::write, AclPermission::allow, "User:v", PatternType::prefixed)});
    for (const auto& told : made.results) CHECK(told.error_code == ErrorCode::none);
    const auto before = describe(admin);
    REQUIRE(before.resources.size() == 3);
    CHECK(before.resources[0].acls.size() == 2);
    CHECK(describe(admin, "xyz").resources.size() == 1);
    CHECK(describe(admin, "x").resources.size() == 2);
    server.reopen();
    Client again(server);
    CHECK(describe(again).resources.size() == 3);
    DeleteAclsRequest::Filter filter{.resource_type_filter = 2,
                                     .resource_name_filter = "x",
                                     .pattern_type_filter = 1,
                                     .principal_filter = {},
                                     .host_filter = {},
                                     .operation = 1,
                                     .permission_type = 1};
    const DeleteAclsRequest::Filter twice[] = {filter, filter};
    const auto gone = again.ask<DeleteAclsResponse>(DeleteAclsRequest{.filters = {twice, 2}}, 3);
    REQUIRE(gone->filter_results.size() == 2);
    for (const auto& told : gone->filter_results) CHECK(told.matching_acls.size() == 2);   // each tells what it names
    server.reopen();
    Client last(server);
    CHECK(describe(last).resources.size() == 2);
}

TEST_CASE("lists that Kafka would not keep are refused in its words") {
    Server server;
    Client admin(server);
    const auto good = creation(ResourceType::topic, "x", AclOperation::read);
    const auto told = [&](auto change) {
        auto one = good;
        change(one);
        return create(admin, {one}).results.at(0);
    };
    CHECK(told([](auto& one) { one.principal = "bob"; }).error_message ==
          "Could not parse principal from `bob` (no colon is present separating the principal type from the principal name)");
    CHECK(told([](auto& one) { one.resource_name = ""; }).error_message == "Invalid empty resource name");
    CHECK(told([](auto& one) { one.resource_type = 4; }).error_message ==
          "The only valid name for the CLUSTER resource is kafka-cluster");
    CHECK(told([](auto& one) { one.resource_type = 99; }).error_message == "Invalid resourceType UNKNOWN");
    CHECK(told([](auto& one) { one.operation = 1; }).error_code == ErrorCode::unknown_server_error);
    CHECK(told([](auto& one) { one.resource_pattern_type = 2; }).error_code == ErrorCode::unknown_server_error);
    const std::string long_text(4097, 'x');
    CHECK(told([&](auto& one) { one.host = long_text; }).error_code == ErrorCode::invalid_request);
    CHECK(told([](auto&) {}).error_code == ErrorCode::none);
    DoorOptions options;
    options.configs = {{"authorizer.class.name", ""}};
    server.reopen(options);
    Client other(server);
    CHECK(create(other, {good}).results.at(0).error_code == ErrorCode::security_disabled);
    CHECK(create(other, {good}).results.at(0).error_message == "No Authorizer is configured.");
    CHECK(describe(other).error_message == "No Authorizer is configured on the broker");
}

TEST_CASE("whoever has no permission is told so by every API, topic by topic and group by group, and super users are not") {
    DoorOptions options;
    options.configs = {{"allow.everyone.if.no.acl.found", "false"}, {"super.users", "User:root;User:admin"}};
    Server server{options};
    server.create("t", 1);
    const auto topic_id = to_wire_id(server.engine->find(server.world(), "t")->topic_id);
    Client root(server), u(server);
    login(root, "root");
    login(u, "u");
    const auto denied = ErrorCode::topic_authorization_failed;
    const auto no_group = ErrorCode::group_authorization_failed;
    const auto no_cluster = ErrorCode::cluster_authorization_failed;

    CHECK(produce(root, "t", 0, batch_of({"a"})).error_code == ErrorCode::none);
    CHECK(produce(u, "t", 0, batch_of({"a"})).error_code == denied);
    CHECK(produce(u, "missing", 0, batch_of({"a"})).error_code == denied);
    Fetching fetching("t", 0);
    CHECK(u.ask<FetchResponse>(fetching.request, 11)->topics.at(0).partitions.at(0).error_code == denied);
    fetching.topic.topic_id = topic_id;
    CHECK(u.ask<FetchResponse>(fetching.request, 13)->topics.at(0).partitions.at(0).error_code == denied);
    CHECK(root.ask<FetchResponse>(fetching.request, 13)->topics.at(0).partitions.at(0).error_code == ErrorCode::none);
    const ListOffsetsRequest::Partition place{.partition_index = 0, .current_leader_epoch = -1, .timestamp = -1};
    const ListOffsetsRequest::Topic places{.name = "t", .partitions = {&place, 1}};
    CHECK(u.ask<ListOffsetsResponse>(ListOffsetsRequest{.replica_id = -1, .isolation_level = 0, .topics = {&places, 1}}, 7)
              ->topics.at(0)
              .partitions.at(0)
              .error_code == denied);

    CHECK(metadata(u, "t").topics.at(0).error_code == denied);
    CHECK(metadata(u, "fresh").topics.at(0).error_code == denied);
    CHECK(metadata(u).topics.empty());
    CHECK(metadata(root).topics.size() == 1);
    CHECK(metadata(root, "t").topics.at(0).topic_authorized_operations == 3576);

    CHECK(u.ask<HeartbeatResponse>(
               HeartbeatRequest{.group_id = "g", .generation_id = 1, .member_id = "m", .group_instance_id = {}}, 3)
              ->error_code == no_group);
    const JoinGroupRequest::Protocol protocol{.name = "range", .metadata = {}};
    JoinGroupRequest join{};
    join.group_id = "g";
    join.session_timeout_ms = 10'000;
    join.protocol_type = "consumer";
    join.protocols = {&protocol, 1};
    CHECK(u.ask<JoinGroupResponse>(join, 5)->error_code == no_group);
    SyncGroupRequest sync{};
    sync.group_id = "g";
    CHECK(u.ask<SyncGroupResponse>(sync, 3)->error_code == no_group);
    LeaveGroupRequest leave{};
    leave.group_id = "g";
    CHECK(u.ask<LeaveGroupResponse>(leave, 1)->error_code == no_group);
    const std::string_view group = "g";
    CHECK(u.ask<DescribeGroupsResponse>(DescribeGroupsRequest{.groups = {&group, 1}}, 4)->groups.at(0).error_code == no_group);
    CHECK(u.ask<DeleteGroupsResponse>(DeleteGroupsRequest{.groups_names = {&group, 1}}, 2)->results.at(0).error_code == no_group);
    FindCoordinatorRequest find{};
    find.key = "g";
    CHECK(u.ask<FindCoordinatorResponse>(find, 2)->error_code == no_group);
    find.key_type = 1;
    CHECK(u.ask<FindCoordinatorResponse>(find, 2)->error_code == ErrorCode::transactional_id_authorization_failed);
    const OffsetCommitRequest::Partition offset{.partition_index = 0, .committed_offset = 1};
    const OffsetCommitRequest::Topic offsets{.name = "t", .topic_id = {}, .partitions = {&offset, 1}};
    OffsetCommitRequest commit{};
    commit.group_id = "g";
    commit.generation_id_or_member_epoch = -1;
    commit.topics = {&offsets, 1};
    CHECK(u.ask<OffsetCommitResponse>(commit, 7)->topics.at(0).partitions.at(0).error_code == no_group);
    OffsetFetchRequest committed{};
    committed.group_id = "g";
    committed.topics.reset();
    CHECK(u.ask<OffsetFetchResponse>(committed, 7)->error_code == no_group);

    const CreateTopicsRequest::Topic wanted{
        .name = "n", .num_partitions = 1, .replication_factor = 1, .assignments = {}, .configs = {}};
    CHECK(u.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&wanted, 1}, .timeout_ms = 1}, 5)->topics.at(0).error_code ==
          denied);
    const std::string_view t = "t";
    DeleteTopicsRequest removal{};
    removal.topic_names = {&t, 1};
    CHECK(u.ask<DeleteTopicsResponse>(removal, 4)->topics.at(0).error_code == denied);
    const CreatePartitionsRequest::Topic more{.name = "t", .count = 3, .assignments = std::nullopt};
    CHECK(u.ask<CreatePartitionsResponse>(CreatePartitionsRequest{.topics = {&more, 1}, .timeout_ms = 1}, 2)
              ->results.at(0)
              .error_code == denied);
    DescribeConfigsRequest::Resource of_topic{};
    of_topic.resource_type = 2;
    of_topic.resource_name = "t";
    of_topic.configuration_keys.reset();
    DescribeConfigsRequest configs{};
    configs.resources = {&of_topic, 1};
    CHECK(u.ask<DescribeConfigsResponse>(configs, 2)->results.at(0).error_code == denied);
    of_topic.resource_type = 4;
    of_topic.resource_name = "1";
    CHECK(u.ask<DescribeConfigsResponse>(configs, 2)->results.at(0).error_code == no_cluster);
    InitProducerIdRequest init{};
    init.transactional_id.reset();
    CHECK(u.ask<InitProducerIdResponse>(init, 2)->error_code == no_cluster);
    CHECK(describe(u).error_code == no_cluster);
    CHECK(create(u, {creation(ResourceType::topic, "t", AclOperation::all)}).results.at(0).error_code == no_cluster);
    CHECK(u.ask<DescribeClusterResponse>(DescribeClusterRequest{.include_cluster_authorized_operations = true}, 0)
              ->cluster_authorized_operations == 0);

    // What it is given, it may do.
    CHECK(create(root, {creation(ResourceType::topic, "t", AclOperation::write),
                        creation(ResourceType::group, "g", AclOperation::read)})
              .results.at(0)
              .error_code == ErrorCode::none);
    CHECK(produce(u, "t", 0, batch_of({"b"})).error_code == ErrorCode::none);
    CHECK(metadata(u, "t").topics.at(0).topic_authorized_operations == (1 << 4 | 1 << 8));
    CHECK(u.ask<InitProducerIdResponse>(init, 2)->error_code == ErrorCode::none);
    CHECK(u.ask<OffsetCommitResponse>(commit, 7)->topics.at(0).partitions.at(0).error_code == denied);
    CHECK(u.ask<FetchResponse>(fetching.request, 13)->topics.at(0).partitions.at(0).error_code == denied);
}

TEST_CASE("by default everybody may do everything, and the first list of a topic closes it to others") {
    Server server;
    server.create("t", 1);
    server.create("free", 1);
    Client u(server), silent(server);
    login(u, "u");
    CHECK(produce(silent, "t", 0, batch_of({"a"})).error_code == ErrorCode::none);
    CHECK(create(silent, {creation(ResourceType::topic, "t", AclOperation::all)}).results.at(0).error_code == ErrorCode::none);
    CHECK(produce(silent, "t", 0, batch_of({"a"})).error_code == ErrorCode::topic_authorization_failed);
    CHECK(produce(silent, "free", 0, batch_of({"a"})).error_code == ErrorCode::none);
    CHECK(produce(u, "t", 0, batch_of({"a"})).error_code == ErrorCode::none);
    server.door->forget(server.world());
    CHECK(produce(silent, "t", 0, batch_of({"a"})).error_code == ErrorCode::none);
}

TEST_CASE("the pattern of a consumer finds the topics that it may describe and no others, after a restart too") {
    Server server;
    server.create("seen", 2);
    server.create("secret", 1);
    Client root(server);
    create(root, {creation(ResourceType::topic, "secret", AclOperation::read)});   // to u, and so to nobody else
    const auto owned = [](GroupMember& member) {
        std::size_t count = 0;
        for (const auto& [topic, partitions] : member.owned) count += partitions.size();
        return count;
    };
    {
        GroupMember stranger(server, "stranger");
        stranger.names.clear();
        stranger.regex = "se.*";
        CHECK(stranger.join() == "2: 0 1");
        server.create("secret.too", 1);   // has no list
        stranger.settle();
        CHECK(owned(stranger) == 3);
    }
    server.reopen();
    CHECK(consumers_state(server) == "Stable 3 1");
    GroupMember stranger(server, "stranger"), u(server, "u");
    stranger.send(-1);
    CHECK(stranger.told() == "-1: same");
    login(u.client, "u");
    u.names.clear();
    u.regex = "se.*";
    CHECK(u.join().starts_with("5:"));
    CHECK(owned(u) == 4);

    // What is taken from it while it reads, it gives back.
    Client admin(server);
    create(admin, {creation(ResourceType::topic, "secret.too", AclOperation::read, AclPermission::allow, "User:other")});
    server.turn();
    u.settle();
    CHECK(owned(u) == 3);
    create(admin, {creation(ResourceType::topic, "secret.too", AclOperation::read)});
    server.turn();
    u.settle();
    CHECK(owned(u) == 4);
}
