// Committed offsets of one world: kept values, apart from who is in a group. Memory holds what the store holds or is about to:
// what could not be stored is read again. Indexed by topic, so that deleting one looks only at groups that committed to it.
#pragma once

#include <map>
#include <set>
#include <string>

#include "emulator/kafka/groups/stored.h"
#include "emulator/streams/engine.h"

namespace sluice::kafka {

struct CommittedOffset {
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;
    std::string metadata;
    Time committed{};   // virtual time
};

class Offsets {
  public:
    using ByPartition = std::map<Partition, CommittedOffset>;

    Offsets(streams::Engine& engine, streams::World& world) : engine_(engine), world_(world) {}
    void load();
    streams::Ticket commit(std::string_view group, const Partition&, CommittedOffset);
    streams::Ticket erase(std::string_view group, const Partition&);
    void erase_all(std::string_view group);
    // Every group's, and the groups that had some.
    std::set<std::string, std::less<>> forget_topic(const streams::Uuid&);
    void each_group(const std::function<void(const std::string&)>&) const;
    // Nothing when the group has none.
    const ByPartition* find(std::string_view group) const;
    // Rule 15: a child without an offset whose ancestor has one starts at its log start.
    std::optional<CommittedOffset> offset(std::string_view group, const streams::Stream&, std::int32_t partition) const;
    // The store holds something else than memory under this key of an offset, without its prefix. Yields whose it is.
    std::optional<std::string> unstored(std::string_view key);
    // When all that is shown of this group now is stored.
    streams::Ticket shown(std::string_view group) const;
    void clear();

    std::size_t groups() const { return groups_.size(); }
    std::size_t topics() const { return by_topic_.size(); }

  private:
    struct OfGroup {
        ByPartition by_partition;
        streams::Ticket last;   // of the last change
    };
    void insert(std::string_view group, const Partition&, CommittedOffset);
    void remove(std::string_view group, const Partition&);

    streams::Engine& engine_;
    streams::World& world_;
    std::map<std::string, OfGroup, std::less<>> groups_;
    std::map<streams::Uuid, std::set<std::string, std::less<>>> by_topic_;   // groups with an offset there
};

}   // namespace sluice::kafka
