#include "tests/sim/history.h"

#include <limits>

#include <algorithm>
#include <cstdio>

namespace sluice::sim {

namespace {
constexpr const char* names[] = {"a", "b", "c.d"};
}

History::History(const Plan& plan) : plan_(plan), chance_(plan.seed), pieces_(plan.pieces), ids_(plan.seed + 1) {
    if (plan.lmdb) {
        std::filesystem::remove_all(plan.folder);
        std::filesystem::create_directories(plan.folder);
        store_.open(storage::open_lmdb({.folder = plan.folder, .map_bytes = std::uint64_t{1} << 30, .boot_id = "sim"}));
    } else {
        store_.open(storage::open_memory());
    }
    machine_ = std::make_unique<Machine>(store_, time_, ids_, plan.threaded);
    model_.time.now = model_.time.real = to_ms(time_.now());
    settled_ = model_;
}

History::~History() {
    silenced_ = true;
    store_.hold(false);
    machine_.reset();
    store_.close();
    if (plan_.lmdb) std::filesystem::remove_all(plan_.folder);
}

void History::line(std::string text) {
    if (plan_.print) std::printf("%4llu  %s\n", static_cast<unsigned long long>(steps_), text.c_str());
    transcript_ += text + "\n";
}

void History::run() {
    create(names[0]);
    machine_->begin();
    settle();
    const auto length = 30 + below(90);
    while (steps_ < length) step();
    settle();
    look_at_all(true);
    shut(false);
    boot();
    look_at_all(true);
}

void History::step() {
    ++steps_;
    const auto kind = below(100);
    if (kind < 45)
        turn();
    else if (kind < 62)
        move_clock();
    else if (kind < 80) {
        if (auto* stream = any_stream()) read(*stream);
    } else if (kind < 86) {
        if (auto* stream = any_stream())
            for (auto n = 1 + below(8); n > 0; --n) one_in(2) ? work_queue(*stream) : work_share(*stream);
    } else if (kind < 88) {
        for (auto n = 1 + below(20); n > 0; --n) machine_->engine->housekeep();
        say("housekeep");
    } else if (kind < 93)
        if (one_in(3))
            group_step();
        else
            for (auto n = 1 + below(8); n > 0; --n) member_step();
    else if (kind < 97)
        restart();
    else if (kind < 98)
        ask_for_hostile();
    else if (one_in(2))
        new_producer();
    else
        new_transactional();
    settle();
    if (auto* stream = any_stream())
        look(stream->name, static_cast<std::int32_t>(below(stream->shards.size())), model_, one_in(3));
}

Stream* History::any_stream() {
    if (model_.streams.empty()) return nullptr;
    return &std::next(model_.streams.begin(), static_cast<std::ptrdiff_t>(below(model_.streams.size())))->second;
}

const streams::Stream& History::real(const std::string& name) {
    const auto found = machine_->engine->find(machine_->engine->default_world(), name);
    if (!found) broken("stream {} is gone", name);
    return *found;
}

const streams::Shard& History::real(const std::string& name, std::int32_t shard) {
    auto* found = real(name).shard(shard);
    if (!found) broken("shard {} of {} is gone", shard, name);
    return *found;
}

// ---- turns ----

void History::turn() {
    if (plan_.faults && one_in(8)) arm_failure();
    const bool held = plan_.threaded && (armed_ || one_in(2));
    store_.hold(held);
    const auto rounds = plan_.threaded ? 1 + below(3) : 1;
    const auto catalog_at = one_in(5) ? below(3) : 9;
    for (std::uint64_t round = 0; round < rounds; ++round) {
        const auto requests = 1 + below(4);
        for (std::uint64_t i = 0; i < requests; ++i) {
            if (round == 0 && i == catalog_at)
                change_catalog(names[below(3)]);
            else if (one_in(4))
                write_in_transaction();
            else if (one_in(12))
                change_setting();
            else if (auto* stream = any_stream())
                write(*stream);
        }
        machine_->begin();
        if (round + 1 < rounds) machine_->turn();   // the writer thread has the first of it
    }
    if (!plan_.threaded && one_in(4)) look_between();
    if (!armed_ && !plan_.threaded && one_in(12)) {
        moved_in_turn_ = true;
        move_clock();
    }
    if (plan_.faults && !armed_ && !moved_in_turn_ && (held || !plan_.threaded) && one_in(10)) return interrupted();
    settle();
    if (refused_ && one_in(3)) restart();
    refused_ = false;
}

void History::arm_failure() {
    armed_ = true;
    const bool full = one_in(2);
    const auto times = full ? 1 + static_cast<int>(below(4)) : 1;
    store_.fail(full ? storage::Error::no_space : storage::Error::io, times);
    say("the next {} commits fail: {}", times, full ? "no space" : "io");
}

std::shared_ptr<History::Write> History::queue(Stream& stream, std::int32_t shard, std::function<void(Shard&)> apply) {
    queued_ = true;
    apply(stream.shards[static_cast<std::size_t>(shard)]);
    return writes_[{stream.name, shard}].emplace_back(std::make_shared<Write>(Write{std::move(apply), std::nullopt}));
}

void History::fate(Write& write, bool stored) {
    write.stored = stored;
    if (!stored && !armed_) broken("a write failed without a reason");
}

void History::catalog_fate(const std::string& stream, bool stored) {
    catalog_fates_[stream] = stored;
    if (!stored && !armed_) broken("{}: a change of the catalog failed without a reason", stream);
}

void History::settle() {
    store_.hold(false);
    machine_->settle();
    if (waiting_ != parked_) broken("{} requests were never answered", waiting_ - parked_);
    resolve();
    check_parked();
}

// The offsets that went with the stream are there again.
void History::deletion_refused(std::int64_t serial) {
    turns_.erase(serial);   // as at a start
    read_again_.insert(serial);
    for (const auto& [group, offsets] : settled_.offsets)
        for (const auto& [place, offset] : offsets)
            if (place.first == serial) offset_fates_[group][place].refused = true;
}

void History::take_back(const std::string& id) {
    if (const auto one = settled_.transactional.find(id); one != settled_.transactional.end())
        model_.transactional[id] = one->second;
    else if (const auto value = settled_.settings.find(id); value != settled_.settings.end())
        model_.settings[id] = value->second;
    else
        model_.settings.erase(id);
}

// What failed is as it was at the last settled turn.
void History::resolve() {
    std::set<std::string> revived;   // whose deletion failed: what was written before it in this turn is there
    for (const auto& [name, stored] : catalog_fates_) {
        if (stored) continue;
        refused_ = true;
        const auto before = settled_.streams.find(name);
        auto now = model_.streams.extract(name);
        if (before == settled_.streams.end()) continue;
        auto& back = model_.streams[name] = before->second;
        if (back.share && read_again_.contains(back.serial)) back.share->life = std::numeric_limits<std::uint64_t>::max();
        if (now.empty() || now.mapped().serial != back.serial) revived.insert(name);
        // Appends to its shards may have been stored all the same.
        for (std::size_t i = 0; !now.empty() && now.mapped().serial == back.serial && i < back.shards.size(); ++i) {
            auto kept = now.mapped().shards[i];
            kept.first = back.shards[i].first, kept.last = back.shards[i].last, kept.sealed = back.shards[i].sealed;
            kept.closed = back.shards[i].closed, kept.children = back.shards[i].children, kept.gone = back.shards[i].gone;
            kept.expired = back.shards[i].expired;
            back.shards[i] = std::move(kept);
        }
    }
    for (const auto& [where, writes] : writes_) {
        const auto failed = std::ranges::count_if(writes, [](const auto& one) { return !one->stored.value_or(false); });
        if (failed == 0 && !revived.contains(where.first)) continue;
        refused_ = true;
        // One turn is one group; only the writer thread may have stored the first ones of a turn before the others failed.
        if (!plan_.threaded && failed != 0 && failed != std::ssize(writes))
            broken("{}/{}: of the writes of one turn some were stored and some not", where.first, where.second);
        const auto stream = model_.streams.find(where.first);
        const auto before = settled_.streams.find(where.first);
        if (stream == model_.streams.end() || before == settled_.streams.end() || stream->second.serial != before->second.serial)
            continue;
        const auto index = static_cast<std::size_t>(where.second);
        if (index >= before->second.shards.size()) continue;
        auto& shard = stream->second.shards[index];
        const auto& old = before->second.shards[index];
        shard.log = old.log, shard.producers = old.producers, shard.counted = old.counted,
        shard.last_appended = old.last_appended;
        shard.write_bytes = old.write_bytes, shard.write_records = old.write_records;
        shard.tick(model_.time.now);
        bool over = false;
        for (const auto& one : writes) {
            if (over && one->stored.value_or(false))
                broken("{}/{}: a write was stored behind one that failed", where.first, where.second);
            over |= !one->stored.value_or(false);
            if (!over) one->apply(shard);
        }
    }
    for (const auto& [group, fates] : offset_fates_)
        for (const auto& [place, fate] : fates) {
            if (!fate.refused) continue;
            refused_ = true;
            auto& now = model_.offsets[group];
            const auto& before = settled_.offsets[group];
            now.erase(place);
            if (const auto old = before.find(place); fate.stored || old != before.end())
                now[place] = fate.stored ? *fate.stored : old->second;
        }
    for (const auto& [id, changes] : changes_) {
        if (std::ranges::all_of(changes, [](const auto& one) { return one->stored.value_or(false); })) continue;
        refused_ = true;
        if (!armed_) broken("a change of {} failed without a reason", id);
        take_back(id);
        // One that was stored holds what those before it said, also where the record that came with them had no room.
        auto kept = changes.size();
        while (kept > 0 && !changes[kept - 1]->stored.value_or(false)) --kept;
        for (std::size_t i = 0; i < kept; ++i) changes[i]->apply(model_);
        if (const auto one = model_.transactional.find(id); one != model_.transactional.end())
            one->second.not_before = model_.time.real + 1000;   // when its time-out is tried
    }
    if (armed_) {
        refused_ |= store_.heal();   // what was read and counted since is lost with a commit of nobody's
        clock_in_doubt_ |= refused_;
        if (refused_) hours_exact_ = false;
    }
    model_.age();
    if (refused_) {
        members_.read_again(to_ms(machine_->clock().live()));
        take_balances();
        look_at_all(false);
    }
    writes_.clear();
    changes_.clear();
    catalog_fates_.clear();
    offset_fates_.clear();
    read_again_.clear();
    texts_.clear();
    owned_.clear();
    armed_ = moved_in_turn_ = queued_ = false;
    settled_ = model_;
}

// ---- restarts ----

void History::shut(bool killed) {
    ++lives_;
    if (member_ && to_ms(time_.now()) >= member_->alive_until) {
        if (killed)
            member_->doubtful = true;
        else
            member_.reset();
    }
    members_.stop(to_ms(machine_->clock().live()));
    waiting_ = parked_ = 0;
    waiting_fetch_.reset();
    if (killed) store_.die(0);
    machine_.reset();
    auto inner = store_.close();
    if (plan_.lmdb) {
        inner.reset();
        inner = storage::open_lmdb({.folder = plan_.folder, .map_bytes = std::uint64_t{1} << 30, .boot_id = "sim"});
    }
    store_.open(std::move(inner));
}

void History::boot() {
    machine_ = std::make_unique<Machine>(store_, time_, ids_, plan_.threaded);
    silenced_ = false;
    turns_.clear();
    for (auto* model : {&model_, &settled_})
        for (auto& [id, one] : model->transactional) one.not_before = 0;
    if (member_) member_->alive_until = to_ms(time_.now()) + session_ms;   // a whole session to come back
    members_.start(to_ms(machine_->clock().live()));
}

void History::restart() {
    settle();
    const auto before = machine_->engine->dump();
    const auto members = describe_members();
    settle();
    say("restart");
    shut(false);
    if (one_in(3)) {
        // With a fast clock often over a full hour.
        const auto away = static_cast<Ms>(below(60'000));
        time_.move(milliseconds{away});
        const auto was = model_.time.now;
        model_.time.real += away;
        if (!model_.time.frozen) model_.time.now += away * model_.time.rate;
        boot();
        if (model_.time.now / hour_ms != was / hour_ms) say("away for {} ms", away);
        after_clock();
        settle();
    } else {
        boot();
        if (const auto after = machine_->engine->dump(); after != before && !plan_.odd_stamps)
            broken("memory was not what the store holds. Before the restart:\n{}After it:\n{}", before, after);
        after_clock();
        settle();
    }
    // An empty group goes when nobody has used it for a while.
    if (const auto told = describe_members(); told.text != members.text && (told.there || !members.members.empty()))
        broken("before the restart the group of members was {}, after it {}", members.text, told.text);
    clock_in_doubt_ = false;
    look_at_all(true);
}

// Killed: before the group was written, or between its commit and the answers. Either all of it is there or nothing.
void History::interrupted() {
    const bool committed = !plan_.threaded && queued_ && one_in(2);
    silenced_ = true;
    if (committed) {
        store_.die(1);
        machine_->turn();
        if (!store_.dead()) broken("a queued write was never committed");
        say("killed between commit and answer");
    } else {
        store_.die(0);
        store_.hold(false);
        say("killed before the commit");
    }
    shut(true);
    if (!committed) model_ = settled_;
    boot();
    const auto engine_now = to_ms(machine_->clock().now());
    if (clock_in_doubt_ && engine_now < model_.time.now) {
        model_.time.now = engine_now;
        model_.time.frozen = machine_->clock().frozen();
        model_.time.rate = static_cast<std::int64_t>(machine_->clock().rate());
        turn_back_buckets();
    }
    if (committed) clock_in_doubt_ = false;
    writes_.clear();
    changes_.clear();
    catalog_fates_.clear();
    offset_fates_.clear();
    queued_ = false;
    if (member_) member_->doubtful = true;
    after_clock();
    settle();
    take_balances();
    look_at_all(true);
    settled_ = model_;
}

// ---- time ----

void History::move_clock() {
    auto& time = model_.time;
    switch (below(10)) {
        case 0:
        case 1:
            advance(static_cast<Ms>(below(1500)));
            break;
        case 2:
            advance(static_cast<Ms>(below(3 * minute_ms)));
            break;
        case 3:
            advance(static_cast<Ms>(below(2 * hour_ms)));
            break;
        case 4:
            advance(static_cast<Ms>(below(20 * hour_ms)));
            break;
        case 5: {   // to the last moment of some batch, or just past it
            Ms target = 0;
            if (auto* stream = any_stream(); stream && stream->retention) {
                const auto& shard = stream->shards[below(stream->shards.size())];
                if (const auto* batch = shard.batch_at(shard.gone))
                    target = last_moment(*stream, *batch, true) + static_cast<Ms>(below(2));
            }
            // On the full minute the store is told, and what lies around the mark is swept or must stay.
            if (target != 0 && one_in(plan_.thick ? 2 : 8)) target += minute_ms - target % minute_ms;
            if (target > time.now) advance(target - time.now);
            break;
        }
        case 6: {
            // A long night in which nobody asks anything: sessions, producers and much of the data are over.
            const auto by = static_cast<Ms>(one_in(12) ? below(30 * hour_ms) : one_in(4) ? below(40'000) : below(1'000));
            say("{} ms pass", by);
            time_.move(milliseconds{by});
            machine_->clock().run_due();
            time.real += by;
            if (!time.frozen) time.now += by * time.rate;
            after_clock();
            break;
        }
        case 7:
            machine_->clock().freeze();
            time.frozen = true;
            say("freeze");
            break;
        case 8:
            machine_->clock().resume();
            time.frozen = false;
            say("resume");
            break;
        default: {
            constexpr std::int64_t rates[] = {1, 2, 60};
            time.rate = rates[below(3)];
            if (!machine_->clock().set_rate(static_cast<double>(time.rate))) broken("the rate was refused");
            say("rate {}", time.rate);
        }
    }
}

// Rule 8: in one step or in many, what is seen afterwards is the same.
void History::advance(Ms by) {
    if (plan_.faults && !moved_in_turn_ && !clock_in_doubt_ && one_in(12)) return cut_short(by);
    say("advance {} ms", by);
    Ms left = by;
    if (plan_.pieces != 0)
        for (auto cuts = pieces_.below(12); cuts > 0 && left > 0; --cuts) {
            const auto piece = static_cast<Ms>(pieces_.below(static_cast<std::uint64_t>(left) + 1));
            auto slices = machine_->clock().begin_advance(milliseconds{piece});
            while (!machine_->clock().go_on(*slices, 1 + pieces_.below(3))) {
            }
            left -= piece;
        }
    machine_->clock().advance(milliseconds{left});
    model_.time.now += by;
    after_clock();
}

// The store then opens with the clock that the last stored slice had come to, and nothing younger is lost.
void History::cut_short(Ms by) {
    auto& clock = machine_->clock();
    auto move = clock.begin_advance(milliseconds{by});
    auto kept = model_.time.now;
    for (auto slices = 1 + below(4); slices > 0; --slices) {
        const bool there = clock.go_on(*move, 1 + below(3));
        if (slices == 1 && one_in(2)) break;   // this one was not stored
        machine_->settle();
        kept = to_ms(clock.now());
        if (there) break;
    }
    say("advance {} ms, killed at {}", by, kept);
    silenced_ = true;
    shut(true);
    boot();
    if (member_) member_->doubtful = true;
    model_.time.now = kept;
    settled_.time.now = kept;
    after_clock();
    settle();
    take_balances();
    look_at_all(true);
    settled_ = model_;
}

void History::after_clock() {
    machine_->clock().run_due();   // also what was due when it started
    if (const auto now = to_ms(machine_->clock().now()); now != model_.time.now)
        broken("it is {} and should be {}", now, model_.time.now);
    model_.end_late_transactions([this](const Stream& stream, std::int32_t index) {
        return real(stream.name, index).queued_end > stream.shards[static_cast<std::size_t>(index)].end();
    });
    model_.age();
    settled_.time = model_.time;
    settled_.age();
}

}   // namespace sluice::sim
