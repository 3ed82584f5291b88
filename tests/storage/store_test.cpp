// The promise of store.h, said once and kept by both stores.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "storage/failing.h"
#include "tests/storage/places.h"

using namespace sluice::storage;

namespace {
constexpr LogId one{1}, two{2}, three{3};
}

TEST_CASE_TEMPLATE("a log counts its records from where it began and forgets only its oldest", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.append(one, entry(0, 2, "ab"));
    b.append(one, entry(2, 1, "c"));
    b.append(two, entry(100, 3, "xyz"));
    REQUIRE(store->commit(b));
    auto s = store->snapshot();
    CHECK(s->bounds(one) == Bounds{0, 3});
    CHECK(s->bounds(two) == Bounds{100, 103});
    CHECK(s->bounds(three) == Bounds{0, 0});
    CHECK(told(*s, one, 0) == "0+2 ab, 2+1 c");
    CHECK(told(*s, two, 0) == "100+3 xyz");
    CHECK(told(*s, three, 0) == "");

    Batch t;
    t.trim(one, 2);
    REQUIRE(store->commit(t));
    s = store->snapshot();
    CHECK(s->bounds(one) == Bounds{2, 3});
    CHECK(told(*s, one, 0) == "2+1 c");
}

TEST_CASE_TEMPLATE("reading begins with the entry that contains the position", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.append(one, entry(0, 10, "first"));
    b.append(one, entry(10, 5, "second"));
    b.append(one, entry(20, 1, "after a gap"));
    REQUIRE(store->commit(b));
    auto s = store->snapshot();
    CHECK(told(*s, one, 9) == "0+10 first, 10+5 second, 20+1 after a gap");
    CHECK(told(*s, one, 10) == "10+5 second, 20+1 after a gap");
    CHECK(told(*s, one, 15) == "20+1 after a gap");
    CHECK(told(*s, one, 21) == "");
    CHECK(told(*s, one, 1'000'000) == "");
}

TEST_CASE_TEMPLATE("a trim into an entry keeps that entry and moves the bounds", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.append(one, entry(0, 10, "0123456789"));
    b.append(one, entry(10, 2, "ab"));
    b.trim(one, 4);
    REQUIRE(store->commit(b));
    auto s = store->snapshot();
    CHECK(s->bounds(one) == Bounds{4, 12});
    CHECK(told(*s, one, 0) == "0+10 0123456789, 10+2 ab");
    CHECK(s->live_bytes(one) == 12);
    CHECK(s->find_appended(one, 0) == 4);
}

