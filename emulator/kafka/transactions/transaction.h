// Where one transactional id stands: a plain machine that is given the time and a request and returns a decision. It reads no
// clock, arms no timer, stores nothing and answers nobody; transactions.cpp carries decisions out.
//   Empty -> Ongoing (something became part of it) -> CompleteCommit or CompleteAbort -> Ongoing ...
// On one node an end is a single step, its markers and offsets are stored with it: so nobody ever sees the states between, and
// nobody is told to wait for them (CONCURRENT_TRANSACTIONS). Codes are those of Kafka 4.4.0, seen side by side. `bumps`: the
// client speaks the protocol of KIP-890, in which each end yields the next epoch.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "emulator/kafka/groups/offsets.h"
#include "emulator/kafka/transactions/stored.h"
#include "emulator/runtime/clock.h"
#include "protocol/kafka/errors.h"

namespace sluice::kafka {

enum class TransactionState : std::int8_t { empty, ongoing, complete_commit, complete_abort };
std::string_view name_of(TransactionState);   // Kafka's: Empty, Ongoing, CompleteCommit, CompleteAbort

struct Producer {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    friend bool operator==(const Producer&, const Producer&) = default;
};

using OffsetsByGroup = std::map<std::string, Offsets::ByPartition, std::less<>>;

// What becomes of a transaction that ends.
struct TransactionEnd {
    bool commit = false;
    Producer marker;   // records of lower epochs are refused behind it
    std::set<Partition> partitions;
    OffsetsByGroup offsets;
};

struct TransactionDecision {
    ErrorCode code = ErrorCode::none;
    Producer producer;   // that the client goes on with
    bool changed = false;
    std::optional<TransactionEnd> end;   // goes with the change
};

class Transaction {
  public:
    // The last epoch that a client is told; the one above is for ending what it has open.
    static constexpr std::int16_t last_epoch_told = 32'766;
    struct Now {
        Time live, shown;   // by which it is over; which clients are told
    };

    // `expected`: what the client believes to be, when it says so. `fresh`: the producer id of an id that has none yet, and the
    // next one when the epochs of the last are used up.
    TransactionDecision init(Now, milliseconds timeout, const Producer& expected, std::int64_t fresh);
    bool may_rotate() const;   // a fresh one may be needed
    // Partitions, and a group whose offsets are committed with them, become part of it.
    TransactionDecision add(Now, const Producer&, const std::set<Partition>&, std::optional<std::string_view> group = {});
    // What is wrong with a producer that writes in it.
    ErrorCode fault(const Producer&) const;
    // The same of one that writes to that partition, or commits offsets of that group, without having said so before.
    ErrorCode fault(const Producer&, const Partition&) const;
    ErrorCode fault(const Producer&, std::string_view group) const;
    // Precondition: the group is part of it.
    void commit_offset(Now, std::string_view group, const Partition&, CommittedOffset);
    TransactionDecision end(Now, const Producer&, bool commit, bool bumps, std::int64_t fresh);
    // It has run for as long as it may: the producer is fenced off.
    TransactionDecision time_out(Now);

    TransactionState state() const { return state_; }
    Producer producer() const { return producer_; }
    milliseconds timeout() const { return timeout_; }
    Time started() const { return started_.shown; }   // of the last one; before 1970: there was none
    const std::set<Partition>& partitions() const { return partitions_; }
    const OffsetsByGroup& groups() const { return groups_; }
    // When it is timed out, while it is ongoing, or when the id is forgotten; live time.
    Time over(milliseconds kept) const {
        return state_ == TransactionState::ongoing ? started_.live + timeout_ : changed_ + kept;
    }

    // `ahead`: what live time is ahead of real time.
    StoredTransaction to_store(milliseconds ahead) const;
    // False: an emulator writes no such one.
    bool restore(const StoredTransaction&, milliseconds ahead, Time live);

  private:
    bool exhausted() const { return producer_.epoch >= last_epoch_told; }
    TransactionDecision finish(Now, bool commit, Producer marker);

    TransactionState state_ = TransactionState::empty;
    Producer producer_;
    std::int64_t previous_id_ = -1;   // whose epochs were used up
    std::int16_t last_epoch_ = -1;    // that the present one follows, when its client knows it
    milliseconds timeout_{};
    Now started_{{}, from_ms(-1)};
    Time changed_{};
    std::set<Partition> partitions_;
    OffsetsByGroup groups_;
};

}   // namespace sluice::kafka
