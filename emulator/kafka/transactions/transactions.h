// The transactional ids of one world: carries out what a transaction decides. An end is one unit: its markers in the logs, the
// offsets of groups, the id's next epoch. Whoever died in a transaction is timed out, also after a restart; times are liveness
// times (rule 5).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/transactions/transaction.h"

namespace sluice::kafka {

class Transactions {
  public:
    Transactions(streams::Engine&, streams::World&, const Configs&, Groups&);
    Transactions(const Transactions&) = delete;
    Transactions& operator=(const Transactions&) = delete;

    // Answered when the ticket is committed, also when nothing changed: what is told is stored.
    struct Changed {
        ErrorCode code{};
        Producer producer{};
        streams::Ticket ticket{};
    };
    Changed init(std::string_view id, milliseconds timeout, const Producer& expected);
    // Within the caller's unit, when there is one.
    Changed add(std::string_view id, const Producer&, const std::set<Partition>&);
    Changed add(std::string_view id, const Producer&, std::string_view group);
    // What is wrong with a producer that writes there without having said so before.
    ErrorCode fault(std::string_view id, const Producer&, const Partition&) const;
    ErrorCode fault(std::string_view id, const Producer&, std::string_view group) const;
    // Precondition: the group is part of it.
    streams::Ticket commit_offsets(std::string_view id, std::string_view group, Offsets::ByPartition);
    // `bumps`: see Transaction.
    Changed end(std::string_view id, const Producer&, bool commit, bool bumps);

    const Transaction* find(std::string_view id) const;
    void each(const std::function<void(const std::string&, const Transaction&)>&) const;
    // When what is shown of it is stored.
    streams::Ticket shown(std::string_view id) const;
    // A transaction is open that may change the group's offset there (KIP-447).
    bool unstable(std::string_view group, const Partition&) const;
    bool has_pending(std::string_view group) const;

    void unstored(std::string_view key);   // what the store holds under it is what counts again
    void clear();                          // for a reset
    std::size_t kept() const { return ids_.size() + due_.size() + pending_.size(); }

  private:
    struct Kept {
        Transaction transaction;
        streams::Ticket last;   // of the last change
        Time due{};
    };
    using Ids = std::map<std::string, Kept, std::less<>>;

    Transaction::Now now() const { return {world_.clock->live(), world_.clock->now()}; }
    milliseconds ahead() const { return world_.clock->live() - world_.clock->real(); }
    Changed carry_out(Ids::iterator, TransactionDecision);
    void carry_out(const TransactionEnd&);
    streams::Ticket save(Ids::iterator);
    bool restore(std::string_view id, std::string_view stored);
    void forget_pending(std::string_view id, const OffsetsByGroup&);
    void due_at(Ids::iterator, Time);
    void arm();
    void over(const std::string& id);
    void erase(Ids::iterator);

    streams::Engine& engine_;
    streams::World& world_;
    Groups& groups_;
    milliseconds longest_kept_;   // transactional.id.expiration.ms
    Ids ids_;
    std::map<std::string, std::map<Partition, std::set<std::string, std::less<>>>, std::less<>> pending_;   // by group
    std::set<std::pair<Time, std::string>> due_;
    std::optional<Time> armed_;
    Timer timer_;
};

}   // namespace sluice::kafka
