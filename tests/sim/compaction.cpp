#include "tests/sim/compaction.h"

#include <algorithm>

#include "emulator/streams/log/joined.h"
#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"

namespace sluice::sim {

namespace {

constexpr Ms tombstones_stay_ms = hour_ms, backoff_ms = 1000;
constexpr int producers = 3, keys = 6;

streams::CompactionRules eager() {
    return {.delete_retention_ms = tombstones_stay_ms,
            .max_lag_ms = std::numeric_limits<std::int64_t>::max(),
            .segment_bytes = 1,
            .buffer_bytes = 1 << 20,
            .backoff_ms = backoff_ms};
}

std::string text_of(const std::optional<batch::Bytes>& bytes) {
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : "null";
}

batch::Blob batch_of(const std::vector<std::pair<std::string, std::optional<std::string>>>& pairs, Ms now,
                     const batch::BatchOptions& as) {
    std::vector<batch::Record> records;
    for (const auto& [key, value] : pairs) {
        auto& one = records.emplace_back();
        one.timestamp = now;
        one.key = std::as_bytes(std::span{key});
        if (value) one.value = std::as_bytes(std::span{*value});
    }
    return batch::build(records, as);
}

}   // namespace

Compaction::Compaction(const Plan& plan) : plan_(plan), chance_(plan.seed * 7919 + 3), ids_(plan.seed) {
    plan_.folder += "-compaction";
    if (plan_.lmdb) std::filesystem::remove_all(plan_.folder);
    store_.open(plan_.lmdb ? storage::open_lmdb({.folder = plan_.folder, .map_bytes = std::uint64_t{1} << 30, .boot_id = "sim"})
                           : storage::open_memory());
    boot();
    engine_->default_world().clock->freeze();
    streams::Engine::NewStream wanted;
    wanted.name = "t";
    wanted.profile = "kafka";
    wanted.retention_for_ever = true;
    wanted.compaction = eager();
    if (!engine_->create(engine_->default_world(), wanted)) broken("no topic");
    settle();
    topics_["t"].name = "t";
}

Compaction::~Compaction() {
    engine_.reset();
    store_.close();
    if (plan_.lmdb) std::filesystem::remove_all(plan_.folder);
}

Position Compaction::Topic::stable() const {
    auto stable = end;
    for (const auto& one : transactions)
        if (one.state == Transaction::open) stable = std::min(stable, one.first);
    return stable;
}
bool Compaction::Topic::dropped(const Written& record) const {
    return record.transaction && transactions[*record.transaction].state == Transaction::aborted;
}

void Compaction::boot() {
    io_ = std::make_unique<asio::io_context>();
    streams::EngineOptions with;
    with.compacts_on_thread = plan_.threaded;
    engine_ = std::make_unique<streams::Engine>(io_->get_executor(), store_, time_, ids_, with);
}

void Compaction::kill() {
    say("killed");
    store_.die(0);
    engine_.reset();
    auto inner = store_.close();
    if (plan_.lmdb) {
        inner.reset();
        inner = storage::open_lmdb({.folder = plan_.folder, .map_bytes = std::uint64_t{1} << 30, .boot_id = "sim"});
    }
    store_.open(std::move(inner));
    failing_ = false;
    boot();
}

void Compaction::restart() {
    settle();
    engine_->flush();
    kill();
}

void Compaction::settle() {
    for (int runs = 0; runs < 4; ++runs) {   // one that was due while another went on begins behind it
        engine_->default_world().clock->run_due();
        io_->restart();
        if (plan_.threaded)
            io_->run();
        else
            io_->poll();
    }
}

const streams::Shard& Compaction::shard(const Topic& topic) {
    const auto found = engine_->find(engine_->default_world(), topic.name);
    if (!found) broken(topic.name + " is not there");
    return *found->shard(0);
}

Compaction::Topic& Compaction::any() {
    return std::next(topics_.begin(), static_cast<std::ptrdiff_t>(below(topics_.size())))->second;
}

void Compaction::say(const std::string& line) {
    if (plan_.print) fmt::print("compaction: {}\n", line);
}

void Compaction::write(Topic& topic) {
    std::vector<std::pair<std::string, std::optional<std::string>>> pairs;
    for (auto n = 1 + below(5); n > 0; --n) {
        std::optional<std::string> value;
        if (!one_in(5)) value = fmt::format("v{}{}", ++values_, std::string(plan_.thick ? below(20'000) : below(40), 'x'));
        pairs.emplace_back(fmt::format("k{}", below(keys)), std::move(value));
    }
    const auto producer = static_cast<std::int64_t>(below(producers + 1)) - 1;
    batch::BatchOptions as{.attributes = static_cast<std::int16_t>(one_in(3) ? below(5) : 0)};
    bool transactional = false;
    if (producer >= 0) {
        const auto& writer = topic.writers[producer];
        transactional = writer.transaction || one_in(3);
        as.producer_id = producer;
        as.producer_epoch = 0;
        as.base_sequence = writer.next_sequence;
        if (transactional) as.attributes = static_cast<std::int16_t>(as.attributes | batch::attribute::transactional);
    }
    const auto bytes = batch_of(pairs, now(), as);
    streams::Append append;
    append.batch = bytes;
    append.records = static_cast<std::uint32_t>(pairs.size());
    append.max_timestamp_ms = now();
    append.producer_id = as.producer_id;
    append.producer_epoch = as.producer_epoch;
    append.base_sequence = as.base_sequence;
    append.transactional = transactional;
    const auto at_ms = now();
    const auto queued = engine_->append(shard(topic), append);
    if (!queued) broken(fmt::format("{}: a write of producer {} is refused", topic.name, producer));
    settle();
    say(fmt::format("{}: {} records of producer {} at {}{}{}", topic.name, pairs.size(), producer, topic.end,
                    transactional ? " in a transaction" : "", queued->ticket.outcome() ? "" : ": not stored"));
    if (!queued->ticket.outcome()) {
        if (!failing_) broken("a write is not stored");
        return;
    }
    if (queued->ticket.base() != topic.end)
        broken(fmt::format("{}: {} in place of {}", topic.name, queued->ticket.base(), topic.end));
    std::optional<std::size_t> transaction;
    if (producer >= 0) {
        auto& writer = topic.writers[producer];
        if (transactional && !writer.transaction) {
            writer.transaction = topic.transactions.size();
            topic.transactions.push_back({.producer = producer, .first = topic.end});
        }
        transaction = writer.transaction;
        writer.last_batch = topic.end;
        writer.last_sequence = writer.next_sequence;
        writer.last_count = pairs.size();
        writer.next_sequence += static_cast<std::int32_t>(pairs.size());
    }
    for (auto& [key, value] : pairs)
        topic.records.push_back({.at = topic.end++, .key = key, .value = value, .transaction = transaction, .appended = at_ms});
}

// The last batch of a producer once more, or one that leaves some sequence numbers out.
void Compaction::write_again(Topic& topic) {
    const auto producer = static_cast<std::int64_t>(below(producers));
    const auto found = topic.writers.find(producer);
    if (found == topic.writers.end() || found->second.last_batch < 0) return;
    const auto& writer = found->second;
    const bool gap = one_in(2);
    std::vector<std::pair<std::string, std::optional<std::string>>> pairs(writer.last_count, {"k0", "again"});
    batch::BatchOptions as{.producer_id = producer, .producer_epoch = 0};
    as.base_sequence = gap ? writer.next_sequence + 2 : writer.last_sequence;
    if (writer.transaction) as.attributes = batch::attribute::transactional;
    const auto bytes = batch_of(pairs, now(), as);
    streams::Append append;
    append.batch = bytes;
    append.records = static_cast<std::uint32_t>(pairs.size());
    append.producer_id = producer;
    append.producer_epoch = 0;
    append.base_sequence = as.base_sequence;
    append.transactional = writer.transaction.has_value();
    const auto queued = engine_->append(shard(topic), append);
    if (gap && queued) broken(fmt::format("{}: producer {} left sequence numbers out", topic.name, producer));
    if (!gap && (!queued || !queued->duplicate)) broken(fmt::format("{}: producer {} is not known", topic.name, producer));
    settle();
}

void Compaction::end_transaction(Topic& topic, std::int64_t producer) {
    auto& writer = topic.writers[producer];
    if (!writer.transaction) return;
    const bool commit = !one_in(3);
    const auto ticket = engine_->end_transaction(shard(topic), {.producer_id = producer, .producer_epoch = 0, .commit = commit});
    settle();
    say(fmt::format("{}: producer {} {} at {}", topic.name, producer, commit ? "commits" : "aborts", topic.end));
    if (!ticket || !ticket->outcome()) {
        if (!failing_) broken("an end of a transaction is not stored");
        return;
    }
    topic.transactions[*writer.transaction].state = commit ? Transaction::committed : Transaction::aborted;
    writer.transaction.reset();
    ++topic.end;
}

void Compaction::remove_before(Topic& topic) {
    const auto span = topic.stable() - topic.begin;
    if (span <= 0) return;
    const auto to = topic.begin + 1 + static_cast<Position>(below(static_cast<std::uint64_t>(span)));
    const auto ticket = engine_->delete_before(shard(topic), to);
    settle();
    say(fmt::format("{}: deleted before {}", topic.name, to));
    if (ticket.outcome())
        topic.begin = to;
    else if (!failing_)
        broken("a deletion is not stored");
}

void Compaction::fork(Topic& topic) {
    if (topics_.size() >= 3 || failing_ || topic.stable() != topic.end) return;
    const auto name = fmt::format("fork{}", ++forks_);
    const auto made = engine_->fork(*engine_->find(engine_->default_world(), topic.name), engine_->default_world(), name);
    if (!made) broken("no fork");
    say(topic.name + " -> " + name);
    auto copy = topic;
    copy.name = name;
    topics_[name] = std::move(copy);
    settle();
}

void Compaction::remove(const std::string& name) {
    const auto removed = engine_->remove(engine_->default_world(), name, false);
    settle();
    if (!removed || !removed->outcome()) {
        if (!failing_) broken("a deletion of a topic is not stored");
        return;
    }
    say("removed " + name);
    topics_.erase(name);
}

// A run may be met in its middle by what comes next, or by a kill.
void Compaction::move_clock() {
    auto& clock = *engine_->default_world().clock;
    const auto span = one_in(4) ? static_cast<Ms>(below(2 * hour_ms)) : static_cast<Ms>(below(3000));
    clock.advance(milliseconds{span});
    say(fmt::format("{} ms pass", span));
    if (plan_.threaded || one_in(3)) return settle();
    clock.run_due();
    if (one_in(4)) store_.die(1 + static_cast<int>(below(4)));
    io_->restart();
    for (auto turns = below(25); turns > 0; --turns) io_->poll_one();
    if (store_.dead() || one_in(3)) kill();
    store_.die(-1);
}

// What is in the log beside what has to be.
void Compaction::look(const Topic& topic) {
    const auto& one = shard(topic);
    const auto bounds = engine_->bounds(one);
    if (bounds.begin != topic.begin || bounds.end != topic.end || bounds.stable != topic.stable())
        broken(fmt::format("{}: {}..{}..{} in place of {}..{}..{}", topic.name, bounds.begin, bounds.stable, bounds.end,
                           topic.begin, topic.stable(), topic.end));
    const auto& front = one.extents.front();
    const auto clean = front.compacted ? front.to : Position{0};
    std::map<Position, std::pair<std::string, std::string>> seen;
    std::set<Position> batches;
    const auto read = engine_->read(one, topic.begin, streams::Isolation::uncommitted, [&](const storage::EntryView& entry) {
        const auto bytes = streams::joined(entry);
        const auto header = batch::parse_header(bytes);
        if (!header || header->crc != batch::checksum(bytes) || header->base_offset != entry.first)
            broken(fmt::format("{}: no batch at {}", topic.name, entry.first));
        batches.insert(entry.first);
        batch::Blob scratch;
        if (header->control()) return true;
        const auto walked = batch::read(bytes, scratch, [&](const batch::Record& record) {
            seen[entry.first + record.offset_delta] = {text_of(record.key), text_of(record.value)};
            return true;
        });
        if (!walked) broken(fmt::format("{}: an unreadable batch at {}", topic.name, entry.first));
        return true;
    });
    if (!read) broken(topic.name + " cannot be read");
    std::map<std::string, Position> last;   // of each key, of those that a run has met
    for (const auto& record : topic.records)
        if (record.at < clean && !topic.dropped(record)) last[record.key] = record.at;
    std::vector<std::pair<Position, std::string>> committed;
    for (const auto& record : topic.records) {
        if (record.at < topic.begin) continue;
        const auto found = seen.find(record.at);
        const bool there = found != seen.end();
        const auto wrong = [&](std::string_view what) {
            broken(fmt::format("{}: {} {} at {} {} (compacted up to {})", topic.name, record.key, record.value.value_or("null"),
                               record.at, what, clean));
        };
        const bool needed = record.at >= clean || (!topic.dropped(record) && last.at(record.key) == record.at);
        if (!needed && there) wrong("is there still");
        if (needed && !there && (record.value || record.at >= clean || now() < record.appended + tombstones_stay_ms))
            wrong("is not there");
        if (!there) continue;
        if (found->second != std::pair{record.key, record.value.value_or("null")}) wrong("is another one");
        if (record.at < topic.stable() && !topic.dropped(record)) committed.emplace_back(record.at, record.value.value_or(""));
        seen.erase(found);
    }
    if (std::erase_if(seen, [&](const auto& each) { return each.first >= topic.begin; }) > 0)
        broken(topic.name + " holds what nobody wrote");
    for (const auto& [producer, writer] : topic.writers)
        if (writer.last_batch >= topic.begin && !batches.contains(writer.last_batch))
            broken(fmt::format("{}: the last batch of producer {} is not there", topic.name, producer));
    std::vector<std::pair<Position, std::string>> told;
    for (auto from = topic.begin;;) {
        const auto chunk = engine_->chunk_at_hand(one, from, {7, 1 << 20});
        if (!chunk || !*chunk) broken(topic.name + " cannot be read record by record");
        if ((*chunk)->next == from) break;
        for (const auto& record : (*chunk)->records)
            told.emplace_back(record.position, record.value ? text_of(*record.value) : "");
        from = (*chunk)->next;
    }
    if (told != committed) broken(topic.name + ": readers of committed records see others");
}

void Compaction::look_at_all() {
    for (const auto& [name, topic] : topics_) look(topic);
}

void Compaction::step() {
    auto& topic = any();
    switch (below(16)) {
        case 0:
            if (plan_.faults) {
                failing_ = true;
                store_.fail(one_in(2) ? storage::Error::io : storage::Error::no_space, 1 + static_cast<int>(below(3)));
            }
            break;
        case 1:
            failing_ = false;
            store_.heal();
            restart();
            break;
        case 2:
            remove_before(topic);
            break;
        case 3:
            fork(topic);
            break;
        case 4:
            if (topics_.size() > 1 && one_in(3)) remove(topic.name);
            break;
        case 5:
        case 6:
            end_transaction(topic, static_cast<std::int64_t>(below(producers)));
            break;
        case 7:
            if (!failing_) write_again(topic);
            break;
        case 8:
        case 9:
        case 10:
            move_clock();
            break;
        default:
            write(topic);
    }
    if (failing_ && one_in(2)) {
        failing_ = false;
        store_.heal();
    }
    look_at_all();
}

// Left alone, all of it is compacted in time, and no tombstone stays.
void Compaction::finish() {
    failing_ = false;
    store_.heal();
    restart();
    for (auto& [name, topic] : topics_)
        for (auto& [producer, writer] : topic.writers)
            if (writer.transaction) end_transaction(topic, producer);
    for (auto& [name, topic] : topics_) {
        while (topic.records.empty() || !topic.records.back().value || topic.records.back().transaction) write(topic);
        for (auto& [producer, writer] : topic.writers)
            if (writer.transaction) end_transaction(topic, producer);
    }
    auto& clock = *engine_->default_world().clock;
    for (const auto span : {2 * backoff_ms, 2 * tombstones_stay_ms, 2 * tombstones_stay_ms}) {
        clock.advance(milliseconds{span});
        settle();
        look_at_all();
        for (const auto& [name, topic] : topics_) {
            const auto& front = shard(topic).extents.front();
            if (topic.begin < topic.end && (!front.compacted || front.to != topic.end))
                broken(fmt::format("{}: compacted up to {} and not to {}", name, front.to, topic.end));
        }
    }
    for (const auto& [name, topic] : topics_) {
        const auto read =
            engine_->read(shard(topic), topic.begin, streams::Isolation::committed, [&](const storage::EntryView& entry) {
                batch::Blob scratch;
                const auto bytes = streams::joined(entry);
                if (batch::parse_header(bytes)->control()) return true;
                (void)batch::read(bytes, scratch, [&](const batch::Record& record) {
                    if (!record.value && entry.first + record.offset_delta >= topic.begin)
                        broken(fmt::format("{}: a tombstone at {} stays for ever", name, entry.first + record.offset_delta));
                    return true;
                });
                return true;
            });
        if (!read) broken(name + " cannot be read");
    }
}

void Compaction::run() {
    for (auto steps = 20 + below(60); steps > 0; --steps) step();
    finish();
}

}   // namespace sluice::sim
