// DescribeTransactions v0: where transactional ids stand. The offsets of a group show as Kafka shows them: a partition of
// __consumer_offsets, by the group's id.
#include "emulator/kafka/logs/internal_topics.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/messages/describe_transactions.h"

namespace sluice::kafka {

namespace {

// Java's hash of a text, over UTF-16.
std::int32_t partition_of_group(std::string_view id, std::int32_t partitions) {
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < id.size();) {
        const auto lead = static_cast<unsigned char>(id[i]);
        const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        std::uint32_t point = size == 1 ? lead : lead & (0x7Fu >> size);
        for (std::size_t k = 1; k < size && i + k < id.size(); ++k)
            point = point << 6 | (static_cast<unsigned char>(id[i + k]) & 0x3Fu);
        i += size;
        if (point < 0x10000) {
            hash = hash * 31 + point;
        } else {
            hash = hash * 31 + (0xD800u + ((point - 0x10000) >> 10));
            hash = hash * 31 + (0xDC00u + ((point - 0x10000) & 0x3FFu));
        }
    }
    const auto value = static_cast<std::int32_t>(hash);
    return (value == std::numeric_limits<std::int32_t>::min() ? 0 : std::abs(value)) % partitions;
}

}   // namespace

Task<DescribeTransactionsResponse> handle(Call& call, const DescribeTransactionsRequest& request) {
    auto& transactions = call.broker.transactions(call.world);
    DescribeTransactionsResponse response;
    for (const auto id : request.transactional_ids) {
        if (const auto denied = refusal(call, ResourceType::transactional_id, id); denied != ErrorCode::none) {
            auto& told = response.transaction_states.emplace_back();
            told.error_code = denied;
            told.transactional_id = id;
            continue;
        }
        const auto shown = transactions.shown(id);
        if (!shown.done()) co_await shown.finished();
        auto& told = response.transaction_states.emplace_back();
        told.transactional_id = id;
        const auto* one = transactions.find(id);
        if (!one) {
            told.error_code = id.empty() ? ErrorCode::invalid_request : ErrorCode::transactional_id_not_found;
            continue;
        }
        told.transaction_state = name_of(one->state());
        told.transaction_timeout_ms = static_cast<std::int32_t>(one->timeout().count());
        told.transaction_start_time_ms = to_ms(one->started());
        told.producer_id = one->producer().id;
        told.producer_epoch = one->producer().epoch;
        for (const auto& [topic_id, partition] : one->partitions()) {
            const auto stream = topic(call, to_wire_id(topic_id));
            if (!stream || refusal(call, ResourceType::topic, stream->name) != ErrorCode::none) continue;
            if (told.topics.empty() || told.topics.back().topic != stream->name)
                told.topics.push_back({.topic = stream->name, .partitions = {}});
            told.topics.back().partitions.push_back(partition);
        }
        const auto books = topic(call, offsets_topic);
        const auto partitions = static_cast<std::int32_t>(books ? std::ssize(books->shards)
                                                                : call.broker.configs.number("offsets.topic.num.partitions"));
        std::set<std::int32_t> of_groups;
        for (const auto& [group, offsets] : one->groups()) of_groups.insert(partition_of_group(group, partitions));
        if (!of_groups.empty() && refusal(call, ResourceType::topic, offsets_topic) == ErrorCode::none)
            told.topics.push_back({.topic = std::string(offsets_topic), .partitions = {of_groups.begin(), of_groups.end()}});
    }
    co_return response;
}

template Task<void> serve<DescribeTransactionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
