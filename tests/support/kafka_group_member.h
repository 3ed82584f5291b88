// A member of a consumer group "g" (KIP-848) on its own connection, and what an admin sees of that group.
#pragma once

#include <sstream>

#include "protocol/kafka/messages/consumer_group_describe.h"
#include "protocol/kafka/messages/consumer_group_heartbeat.h"
#include "protocol/kafka/messages/list_groups.h"
#include "tests/support/kafka_client.h"

namespace sluice::kafka {

struct GroupMember {
    Server& server;
    Client client;
    std::string id;
    std::int32_t epoch = 0;
    std::vector<std::string_view> names{"t"};
    std::optional<std::string_view> regex{}, instance{};
    using Owned = std::vector<std::pair<Uuid, std::vector<std::int32_t>>>;
    Owned owned{};

    GroupMember(Server& s, std::string name) : server(s), client(s, "c"), id(std::move(name)) {}

    void send(std::int32_t as_epoch, bool all = false) {
        ConsumerGroupHeartbeatRequest request;
        request.group_id = "g";
        request.member_id = id;
        request.member_epoch = as_epoch;
        request.instance_id = instance;
        std::vector<ConsumerGroupHeartbeatRequest::TopicPartitions> topics;
        if (as_epoch == 0) {
            request.rebalance_timeout_ms = 60'000;
            request.subscribed_topic_names = names;
            request.subscribed_topic_regex = regex;
        } else {
            for (const auto& [topic, partitions] : owned) topics.push_back({.topic_id = topic, .partitions = partitions});
        }
        if (as_epoch == 0 || all) request.topic_partitions = Array<ConsumerGroupHeartbeatRequest::TopicPartitions>{topics};
        client.send(request, 1);
    }
    // "2: 0 1" what it is to own of its topics, "2: same", a code's name, or nothing when the server does not answer yet.
    std::optional<std::string> told() {
        const auto answer = client.receive<ConsumerGroupHeartbeatResponse>(1);
        if (!answer) return std::nullopt;
        const auto& body = *answer->body;
        if (body.error_code != ErrorCode::none) return std::string(name_of(body.error_code));
        epoch = body.member_epoch;
        std::ostringstream out;
        out << epoch << ":";
        if (!body.assignment) return out.str() + " same";
        owned.clear();
        for (const auto& topic : body.assignment->topic_partitions) {
            owned.emplace_back(topic.topic_id, topic.partitions);
            for (const auto p : topic.partitions) out << " " << p;
        }
        return out.str();
    }
    std::string join() {
        send(0);
        return told().value_or("silent");
    }
    // Says what it owns, as a client does when it has given back or taken what it was told.
    std::string settle() {
        send(epoch, true);
        return told().value_or("silent");
    }
};

inline std::string consumers_state(Server& server) {
    Client admin(server);
    const std::string_view id = "g";
    const auto answer = admin.ask<ConsumerGroupDescribeResponse>(
        ConsumerGroupDescribeRequest{.group_ids = {&id, 1}, .include_authorized_operations = false}, 1);
    const auto& group = answer->groups[0];
    if (group.error_code != ErrorCode::none) return std::string(name_of(group.error_code));
    return group.group_state + " " + std::to_string(group.group_epoch) + " " + std::to_string(group.members.size());
}

inline std::string listed(Server& server) {
    Client admin(server);
    std::string out;
    const auto answer = admin.ask<ListGroupsResponse>(ListGroupsRequest{}, 5);
    for (const auto& group : answer->groups)
        out += group.group_id + " " + group.protocol_type + " " + group.group_type + " " + group.group_state + "\n";
    return out;
}

}   // namespace sluice::kafka
