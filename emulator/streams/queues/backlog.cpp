#include "emulator/streams/queues/backlog.h"

#include <algorithm>

#include "emulator/streams/catalog/bounds.h"
#include "emulator/streams/catalog/keys.h"
#include "storage/planted.h"

namespace sluice::streams {
namespace {

constexpr char of_lane = 'n', of_block = 'b';   // keys: the shard (4), and the number of the block (8)
constexpr std::size_t lane_key_bytes = 5, block_key_bytes = 13;

std::string key_of(std::int32_t shard) { return of_lane + big_endian(static_cast<std::uint64_t>(shard), 4); }
std::string key_of(Deliveries::Block block) {
    return of_block + big_endian(static_cast<std::uint64_t>(block.shard), 4) +
           big_endian(static_cast<std::uint64_t>(block.number));
}
Deliveries::Block block_in(std::string_view key) {
    return {static_cast<std::int32_t>(read_big_endian(key.substr(1, 4))), static_cast<Position>(read_big_endian(key.substr(5)))};
}

}   // namespace

void Backlog::Lane::fired() {
    owner.fresh_.insert(shard);
    owner.changed_.fire();
    changed.fire();
}

Backlog::Backlog(Engine& engine, World& world, Options options)
    : engine_(engine),
      world_(world),
      options_(std::move(options)),
      deliveries_(options_.holders),
      most_received_(options_.give_up_after) {
    load();
}

Backlog::~Backlog() {
    changed_.end();
    for (const auto& lane : lanes_) lane->changed.end();
}

StreamPointer Backlog::stream() const {
    auto found = engine_.find(world_, options_.stream);
    return found && found->id == options_.id ? found : nullptr;
}

void Backlog::load() {
    engine_.scan(world_, options_.prefix, [this](std::string_view key, std::string_view value) {
        if (!read(key.substr(options_.prefix.size()), value))
            damaged("what a queue has delivered is none", streams::key_of(world_.id, 'D', key));
    });
    arm();
}

bool Backlog::read(std::string_view rest, std::string_view value) {
    if (rest.size() == block_key_bytes && rest.front() == of_block) {
        const auto block = block_in(rest);
        return block.shard >= 0 && block.number >= 0 && deliveries_.read(block, value, live_ahead());
    }
    if (rest.size() != lane_key_bytes || rest.front() != of_lane || value.size() != 8) return false;
    const auto shard = static_cast<std::int32_t>(read_big_endian(rest.substr(1)));
    const auto next = static_cast<Position>(read_big_endian(value));
    if (shard < 0 || shard >= bounds::topic_partitions || next < 0) return false;
    while (std::cmp_less_equal(lanes_.size(), shard))
        lanes_.push_back(std::make_unique<Lane>(*this, static_cast<std::int32_t>(lanes_.size())));
    lanes_[static_cast<std::size_t>(shard)]->next = next;
    return true;
}

void Backlog::unstored(std::string_view rest) {
    const auto value = engine_.get(world_, options_.prefix + std::string{rest});
    if (value) {
        (void)read(rest, *value);
    } else if (rest.size() == block_key_bytes) {
        (void)deliveries_.read(block_in(rest), {}, {});
    } else if (const auto shard = read_big_endian(rest.substr(1)); shard < lanes_.size()) {
        lanes_[shard]->next.reset();
    }
    for (const auto& lane : lanes_) {
        fresh_.insert(lane->shard);
        lane->changed.fire();
    }
    arm();
    changed_.fire();
}

// ---- shards ----

// Those that came since it was last asked: a stream's shards only ever become more.
void Backlog::follow(const Stream& stream) {
    while (lanes_.size() < stream.shards.size())
        lanes_.push_back(std::make_unique<Lane>(*this, static_cast<std::int32_t>(lanes_.size())));
    for (auto at = lanes_.rbegin(); at != lanes_.rend(); ++at) {
        auto& lane = **at;
        const auto* shard = stream.shard(lane.shard);
        if (!shard) {   // of a split that could not be stored
            lane.leave();
            continue;
        }
        if (lane.follows(shard->appended)) break;
        lane.follow(shard->appended);
        fresh_.insert(lane.shard);
    }
}

// Nothing: it has to be looked up.
std::optional<Position> Backlog::begin_of(const Shard& shard) const {
    const auto& start = options_.start;
    if (start.since) return std::nullopt;
    const auto index = static_cast<std::size_t>(shard.index);
    return index < start.ends.size() ? start.ends[index] : 0;
}

Task<void> Backlog::reach(const Batch& batch) {
    const auto& shard = *batch.away;
    const auto held = shard.stream->shared_from_this();
    auto& lane = *lanes_[static_cast<std::size_t>(shard.index)];
    if (lane.next) {
        auto waiting = engine_.at_hand(shard, batch.at);
        co_await std::move(waiting);
        co_return;
    }
    const auto since = *options_.start.since;
    auto first = engine_.rehearse([extents = shard.extents, ms = to_ms(since)](const storage::Snapshot& snapshot) {
        for (const auto& extent : extents) (void)snapshot.find_appended(extent.log, ms);
    });
    co_await std::move(first);
    if (!lane.next) lane.next = engine_.find_appended(shard, since);
}

// ---- taking ----

Backlog::Batch Backlog::take(Wanted wanted) {
    Batch batch;
    const auto stream = this->stream();
    if (!stream) return batch;
    follow(*stream);
    expire();
    if (wanted.dead) {
        take_visible(*stream, batch, wanted);
    } else if (std::exchange(new_first_, !new_first_)) {
        take_new(*stream, batch, wanted);
        take_visible(*stream, batch, wanted);
    } else {
        take_visible(*stream, batch, wanted);
        take_new(*stream, batch, wanted);
    }
    batch.stored = store();
    return batch;
}

void Backlog::take_visible(const Stream& stream, Batch& batch, Wanted& wanted) {
    const auto until = world_.clock->live() + wanted.hidden_for;
    while (wanted.records > 0 && !batch.failed) {
        const auto place = deliveries_.first_visible(wanted.dead);
        if (!place) return;
        const auto* shard = stream.shard(place->shard);
        if (!shard || place->position < engine_.bounds(*shard).begin) {   // retention took it
            deliveries_.settle(*place);
            continue;
        }
        auto read = engine_.chunk_at_hand(*shard, place->position, {1, wanted.bytes});
        if (!read) {
            batch.away = shard, batch.at = place->position;
            return;
        }
        if (!*read) {
            batch.failed = true;
            return;
        }
        auto& chunk = **read;
        if (chunk.records.empty() || chunk.records.front().position != place->position) {   // deleted through the other door
            deliveries_.settle(*place);
            continue;
        }
        if (!batch.taken.empty() && std::cmp_greater(chunk.bytes, wanted.bytes)) return;
        deliveries_.take_again(*place, until);
        batch.taken.push_back({shard, chunk.records.front(), *deliveries_.find(*place)});
        wanted.bytes -= static_cast<std::int64_t>(chunk.bytes);
        --wanted.records;
        batch.chunks.push_back(std::move(chunk));
    }
}

// Each shard that may have something is looked at once, beginning behind the one that gave last.
void Backlog::take_new(const Stream& stream, Batch& batch, Wanted& wanted) {
    for (auto looks = fresh_.size(); looks > 0 && wanted.records > 0 && !batch.failed; --looks) {
        if (deliveries_.size() >= most_unsettled) forget_gone(stream);
        if (deliveries_.size() >= most_unsettled) {
            batch.full = true;
            return;
        }
        auto at = fresh_.lower_bound(cursor_);
        if (at == fresh_.end()) at = fresh_.begin();
        cursor_ = *at + 1;
        auto& lane = *lanes_[static_cast<std::size_t>(*at)];
        const auto* shard = stream.shard(lane.shard);
        if (!shard || !take_of(lane, *shard, batch, wanted)) fresh_.erase(at);
    }
}

// What retention took and nobody has looked at since.
void Backlog::forget_gone(const Stream& stream) {
    for (const auto& shard : stream.shards) deliveries_.forget_before({shard->index, engine_.bounds(*shard).begin});
}

// False: there is nothing more before the shard fires again.
bool Backlog::take_of(Lane& lane, const Shard& shard, Batch& batch, Wanted& wanted) {
    const auto bounds = engine_.bounds(shard);
    const auto since = options_.start.since;
    if (!lane.next) lane.next = begin_of(shard);
    if (!lane.next) {
        if (bounds.stable == bounds.begin || shard.last_appended_ms < to_ms(*since)) return false;
        batch.away = &shard;
        return true;
    }
    if (*lane.next < bounds.begin) {
        deliveries_.forget_before({shard.index, bounds.begin});
        lane.next = bounds.begin;
    }
    if (*lane.next >= bounds.stable) return false;
    auto read = engine_.chunk_at_hand(shard, *lane.next, {wanted.records, wanted.bytes});
    if (!read) {
        batch.away = &shard, batch.at = *lane.next;
        return true;
    }
    if (!*read) {
        batch.failed = true;
        return true;
    }
    auto& chunk = **read;
    if (chunk.next == *lane.next) return false;
    if (planted("queue-skips-a-record")) ++chunk.next;
    if (!batch.taken.empty() && std::cmp_greater(chunk.bytes, wanted.bytes)) return true;
    const auto& clock = *world_.clock;
    const auto first = clock.now(), until = clock.live() + wanted.hidden_for;
    for (const auto& record : chunk.records) {
        const RecordPlace place{shard.index, record.position};
        deliveries_.take(place, 1, first, until);
        batch.taken.push_back({&shard, record, *deliveries_.find(place)});
    }
    lane.next = chunk.next;
    moved_.insert(shard.index);
    wanted.bytes -= static_cast<std::int64_t>(chunk.bytes);
    wanted.records -= static_cast<std::int32_t>(chunk.records.size());
    batch.chunks.push_back(std::move(chunk));
    return *lane.next < bounds.stable;
}

// ---- time ----

void Backlog::expire() {
    deliveries_.expire(world_.clock->live(), most_received_);
    if (!options_.holders) return;
    while (const auto dead = deliveries_.first_visible(true)) give_up(*dead, false);
}

void Backlog::give_up_after(std::int32_t receives) {
    expire();
    most_received_ = receives;
}

void Backlog::arm() {
    const auto due = deliveries_.next_expiry();
    if (!due) return expiry_.stop();
    auto& clock = *world_.clock;
    expiry_ = Timer{clock, clock.at(timers::visibility, *due, [this] {
                        expire();
                        store();
                    })};
}

// ---- settling ----

std::optional<Backlog::Outcome> Backlog::fault_of(const Handed& handed) const {
    const auto* one = deliveries_.find(handed.place);
    if (!one) return Outcome::unknown;
    if (one->received != handed.received || one->dead != handed.dead) return Outcome::stale;
    return {};
}

Backlog::Outcome Backlog::settle(const Handed& handed) {
    expire();
    if (const auto fault = fault_of(handed)) return *fault == Outcome::unknown ? Outcome::done : *fault;
    deliveries_.settle(handed.place);
    return Outcome::done;
}

Backlog::Outcome Backlog::hide(const Handed& handed, milliseconds span) {
    expire();
    if (const auto fault = fault_of(handed)) return *fault;
    if (!deliveries_.find(handed.place)->hidden) return Outcome::not_hidden;
    deliveries_.hide(handed.place, world_.clock->live() + span);
    expire();
    return Outcome::done;
}

Backlog::Outcome Backlog::revive(const Handed& handed) {
    expire();
    if (const auto fault = fault_of(handed)) return *fault;
    deliveries_.revive(handed.place);
    return Outcome::done;
}

// ---- storing ----

Ticket Backlog::store() {
    auto blocks = deliveries_.take_changed();
    if (planted("settlement-not-stored")) blocks.clear();
    const auto moved = std::exchange(moved_, {});
    if (std::exchange(told_, deliveries_.came_back()) != deliveries_.came_back()) changed_.fire();
    if (options_.holders && !blocks.empty()) tell_lanes();
    if (blocks.empty() && moved.empty()) return last_;
    {
        Unit unit{engine_};
        for (const auto& block : blocks)
            engine_.put(world_, options_.prefix + key_of(block), deliveries_.stored(block, live_ahead()));
        for (const auto shard : moved) {
            const auto next = lanes_[static_cast<std::size_t>(shard)]->next;
            engine_.put(world_, options_.prefix + key_of(shard), next ? big_endian(static_cast<std::uint64_t>(*next)) : "");
        }
        if (auto given = std::exchange(given_up_, {}); !given.empty() && options_.gave_up) options_.gave_up(given);
        last_ = unit.ticket();
    }
    arm();
    return last_;
}

void Backlog::erase() {
    std::set<std::string> keys;
    for (const auto& block : deliveries_.blocks()) keys.insert(options_.prefix + key_of(block));
    for (const auto& lane : lanes_)
        if (lane->next) keys.insert(options_.prefix + key_of(lane->shard));
    engine_.scan(world_, options_.prefix, [&](std::string_view key, std::string_view) { keys.emplace(key); });
    for (const auto& key : keys) engine_.put(world_, key, {});
    expiry_.stop();
}

}   // namespace sluice::streams
