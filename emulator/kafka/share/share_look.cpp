#include "emulator/kafka/share/share_look.h"

#include <algorithm>

#include "emulator/kafka/security/access.h"

namespace sluice::kafka {

namespace {

// An answer is made in one turn of the loop; the client asks again for the rest.
constexpr std::int64_t most_share_bytes = 4 << 20;

RecordList copy_of(const std::vector<Bytes>& batches, std::int64_t bytes) {
    auto copy = std::make_shared<Blob>();
    copy->reserve(static_cast<std::size_t>(bytes));
    for (const auto piece : batches) copy->insert(copy->end(), piece.begin(), piece.end());
    RecordList list;
    list.parts.emplace_back(*copy);
    list.owners.push_back(std::move(copy));
    return list;
}

}   // namespace

ShareTarget share_target(Call& call, const SharePlace& place) {
    ShareTarget target;
    target.stream = topic(call, place.first);
    target.shard = target.stream ? target.stream->shard(place.second) : nullptr;
    if (!target.stream)
        target.error = ErrorCode::unknown_topic_id;
    else if (!target.shard)
        target.error = ErrorCode::unknown_topic_or_partition;
    return target;
}

ShareTarget readable_share_target(Call& call, const SharePlace& place) {
    auto target = share_target(call, place);
    if (!target.stream) return target;
    if (const auto denied = refusal(call, ResourceType::topic, target.stream->name); denied != ErrorCode::none)
        return {.stream = {}, .shard = {}, .error = denied};
    return target;
}

streams::Backlog::Wish ShareLook::wish() const {
    const auto most = std::clamp<std::int64_t>(request_.max_bytes, 0, most_share_bytes);
    return {.holder = session_.holder,
            .records = request_.max_records - found_.records,
            .bytes = most - found_.bytes,
            .strictly = request_.share_acquire_mode == 1,
            .looks = false,
            .any_size = found_.bytes == 0,
            .held_for = rules_.lock,
            .most_held = rules_.locks,
            .isolation = rules_.isolation,
            .run_records = std::max(request_.batch_size, 1)};
}

ShareTopic* ShareLook::open(Wanted& wanted, const ShareTarget& target) const {
    if (!target.shard) {
        wanted.leave();
        return nullptr;
    }
    auto& groups = call_.broker.share_groups(call_.world);
    auto& topic = groups.topic(session_.group, *target.stream);
    groups.begin(topic, *target.shard, rules_);
    topic.backlog->give_up_after(rules_.deliveries);
    const auto& changed = topic.backlog->changed(*target.shard);
    if (!wanted.follows(changed)) wanted.follow(changed);
    return &topic;
}

std::int64_t ShareLook::bytes_at_hand() const {
    std::int64_t bytes = 0;
    auto wish = this->wish();
    wish.looks = true;
    for (auto& wanted : session_.partitions.due) {
        const auto target = readable_share_target(call_, {to_wire_id(wanted.topic_id), wanted.partition});
        auto* topic = open(wanted, target);
        if (!topic) return request_.min_bytes;   // an error is told at once
        bytes += topic->backlog->acquire(*target.shard, wish).bytes;
        if (bytes >= request_.min_bytes) break;
    }
    return bytes;
}

bool ShareLook::look_at(Wanted& wanted) const {
    const SharePlace place{to_wire_id(wanted.topic_id), wanted.partition};
    const auto target = readable_share_target(call_, place);
    auto* topic = open(wanted, target);
    if (!topic) {
        found_.at(place).error_code = target.error;
        found_.error = true;
        return true;
    }
    if (!call_.engine.read_room(*target.shard)) {
        found_.throttle = std::max({found_.throttle, call_.engine.read_debt(*target.shard), milliseconds{1}});
        return true;
    }
    const auto acquired = topic->backlog->acquire(*target.shard, wish());
    const auto stored = topic->backlog->store();
    if (acquired.cold) found_.cold.emplace_back(target.stream, target.shard);
    if (acquired.failed) {
        found_.at(place).error_code = ErrorCode::kafka_storage_error;
        found_.error = true;
    }
    if (acquired.runs.empty()) return acquired.more || acquired.cold;
    auto& told = found_.at(place);
    told.records = copy_of(acquired.batches, acquired.bytes);
    for (const auto& run : acquired.runs)
        told.acquired_records.push_back({run.first, run.last, static_cast<std::int16_t>(run.received)});
    found_.stored.emplace_back(place, stored);
    found_.bytes += acquired.bytes;
    found_.records += acquired.records;
    call_.engine.charge_read(*target.shard, streams::Door::kafka, static_cast<std::uint64_t>(acquired.bytes),
                             static_cast<std::uint64_t>(acquired.records));
    return true;
}

void ShareLook::acquire() const {
    auto& partitions = session_.partitions;
    std::list<Wanted> served;
    for (auto at = partitions.due.begin(); at != partitions.due.end();) {
        auto& wanted = *at++;
        if (found_.records >= request_.max_records || (found_.bytes > 0 && wish().bytes <= 0)) break;
        const auto before = found_.records;
        if (!look_at(wanted))
            partitions.settle(wanted);
        else if (found_.records > before)
            served.splice(served.end(), partitions.due, wanted.place);
    }
    partitions.due.splice(partitions.due.end(), served);
}

}   // namespace sluice::kafka
