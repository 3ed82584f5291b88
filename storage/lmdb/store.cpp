// The store on disk: opened, written to by whole batches, and refusing while there is still room for what frees some.
#include "storage/lmdb/store.h"

#include <fcntl.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "storage/lmdb/cursor.h"
#include "storage/lmdb/writer.h"

namespace sluice::storage::lmdb {
namespace {

constexpr std::uint64_t growth_between_disk_checks = std::uint64_t{1} << 20;
constexpr std::uint64_t room_held_bytes = std::uint64_t{1} << 20;   // in the file, behind its last page: some hundred deletions
constexpr std::uint64_t value_cost = 64;                            // besides its bytes, about
constexpr std::int64_t growth_of_a_drop = 4'096;                    // what is written about what goes

}   // namespace

LmdbStore::LmdbStore(const LmdbOptions& options, std::vector<std::string>* notes)
    : folder_(options.folder, options.file_system),
      map_bytes_(options.map_bytes),
      // A trim copies one path of the tree and the list of free pages; this leaves room for many of them.
      reserve_bytes_(std::clamp<std::uint64_t>(map_bytes_ / 16, std::uint64_t{256} << 10, std::uint64_t{16} << 20)),
      boot_id_(options.boot_id.empty() ? kernel_boot_id() : options.boot_id),
      powerful_(options.durability == Durability::power),
      durability_(powerful_ ? "power" : "process") {
    if (map_bytes_ < std::uint64_t{1} << 20) throw StartError("the map needs at least 1 MiB: give a larger size");
    check_what_was_left(folder_, map_bytes_, boot_id_, notes);
    unlink(folder_.file(new_file).c_str());   // of a start or a compaction that did not come to its end
    if (access(folder_.file(data_file).c_str(), F_OK) != 0)
        start(build_file(folder_, map_bytes_, powerful_, write_version), folder_, map_bytes_);
    start(open_env(env_, folder_, data_file, map_bytes_, powerful_ ? 0 : MDB_NOSYNC), folder_, map_bytes_);
    require_whole(env_.get(), folder_, map_bytes_);
    readers_.emplace(env_.get());
    open_tree();
    hold_room(file_bytes_ + room_held_bytes);   // on a full disk there may be none
    // `power open` promises that nothing needs a check, so what a killed server wrote without syncing is synced first.
    if (powerful_) start(mdb_env_sync(env_.get(), 1), folder_, map_bytes_);
    if (!folder_.set_state(boot_id_ + " " + durability_ + " open\n"))
        throw StartError("data folder " + folder_.path() + " does not take a small file (" + std::strerror(errno) +
                         "): free some disk, or give --data another folder");
}

LmdbStore::~LmdbStore() {
    readers_.reset();
    const bool synced = mdb_env_sync(env_.get(), 1) == 0;
    env_.reset();
    if (synced) folder_.set_state(boot_id_ + " " + durability_ + " clean\n");
}

void LmdbStore::open_tree() {
    std::string found;
    const int rc = transact([&](MDB_txn* txn) {
        if (const int opened = mdb_dbi_open(txn, nullptr, 0, &dbi_)) return opened;
        MDB_val key = val(version_key), value{};
        int got = mdb_get(txn, dbi_, &key, &value);
        if (got == MDB_NOTFOUND) {
            MDB_stat whole{};
            mdb_stat(txn, dbi_, &whole);
            if (whole.ms_entries != 0) return MDB_INVALID;
            value = val(format_version);
            got = mdb_put(txn, dbi_, &key, &value, 0);
        }
        if (got == 0) found = view(value);
        Cursor cursor(txn, dbi_);
        MDB_val queued = val("s");
        sweeping_ = cursor.get(queued, value, MDB_SET_RANGE) && view(queued).starts_with("s");
        return got;
    });
    start(rc, folder_, map_bytes_);
    require_version(folder_, found);
}

Result<void> LmdbStore::commit(const Batch& batch) {
    if (batch.empty()) return {};
    std::lock_guard lock(mutex_);
    if (readers_->old_ones_out()) return std::unexpected(Error::io);
    order_.resize(batch.appends.size());
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (order_.size() > 1) std::ranges::stable_sort(order_, {}, [&](std::size_t i) { return batch.appends[i].log; });
    const auto need = space_for(batch);
    if (need > 0 && !has_room(need, batch)) return std::unexpected(Error::no_space);
    // Twice what is written is freed along with it: no writer outruns sweeping, and in `power` it costs no sync of its own.
    auto along = sweeping_ && !batch.appends.empty() ? 2 * need / block::page_bytes : 0;
    const auto first = sweepable(std::min<std::size_t>(along, blocks_freed_in_one_transaction));
    bool more = true;
    int rc = transact([&](MDB_txn* txn) {
        const int done = apply(txn, batch);
        return done == 0 && first > 0 ? sweep_some(txn, first, more) : done;
    });
    if (rc == MDB_MAP_FULL && first > 0)
        rc = transact([&](MDB_txn* txn) { return apply(txn, batch); });
    else if (rc == 0 && first > 0)
        sweeping_ = more || !batch.trims.empty() || !batch.drops.empty();
    if (auto done = outcome(rc); !done) return done;
    for (along -= first; along > 0 && sweeping_ && !powerful_;) {
        const auto next = sweepable(std::min<std::size_t>(along, blocks_freed_in_one_transaction));
        if (next == 0) break;
        if (transact([&](MDB_txn* txn) { return sweep_some(txn, next, more); }) != 0) break;   // it is tried again by sweep
        sweeping_ = more;
        along -= next;
    }
    return {};
}

int LmdbStore::apply(MDB_txn* txn, const Batch& batch) {
    {
        Cursor cursor(txn, dbi_);
        for (std::size_t i = 0; i < order_.size();) {
            const auto log = batch.appends[order_[i]].log;
            Writer writer(cursor, log);
            for (; i < order_.size() && batch.appends[order_[i]].log == log; ++i) writer.append(batch.appends[order_[i]].entry);
            if (const int rc = writer.finish()) return rc;
        }
    }
    std::string name;
    for (auto& put : batch.puts) {
        table_key(put.key, name);
        MDB_val key = val(name), value = val(put.value);
        const int rc = put.value.empty() ? mdb_del(txn, dbi_, &key, nullptr) : mdb_put(txn, dbi_, &key, &value, 0);
        if (rc != 0 && !(put.value.empty() && rc == MDB_NOTFOUND)) return rc;
    }
    for (auto& trim : batch.trims)
        if (const int rc = mark_trimmed(txn, trim.log, trim.before)) return rc;
    for (auto& drop : batch.drops)
        if (const int rc = mark_trimmed(txn, drop.log, dropped)) return rc;
    return 0;
}

// Pages this batch may take at worst, about; 0 when it only gives back.
std::uint64_t LmdbStore::space_for(const Batch& batch) const {
    std::uint64_t need = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
        const auto& [log, entry] = batch.appends[order_[i]];
        const auto bytes = sizeof(EntryHeader) + entry.pieces[0].size() + entry.pieces[1].size();
        need += bytes + bytes / 16;
        if (i == 0 || batch.appends[order_[i - 1]].log != log) need += 2 * block::page_bytes;
    }
    for (auto& put : batch.puts)
        if (!put.value.empty()) need += put.key.size() + put.value.size() + value_cost;
    return need;
}

