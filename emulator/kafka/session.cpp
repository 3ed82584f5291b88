// Frames in, answers out. `read` is the only coroutine; beginning calls and sending answers are plain functions that are
// called whenever something may have made them possible: bytes came, an answer is ready, a mute ended, the socket took bytes.
#include "emulator/kafka/session.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "emulator/kafka/dispatch.h"
#include "emulator/kafka/security/logins.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/net/first_bytes.h"
#include "emulator/net/tls_peer.h"
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/wire_limits.h"

namespace sluice::kafka {

namespace {

// How long, and for how much, a client that has had its last answer is listened to.
constexpr milliseconds most_lingering{2'000};
constexpr std::size_t most_dropped = 1 << 20;

const Route* frame_route(Bytes frame) {
    Reader in{frame};
    const auto key = in.integer<std::int16_t>();
    return in.ok() ? find_route(key) : nullptr;
}

// KIP-511: a client that asked too high reads a v0 answer and asks again. Seen: Kafka 4.4.0 names only ApiVersions itself.
Gathered ask_lower(std::int32_t correlation_id) {
    ApiVersionsResponse answer;
    answer.error_code = ErrorCode::unsupported_version;
    answer.api_keys = {{.api_key = api_versions_key, .min_version = 0, .max_version = ApiVersionsRequest::api.max}};
    return encode_gather(answer, 0, correlation_id);
}

}   // namespace

Session::Session(std::shared_ptr<Broker> broker, Receiving& receiving, streams::World& world, std::shared_ptr<Peer> peer,
                 std::optional<HostPort> told)
    : keeps_(std::move(broker)),
      broker_(*keeps_),
      world_(world),
      peer_(std::move(peer)),
      local_(peer_->local()),
      remote_(plain(peer_->remote().address)),
      told_(std::move(told)),
      frames_(broker_.max_frame_bytes),
      sender_(receiving, [this] { close(); }),
      idle_(*world.clock, broker_.most_idle, [this] { return owes(); }, [this] { close_soon(); }) {}

Session::~Session() = default;

void Session::start() {
    auto reading = read(shared_from_this());
    asio::co_spawn(broker_.engine.executor(), std::move(reading), stop_loudly);
}

void Session::close() {
    if (closed_) return;
    closed_ = true;
    peer_->close();
    idle_.stop();
    lingering_.stop();
    drop_calls();
    if (on_close) on_close(*this);
}

void Session::drop_calls() {
    over_ = true;
    mute_.stop();
    waiting_.clear();
    waiting_bytes_ = 0;
    calls_.clear();
    gone.end();
    taken_.fire();
}

// A close while the client still writes resets the connection, and takes the last answer with it. So the client hears that no
// more comes, and what it sends is dropped until it ends its side.
void Session::linger() {
    if (std::exchange(lingers_, true)) return;
    idle_.stop();
    peer_->finish();
    auto& clock = *world_.clock;
    lingering_ = Timer{clock, clock.at(timers::drain, clock.live() + most_lingering, [this] { close_soon(); })};
}

// g++ 12 sees Asio's allocation of a coroutine's frame and not that the frame is freed the same way.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
// What the client speaks; the connection goes on over TLS where it speaks that.
Task<Spoken> Session::greet(std::shared_ptr<Session> self) {
    Session& s = *self;
    auto looking = first_bytes(*s.peer_, s.sender_);
    const auto spoken = co_await std::move(looking);
    auto* const tls = s.broker_.options.tls;
    if (spoken != Spoken::tls || !tls) co_return spoken;
    auto accepting = TlsPeer::accept(s.peer_, *tls, s.sender_, s.broker_.logins().client_auth(&s.world_));
    auto secured = co_await std::move(accepting);
    if (!secured && !secured.error().empty() && s.on_failed_handshake) s.on_failed_handshake(secured.error());
    if (!secured) s.close();
    if (s.closed_) co_return Spoken::unknown;
    if (const auto subject = (*secured)->client_subject()) {
        const auto name = s.broker_.logins().principal_names().of(*subject);
        if (!name && s.on_failed_handshake)
            s.on_failed_handshake("no rule of ssl.principal.mapping.rules is about the certificate of " + *subject);
        if (!name) {
            s.close();
            co_return Spoken::unknown;
        }
        s.login.vouch({"User", *name});
    }
    s.peer_ = *std::move(secured);
    s.idle_.touch();
    auto again = first_bytes(*s.peer_, s.sender_);
    co_return co_await std::move(again);
}
#pragma GCC diagnostic pop

Task<void> Session::read(std::shared_ptr<Session> self) {
    Session& s = *self;
    auto greeting = greet(self);
    const auto spoken = co_await std::move(greeting);
    const bool foreign = spoken != Spoken::kafka && spoken != Spoken::unknown;   // a size above 16 MiB begins with anything
    if (foreign && s.on_foreign) s.on_foreign(spoken);
    std::size_t dropped = 0;
    while (!s.closed_ && !foreign && dropped < most_dropped) {
        const auto room = s.frames_.room();
        s.sender_.lacks_rest(s.over_ ? 0 : s.frames_.unfinished());
        auto reading = s.peer_->read_some(room);
        const auto count = co_await std::move(reading);
        if (count == 0 || s.closed_) break;
        s.sender_.received(count);
        if (s.over_) {
            dropped += count;
            continue;
        }
        s.idle_.touch();
        const auto wait = [&s](Frame frame) {
            s.waiting_bytes_ += frame.bytes.size();
            s.waiting_.push_back(std::move(frame));
        };
        if (!s.frames_.received(count, wait)) break;
        s.begin_calls();
        // It sent far more than is carried out. What it has sent is carried out even if it ends its side meanwhile.
        while (!s.over_ && !s.peer_->is_gone() && s.waiting_bytes_ > wire_limits::frame_bytes_in_flight) {
            s.peer_->watch();
            Waiter waiter{s.broker_.engine.executor()};
            waiter.watch(s.taken_);
            waiter.watch(s.peer_->gone, Woken::closed);
            co_await waiter.wait();
        }
    }
    s.close();
}

void Session::begin_calls() {
    if (beginning_) return;
    beginning_ = true;
    while (!over_ && !muted_ && !waiting_.empty() && calls_.size() < wire_limits::calls_in_flight &&
           call_bytes_ <= wire_limits::frame_bytes_in_flight && unsent_.size() <= wire_limits::unsent_answer_bytes &&
           may_begin(waiting_.front())) {
        auto frame = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= frame.bytes.size();
        begin(std::move(frame));
        taken_.fire();
    }
    beginning_ = false;
    if (!over_ && !waiting_.empty()) press.fire();
}

bool Session::owes() const {
    const bool working = std::ranges::any_of(calls_, [](const auto& call) { return !call->done; });
    return working || (muted_ && !waiting_.empty());
}

// A key that nobody serves waits for its turn to be refused.
bool Session::may_begin(const Frame& frame) const {
    if (calls_.empty() && !sending_) return true;
    if (!in_a_row_ && !calls_.empty()) return false;
    const auto* route = frame_route(frame.bytes);
    return route && route->order == Order::in_a_row;
}

void Session::begin(Frame frame) {
    auto call = std::make_shared<Call>(shared_from_this(), broker_, broker_.engine, world_);
    call->frame = std::move(frame.owner);
    call->frame_bytes = frame.bytes.size();
    call_bytes_ += call->frame_bytes;
    const auto* route = login.raw() ? nullptr : frame_route(frame.bytes);
    in_a_row_ = route && route->order == Order::in_a_row;
    calls_.push_back(call);
    const auto refuse = [&] {
        call->hang_up = true;
        no_answer(*call);
    };
    if (login.raw()) {
        call->header.body = frame.bytes;
        auto serving = serve_token(std::move(call));
        return asio::co_spawn(broker_.engine.executor(), std::move(serving), stop_loudly);
    }
    const auto header = read_header(frame.bytes);
    if (!header) return refuse();
    call->header = *header;
    call->version = header->api_version;
    if (!route || !login.lets(route->api.key, broker_.logins().rules(), world_.clock->real())) return refuse();
    if (call->version < route->min || call->version > route->max || !route->api.knows(call->version)) {
        if (header->api_key != api_versions_key || call->version < 0) return refuse();
        return answer(*call, ask_lower(header->correlation_id));
    }
    if (route->api.flexible(call->version) && !skip_header_tags(call->header)) return refuse();
    if (route->api.key == metadata_key) {
        if (!std::exchange(metadata_seen_, true) && on_metadata) on_metadata(*this);
    } else if (route->api.key != api_versions_key) {
        metadata_only_ = false;
    }
    if (!broker_.quotas().all().empty()) call->begun = world_.clock->ticks();
    auto serving = route->serve(call);
    asio::co_spawn(broker_.engine.executor(), std::move(serving), stop_loudly);
    if (call->begun && !call->done) call->worked = world_.clock->ticks() - *call->begun;
}

void Session::answer(Call& call, Gathered gathered) {
    if (over_) return;
    call.done = true;
    if (call.throttle.count() > 0) mute(call.throttle);
    end_serving(call);
    if (gathered.splices.empty()) {
        call.answer = std::move(gathered.bytes);
        return flush_soon();
    }
    // It began in its turn, so nothing is before it and nothing is unsent.
    std::vector<asio::const_buffer> pieces;
    gathered.pieces([&](Bytes piece) {
        if (!piece.empty()) pieces.emplace_back(piece.data(), piece.size());
    });
    const auto self = shared_from_this();
    const auto kept = calls_.front();
    call_bytes_ -= kept->frame_bytes;
    calls_.pop_front();
    send(pieces);
    flush();
}

// In a turn of its own, before the answer leaves: the end may move the clock, and that may unmute.
void Session::end_serving(Call& call) {
    if (world_.clock->automatic())
        asio::post(broker_.engine.executor(), [serving = std::move(call.serving)]() mutable { serving.end(); });
    else
        call.serving.end();
}

void Session::no_answer(Call& call) {
    if (over_) return;
    call.done = true;
    if (call.throttle.count() > 0) mute(call.throttle);
    end_serving(call);
    flush_soon();
}

// Answers that become ready in one turn of the loop leave in one write.
void Session::flush_soon() {
    if (std::exchange(flush_due_, true)) return;
    asio::post(broker_.engine.executor(), [self = shared_from_this()] {
        self->flush_due_ = false;
        self->flush();
    });
}

void Session::flush() {
    if (closed_ || sending_) return;
    if (over_) return linger();
    std::vector<std::shared_ptr<Call>> leaving;
    std::vector<asio::const_buffer> pieces;
    bool hang_up = false;
    while (!calls_.empty() && calls_.front()->done && !hang_up) {
        leaving.push_back(std::move(calls_.front()));
        calls_.pop_front();
        call_bytes_ -= leaving.back()->frame_bytes;
        hang_up = leaving.back()->hang_up || leaving.back()->last;
        if (!leaving.back()->answer.empty()) pieces.emplace_back(leaving.back()->answer.data(), leaving.back()->answer.size());
    }
    send(pieces);
    if (!hang_up) return begin_calls();
    drop_calls();
    flush();
}

void Session::close_soon() {
    asio::post(broker_.engine.executor(), [self = shared_from_this()] { self->close(); });
}

// Offers the pieces at once and copies only what was not taken.
void Session::send(std::vector<asio::const_buffer>& pieces) {
    if (!pieces.empty()) idle_.touch();
    Peer::Pieces rest = pieces;
    while (!rest.empty()) {
        const auto taken = peer_->try_write(rest);
        if (!taken) return close();
        if (*taken == 0) break;
        drop_front(rest, *taken);
    }
    if (rest.empty()) return;
    unsent_.clear();
    for (const auto& piece : rest) {
        const auto* bytes = static_cast<const std::byte*>(piece.data());
        unsent_.insert(unsent_.end(), bytes, bytes + piece.size());
    }
    sending_ = true;
    auto sending = send_rest(shared_from_this());
    asio::co_spawn(broker_.engine.executor(), std::move(sending), stop_loudly);
}

Task<void> Session::send_rest(std::shared_ptr<Session> self) {
    asio::const_buffer rest = asio::buffer(self->unsent_);
    auto writing = self->peer_->write({&rest, 1}, self->idle_);
    const bool sent = co_await std::move(writing);
    self->sending_ = false;
    self->idle_.touch();
    self->unsent_ = Blob{};
    if (!sent) co_return self->close();
    self->flush();
}

void Session::mute(milliseconds span) {
    auto& clock = *world_.clock;
    const auto until = clock.now() + span;
    if (muted_ && until <= muted_until_) return;
    muted_ = true;
    muted_until_ = until;
    mute_ = Timer{clock, clock.within(timers::mute, span, [this] {
                      muted_ = false;
                      const auto self = shared_from_this();
                      begin_calls();
                  })};
}

}   // namespace sluice::kafka
