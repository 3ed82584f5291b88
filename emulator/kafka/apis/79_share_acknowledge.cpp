// ShareAcknowledge v1-2 (KIP-932): what became of acquired records, without fetching others. Answered when it is stored: a record
// that was accepted or rejected is delivered to nobody again, whatever happens to the server.
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_look.h"
#include "protocol/kafka/messages/share_acknowledge.h"

namespace sluice::kafka {

namespace {

ShareAcknowledgeResponse refused_acknowledge(ErrorCode code) {
    ShareAcknowledgeResponse response;
    response.error_code = code;
    return response;
}

}   // namespace

Task<ShareAcknowledgeResponse> handle(Call& call, const ShareAcknowledgeRequest& request) {
    if (!request.group_id || !request.member_id || request.member_id->empty())
        co_return refused_acknowledge(ErrorCode::invalid_request);
    auto& sessions = call.broker.share_sessions();
    const auto opened = sessions.go_on(call.world, *request.group_id, *request.member_id, request.share_session_epoch);
    if (opened.error != ErrorCode::none) co_return refused_acknowledge(opened.error);
    const auto rules = call.broker.share_groups(call.world).rules(*request.group_id);
    ShareAcknowledgeResponse response;
    response.acquisition_lock_timeout_ms = static_cast<std::int32_t>(rules.lock.count());
    std::vector<streams::Ticket> tickets;
    const Acknowledging how{opened.session->holder, rules.lock, request.is_renew_ack && rules.renews};
    acknowledge_all(call, request, rules, how, [&](const SharePlace& place, Acknowledged said, streams::Ticket ticket) {
        if (response.responses.empty() || response.responses.back().topic_id != place.first)
            response.responses.push_back({.topic_id = place.first, .partitions = {}});
        auto& told = response.responses.back().partitions.emplace_back();
        told.partition_index = place.second;
        told.error_code = said.code;
        told.error_message = std::move(said.text);
        tickets.push_back(std::move(ticket));
    });
    if (request.share_session_epoch == ShareSessions::last_epoch) sessions.close(*opened.session);
    std::size_t next = 0;
    for (auto& topic : response.responses) {
        for (auto& told : topic.partitions) {
            const auto stored = co_await tickets[next++].committed();
            if (!stored) told.error_code = code_of(stored.error());
        }
    }
    co_return response;
}

template Task<void> serve<ShareAcknowledgeRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
