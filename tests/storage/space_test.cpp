// Space in the file: sweeping that keeps up with writers, free pages that are found again, and the compaction that gives them
// back.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "tests/storage/places.h"

using namespace sluice::storage;

namespace {

constexpr LogId one{1}, two{2};

void fill(Store& store, LogId log, Position from, Position to, std::size_t size) {
    const std::string data(size, 'x');
    for (auto p = from; p < to; ++p) {
        Batch b;
        b.append(log, entry(p, 1, data));
        REQUIRE(store.commit(b));
    }
}

std::uint64_t file_size(const OnDisk& disk) { return std::filesystem::file_size(disk.folder.path + "/data.mdb"); }

// A file that holds much more than is kept: log one up to 400 with its last 100 left, and a key.
void make_sparse(OnDisk& disk) {
    fill(*disk.store, one, 0, 400, 50'000);
    Batch b;
    b.trim(one, 300);
    b.put("key", "value");
    REQUIRE(disk->commit(b));
    while (disk->sweep(100).value()) {
    }
}

void check_sparse(Store& store) {
    CHECK(store.snapshot()->bounds(one) == Bounds{300, 400});
    CHECK(store.snapshot()->get("key") == "value");
    Position next = 300;
    CHECK(store.snapshot()->read(one, 0,
                                 [&](const EntryView& e) { return e.first == next++ && text(e) == std::string(50'000, 'x'); }));
    CHECK(next == 400);
}

}   // namespace

TEST_CASE("a writer sweeps along: turned over ten times without a sweep of its own, the file stays below twice what is kept") {
    for (const auto durability : {Durability::process, Durability::power}) {
        OnDisk disk;
        disk.store.reset();
        disk.options.durability = durability;
        disk.reopen();
        const std::string data(100'000, 'x');
        for (Position p = 0; p < 1'000; ++p) {
            Batch b;
            b.append(one, entry(p, 1, data));
            if (p >= 100) b.trim(one, p - 100);
            REQUIRE(disk->commit(b));
        }
        CHECK(file_size(disk) < 20'000'000);
        CHECK(disk->snapshot()->bounds(one) == Bounds{899, 1'000});
    }
}

TEST_CASE("free pages are counted, with their longest run and their largest record") {
    OnDisk disk;
    make_sparse(disk);
    const auto free = disk->free_space();
    CHECK(free.whole);
    CHECK(free.pages > 3'600);
    CHECK(free.pages < 4'500);
    CHECK(free.longest_run >= 1'000);   // one log written in a row, trimmed in a row
    CHECK(free.longest_run <= free.pages);
    CHECK(free.records >= 30);
    CHECK(free.largest_record >= 25);
    CHECK(free.largest_record < 500);
    CHECK(disk->stats().snapshots == 0);
    const auto snapshot = disk->snapshot();
    CHECK(disk->stats().snapshots == 1);
}

TEST_CASE("compaction gives back what is free and keeps the rest") {
    OnDisk disk;
    make_sparse(disk);
    disk.store.reset();
    std::uint64_t told_last = 0, told_all = 0;
    const auto done = compact_lmdb(disk.options, [&](std::uint64_t n, std::uint64_t all) {
        CHECK(n >= told_last);
        told_last = n;
        told_all = all;
    });
    CHECK(told_last == told_all);
    CHECK(done.bytes_before > 20'000'000);
    CHECK(done.bytes_after < 6'000'000);
    CHECK(done.bytes_after == file_size(disk));
    CHECK_FALSE(std::filesystem::exists(disk.folder.path + "/data.mdb.new"));
    disk.reopen();
    CHECK(disk->free_space().pages == 0);
    check_sparse(*disk.store);
    fill(*disk.store, one, 400, 410, 50'000);
    fill(*disk.store, two, 0, 10, 50'000);
    CHECK(disk->snapshot()->bounds(one) == Bounds{300, 410});
}

TEST_CASE("a folder in use is not compacted, and neither is one that holds nothing") {
    OnDisk disk;
    CHECK_THROWS_WITH_AS(compact_lmdb(disk.options), doctest::Contains("is in use by the server with pid"), StartError);
    TempFolder empty;
    CHECK_THROWS_WITH_AS(compact_lmdb({.folder = empty.path}), doctest::Contains("holds no data.mdb"), StartError);
    CHECK(std::filesystem::is_empty(empty.path));
}

TEST_CASE("a compaction killed half-way leaves the old file, and the next start clears away what it had begun") {
    OnDisk disk;
    make_sparse(disk);
    fill(*disk.store, two, 0, 2'000, 10'000);   // so that there are several steps
    disk.store.reset();
    const auto before = file_size(disk);
    for (int step = 1; step <= 2; ++step) {
        const auto child = fork();
        if (child == 0) {
            compact_lmdb(disk.options, [left = step](std::uint64_t, std::uint64_t) mutable {
                if (--left == 0) kill(getpid(), SIGKILL);
            });
            _exit(0);
        }
        int status = 0;
        waitpid(child, &status, 0);
        REQUIRE(WIFSIGNALED(status));
        CHECK(file_size(disk) == before);
        CHECK(std::filesystem::exists(disk.folder.path + "/data.mdb.new"));
        disk.reopen();
        CHECK_FALSE(std::filesystem::exists(disk.folder.path + "/data.mdb.new"));
        check_sparse(*disk.store);
        CHECK(disk->snapshot()->bounds(two) == Bounds{0, 2'000});
        disk.store.reset();
    }
}

namespace {

#ifdef __SANITIZE_THREAD__
constexpr bool shadowed = true;   // the thread sanitizer's own memory is resident too, and never goes back
#else
constexpr bool shadowed = false;
#endif

std::uint64_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::uint64_t pages = 0;
    in >> pages >> pages;
    return pages * 4'096;
}

}   // namespace

TEST_CASE("the store in memory gives back to the system what was deleted, also where it lay between what was kept" *
          doctest::skip(shadowed)) {
    for (const std::size_t size : {330, 5'000, 70'000, 1'000'000}) {
        CAPTURE(size);
        constexpr std::uint64_t filled = 64 << 20;
        InMemory memory;
        const std::string data(size, 'x');
        const auto before = resident_bytes();
        for (std::uint64_t n = 0; n < filled / size; ++n) {
            Batch b;
            b.append(n % 2 ? one : two, entry(static_cast<Position>(n / 2), 1, data));
            REQUIRE(memory->commit(b));
        }
        Batch b;
        b.drop(one);
        REQUIRE(memory->commit(b));
        while (memory->sweep(100).value()) {
        }
        CHECK(resident_bytes() < before + filled * 3 / 4);
        b.clear();
        b.trim(two, static_cast<Position>(filled / size));
        REQUIRE(memory->commit(b));
        while (memory->sweep(100).value()) {
        }
        CHECK(resident_bytes() < before + filled / 4);
    }
}

TEST_CASE("a full map refuses appends, takes trims, and takes appends again when they have freed enough") {
    OnDisk disk(16 << 20);
    const std::string data(50'000, 'x');
    Position end = 0;
    const auto append = [&] {
        Batch b;
        b.append(one, entry(end, 1, data));
        const auto done = disk->commit(b);
        if (done) ++end;
        return done;
    };
    while (append()) REQUIRE(end < 1'000);
    CHECK(end > 200);
    CHECK(append().error() == Error::no_space);
    disk.reopen();   // nothing about it is only in memory
    CHECK(append().error() == Error::no_space);
    CHECK(disk->snapshot()->bounds(one) == Bounds{0, end});
    Batch b;
    b.trim(one, end / 2);
    REQUIRE(disk->commit(b));
    while (disk->sweep(64).value()) {
    }
    for (int i = 0; i < 50; ++i) REQUIRE(append());
    CHECK(disk->snapshot()->bounds(one).end == end);
}
