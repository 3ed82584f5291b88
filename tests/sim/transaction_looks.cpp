// What is told of transactional ids, and of the aborted ranges to those who read what is committed.
#include "protocol/kafka/messages/describe_transactions.h"
#include "protocol/kafka/messages/list_transactions.h"
#include "tests/sim/history.h"

namespace sluice::sim {

void History::look_at_transactions() {
    auto ids = std::make_shared<std::vector<std::string_view>>();
    owned_.push_back(ids);
    for (const auto& [id, one] : model_.transactional) ids->push_back(text(id));
    machine_->ask<kafka::ListTransactionsResponse>(
        kafka::ListTransactionsRequest{}, 1, hear<kafka::ListTransactionsResponse>([&](auto& answer) {
            std::map<std::string, std::pair<std::int64_t, std::string>> listed, expected;
            for (const auto& one : answer.transaction_states)
                listed[one.transactional_id] = {one.producer_id, one.transaction_state};
            for (const auto& [id, one] : model_.transactional) expected[id] = {one.producer, one.state_name()};
            if (listed == expected) return;
            std::string told;
            for (const auto& [id, one] : listed) told += fmt::format(" {}: {} {}", id, one.first, one.second);
            told += " in place of";
            for (const auto& [id, one] : expected) told += fmt::format(" {}: {} {}", id, one.first, one.second);
            broken("ListTransactions:{}", told);
        }));
    machine_->turn();
    if (ids->empty()) return;
    machine_->ask<kafka::DescribeTransactionsResponse>(
        kafka::DescribeTransactionsRequest{.transactional_ids = {ids->data(), ids->size()}}, 0,
        hear<kafka::DescribeTransactionsResponse>([&](auto& answer) {
            for (const auto& told : answer.transaction_states) describe_one(told);
        }));
    machine_->turn();
}

void History::describe_one(const kafka::DescribeTransactionsResponse::Transaction& told) {
    const auto& one = model_.transactional.at(told.transactional_id);
    std::set<std::pair<std::string, std::int32_t>> places, expected;
    bool of_groups = false;
    for (const auto& topic : told.topics)
        for (const auto partition : topic.partitions)
            if (topic.topic == "__consumer_offsets")
                of_groups = true;
            else
                places.emplace(topic.topic, partition);
    for (const auto& [name, stream] : model_.streams)
        for (const auto& [serial, partition] : one.places)
            if (serial == stream.serial) expected.emplace(name, partition);
    const auto text_of = [](std::int64_t producer, int epoch, std::string_view state, Ms timeout, Ms started, const auto& of,
                            bool groups) {
        auto text =
            fmt::format("producer {} epoch {} {}, {} ms from {}, groups {}:", producer, epoch, state, timeout, started, groups);
        for (const auto& [topic, partition] : of) text += fmt::format(" {}/{}", topic, partition);
        return text;
    };
    const auto shown = text_of(told.producer_id, told.producer_epoch, told.transaction_state, told.transaction_timeout_ms,
                               told.transaction_start_time_ms, places, of_groups);
    const auto wanted =
        text_of(one.producer, one.epoch, one.state_name(), one.timeout, one.started, expected, !one.offsets.empty());
    if (shown != wanted) broken("{} is described as {} in place of {}", told.transactional_id, shown, wanted);
}

// A client that is told too little shows what was aborted, one that is told too much hides what was committed.
void History::check_aborted(const Shard& shard, Position from, Position next, const kafka::FetchResponse::Partition& partition,
                            const std::string& where) {
    std::set<std::pair<std::int64_t, Position>> told;
    if (partition.aborted_transactions)
        for (const auto& one : *partition.aborted_transactions) told.emplace(one.producer_id, one.first_offset);
    const auto all = shard.aborted();
    for (const auto& [producer, first] : told) {
        const auto range = all.find({producer, first});
        if (range == all.end() || range->second < from)
            broken("Fetch {}: what {} wrote from {} on is told to be aborted", where, producer, first);
    }
    for (const auto& [range, marker] : all)
        for (const auto& batch : shard.log)
            if (batch->transaction_of == range.first && batch->base >= range.second && batch->base < marker &&
                batch->end() > from && batch->base < next && !told.contains(range))
                broken("Fetch {}: that {} aborted {} is not told", where, range.first, batch->base);
}

}   // namespace sluice::sim