// What the values of a batch add to those that they replace: a batch that takes back more than it puts needs no room to stay in,
// only room to be written.
std::int64_t LmdbStore::growth_of(const Batch& batch) const {
    std::int64_t growth = 0;
    const LmdbSnapshot now(*readers_, dbi_);
    const auto cost = [](std::size_t key, std::size_t value) { return static_cast<std::int64_t>(key + value + value_cost); };
    for (auto& put : batch.puts) {
        if (const auto old = now.get(put.key)) growth -= cost(put.key.size(), old->size());
        if (!put.value.empty()) growth += cost(put.key.size(), put.value.size());
    }
    return growth;
}

// Records leave the whole reserve free, values half of it. The rest is for what adds nothing: deletions, and values that are
// replaced. Without it, values alone could fill the store so that none of them could be deleted.
bool LmdbStore::has_room(std::uint64_t need, const Batch& batch) {
    const bool urgent = batch.appends.empty();
    const std::uint64_t left_free = urgent ? reserve_bytes_ / 2 : reserve_bytes_;
    bool room = used_bytes_ + need + left_free <= map_bytes_;
    if (disk_low_ || file_bytes_ >= next_disk_check_ || need > growth_between_disk_checks) {
        next_disk_check_ = file_bytes_ + growth_between_disk_checks;
        disk_low_ = folder_.free_bytes() < disk_reserve_bytes + need ||
                    !hold_room(file_bytes_ + need + growth_between_disk_checks + room_held_bytes);
    }
    // On a full disk the pages that sweeping freed are still good, but not the last of them and of what is set aside.
    if (disk_low_ && !(urgent && folder_.free_bytes() > disk_reserve_bytes / 2 + need))
        room = room && std::max(held_bytes_, file_bytes_.load()) > used_bytes_ + need + room_held_bytes;
    return room || (urgent && growth_of(batch) <= (batch.drops.empty() ? 0 : growth_of_a_drop));
}

