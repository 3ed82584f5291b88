// How transactions end, and what a log shows of them: found by walking it from the front each time.
#include "tests/sim/transactional.h"

#include "tests/sim/model.h"

namespace sluice::sim {

using kafka::ErrorCode;

const char* Transactional::state_name() const {
    constexpr const char* names[] = {"Empty", "Ongoing", "CompleteCommit", "CompleteAbort"};
    return names[static_cast<int>(state)];
}

Transactional::End Transactional::finish(bool commits, std::int16_t marker, Ms now, Ms real) {
    if (state != State::ongoing) started = now, started_real = real;
    End end{commits, marker, std::move(places), std::move(offsets)};
    places.clear();
    offsets.clear();
    state = commits ? State::committed : State::aborted;
    changed_real = real;
    not_before = 0;
    return end;
}

void Transactional::commit_offset(const std::string& group, Place place, std::int64_t offset, Ms real) {
    offsets[group][place] = offset;
    changed_real = real;
    not_before = 0;
}

Transactional::End Transactional::give_up(Ms now, Ms real) {
    before = epoch++;
    return finish(false, epoch, now, real);
}

ErrorCode Transactional::init(std::optional<std::int16_t> said, Ms new_timeout, Ms now, Ms real, std::optional<End>& ended) {
    if (state == State::ongoing) ended = give_up(now, real);
    if (said && *said != epoch && said != before) return ErrorCode::producer_fenced;
    // One epoch behind: the answer that told the present one was lost, or the transaction was aborted for the client.
    if (!said || *said == epoch) {
        before = said ? std::optional{epoch} : std::nullopt;
        ++epoch;
    }
    state = State::empty;
    timeout = new_timeout;
    started = -1;
    changed_real = real;
    not_before = 0;
    return ErrorCode::none;
}

ErrorCode Transactional::add(std::int16_t by, Ms now, Ms real, std::set<Place> more, const std::string* group) {
    if (by != epoch) return ErrorCode::producer_fenced;
    bool news = state != State::ongoing || (group && !offsets.contains(*group));
    for (const auto& place : more) news |= !places.contains(place);
    if (!news) return ErrorCode::none;
    if (state != State::ongoing) started = now, started_real = real;
    state = State::ongoing;
    places.merge(more);
    if (group) offsets[*group];
    changed_real = real;
    not_before = 0;
    return ErrorCode::none;
}

ErrorCode Transactional::end(std::int16_t by, bool commits, bool next_epoch, Ms now, Ms real, std::optional<End>& ended) {
    const bool over = state == State::committed || state == State::aborted;
    const bool as_before = (state == State::committed) == commits;
    if (next_epoch && over && by == epoch - 1) return as_before ? ErrorCode::none : ErrorCode::invalid_txn_state;
    if (by != epoch) return ErrorCode::producer_fenced;
    if (!next_epoch && over && as_before) return ErrorCode::none;
    if (state != State::ongoing && !(next_epoch && !commits)) return ErrorCode::invalid_txn_state;
    if (next_epoch) before = epoch++;
    ended = finish(commits, epoch, now, real);
    return ErrorCode::none;
}

// ---- in a shard ----

void Shard::end_transaction(std::int64_t producer, std::int16_t epoch, bool commits, Ms now, Ms real) {
    using namespace std::string_literals;
    last_appended = std::max(last_appended, now);
    log.push_back(std::make_shared<const Batch>(Batch{end(),
                                                      last_appended,
                                                      last_appended,
                                                      false,
                                                      {{commits ? "\0\0\0\1"s : "\0\0\0\0"s, "\0\0\0\0\0\0"s}},
                                                      producer,
                                                      true,
                                                      commits}));
    auto& known = producers[producer];
    if (known.epoch != epoch) known.recent.clear();
    known.epoch = epoch;
    known.wrote = real;
}

std::optional<Position> Shard::open_since(std::int64_t producer) const {
    std::optional<Position> since;
    for (const auto& batch : log) {
        if (batch->transaction_of != producer) continue;
        if (batch->marker)
            since.reset();
        else if (!since)
            since = batch->base;
    }
    return since;
}

Verdict Shard::verdict(const Batch& of) const {
    for (const auto& batch : log)
        if (batch->base > of.base && batch->marker && batch->transaction_of == of.transaction_of)
            return batch->commits ? Verdict::committed : Verdict::aborted;
    return Verdict::open;
}

Position Shard::stable() const {
    std::map<std::int64_t, Position> open;
    for (const auto& batch : log) {
        if (batch->transaction_of < 0) continue;
        if (batch->marker)
            open.erase(batch->transaction_of);
        else
            open.emplace(batch->transaction_of, batch->base);
    }
    auto decided = end();
    for (const auto& [producer, since] : open) decided = std::min(decided, since);
    return std::max(gone, decided);
}

Position Shard::next_shown(Position from) const {
    const auto most = stable();
    while (from < most) {
        const auto* batch = batch_at(from);
        if (batch->transaction_of < 0 || (!batch->marker && verdict(*batch) == Verdict::committed)) return from;
        from = batch->end();
    }
    return std::max(from, most);
}

std::map<std::pair<std::int64_t, Position>, Position> Shard::aborted() const {
    std::map<std::pair<std::int64_t, Position>, Position> all;
    std::map<std::int64_t, Position> open;
    for (const auto& batch : log) {
        if (batch->transaction_of < 0) continue;
        if (!batch->marker)
            open.emplace(batch->transaction_of, batch->base);
        else if (const auto ended = open.extract(batch->transaction_of); ended && !batch->commits && batch->base >= gone)
            all.emplace(std::pair{ended.key(), ended.mapped()}, batch->base);
    }
    return all;
}

// ---- of all ids ----

void Model::end_late_transactions(const std::function<bool(const Stream&, std::int32_t)>& ended) {
    while (true) {
        const auto first = std::ranges::min_element(transactional, {}, [](const auto& one) { return one.second.over(); });
        if (first == transactional.end() || first->second.over() > time.real) return;
        auto& [id, one] = *first;
        if (one.state != Transactional::State::ongoing) {
            transactional.erase(first);
            continue;
        }
        const auto end = one.give_up(time.now, time.real);
        for (auto& [name, stream] : streams)
            for (std::size_t i = 0; i < stream.shards.size(); ++i) {
                auto& shard = stream.shards[i];
                const auto index = static_cast<std::int32_t>(i);
                if (!end.places.contains({stream.serial, index})) continue;
                if (!stream.expired(shard, time.now) || ended(stream, index))
                    shard.end_transaction(one.producer, end.epoch, false, time.now, time.real);
            }
    }
}

bool Model::pending(const std::string& group, Place place) const {
    return std::ranges::any_of(transactional, [&](const auto& one) {
        const auto of_group = one.second.offsets.find(group);
        return of_group != one.second.offsets.end() && of_group->second.contains(place);
    });
}

}   // namespace sluice::sim
