// What a Fetch takes of each partition. Batches are whole, always; the first one comes whatever the limits. A shard without room
// under its read limit comes back empty, the others are served (rule 11).
#include "emulator/kafka/logs/fetch_look.h"

#include <algorithm>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/topics.h"

namespace sluice::kafka {

namespace {

constexpr std::int32_t most_bytes = 57'671'680;   // fetch.max.bytes of a stock broker
// An answer is made and sent in one turn of the loop; the client asks again for the rest.
constexpr std::int32_t most_at_once = 4 << 20;
constexpr std::size_t most_read_at_once = 500;   // partitions with records: half a millisecond

std::int64_t limit_of(const FetchRequest& request, const Found& found) {
    return std::min<std::int64_t>({request.max_bytes, most_bytes, std::max(request.min_bytes, most_at_once), found.most_bytes});
}

// What the client read last is of the one epoch that there is, and lies behind its end.
bool diverges(const PartitionAsked& asked, streams::Bounds bounds) {
    return asked.last_fetched_epoch == 0 && asked.offset > bounds.end;
}

// Batches that lie in a row in the store's map leave as one piece.
void append(std::vector<Bytes>& parts, Bytes piece) {
    if (!parts.empty() && parts.back().data() + parts.back().size() == piece.data())
        parts.back() = {parts.back().data(), parts.back().size() + piece.size()};
    else
        parts.push_back(piece);
}

}   // namespace

const streams::StreamPointer& Look::stream_of(Wanted& wanted) const {
    const auto& known = wanted.stream;
    if (!known || known->deleted || known->status == streams::StreamStatus::deleting) {
        wanted.stream = call_.version >= 13 ? topic(call_, to_wire_id(wanted.topic_id)) : topic(call_, wanted.topic);
        wanted.news = {};
    }
    return known;
}

void Look::fail(FetchResponse::Partition& p, ErrorCode code) const {
    p.error_code = code;
    p.high_watermark = p.last_stable_offset = p.log_start_offset = -1;
    found_.error = true;
}

void Look::read(const streams::StreamPointer& stream, const streams::Shard& shard, const Wanted& wanted,
                FetchResponse::Partition& p) const {
    if (!call_.engine.read_room(shard)) {
        found_.throttle = std::max({found_.throttle, call_.engine.read_debt(shard), milliseconds{1}});
        return;
    }
    const auto limit = limit_of(request_, found_);
    std::int64_t here = 0;
    std::uint64_t records = 0;
    auto end = wanted.offset;   // of what is taken
    const auto take = [&](const storage::EntryView& entry) {
        const auto size = static_cast<std::int64_t>(entry.size());
        const bool first = found_.bytes == 0 && here == 0;
        if (!first && found_.bytes + here + size > limit) {
            found_.full = true;
            return false;
        }
        if (!first && here + size > wanted.max_bytes) return false;
        for (const auto piece : entry.pieces) append(p.records.parts, piece);
        here += size;
        const auto after = entry.first + static_cast<std::int64_t>(entry.count);
        records += static_cast<std::uint64_t>(after - std::max<std::int64_t>(entry.first, wanted.offset));
        end = after;
        return here < wanted.max_bytes && found_.bytes + here < limit;
    };
    // Never the last ones, so that `take` decides where the answer ends. Offsets that compaction left empty count as records.
    const auto take_row = [&](const storage::RowView& row) {
        const auto after = here + static_cast<std::int64_t>(row.bytes.size());
        if (after >= wanted.max_bytes || found_.bytes + after >= limit) return false;
        append(p.records.parts, row.bytes);
        here = after;
        records += static_cast<std::uint64_t>(row.end - row.first);
        end = row.end;
        return true;
    };
    const auto done = call_.engine.batches_at_hand(shard, wanted.offset, isolation(), take, take_row);
    if (!done) return void(found_.cold.emplace_back(stream, &shard));
    if (!*done) {
        p.records.parts.clear();
        return fail(p, code_of(done->error()));
    }
    if (here == 0) return;
    // The client finds out which of these batches count: each range ends at a marker that it is sent.
    if (p.aborted_transactions)
        for (const auto& one : call_.engine.aborted(shard, wanted.offset, end))
            p.aborted_transactions->push_back({.producer_id = one.producer_id, .first_offset = one.first});
    found_.bytes += here;
    found_.taken.push_back({stream, &shard, static_cast<std::uint64_t>(here), records});
}

ErrorCode Look::fault(Wanted& wanted, const streams::Stream& stream, const streams::Shard& shard, streams::Bounds bounds) const {
    if (const auto denied = refusal(call_, ResourceType::topic, stream.name); denied != ErrorCode::none) return denied;
    if (wanted.leader_epoch > 0) return ErrorCode::unknown_leader_epoch;
    if (call_.connection->topic_news.untold(stream, shard, wanted.news)) return ErrorCode::not_leader_or_follower;
    if (diverges(wanted, bounds)) return ErrorCode::none;
    if (wanted.offset < bounds.begin || wanted.offset > bounds.end || wanted.last_fetched_epoch > 0)
        return ErrorCode::offset_out_of_range;
    // Where there is something to read: the request's own limit is 0 for Kafka once it has told one partition.
    const bool negative = wanted.max_bytes < 0 || (request_.max_bytes < 0 && found_.response.topics.empty());
    return negative && wanted.offset < bounds.end ? ErrorCode::unknown_server_error : ErrorCode::none;
}

FetchResponse::Partition Look::partition(Wanted& wanted) const {
    FetchResponse::Partition p;
    p.partition_index = wanted.partition;
    wanted.has_more = false;
    const auto& stream = stream_of(wanted);
    auto* shard = stream ? stream->shard(wanted.partition) : nullptr;
    if (!shard) {
        wanted.leave();
        const auto denied = call_.version >= 13 ? ErrorCode::none : refusal(call_, ResourceType::topic, wanted.topic);
        if (denied != ErrorCode::none)
            fail(p, denied);
        else
            fail(p, !stream && call_.version >= 13 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition);
        return p;
    }
    if (!wanted.follows(shard->appended)) wanted.follow(shard->appended);
    if (request_.isolation_level == 0) p.aborted_transactions.reset();
    const auto bounds = call_.engine.bounds(*shard);
    if (const auto code = fault(wanted, *stream, *shard, bounds); code != ErrorCode::none) {
        fail(p, code);
        p.aborted_transactions.reset();   // seen: Kafka 4.4.0
        return p;
    }
    p.high_watermark = bounds.end;
    p.last_stable_offset = bounds.stable;
    p.log_start_offset = bounds.begin;
    if (diverges(wanted, bounds)) {   // the client truncates what it has to there
        wanted.has_more = false;
        p.diverging_epoch = {.epoch = wanted.last_fetched_epoch, .end_offset = bounds.end};
        found_.error = true;   // is told at once
        return p;
    }
    wanted.has_more = wanted.offset < (isolation() == streams::Isolation::committed ? bounds.stable : bounds.end);
    if (!wanted.has_more) return p;
    const bool room = found_.bytes == 0 || found_.bytes < limit_of(request_, found_);
    if (room && found_.taken.size() + found_.cold.size() < most_read_at_once)
        read(stream, *shard, wanted, p);
    else
        found_.full = true;
    return p;
}

void Look::add(const Wanted& wanted, FetchResponse::Partition&& told) const {
    auto& topics = found_.response.topics;
    const auto id = to_wire_id(wanted.topic_id);
    if (topics.empty() || topics.back().topic != wanted.topic || topics.back().topic_id != id)
        topics.push_back({.topic = wanted.topic, .topic_id = id, .partitions = {}});
    topics.back().partitions.push_back(std::move(told));
}

void Look::at_due() const {
    auto& due = partitions_.due;
    std::list<Wanted> served;
    call_.broker.fetch_sessions().looked_at += due.size();
    for (auto at = due.begin(); at != due.end();) {
        auto& wanted = *at++;
        auto told = partition(wanted);
        const bool data = !told.records.parts.empty();
        wanted.seen = {told.high_watermark, told.log_start_offset, told.error_code != ErrorCode::none};
        const bool news = data || wanted.seen.error || wanted.seen != wanted.told;
        if (!news && !wanted.has_more)
            partitions_.settle(wanted);
        else if (!incremental_ || news)
            add(wanted, std::move(told));
        if (data && incremental_) served.splice(served.end(), due, wanted.place);
    }
    due.splice(due.end(), served);
}

void Look::at_quiet() const {
    // A look may find news, which moves what it looks at to the other list.
    for (auto at = partitions_.quiet.begin(); at != partitions_.quiet.end();) {
        auto& wanted = *at++;
        add(wanted, partition(wanted));
    }
}

void Look::told() const {
    for (auto at = partitions_.due.begin(); at != partitions_.due.end();) {
        auto& wanted = *at++;
        wanted.told = wanted.seen;
        if (!wanted.has_more && !wanted.seen.error) partitions_.settle(wanted);
    }
}

}   // namespace sluice::kafka
