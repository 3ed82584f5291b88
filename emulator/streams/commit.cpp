// Groups: what one turn of the loop queued becomes one store batch. A group that does not fit is tried again scope by scope, so
// that one large write does not fail others; what failed is read again from the store, so memory equals a fresh start.
#include <algorithm>

#include "emulator/streams/state.h"

namespace sluice::streams {

Task<Result<void>> Ticket::committed() const {
    const auto group = group_;
    const auto scope = log_;
    const auto executor = executor_;
    if (!group) co_return Result<void>{};
    if (!group->finished) {
        Waiter waiter{*executor};
        waiter.watch(group->done);
        co_await waiter.wait();
    }
    co_return group->outcome(scope);
}

bool Ticket::done() const { return !group_ || group_->finished; }

Group& Engine::State::group() {
    if (!open) open = std::make_shared<Group>();
    if (!posted) {
        posted = true;
        // Behind everything this turn of the loop has ready: those handlers queue into the same group.
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->commit_posted();
        });
    }
    return *open;
}

Ticket Engine::State::ticket(Group::Scope scope) {
    group();
    return Ticket{open, scope, executor};
}

void Engine::State::put(Group::Scope scope, std::string key, std::string value) {
    group().writes.push_back({scope, {std::move(key), std::move(value)}});
}

void Engine::State::touch(Shard& shard) {
    auto& dirty = group().dirty;
    // The last shards touched are the likely ones; a duplicate only writes the same value twice.
    const auto from = dirty.size() > 8 ? dirty.end() - 8 : dirty.begin();
    if (std::any_of(from, dirty.end(), [&](auto& d) { return d.second == &shard; })) return;
    dirty.emplace_back(shard.stream->shared_from_this(), &shard);
}

void Engine::State::commit_posted() {
    posted = false;
    if (!open) return;
    if (options.commit_on_thread) {
        if (!writing) start_write(std::exchange(open, nullptr));
        return;   // else collect_write starts the next one
    }
    const auto mine = std::exchange(open, nullptr);
    run(*mine);
    finish(mine);
}

void Engine::State::flush() {
    if (options.commit_on_thread && writing) {
        std::unique_lock lock{mutex};
        wake.wait(lock, [this] { return writer_done; });
        lock.unlock();
        collect_write();
    }
    while (open) {
        const auto mine = std::exchange(open, nullptr);
        run(*mine);
        finish(mine);
    }
}

namespace {

void put_number(std::string& out, std::int64_t value) {
    for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
}

}  // namespace

// Little-endian int64s, one small value per shard: four buckets (balance, filled), last append time, hour, usage.
std::string running_value(const Shard& shard) {
    std::string out;
    out.reserve(8 * 22);
    for (const auto* bucket : {&shard.write_bytes, &shard.write_records, &shard.read_bytes, &shard.read_calls}) {
        const auto state = bucket->save();
        put_number(out, state.thousandths);
        put_number(out, state.filled_ms);
    }
    put_number(out, shard.last_appended_ms);
    put_number(out, shard.usage_hour);
    out += encode_usage(shard.usage);
    return out;
}

void read_running_value(std::string_view bytes, Shard& shard) {
    if (bytes.size() < 8 * 10) return;
    const auto number = [&] {
        std::uint64_t value = 0;
        for (int i = 7; i >= 0; --i) value = value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        bytes.remove_prefix(8);
        return static_cast<std::int64_t>(value);
    };
    for (auto* bucket : {&shard.write_bytes, &shard.write_records, &shard.read_bytes, &shard.read_calls}) {
        const auto thousandths = number(), filled = number();
        if (!bucket->unlimited()) bucket->restore({thousandths, filled});
    }
    shard.last_appended_ms = number();
    shard.usage_hour = number();
    shard.usage = decode_usage(bytes);
}

std::string encode_usage(const Usage& u) {
    std::string out;
    for (const auto value : {u.records_in, u.bytes_in, u.payload_units_25k, u.bytes_in_rounded_1k, u.bytes_out_kinesis, u.bytes_out_kafka,
                             u.records_out_kinesis, u.records_out_kafka, u.write_refusals, u.read_refusals, u.open_shard_ms,
                             u.stored_bytes})
        put_number(out, static_cast<std::int64_t>(value));
    return out;
}

Usage decode_usage(std::string_view bytes) {
    Usage u;
    for (auto* value : {&u.records_in, &u.bytes_in, &u.payload_units_25k, &u.bytes_in_rounded_1k, &u.bytes_out_kinesis, &u.bytes_out_kafka,
                        &u.records_out_kinesis, &u.records_out_kafka, &u.write_refusals, &u.read_refusals, &u.open_shard_ms,
                        &u.stored_bytes}) {
        if (bytes.size() < 8) break;
        for (int i = 7; i >= 0; --i) *value = *value << 8 | static_cast<unsigned char>(bytes[static_cast<std::size_t>(i)]);
        bytes.remove_prefix(8);
    }
    return u;
}

