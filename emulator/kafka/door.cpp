// Listeners and the set of connections. Says once per peer what was advertised when a client asked for it and never came back.
#include "emulator/kafka/door.h"

#include <list>
#include <set>
#include <unordered_map>

#include "emulator/kafka/broker.h"
#include "emulator/kafka/logs/fetch_sessions.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/session.h"
#include "emulator/kafka/share/share_sessions.h"
#include "emulator/net/listener.h"

namespace sluice::kafka {

namespace {
constexpr milliseconds patience{5'000};   // rule 25
constexpr std::size_t most_peers_told = 1'000;
}   // namespace

struct Door::State : std::enable_shared_from_this<Door::State> {
    State(streams::Engine& engine, DoorOptions options)
        : broker(engine, std::move(options)),
          receiving(*engine.default_world().clock, "Kafka door",
                    [&engine](std::string_view line) { engine.events().note(line); }) {}

    Broker broker;
    Receiving receiving;
    std::list<Listener> listeners;
    std::unordered_map<Session*, std::shared_ptr<Session>> sessions;
    std::unordered_map<std::string, std::size_t> by_address;   // how many of them
    std::unordered_map<Session*, Timer> hints;
    std::set<asio::ip::address> told;
    std::list<std::pair<std::shared_ptr<Peer>, Timer>> delayed;   // connections over their address's rate (KIP-612)

    std::size_t connections_of(const std::string& address) const {
        const auto found = by_address.find(address);
        return found == by_address.end() ? 0 : found->second;
    }

    void welcome(std::shared_ptr<Peer> peer, const std::optional<HostPort>& own) {
        auto& world = broker.engine.default_world();
        const auto most =
            std::min(broker.options.most_connections, static_cast<std::size_t>(broker.configs.number(&world, "max.connections")));
        if (sessions.size() + delayed.size() >= most)
            return broker.engine.events().note_once("Kafka door: there are " + std::to_string(most) +
                                                    " connections, the most it takes; more are closed");
        const auto address = plain(peer->remote().address).to_string();
        if (const auto own_most = broker.configs.most_connections_of(&world, address);
            own_most < most && connections_of(address) >= own_most)
            return broker.engine.events().note_once("Kafka door: " + address + " has " + std::to_string(own_most) +
                                                    " connections, the most that max.connections.per.ip allows; more are closed");
        if (const auto wait = broker.quotas().connected(address); wait.count() > 0) return delay_end(std::move(peer), wait);
        auto session = std::make_shared<Session>(std::shared_ptr<Broker>(shared_from_this(), &broker), receiving, world,
                                                 std::move(peer), own);
        std::erase_if(hints, [&](auto& entry) { return entry.first->remote() == session->remote(); });   // it came back
        session->on_metadata = [this](Session& s) { watch_for_return(s); };
        session->on_foreign = [this](Spoken spoken) { met(spoken); };
        session->on_failed_handshake = [this](std::string_view fault) {
            broker.engine.events().note_once(
                "Kafka door: a TLS handshake failed: " + std::string(fault) +
                "; clients trust this server when their ssl.ca.location or truststore holds its ca.pem");
        };
        ++by_address[address];
        session->on_close = [weak = weak_from_this(), address](Session& s) {
            const auto self = weak.lock();
            if (!self) return;
            if (const auto found = self->by_address.find(address); --found->second == 0) self->by_address.erase(found);
            self->hints.erase(&s);
            self->broker.fetch_sessions().drop_owner(&s);
            self->broker.share_sessions().drop_owner(&s);
            self->sessions.erase(&s);
        };
        sessions.emplace(session.get(), session);
        session->start();
    }

    // As Kafka does it: closed after the time that its address has to wait, and nothing is answered meanwhile.
    void delay_end(std::shared_ptr<Peer> peer, milliseconds wait) {
        auto& clock = *broker.engine.default_world().clock;
        const auto place = delayed.emplace(delayed.end(), std::move(peer), Timer{});
        place->second = Timer{clock, clock.within(timers::mute, wait, [this, place] {
                                  place->first->close();
                                  const auto ended = std::move(place->second);
                                  delayed.erase(place);
                              })};
    }

    // One line for each kind: whoever set the client up wants to know what to change, once.
    void met(Spoken spoken) {
        auto& events = broker.engine.events();
        if (spoken == Spoken::tls)
            events.note_once(
                "Kafka door: a client began a TLS handshake, and this door speaks plain Kafka; set the client's security.protocol "
                "to PLAINTEXT in place of SSL or SASL_SSL");
        if (spoken == Spoken::http1 || spoken == Spoken::http2)
            events.note_once(
                "Kafka door: a client spoke HTTP, and this door speaks Kafka; set the client's endpoint to http:// and the address "
                "of --kinesis, where Kinesis, health and metrics are served");
    }

    void watch_for_return(Session& session) {
        if (told.contains(session.remote()) || told.size() >= most_peers_told) return;
        for (const auto& [other, kept] : sessions) {
            if (other != &session && other->remote() == session.remote()) return;
        }
        auto& clock = *broker.engine.default_world().clock;
        hints[&session] =
            Timer{clock, clock.at(timers::address_hint, clock.live() + patience, [this, s = &session] { say(*s); })};
    }

    void say(Session& session) {
        if (session.metadata_only() && told.insert(session.remote()).second) {
            const auto address = session.advertised();
            broker.engine.events().note(
                "Kafka client at " + session.remote().to_string() + " was told to connect to " + address.host + ":" +
                std::to_string(address.port) +
                " and did not within 5 s; if it cannot reach that address, set --kafka-advertised PEER-CIDR=HOST:PORT");
        }
        hints.erase(&session);
    }
};

Door::Door(streams::Engine& engine, DoorOptions options) : state_(std::make_shared<State>(engine, std::move(options))) {}

Door::~Door() { stop(); }

Endpoint Door::listen(const Endpoint& at, std::optional<HostPort> told) {
    auto& engine = state_->broker.engine;
    auto& listener = state_->listeners.emplace_back(engine.executor(), *engine.default_world().clock, at);
    listener.accept(
        [state = state_.get(), own = std::move(told)](std::shared_ptr<Peer> peer) { state->welcome(std::move(peer), own); });
    return listener.endpoint();
}

void Door::stop() {
    for (auto& listener : state_->listeners) listener.stop();
    state_->hints.clear();
    state_->receiving.stop();
    for (const auto& [peer, timer] : std::exchange(state_->delayed, {})) peer->close();
    const auto sessions = std::exchange(state_->sessions, {});
    for (const auto& [session, kept] : sessions) session->close();
}

std::size_t Door::connections() const { return state_->sessions.size(); }

std::size_t Door::calls() const {
    std::size_t all = 0;
    for (const auto& [session, kept] : state_->sessions) all += session->calls();
    return all;
}

std::uint64_t Door::partitions_looked_at() const { return state_->broker.fetch_sessions().looked_at; }

void Door::set_advertised(std::optional<HostPort> address) { state_->broker.advertised.live = std::move(address); }

void Door::forget(streams::World& world) { state_->broker.forget(world); }

}   // namespace sluice::kafka
