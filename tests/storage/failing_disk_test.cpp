// A disk that fails and a disk that is full, under the store: what was answered is there, what was refused is not, and what makes
// room goes through. This program's own pwrite stands before the C library's, so LMDB's writes pass here.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <functional>

#include "tests/storage/places.h"

using namespace sluice::storage;

namespace {

// Decides about a write before it is made; nothing: it is made.
std::function<std::optional<int>(std::size_t size, off_t at)> refuse_write;   // yields an errno
constexpr std::size_t page = 4'096;
bool of_a_meta_page(std::size_t size, off_t at) { return size < page && at < static_cast<off_t>(2 * page); }

ssize_t write_at(int file, const void* bytes, std::size_t size, off_t at) {
    if (refuse_write)
        if (const auto error = refuse_write(size, at)) {
            errno = *error;
            return -1;
        }
    return syscall(SYS_pwrite64, file, bytes, size, at);
}

struct Refusing {
    explicit Refusing(decltype(refuse_write) how) { refuse_write = std::move(how); }
    ~Refusing() { refuse_write = nullptr; }
    Refusing(const Refusing&) = delete;
    Refusing& operator=(const Refusing&) = delete;
};

// The file may not become longer than it is: what a disk does that somebody else has filled.
struct NoGrowth {
    explicit NoGrowth(std::uint64_t bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &before);
        rlimit now = before;
        now.rlim_cur = bytes;
        REQUIRE(setrlimit(RLIMIT_FSIZE, &now) == 0);
    }
    ~NoGrowth() { setrlimit(RLIMIT_FSIZE, &before); }
    NoGrowth(const NoGrowth&) = delete;
    NoGrowth& operator=(const NoGrowth&) = delete;
    rlimit before{};
};

constexpr LogId one{1}, two{2};

Result<void> append(Store& store, LogId log, Position at, const std::string& data) {
    Batch b;
    b.append(log, entry(at, 1, data));
    return store.commit(b);
}
Result<void> put(Store& store, const std::string& key, const std::string& value) {
    Batch b;
    value.empty() ? b.erase(key) : b.put(key, value);
    return store.commit(b);
}
std::string file_of(const OnDisk& disk) { return disk.folder.path + "/data.mdb"; }

std::string refusal(const LmdbOptions& options) {
    try {
        open_lmdb(options);
        return "opened";
    } catch (const StartError& e) {
        return e.what();
    }
}

// Deletes all there is, in the order of a door: a value replaced by one that says that it goes, then the rest.
void delete_everything(Store& store, int values, Position end) {
    for (int i = 0; i < values; ++i) REQUIRE(put(store, "v" + std::to_string(i), "gone"));
    for (int i = 0; i < values; ++i) REQUIRE(put(store, "v" + std::to_string(i), ""));
    Batch b;
    b.trim(one, end / 2);
    REQUIRE(store.commit(b));
    b.clear();
    b.drop(two);
    b.put("about two", std::string(200, 'x'));
    REQUIRE(store.commit(b));
    for (auto more = store.sweep(20); more != false; more = store.sweep(20)) REQUIRE(more);
}

}   // namespace

extern "C" ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t at) { return write_at(file, bytes, size, at); }
extern "C" ssize_t pwrite64(int file, const void* bytes, std::size_t size, off_t at) { return write_at(file, bytes, size, at); }

TEST_CASE("a failed write of a meta page is an answer: nothing has changed, snapshots stay good, and the next write is stored") {
    for (const auto durability : {Durability::process, Durability::power}) {
        OnDisk disk;
        disk.store.reset();
        disk.options.durability = durability;
        disk.reopen();
        REQUIRE(append(*disk.store, one, 0, "first"));
        for (int round = 0; round < 3; ++round) {
            const auto before = told(*disk->snapshot(), one, 0);
            {
                int times = 0;
                const Refusing once([&](std::size_t size, off_t at) {
                    return of_a_meta_page(size, at) && times++ == 0 ? std::optional{EIO} : std::nullopt;
                });
                CHECK(append(*disk.store, one, round + 1, "refused").error() == Error::io);
                CHECK(times > 0);
            }
            CHECK(told(*disk->snapshot(), one, 0) == before);
            REQUIRE(append(*disk.store, one, round + 1, "later"));
            CHECK(told(*disk->snapshot(), one, round + 1) == std::to_string(round + 1) + "+1 later");
            disk.reopen();
            CHECK(told(*disk->snapshot(), one, round + 1) == std::to_string(round + 1) + "+1 later");
        }
    }
}

