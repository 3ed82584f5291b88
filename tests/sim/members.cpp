// A consumer group of KIP-848, beside its members: they join, say what they read, give back late, change what they are interested
// in, repeat themselves with a wrong epoch, commit, leave or fall silent, while streams come, go and are resharded. Epochs only
// grow; no two members ever read the same partition; when all have given back what they are to lose, the group comes to rest and
// each partition has its reader. It is asked when nothing is queued, so that each of its answers is stored and known.
#include "tests/sim/members.h"

#include <algorithm>
#include <limits>
#include <span>

#include "protocol/kafka/messages/consumer_group_heartbeat.h"
#include "protocol/kafka/messages/offset_commit.h"
#include "protocol/kafka/messages/offset_fetch.h"
#include "tests/sim/history.h"

namespace sluice::sim {

using kafka::ErrorCode;

namespace {

constexpr std::size_t most_members = 4;

std::string bytes_of(const kafka::Uuid& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }

// What a heartbeat says of what its member reads, and whom the bytes belong to.
struct Said {
    std::vector<std::string_view> topics;
    std::map<std::string, std::vector<std::int32_t>> parts;
    std::vector<kafka::ConsumerGroupHeartbeatRequest::TopicPartitions> reads;
};

}   // namespace

void History::member_step() {
    look_at_members();
    auto& all = members_.all;
    if (all.empty() || (all.size() < most_members && one_in(6))) return member_joins();
    const auto id = std::next(all.begin(), static_cast<std::ptrdiff_t>(below(all.size())))->first;
    switch (below(12)) {
        case 0:
            member_beat(id, -1);
            break;
        case 1:
            say("member {} begins anew", id);
            all.at(id).reads.clear();   // who joins again has given back everything
            member_beat(id, 0);
            break;
        case 2:
            wrong_epoch(id);
            break;
        case 3:
            member_commits(id);
            break;
        case 4:
            members_rest();
            break;
        case 5:
            all.at(id).topics = some_topics();
            member_beat(id, all.at(id).epoch);
            break;
        default:
            if (plan_.faults && one_in(8)) arm_failure();
            member_beat(id, all.at(id).epoch);
    }
    settle();
    refused_ = false;
    look_at_members();
}

std::set<std::string> History::some_topics() {
    std::set<std::string> topics;
    while (topics.empty())
        for (const auto* name : {"a", "b", "c.d"})
            if (one_in(2)) topics.emplace(name);
    return topics;
}

void History::member_joins() {
    const auto id = fmt::format("member-{}", ++members_.joined);
    members_.all[id].topics = some_topics();
    if (plan_.faults && one_in(8)) arm_failure();
    member_beat(id, 0);
    settle();
    refused_ = false;
    look_at_members();
}

// All that a member can say, so that it is always told what it is given, and never held until there is news.
ErrorCode History::send_beat(const std::string& id, std::int32_t epoch, std::function<void(std::int32_t, std::set<Part>)> told) {
    auto& one = members_.all.at(id);
    auto said = std::make_shared<Said>();
    owned_.push_back(said);
    for (const auto& name : one.topics) said->topics.push_back(text(name));
    for (const auto& [topic, partition] : one.reads) said->parts[topic].push_back(partition);
    for (const auto& [topic, partitions] : said->parts) {
        auto& part = said->reads.emplace_back();
        std::ranges::copy(std::as_bytes(std::span{topic}), reinterpret_cast<std::byte*>(part.topic_id.bytes.data()));
        part.partitions = {partitions.data(), partitions.size()};
    }
    kafka::ConsumerGroupHeartbeatRequest request;
    request.group_id = member_group;
    request.member_id = text(id);
    request.member_epoch = epoch;
    request.rebalance_timeout_ms = std::numeric_limits<std::int32_t>::max();   // a session is over long before
    request.subscribed_topic_names = kafka::Array<std::string_view>{said->topics.data(), said->topics.size()};
    request.topic_partitions =
        kafka::Array<kafka::ConsumerGroupHeartbeatRequest::TopicPartitions>{said->reads.data(), said->reads.size()};
    auto code = ErrorCode::unknown_server_error;
    machine_->ask<kafka::ConsumerGroupHeartbeatResponse>(std::move(request), 1,
                                                         hear<kafka::ConsumerGroupHeartbeatResponse>([&](auto& answer) {
                                                             code = answer.error_code;
                                                             if (code != ErrorCode::none || epoch < 0) return;
                                                             if (!answer.assignment)
                                                                 broken("member {} is not told what it is given", id);
                                                             std::set<Part> given;
                                                             for (const auto& topic : answer.assignment->topic_partitions)
                                                                 for (const auto partition : topic.partitions)
                                                                     given.emplace(bytes_of(topic.topic_id), partition);
                                                             told(answer.member_epoch, std::move(given));
                                                         }));
    machine_->settle();
    return code;
}

// `epoch`: 0 joins, -1 leaves.
void History::member_beat(const std::string& id, std::int32_t epoch) {
    auto& one = members_.all.at(id);
    const bool late = !std::ranges::includes(one.given, one.reads);
    if (late && one_in(2)) std::erase_if(one.reads, [&](const Part& part) { return !one.given.contains(part); });
    const auto live = to_ms(machine_->clock().live());
    const auto code = send_beat(id, epoch, [&](std::int32_t now, std::set<Part> given) {
        if (now < one.epoch || now < 1) broken("member {} of epoch {} is told epoch {}", id, one.epoch, now);
        for (const auto& part : given)
            for (const auto& [other, its] : members_.all)
                if (other != id && its.reads.contains(part))
                    broken("member {} is given partition {} of a topic, which {} still reads", id, part.second, other);
        one.epoch = now;
        one.earliest = one.latest = live + member_session_ms;
        one.given = std::move(given);
        if (std::ranges::includes(one.given, one.reads)) one.reads = one.given;
    });
    say("heartbeat of {}, epoch {} -> {}, epoch {}, {} partitions", id, epoch, static_cast<int>(code), one.epoch,
        one.given.size());
    const bool refused = code == ErrorCode::coordinator_not_available && armed_;
    if (code != ErrorCode::none && !refused) broken("heartbeat of {}: answered {}", id, static_cast<int>(code));
    const bool fresh = epoch == 0 && one.epoch == 0;
    if (refused ? fresh : epoch < 0) members_.all.erase(id);
}

// Somebody who was fenced off and does not know, or whom nobody knows.
void History::wrong_epoch(const std::string& id) {
    const auto& one = members_.all.at(id);
    const auto code = send_beat(id, one.epoch + 1, [&](auto, auto) { broken("member {} is taken with a wrong epoch", id); });
    say("heartbeat of {}, epoch {} -> {}", id, one.epoch + 1, static_cast<int>(code));
    if (code != ErrorCode::fenced_member_epoch) broken("member {} with a wrong epoch: {}", id, static_cast<int>(code));
}

void History::member_commits(const std::string& id) {
    auto* stream = any_stream();
    if (!stream) return;
    const auto& one = members_.all.at(id);
    const bool wrong = one_in(3);
    const auto offset = static_cast<std::int64_t>(below(1000));
    const auto index = static_cast<std::int32_t>(below(stream->shards.size()));
    kafka::OffsetCommitRequest::Partition partition{.partition_index = index, .committed_offset = offset};
    kafka::OffsetCommitRequest::Topic topic{.name = stream->name, .topic_id = {}, .partitions = {&partition, 1}};
    kafka::OffsetCommitRequest commit;
    commit.group_id = member_group;
    commit.member_id = id;
    commit.generation_id_or_member_epoch = one.epoch + (wrong ? 1 : 0);
    commit.topics = {&topic, 1};
    auto code = ErrorCode::unknown_server_error;
    machine_->ask<kafka::OffsetCommitResponse>(std::move(commit), 9, hear<kafka::OffsetCommitResponse>([&](auto& answer) {
                                                   code = answer.topics[0].partitions[0].error_code;
                                               }));
    machine_->settle();
    say("member {} commits {}/{} = {} -> {}", id, stream->name, index, offset, static_cast<int>(code));
    if (code != (wrong ? ErrorCode::stale_member_epoch : ErrorCode::none))
        broken("member {} commits with epoch {} in place of {}: {}", id, one.epoch + (wrong ? 1 : 0), one.epoch,
               static_cast<int>(code));
    if (wrong) return;
    kafka::OffsetFetchRequest::GroupTopic asked{
        .name = stream->name, .topic_id = {}, .partition_indexes = {&partition.partition_index, 1}};
    kafka::OffsetFetchRequest::Group group;
    group.group_id = member_group;
    group.member_id = id;
    group.member_epoch = one.epoch;
    group.topics = kafka::Array<kafka::OffsetFetchRequest::GroupTopic>{&asked, 1};
    kafka::OffsetFetchRequest fetch;
    fetch.groups = {&group, 1};
    machine_->ask<kafka::OffsetFetchResponse>(
        std::move(fetch), 9, hear<kafka::OffsetFetchResponse>([&](auto& answer) {
            const auto& told = answer.groups[0];
            if (told.error_code != ErrorCode::none || told.topics[0].partitions[0].committed_offset != offset)
                broken("member {} committed {}/{} = {} and reads something else", id, stream->name, index, offset);
        }));
    machine_->turn();
}

// Everybody gives back what it is to lose until nobody has anything to give back.
void History::members_rest() {
    for (std::size_t round = 0; round < 2 * most_members; ++round)
        for (auto& [id, one] : members_.all) {
            std::erase_if(one.reads, [&](const Part& part) { return !one.given.contains(part); });
            member_beat(id, one.epoch);
        }
    if (const auto told = describe_members(); told.state != "Stable")
        broken("the group of members does not come to rest: {}", told.text);
}

}   // namespace sluice::sim
