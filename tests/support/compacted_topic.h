// One shard of a compacted topic, with the words that tests of compaction need: records with keys, tombstones, and what of the
// log is there in the end. A run takes its steps on the loop unless a test says otherwise.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "emulator/streams/log/joined.h"
#include "protocol/batch/reader.h"
#include "tests/support/engine_fixture.h"

namespace sluice::test {

struct KeyedRecord {
    std::optional<std::string> key, value;
};
using KeyedRecords = std::vector<KeyedRecord>;

inline std::optional<batch::Bytes> bytes_of(const std::optional<std::string>& text) {
    if (!text) return {};
    return std::as_bytes(std::span{*text});
}
inline std::string text_of(const std::optional<batch::Bytes>& bytes) {
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size()) : "null";
}

inline batch::Blob batch_of(const KeyedRecords& records, std::int64_t timestamp_ms, batch::BatchOptions options = {}) {
    std::vector<batch::Record> all;
    for (const auto& [key, value] : records) {
        auto& record = all.emplace_back();
        record.timestamp = timestamp_ms;
        record.key = bytes_of(key);
        record.value = bytes_of(value);
    }
    return batch::build(all, options);
}

// "3 a=1": the offset, the key and the value of each record; a batch without records as "3-4 empty"; a marker as "5 marker".
inline std::vector<std::string> told(std::int64_t first, batch::Bytes bytes) {
    const auto header = batch::parse_header(bytes);
    std::vector<std::string> lines;
    if (!header) return {"no batch"};
    if (header->control()) return {fmt::format("{} marker", first)};
    if (header->count == 0) return {fmt::format("{}-{} empty", first, first + header->last_offset_delta)};
    batch::Blob scratch;
    const auto read = batch::read(bytes, scratch, [&](const batch::Record& record) {
        lines.push_back(fmt::format("{} {}={}", first + record.offset_delta, text_of(record.key), text_of(record.value)));
        return true;
    });
    if (!read) lines.emplace_back("unreadable");
    return lines;
}

struct CompactedTopic : World {
    static constexpr std::int64_t hour_ms = 3'600'000;
    // As soon as anything is dirty, at the next full second.
    static streams::CompactionRules eager() {
        return {.delete_retention_ms = hour_ms,
                .max_lag_ms = std::numeric_limits<std::int64_t>::max(),
                .segment_bytes = 1,
                .buffer_bytes = 1 << 20,
                .backoff_ms = 1000};
    }

    explicit CompactedTopic(streams::CompactionRules rules = eager(), streams::EngineOptions with = {}) : World(std::move(with)) {
        clock().freeze();
        Engine::NewStream wanted;
        wanted.name = "s";
        wanted.profile = "kafka";
        wanted.retention_for_ever = true;
        wanted.compaction = rules;
        stream = engine->create(engine->default_world(), wanted)->stream;
        settle();
    }
    const Shard& shard() const { return *stream->shard(0); }
    streams::Bounds bounds() const { return engine->bounds(shard()); }
    bool write(const Shard& to, const KeyedRecords& records, batch::BatchOptions as = {}) {
        const auto now_ms = to_ms(clock().now());
        auto& bytes = *kept.emplace_back(std::make_unique<batch::Blob>(batch_of(records, now_ms, as)));
        streams::Append append;
        append.batch = bytes;
        append.records = static_cast<std::uint32_t>(records.size());
        append.max_timestamp_ms = now_ms;
        append.producer_id = as.producer_id;
        append.producer_epoch = as.producer_epoch;
        append.base_sequence = as.base_sequence;
        append.transactional = (as.attributes & batch::attribute::transactional) != 0;
        const auto queued = engine->append(to, append);
        return queued && wait(queued->ticket);
    }
    bool write(const KeyedRecords& records, batch::BatchOptions as = {}) { return write(shard(), records, as); }
    bool end(std::int64_t producer, bool commit) {
        const auto ended = engine->end_transaction(shard(), {.producer_id = producer, .producer_epoch = 0, .commit = commit});
        return ended && wait(*ended);
    }
    void pass(milliseconds span) {
        clock().advance(span);
        for (int runs = 0; runs < 5; ++runs) settle();   // one that was due while another went on begins behind it
    }
    std::vector<std::string> log(const Shard& of, streams::Position from = 0) {
        std::vector<std::string> all;
        const auto done = engine->read(of, from, streams::Isolation::uncommitted, [&](const storage::EntryView& entry) {
            for (auto& line : told(entry.first, streams::joined(entry))) all.push_back(std::move(line));
            return true;
        });
        if (!done) all.emplace_back("unreadable");
        return all;
    }
    std::vector<std::string> log() { return log(shard()); }
    void settle_all() {   // with a thread that compacts
        clock().run_due();
        io->restart();
        io->run();
    }
    void restart() {
        stream.reset();
        open();
        stream = engine->find(engine->default_world(), "s");
        settle();
    }

    streams::StreamPointer stream;
};

inline batch::BatchOptions by(std::int64_t producer, std::int32_t sequence, bool transactional = false) {
    return {.attributes = transactional ? batch::attribute::transactional : std::int16_t{0},
            .producer_id = producer,
            .producer_epoch = 0,
            .base_sequence = sequence};
}

}   // namespace sluice::test