void Engine::State::fill(storage::Batch& batch, const Group& group, std::optional<Group::Scope> only) const {
    const auto wanted = [&](const Group::Scope& scope) { return !only || *only == scope; };
    for (const auto& append : group.appends)
        if (wanted(append.log)) batch.appends.push_back(append);
    for (const auto& [scope, put] : group.writes)
        if (wanted(scope)) batch.puts.push_back(put);
    if (wanted(std::nullopt)) {
        batch.trims = group.trims;
        batch.drops = group.drops;
    }
}

// Everything at once; when it does not fit, scope by scope.
std::vector<std::pair<Group::Scope, Fault>> Engine::State::write(const Group& group) const {
    storage::Batch batch;
    fill(batch, group, std::nullopt);
    const auto fault_of = [](storage::Error e) { return e == storage::Error::no_space ? Fault::no_space : Fault::storage; };
    const auto all = store.commit(batch);
    if (all) return {};
    std::vector<Group::Scope> scopes{std::nullopt};
    for (const auto& append : group.appends)
        if (std::find(scopes.begin(), scopes.end(), Group::Scope{append.log}) == scopes.end()) scopes.push_back(append.log);
    for (const auto& [scope, put] : group.writes)
        if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) scopes.push_back(scope);
    std::vector<std::pair<Group::Scope, Fault>> failed;
    for (const auto& scope : scopes) {
        if (all.error() == storage::Error::no_space) {
            storage::Batch part;
            fill(part, group, scope);
            const auto one = part.empty() ? storage::Result<void>{} : store.commit(part);
            if (!one) failed.emplace_back(scope, fault_of(one.error()));
        } else {
            failed.emplace_back(scope, fault_of(all.error()));
        }
    }
    return failed;
}

// The running values are taken at the last moment, once per shard.
void Engine::State::run(Group& group) {
    for (const auto& [stream, shard] : group.dirty)
        if (!stream->deleted)
            group.writes.push_back({shard->extents.back().log, {shard_key(*stream, shard->index), running_value(*shard)}});
    group.failed = write(group);
}

void Engine::State::finish(const std::shared_ptr<Group>& group) {
    turn.reset();
    group->finished = true;
    bool catalog_failed = false;
    for (const auto& [scope, fault] : group->failed) catalog_failed |= !scope;
    if (!group->failed.empty()) {
        // Whatever was queued on top of what failed cannot stand either.
        if (open) {
            const auto later = std::exchange(open, nullptr);
            later->failed = group->failed;
            for (const auto& append : later->appends) later->failed.emplace_back(append.log, Fault::storage);
            for (const auto& [scope, put] : later->writes) later->failed.emplace_back(scope, Fault::storage);
            for (const auto& touched : later->touched) read_shard(*touched.shard);
            later->finished = true;
            for (const auto& [scope, fault] : later->failed) catalog_failed |= !scope;
            if (catalog_failed) reload_catalog();
            later->done.fire();
        } else if (catalog_failed) {
            reload_catalog();
        }
        for (const auto& [stream, shard] : group->dirty)
            if (!group->outcome(shard->extents.back().log)) read_shard(*shard);
        events.note("a write could not be stored and was undone: the store is full or the disk failed");
    }
    for (const auto& [stream, shard, end] : group->touched) {
        if (!group->outcome(shard->extents.back().log)) {
            read_shard(*shard);
            continue;
        }
        shard->end = std::max(shard->end, end);
        if (!stream->deleted) arm_trim(*shard);
        shard->appended.fire();
    }
    group->done.fire();
}

const storage::Snapshot& Engine::State::snapshot() {
    if (!turn) turn = store.snapshot();
    if (!drop_posted) {
        drop_posted = true;
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) {
                self->drop_posted = false;
                self->turn.reset();
            }
        });
    }
    return *turn;
}

void Engine::State::start_write(std::shared_ptr<Group> mine) {
    for (const auto& [stream, shard] : mine->dirty)
        if (!stream->deleted)
            mine->writes.push_back({shard->extents.back().log, {shard_key(*stream, shard->index), running_value(*shard)}});
    const std::lock_guard lock{mutex};
    writing = std::move(mine);
    writer_done = false;
    wake.notify_all();
}

void Engine::State::write_loop() {
    std::unique_lock lock{mutex};
    for (;;) {
        wake.wait(lock, [this] { return stop_writer || (writing && !writer_done); });
        if (stop_writer) return;
        const auto mine = writing;
        lock.unlock();
        auto failed = write(*mine);
        lock.lock();
        written = std::move(failed);
        writer_done = true;
        wake.notify_all();
        asio::post(executor, [weak = weak_from_this()] {
            if (auto self = weak.lock()) self->collect_write();
        });
    }
}

// On the loop: takes what the writer finished and hands it the next group.
void Engine::State::collect_write() {
    std::shared_ptr<Group> mine;
    {
        const std::lock_guard lock{mutex};
        if (!writer_done) return;
        mine = std::exchange(writing, nullptr);
        mine->failed = std::move(written);
        writer_done = false;
    }
    finish(mine);
    if (open && !posted) start_write(std::exchange(open, nullptr));
}

}  // namespace sluice::streams
