// Fetch v4-18: waits up to maxWaitMs for minBytes, then answers with what there is. Sessions (KIP-227) are real: an incremental
// answer names only partitions with news, and costs those alone. An answer that a shard's read limit kept back says for how long
// (rule 11). A seal or new partitions are told once per connection as NOT_LEADER_OR_FOLLOWER, so that clients look for them at
// once (rule 15).
#include <algorithm>
#include <limits>

#include "emulator/kafka/logs/fetch_look.h"
#include "emulator/kafka/logs/fetch_sessions.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/topics.h"
#include "protocol/kafka/messages/fetch.h"

namespace sluice::kafka {

namespace {

constexpr std::size_t many = 1000;   // partitions that are worth a turn before they are looked at

FetchResponse refused(ErrorCode code) {
    FetchResponse response;
    response.error_code = code;
    return response;
}

// A level that there is not. Seen: Kafka 4.4.0 says it once more of each partition where topics have names.
FetchResponse no_such_level(const FetchRequest& request, int version) {
    constexpr auto code = ErrorCode::unknown_server_error;
    auto response = refused(code);
    response.session_id = request.session_id;
    if (version >= 13) return response;
    for (const auto& topic : request.topics) {
        auto& told = response.topics.emplace_back();
        told.topic = topic.topic;
        for (const auto& p : topic.partitions) {
            auto& one = told.partitions.emplace_back();
            one.partition_index = p.partition;
            one.error_code = code;
            one.high_watermark = -1;
        }
    }
    return response;
}

// Some partition of those asked for is there.
bool reads_any(Call& call, const FetchRequest& request) {
    return std::ranges::any_of(request.topics, [&](const auto& asked) {
        const auto stream = call.version >= 13 ? topic(call, asked.topic_id) : topic(call, asked.topic);
        return stream &&
               std::ranges::any_of(asked.partitions, [&](const auto& p) { return stream->shard(p.partition) != nullptr; });
    });
}

// What is left of maxWaitMs, by the virtual or the real clock, whichever ends first (rule 6).
struct Deadline {
    Deadline(const Clock& of, milliseconds span) : clock(of), due(of.now() + span), real_due(of.real() + span) {}
    milliseconds left() const {
        return std::min(std::chrono::duration_cast<milliseconds>(due - clock.now()),
                        std::chrono::duration_cast<milliseconds>(real_due - clock.real()));
    }
    const Clock& clock;
    Time due, real_due;
};

FetchResponse answer(Call& call, std::int32_t session_id, const Look& look, Found& found) {
    if (const auto over = call.broker.quotas().fetched(call, static_cast<std::size_t>(found.bytes)); over.count() > 0) {
        // As in Kafka the client gets nothing and is told to wait; what was looked at stays news.
        found = {};
        call.throttle = over;
        found.response.session_id = session_id;
        found.response.throttle_time_ms = told_throttle(over);
        return std::move(found.response);
    }
    for (const auto& taken : found.taken) call.engine.charge_read(*taken.shard, streams::Door::kafka, taken.bytes, taken.records);
    found.response.session_id = session_id;
    look.told();
    call.throttle = found.throttle;
    found.response.throttle_time_ms = told_throttle(found.throttle);
    return std::move(found.response);
}

}   // namespace

Task<FetchResponse> handle(Call& call, const FetchRequest& request) {
    auto& sessions = call.broker.fetch_sessions();
    auto& clock = *call.world.clock;
    if ((request.isolation_level < 0 || request.isolation_level > 1) && reads_any(call, request))
        co_return no_such_level(request, call.version);
    auto opened = sessions.open(request, call.version, call.connection.get(), clock.live());
    if (opened.error != ErrorCode::none) co_return refused(opened.error);
    const auto session_id = opened.session ? opened.session->id : 0;
    if (opened.partitions().due.size() > many) {
        auto turn = asio::post(call.engine.executor(), use_task);
        co_await std::move(turn);
        if (call.connection->closed()) co_return FetchResponse{};
    }
    const Deadline deadline{clock, milliseconds{std::max(request.max_wait_ms, 0)}};
    for (;;) {
        call.serving = clock.serve();
        auto* session = session_id != 0 ? sessions.find(session_id) : nullptr;
        if (session_id != 0 && !session) co_return refused(ErrorCode::fetch_session_id_not_found);   // closed meanwhile
        auto& partitions = session ? *session->partitions : *opened.alone;
        Found found;
        if (const auto most = call.broker.quotas().most_fetched(call)) found.most_bytes = *most;
        const Look look{call, request, opened.incremental, partitions, found};
        look.at_due();
        const bool parks = found.only_cold();
        const auto left = deadline.left();
        if (!parks && (found.error || found.throttle.count() > 0 || found.bytes >= request.min_bytes || found.full ||
                       left.count() <= 0 || partitions.empty())) {
            if (!opened.incremental) look.at_quiet();
            co_return answer(call, session_id, look, found);
        }
        if (!opened.incremental) look.told();   // whoever waits looks again only at what has news
        Waiter waiter{call.engine.executor()};
        for (const auto& [stream, shard] : found.cold) waiter.watch(call.engine.brought(*shard));
        waiter.watch(call.connection->gone, Woken::closed);
        found = {};   // views end with this turn
        if (!parks) {
            waiter.watch(partitions.news);
            waiter.deadline(clock, left);
            call.serving.end();
        }
        const auto why = co_await waiter.wait();
        if (why == Woken::closed) co_return FetchResponse{};
    }
}

template Task<void> serve<FetchRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
