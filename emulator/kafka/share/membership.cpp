#include "emulator/kafka/share/membership.h"

#include <algorithm>

#include "emulator/kafka/topics.h"

namespace sluice::kafka {

ShareGroupHeartbeatResponse refused_share(ErrorCode code, std::optional<std::string> text) {
    ShareGroupHeartbeatResponse response;
    response.error_code = code;
    response.error_message = std::move(text);
    return response;
}

namespace {

std::string fenced_text(std::int32_t theirs, const ShareMember& member) {
    const bool greater = theirs > member.epoch;
    auto text = std::string{"The share group member has a "} + (greater ? "greater" : "smaller") + " member epoch (" +
                std::to_string(theirs) + ") than the one known by the group coordinator (" + std::to_string(member.epoch) + ")";
    if (!greater) text += ", and it does not match the previous member epoch (" + std::to_string(member.previous_epoch) + ")";
    return text + ". The member must abandon all its partitions and rejoin.";
}

ShareGroupHeartbeatResponse::Assignment as_told(const ShareAssignment& assignment) {
    ShareGroupHeartbeatResponse::Assignment told;
    for (const auto& [topic, partitions] : assignment) told.topic_partitions.push_back({to_wire_id(topic), partitions});
    return told;
}

}   // namespace

std::optional<ShareGroupHeartbeatResponse> ShareMembership::fault_of(const ShareGroupHeartbeatRequest& request) {
    constexpr std::size_t longest_member_id = 36;   // seen: Kafka 4.4.0
    if (request.member_id.empty() || request.member_id.size() > longest_member_id)
        return refused_share(ErrorCode::invalid_request);
    if (request.group_id.empty()) return refused_share(ErrorCode::invalid_request, "GroupId can't be empty.");
    if (!good_share_group(request.group_id)) return refused_share(ErrorCode::invalid_group_id);
    if (request.rack_id && request.rack_id->empty()) return refused_share(ErrorCode::invalid_request, "RackId can't be empty.");
    if (request.member_epoch < -1) return refused_share(ErrorCode::invalid_request, "MemberEpoch is invalid.");
    const auto& topics = request.subscribed_topic_names;
    if (request.member_epoch == 0 && (!topics || topics->empty()))
        return refused_share(ErrorCode::invalid_request, "SubscribedTopicNames must be set in first request.");
    return std::nullopt;
}

ShareGroupHeartbeatResponse ShareMembership::heartbeat(Time now, const Rules& rules, const Beat& beat,
                                                       const FindShareTopic& find) {
    const auto& request = beat.request;
    if (request.member_epoch == -1) return leave(request, find);
    auto found = members_.find(request.member_id);
    const bool comes = request.member_epoch == 0;
    if (found == members_.end()) {
        if (!comes)
            return refused_share(
                ErrorCode::unknown_member_id,
                "Member " + std::string(request.member_id) + " is not a member of group " + std::string(request.group_id) + ".");
        if (members_.size() >= rules.largest)
            return refused_share(ErrorCode::group_max_size_reached, "The share group has reached its maximum capacity of " +
                                                                        std::to_string(rules.largest) + " members.");
        found = members_.emplace(std::string(request.member_id), ShareMember{}).first;
        found->second.id = request.member_id;
        changed_ = true;
    }
    auto& member = found->second;
    if (!comes && request.member_epoch != member.epoch && request.member_epoch != member.previous_epoch)
        return refused_share(ErrorCode::fenced_member_epoch, fenced_text(request.member_epoch, member));
    member.alive_until = now + rules.session;
    std::set<std::string, std::less<>> topics = member.topics;
    if (request.subscribed_topic_names) topics = {request.subscribed_topic_names->begin(), request.subscribed_topic_names->end()};
    std::optional<std::string> rack = member.rack;
    if (request.rack_id) rack = std::string(*request.rack_id);
    const bool moved = member.client_id != beat.client_id || member.client_host != beat.client_host || member.rack != rack;
    member.client_id = beat.client_id;
    member.client_host = beat.client_host;
    member.rack = rack;
    if (member.epoch == 0 || topics != member.topics) {
        member.topics = std::move(topics);
        ++epoch_;
        changed_ = true;
        assign(find);
    }
    changed_ = changed_ || moved;
    if (comes || request.member_epoch != member.epoch) member.told.reset();
    if (member.epoch != epoch_) {
        member.previous_epoch = member.epoch;
        member.epoch = epoch_;
        changed_ = true;
    }
    ShareGroupHeartbeatResponse response;
    response.member_id = member.id;
    response.member_epoch = member.epoch;
    response.heartbeat_interval_ms = static_cast<std::int32_t>(rules.heartbeat.count());
    if (member.told != member.assignment) response.assignment = as_told(member.assignment);
    member.told = member.assignment;
    return response;
}

ShareGroupHeartbeatResponse ShareMembership::leave(const ShareGroupHeartbeatRequest& request, const FindShareTopic& find) {
    const auto found = members_.find(request.member_id);
    if (found == members_.end())
        return refused_share(
            ErrorCode::unknown_member_id,
            "Member " + std::string(request.member_id) + " is not a member of group " + std::string(request.group_id) + ".");
    members_.erase(found);
    ++epoch_;
    changed_ = true;
    assign(find);
    ShareGroupHeartbeatResponse response;
    response.member_id = std::string(request.member_id);
    response.member_epoch = -1;
    return response;
}

std::set<std::string, std::less<>> ShareMembership::topics() const {
    std::set<std::string, std::less<>> all;
    for (const auto& [id, member] : members_) all.insert(member.topics.begin(), member.topics.end());
    return all;
}

// Every partition has a reader, and every member something to read where there is enough: partitions are dealt by turns, and
// dealt again from the first on to members that got none.
void ShareMembership::assign(const FindShareTopic& find) {
    for (auto& [id, member] : members_) member.assignment.clear();
    std::size_t turn = 0;
    for (const auto& name : topics()) {
        const auto topic = find(name);
        if (!topic || topic->partitions.empty()) continue;
        std::vector<ShareMember*> readers;
        for (auto& [id, member] : members_)
            if (member.topics.contains(name)) readers.push_back(&member);
        const auto most = std::max(readers.size(), topic->partitions.size());
        for (std::size_t i = 0; i < most; ++i, ++turn)
            readers[turn % readers.size()]->assignment[topic->id].push_back(topic->partitions[i % topic->partitions.size()]);
    }
    for (auto& [id, member] : members_)
        for (auto& [topic, partitions] : member.assignment) std::ranges::sort(partitions);
}

bool ShareMembership::reassign(const FindShareTopic& find) {
    std::map<std::string, ShareAssignment, std::less<>> before;
    for (const auto& [id, member] : members_) before.emplace(id, member.assignment);
    assign(find);
    const bool other =
        std::ranges::any_of(members_, [&](const auto& one) { return before.at(one.first) != one.second.assignment; });
    if (other) {
        ++epoch_;
        changed_ = true;
    }
    return other;
}

std::vector<std::string> ShareMembership::sessions_over(Time now, const FindShareTopic& find) {
    std::vector<std::string> gone;
    for (const auto& [id, member] : members_)
        if (member.alive_until <= now) gone.push_back(id);
    for (const auto& id : gone) members_.erase(id);
    if (gone.empty()) return gone;
    ++epoch_;
    changed_ = true;
    assign(find);
    return gone;
}

std::optional<Time> ShareMembership::next_session() const {
    std::optional<Time> next;
    for (const auto& [id, member] : members_)
        if (!next || member.alive_until < *next) next = member.alive_until;
    return next;
}

StoredShareGroup ShareMembership::to_store() const {
    StoredShareGroup stored;
    stored.epoch = epoch_;
    for (const auto& [id, member] : members_)
        stored.members.push_back({.id = id,
                                  .client_id = member.client_id,
                                  .client_host = member.client_host,
                                  .rack = member.rack,
                                  .epoch = member.epoch,
                                  .topics = {member.topics.begin(), member.topics.end()}});
    return stored;
}

void ShareMembership::restore(const StoredShareGroup& stored, Time now, milliseconds session, const FindShareTopic& find) {
    epoch_ = stored.epoch;
    members_.clear();
    for (const auto& one : stored.members) {
        auto& member = members_[one.id];
        member.id = one.id;
        member.client_id = one.client_id;
        member.client_host = one.client_host;
        member.rack = one.rack;
        member.epoch = member.previous_epoch = one.epoch;
        member.topics = {one.topics.begin(), one.topics.end()};
        member.alive_until = now + session;
    }
    assign(find);
    changed_ = false;
}

}   // namespace sluice::kafka
