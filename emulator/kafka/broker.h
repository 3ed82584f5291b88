// What all connections share: settings, features, groups, fetch sessions, the cluster's id. No sockets.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/door_options.h"
#include "emulator/kafka/features.h"
#include "emulator/streams/engine.h"

namespace sluice::kafka {

class Access;
class FetchSessions;
class Groups;
class Transactions;
class Logins;
class Quotas;
class ShareGroups;
class ShareSessions;

struct Broker {
    Broker(streams::Engine&, DoorOptions);
    ~Broker();

    streams::Engine& engine;
    DoorOptions options;
    Configs configs;
    Features features;
    Advertised advertised;
    std::size_t max_frame_bytes;             // socket.request.max.bytes
    std::optional<milliseconds> most_idle;   // connections.max.idle.ms; nothing: for ever

    // 22 characters; kept in the store, so that a restart is the same cluster.
    const std::string& cluster_id();
    Groups& groups(streams::World&);
    Transactions& transactions(streams::World&);
    FetchSessions& fetch_sessions() { return *fetch_sessions_; }
    // What was changed there at run time; `configs` follows it.
    DynamicConfigs& dynamic_configs(streams::World&);
    Logins& logins() { return *logins_; }
    Access& access() { return *access_; }
    Quotas& quotas() { return *quotas_; }
    bool guards() const { return *guards_; }   // some request may be refused what it asks for
    ShareGroups& share_groups(streams::World&);
    ShareSessions& share_sessions() { return *share_sessions_; }
    std::size_t most_share_sessions() const { return static_cast<std::size_t>(configs.number("group.share.max.share.sessions")); }
    void forget(streams::World&);

  private:
    struct InWorld;   // what is kept of one world
    InWorld& in(streams::World&);
    InWorld* find(const streams::World&) const;

    std::string cluster_id_;
    std::unique_ptr<FetchSessions> fetch_sessions_;
    std::unique_ptr<Logins> logins_;
    std::unique_ptr<Access> access_;
    std::unique_ptr<Quotas> quotas_;
    const bool* guards_ = nullptr;
    std::unordered_map<streams::WorldId, std::unique_ptr<InWorld>> worlds_;
    std::unique_ptr<ShareSessions> share_sessions_;   // goes before the groups that hear of it
    std::shared_ptr<bool> alive_;                     // the engine's lists of listeners cannot be left, so they ask first
};

}   // namespace sluice::kafka
