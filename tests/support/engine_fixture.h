// A whole engine on memory and time that moves when told to: what every engine test starts from. Nothing here waits for real.
// With SLUICE_TEST_STORE=disk the same tests run on LMDB, which is closed and opened with each restart.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/streams/engine.h"
#include "protocol/batch/builder.h"
#include "storage/failing.h"
#include "tests/storage/places.h"

namespace sluice::test {

using namespace std::chrono_literals;
using streams::Engine;
using streams::Fault;
using streams::Shard;

inline batch::Blob batch_of(const std::vector<std::string>& values, std::int64_t timestamp_ms, batch::BatchOptions options = {}) {
    std::vector<batch::Record> records;
    for (const auto& value : values) {
        auto& record = records.emplace_back();
        record.timestamp = timestamp_ms;
        record.key = std::as_bytes(std::span{std::string_view{"k"}});
        record.value = std::as_bytes(std::span{value});
    }
    return batch::build(records, options);
}

// A bucket's balance then, which a look at it does not change.
inline std::int64_t balance_of(streams::Bucket bucket, Time now) { return bucket.balance_thousandths(now); }

struct World {
    explicit World(streams::EngineOptions with = {}) : options(std::move(with)) { start(); }

    // A restart: what is not in the store is gone.
    void open() {
        engine.reset();
        if (disk) store.reopen([this] { return open_store(); });
        start();
    }
    void start() {
        io = std::make_unique<asio::io_context>();
        engine = std::make_unique<Engine>(io->get_executor(), store, time, chance, options);
    }
    // Runs everything that is ready, commits included; what threads were asked for is waited for.
    void settle() {
        engine->default_world().clock->run_due();
        io->restart();
        if (options.reads_on_thread)
            io->run();
        else
            io->poll();
    }
    Clock& clock() { return *engine->default_world().clock; }
    streams::StreamPointer create(std::string name, std::int32_t shards = 1, std::string profile = "kinesis") {
        Engine::NewStream wanted;
        wanted.name = std::move(name);
        wanted.shards = shards;
        if (profile == "kinesis") wanted.manners = streams::Manners::kinesis;
        wanted.profile = std::move(profile);
        auto made = engine->create(engine->default_world(), wanted);
        settle();
        return made ? made->stream : nullptr;
    }
    // Queues only; what comes back tells whether it was taken. The bytes live as long as the world.
    streams::Result<streams::Queued> queue(const Shard& shard, const std::vector<std::string>& values,
                                           batch::BatchOptions as = {}) {
        const auto now_ms = to_ms(clock().now());
        auto& bytes = *kept.emplace_back(std::make_unique<batch::Blob>(batch_of(values, now_ms, as)));
        streams::Append append;
        append.batch = bytes;
        append.records = static_cast<std::uint32_t>(values.size());
        for (const auto& value : values) append.payload_bytes += value.size() + 1;
        append.max_timestamp_ms = now_ms;
        append.producer_id = as.producer_id;
        append.producer_epoch = as.producer_epoch;
        append.base_sequence = as.base_sequence;
        append.transactional = (as.attributes & batch::attribute::transactional) != 0;
        return engine->append(shard, append);
    }
    // Appends and waits for the commit; false when it failed.
    bool put(const Shard& shard, const std::vector<std::string>& values, batch::BatchOptions as = {}) {
        const auto queued = queue(shard, values, as);
        if (!queued) return false;
        return wait(queued->ticket);
    }
    bool wait(const streams::Ticket& ticket) {
        std::optional<bool> answer;
        auto waiting = [](streams::Ticket mine, std::optional<bool>& out) -> Task<void> {
            const auto done = co_await mine.committed();
            out = done.has_value();
        };
        auto task = waiting(ticket, answer);
        asio::co_spawn(*io, std::move(task), asio::detached);
        settle();
        return answer.value_or(false);
    }
    // All values a reader sees from there on.
    std::vector<std::string> values(const Shard& shard, streams::Position from = 0) {
        std::vector<std::string> seen;
        for (;;) {
            const auto at_hand = engine->chunk_at_hand(shard, from, {100, 1 << 20});
            if (!at_hand) {
                settle();
                continue;
            }
            const auto& read = *at_hand;
            if (!read || read->records.empty()) return seen;
            for (const auto& record : read->records)
                seen.emplace_back(reinterpret_cast<const char*>(record.value->data()), record.value->size());
            from = read->next;
        }
    }

    std::unique_ptr<storage::Store> open_store() const {
        return disk ? storage::open_lmdb({.folder = disk->path, .map_bytes = std::uint64_t{1} << 30}) : storage::open_memory();
    }
    static std::unique_ptr<storage::TempFolder> place() {
        const char* where = std::getenv("SLUICE_TEST_STORE");
        return where && std::string_view{where} == "disk" ? std::make_unique<storage::TempFolder>() : nullptr;
    }

    streams::EngineOptions options;
    ManualTime time;
    Random chance{42};
    std::unique_ptr<storage::TempFolder> disk = place();
    storage::FailingStore store{open_store()};
    std::vector<std::unique_ptr<batch::Blob>> kept;   // outlives the engine, which commits at its end
    std::unique_ptr<asio::io_context> io;
    std::unique_ptr<Engine> engine;
};

}   // namespace sluice::test
