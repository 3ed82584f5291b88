// Compaction: what a folder's file holds goes into a new, dense file beside it (decision 003).
#include <algorithm>

#include "storage/lmdb/cursor.h"
#include "storage/lmdb/file.h"

namespace sluice::storage {
namespace lmdb {
namespace {

constexpr std::size_t entries_copied_at_once = 4096;

std::uint64_t pages_of(const MDB_stat& tree) { return tree.ms_branch_pages + tree.ms_leaf_pages + tree.ms_overflow_pages; }

// All keys in order into an empty file: full pages, no free ones.
template <class Progress>
int copy_entries(MDB_txn* from, MDB_dbi dbi, MDB_env* to, const Progress& progress) {
    MDB_stat tree{};
    mdb_stat(from, dbi, &tree);
    const auto all = pages_of(tree) * block::page_bytes;
    Cursor source(from, dbi);
    MDB_val key{}, value{};
    bool more = source.get(key, value, MDB_FIRST);
    for (std::uint64_t copied = 0; more;) {
        MDB_txn* txn = nullptr;
        if (const int rc = mdb_txn_begin(to, nullptr, 0, &txn)) return rc;
        MDB_dbi target{};
        int rc = mdb_dbi_open(txn, nullptr, 0, &target);
        {
            Cursor sink(txn, target);
            for (std::size_t n = 0; rc == 0 && more && n < entries_copied_at_once; ++n, ++copied) {
                if (view(key).front() == 'b' &&
                    !View::parse(view(key), static_cast<const std::byte*>(value.mv_data), value.mv_size))
                    rc = MDB_CORRUPTED;
                else
                    rc = mdb_cursor_put(sink.raw(), &key, &value, MDB_APPEND);
                more = rc == 0 && source.get(key, value, MDB_NEXT);
            }
        }
        if (rc != 0) mdb_txn_abort(txn);
        if (rc == 0) rc = mdb_txn_commit(txn);
        if (rc != 0) return rc;
        progress(all * copied / std::max<std::uint64_t>(1, tree.ms_entries), all);
    }
    return source.rc;
}

}   // namespace
}   // namespace lmdb

Compacted compact_lmdb(const LmdbOptions& options, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
    using namespace lmdb;
    if (access((options.folder + "/" + data_file).c_str(), F_OK) != 0)
        throw StartError("data folder " + options.folder +
                         " holds no data.mdb: name the folder that `sluice serve --data` was given");
    const Folder folder(options.folder);
    const auto boot_id = options.boot_id.empty() ? kernel_boot_id() : options.boot_id;
    check_what_was_left(folder, options.map_bytes, boot_id, nullptr);
    Compacted told{.bytes_before = size_of(folder.file(data_file))};
    {
        Env env;
        start(open_env(env, folder, data_file, options.map_bytes, MDB_RDONLY | MDB_NOLOCK), folder, options.map_bytes);
        require_whole(env.get(), folder, options.map_bytes);
        MDB_txn* txn = nullptr;
        MDB_dbi dbi{};
        start(mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &txn), folder, options.map_bytes);
        const std::unique_ptr<MDB_txn, void (*)(MDB_txn*)> read(txn, mdb_txn_abort);
        start(mdb_dbi_open(txn, nullptr, 0, &dbi), folder, options.map_bytes);
        MDB_val key = val(version_key), version{};
        start(mdb_get(txn, dbi, &key, &version) == 0 ? 0 : MDB_INVALID, folder, options.map_bytes);
        require_version(folder, view(version));
        MDB_stat tree{};
        mdb_stat(txn, dbi, &tree);
        const auto need = pages_of(tree) * block::page_bytes + disk_reserve_bytes, have = folder.free_bytes();
        if (have < need)
            throw StartError("data folder " + folder.path() + " has " + std::to_string(have >> 20) +
                             " MiB of free disk, the copy needs " + std::to_string(need >> 20) + ": free some first");
        const int rc = build_file(folder, options.map_bytes, true, [&](MDB_env* to) {
            return copy_entries(txn, dbi, to, [&](std::uint64_t done, std::uint64_t all) {
                if (progress) progress(done, all);
            });
        });
        if (rc != 0) unlink(folder.file(new_file).c_str());
        start(rc, folder, options.map_bytes);
    }
    told.bytes_after = size_of(folder.file(data_file));
    // Everything in it is on the disk now, whatever the file before it was.
    folder.set_state(boot_id + " process clean\n");
    return told;
}

}   // namespace sluice::storage
