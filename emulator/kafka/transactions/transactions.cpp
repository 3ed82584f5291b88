#include "emulator/kafka/transactions/transactions.h"

#include "storage/planted.h"

namespace sluice::kafka {

namespace {

constexpr milliseconds tried_again_in{1'000};   // what could not be ended because the store took nothing

}   // namespace

Transactions::Transactions(streams::Engine& engine, streams::World& world, const Configs& configs, Groups& groups)
    : engine_(engine), world_(world), groups_(groups), longest_kept_(configs.number("transactional.id.expiration.ms")) {
    engine_.scan(world_, transaction_prefix, [&](std::string_view key, std::string_view value) {
        if (planted("transaction-forgotten-at-restart")) return;
        if (key.starts_with(transaction_prefix)) restore(key.substr(transaction_prefix.size()), value);
    });
}

void Transactions::clear() {
    ids_.clear();
    pending_.clear();
    due_.clear();
    arm();
}

const Transaction* Transactions::find(std::string_view id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? nullptr : &found->second.transaction;
}
void Transactions::each(const std::function<void(const std::string&, const Transaction&)>& visit) const {
    for (const auto& [id, one] : ids_) visit(id, one.transaction);
}
streams::Ticket Transactions::shown(std::string_view id) const {
    const auto found = ids_.find(id);
    return found == ids_.end() ? streams::Ticket{} : found->second.last;
}
bool Transactions::unstable(std::string_view group, const Partition& partition) const {
    const auto found = pending_.find(group);
    return found != pending_.end() && found->second.contains(partition);
}
bool Transactions::has_pending(std::string_view group) const { return pending_.contains(group); }

// ---- requests ----

Transactions::Changed Transactions::init(std::string_view id, milliseconds timeout, const Producer& expected) {
    auto found = ids_.find(id);
    std::int64_t fresh = -1;
    if (found == ids_.end() || found->second.transaction.may_rotate()) {
        const auto given = engine_.next_producer_id(world_);
        if (!given) return {.code = ErrorCode::coordinator_not_available};
        fresh = *given;
        found = ids_.try_emplace(std::string(id)).first;   // the commit of a block of ids may have changed what is there
    }
    return carry_out(found, found->second.transaction.init(now(), timeout, expected, fresh));
}

Transactions::Changed Transactions::add(std::string_view id, const Producer& producer, const std::set<Partition>& partitions) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return {.code = ErrorCode::invalid_producer_id_mapping};
    return carry_out(found, found->second.transaction.add(now(), producer, partitions));
}

Transactions::Changed Transactions::add(std::string_view id, const Producer& producer, std::string_view group) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return {.code = ErrorCode::invalid_producer_id_mapping};
    return carry_out(found, found->second.transaction.add(now(), producer, {}, group));
}

ErrorCode Transactions::fault(std::string_view id, const Producer& producer, const Partition& partition) const {
    const auto* one = find(id);
    return one ? one->fault(producer, partition) : ErrorCode::invalid_producer_id_mapping;
}
ErrorCode Transactions::fault(std::string_view id, const Producer& producer, std::string_view group) const {
    const auto* one = find(id);
    return one ? one->fault(producer, group) : ErrorCode::invalid_producer_id_mapping;
}

streams::Ticket Transactions::commit_offsets(std::string_view id, std::string_view group, Offsets::ByPartition offsets) {
    const auto found = ids_.find(id);
    for (auto& [partition, committed] : offsets) {
        found->second.transaction.commit_offset(now(), group, partition, std::move(committed));
        auto of_group = pending_.find(group);
        if (of_group == pending_.end()) of_group = pending_.try_emplace(std::string(group)).first;
        of_group->second[partition].emplace(id);
    }
    return save(found);
}

Transactions::Changed Transactions::end(std::string_view id, const Producer& producer, bool commit, bool bumps) {
    auto found = ids_.find(id);
    if (found == ids_.end()) return {.code = ErrorCode::invalid_producer_id_mapping};
    std::int64_t fresh = -1;
    if (bumps && found->second.transaction.may_rotate()) {
        const auto given = engine_.next_producer_id(world_);
        if (!given) return {.code = ErrorCode::coordinator_not_available};
        fresh = *given;
        found = ids_.find(id);
        if (found == ids_.end()) return {.code = ErrorCode::invalid_producer_id_mapping};
    }
    return carry_out(found, found->second.transaction.end(now(), producer, commit, bumps, fresh));
}

// ---- carrying out ----

