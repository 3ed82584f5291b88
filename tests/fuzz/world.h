// A whole engine on memory and time that moves when told to, for the targets that reach it.
#pragma once

#include "emulator/streams/engine.h"
#include "protocol/batch/builder.h"
#include "tests/fuzz/target.h"

namespace sluice::fuzz {

struct World {
    asio::io_context io;
    ManualTime time;
    Random random{7};
    std::unique_ptr<storage::Store> store = storage::open_memory(std::uint64_t{256} << 20);
    std::vector<std::unique_ptr<batch::Blob>> kept;   // what is queued and not yet committed
    std::unique_ptr<streams::Engine> engine;

    // Throws StartError when the store holds no sound catalog.
    void open() { engine = std::make_unique<streams::Engine>(io.get_executor(), *store, time, random, streams::EngineOptions{}); }
    streams::World& world() { return engine->default_world(); }
    Clock& clock() { return *world().clock; }
    void turn() {
        for (int i = 0; i < 4; ++i) {
            io.restart();
            io.poll();
        }
    }
    void pass(milliseconds span) {
        time.move(span);
        clock().run_due();
        turn();
    }
    streams::StreamPointer create(const std::string& name, std::int32_t shards, const std::string& profile) {
        streams::Engine::NewStream wanted;
        wanted.name = name;
        wanted.shards = shards;
        wanted.profile = profile;
        if (profile == "kinesis") wanted.manners = streams::Manners::kinesis;
        const auto made = engine->create(world(), wanted);
        must(made.has_value(), "a stream can be made");
        turn();
        return made->stream;
    }
    void put(const streams::Shard& shard, const std::string& value) {
        batch::Record record;
        record.timestamp = to_ms(clock().now());
        record.key = bytes_of("k");
        record.value = bytes_of(value);
        auto& bytes = *kept.emplace_back(std::make_unique<batch::Blob>(batch::build(std::span{&record, 1})));
        streams::Append append;
        append.batch = bytes;
        append.records = 1;
        append.payload_bytes = value.size() + 1;
        append.max_timestamp_ms = record.timestamp;
        (void)engine->append(shard, append);
        turn();
    }
    // What memory says after all that happened is what a fresh start reads from the store.
    void same_after_restart() {
        const auto before = engine->dump();
        engine.reset();
        open();
        const auto now = engine->dump();
        if (now == before) return;
        const auto parting = std::ranges::mismatch(before, now).in1 - before.begin();
        const auto from = before.rfind('\n', static_cast<std::size_t>(parting)) + 1;
        std::fprintf(stderr, "before: %.600s\nafter:  %.600s\n", before.c_str() + from, now.c_str() + from);
        must(false, "a restart finds what was there before");
    }
};

}   // namespace sluice::fuzz
