// Opening, continuing and closing fetch sessions. Codes as seen on Kafka 4.4.0: unknown id 70, wrong epoch 71 (the session
// stays usable), ids and names mixed 106; a new session without partitions is one.
#include "emulator/kafka/logs/fetch_sessions.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <set>

namespace sluice::kafka {

namespace {

PartitionAsked asked_of(const streams::Uuid& id, std::string_view topic, const FetchRequest::Partition& p) {
    PartitionAsked asked;
    asked.topic_id = id;
    asked.topic = topic;
    asked.partition = p.partition;
    asked.offset = p.fetch_offset;
    asked.max_bytes = p.partition_max_bytes;
    asked.leader_epoch = p.current_leader_epoch;
    asked.last_fetched_epoch = p.last_fetched_epoch;
    return asked;
}

// The id or the name under which a version knows the topic.
template <class Topic>
std::pair<streams::Uuid, std::string_view> topic_of(const Topic& topic, int version) {
    streams::Uuid id{};
    if (version < 13) return {id, topic.topic};
    std::memcpy(id.data(), topic.topic_id.bytes.data(), id.size());
    return {id, {}};
}

// Clients name each topic once and its partitions in order: then nothing is searched for.
void want_all(const FetchRequest& request, int version, FetchPartitions& partitions, bool known) {
    std::set<std::pair<streams::Uuid, std::string_view>> topics;
    for (const auto& topic : request.topics) {
        const auto named = topic_of(topic, version);
        const bool again = request.topics.size() > 1 && !topics.insert(named).second;
        std::int64_t last = std::numeric_limits<std::int64_t>::min();
        for (const auto& p : topic.partitions) {
            partitions.want(asked_of(named.first, named.second, p), known || again || p.partition <= last);
            last = std::max<std::int64_t>(last, p.partition);
        }
    }
}

}   // namespace

void Wanted::fired() {
    if (!due) {
        due = true;
        all.due.splice(all.due.end(), all.quiet, place);
    }
    all.news.fire();
}

void FetchPartitions::want(const PartitionAsked& asked, bool known) {
    if (known) index_all();
    if (known) {
        if (const auto found = index_.find({asked.topic_id, asked.topic, asked.partition}); found != index_.end()) {
            auto& wanted = *found->second;
            wanted.offset = asked.offset;
            wanted.max_bytes = asked.max_bytes;
            wanted.leader_epoch = asked.leader_epoch;
            wanted.last_fetched_epoch = asked.last_fetched_epoch;
            if (wanted.due) return;
            wanted.due = true;
            due.splice(due.end(), quiet, wanted.place);
            return;
        }
    }
    auto& wanted = due.emplace_back(*this, asked);
    wanted.place = std::prev(due.end());
    if (indexed_) index_.emplace(Key{asked.topic_id, asked.topic, asked.partition}, &wanted);
}

void FetchPartitions::index_all() {
    if (indexed_) return;
    indexed_ = true;
    for (auto* list : {&due, &quiet})
        for (auto& wanted : *list)
            index_.emplace_hint(index_.end(), Key{wanted.topic_id, wanted.topic, wanted.partition}, &wanted);
}

void FetchPartitions::forget(const PartitionAsked& asked) {
    const auto found = index_.find({asked.topic_id, asked.topic, asked.partition});
    if (found == index_.end()) return;
    auto& wanted = *found->second;
    index_.erase(found);
    (wanted.due ? due : quiet).erase(wanted.place);
}

void FetchPartitions::settle(Wanted& wanted) {
    wanted.due = false;
    quiet.splice(quiet.end(), due, wanted.place);
}

// Sessionless, or the first request of a session.
FetchSessions::Opened FetchSessions::open_full(const FetchRequest& request, int version, const void* owner, Time now) {
    Opened opened;
    opened.alone = std::make_unique<FetchPartitions>();
    if (version >= 7 && request.session_id != 0) drop(request.session_id);
    want_all(request, version, *opened.alone, false);
    if (version < 7 || request.session_epoch != 0) return opened;
    auto* session = make(owner, now);
    if (!session) return opened;
    session->by_id = version >= 13;
    session->partitions = std::move(opened.alone);
    session->partitions->index_all();
    opened.session = session;
    return opened;
}

FetchSessions::Opened FetchSessions::open(const FetchRequest& request, int version, const void* owner, Time now) {
    if (version < 7 || request.session_epoch == 0 || request.session_epoch == -1) return open_full(request, version, owner, now);
    Opened opened;
    auto* session = find(request.session_id);
    if (!session)
        opened.error = ErrorCode::fetch_session_id_not_found;
    else if (session->epoch != request.session_epoch)
        opened.error = ErrorCode::invalid_fetch_session_epoch;
    else if (session->by_id != (version >= 13))
        opened.error = ErrorCode::fetch_session_topic_id_error;
    if (opened.error != ErrorCode::none) return opened;
    session->used = now;
    session->epoch = session->epoch == std::numeric_limits<std::int32_t>::max() ? 1 : session->epoch + 1;
    for (const auto& topic : request.forgotten_topics) {
        const auto [id, name] = topic_of(topic, version);
        FetchRequest::Partition forgotten;
        for (const auto partition : topic.partitions) {
            forgotten.partition = partition;
            session->partitions->forget(asked_of(id, name, forgotten));
        }
    }
    want_all(request, version, *session->partitions, true);
    if (session->partitions->empty()) {   // nothing left to fetch: the session ends, the answer says id 0
        opened.alone = std::move(session->partitions);
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
