// Frames in, answers out. `read` is the only coroutine; beginning calls and sending answers are plain functions that are
// called whenever something may have made them possible: bytes came, an answer is ready, a mute ended, the socket took bytes.
#include "emulator/kafka/session.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/write.hpp>

#include "emulator/kafka/dispatch.h"
#include "emulator/net/sending.h"
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/wire_limits.h"

namespace sluice::kafka {

namespace {

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

Session::Session(std::shared_ptr<Broker> broker, Receiving& receiving, streams::World& world, Socket socket,
                 std::optional<HostPort> told)
    : keeps_(std::move(broker)),
      broker_(*keeps_),
      world_(world),
      socket_(std::move(socket)),
      told_(std::move(told)),
      frames_(broker_.max_frame_bytes),
      sender_(receiving, [this] { close(); }),
      idle_(*world.clock, broker_.most_idle, [this] { return owes(); }, [this] { close_soon(); }) {
    boost::system::error_code ignored;
    local_ = socket_.local_endpoint(ignored);
    peer_ = plain(socket_.remote_endpoint(ignored).address());
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    keep_alive(socket_.native_handle());
}

Session::~Session() = default;

void Session::start() {
    auto reading = read(shared_from_this());
    asio::co_spawn(socket_.get_executor(), std::move(reading), stop_loudly);
}

void Session::close() {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
    mute_.stop();
    idle_.stop();
    waiting_.clear();
    calls_.clear();
    gone.fire();
    if (on_close) on_close(*this);
}

Task<void> Session::read(std::shared_ptr<Session> self) {
    Session& s = *self;
    constexpr auto result = asio::as_tuple(use_task);
    while (!s.closed_) {
        const auto room = s.frames_.room();
        s.sender_.lacks_rest(s.frames_.unfinished());
        const auto [error, count] = co_await s.socket_.async_read_some(asio::buffer(room.data(), room.size()), result);
        if (error || s.closed_) break;
        s.sender_.received(count);
        s.idle_.touch();
        const auto wait = [&s](Frame frame) {
            s.waiting_bytes_ += frame.bytes.size();
            s.waiting_.push_back(std::move(frame));
        };
        if (!s.frames_.received(count, wait)) {
            const auto begun = s.frames_.begun();
            if (s.on_foreign) s.on_foreign(spoken({reinterpret_cast<const char*>(begun.data()), begun.size()}));
            break;
        }
        s.begin_calls();
        while (!s.closed_ && s.waiting_bytes_ > wire_limits::frame_bytes_in_flight) {
            Waiter waiter{s.socket_.get_executor()};
            waiter.watch(s.taken_);
            waiter.watch(s.gone, Woken::closed);
            co_await waiter.wait();
        }
    }
    s.close();
}

void Session::begin_calls() {
    if (beginning_) return;
    beginning_ = true;
    while (!closed_ && !muted_ && !waiting_.empty() && calls_.size() < wire_limits::calls_in_flight &&
           call_bytes_ <= wire_limits::frame_bytes_in_flight && unsent_.size() <= wire_limits::unsent_answer_bytes &&
           may_begin(waiting_.front())) {
        auto frame = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= frame.bytes.size();
        begin(std::move(frame));
        taken_.fire();
    }
    beginning_ = false;
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
    const auto* route = frame_route(frame.bytes);
    in_a_row_ = route && route->order == Order::in_a_row;
    calls_.push_back(call);
    const auto refuse = [&] {
        call->hang_up = true;
        no_answer(*call);
    };
    const auto header = read_header(frame.bytes);
    if (!header) return refuse();
    call->header = *header;
    call->version = header->api_version;
    if (!route) return refuse();
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
    auto serving = route->serve(std::move(call));
    asio::co_spawn(socket_.get_executor(), std::move(serving), stop_loudly);
}

void Session::answer(Call& call, Gathered gathered) {
    if (closed_) return;
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
        asio::post(socket_.get_executor(), [serving = std::move(call.serving)]() mutable { serving.end(); });
    else
        call.serving.end();
}

void Session::no_answer(Call& call) {
    if (closed_) return;
    call.done = true;
    if (call.throttle.count() > 0) mute(call.throttle);
    end_serving(call);
    flush_soon();
}

// Answers that become ready in one turn of the loop leave in one write.
void Session::flush_soon() {
    if (std::exchange(flush_due_, true)) return;
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
        self->flush_due_ = false;
        self->flush();
    });
}

void Session::flush() {
    if (closed_ || sending_) return;
    std::vector<std::shared_ptr<Call>> leaving;
    std::vector<asio::const_buffer> pieces;
    bool hang_up = false;
    while (!calls_.empty() && calls_.front()->done && !hang_up) {
        leaving.push_back(std::move(calls_.front()));
        calls_.pop_front();
        call_bytes_ -= leaving.back()->frame_bytes;
        hang_up = leaving.back()->hang_up;
        if (!leaving.back()->answer.empty()) pieces.emplace_back(leaving.back()->answer.data(), leaving.back()->answer.size());
    }
    send(pieces);
    if (hang_up) return close();
    begin_calls();
}

void Session::close_soon() {
    asio::post(socket_.get_executor(), [self = shared_from_this()] { self->close(); });
}

// Offers the pieces to the socket at once and copies only what the kernel did not take.
void Session::send(std::vector<asio::const_buffer>& pieces) {
    if (!pieces.empty()) idle_.touch();
    std::span<asio::const_buffer> rest = pieces;
    while (!rest.empty()) {
        boost::system::error_code error;
        auto taken = socket_.write_some(rest, error);
        if (error == asio::error::would_block || error == asio::error::try_again) break;
        if (error) return close();
        while (!rest.empty() && taken >= rest.front().size()) {
            taken -= rest.front().size();
            rest = rest.subspan(1);
        }
        if (taken > 0) rest.front() += taken;
    }
    if (rest.empty()) return;
    unsent_.clear();
    for (const auto& piece : rest) {
        const auto* bytes = static_cast<const std::byte*>(piece.data());
        unsent_.insert(unsent_.end(), bytes, bytes + piece.size());
    }
    sending_ = true;
    send_rest();
}

void Session::send_rest() {
    const auto offer = [this](const boost::system::error_code& error, std::size_t sent) {
        idle_.touch();   // it takes what it was sent
        return offer_more(error, sent);
    };
    asio::async_write(socket_, asio::buffer(unsent_), offer,
                      [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                          self->sending_ = false;
                          self->idle_.touch();
                          self->unsent_ = Blob{};
                          if (error) return self->close();
                          self->flush();
                      });
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
