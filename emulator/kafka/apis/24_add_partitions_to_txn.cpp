// AddPartitionsToTxn v0-5: all of its partitions become part of a transaction, or none does. v4 and v5 are between brokers: many
// transactions at once, or only asked whether they are part. Codes as seen on Kafka 4.4.0.
#include <algorithm>

#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/add_partitions_to_txn.h"

namespace sluice::kafka {

namespace {

using Topics = Array<AddPartitionsToTxnRequest::Topic>;
using TopicResult = AddPartitionsToTxnResponse::TopicResult;

// In the order of the request, with what each partition is answered; `once`: also when it stands there twice.
template <class Code>
std::vector<TopicResult> results_of(const Topics& topics, bool once, Code code) {
    std::vector<TopicResult> results;
    for (const auto& asked : topics) {
        auto& told = results.emplace_back();
        told.name = asked.name;
        std::set<std::int32_t> told_of;
        for (const auto partition : asked.partitions)
            if (told_of.insert(partition).second || !once)
                told.results_by_partition.push_back(
                    {.partition_index = partition, .partition_error_code = code(asked.name, partition)});
    }
    return results;
}

struct Adding {
    std::vector<TopicResult> results;
    streams::Ticket ticket;
};

Adding add(Call& call, std::string_view id, Producer producer, bool only_asks, const Topics& topics) {
    auto& transactions = call.broker.transactions(call.world);
    const bool of_client = call.version < 4;   // brokers need the cluster's permission alone
    const auto all = [&](ErrorCode code) { return results_of(topics, false, [code](auto, auto) { return code; }); };
    if (const auto denied = of_client ? refusal(call, ResourceType::transactional_id, id) : ErrorCode::none;
        denied != ErrorCode::none)
        return {all(denied), {}};
    const auto denied_topic = [&](std::string_view name) {
        if (!of_client) return ErrorCode::none;
        return internal_name(name) ? ErrorCode::topic_authorization_failed : refusal(call, ResourceType::topic, name);
    };
    const auto place_of = [&](std::string_view name, std::int32_t partition) -> std::optional<Partition> {
        if (denied_topic(name) != ErrorCode::none) return std::nullopt;
        const auto stream = topic(call, name);
        if (!stream || !stream->shard(partition)) return std::nullopt;
        return Partition{stream->topic_id, partition};
    };
    std::set<Partition> places;
    bool refused = false;
    for (const auto& asked : topics)
        for (const auto partition : asked.partitions) {
            const auto place = place_of(asked.name, partition);
            refused |= !place;
            if (place) places.insert(*place);
        }
    if (refused)
        return {results_of(topics, !of_client,
                           [&](std::string_view name, std::int32_t partition) {
                               const auto denied = denied_topic(name);
                               if (denied != ErrorCode::none) return denied;
                               return place_of(name, partition) ? ErrorCode::operation_not_attempted
                                                                : ErrorCode::unknown_topic_or_partition;
                           }),
                {}};
    if (id.empty()) return {all(ErrorCode::invalid_request), {}};
    if (only_asks)
        return {results_of(topics, !of_client,
                           [&](std::string_view name, std::int32_t partition) {
                               return transactions.fault(id, producer, *place_of(name, partition));
                           }),
                transactions.shown(id)};
    const auto added = transactions.add(id, producer, places);
    const bool old = added.code == ErrorCode::producer_fenced && call.version < 2;
    return {all(old ? ErrorCode::invalid_producer_epoch : added.code), added.ticket};
}

void not_stored(std::vector<TopicResult>& results) {
    for (auto& told : results)
        for (auto& partition : told.results_by_partition) partition.partition_error_code = ErrorCode::coordinator_not_available;
}

}   // namespace

Task<AddPartitionsToTxnResponse> handle(Call& call, const AddPartitionsToTxnRequest& request) {
    AddPartitionsToTxnResponse response;
    if (call.version < 4) {
        auto adding = add(call, request.v3_and_below_transactional_id,
                          {.id = request.v3_and_below_producer_id, .epoch = request.v3_and_below_producer_epoch}, false,
                          request.v3_and_below_topics);
        const auto committed = co_await adding.ticket.committed();
        if (!committed) not_stored(adding.results);
        response.results_by_topic_v3_and_below = std::move(adding.results);
        co_return response;
    }
    response.error_code = refusal(call, ResourceType::cluster);
    if (response.error_code != ErrorCode::none) co_return response;
    std::vector<Adding> all;
    for (const auto& one : request.transactions)
        all.push_back(
            add(call, one.transactional_id, {.id = one.producer_id, .epoch = one.producer_epoch}, one.verify_only, one.topics));
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto committed = co_await all[i].ticket.committed();
        if (!committed) not_stored(all[i].results);
        response.results_by_transaction.push_back({.transactional_id = std::string(request.transactions[i].transactional_id),
                                                   .topic_results = std::move(all[i].results)});
    }
    co_return response;
}

template Task<void> serve<AddPartitionsToTxnRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
