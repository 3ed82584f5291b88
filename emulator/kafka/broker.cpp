// Puts the shared parts together and listens to the engine for what groups must know.
#include "emulator/kafka/broker.h"

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
}   // namespace

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
        if (const auto found = dynamic_configs_.find(world.id); found != dynamic_configs_.end() && found->second->unstored(key))
            configs.follow(world, *found->second);
        if (&world == &engine.default_world()) {
            logins_->unstored(key);
            access_->unstored(key);
            quotas_->unstored(key);
        }
        if (const auto found = groups_.find(world.id); found != groups_.end()) found->second->unstored(key);
        if (const auto found = transactions_.find(world.id); found != transactions_.end()) found->second->unstored(key);
        if (const auto found = share_groups_.find(world.id); found != share_groups_.end()) found->second->unstored(key);
    });
    share_sessions_->on_close = [this](const ShareSession& session) {
        share_groups(*session.world).release(session.group, session.holder);
    };
    for (auto* world : engine.worlds()) {   // what the store remembers lives from the start
        dynamic_configs(*world);
        transactions(*world);   // with its groups
        share_groups(*world);
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

Groups& Broker::groups(streams::World& world) {
    auto& groups = groups_[world.id];
    if (!groups) {
        groups = std::make_unique<Groups>(engine, world, configs);
        groups->is_share_group = [this, &world](std::string_view id) { return share_groups(world).find(id) != nullptr; };
    }
    return *groups;
}

Transactions& Broker::transactions(streams::World& world) {
    auto& transactions = transactions_[world.id];
    if (!transactions) transactions = std::make_unique<Transactions>(engine, world, configs, groups(world));
    return *transactions;
}

DynamicConfigs& Broker::dynamic_configs(streams::World& world) {
    auto& dynamic = dynamic_configs_[world.id];
    if (!dynamic) {
        dynamic = std::make_unique<DynamicConfigs>(engine, world);
        configs.follow(world, *dynamic);
    }
    return *dynamic;
}

ShareGroups& Broker::share_groups(streams::World& world) {
    auto& groups = share_groups_[world.id];
    if (!groups) {
        groups = std::make_unique<ShareGroups>(engine, world, configs);
        groups->on_gone = [this, &world](std::string_view group, std::string_view member) {
            share_sessions_->drop_member(world, group, member);
        };
    }
    return *groups;
}

void Broker::forget(streams::World& world) {
    transactions(world).clear();
    groups(world).clear();
    share_groups(world).clear();
    share_sessions_->drop_world(world);
    auto& dynamic = dynamic_configs(world);
    dynamic.clear();
    configs.follow(world, dynamic);
    if (&world != &engine.default_world()) return;
    cluster_id_.clear();
    features.clear();
    logins_->clear();
    access_->clear();
    quotas_->clear();
}

}   // namespace sluice::kafka
