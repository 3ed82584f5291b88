// Opening, continuing and closing fetch sessions. Codes as seen on Kafka 4.4.0: unknown id 70, wrong epoch 71 (the session
// stays usable), ids and names mixed 106.
#include "emulator/kafka/logs/fetch_sessions.h"

#include <algorithm>
#include <limits>

namespace sluice::kafka {

namespace {

template <class Use>
void each_wanted(const FetchRequest& request, int version, Use&& use) {
    for (const auto& topic : request.topics) {
        Wanted wanted;
        if (version >= 13)
            std::memcpy(wanted.topic_id.data(), topic.topic_id.bytes.data(), 16);
        else
            wanted.topic = topic.topic;
        for (const auto& p : topic.partitions) {
            wanted.partition = p.partition;
            wanted.offset = p.fetch_offset;
            wanted.max_bytes = p.partition_max_bytes;
            wanted.leader_epoch = p.current_leader_epoch;
            wanted.last_fetched_epoch = p.last_fetched_epoch;
            use(wanted);
        }
    }
}

}   // namespace

void FetchSession::want(const Wanted& wanted) {
    const auto [at, fresh] = index.try_emplace({wanted.topic_id, wanted.topic, wanted.partition});
    auto& place = at->second;
    if (fresh) {
        place = partitions.insert(partitions.end(), wanted);
        return;
    }
    place->offset = wanted.offset;
    place->max_bytes = wanted.max_bytes;
    place->leader_epoch = wanted.leader_epoch;
    place->last_fetched_epoch = wanted.last_fetched_epoch;
}

void FetchSession::take(std::list<Wanted>&& all) {
    partitions = std::move(all);
    for (auto at = partitions.begin(); at != partitions.end();) {
        const auto here = at++;
        // Clients list them in order: the next one goes to the end.
        const auto place = index.try_emplace(index.end(), Key{here->topic_id, here->topic, here->partition}, here)->second;
        if (place == here) continue;
        want(*here);   // named twice: the last counts
        partitions.erase(here);
    }
}

void FetchSession::forget(const Wanted& wanted) {
    const auto found = index.find({wanted.topic_id, wanted.topic, wanted.partition});
    if (found == index.end()) return;
    partitions.erase(found->second);
    index.erase(found);
}

FetchSessions::Opened FetchSessions::open(const FetchRequest& request, int version, const void* owner, Time now) {
    Opened opened;
    const bool full = request.session_epoch <= 0 || version < 7;
    if (full) {
        if (version >= 7 && request.session_id != 0) drop(request.session_id);
        each_wanted(request, version, [&](const Wanted& wanted) { opened.alone.push_back(wanted); });
        if (version >= 7 && request.session_epoch == 0 && !opened.alone.empty()) {
            if (auto* session = make(owner, now)) {
                session->by_id = version >= 13;
                session->take(std::move(opened.alone));
                opened.alone.clear();
                opened.session = session;
            }
        }
        return opened;
    }
    auto* session = find(request.session_id);
    if (!session) {
        opened.error = ErrorCode::fetch_session_id_not_found;
        return opened;
    }
    if (session->epoch != request.session_epoch) {
        opened.error = ErrorCode::invalid_fetch_session_epoch;
        return opened;
    }
    if (session->by_id != (version >= 13)) {
        opened.error = ErrorCode::fetch_session_topic_id_error;
        return opened;
    }
    session->used = now;
    session->epoch = session->epoch == std::numeric_limits<std::int32_t>::max() ? 1 : session->epoch + 1;
    for (const auto& topic : request.forgotten_topics) {
        Wanted forgotten;
        if (version >= 13)
            std::memcpy(forgotten.topic_id.data(), topic.topic_id.bytes.data(), 16);
        else
            forgotten.topic = topic.topic;
        for (const auto partition : topic.partitions) {
            forgotten.partition = partition;
            session->forget(forgotten);
        }
    }
    each_wanted(request, version, [&](const Wanted& wanted) { session->want(wanted); });
    if (session->partitions.empty()) {   // nothing left to fetch: the session ends, the answer says id 0
        drop(session->id);
        return opened;
    }
    opened.session = session;
    opened.incremental = true;
    return opened;
}

FetchSession* FetchSessions::find(std::int32_t id) {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.get();
}

void FetchSessions::drop(std::int32_t id) { sessions_.erase(id); }

void FetchSessions::drop_owner(const void* owner) {
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second->owner == owner; });
}

FetchSession* FetchSessions::make(const void* owner, Time now) {
    if (sessions_.size() >= slots) {
        const auto oldest = std::ranges::min_element(sessions_, {}, [](const auto& entry) { return entry.second->used; });
        if (now - oldest->second->used < safe_for) return nullptr;   // the client goes on without a session
        sessions_.erase(oldest);
    }
    std::int32_t id = 0;
    do id = static_cast<std::int32_t>(random_.below(std::numeric_limits<std::int32_t>::max())) + 1;
    while (id <= 0 || sessions_.contains(id));
    auto& session = sessions_[id] = std::make_unique<FetchSession>();
    session->id = id;
    session->epoch = 1;
    session->owner = owner;
    session->used = now;
    return session.get();
}

}   // namespace sluice::kafka
