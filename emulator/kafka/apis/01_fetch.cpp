// Fetch v4-18: waits up to maxWaitMs for minBytes, then answers with what there is. Batches are whole, always; the first one
// comes whatever the limits. Sessions (KIP-227) are real: an incremental answer names only partitions with news. A shard
// without room under its read limit comes back empty, the others are served, the answer says for how long (rule 11). A seal is
// told once per connection as NOT_LEADER_OR_FOLLOWER, so that clients look for the children at once (rule 15).
#include <algorithm>
#include <limits>

#include "emulator/kafka/serve.h"

namespace sluice::kafka {

namespace {

constexpr std::int32_t most_bytes = 57'671'680;   // fetch.max.bytes of a stock broker
// An answer is made and sent in one turn of the loop; the client asks again for the rest.
constexpr std::int32_t most_at_once = 4 << 20;
constexpr std::size_t most_read_at_once = 500;   // partitions with records: half a millisecond
constexpr std::size_t many = 1000;               // partitions that are worth a turn before they are looked at

std::int32_t limit_of(const FetchRequest& request) {
    return std::min({request.max_bytes, most_bytes, std::max(request.min_bytes, most_at_once)});
}

// What one look at all partitions found.
struct Found {
    FetchResponse response;
    struct Taken {
        std::shared_ptr<streams::Stream> stream;
        streams::Shard* shard;
        std::uint64_t bytes, records;
    };
    std::vector<Taken> taken;
    std::vector<std::pair<std::shared_ptr<streams::Stream>, streams::Shard*>> cold;   // have records that only a disk has yet
    std::int64_t bytes = 0;
    bool error = false, full = false;   // full: there is more, and the answer has as much as it may
    milliseconds throttle{0};
};

// Batches that lie in a row in the store's map leave as one piece.
void append(std::vector<Bytes>& parts, Bytes piece) {
    if (!parts.empty() && parts.back().data() + parts.back().size() == piece.data())
        parts.back() = {parts.back().data(), parts.back().size() + piece.size()};
    else
        parts.push_back(piece);
}

struct Look {
    Call& call;
    const FetchRequest& request;
    bool incremental;
    Found& found;

    const std::shared_ptr<streams::Stream>& stream_of(Wanted& wanted) const {
        const auto& known = wanted.stream;
        if (!known || known->deleted || known->status == streams::StreamStatus::deleting) {
            wanted.stream = call.version >= 13 ? topic(call, to_wire_id(wanted.topic_id)) : topic(call, wanted.topic);
            wanted.seen_open = false;
        }
        return known;
    }

    void fail(FetchResponse::Partition& p, ErrorCode code) const {
        p.error_code = code;
        p.high_watermark = p.last_stable_offset = p.log_start_offset = -1;
        found.error = true;
    }

    // A connection that fetched the shard while it was open hears of the seal once.
    bool seal_is_news(const streams::Stream& stream, const streams::Shard& shard, Wanted& wanted) const {
        auto& fetched = call.session->fetched;
        if (!shard.sealed && wanted.seen_open) return false;
        const auto key = std::pair{stream.topic_id, shard.index};
        if (!shard.sealed) {
            fetched[key] = wanted.seen_open = true;
            return false;
        }
        const auto known = fetched.find(key);
        return known != fetched.end() && std::exchange(known->second, false);
    }

    void read(const std::shared_ptr<streams::Stream>& stream, streams::Shard& shard, const Wanted& wanted,
              FetchResponse::Partition& p) const {
        if (!call.engine.read_room(shard)) {
            found.throttle = std::max({found.throttle, shard.read_bytes.debt(call.world.clock->now()), milliseconds{1}});
            return;
        }
        const auto before = call.engine.at_hand(shard, wanted.offset);
        if (before == wanted.offset) return void(found.cold.emplace_back(stream, &shard));
        const auto limit = limit_of(request);
        std::int64_t here = 0;
        std::uint64_t records = 0;
        const auto take = [&](const storage::EntryView& entry) {
            const auto size = static_cast<std::int64_t>(entry.size());
            const bool first = found.bytes == 0 && here == 0;
            if (!first && found.bytes + here + size > limit) {
                found.full = true;
                return false;
            }
            if (!first && here + size > wanted.max_bytes) return false;
            for (const auto piece : entry.pieces) append(p.records.parts, piece);
            here += size;
            const auto after = entry.first + static_cast<std::int64_t>(entry.count);
            records += static_cast<std::uint64_t>(after - std::max<std::int64_t>(entry.first, wanted.offset));
            return here < wanted.max_bytes && found.bytes + here < limit && after < before;
        };
        if (const auto done = call.engine.read(shard, wanted.offset, take); !done) {
            p.records.parts.clear();
            return fail(p, code_of(done.error()));
        }
        if (here == 0) return;
        found.bytes += here;
        found.taken.push_back({stream, &shard, static_cast<std::uint64_t>(here), records});
    }