// Has the disk set aside what the file will grow by next, so that deletions find room whoever fills the disk meanwhile. False
// when it has no more. A file system that cannot set aside is taken as it is.
bool LmdbStore::hold_room(std::uint64_t upto) {
    if (upto <= held_bytes_) return true;
    mdb_filehandle_t file{};
    mdb_env_get_fd(env_.get(), &file);
    int rc = 0;
    do rc = fallocate(file, 0, static_cast<off_t>(file_bytes_), static_cast<off_t>(upto - file_bytes_));
    while (rc != 0 && errno == EINTR);
    if (rc == 0) held_bytes_ = upto;
    return rc == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
}

// A failed write of a meta page leaves the environment unusable, though the file is as it was. It is opened once more, with a
// list of readers of its own; snapshots of the old one stay good until they are given back.
void LmdbStore::recover() {
    MDB_txn* txn = nullptr;
    if (const int rc = mdb_txn_begin(env_.get(), nullptr, MDB_RDONLY, &txn); rc != MDB_PANIC) {
        if (rc == 0) mdb_txn_abort(txn);
        return;
    }
    Env again;
    unlink(folder_.file(readers_file).c_str());   // the folder's lock keeps other servers out
    int rc = open_env(again, folder_, data_file, map_bytes_, powerful_ ? 0 : MDB_NOSYNC);
    if (rc == 0) rc = mdb_txn_begin(again.get(), nullptr, MDB_RDONLY, &txn);
    if (rc != 0) stop("the file cannot be opened again after a failed write", rc);
    rc = mdb_dbi_open(txn, nullptr, 0, &dbi_);
    const bool as_answered = mdb_txn_id(txn) == committed_;
    mdb_txn_abort(txn);
    if (rc != 0) stop("the file cannot be read after a failed write", rc);
    if (!as_answered) stop("the disk kept a write that it called failed, and a start will find it", EIO);
    auto* const now = again.get();
    readers_->replace(std::exchange(env_, std::move(again)), now);
}

Result<void> LmdbStore::outcome(int rc) {
    if (rc == 0) return {};
    if (rc == MDB_MAP_FULL || rc == MDB_TXN_FULL) return std::unexpected(Error::no_space);
    if (rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND || rc == MDB_INVALID) return std::unexpected(Error::corrupt);
    // LMDB calls a short write EIO, which is what a disk does that fills up in the middle of it.
    const bool full = rc == ENOSPC || rc == EDQUOT || rc == EFBIG || (rc == EIO && folder_.free_bytes() < disk_reserve_bytes);
    if (full) disk_low_ = true;
    return std::unexpected(full ? Error::no_space : Error::io);
}

Stats LmdbStore::stats() const { return {used_bytes_, file_bytes_, map_bytes_ - reserve_bytes_, sweeping_, readers_->out()}; }

}   // namespace sluice::storage::lmdb

namespace sluice::storage {

std::unique_ptr<Store> open_lmdb(const LmdbOptions& options, std::vector<std::string>* notes) {
    return std::make_unique<lmdb::LmdbStore>(options, notes);
}

}   // namespace sluice::storage
