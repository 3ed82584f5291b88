// Codes as seen on Kafka 4.4.0: unknown session 122, wrong epoch 123 (the session stays as it was), acknowledgements with the
// first request 42, too many sessions 133.
#include "emulator/kafka/share/share_sessions.h"

#include <limits>

#include "emulator/kafka/topics.h"

namespace sluice::kafka {

namespace {

PartitionAsked share_asked(const Uuid& topic, std::int32_t partition) {
    PartitionAsked asked;
    asked.topic_id = to_topic_id(topic);
    asked.partition = partition;
    return asked;
}

void want_all(FetchPartitions& partitions, const ShareFetchRequest& request) {
    for (const auto& topic : request.topics)
        for (const auto& partition : topic.partitions)
            partitions.want(share_asked(topic.topic_id, partition.partition_index), true);
}

}   // namespace

ShareSessions::Opened ShareSessions::open(streams::World& world, const ShareFetchRequest& request, const void* owner,
                                          std::size_t at_most) {
    const Key key{&world, std::string(*request.group_id), std::string(*request.member_id)};
    if (request.share_session_epoch != first_epoch) {
        auto opened = go_on(world, *request.group_id, *request.member_id, request.share_session_epoch);
        if (!opened.session || request.share_session_epoch == last_epoch) return opened;
        auto& partitions = opened.session->partitions;
        want_all(partitions, request);
        for (const auto& topic : request.forgotten_topics)
            for (const auto partition : topic.partitions) partitions.forget(share_asked(topic.topic_id, partition));
        return opened;
    }
    for (const auto& topic : request.topics)
        for (const auto& partition : topic.partitions)
            if (!partition.acknowledgement_batches.empty()) return {.error = ErrorCode::invalid_request};
    const auto known = sessions_.find(key);
    if (known == sessions_.end() && sessions_.size() >= at_most) return {.error = ErrorCode::share_session_limit_reached};
    const auto session = std::make_shared<ShareSession>();
    session->world = &world;
    session->group = *request.group_id;
    session->member = *request.member_id;
    session->owner = owner;
    if (known != sessions_.end()) {   // the member goes on holding what it holds
        session->holder = known->second->holder;
        known->second->over.end();
        of_owner_[known->second->owner].erase(key);
    } else {
        session->holder = ++holders_;
    }
    session->partitions.index_all();
    want_all(session->partitions, request);
    sessions_[key] = session;
    of_owner_[owner].insert(key);
    return {.error = ErrorCode::none, .session = session};
}

ShareSessions::Opened ShareSessions::go_on(streams::World& world, std::string_view group, std::string_view member,
                                           std::int32_t epoch) {
    if (epoch == first_epoch) return {.error = ErrorCode::invalid_share_session_epoch};
    const auto found = sessions_.find({&world, std::string(group), std::string(member)});
    if (found == sessions_.end()) return {.error = ErrorCode::share_session_not_found};
    const auto& session = found->second;
    if (epoch == last_epoch) return {.error = ErrorCode::none, .session = session};
    if (session->epoch != epoch) return {.error = ErrorCode::invalid_share_session_epoch};
    session->epoch = epoch == std::numeric_limits<std::int32_t>::max() ? 1 : epoch + 1;
    return {.error = ErrorCode::none, .session = session};
}

void ShareSessions::close(const Key& key) {
    const auto found = sessions_.find(key);
    if (found == sessions_.end()) return;
    const auto session = found->second;
    sessions_.erase(found);
    if (const auto owner = of_owner_.find(session->owner); owner != of_owner_.end()) {
        owner->second.erase(key);
        if (owner->second.empty()) of_owner_.erase(owner);
    }
    session->over.end();
    if (on_close) on_close(*session);
}

void ShareSessions::close(const ShareSession& session) { close(Key{session.world, session.group, session.member}); }

void ShareSessions::drop_member(streams::World& world, std::string_view group, std::string_view member) {
    close(Key{&world, std::string(group), std::string(member)});
}

void ShareSessions::drop_owner(const void* owner) {
    const auto found = of_owner_.find(owner);
    if (found == of_owner_.end()) return;
    for (const auto& key : std::set{found->second}) close(key);
    of_owner_.erase(owner);
}

void ShareSessions::drop_world(streams::World& world) {
    for (auto at = sessions_.lower_bound({&world, {}, {}}); at != sessions_.end() && std::get<0>(at->first) == &world;
         at = sessions_.lower_bound({&world, {}, {}}))
        close(Key{at->first});
}

}   // namespace sluice::kafka
