// Members of a group "g" that reads "t", each on its own connection, and what an admin sees of the group.
#pragma once

#include "protocol/kafka/messages/consumer_protocol.h"
#include "protocol/kafka/messages/describe_groups.h"
#include "protocol/kafka/messages/heartbeat.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "protocol/kafka/messages/sync_group.h"
#include "storage/failing.h"
#include "tests/support/kafka_client.h"

namespace sluice::kafka {

// What a consumer says in its join: version 0 and the topics.
inline Blob subscription(std::string_view topic) {
    ConsumerProtocolSubscription s;
    s.topics = {&topic, 1};
    auto body = encode(s, 0);
    body.insert(body.begin(), 2, std::byte{0});
    return body;
}

// One member on its own connection.
struct Consumer {
    Server& server;
    Client client;
    std::string id;
    std::int32_t generation = -1;
    std::optional<std::string> instance;
    Blob metadata = subscription("t");

    explicit Consumer(Server& s, std::optional<std::string> static_name = {})
        : server(s), client(s, "c"), instance(std::move(static_name)) {}

    std::optional<std::string_view> instance_view() const {
        return instance ? std::optional<std::string_view>(*instance) : std::nullopt;
    }
    void send_join(int version = 5, std::int32_t session_ms = 10'000) {
        const JoinGroupRequest::Protocol p{.name = "range", .metadata = metadata};
        client.send(JoinGroupRequest{.group_id = "g",
                                     .session_timeout_ms = session_ms,
                                     .rebalance_timeout_ms = 60'000,
                                     .member_id = id,
                                     .group_instance_id = instance_view(),
                                     .protocol_type = "consumer",
                                     .protocols = {&p, 1},
                                     .reason = {}},
                    version);
    }
    std::optional<JoinGroupResponse> joined(int version = 5) {
        const auto answer = client.receive<JoinGroupResponse>(version);
        if (!answer) return std::nullopt;
        id = (*answer)->member_id;
        generation = (*answer)->generation_id;
        return *answer->body;
    }
    // Asks for an id first, as librdkafka does.
    void enter() {
        if (!instance) {
            send_join();
            REQUIRE(joined()->error_code == ErrorCode::member_id_required);
        }
        send_join();
    }
    void send_sync(std::vector<std::pair<std::string, std::string>> assignments = {}) {
        std::vector<SyncGroupRequest::Assignment> all;
        for (const auto& [member, bytes] : assignments) all.push_back({.member_id = member, .assignment = as_bytes(bytes)});
        client.send(SyncGroupRequest{.group_id = "g",
                                     .generation_id = generation,
                                     .member_id = id,
                                     .group_instance_id = instance_view(),
                                     .protocol_type = {},
                                     .protocol_name = {},
                                     .assignments = all},
                    3);
    }
    std::optional<std::string> synced() {
        const auto answer = client.receive<SyncGroupResponse>(3);
        if (!answer) return std::nullopt;
        if ((*answer)->error_code != ErrorCode::none) return std::string(name_of((*answer)->error_code));
        return std::string(as_text((*answer)->assignment));
    }
    ErrorCode heartbeat() {
        return client
            .ask<HeartbeatResponse>(
                HeartbeatRequest{
                    .group_id = "g", .generation_id = generation, .member_id = id, .group_instance_id = instance_view()},
                3)
            ->error_code;
    }
    ErrorCode commit(std::int64_t offset, std::int32_t partition = 0) {
        const OffsetCommitRequest::Partition p{
            .partition_index = partition, .committed_offset = offset, .committed_leader_epoch = -1, .committed_metadata = "m"};
        const OffsetCommitRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
        OffsetCommitRequest request;
        request.group_id = "g";
        request.generation_id_or_member_epoch = generation;
        request.member_id = id;
        request.group_instance_id = instance_view();
        request.topics = {&t, 1};
        return client.ask<OffsetCommitResponse>(request, 8)->topics[0].partitions[0].error_code;
    }
};

inline std::int64_t committed(Server& server, std::int32_t partition = 0) {
    Client client(server);
    const OffsetFetchRequest::Topic t{.name = "t", .partition_indexes = {&partition, 1}};
    OffsetFetchRequest request;
    request.group_id = "g";
    request.topics = Array<OffsetFetchRequest::Topic>{&t, 1};
    return client.ask<OffsetFetchResponse>(request, 7)->topics[0].partitions[0].committed_offset;
}

inline std::string state(Server& server) {
    Client client(server);
    const std::string_view id = "g";
    return client
        .ask<DescribeGroupsResponse>(DescribeGroupsRequest{.groups = {&id, 1}, .include_authorized_operations = false}, 5)
        ->groups[0]
        .group_state;
}

// Starts the server again on its store, which from now on fails when told to.
inline storage::FailingStore& make_failing(Server& server) {
    server.shut();
    auto failing = std::make_unique<storage::FailingStore>(std::move(server.store));
    auto& store = *failing;
    server.store = std::move(failing);
    server.open();
    return store;
}

}   // namespace sluice::kafka
