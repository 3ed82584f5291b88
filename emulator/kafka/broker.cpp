// Puts the shared parts together and listens to the engine for what groups must know.
#include "emulator/kafka/broker.h"

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/logs/fetch_sessions.h"
#include "protocol/kafka/print.h"

namespace sluice::kafka {

namespace {
constexpr std::string_view cluster_key = "kafka/cluster";

std::optional<milliseconds> idle_limit(const Configs& configs) {
    const auto ms = configs.number("connections.max.idle.ms");
    if (ms < 0) return std::nullopt;
    return milliseconds{ms};
}
}   // namespace

Broker::Broker(streams::Engine& the_engine, DoorOptions the_options)
    : engine(the_engine),
      options(std::move(the_options)),
      configs(options.configs, options.node_id),
      advertised{options.advertised, options.gateway, std::nullopt},
      max_frame_bytes(static_cast<std::size_t>(configs.number("socket.request.max.bytes"))),
      most_idle(idle_limit(configs)),
      fetch_sessions_(std::make_unique<FetchSessions>(engine.random())),
      alive_(std::make_shared<bool>(true)) {
    const std::weak_ptr<bool> alive = alive_;
    engine.on_removed.push_back([this, alive](const streams::Stream& stream) {
        if (!alive.expired()) groups(*stream.world).forget_topic(stream.topic_id);
    });
    engine.on_resharded.push_back([this, alive](const streams::Stream& stream, const streams::Shard& shard) {
        if (!alive.expired()) groups(*stream.world).resharded(stream, shard);
    });
    engine.on_dealt.push_back([this, alive](const streams::Stream& stream) {
        if (!alive.expired()) groups(*stream.world).enlarged(stream);
    });
    engine.on_unstored.push_back([this, alive](streams::World& world, std::string_view key) {
        if (alive.expired()) return;
        if (key == cluster_key) cluster_id_.clear();   // whoever asks next is told one that is stored
        if (const auto found = groups_.find(world.id); found != groups_.end()) found->second->unstored(key);
    });
    for (auto* world : engine.worlds()) groups(*world);   // what the store remembers of groups lives from the start
}

Broker::~Broker() = default;

const std::string& Broker::cluster_id() {
    if (cluster_id_.empty()) {
        if (const auto kept = engine.get(engine.default_world(), cluster_key)) {
            cluster_id_ = *kept;
        } else {
            const auto random = engine.random().uuid();
            Uuid id;
            std::memcpy(id.bytes.data(), random.data(), 16);
            cluster_id_ = to_text(id);
            engine.put(engine.default_world(), cluster_key, cluster_id_);
        }
    }
    return cluster_id_;
}

Groups& Broker::groups(streams::World& world) {
    auto& groups = groups_[world.id];
    if (!groups) groups = std::make_unique<Groups>(engine, world, configs);
    return *groups;
}

void Broker::forget(streams::World& world) {
    groups(world).clear();
    if (&world == &engine.default_world()) cluster_id_.clear();
}

}   // namespace sluice::kafka
