// What only the store on disk can show: restarts, crashes, and folders that are refused with one line saying what to do.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <map>

#include "storage/folder.h"
#include "tests/storage/places.h"

using namespace sluice::storage;

namespace {

constexpr LogId one{1};

std::string refusal(const LmdbOptions& options) {
    try {
        open_lmdb(options);
    } catch (const StartError& e) {
        CHECK(std::string_view(e.what()).find('\n') == std::string_view::npos);
        return e.what();
    }
    return "opened";
}

void fill(Store& store, Position from, Position to) {
    const std::string data(5'000, 'x');
    for (auto p = from; p < to; ++p) {
        Batch b;
        b.append(one, entry(p, 1, data));
        b.put("end", std::to_string(p + 1));
        REQUIRE(store.commit(b));
    }
}

}   // namespace

TEST_CASE("everything is there after a restart, and a started sweep goes on") {
    OnDisk disk;
    fill(*disk.store, 0, 200);
    Batch b;
    b.trim(one, 150);
    REQUIRE(disk->commit(b));
    REQUIRE(disk->sweep(1).value());
    disk.reopen();
    CHECK(disk->stats().sweeping);
    CHECK(disk->snapshot()->bounds(one) == Bounds{150, 200});
    CHECK(disk->snapshot()->get("end") == "200");
    CHECK(disk->snapshot()->live_bytes(one) == 250'000);
    while (disk->sweep(10).value()) {
    }
    CHECK(disk->stats().used_bytes < 350'000);
    disk.reopen();
    CHECK_FALSE(disk->stats().sweeping);
    fill(*disk.store, 200, 210);
    CHECK(disk->snapshot()->bounds(one) == Bounds{150, 210});
}

TEST_CASE("what was committed survives a killed server in both durabilities") {
    for (const auto durability : {Durability::process, Durability::power}) {
        TempFolder folder;
        int pipe_ends[2];
        REQUIRE(pipe(pipe_ends) == 0);
        const auto child = fork();
        if (child == 0) {
            auto store = open_lmdb({.folder = folder.path, .map_bytes = 1 << 30, .durability = durability});
            for (Position p = 0;; ++p) {
                Batch b;
                b.append(one, entry(p, 1, "acknowledged"));
                if (!store->commit(b) || write(pipe_ends[1], &p, sizeof p) != sizeof p) _exit(1);
            }
        }
        close(pipe_ends[1]);
        Position told_last = -1;
        while (told_last < 100) REQUIRE(read(pipe_ends[0], &told_last, sizeof told_last) == sizeof told_last);
        kill(child, SIGKILL);
        int status = 0;
        waitpid(child, &status, 0);
        for (Position p; read(pipe_ends[0], &p, sizeof p) == sizeof p;) told_last = p;
        close(pipe_ends[0]);
        auto store = open_lmdb({.folder = folder.path, .map_bytes = 1 << 30, .durability = durability});
        CHECK(store->snapshot()->bounds(one).end >= told_last + 1);
        Position next = 0;
        CHECK(
            store->snapshot()->read(one, 0, [&](const EntryView& e) { return e.first == next++ && text(e) == "acknowledged"; }));
        CHECK(next == store->snapshot()->bounds(one).end);
    }
}

TEST_CASE("batches of the default size take at most 1.15 times their bytes on disk, small ones 1.4 times") {
    struct Case {
        std::size_t size;
        int count;
        double most;
    };
    for (const auto& c : {Case{330, 8'000, 1.4}, Case{4'096, 3'000, 1.15}, Case{16'384, 1'000, 1.15}, Case{524'288, 50, 1.15}}) {
        OnDisk disk;
        const std::string data(c.size, 'x');
        std::map<std::uint64_t, Position> ends;
        for (int i = 0; i < c.count; ++i) {
            Batch b;
            const std::uint64_t log = 1 + static_cast<std::uint64_t>(i) % 16;
            b.append(LogId{log}, entry(ends[log]++, 1, data));
            REQUIRE(disk->commit(b));
        }
        CAPTURE(c.size);
        CHECK(static_cast<double>(disk->stats().used_bytes) / static_cast<double>(c.size) / c.count < c.most);
    }
}

TEST_CASE("entries of one page lie in a row, so that a reader can take them as one piece") {
    OnDisk disk;
    const std::string data(330, 'x');
    Batch b;
    for (Position p = 0; p < 1'000; ++p) b.append(one, entry(p, 1, data));
    REQUIRE(disk->commit(b));
    const auto snapshot = disk->snapshot();
    std::size_t in_a_row = 0, entries = 0;
    const std::byte* end = nullptr;
    REQUIRE(snapshot->read(one, 0, [&](const EntryView& entry) {
        for (const auto piece : entry.pieces) {
            in_a_row += piece.data() != end;
            end = piece.data() + piece.size();
        }
        ++entries;
        return true;
    }));
    CHECK(entries == 1'000);
    CHECK(in_a_row == 91);   // pages of (4,080 - 64) / (330 + 32) = 11.09 entries
}

TEST_CASE("a second server is told the pid of the first") {
    OnDisk disk;
    CHECK(refusal(disk.options) == "data folder " + disk.folder.path + " is in use by the server with pid " +
                                       std::to_string(getpid()) + ": stop that one, or give --data another folder");
}

TEST_CASE("a folder that cannot be written is refused with uid, gid and the command") {
    TempFolder folder;
    REQUIRE(chmod(folder.path.c_str(), 0555) == 0);
    if (geteuid() == 0) {   // root may write anywhere, so somebody else asks
        const auto child = fork();
        if (child == 0) {
            if (setgid(65534) != 0 || setuid(65534) != 0) _exit(3);
            const auto said = refusal({.folder = folder.path + "/data", .map_bytes = 1 << 30});
            _exit(said == "data folder " + folder.path +
                              "/data cannot be written by uid 65534 gid 65534: run `sudo chown -R 65534:65534 " + folder.path +
                              "/data`, give --data another folder, or use --ephemeral"
                      ? 0
                      : 1);
        }
        int status = 0;
        waitpid(child, &status, 0);
        CHECK(WIFEXITED(status));
        CHECK(WEXITSTATUS(status) == 0);
    } else {
        CHECK(refusal({.folder = folder.path, .map_bytes = 1 << 30}).find("sudo chown -R " + std::to_string(geteuid())) !=
              std::string::npos);
    }
    REQUIRE(chmod(folder.path.c_str(), 0755) == 0);
}

TEST_CASE("network and desktop shares are refused by their file system") {
    CHECK(refused_file_system(0x01021997) == std::string("9p"));
    CHECK(refused_file_system(0x65735546) == std::string("fuse or virtiofs"));
    CHECK(refused_file_system(0x6969) == std::string("nfs"));
    CHECK(refused_file_system(0x517B) == std::string("smb"));
    CHECK(refused_file_system(0xFF534D42) == std::string("smb"));
    CHECK(refused_file_system(0xFE534D42) == std::string("smb"));
    CHECK(refused_file_system(0xEF53) == nullptr);       // ext4
    CHECK(refused_file_system(0x01021994) == nullptr);   // tmpfs
}

TEST_CASE("a folder on a share is refused in one line that says what to use, and nothing is written there") {
    TempFolder folder;
    for (const auto& [magic, name] : std::map<std::uint32_t, std::string>{
             {0x01021997, "9p"}, {0x65735546, "fuse or virtiofs"}, {0x6969, "nfs"}, {0xFE534D42, "smb"}}) {
        CHECK(refusal({.folder = folder.path, .map_bytes = 1 << 30, .file_system = magic}) ==
              "data folder " + folder.path + " is on " + name +
                  ", where a shared map is not safe: use a named volume instead of a shared folder, or --ephemeral");
    }
    CHECK(std::filesystem::is_empty(folder.path));
}

TEST_CASE("a file that is no store is refused and left alone") {
    TempFolder folder;
    std::ofstream(folder.path + "/data.mdb") << std::string(20'000, 'x');
    const auto said = refusal({.folder = folder.path, .map_bytes = 1 << 30});
    CHECK(said.find("was damaged") != std::string::npos);
    std::ofstream(folder.path + "/state") << kernel_boot_id() << " process open\n";
    CHECK(refusal({.folder = folder.path, .map_bytes = 1 << 30}) ==
          "data folder " + folder.path +
              " holds a data.mdb that is no sluice store or is damaged: move it away, or give --data another folder");
    CHECK(std::filesystem::file_size(folder.path + "/data.mdb") == 20'000);
}

TEST_CASE("data of another format version is refused with both versions named") {
    TempFolder folder;
    const LmdbOptions options{.folder = folder.path, .map_bytes = 1 << 30};
    open_lmdb(options);
    const auto name = folder.path + "/data.mdb";
    std::ifstream in(name, std::ios::binary);
    std::string file((std::istreambuf_iterator<char>(in)), {});
    int found = 0;
    for (std::size_t at = 0; (at = file.find("mversion3", at)) != std::string::npos; ++found) file[at + 8] = '4';
    REQUIRE(found > 0);
    std::ofstream(name, std::ios::binary) << file;
    CHECK(refusal(options) ==
          "data folder " + folder.path +
              " has format 4, this server reads 3: use the server version that wrote it, or give --data another folder");
}

TEST_CASE("address space that cannot be had is said with the way out") {
    TempFolder folder;
    CHECK(refusal({.folder = folder.path, .map_bytes = std::uint64_t{1} << 50}).find("give a smaller map size") !=
          std::string::npos);
}

TEST_CASE("after a machine crash the store is checked before it serves") {
    TempFolder folder;
    const LmdbOptions first{.folder = folder.path, .map_bytes = 1 << 30, .boot_id = "first-boot"};
    const LmdbOptions second{.folder = folder.path, .map_bytes = 1 << 30, .boot_id = "second-boot"};
    fill(*open_lmdb(first), 0, 300);
    std::vector<std::string> notes;
    CHECK(open_lmdb(second, &notes)->snapshot()->bounds(one) == Bounds{0, 300});
    CHECK(notes.empty());   // it was closed cleanly

    auto went_down = [&] { std::ofstream(folder.path + "/state") << "first-boot process open\n"; };
    went_down();
    CHECK(open_lmdb(second, &notes)->snapshot()->bounds(one) == Bounds{0, 300});
    REQUIRE(notes.size() == 1);
    CHECK(notes[0].find("checked and found whole") != std::string::npos);

    SUBCASE("pages that never reached the disk are noticed") {
        went_down();
        std::fstream file(folder.path + "/data.mdb", std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(20 * 4096);
        file << std::string(200 * 4096, '\0');
        file.close();
        CHECK(refusal(second).find("was damaged when the machine went down") != std::string::npos);
    }
    SUBCASE("a file cut short is noticed") {
        went_down();
        std::filesystem::resize_file(folder.path + "/data.mdb", 30 * 4096);
        CHECK(refusal(second).find("was damaged when the machine went down") != std::string::npos);
    }
    SUBCASE("power needs no check") {
        std::ofstream(folder.path + "/state") << "first-boot power open\n";
        notes.clear();
        CHECK(open_lmdb(second, &notes)->snapshot()->bounds(one) == Bounds{0, 300});
        CHECK(notes.empty());
    }
}

TEST_CASE("a disk that takes no more bytes refuses writes and nothing else") {
    TempFolder folder;
    const auto child = fork();
    if (child == 0) {   // a file size limit makes write() fail as a full disk does
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit most{4 << 20, 4 << 20};
        if (setrlimit(RLIMIT_FSIZE, &most) != 0) _exit(2);
        auto store = open_lmdb({.folder = folder.path, .map_bytes = 1 << 30});
        const std::string data(50'000, 'x');
        Position end = 0;
        Batch b;
        for (;; ++end) {
            b.clear();
            b.append(one, entry(end, 1, data));
            if (!store->commit(b)) break;
            if (end > 1'000) _exit(3);
        }
        if (store->snapshot()->bounds(one) != Bounds{0, end}) _exit(4);
        Position seen = 0;
        if (!store->snapshot()->read(one, 0, [&](const EntryView& e) { return text(e) == data && ++seen; }) || seen != end)
            _exit(5);
        b.clear();
        b.trim(one, end / 2);
        if (!store->commit(b)) _exit(6);
        for (auto more = store->sweep(2); more != false; more = store->sweep(2))
            if (!more) _exit(7);
        for (auto until = end + 10; end < until; ++end) {
            b.clear();
            b.append(one, entry(end, 1, data));
            if (!store->commit(b)) _exit(8);
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

namespace {
// A commit each.
void append_megabytes(Store& store, Position count) {
    const std::string data(1'000'000, 'x');
    for (Position i = 0; i < count; ++i) {
        Batch batch;
        batch.append(LogId{7}, entry(i, 1, data));
        REQUIRE(store.commit(batch));
    }
}
}   // namespace

TEST_CASE("what was brought from the disk is read without waiting for it") {
    OnDisk store;
    append_megabytes(*store.store, 8);
    store.store.reset();
    const auto name = store.folder.path + "/data.mdb";
    const int file = open(name.c_str(), O_RDONLY);
    REQUIRE(file >= 0);
    REQUIRE(fsync(file) == 0);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);   // a file system in memory keeps it: then there is nothing to see here
    close(file);
    store.store = open_lmdb(store.options);
    CHECK(store->warm(LogId{7}, 0, 64 << 20).before == log_end);
    rusage before{}, after{};
    getrusage(RUSAGE_THREAD, &before);
    std::size_t seen = 0;
    REQUIRE(store->snapshot()->read(LogId{7}, 0, [&](const EntryView& e) {
        for (const auto piece : e.pieces) seen += static_cast<std::size_t>(std::ranges::count(piece, std::byte{'x'}));
        return true;
    }));
    getrusage(RUSAGE_THREAD, &after);
    CHECK(seen == 8'000'000);
    CHECK(after.ru_majflt == before.ru_majflt);
}

TEST_CASE("once a thread goes before the sweeps, they free no more than it has brought") {
    OnDisk store;
    append_megabytes(*store.store, 1);
    const auto full = store->stats().used_bytes;
    CHECK_FALSE(store->sweeps_want_warmth());
    store->warm_sweep();   // nothing waits yet
    Batch drop;
    drop.drop(LogId{7});
    REQUIRE(store->commit(drop));
    for (int i = 0; i < 100; ++i) CHECK(store->sweep(1000) == true);
    CHECK(store->stats().sweeping);
    CHECK(store->sweeps_want_warmth());
    CHECK(full - store->stats().used_bytes < 150'000);
    store->warm_sweep();
    CHECK_FALSE(store->sweeps_want_warmth());
    for (int i = 0; i < 100 && store->stats().sweeping; ++i) CHECK(store->sweep(1000).has_value());
    CHECK_FALSE(store->stats().sweeping);
    CHECK_FALSE(store->sweeps_want_warmth());
    CHECK(full - store->stats().used_bytes > 950'000);
}

TEST_CASE("sweeps want the next round when half of the last is used up, so that they need not wait for it") {
    OnDisk store;
    append_megabytes(*store.store, 90);
    const auto full = store->stats().used_bytes;
    Batch drop;
    drop.drop(LogId{7});
    REQUIRE(store->commit(drop));
    CHECK(store->sweeps_want_warmth());   // nobody has looked
    store->warm_sweep();
    while (!store->sweeps_want_warmth()) REQUIRE(store->sweep(100) == true);
    const auto freed = full - store->stats().used_bytes;
    CHECK(freed > 30'000'000);
    CHECK(freed < 40'000'000);
    store->warm_sweep();
    while (store->sweep(100) == true) CHECK_FALSE(store->sweeps_want_warmth());   // the rest was all in that round
    CHECK(full - store->stats().used_bytes > 88'000'000);
}
