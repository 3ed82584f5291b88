// ListTransactions v0-2: transactional ids that pass all filters. States that nobody knows come back and match nothing. Seen on
// Kafka 4.4.0: a pattern is matched against the whole id, and a wrong one is 128.
#include <re2/re2.h>

#include <algorithm>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/list_transactions.h"

namespace sluice::kafka {

namespace {

constexpr std::array all_states{"Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
                                "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence"};

}   // namespace

Task<ListTransactionsResponse> handle(Call& call, const ListTransactionsRequest& request) {
    ListTransactionsResponse response;
    for (const auto state : request.state_filters)
        if (std::ranges::find(all_states, state) == all_states.end()) response.unknown_state_filters.emplace_back(state);
    std::optional<re2::RE2> pattern;
    if (request.transactional_id_pattern && !request.transactional_id_pattern->empty()) {
        const auto text = *request.transactional_id_pattern;
        pattern.emplace(re2::StringPiece{text.data(), text.size()}, re2::RE2::Quiet);
        if (!pattern->ok()) {
            response.unknown_state_filters.clear();
            response.error_code = ErrorCode::invalid_regular_expression;
            co_return response;
        }
    }
    const auto now = call.world.clock->now();
    const auto passes = [&](const std::string& id, const Transaction& one) {
        const auto& states = request.state_filters;
        const auto& producers = request.producer_id_filters;
        if (!states.empty() && std::ranges::find(states, name_of(one.state())) == states.end()) return false;
        if (!producers.empty() && std::ranges::find(producers, one.producer().id) == producers.end()) return false;
        if (request.duration_filter >= 0 && (now - one.started()).count() <= request.duration_filter) return false;
        return !pattern || re2::RE2::FullMatch(re2::StringPiece{id.data(), id.size()}, *pattern);
    };
    call.broker.transactions(call.world).each([&](const std::string& id, const Transaction& one) {
        if (passes(id, one) && refusal(call, ResourceType::transactional_id, id) == ErrorCode::none)
            response.transaction_states.push_back({.transactional_id = id,
                                                   .producer_id = one.producer().id,
                                                   .transaction_state = std::string(name_of(one.state()))});
    });
    co_return response;
}

template Task<void> serve<ListTransactionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
