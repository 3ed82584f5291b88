// The part that writes: what one turn of the loop queues becomes a group, a group one batch of the store, and its outcome goes to
// whoever waits for it. Appends are decided here, as all writes are. Its own are the groups under way and the writer thread.
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "emulator/streams/log/group.h"

namespace sluice::streams {

class Writer : public EnginePart {
  public:
    using EnginePart::EnginePart;
    void stop();   // the thread; what is queued is not written any more

    // ---- append.cpp ----
    std::optional<Refusal> admit(Shard&, std::uint64_t bytes, std::uint32_t records, std::string_view key);
    milliseconds charge_write(Shard&, std::uint64_t bytes, std::uint32_t records);
    Result<Queued> append(Shard&, const Append&);
    Result<Queued> forward(Shard& sealed, const Append& whole, std::span<const streams::Part> parts);
    // ---- transactions.cpp ----
    Result<Ticket> end_transaction(Shard&, const Ending&);
    static constexpr std::uint64_t marker_bytes = 78;   // of each
    // In the batch of a fork: what its parent has open is aborted in the fork, whose shard goes on in `next`. Yields the state
    // of that producer then.
    ProducerState abort_in_fork(const Stream& fork, const Shard& parent, LogId next, Position at, std::int64_t producer);

    // ---- commit.cpp: queueing ----
    Group& group();   // the open one; its commit is posted
    // No scope: that of the unit that is open, or the world's. Any scope is bound to the open unit.
    Ticket ticket(Group::Scope, Position base = -1);
    void put(Group::Scope, std::string key, std::string value);
    void bind(Group::Scope);   // to the open unit
    Group::Scope in_unit() const { return in_unit_; }
    Group::Scope begin_unit();   // yields its scope, which is bound to that of a unit around it
    void end_unit(Group::Scope around) { in_unit_ = around; }
    // While it lives, what is queued without a scope is part of the stream's change.
    class Changing {
      public:
        Changing(Writer& writer, const OwnedStream& stream);
        ~Changing() { writer_.in_unit_ = before_; }
        Changing(const Changing&) = delete;
        Changing& operator=(const Changing&) = delete;

      private:
        Writer& writer_;
        Group::Scope before_;
    };
    void touch(Shard&);          // its running value goes with the group
    void touch_lazily(Shard&);   // its running value goes with the next group, at the latest in a second

    // ---- commit.cpp, write.cpp, undo.cpp: groups on their way ----
    bool writing() const { return writing_ != nullptr; }
    void flush();
    void flush_if_queued();   // what waits only for its second stays
    // ---- writer.cpp ----
    bool sweep_on_thread();   // true while there is something to sweep
    bool sweep_on_loop(std::size_t entries);

  private:
    void commit_posted();
    void commit_now(const std::shared_ptr<Group>&);
    void prepare(Group&);   // adds the values that are taken at the last moment
    void run(Group&);
    Group::Failed write(const Group&) const;   // may run on the writer thread
    void finish(const std::shared_ptr<Group>&);
    // Yields the streams that were to be made and are not there.
    std::vector<OwnedStream> undo(Group&, Group* later);
    void tell_unstored(const Group&);
    void resume_waiting(const std::shared_ptr<Group>&);
    void record_lost(std::string_view key);
    bool stale() const { return folder_stale_ || !stale_worlds_.empty(); }
    void write_loop();
    void start_write(std::shared_ptr<Group>);
    std::shared_ptr<Group> take_written();
    void collect_write();
    void remember(Shard&, const Append&, Position base);
    ProducerState& written_by(Shard&, std::int64_t producer);   // its state goes with the group
    void touched(Shard&, std::uint64_t bytes);                  // something was appended to it
    storage::Bytes marker(const Ending&, Position at, std::int64_t now_ms);
    void want_room(Shard&, std::int64_t records, std::int64_t bytes);

    std::shared_ptr<Group> open_;
    bool posted_ = false;
    std::uint64_t groups_ = 0;
    Group::Scope in_unit_;
    std::uint64_t units_opened_ = 0;
    // Streams that an append made final: until their record is stored, every append stands or falls with it.
    std::vector<std::pair<const Stream*, std::uint64_t>> lately_final_;   // with the group's serial
    std::vector<std::pair<OwnedStream, Shard*>> lazy_;
    Timer lazy_timer_;
    // Records that were lost with a failed commit: they go with the next group.
    bool folder_stale_ = false;
    std::set<WorldId> stale_worlds_;

    // The writer thread, of `power` and for what is large: one group at a time, the next collects meanwhile.
    std::thread thread_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::shared_ptr<Group> writing_;   // guarded by the mutex; nothing: idle
    Group::Failed written_;            // result of `writing_`
    bool writer_done_ = false, stop_writer_ = false;
    bool sweep_asked_ = false;   // when it has nothing to write
};

}   // namespace sluice::streams
