// The engine beside the model, from inside: bounds, ranges, tokens, what was counted, and every record. And a consumer group
// with one member, which has to survive whatever happens to the machine.
#include <algorithm>

#include "protocol/kafka/messages/heartbeat.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/sync_group.h"
#include "tests/sim/history.h"

namespace sluice::sim {

// A look fills the engine's bucket as one of a door's does, and the model's with it: both round at the same moments.
static streams::Bucket& filled(const streams::Bucket& bucket) { return const_cast<streams::Bucket&>(bucket); }

namespace {
Hash hash_of(streams::HashKey key) { return static_cast<Hash>(key.high) << 64 | key.low; }
}   // namespace

void History::look_at_all(bool deep) {
    const auto& there = machine_->engine->default_world().streams;
    if (there.size() != model_.streams.size()) broken("{} streams in place of {}", there.size(), model_.streams.size());
    for (const auto& [name, stream] : model_.streams) {
        if (real(name).shards.size() != stream.shards.size())
            broken("{} has {} shards in place of {}", name, real(name).shards.size(), stream.shards.size());
        if (real(name).spread() != stream.spread) broken("{} is spread: {}", name, !stream.spread);
        if (real(name).tags != stream.tags) broken("{} has other tags", name);
        if (!std::ranges::equal(real(name).consumers, stream.consumers, {}, [](const auto& one) -> auto& { return one.first; }))
            broken("{} has other consumers", name);
        look_at_channels(name, stream);
        if (real(name).key != stream.key) broken("{} is encrypted with '{}' in place of '{}'", name, real(name).key, stream.key);
        for (std::size_t i = 0; i < stream.shards.size(); ++i) look(name, static_cast<std::int32_t>(i), model_, deep);
    }
    if (!deep) return;
    look_at_members();
    look_at_transactions();
    look_at_settings();
}

// Nobody sees what is queued: some shard as it was at the last settled turn.
void History::look_between() {
    if (settled_.streams.empty()) return;
    const auto& [name, stream] =
        *std::next(settled_.streams.begin(), static_cast<std::ptrdiff_t>(below(settled_.streams.size())));
    const auto now = model_.streams.find(name);
    if (now == model_.streams.end() || now->second.serial != stream.serial) return;
    const auto index = static_cast<std::int32_t>(below(stream.shards.size()));
    const auto bounds = machine_->engine->bounds(real(name, index));
    const auto& shard = stream.shards[static_cast<std::size_t>(index)];
    if (bounds.end != shard.end())
        broken("{}/{} shows records up to {} and only {} are committed", name, index, bounds.end, shard.end());
    if (!stream.odd_stamps && bounds.begin == shard.gone) read_through(name, index, shard);
}

void History::read_through(const std::string& name, std::int32_t index, const Shard& expected) {
    auto at = expected.next_shown(expected.gone);
    const auto stable = expected.stable();
    while (true) {
        const auto read =
            machine_->engine->chunk_at_hand(real(name, index), at, {static_cast<std::int32_t>(1 + below(200)), 8 << 20}).value();
        if (!read) broken("{}/{} cannot be read from {}", name, index, at);
        for (const auto& record : read->records) {
            if (record.position != at || at >= stable)
                broken("{}/{}: position {} where {} was due", name, index, record.position, at);
            const auto& wanted = expected.record(at);
            if (!record.value || kafka::as_text(*record.value) != wanted.value || kafka::as_text(*record.key) != wanted.key)
                broken("{}/{}: other bytes at {}", name, index, at);
            if (record.appended_ms != expected.batch_at(at)->appended)
                broken("{}/{}: another append time at {}", name, index, at);
            at = expected.next_shown(at + 1);
        }
        if (read->records.empty()) break;
    }
    if (at != stable) broken("{}/{}: records end at {} and not at {}", name, index, at, stable);
}

void History::look(const std::string& name, std::int32_t index, Model& model, bool deep) {
    auto& stream = model.streams.at(name);
    auto& expected = stream.shards[static_cast<std::size_t>(index)];
    auto& shard = real(name, index);
    const auto [begin, stable, end] = machine_->engine->bounds(shard);
    // With odd timestamps what is gone depends on when somebody looked while the clock was still true: never more than both rules
    // allow.
    if (stream.odd_stamps && begin != expected.gone) {
        const auto* batch = expected.batch_at(begin);
        if (begin > expected.end() || (batch && batch->base != begin)) broken("{}/{} begins at {}", name, index, begin);
        expected.gone = begin;
    }
    if (begin != expected.gone || end != expected.end())
        broken("{}/{} holds {}..{} in place of {}..{}", name, index, begin, end, expected.gone, expected.end());
    if (stable != expected.stable()) broken("{}/{} is decided up to {} in place of {}", name, index, stable, expected.stable());
    if (shard.sealed != expected.sealed) broken("{}/{} sealed: {}", name, index, shard.sealed);
    if (!shard.expired && (hash_of(shard.range.first) != expected.first || hash_of(shard.range.last) != expected.last))
        broken("{}/{} has {}..{} in place of {}..{}", name, index, to_string(shard.range.first), to_string(shard.range.last),
               decimal(expected.first), decimal(expected.last));
    if (shard.parents != expected.parents || shard.children != expected.children)
        broken("{}/{} has other relatives", name, index);
    const auto now = from_ms(model.time.now);
    const auto tokens = [&](const char* which, const streams::Bucket& bucket, Bucket& wanted) {
        if (bucket.unlimited() != (wanted.rate == 0)) broken("{}/{} {}: limited {}", name, index, which, !bucket.unlimited());
        if (wanted.rate == 0) return;
        wanted.tick(model.time.now);
        if (shard.expired) wanted.thousandths = wanted.capacity * 1000;
        if (filled(bucket).balance_thousandths(now) != wanted.thousandths)
            broken("{}/{} {}: {} thousandths of a token in place of {}", name, index, which,
                   filled(bucket).balance_thousandths(now), wanted.thousandths);
    };
    tokens("write bytes", shard.write_bytes, expected.write_bytes);
    tokens("write records", shard.write_records, expected.write_records);
    tokens("read bytes", shard.read_bytes, expected.read_bytes);
    tokens("read calls", shard.read_calls, expected.read_calls);
    tokens("iterator calls", shard.iterator_calls, expected.iterator_calls);
    if (!deep) return;
    read_through(name, index, expected);
    count(name, model);
}

void History::count(const std::string& name, const Model& model) {
    std::map<std::int64_t, Counted> told, expected;
    const auto add = [&](auto& to, std::int64_t hour, const Counted& counted) {
        auto& one = to[hours_exact_ ? hour : 0];
        one.records += counted.records;
        one.bytes += counted.bytes;
    };
    std::int64_t next = 0;
    for (const auto& [first, hours, usage] : machine_->engine->usage(real(name))) {
        if (hours < 1 || (next != 0 && first != next)) broken("{}: hours {}+{} where {} is next", name, first, hours, next);
        next = first + hours;
        say("{} hours {}+{}: {} in, {} ms open, {} stored", name, first, hours, usage.records_in, usage.open_shard_ms,
            usage.stored_bytes);
        for (auto hour = first; hour < next && usage.records_in > 0; ++hour) add(told, hour, {usage.records_in, usage.bytes_in});
    }
    for (const auto& shard : model.streams.at(name).shards)
        for (const auto& [hour, counted] : shard.counted)
            if (counted.records > 0) add(expected, hour, counted);
    if (told == expected) return;
    std::string text;
    for (const auto& [hour, counted] : told) text += fmt::format(" {}: {}/{}", hour, counted.records, counted.bytes);
    text += " in place of";
    for (const auto& [hour, counted] : expected) text += fmt::format(" {}: {}/{}", hour, counted.records, counted.bytes);
    broken("{}: counted by hour (records/bytes) are{}", name, text);
}

// After a failed commit or a kill the tokens of reads are those of the last commit: a little more than before, never less.
void History::take_balances() {
    for (auto& [name, stream] : model_.streams)
        for (std::size_t i = 0; i < stream.shards.size(); ++i) {
            auto& shard = real(name, static_cast<std::int32_t>(i));
            for (const auto& [bucket, wanted] : {std::pair{&shard.read_bytes, &stream.shards[i].read_bytes},
                                                 std::pair{&shard.read_calls, &stream.shards[i].read_calls},
                                                 std::pair{&shard.iterator_calls, &stream.shards[i].iterator_calls}}) {
                if (wanted->rate == 0 || bucket->unlimited()) continue;
                wanted->tick(model_.time.now);
                const auto balance = filled(*bucket).balance_thousandths(from_ms(model_.time.now));
                if (balance < wanted->thousandths || balance > wanted->capacity * 1000)
                    broken("{}/{}: {} read tokens after {}", name, i, balance, wanted->thousandths);
                wanted->thousandths = balance;
            }
        }
}

// The clock that a kill has set back to the last commit: what the buckets gained since is gone, and they fill from there.
void History::turn_back_buckets() {
    for (auto& [name, stream] : model_.streams)
        for (std::size_t i = 0; i < stream.shards.size(); ++i) {
            auto& shard = real(name, static_cast<std::int32_t>(i));
            auto& expected = stream.shards[i];
            for (const auto& [bucket, wanted] :
                 {std::pair{&shard.write_bytes, &expected.write_bytes}, std::pair{&shard.write_records, &expected.write_records},
                  std::pair{&shard.read_bytes, &expected.read_bytes}, std::pair{&shard.read_calls, &expected.read_calls},
                  std::pair{&shard.iterator_calls, &expected.iterator_calls}}) {
                wanted->filled = std::min(wanted->filled, model_.time.now);
                if (wanted->rate == 0 || bucket->unlimited() || (bucket != &shard.write_bytes && bucket != &shard.write_records))
                    continue;
                const auto balance = filled(*bucket).balance_thousandths(from_ms(model_.time.now));
                if (balance > wanted->thousandths)
                    broken("{}/{}: {} write tokens after {} although the clock went back", name, i, balance, wanted->thousandths);
                wanted->thousandths = balance;
            }
        }
}

// Group "m": one member joins, then heartbeats. Restarts do not put it out, thirty silent seconds of real time do.
void History::group_step() {
    const auto real = [&] { return to_ms(time_.now()); };
    if (member_) {
        const bool over = real() >= member_->alive_until;
        kafka::HeartbeatRequest request;
        request.group_id = "m";
        request.member_id = text(member_->member);
        request.generation_id = member_->generation;
        auto code = kafka::ErrorCode::none;
        machine_->ask<kafka::HeartbeatResponse>(std::move(request), 3,
                                                hear<kafka::HeartbeatResponse>([&](auto& answer) { code = answer.error_code; }));
        machine_->turn();
        say("Heartbeat -> {}", static_cast<int>(code));
        const bool known = code == kafka::ErrorCode::none;
        if (known == over && !member_->doubtful)
            broken("a member that {} was answered {}", over ? "was silent for too long" : "is alive", static_cast<int>(code));
        if (!known) return member_.reset();
        member_->alive_until = real() + session_ms;
        member_->doubtful = false;
        return;
    }
    auto protocol = std::make_shared<kafka::JoinGroupRequest::Protocol>();
    protocol->name = "p";
    owned_.push_back(protocol);
    kafka::JoinGroupRequest join;
    join.group_id = "m";
    join.session_timeout_ms = session_ms;
    join.rebalance_timeout_ms = 10'000;
    join.protocol_type = "sim";
    join.protocols = {protocol.get(), 1};
    bool answered = false;
    kafka::JoinGroupResponse joined;
    machine_->ask<kafka::JoinGroupResponse>(std::move(join), 3, hear<kafka::JoinGroupResponse>([&](auto& answer) {
                                                answered = true;
                                                joined = answer;
                                            }));
    machine_->turn();
    for (int i = 0; i < 8 && !answered; ++i) {   // the initial delay of a group
        time_.move(milliseconds{1000});
        machine_->clock().run_due();
        model_.time.real += 1000;
        if (!model_.time.frozen) model_.time.now += 1000 * model_.time.rate;
        after_clock();
        machine_->turn();
    }
    if (!answered || joined.error_code != kafka::ErrorCode::none)
        broken("JoinGroup: answered {}, code {}", answered, static_cast<int>(joined.error_code));
    auto assignment = std::make_shared<kafka::SyncGroupRequest::Assignment>();
    assignment->member_id = joined.member_id;
    assignment->assignment = kafka::as_bytes("mine");
    kafka::SyncGroupRequest sync;
    sync.group_id = "m";
    sync.generation_id = joined.generation_id;
    sync.member_id = joined.member_id;
    sync.assignments = {assignment.get(), 1};
    auto code = kafka::ErrorCode::unknown_server_error;
    machine_->ask<kafka::SyncGroupResponse>(std::move(sync), 3,
                                            hear<kafka::SyncGroupResponse>([&](auto& answer) { code = answer.error_code; }));
    machine_->settle();
    if (code != kafka::ErrorCode::none) broken("SyncGroup: code {}", static_cast<int>(code));
    say("joined group m, generation {}", joined.generation_id);
    member_ = Membership{joined.member_id, joined.generation_id, real() + session_ms};
}

}   // namespace sluice::sim
