// Puts the shared parts together and listens to the engine for what groups must know.
#include "emulator/kafka/broker.h"

#include "emulator/kafka/configs/log_settings.h"
#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/logs/fetch_sessions.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/share/share_groups.h"
#include "emulator/kafka/share/share_sessions.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/kafka/print.h"

namespace sluice::kafka {

namespace {
constexpr std::string_view cluster_key = "kafka/cluster";

std::optional<milliseconds> idle_limit(const Configs& configs) {
    const auto ms = configs.number("connections.max.idle.ms");
    if (ms < 0) return std::nullopt;
    return milliseconds{ms};
}

const Configs& followed(Configs& configs, streams::World& world, const DynamicConfigs& changed) {
    configs.follow(world, changed);
    return configs;
}
}   // namespace

struct Broker::InWorld {
    InWorld(Broker& b, streams::World& world)
        : dynamic_configs(b.engine, world),
          groups(b.engine, world, followed(b.configs, world, dynamic_configs), b.access()),
          transactions(b.engine, world, b.configs, groups),
          share_groups(b.engine, world, b.configs) {
        groups.is_share_group = [this](std::string_view id) { return share_groups.find(id) != nullptr; };
        share_groups.on_gone = [&b, &world](std::string_view group, std::string_view member) {
            b.share_sessions().drop_member(world, group, member);
        };
    }
    DynamicConfigs dynamic_configs;
    Groups groups;
    Transactions transactions;
    ShareGroups share_groups;
};

Broker::Broker(streams::Engine& the_engine, DoorOptions the_options)
    : engine(the_engine),
      options(std::move(the_options)),
      configs(options.configs, options.node_id),
      features(engine),
      advertised{options.advertised, options.gateway, std::nullopt},
      max_frame_bytes(static_cast<std::size_t>(configs.number("socket.request.max.bytes"))),
      most_idle(idle_limit(configs)),
      fetch_sessions_(std::make_unique<FetchSessions>(engine.random())),
      logins_(std::make_unique<Logins>(engine, configs, options.login)),
      access_(std::make_unique<Access>(engine, engine.default_world(), configs)),
      quotas_(std::make_unique<Quotas>(engine, engine.default_world(), configs)),
      guards_(&access_->guards()),
      share_sessions_(std::make_unique<ShareSessions>()),
      alive_(std::make_shared<bool>(true)) {
    const std::weak_ptr<bool> alive = alive_;
    engine.on_removed.push_back([this, alive](const streams::Stream& stream) {
        if (alive.expired()) return;
        groups(*stream.world).forget_topic(stream);
        share_groups(*stream.world).forget_topic(stream);
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
        if (Features::is_key(key)) features.load();
        if (&world == &engine.default_world()) {
            logins_->unstored(key);
            access_->unstored(key);
            quotas_->unstored(key);
        }
        auto* kept = find(world);
        if (!kept) return;
        if (kept->dynamic_configs.unstored(key)) configs.follow(world, kept->dynamic_configs);
        kept->groups.unstored(key);
        kept->transactions.unstored(key);
        kept->share_groups.unstored(key);
    });
    share_sessions_->on_close = [this](const ShareSession& session) {
        share_groups(*session.world).release(session.group, session.holder);
    };
    for (auto* world : engine.worlds()) {   // what the store remembers lives from the start
        in(*world);
        (void)hand_down_compaction(configs, engine, *world);   // a server may be started with other settings
    }
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

Broker::InWorld& Broker::in(streams::World& world) {
    auto& kept = worlds_[world.id];
    if (!kept) kept = std::make_unique<InWorld>(*this, world);
    return *kept;
}

Broker::InWorld* Broker::find(const streams::World& world) const {
    const auto found = worlds_.find(world.id);
    return found == worlds_.end() ? nullptr : found->second.get();
}

Groups& Broker::groups(streams::World& world) { return in(world).groups; }
Transactions& Broker::transactions(streams::World& world) { return in(world).transactions; }
DynamicConfigs& Broker::dynamic_configs(streams::World& world) { return in(world).dynamic_configs; }
ShareGroups& Broker::share_groups(streams::World& world) { return in(world).share_groups; }

void Broker::forget(streams::World& world) {
    auto& kept = in(world);
    kept.transactions.clear();
    kept.groups.clear();
    kept.share_groups.clear();
    share_sessions_->drop_world(world);
    kept.dynamic_configs.clear();
    configs.follow(world, kept.dynamic_configs);
    if (&world != &engine.default_world()) return;
    cluster_id_.clear();
    features.clear();
    logins_->clear();
    access_->clear();
    quotas_->clear();
}

}   // namespace sluice::kafka
