// ShareFetch v1-2 (KIP-932): carries out the acknowledgements that came along, then acquires records for the member, waiting up
// to maxWaitMs for minBytes. Answered when both are stored: how often a record was delivered outlives a restart.
#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_look.h"
#include "protocol/kafka/messages/share_fetch.h"

namespace sluice::kafka {

namespace {

ShareFetchResponse refused_fetch(ErrorCode code) {
    ShareFetchResponse response;
    response.error_code = code;
    return response;
}

// Seen on Kafka 4.4.0: a request that renews fetches nothing, and must not ask for anything.
ErrorCode fault_of(const ShareFetchRequest& request) {
    if (!request.group_id || !request.member_id || request.member_id->empty()) return ErrorCode::invalid_request;
    if (!good_share_group(*request.group_id)) return ErrorCode::invalid_group_id;
    if (request.share_acquire_mode < 0 || request.share_acquire_mode > 1) return ErrorCode::unknown_server_error;
    if (request.is_renew_ack &&
        (request.max_wait_ms != 0 || request.min_bytes != 0 || request.max_bytes != 0 || request.max_records != 0))
        return ErrorCode::invalid_request;
    return ErrorCode::none;
}

// All that is told waits for the store; what could not be stored did not happen.
Task<void> wait_for_store(ShareFound& found) {
    for (const auto& [place, ticket] : found.stored) {
        const auto stored = co_await ticket.committed();
        if (stored) continue;
        auto& told = found.at(place);
        if (told.acknowledge_error_code == ErrorCode::none) told.acknowledge_error_code = code_of(stored.error());
        told.error_code = code_of(stored.error());
        told.records = {};
        told.acquired_records.clear();
    }
}

ShareFetchResponse answer_of(ShareFound& found, const ShareRules& rules) {
    ShareFetchResponse response;
    response.acquisition_lock_timeout_ms = static_cast<std::int32_t>(rules.lock.count());
    response.throttle_time_ms = static_cast<std::int32_t>(std::min<std::int64_t>(found.throttle.count(), 1 << 30));
    for (auto& [place, told] : found.told) {
        if (response.responses.empty() || response.responses.back().topic_id != place.first)
            response.responses.push_back({.topic_id = place.first, .partitions = {}});
        response.responses.back().partitions.push_back(std::move(told));
    }
    return response;
}

// False: nobody waits for the answer any more.
Task<bool> wait_for_records(Call& call, ShareSession& session, const ShareFound& found, milliseconds span) {
    Waiter waiter{call.engine.executor()};
    for (const auto& [stream, shard] : found.cold) waiter.watch(call.engine.brought(*shard));
    waiter.watch(call.connection->gone, Woken::closed);
    waiter.watch(session.partitions.news);
    waiter.watch(session.over);
    waiter.deadline(*call.world.clock, span);
    call.serving.end();
    const auto why = co_await waiter.wait();
    call.serving = call.world.clock->serve();
    co_return why != Woken::closed;
}

// What is left of maxWaitMs, by the virtual or the real clock, whichever ends first (rule 6).
class ShareDeadline {
  public:
    ShareDeadline(const Clock& clock, milliseconds span) : clock_(clock), due_(clock.now() + span), real_(clock.real() + span) {}
    milliseconds left() const { return std::min(due_ - clock_.now(), real_ - clock_.real()); }

  private:
    const Clock& clock_;
    Time due_, real_;
};

}   // namespace

Task<ShareFetchResponse> handle(Call& call, const ShareFetchRequest& request) {
    if (const auto code = fault_of(request); code != ErrorCode::none) co_return refused_fetch(code);
    auto& sessions = call.broker.share_sessions();
    auto& groups = call.broker.share_groups(call.world);
    const auto rules = groups.rules(*request.group_id);
    const auto opened = sessions.open(call.world, request, call.connection.get(), call.broker.most_share_sessions());
    if (opened.error != ErrorCode::none) co_return refused_fetch(opened.error);
    const auto session = opened.session;
    if (request.share_session_epoch == ShareSessions::first_epoch)
        if (const auto made = open_internal_topic(call, shares_topic)) (void)co_await made->committed();
    ShareFound found;
    const Acknowledging how{session->holder, rules.lock, request.is_renew_ack && rules.renews};
    acknowledge_all(call, request, rules, how, [&](const SharePlace& place, Acknowledged said, streams::Ticket ticket) {
        auto& told = found.at(place);
        told.acknowledge_error_code = said.code;
        told.acknowledge_error_message = std::move(said.text);
        found.stored.emplace_back(place, std::move(ticket));
    });
    const bool fetches =
        request.share_session_epoch != ShareSessions::last_epoch && !request.is_renew_ack && request.max_records > 0;
    if (request.share_session_epoch == ShareSessions::last_epoch) sessions.close(*session);
    const ShareDeadline deadline{*call.world.clock, milliseconds{std::max(request.max_wait_ms, 0)}};
    call.serving = call.world.clock->serve();
    while (fetches && !session->over.ended()) {
        found.cold.clear();
        const ShareLook look{call, request, rules, *session, found};
        const auto left = deadline.left();
        if (request.min_bytes <= 1 || left.count() <= 0 || look.bytes_at_hand() >= request.min_bytes) look.acquire();
        if (found.records > 0 || found.error || found.throttle.count() > 0 || left.count() <= 0 || session->partitions.empty())
            break;
        auto waiting = wait_for_records(call, *session, found, left);
        if (!co_await std::move(waiting)) co_return ShareFetchResponse{};
    }
    if (request.share_session_epoch == ShareSessions::first_epoch)   // names all of them
        for (const auto& topic : request.topics)
            for (const auto& partition : topic.partitions) found.at({topic.topic_id, partition.partition_index});
    auto storing = wait_for_store(found);
    co_await std::move(storing);
    call.throttle = found.throttle;
    co_return answer_of(found, rules);
}

template Task<void> serve<ShareFetchRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