    FetchResponse::Partition partition(Wanted& wanted) const {
        FetchResponse::Partition p;
        p.partition_index = wanted.partition;
        const auto& stream = stream_of(wanted);
        auto* shard = stream ? stream->shard(wanted.partition) : nullptr;
        if (!shard) {
            fail(p, !stream && call.version >= 13 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition);
            return p;
        }
        if (request.isolation_level == 0) p.aborted_transactions.reset();
        const auto bounds = call.engine.bounds(*shard);
        const auto refused = [&](ErrorCode code) {
            fail(p, code);
            return p;
        };
        if (request.max_bytes < 0 || request.isolation_level < 0 || request.isolation_level > 1)
            return refused(ErrorCode::unknown_server_error);
        if (wanted.leader_epoch > 0) return refused(ErrorCode::unknown_leader_epoch);
        if (seal_is_news(*stream, *shard, wanted)) return refused(ErrorCode::not_leader_or_follower);
        if (wanted.offset < bounds.begin || wanted.offset > bounds.end || wanted.last_fetched_epoch > 0)
            return refused(ErrorCode::offset_out_of_range);
        p.high_watermark = p.last_stable_offset = bounds.end;
        p.log_start_offset = bounds.begin;
        const auto limit = limit_of(request);
        if (wanted.offset >= bounds.end) return p;
        if ((found.bytes == 0 || found.bytes < limit) && found.taken.size() + found.cold.size() < most_read_at_once)
            read(stream, *shard, wanted, p);
        else
            found.full = true;
        return p;
    }

    void at_all(std::list<Wanted>& partitions) const {
        std::list<Wanted> served;
        for (auto at = partitions.begin(); at != partitions.end();) {
            auto told = partition(*at);
            const bool data = !told.records.parts.empty();
            at->seen = {told.high_watermark, told.log_start_offset, told.error_code != ErrorCode::none};
            const bool news = data || at->seen.error || at->seen != at->told;
            if (!incremental || news) {
                auto& topics = found.response.topics;
                const auto id = to_wire_id(at->topic_id);
                if (topics.empty() || topics.back().topic != at->topic || topics.back().topic_id != id) {
                    topics.push_back({.topic = at->topic, .topic_id = id, .partitions = {}});
                }
                topics.back().partitions.push_back(std::move(told));
            }
            const auto here = at++;
            if (data && incremental) served.splice(served.end(), partitions, here);
        }
        partitions.splice(partitions.end(), served);
    }
};

}   // namespace

Task<FetchResponse> handle(Call& call, const FetchRequest& request) {
    auto& sessions = call.broker.fetch_sessions;
    auto& clock = *call.world.clock;
    auto opened = sessions.open(request, call.version, call.session.get(), clock.live());
    if (opened.error != ErrorCode::none) {
        FetchResponse refused;
        refused.error_code = opened.error;
        co_return refused;
    }
    const auto session_id = opened.session ? opened.session->id : 0;
    if (opened.partitions().size() > many) {
        auto turn = asio::post(call.engine.executor(), use_task);
        co_await std::move(turn);
        if (call.session->closed()) co_return FetchResponse{};
    }
    const milliseconds span{std::max(request.max_wait_ms, 0)};
    const auto due = clock.now() + span, real_due = clock.real() + span;
    for (;;) {
        call.serving = clock.serve();
        auto* session = session_id != 0 ? sessions.find(session_id) : nullptr;
        if (session_id != 0 && !session) {   // somebody closed it meanwhile
            FetchResponse refused;
            refused.error_code = ErrorCode::fetch_session_id_not_found;
            co_return refused;
        }
        auto& partitions = session ? session->partitions : opened.alone;
        Found found;
        if (request.isolation_level < 0 || request.isolation_level > 1)
            found.response.error_code = ErrorCode::unknown_server_error;
        const Look look{call, request, opened.incremental, found};
        look.at_all(partitions);
        const auto left = std::min(std::chrono::duration_cast<milliseconds>(due - clock.now()),
                                   std::chrono::duration_cast<milliseconds>(real_due - clock.real()));
        // Who asked for records that are there gets some, however long the disk takes.
        const bool only_cold = !found.cold.empty() && found.bytes == 0 && !found.error && found.throttle.count() == 0;
        if (only_cold) {
            Waiter waiter{call.engine.executor()};
            for (const auto& [stream, shard] : found.cold) waiter.watch(shard->warmth->brought);
            waiter.watch(call.session->gone, Woken::closed);
            found.response = {};
            const auto why = co_await waiter.wait();
            if (why == Woken::closed) co_return FetchResponse{};
            continue;
        }
        if (found.error || found.throttle.count() > 0 || found.bytes >= request.min_bytes || found.full || left.count() <= 0 ||
            partitions.empty()) {
            for (const auto& taken : found.taken)
                call.engine.charge_read(*taken.shard, streams::Door::kafka, taken.bytes, taken.records);
            found.response.session_id = session_id;
            for (auto& wanted : partitions) wanted.told = wanted.seen;   // the next incremental answer leaves it out
            call.throttle = found.throttle;
            found.response.throttle_time_ms = static_cast<std::int32_t>(
                std::min<std::int64_t>(found.throttle.count(), std::numeric_limits<std::int32_t>::max()));
            co_return std::move(found.response);
        }
        Waiter waiter{call.engine.executor()};
        for (auto& wanted : partitions) {
            const auto& stream = look.stream_of(wanted);
            if (auto* shard = stream ? stream->shard(wanted.partition) : nullptr) waiter.watch(shard->appended);
        }
        for (const auto& [stream, shard] : found.cold) waiter.watch(shard->warmth->brought);
        waiter.watch(call.session->gone, Woken::closed);
        waiter.deadline(clock, left);
        found = {};           // views end with this turn
        call.serving.end();   // parked
        const auto why = co_await waiter.wait();
        if (why == Woken::closed) co_return FetchResponse{};
    }
}

template Task<void> serve<FetchRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