TEST_CASE("a snapshot that was out when a meta page failed shows the same until it is given back; only then are writes taken") {
    OnDisk disk;
    for (Position p = 0; p < 50; ++p) REQUIRE(append(*disk.store, one, p, std::string(5'000, 'a')));
    auto old = disk->snapshot();
    const auto before = told(*old, one, 0);
    {
        const Refusing all(
            [](std::size_t size, off_t at) { return of_a_meta_page(size, at) ? std::optional{EIO} : std::nullopt; });
        Batch b;
        b.trim(one, 40);
        CHECK(disk->commit(b).error() == Error::io);
    }
    CHECK(append(*disk.store, two, 0, "too early").error() == Error::io);
    CHECK(disk->sweep(100));
    CHECK(told(*disk->snapshot(), one, 0) == before);
    CHECK(told(*old, one, 0) == before);
    old.reset();
    for (Position p = 0; p < 50; ++p) REQUIRE(append(*disk.store, two, p, std::string(5'000, 'b')));
    CHECK(told(*disk->snapshot(), one, 0) == before);
}

TEST_CASE("whichever write of a commit fails, the commit is refused and nothing of it is there, now or after a restart") {
    for (const auto durability : {Durability::process, Durability::power})
        for (int failing = 1; failing < 12; ++failing) {
            CAPTURE(failing);
            OnDisk disk;
            disk.store.reset();
            disk.options.durability = durability;
            disk.reopen();
            for (Position p = 0; p < 20; ++p) REQUIRE(append(*disk.store, one, p, std::string(5'000, 'a')));
            const auto before = told(*disk->snapshot(), one, 0);
            int writes = 0;
            Batch b;
            const std::string data(60'000, 'z'), value(3'000, 'v');
            b.append(one, entry(20, 1, data));
            b.append(two, entry(0, 1, data));
            b.put("key", value);
            b.trim(one, 10);
            {
                const Refusing that([&](std::size_t, off_t) { return ++writes == failing ? std::optional{EIO} : std::nullopt; });
                const auto done = disk->commit(b);
                CHECK(done.has_value() == (writes < failing));
                if (done) break;
            }
            CHECK(told(*disk->snapshot(), one, 0) == before);
            CHECK_FALSE(disk->snapshot()->get("key"));
            disk.reopen();
            CHECK(told(*disk->snapshot(), one, 0) == before);
            CHECK(disk->snapshot()->bounds(two) == Bounds{0, 0});
            REQUIRE(disk->commit(b));
            CHECK(disk->snapshot()->get("key") == value);
        }
}

TEST_CASE("all can be deleted from a file that may not grow by a byte, and then it takes writes again") {
    for (const bool reopened : {false, true}) {
        OnDisk disk;
        const std::string data(50'000, 'x');
        Position end = 0;
        for (; end < 150; ++end) REQUIRE(append(*disk.store, one, end, data));
        REQUIRE(append(*disk.store, two, 0, data));
        int values = 0;
        for (; values < 500; ++values) REQUIRE(put(*disk.store, "v" + std::to_string(values), std::string(100, 'v')));
        const NoGrowth full(std::filesystem::file_size(file_of(disk)));
        if (reopened) disk.reopen();
        while (append(*disk.store, one, end, data)) REQUIRE(++end < 300);
        delete_everything(*disk.store, values, end);
        for (int i = 0; i < 20; ++i) REQUIRE(append(*disk.store, one, end++, data));
    }
}

TEST_CASE_TEMPLATE("all can be deleted from a store that records and then values have filled to the last byte", Where, InMemory,
                   OnDisk) {
    for (const std::uint64_t size : {2, 8, 32}) {
        CAPTURE(size);
        Where store(size << 20);
        const std::string data(50'000, 'x');
        Position end = 0;
        REQUIRE(append(*store.store, two, 0, data));
        while (append(*store.store, one, end, data)) REQUIRE(++end < 1'000);
        int values = 0;
        for (const std::size_t bytes : {1'000, 100, 1})
            while (put(*store.store, "v" + std::to_string(values), std::string(bytes, 'v'))) REQUIRE(++values < 100'000);
        CHECK(values > 10);
        CHECK(put(*store.store, "one more", std::string(1'000, 'v')).error() == Error::no_space);
        delete_everything(*store.store, values, end);
        REQUIRE(append(*store.store, one, end, data));
        REQUIRE(put(*store.store, "one more", std::string(1'000, 'v')));
    }
}

TEST_CASE("a file that was cut short is refused in one line, wherever it was cut") {
    OnDisk disk;
    for (Position p = 0; p < 100; ++p) REQUIRE(append(*disk.store, one, p, std::string(10'000, 'x')));
    const auto needed = disk->stats().file_bytes;
    disk.store.reset();
    const auto whole = disk.folder.path + "/whole";
    std::filesystem::copy_file(file_of(disk), whole);
    for (const std::uint64_t cut : {needed - 1, needed - page, needed / 2, std::uint64_t{3 * page}, std::uint64_t{2 * page}}) {
        CAPTURE(cut);
        std::filesystem::copy_file(whole, file_of(disk), std::filesystem::copy_options::overwrite_existing);
        std::filesystem::resize_file(file_of(disk), cut);
        const auto line = "data folder " + disk.folder.path + " holds a data.mdb that was cut short (" + std::to_string(cut) +
                          " bytes, its last commit needs " + std::to_string(needed) +
                          "): restore a copy of it, or move it away to begin with nothing";
        CHECK(refusal(disk.options) == line);
        CHECK_THROWS_WITH_AS(compact_lmdb(disk.options), line.c_str(), StartError);
        CHECK(std::filesystem::file_size(file_of(disk)) == cut);
    }
    for (const std::uint64_t cut : {2 * page - 1, page, page - 1, std::size_t{1}, std::size_t{0}}) {
        CAPTURE(cut);
        std::filesystem::resize_file(file_of(disk), cut);
        CHECK(refusal(disk.options).starts_with("data folder " + disk.folder.path + " holds a"));
        CHECK(std::filesystem::file_size(file_of(disk)) == cut);
    }
    std::filesystem::copy_file(whole, file_of(disk), std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(file_of(disk), needed);   // what is set aside behind the last page may be missing
    disk.reopen();
    CHECK(disk->snapshot()->bounds(one) == Bounds{0, 100});
}

TEST_CASE("a second server is kept out whatever files of the folder were removed") {
    for (const char* file : {"lock", "data.mdb-lock", "data.mdb", "state"}) {
        CAPTURE(file);
        OnDisk disk;
        std::filesystem::remove(disk.folder.path + "/" + file);
        CHECK(refusal(disk.options).contains(" is in use by the server with pid "));
        CHECK_THROWS_AS(compact_lmdb(disk.options), StartError);
    }
}
