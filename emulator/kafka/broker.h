// What all connections share: settings, groups, fetch sessions, the cluster's id. No sockets.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "emulator/kafka/configs/configs.h"
#include "emulator/kafka/door_options.h"
#include "emulator/streams/engine.h"

namespace sluice::kafka {

class FetchSessions;
class Groups;

struct Broker {
    Broker(streams::Engine&, DoorOptions);
    ~Broker();

    streams::Engine& engine;
    DoorOptions options;
    Configs configs;
    Advertised advertised;
    std::size_t max_frame_bytes;             // socket.request.max.bytes
    std::optional<milliseconds> most_idle;   // connections.max.idle.ms; nothing: for ever

    // 22 characters; kept in the store, so that a restart is the same cluster.
    const std::string& cluster_id();
    Groups& groups(streams::World&);
    FetchSessions& fetch_sessions() { return *fetch_sessions_; }
    void forget(streams::World&);

  private:
    std::string cluster_id_;
    std::unique_ptr<FetchSessions> fetch_sessions_;
    std::unordered_map<streams::WorldId, std::unique_ptr<Groups>> groups_;
    std::shared_ptr<bool> alive_;   // the engine's lists of listeners cannot be left, so they ask first
};

}   // namespace sluice::kafka
