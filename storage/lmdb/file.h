// The data file in its folder: opened, looked at after a crash, made new. Start-up trouble is thrown here, in one line with what
// to do.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

#include "storage/folder.h"
#include "storage/lmdb/snapshot.h"
#include "storage/lmdb/tree.h"

namespace sluice::storage::lmdb {

inline constexpr const char* data_file = "data.mdb";
inline constexpr const char* readers_file = "data.mdb-lock";   // LMDB's list of readers
inline constexpr const char* new_file = "data.mdb.new";        // becomes data_file when it is whole
inline constexpr std::uint64_t disk_reserve_bytes = std::uint64_t{8} << 20;

// The kernel may read ahead: blocks of a log lie mostly in a row, and retention, sweeps and readers go along them.
int open_env(Env& env, const Folder& folder, const char* name, std::uint64_t map_bytes, unsigned flags);
// Throws when the file ends before the pages that its newest commit counts on: to look at one of them would be a SIGBUS.
void require_whole(MDB_env*, const Folder&, std::uint64_t map_bytes);
// LMDB's answers at start, each with what to do.
void start(int rc, const Folder& folder, std::uint64_t map_bytes);
std::uint64_t size_of(const std::string& name);
void check_what_was_left(const Folder& folder, std::uint64_t map_bytes, const std::string& boot_id,
                         std::vector<std::string>* notes);
void require_version(const Folder& folder, std::string_view found);
int write_version(MDB_env* env);

// Fills the new file by `fill` and puts it in the data file's place. LMDB begins a file with pages that nothing syncs before the
// first commit; beside its place, a power cut finds either no new file or a whole one.
template <class Fill>
int build_file(const Folder& folder, std::uint64_t map_bytes, bool synced, Fill&& fill) {
    unlink(folder.file(new_file).c_str());
    {
        Env env;
        if (const int rc = open_env(env, folder, new_file, map_bytes, MDB_NOSYNC | MDB_NOLOCK)) return rc;
        if (const int rc = fill(env.get())) return rc;
        if (const int rc = synced ? mdb_env_sync(env.get(), 1) : 0) return rc;
    }
    return folder.replace(data_file, new_file, synced) ? 0 : errno;
}

}   // namespace sluice::storage::lmdb
