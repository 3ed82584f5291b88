// What clients with a transactional id do: they write, add partitions and offsets before or by that (KIP-890), end, begin again,
// and some go on with an epoch that another one has fenced off. Each request changes the model at once, as if it will be stored.
#include "protocol/kafka/messages/add_offsets_to_txn.h"
#include "protocol/kafka/messages/add_partitions_to_txn.h"
#include "protocol/kafka/messages/end_txn.h"
#include "protocol/kafka/messages/init_producer_id.h"
#include "protocol/kafka/messages/txn_offset_commit.h"
#include "tests/sim/history.h"

namespace sluice::sim {

using kafka::ErrorCode;

namespace {

constexpr Ms timeouts[] = {500, 20'000, 600'000};
constexpr std::size_t most_ids = 3;

// A version of Kafka's protocol before the one in which each end gives the producer another epoch, or that one.
struct Protocol {
    int produce, commit_offset, end;
};
constexpr Protocol protocols[] = {{9, 3, 3}, {11, 4, 4}, {12, 5, 5}};

}   // namespace

void History::new_transactional() {
    const auto id = fmt::format("tx-{}", below(most_ids));
    if (model_.transactional.contains(id)) return;
    const auto timeout = timeouts[below(3)];
    say("InitProducerId {}: {} ms", id, timeout);
    kafka::InitProducerIdRequest request;
    request.transactional_id = text(id);
    request.transaction_timeout_ms = static_cast<std::int32_t>(timeout);
    Transactional made{.timeout = timeout, .changed_real = model_.time.real};
    machine_->ask<kafka::InitProducerIdResponse>(std::move(request), 4, hear<kafka::InitProducerIdResponse>([&](auto& answer) {
                                                     if (answer.error_code != ErrorCode::none || answer.producer_epoch != 0)
                                                         broken("InitProducerId {}: answered {} and epoch {}", id,
                                                                static_cast<int>(answer.error_code), answer.producer_epoch);
                                                     made.producer = answer.producer_id;
                                                 }));
    machine_->settle();
    if (!given_ids_.insert(made.producer).second) broken("producer id {} was given out twice", made.producer);
    made.epoch = 0;
    model_.transactional[id] = made;
}

void History::write_in_transaction() {
    auto* stream = any_stream();
    if (model_.transactional.empty() || !stream) return;
    const auto id =
        std::next(model_.transactional.begin(), static_cast<std::ptrdiff_t>(below(model_.transactional.size())))->first;
    const auto kind = below(100);
    if (kind < 50)
        produce_in(id, *stream);
    else if (kind < 58)
        add_partitions_to(id, *stream);
    else if (kind < 62)
        add_offsets_to(id);
    else if (kind < 72)
        commit_offset_in(id, *stream);
    else if (kind < 94)
        end_transaction(id);
    else
        begin_again(id);
}

// Seldom the one before: of somebody who does not know that he was fenced off.
std::int16_t History::some_epoch(const Transactional& one) {
    return static_cast<std::int16_t>(one.epoch - (one.epoch > 0 && one_in(12) ? 1 : 0));
}

std::shared_ptr<History::Change> History::change(const std::string& id, std::function<void(Model&)> apply) {
    apply(model_);
    return changes_[id].emplace_back(std::make_shared<Change>(Change{std::move(apply)}));
}

// Whether it was stored. What was not may be refused in place of whatever else there was to say.
bool History::told(const std::string& what, ErrorCode code, ErrorCode expected) {
    if (code == ErrorCode::coordinator_not_available && armed_) return false;
    if (code != expected) broken("{}: answered {} in place of {}", what, static_cast<int>(code), static_cast<int>(expected));
    return true;
}

void History::produce_in(const std::string& id, Stream& stream) {
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const auto& shard = stream.shards[static_cast<std::size_t>(index)];
    const Place place{stream.serial, index};
    const auto& one = model_.transactional.at(id);
    Author author{
        .producer = one.producer, .epoch = some_epoch(one), .first = 0, .id = &id, .version = protocols[below(3)].produce};
    std::size_t count = 1 + below(4);
    const auto known = shard.producers.find(one.producer);
    const bool same = known != shard.producers.end() && known->second.epoch == author.epoch;
    if (same && !known->second.recent.empty()) {
        author.first = known->second.recent.back().last + 1;
        if (shard.open_since(one.producer) && one_in(6)) {
            const auto& again = known->second.recent[below(known->second.recent.size())];
            author.first = again.first;
            count = static_cast<std::size_t>(again.last - again.first + 1);
        }
    }
    const bool within = same && shard.open_since(one.producer);
    if (!within && !shard.sealed) {
        if (author.epoch != one.epoch)
            author.refused = ErrorCode::invalid_producer_epoch;
        else if (author.version < 12 && !one.places.contains(place))
            author.refused = author.version < 11 ? ErrorCode::invalid_txn_state : ErrorCode::transaction_abortable;
        else if (author.version >= 12)
            author.change = change(id, [id, place, by = author.epoch, now = model_.time.now, real = model_.time.real](Model& m) {
                m.transactional[id].add(by, now, real, {place});
            });
    }
    produce_as(stream, index, count, author);
}

void History::add_partitions_to(const std::string& id, Stream& stream) {
    const auto& one = model_.transactional.at(id);
    const auto by = some_epoch(one);
    struct Owned {
        std::vector<std::int32_t> partitions;
        kafka::AddPartitionsToTxnRequest::Topic topic;
    };
    auto owned = std::make_shared<Owned>();
    std::set<Place> places;
    for (auto n = 1 + below(2); n > 0; --n) {
        owned->partitions.push_back(static_cast<std::int32_t>(below(stream.shards.size())));
        places.emplace(stream.serial, owned->partitions.back());
    }
    owned->topic = {.name = text(stream.name), .partitions = {owned->partitions.data(), owned->partitions.size()}};
    owned_.push_back(owned);
    kafka::AddPartitionsToTxnRequest request;
    request.v3_and_below_transactional_id = text(id);
    request.v3_and_below_producer_id = one.producer;
    request.v3_and_below_producer_epoch = by;
    request.v3_and_below_topics = {&owned->topic, 1};
    const auto expected = by == one.epoch ? ErrorCode::none : ErrorCode::producer_fenced;
    std::shared_ptr<Change> changed;
    if (expected == ErrorCode::none)
        changed = change(id, [id, places, by, now = model_.time.now, real = model_.time.real](Model& m) {
            m.transactional[id].add(by, now, real, places);
        });
    const auto what = fmt::format("AddPartitionsToTxn {} epoch {}: {} of {}", id, by, owned->partitions.size(), stream.name);
    say("{} -> {}", what, static_cast<int>(expected));
    machine_->ask<kafka::AddPartitionsToTxnResponse>(
        std::move(request), 3, hear<kafka::AddPartitionsToTxnResponse>([this, what, expected, changed](auto& answer) {
            for (const auto& topic : answer.results_by_topic_v3_and_below)
                for (const auto& partition : topic.results_by_partition) {
                    const bool stored = told(what, partition.partition_error_code, expected);
                    if (changed) changed->stored = stored;
                }
        }));
}

void History::add_offsets_to(const std::string& id) {
    const auto& one = model_.transactional.at(id);
    const auto by = some_epoch(one);
    const auto group = fmt::format("g{}", below(2));
    kafka::AddOffsetsToTxnRequest request;
    request.transactional_id = text(id);
    request.producer_id = one.producer;
    request.producer_epoch = by;
    request.group_id = text(group);
    const auto expected = by == one.epoch ? ErrorCode::none : ErrorCode::producer_fenced;
    std::shared_ptr<Change> changed;
    if (expected == ErrorCode::none)
        changed = change(id, [id, group, by, now = model_.time.now, real = model_.time.real](Model& m) {
            m.transactional[id].add(by, now, real, {}, &group);
        });
    const auto what = fmt::format("AddOffsetsToTxn {} epoch {}: {}", id, by, group);
    say("{} -> {}", what, static_cast<int>(expected));
    machine_->ask<kafka::AddOffsetsToTxnResponse>(
        std::move(request), 3, hear<kafka::AddOffsetsToTxnResponse>([this, what, expected, changed](auto& answer) {
            const bool stored = told(what, answer.error_code, expected);
            if (changed) changed->stored = stored;
        }));
}

void History::commit_offset_in(const std::string& id, Stream& stream) {
    const auto& one = model_.transactional.at(id);
    const auto by = some_epoch(one);
    const auto group = fmt::format("g{}", below(2));
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const Place place{stream.serial, index};
    const auto end = stream.shards[static_cast<std::size_t>(index)].end();
    const auto offset = static_cast<std::int64_t>(below(static_cast<std::uint64_t>(end) + 1));
    const auto version = protocols[below(3)].commit_offset;
    const auto expected = by != one.epoch                               ? ErrorCode::invalid_producer_epoch
                          : version >= 5 || one.offsets.contains(group) ? ErrorCode::none
                          : version == 4                                ? ErrorCode::transaction_abortable
                                                                        : ErrorCode::invalid_txn_state;
    std::shared_ptr<Change> changed;
    if (expected == ErrorCode::none)
        changed = change(id, [id, group, place, offset, by, now = model_.time.now, real = model_.time.real](Model& m) {
            auto& of = m.transactional[id];
            of.add(by, now, real, {}, &group);
            of.commit_offset(group, place, offset, real);
        });
    struct Owned {
        kafka::TxnOffsetCommitRequest::Topic::Partition partition;
        kafka::TxnOffsetCommitRequest::Topic topic;
    };
    auto owned = std::make_shared<Owned>();
    owned->partition = {.partition_index = index, .committed_offset = offset};
    owned->topic = {.name = text(stream.name), .topic_id = {}, .partitions = {&owned->partition, 1}};
    owned_.push_back(owned);
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = text(id);
    request.group_id = text(group);
    request.producer_id = one.producer;
    request.producer_epoch = by;
    request.topics = {&owned->topic, 1};
    const auto what = fmt::format("TxnOffsetCommit {} epoch {}: {} {}/{} = {}", id, by, group, stream.name, index, offset);
    say("{} -> {}", what, static_cast<int>(expected));
    machine_->ask<kafka::TxnOffsetCommitResponse>(
        std::move(request), version, hear<kafka::TxnOffsetCommitResponse>([this, what, expected, changed](auto& answer) {
            const bool stored = told(what, answer.topics[0].partitions[0].error_code, expected);
            if (changed) changed->stored = stored;
        }));
}

// ---- ends ----

// Nothing is written there any more.
bool History::gone(const std::string& name, std::int32_t index) const {
    const auto stream = machine_->engine->find(machine_->engine->default_world(), name);
    const auto* shard = stream ? stream->shard(index) : nullptr;
    return shard && shard->expired;
}

History::Ending History::carry_out(const std::string& id, const Transactional::End& end) {
    Ending ending;
    const auto producer = model_.transactional.at(id).producer;
    for (auto& [name, stream] : model_.streams) {
        for (std::size_t i = 0; i < stream.shards.size(); ++i) {
            const auto index = static_cast<std::int32_t>(i);
            if (!end.places.contains({stream.serial, index}) || gone(name, index)) continue;
            ending.markers.push_back(
                queue(stream, index,
                      [producer, epoch = end.epoch, commits = end.commits, now = model_.time.now,
                       real = model_.time.real](Shard& shard) { shard.end_transaction(producer, epoch, commits, now, real); }));
        }
        if (!end.commits) continue;
        for (const auto& [group, offsets] : end.offsets)
            for (const auto& [place, offset] : offsets) {
                if (place.first != stream.serial) continue;
                model_.offsets[group][place] = offset;
                ending.offsets.push_back({group, place, offset});
            }
    }
    return ending;
}

void History::told_end(const Ending& ending, bool stored) {
    for (const auto& marker : ending.markers) fate(*marker, stored);
    for (const auto& [group, place, offset] : ending.offsets) {
        auto& fate = offset_fates_[group][place];
        if (stored)
            fate.stored = offset;
        else
            fate.refused = true;
    }
}

void History::end_transaction(const std::string& id) {
    const auto& one = model_.transactional.at(id);
    const auto by = some_epoch(one);
    const bool commits = !one_in(3);
    const auto version = protocols[below(3)].end;
    kafka::EndTxnRequest request;
    request.transactional_id = text(id);
    request.producer_id = one.producer;
    request.producer_epoch = by;
    request.committed = commits;
    const auto now = model_.time.now, real = model_.time.real;
    auto after = one;
    std::optional<Transactional::End> end;
    const auto expected = after.end(by, commits, version >= 5, now, real, end);
    std::shared_ptr<Change> changed;
    Ending ending;
    if (end) {
        changed = change(id, [id, after](Model& m) { m.transactional[id] = after; });
        ending = carry_out(id, *end);
    }
    const auto what = fmt::format("EndTxn {} epoch {}: {}, v{}", id, by, commits ? "commit" : "abort", version);
    say("{} -> {}", what, static_cast<int>(expected));
    machine_->ask<kafka::EndTxnResponse>(
        std::move(request), version,
        hear<kafka::EndTxnResponse>([this, what, expected, changed, ending, version, epoch = after.epoch](auto& answer) {
            const bool stored = told(what, answer.error_code, expected);
            if (changed) changed->stored = stored;
            told_end(ending, stored);
            if (stored && expected == ErrorCode::none && version >= 5 && answer.producer_epoch != epoch)
                broken("{}: the next epoch is {} in place of {}", what, answer.producer_epoch, epoch);
        }));
}

void History::begin_again(const std::string& id) {
    const auto& one = model_.transactional.at(id);
    const auto said = one_in(2) ? std::optional{some_epoch(one)} : std::nullopt;
    const auto timeout = timeouts[below(3)];
    kafka::InitProducerIdRequest request;
    request.transactional_id = text(id);
    request.transaction_timeout_ms = static_cast<std::int32_t>(timeout);
    if (said) request.producer_id = one.producer, request.producer_epoch = *said;
    auto after = one;
    std::optional<Transactional::End> end;
    const auto expected = after.init(said, timeout, model_.time.now, model_.time.real, end);
    std::shared_ptr<Change> changed;
    Ending ending;
    if (end || expected == ErrorCode::none) changed = change(id, [id, after](Model& m) { m.transactional[id] = after; });
    if (end) ending = carry_out(id, *end);
    const auto what = fmt::format("InitProducerId {} epoch {}: {} ms", id, said.value_or(-1), timeout);
    say("{} -> {} epoch {}", what, static_cast<int>(expected), after.epoch);
    machine_->ask<kafka::InitProducerIdResponse>(
        std::move(request), 4,
        hear<kafka::InitProducerIdResponse>([this, what, expected, changed, ending, epoch = after.epoch](auto& answer) {
            const bool stored = told(what, answer.error_code, expected);
            if (changed) changed->stored = stored;
            told_end(ending, stored);
            if (stored && expected == ErrorCode::none && answer.producer_epoch != epoch)
                broken("{}: epoch {} in place of {}", what, answer.producer_epoch, epoch);
        }));
}

}   // namespace sluice::sim
