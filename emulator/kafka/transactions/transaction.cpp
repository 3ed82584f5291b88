#include "emulator/kafka/transactions/transaction.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/planted.h"

namespace sluice::kafka {

std::string_view name_of(TransactionState state) {
    switch (state) {
        case TransactionState::empty:
            return "Empty";
        case TransactionState::ongoing:
            return "Ongoing";
        case TransactionState::complete_commit:
            return "CompleteCommit";
        case TransactionState::complete_abort:
            break;
    }
    return "CompleteAbort";
}

namespace {

TransactionDecision refused_transaction(ErrorCode code) { return {.code = code, .producer = {}, .changed = false, .end = {}}; }

}   // namespace

// ---- who writes ----

bool Transaction::may_rotate() const {
    return producer_.id < 0 || producer_.epoch + (state_ == TransactionState::ongoing ? 1 : 0) >= last_epoch_told;
}

TransactionDecision Transaction::init(Now now, milliseconds timeout, const Producer& expected, std::int64_t fresh) {
    const bool says = expected.id >= 0;
    // The second one may have lost the answer that said so.
    const bool known =
        producer_.epoch < 0 || expected.id == producer_.id || (expected.id == previous_id_ && expected.epoch >= last_epoch_told);
    if (says && !known) return refused_transaction(ErrorCode::producer_fenced);
    TransactionDecision decision;
    if (state_ == TransactionState::ongoing) decision = time_out(now);   // whoever was there before is fenced off
    if (says && producer_.epoch >= 0 && expected.epoch != producer_.epoch && expected.epoch != last_epoch_) {
        decision.code = ErrorCode::producer_fenced;
        return decision;
    }
    // Its answer was lost, or its transaction was aborted for it.
    const bool again = says && producer_.epoch >= 0 && producer_.epoch <= last_epoch_told && expected.epoch != producer_.epoch;
    if (producer_.id < 0) {
        producer_ = {fresh, 0};
    } else if (exhausted() && !again) {
        last_epoch_ = expected.epoch;
        previous_id_ = std::exchange(producer_.id, fresh);
        producer_.epoch = 0;
    } else if (!again) {
        last_epoch_ = says ? producer_.epoch : std::int16_t{-1};
        ++producer_.epoch;
    }
    state_ = TransactionState::empty;
    timeout_ = timeout;
    started_ = {{}, from_ms(-1)};
    changed_ = now.live;
    decision.producer = producer_;
    decision.changed = true;
    return decision;
}

ErrorCode Transaction::fault(const Producer& producer) const {
    if (producer.id != producer_.id) return ErrorCode::invalid_producer_id_mapping;
    return producer.epoch == producer_.epoch ? ErrorCode::none : ErrorCode::producer_fenced;
}

ErrorCode Transaction::fault(const Producer& producer, const Partition& partition) const {
    if (const auto code = fault(producer); code != ErrorCode::none) return code;
    return partitions_.contains(partition) ? ErrorCode::none : ErrorCode::transaction_abortable;
}

ErrorCode Transaction::fault(const Producer& producer, std::string_view group) const {
    if (const auto code = fault(producer); code != ErrorCode::none) return code;
    return groups_.contains(group) ? ErrorCode::none : ErrorCode::transaction_abortable;
}

// ---- what is part of it ----

TransactionDecision Transaction::add(Now now, const Producer& producer, const std::set<Partition>& partitions,
                                     std::optional<std::string_view> group) {
    if (const auto code = fault(producer); code != ErrorCode::none) return refused_transaction(code);
    TransactionDecision decision{.code = ErrorCode::none, .producer = producer_, .changed = false, .end = {}};
    if (state_ != TransactionState::ongoing) {
        state_ = TransactionState::ongoing;
        started_ = now;
        decision.changed = true;
    }
    for (const auto& partition : partitions) decision.changed |= partitions_.insert(partition).second;
    if (group && !groups_.contains(*group)) {
        groups_.emplace(*group, Offsets::ByPartition{});
        decision.changed = true;
    }
    if (decision.changed) changed_ = now.live;
    return decision;
}

void Transaction::commit_offset(Now now, std::string_view group, const Partition& partition, CommittedOffset offset) {
    groups_.find(group)->second.insert_or_assign(partition, std::move(offset));
    changed_ = now.live;
}

// ---- its end ----

TransactionDecision Transaction::finish(Now now, bool commit, Producer marker) {
    TransactionDecision decision{.code = ErrorCode::none, .producer = {}, .changed = true, .end = TransactionEnd{}};
    auto& end = *decision.end;
    end.commit = commit;
    end.marker = marker;
    end.partitions = std::exchange(partitions_, {});
    end.offsets = std::exchange(groups_, {});
    if (state_ != TransactionState::ongoing) started_ = now;
    state_ = commit ? TransactionState::complete_commit : TransactionState::complete_abort;
    changed_ = now.live;
    return decision;
}

TransactionDecision Transaction::end(Now now, const Producer& producer, bool commit, bool bumps, std::int64_t fresh) {
    const bool done = state_ == TransactionState::complete_commit || state_ == TransactionState::complete_abort;
    const bool as_before = commit == (state_ == TransactionState::complete_commit);
    // The same request again: it is told what it was told.
    const bool bumped = bumps && done && producer.id == producer_.id && producer.epoch == producer_.epoch - 1;
    const bool rotated =
        bumps && done && producer.id == previous_id_ && producer.epoch == last_epoch_told && producer_.epoch == 0;
    if (bumped || rotated) {
        if (!as_before) return refused_transaction(ErrorCode::invalid_txn_state);
        return {.code = ErrorCode::none, .producer = producer_, .changed = false, .end = {}};
    }
    if (const auto code = fault(producer); code != ErrorCode::none) return refused_transaction(code);
    if (!bumps && done && as_before) return {.code = ErrorCode::none, .producer = producer_, .changed = false, .end = {}};
    const bool empty_abort = bumps && !commit;   // of one to which nothing was added
    if (state_ != TransactionState::ongoing && !empty_abort) return refused_transaction(ErrorCode::invalid_txn_state);
    auto marker = producer_;
    if (bumps) {
        const bool rotates = exhausted();
        ++marker.epoch;
        last_epoch_ = producer_.epoch;
        producer_ = rotates ? Producer{fresh, 0} : marker;
        if (rotates) previous_id_ = marker.id;
    }
    auto decision = finish(now, commit, marker);
    decision.producer = producer_;
    return decision;
}

TransactionDecision Transaction::time_out(Now now) {
    last_epoch_ = producer_.epoch++;   // by which its client may begin anew
    return finish(now, false, producer_);
}

// ---- the store ----

StoredTransaction Transaction::to_store(milliseconds ahead) const {
    StoredTransaction out;
    out.state = static_cast<std::int8_t>(state_);
    out.producer_id = producer_.id;
    out.previous_producer_id = previous_id_;
    out.epoch = planted("producer-epoch-not-stored") ? std::int16_t{0} : producer_.epoch;
    out.last_epoch = last_epoch_;
    out.timeout_ms = static_cast<std::int32_t>(timeout_.count());
    out.started_ms = to_ms(started_.shown);
    out.started_real_ms = to_ms(started_.live - ahead);
    out.changed_real_ms = to_ms(changed_ - ahead);
    const auto wire = [](const streams::Uuid& id) {
        Uuid same;
        std::memcpy(same.bytes.data(), id.data(), id.size());
        return same;
    };
    for (const auto& [topic, partition] : partitions_) {
        if (out.topics.empty() || out.topics.back().id != wire(topic))
            out.topics.push_back({.id = wire(topic), .partitions = {}});
        out.topics.back().partitions.push_back(partition);
    }
    for (const auto& [id, offsets] : groups_) {
        auto& group = out.groups.emplace_back();
        group.id = id;
        for (const auto& [place, committed] : offsets)
            group.offsets.push_back({.topic = wire(place.first),
                                     .partition = place.second,
                                     .offset = committed.offset,
                                     .leader_epoch = committed.leader_epoch,
                                     .metadata = committed.metadata});
    }
    return out;
}

bool Transaction::restore(const StoredTransaction& in, milliseconds ahead, Time live) {
    if (in.state < 0 || in.state > static_cast<std::int8_t>(TransactionState::complete_abort) || in.producer_id < 0 ||
        in.epoch < 0 || in.timeout_ms <= 0)
        return false;
    const auto moment = [](std::int64_t ms) { return ms >= -1 && in_bounds(from_ms(std::max<std::int64_t>(ms, 0))); };
    if (!moment(in.started_ms)) return false;
    state_ = static_cast<TransactionState>(in.state);
    producer_ = {in.producer_id, in.epoch};
    previous_id_ = in.previous_producer_id;
    last_epoch_ = in.last_epoch;
    timeout_ = milliseconds{in.timeout_ms};
    const auto back = [&](std::int64_t ms) {
        return std::min(from_ms(std::clamp<std::int64_t>(ms, 0, to_ms(latest_time))) + ahead, live);
    };
    started_ = {back(in.started_real_ms), from_ms(in.started_ms)};
    changed_ = back(in.changed_real_ms);
    const auto topic_of = [](const Uuid& id) {
        streams::Uuid same;
        std::memcpy(same.data(), id.bytes.data(), same.size());
        return same;
    };
    partitions_.clear();
    groups_.clear();
    for (const auto& topic : in.topics)
        for (const auto partition : topic.partitions) partitions_.emplace(topic_of(topic.id), partition);
    for (const auto& group : in.groups) {
        auto& offsets = groups_[group.id];
        for (const auto& one : group.offsets)
            offsets.insert_or_assign(Partition{topic_of(one.topic), one.partition},
                                     CommittedOffset{one.offset, one.leader_epoch, one.metadata, {}});
    }
    return true;
}

}   // namespace sluice::kafka
