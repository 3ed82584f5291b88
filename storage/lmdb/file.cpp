// What the folder may hold at start: nothing, a store, something else, or what a crashed machine left. Checking the last may
// crash itself, as LMDB trusts its pages, so it is done in a process of its own.
#include "storage/lmdb/file.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <csignal>

#include "storage/lmdb/cursor.h"

namespace sluice::storage::lmdb {

int open_env(Env& env, const Folder& folder, const char* name, std::uint64_t map_bytes, unsigned flags) {
    MDB_env* raw = nullptr;
    if (const int rc = mdb_env_create(&raw)) return rc;
    env.reset(raw);
    if (const int rc = mdb_env_set_mapsize(raw, map_bytes)) return rc;
    return mdb_env_open(raw, folder.file(name).c_str(), MDB_NOSUBDIR | MDB_NOTLS | flags, 0644);
}

namespace {

// The newest commit's last page is in the file's first two pages, which LMDB has read when the file is open.
std::uint64_t bytes_counted_on(MDB_env* env) {
    MDB_envinfo info{};
    mdb_env_info(env, &info);
    return (info.me_last_pgno + 1) * block::page_bytes;
}

// Walks everything; true when it holds together. LMDB trusts its pages, so this runs where a crash harms nobody: a page behind
// the file's end is a SIGBUS.
bool holds_together(const Folder& folder, std::uint64_t map_bytes) {
    Env env;
    if (open_env(env, folder, data_file, map_bytes, MDB_RDONLY | MDB_NOLOCK) != 0) return false;
    MDB_txn* txn = nullptr;
    MDB_dbi dbi{};
    if (mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &txn) != 0) return false;
    bool good = mdb_dbi_open(txn, nullptr, 0, &dbi) == 0;
    if (good) {
        Cursor cursor(txn, dbi), inner(txn, dbi);
        MDB_val key{}, value{};
        std::string before;
        std::optional<LogId> log;
        for (bool more = cursor.get(key, value, MDB_FIRST); more && good; more = cursor.get(key, value, MDB_NEXT)) {
            good = view(key) > before;
            before = view(key);
            if (before.front() != 'b') continue;
            const auto found = View::parse(before, static_cast<const std::byte*>(value.mv_data), value.mv_size);
            good = good && found.has_value();
            if (!good || log == LogId{found->header.log}) continue;
            log = LogId{found->header.log};
            const auto range = bounds_of(inner, txn, dbi, *log);
            good = range.begin >= range.end || walk(inner, *log, range.begin, [](const EntryView&) { return true; });
        }
        Cursor free(txn, 0);
        unsigned seen = 0;
        for (bool more = free.get(key, value, MDB_FIRST); more; more = free.get(key, value, MDB_NEXT))
            for (std::size_t at = 0; at < value.mv_size; at += block::page_bytes)
                seen += *(static_cast<const volatile unsigned char*>(value.mv_data) + at);
        good = good && cursor.rc == 0 && inner.rc == 0 && free.rc == 0 && seen < ~0U;
    }
    mdb_txn_abort(txn);
    return good;
}

bool check_apart(const Folder& folder, std::uint64_t map_bytes) {
    const auto child = fork();
    if (child < 0) return holds_together(folder, map_bytes);
    if (child == 0) {
        for (const int signal : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(signal, SIG_DFL);
        _exit(holds_together(folder, map_bytes) ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}   // namespace

// LMDB counts a last page that it took and never wrote, so a file may be a little shorter than the count and yet be whole.
void require_whole(MDB_env* env, const Folder& folder, std::uint64_t map_bytes) {
    const auto there = size_of(folder.file(data_file)), needed = bytes_counted_on(env);
    if (there >= needed || (there % block::page_bytes == 0 && check_apart(folder, map_bytes))) return;
    throw StartError("data folder " + folder.path() + " holds a data.mdb that was cut short (" + std::to_string(there) +
                     " bytes, its last commit needs " + std::to_string(needed) +
                     "): restore a copy of it, or move it away to begin with nothing");
}

void start(int rc, const Folder& folder, std::uint64_t map_bytes) {
    if (rc == 0) return;
    const std::string where = "data folder " + folder.path();
    if (rc == ENOMEM)
        throw StartError(where + ": " + std::to_string(map_bytes >> 20) +
                         " MiB of address space cannot be reserved: lift `ulimit -v`, or give a smaller map size");
    if (rc == MDB_VERSION_MISMATCH || rc == MDB_INVALID || rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND)
        throw StartError(where +
                         " holds a data.mdb that is no sluice store or is damaged: move it away, or give --data another folder");
    if (rc == ENOSPC) throw StartError(where + " has no free disk: free some, or give --data another folder");
    throw StartError(where + " cannot be opened (" + mdb_strerror(rc) + "): give --data another folder, or use --ephemeral");
}

std::uint64_t size_of(const std::string& name) {
    struct stat file{};
    return stat(name.c_str(), &file) == 0 ? static_cast<std::uint64_t>(file.st_size) : 0;
}

void check_what_was_left(const Folder& folder, std::uint64_t map_bytes, const std::string& boot_id,
                         std::vector<std::string>* notes) {
    const auto name = folder.file(data_file);
    if (access(name.c_str(), F_OK) != 0) return;
    if (size_of(name) == 0)   // a file is put in its place whole; LMDB would begin anew in this one
        throw StartError(
            "data folder " + folder.path() +
            " holds an empty data.mdb, so it was cut short: restore a copy of it, or remove it to begin with nothing");
    const auto state = folder.state();
    if (state.starts_with(boot_id + " ") || state.ends_with(" clean") || state.ends_with(" power open")) return;
    if (!check_apart(folder, map_bytes))
        throw StartError("data folder " + folder.path() +
                         " was damaged when the machine went down without --durability power: move it away, or restore a copy");
    if (notes)
        notes->push_back(
            "data folder " + folder.path() +
            " was not closed before the machine restarted; checked and found whole, its last seconds may be missing");
}

void require_version(const Folder& folder, std::string_view found) {
    if (found != format_version)
        throw StartError("data folder " + folder.path() + " has format " + std::string(found) + ", this server reads " +
                         std::string(format_version) + ": use the server version that wrote it, or give --data another folder");
}

int write_version(MDB_env* env) {
    MDB_txn* txn = nullptr;
    MDB_dbi dbi{};
    if (const int rc = mdb_txn_begin(env, nullptr, 0, &txn)) return rc;
    MDB_val key = val(version_key), value = val(format_version);
    int rc = mdb_dbi_open(txn, nullptr, 0, &dbi);
    if (rc == 0) rc = mdb_put(txn, dbi, &key, &value, 0);
    if (rc == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return rc;
}

}   // namespace sluice::storage::lmdb