Transactions::Changed Transactions::carry_out(Ids::iterator at, TransactionDecision decision) {
    if (!decision.changed) return {decision.code, decision.producer, at->second.last};
    streams::Unit whole{engine_};
    if (decision.end) {
        forget_pending(at->first, decision.end->offsets);
        carry_out(*decision.end);
    }
    save(at);
    at->second.last = whole.ticket();
    return {decision.code, decision.producer, at->second.last};
}

// What was deleted meanwhile has nothing to be ended.
void Transactions::carry_out(const TransactionEnd& end) {
    for (const auto& [topic, partition] : end.partitions) {
        const auto stream = engine_.find_topic(world_, topic);
        const auto* shard = stream ? stream->shard(partition) : nullptr;
        if (shard)
            (void)engine_.end_transaction(
                *shard, {.producer_id = end.marker.id, .producer_epoch = end.marker.epoch, .commit = end.commit});
    }
    if (!end.commit || planted("offsets-of-transaction-lost")) return;
    const auto committed = world_.clock->now();
    for (const auto& [group, offsets] : end.offsets)
        for (auto [partition, offset] : offsets) {
            if (!engine_.find_topic(world_, partition.first)) continue;
            offset.committed = committed;
            groups_.commit(group, partition, std::move(offset));
        }
}

void Transactions::forget_pending(std::string_view id, const OffsetsByGroup& all) {
    for (const auto& [group, offsets] : all) {
        const auto of_group = pending_.find(group);
        if (of_group == pending_.end()) continue;
        for (const auto& [partition, offset] : offsets) {
            const auto place = of_group->second.find(partition);
            if (place == of_group->second.end()) continue;
            if (const auto who = place->second.find(id); who != place->second.end()) place->second.erase(who);
            if (place->second.empty()) of_group->second.erase(place);
        }
        if (of_group->second.empty()) pending_.erase(of_group);
    }
}

streams::Ticket Transactions::save(Ids::iterator at) {
    auto& one = at->second;
    due_at(at, one.transaction.over(longest_kept_));
    one.last = engine_.put(world_, transaction_key(at->first), pack(one.transaction.to_store(ahead())));
    return one.last;
}

// ---- the store ----

bool Transactions::restore(std::string_view id, std::string_view value) {
    const auto stored = unpack<StoredTransaction>(value);
    Transaction transaction;
    if (!stored || !transaction.restore(*stored, ahead(), world_.clock->live())) return false;
    const auto at = ids_.try_emplace(std::string(id)).first;
    at->second.transaction = std::move(transaction);
    for (const auto& [group, offsets] : at->second.transaction.groups())
        for (const auto& [partition, offset] : offsets) pending_[group][partition].emplace(id);
    due_at(at, at->second.transaction.over(longest_kept_));
    return true;
}

void Transactions::unstored(std::string_view key) {
    if (!key.starts_with(transaction_prefix)) return;
    const auto id = key.substr(transaction_prefix.size());
    if (const auto* one = find(id)) forget_pending(id, one->groups());
    const auto stored = engine_.get(world_, key);
    if (stored && restore(id, *stored)) {
        const auto at = ids_.find(id);
        at->second.last = {};   // what is there is stored
        due_at(at, std::max(at->second.due, world_.clock->live() + tried_again_in));
    } else if (const auto found = ids_.find(id); found != ids_.end()) {
        due_at(found, {});
        ids_.erase(found);
    }
}

// ---- time ----

void Transactions::due_at(Ids::iterator at, Time due) {
    if (at->second.due != Time{}) due_.erase({at->second.due, at->first});
    at->second.due = due;
    if (due != Time{}) due_.emplace(due, at->first);
    arm();
}

void Transactions::arm() {
    const auto first = due_.empty() ? std::optional<Time>{} : due_.begin()->first;
    if (first == armed_) return;
    armed_ = first;
    timer_.stop();
    if (!first) return;
    // One each time it fires, so that others are served in between.
    auto fire = [this] {
        armed_.reset();
        if (due_.empty()) return;
        over(std::string{due_.begin()->second});
        arm();
    };
    auto& clock = *world_.clock;
    timer_ = Timer{clock, clock.at(timers::transaction, *first, std::move(fire))};
}

void Transactions::over(const std::string& id) {
    const auto found = ids_.find(id);
    if (found == ids_.end()) return void(due_.erase(due_.begin()));
    if (found->second.transaction.state() == TransactionState::ongoing)
        carry_out(found, found->second.transaction.time_out(now()));
    else
        erase(found);
}

void Transactions::erase(Ids::iterator at) {
    due_at(at, {});
    engine_.put(world_, transaction_key(at->first), {});
    ids_.erase(at);
}

}   // namespace sluice::kafka
