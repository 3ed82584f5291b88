// What one run of compaction leaves of each batch, and when the next one is due, stepped by hand.
#include "emulator/streams/log/cleaning.h"

#include <doctest/doctest.h>

#include <limits>

#include "tests/support/compacted_topic.h"

namespace sluice::streams {
namespace {

using Texts = std::vector<std::string>;
using test::KeyedRecords;

struct Batch {
    Position first;
    batch::Blob bytes;
};
Batch at(Position first, const KeyedRecords& records, batch::BatchOptions options = {}) {
    options.base_offset = first;
    return {first, test::batch_of(records, 1000, options)};
}
batch::BatchOptions in_transaction(std::int64_t producer) { return test::by(producer, 0, true); }
Batch marker(Position first, std::int64_t producer) {
    auto options = in_transaction(producer);
    options.attributes = static_cast<std::int16_t>(options.attributes | batch::attribute::control);
    options.base_sequence = -1;
    return at(first, {{"type", "end"}}, options);
}

struct Cleaned {
    std::vector<Batch> log;
    std::int64_t horizon_ms;
    std::vector<Position> markers_gone;
    Texts lines() const {
        Texts all;
        for (const auto& [first, bytes] : log)
            for (auto& line : test::told(first, bytes)) all.push_back(std::move(line));
        return all;
    }
};
// All of the log is dirty.
Cleaned clean(const std::vector<Batch>& log, Cleaning::Options options = {}) {
    if (options.buffer_bytes == 0) options.buffer_bytes = 1 << 20;
    Cleaning run{std::move(options)};
    for (const auto& [first, bytes] : log) REQUIRE(run.learn(first, bytes));
    Cleaned out;
    for (const auto& one : log) {
        auto left = run.clean(one.first, one.bytes, &one == &log.back());
        if (left.what == Cleaning::Left::nothing) continue;
        out.log.push_back({one.first, left.what == Cleaning::Left::whole ? one.bytes : std::move(left.bytes)});
        CHECK(batch::parse_header(out.log.back().bytes)->crc == batch::checksum(out.log.back().bytes));
    }
    out.horizon_ms = run.horizon_ms();
    out.markers_gone = run.markers_gone();
    return out;
}

constexpr auto never = std::numeric_limits<std::int64_t>::max();
CompactionRules rules() {
    return {.max_lag_ms = never, .segment_ms = 10'000, .segment_bytes = 1000, .min_dirty_ratio = 0.5, .backoff_ms = 1000};
}

}   // namespace

TEST_CASE("of each key the record with the largest offset is left, at its offset") {
    const auto left = clean({at(0, {{"a", "1"}, {"b", "1"}, {"a", "2"}}), at(3, {{"b", "2"}, {"c", "1"}}), at(5, {{"a", "3"}})});
    CHECK(left.lines() == Texts{"3 b=2", "4 c=1", "5 a=3"});
    CHECK(left.horizon_ms == 0);
}

TEST_CASE("a batch keeps its base and last offset, its producer's numbers, its codec and the times of what is left") {
    for (const auto codec :
         {batch::Codec::none, batch::Codec::gzip, batch::Codec::snappy, batch::Codec::lz4, batch::Codec::zstd}) {
        CAPTURE(static_cast<int>(codec));
        auto options = test::by(7, 11);
        options.attributes = static_cast<std::int16_t>(codec);
        const auto left = clean({at(0, {{"a", "1"}, {"b", "1"}, {"a", "2"}}, options), at(3, {{"a", "3"}})});
        REQUIRE(left.lines() == Texts{"1 b=1", "3 a=3"});
        const auto header = *batch::parse_header(left.log[0].bytes);
        CHECK(header.base_offset == 0);
        CHECK(header.last_offset_delta == 2);
        CHECK(header.count == 1);
        CHECK(header.producer_id == 7);
        CHECK(header.base_sequence == 11);
        CHECK(header.codec() == codec);
        CHECK(header.max_timestamp == 1000);
    }
}

TEST_CASE("a record without a key, of before the topic was compacted, goes") {
    CHECK(clean({at(0, {{std::nullopt, "x"}, {"a", "1"}}), at(2, {{"b", "1"}})}).lines() == Texts{"1 a=1", "2 b=1"});
}

TEST_CASE("a tombstone is told when it goes, stays until then, and is gone in the first run afterwards") {
    const auto first = clean({at(0, {{"a", "1"}}), at(1, {{"a", {}}, {"b", "1"}}), at(3, {{"c", "1"}})},
                             {.now_ms = 5000, .delete_retention_ms = 600});
    CHECK(first.lines() == Texts{"1 a=null", "2 b=1", "3 c=1"});
    CHECK(first.horizon_ms == 5600);
    const auto header = *batch::parse_header(first.log[0].bytes);
    CHECK((header.attributes & batch::attribute::delete_horizon) != 0);
    CHECK(header.base_timestamp == 5600);
    batch::Blob scratch;
    REQUIRE(batch::read(first.log[0].bytes, scratch, [](const batch::Record& record) {
        CHECK(record.timestamp == 1000);   // its own time is as it was
        return true;
    }));
    const auto early = clean(first.log, {.now_ms = 5599, .delete_retention_ms = 600});
    CHECK(early.lines() == first.lines());
    CHECK(early.horizon_ms == 5600);
    const auto late = clean(early.log, {.now_ms = 5600, .delete_retention_ms = 600});
    CHECK(late.lines() == Texts{"2 b=1", "3 c=1"});
    CHECK(late.horizon_ms == 0);
}

TEST_CASE("the last batch of all and the last one of a producer stay without records, until they are the last no more") {
    const std::vector<Batch> log{at(0, {{"a", "1"}}, test::by(7, 0)), at(1, {{"a", "2"}}), at(2, {{"a", {}}})};
    const auto left = clean(log, {.now_ms = 5000, .delete_retention_ms = 10, .last_of_producers = {0}});
    CHECK(left.lines() == Texts{"0-0 empty", "2 a=null"});
    const auto empty = *batch::parse_header(left.log[0].bytes);
    CHECK(left.log[0].bytes.size() == batch::header_bytes);
    CHECK(empty.producer_id == 7);
    CHECK(empty.base_timestamp == -1);
    CHECK(empty.max_timestamp == 1000);
    const auto later = clean(left.log, {.now_ms = 6000, .last_of_producers = {0}});
    CHECK(later.lines() == Texts{"0-0 empty", "2-2 empty"});
    auto more = later.log;
    more.push_back(at(3, {{"b", "1"}}));
    CHECK(clean(more, {.now_ms = 6000}).lines() == Texts{"3 b=1"});
}

TEST_CASE("records of aborted transactions go and take no key's place; the marker goes a while after them") {
    const std::vector<Aborted> aborted{{.producer_id = 7, .first = 1, .last = 2, .stable = 3}};
    const auto first = clean({at(0, {{"a", "1"}}), at(1, {{"a", "2"}}, in_transaction(7)), marker(2, 7), at(3, {{"b", "1"}})},
                             {.now_ms = 5000, .delete_retention_ms = 600, .aborted = aborted});
    CHECK(first.lines() == Texts{"0 a=1", "2 marker", "3 b=1"});
    CHECK(first.markers_gone.empty());
    const auto second = clean(first.log, {.now_ms = 6000, .delete_retention_ms = 600, .aborted = aborted});
    CHECK(second.lines() == first.lines());
    CHECK(second.horizon_ms == 6600);
    const auto third = clean(second.log, {.now_ms = 6600, .delete_retention_ms = 600, .aborted = aborted});
    CHECK(third.lines() == Texts{"0 a=1", "3 b=1"});
    CHECK(third.markers_gone == std::vector<Position>{2});
}

TEST_CASE("the marker of a committed transaction stays while there is a record of it") {
    std::vector<Batch> log{at(0, {{"a", "1"}}, in_transaction(7)), marker(1, 7), at(2, {{"b", "1"}})};
    for (int run = 0; run < 3; ++run) {
        auto left = clean(log, {.now_ms = 5000 + run * 1000, .delete_retention_ms = 100});
        CHECK(left.lines() == Texts{"0 a=1", "1 marker", "2 b=1"});
        log = std::move(left.log);
    }
    log.push_back(at(3, {{"a", "2"}}));
    auto left = clean(log, {.now_ms = 9000, .delete_retention_ms = 100});
    CHECK(left.lines() == Texts{"1 marker", "2 b=1", "3 a=2"});
    left = clean(left.log, {.now_ms = 10'000, .delete_retention_ms = 100});
    left = clean(left.log, {.now_ms = 10'100, .delete_retention_ms = 100});
    CHECK(left.lines() == Texts{"2 b=1", "3 a=2"});
}

TEST_CASE("a batch that cannot be read stays as it is") {
    auto broken = at(1, {{"a", "2"}});
    broken.bytes.resize(broken.bytes.size() - 1);
    batch::store<std::int32_t>(broken.bytes.data() + batch::at::length,
                               static_cast<std::int32_t>(broken.bytes.size() - batch::before_length_ends));
    Cleaning run{{.buffer_bytes = 1 << 20}};
    CHECK(run.learn(1, broken.bytes));
    CHECK(run.clean(1, broken.bytes, false).what == Cleaning::Left::whole);
}

TEST_CASE("a run ends in front of the batch whose keys its table has no room for, but takes one in any case") {
    Cleaning run{{.buffer_bytes = 1}};   // the smallest table: 1024 slots, nine tenths of them
    KeyedRecords many;
    for (int i = 0; i < 2000; ++i) many.push_back({fmt::format("k{}", i), "v"});
    CHECK(run.learn(0, at(0, many).bytes));
    CHECK_FALSE(run.learn(2000, at(2000, {{"a", "1"}}).bytes));
    CHECK(run.clean(0, at(0, many).bytes, false).what == Cleaning::Left::whole);
}

TEST_CASE("a run is due when enough is dirty and a segment is full or old, at a multiple of the backoff") {
    CHECK_FALSE(next_run_ms(rules(), {}, 0));
    CHECK(next_run_ms(rules(), {.dirty_bytes = 1000, .first_ms = 500}, 500) == 1000);
    CHECK(next_run_ms(rules(), {.dirty_bytes = 1000, .first_ms = 500}, 7500) == 8000);
    CHECK(next_run_ms(rules(), {.dirty_bytes = 999, .first_ms = 500}, 500) == 11'000);
    CHECK_FALSE(next_run_ms(rules(), {.dirty_bytes = 1000, .clean_bytes = 1000, .first_ms = 500}, 500));
    CHECK(next_run_ms(rules(), {.dirty_bytes = 1001, .clean_bytes = 1000, .first_ms = 500}, 500) == 1000);
    auto lagging = rules();
    lagging.min_lag_ms = 30'000;
    CHECK(next_run_ms(lagging, {.dirty_bytes = 1000, .first_ms = 500}, 500) == 31'000);
    auto forced = rules();
    forced.max_lag_ms = 3'000;
    CHECK(next_run_ms(forced, {.dirty_bytes = 1, .clean_bytes = 1000, .first_ms = 500}, 500) == 4'000);
    CHECK(next_run_ms(rules(), {.clean_bytes = 1000, .horizon_ms = 70'000}, 500) == 70'000);
}

}   // namespace sluice::streams