TEST_CASE_TEMPLATE("a trim beyond the end empties the log, which goes on where it was", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.append(one, entry(0, 7, "seven"));
    REQUIRE(store->commit(b));
    b.clear();
    b.trim(one, 1'000);
    b.trim(two, 5);   // a log that is not there
    REQUIRE(store->commit(b));
    while (store->sweep(1).value()) {
    }
    CHECK(store->snapshot()->bounds(one) == Bounds{7, 7});
    CHECK(store->snapshot()->live_bytes(one) == 0);
    CHECK(store->snapshot()->bounds(two) == Bounds{0, 0});
    b.clear();
    b.append(one, entry(7, 1, "eighth"));
    REQUIRE(store->commit(b));
    CHECK(told(*store->snapshot(), one, 0) == "7+1 eighth");
    CHECK(store->snapshot()->live_bytes(one) == 6);
}

TEST_CASE_TEMPLATE("an entry of any size comes back as it was, whatever lies around it", Where, InMemory, OnDisk) {
    Where store;
    const std::size_t sizes[] = {0, 1, 3'951, 3'984, 3'985, 4'016, 4'096, 16'384, 65'520, 70'000, 1'048'576, 330, 2'500'000, 5};
    std::vector<std::string> kept;
    Position at = 0;
    for (bool together : {false, true}) {
        Batch b;
        std::vector<std::string> data;
        for (auto size : sizes) data.emplace_back(size, static_cast<char>('a' + data.size()));
        for (auto& d : data) {
            auto e = entry(at++, 1, d);
            e.pieces = {bytes(d).first(d.size() / 3), bytes(d).subspan(d.size() / 3)};
            b.append(one, e);
            kept.push_back(d);
            if (!together) {
                REQUIRE(store->commit(b));
                b.clear();
            }
        }
        REQUIRE(store->commit(b));
    }
    auto s = store->snapshot();
    for (std::size_t from = 0; from < kept.size(); ++from) {
        auto next = from;
        CHECK(s->read(one, static_cast<Position>(from), [&](const EntryView& e) {
            CHECK(e.first == static_cast<Position>(next));
            CHECK(e.size() == kept[next].size());
            CHECK((text(e) == kept[next]));
            ++next;
            return true;
        }));
        CHECK(next == kept.size());
    }
}

TEST_CASE("a reader of many small entries takes those of a page as one row; what it refuses it is shown one by one") {
    OnDisk store;
    std::string all;
    for (Position p = 0; p < 1'000; p += 10) {   // in batches, so that pages are filled up by several
        Batch b;
        std::vector<std::string> data;
        for (Position i = p; i < p + 10; ++i)
            data.push_back(std::to_string(i) + std::string(static_cast<std::size_t>(i % 300), '.'));
        for (Position i = 0; i < 10; ++i) b.append(one, entry(p + i, 1, data[static_cast<std::size_t>(i)]));
        REQUIRE(store->commit(b));
        for (const auto& text : data) all += text;
    }
    const auto s = store->snapshot();
    std::size_t visited = 0;
    CHECK(in_a_row(*s, one, 0, 1'000, &visited) == all);
    CHECK(visited < 120);   // those of the first page, and one a page that goes on in the next
    for (const Position until : {1, 17, 500, 501, 502, 999}) {
        std::string some;
        (void)s->read(one, 0, [&](const EntryView& e) { return e.first < until && (some += text(e), true); });
        CHECK(in_a_row(*s, one, 0, until) == some);
    }
    std::size_t shown = 0;
    const auto show = [&](const EntryView&) { return ++shown, true; };
    CHECK(s->read(one, 0, show, [](const RowView&) { return false; }));
    CHECK(shown == 1'000);
}

TEST_CASE_TEMPLATE("a reader stops when it says so", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    for (Position p = 0; p < 100; ++p) b.append(one, entry(p, 1, "x"));
    REQUIRE(store->commit(b));
    int seen = 0;
    CHECK(store->snapshot()->read(one, 40, [&](const EntryView& e) { return ++seen, e.first < 42; }));
    CHECK(seen == 3);
}

TEST_CASE_TEMPLATE("positions are found by append time and by record time", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.append(one, entry(0, 2, "a", 1'000, 5'000));
    b.append(one, entry(2, 3, "b", 1'000, 4'000));
    b.append(one, entry(5, 1, "c", 2'000, 9'000));
    b.append(one, entry(6, 1, "d", 3'000, 6'000));
    REQUIRE(store->commit(b));
    auto s = store->snapshot();
    CHECK(s->find_appended(one, 0) == 0);
    CHECK(s->find_appended(one, 1'000) == 0);
    CHECK(s->find_appended(one, 1'001) == 5);
    CHECK(s->find_appended(one, 3'000) == 6);
    CHECK(s->find_appended(one, 3'001) == 7);
    CHECK(s->find_timestamp(one, 5'000) == 0);
    CHECK(s->find_timestamp(one, 5'001) == 5);
    CHECK(s->find_timestamp(one, 9'001) == 7);
    CHECK(s->find_appended(two, 1) == 0);
    CHECK(s->find_timestamp(two, 1) == 0);

    b.clear();
    b.trim(one, 6);   // the largest timestamp is gone with it
    REQUIRE(store->commit(b));
    s = store->snapshot();
    CHECK(s->find_timestamp(one, 6'000) == 6);
    CHECK(s->find_timestamp(one, 6'001) == 7);
    CHECK(s->find_appended(one, 0) == 6);
}

TEST_CASE_TEMPLATE("a thousand entries are found by time with their neighbours left alone", Where, InMemory, OnDisk) {
    Where store;
    const std::string data(700, 'x');
    for (Position p = 0; p < 1'000; ++p) {
        Batch b;
        b.append(one, entry(p * 10, 10, data, p * 100, p * 100 + 50));
        REQUIRE(store->commit(b));
    }
    auto s = store->snapshot();
    CHECK(s->find_appended(one, 45'600) == 4'560);
    CHECK(s->find_appended(one, 45'601) == 4'570);
    CHECK(s->find_timestamp(one, 45'650) == 4'560);
    CHECK(s->find_timestamp(one, 45'651) == 4'570);
    CHECK(s->live_bytes(one) == 700'000);
    Batch b;
    b.trim(one, 4'565);
    REQUIRE(store->commit(b));
    CHECK(store->snapshot()->live_bytes(one) == 544 * 700);
}

TEST_CASE_TEMPLATE("the last log is the one with the greatest number that holds something", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.put("key", "value");
    REQUIRE(store->commit(b));
    CHECK(store->snapshot()->last_log() == std::nullopt);
    b.clear();
    b.append(LogId{0x1FF}, entry(0, 1, "x"));
    b.append(LogId{3}, entry(0, 1, "x"));
    REQUIRE(store->commit(b));
    CHECK(store->snapshot()->last_log() == LogId{0x1FF});
    b.clear();
    b.drop(LogId{0x1FF});
    REQUIRE(store->commit(b));
    while (*store->sweep(10)) {
    }
    CHECK(store->snapshot()->last_log() == LogId{3});
}

TEST_CASE_TEMPLATE("the table keeps values by key and is scanned in byte order", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.put("a/2", "two");
    b.put("a/1", "one");
    b.put(std::string("a/\xff\0", 4), "bytes");
    b.put("b", std::string(100'000, 'v'));
    REQUIRE(store->commit(b));
    auto s = store->snapshot();
    CHECK(s->get("a/1") == "one");
    CHECK(s->get("a") == std::nullopt);
    CHECK(s->get("b")->size() == 100'000);
    std::string seen;
    s->scan("a/", [&](std::string_view, std::string_view v) { return seen += v, seen += ' ', true; });
    CHECK(seen == "one two bytes ");
    seen.clear();
    s->scan("", [&](std::string_view k, std::string_view) { return seen = k, false; });
    CHECK(seen == "a/1");
    CHECK(s->key_before("a/1") == std::nullopt);
    CHECK(s->key_before("a/2") == "a/1");
    CHECK(s->key_before("a/3") == "a/2");
    CHECK(s->key_before("zzz") == "b");

    Batch e;
    e.erase("a/1");
    e.erase("never there");
    e.put("a/2", "zwei");
    REQUIRE(store->commit(e));
    CHECK(s->get("a/1") == "one");   // the old snapshot
    CHECK(store->snapshot()->get("a/1") == std::nullopt);
    CHECK(store->snapshot()->get("a/2") == "zwei");
}

TEST_CASE_TEMPLATE("a snapshot sees what was committed when it was taken", Where, InMemory, OnDisk) {
    Where store;
    Batch b;
    b.append(one, entry(0, 1, "a"));
    b.append(two, entry(0, 1, "b"));
    REQUIRE(store->commit(b));
    auto before = store->snapshot();
    b.clear();
    b.append(one, entry(1, 1, "later"));
    b.trim(one, 1);
    b.drop(two);
    REQUIRE(store->commit(b));
    while (store->sweep(100).value()) {
    }
    CHECK(told(*before, one, 0) == "0+1 a");
    CHECK(told(*before, two, 0) == "0+1 b");
    CHECK(told(*store->snapshot(), one, 0) == "1+1 later");
    CHECK(store->snapshot()->bounds(two) == Bounds{0, 0});
}

TEST_CASE_TEMPLATE("a dropped log is gone at once and its space in slices", Where, InMemory, OnDisk) {
    Where store;
    const std::string data(60'000, 'x');
    for (Position p = 0; p < 50; ++p) {
        Batch b;
        b.append(one, entry(p, 1, data));
        REQUIRE(store->commit(b));
    }
    Batch b;
    b.drop(one);
    b.drop(three);
    REQUIRE(store->commit(b));
    CHECK(store->snapshot()->bounds(one) == Bounds{0, 0});
    CHECK(told(*store->snapshot(), one, 0) == "");
    CHECK(store->snapshot()->find_appended(one, 0) == 0);
    CHECK(store->stats().sweeping);
    CHECK(store->stats().used_bytes > 3'000'000);
    int slices = 1;
    while (store->sweep(10).value()) ++slices;
    CHECK(slices >= 5);
    CHECK(store->stats().used_bytes < 100'000);
    CHECK_FALSE(store->stats().sweeping);
    CHECK_FALSE(store->sweep(10).value());
}

TEST_CASE_TEMPLATE("a full store refuses writes, still reads, trims and drops, and takes writes again after a sweep", Where,
                   InMemory, OnDisk) {
    Where store(8 << 20);
    const std::string data(100'000, 'x'), small(330, 's');
    Position end = 0;
    Result<void> done;
    auto write = [&](LogId log, Position first, const std::string& d) {
        Batch b;
        b.append(log, entry(first, 1, d));
        b.put("last", std::to_string(first));
        return store->commit(b);
    };
    REQUIRE(write(two, 0, data));
    while ((done = write(one, end, data))) REQUIRE(++end < 100);
    CHECK(done.error() == Error::no_space);
    CHECK(end > 60);
    for (Position p = 1; (done = write(two, p, small)); ++p) REQUIRE(p < 100'000);
    CHECK(done.error() == Error::no_space);
    const auto end_two = store->snapshot()->bounds(two).end;
    for (int i = 0; i < 100; ++i) CHECK_FALSE(write(two, end_two, small));
    CHECK(store->stats().used_bytes <= store->stats().capacity_bytes);   // the reserve is for trims
    CHECK(store->snapshot()->bounds(one) == Bounds{0, end});
    CHECK(store->snapshot()->get("last") == std::to_string(end_two - 1));

    for (Position before = 1; before <= end / 2; ++before) {
        Batch b;
        b.trim(one, before);
        b.erase("nothing");
        REQUIRE(store->commit(b));
    }
    Batch b;
    b.drop(two);
    REQUIRE(store->commit(b));
    while (store->sweep(3).value()) {
    }
    REQUIRE(write(one, end, data));
    REQUIRE(write(one, end + 1, data));
    CHECK(store->snapshot()->bounds(one) == Bounds{end / 2, end + 2});
    CHECK(store->stats().used_bytes <= store->stats().capacity_bytes);
}

TEST_CASE_TEMPLATE("readers in other threads see whole commits while one thread writes", Where, InMemory, OnDisk) {
    Where store;
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0, seen = 0;
    auto reader = [&] {
        while (!stop) {
            auto s = store->snapshot();
            const auto a = s->bounds(one), b = s->bounds(two);
            Position last = a.begin;
            const auto done = s->read(one, a.begin, [&](const EntryView& e) { return last = e.first + e.count, true; });
            if (!done || a != b || last != a.end) ++wrong;
            ++seen;
        }
    };
    std::thread r1(reader), r2(reader);
    const std::string data(3'000, 'x');
    for (Position p = 0; p < 500 || seen < 100; ++p) {
        Batch b;
        b.append(one, entry(p, 1, data));
        b.append(two, entry(p, 1, "y"));
        if (p > 100) {
            b.trim(one, p - 100);
            b.trim(two, p - 100);
        }
        if (!store->commit(b) || !store->sweep(5)) ++wrong;
    }
    stop = true;
    r1.join();
    r2.join();
    CHECK(wrong == 0);
}

TEST_CASE("the failing store fails the commit it was told to and leaves nothing of it") {
    FailingStore store(open_memory());
    store.fail(2, Error::no_space);
    Batch b;
    b.put("k", "1");
    CHECK(store.commit(b));
    b.puts[0].value = "2";
    CHECK(store.commit(b).error() == Error::no_space);
    CHECK(store.snapshot()->get("k") == "1");
    b.puts[0].value = "3";
    CHECK(store.commit(b));
    CHECK(store.snapshot()->get("k") == "3");
    CHECK(store.commits() == 3);
}

TEST_CASE_TEMPLATE("bringing pages changes nothing that is read, and says up to where whole entries were brought", Where,
                   InMemory, OnDisk) {
    Where store;
    Batch batch;
    const std::string data(10'000, 'x');   // two blocks and a half
    for (Position i = 0; i < 100; ++i) batch.append(LogId{7}, entry(i, 1, data));
    REQUIRE(store->commit(batch));
    const bool disk = std::is_same_v<Where, OnDisk>;
    const auto some = store->warm(LogId{7}, 0, 100'000);
    CHECK(some.middle == (disk ? 4 : log_end));
    CHECK(some.before == (disk ? 10 : log_end));
    CHECK(store->warm(LogId{7}, 50, 1).before == (disk ? 51 : log_end));   // at least one entry
    CHECK(store->warm(LogId{7}, 95, 1 << 20).before == log_end);           // nothing is behind
    CHECK(store->warm(LogId{8}, 0, 1 << 20).before == log_end);
    Batch trimmed;
    trimmed.trim(LogId{7}, 90);
    REQUIRE(store->commit(trimmed));
    CHECK(store->warm(LogId{7}, 0, 20'000).before == (disk ? 92 : log_end));
    CHECK(store->snapshot()->bounds(LogId{7}) == Bounds{90, 100});
}
