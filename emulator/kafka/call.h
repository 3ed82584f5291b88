// One request on its way through the Kafka door, and what its handler sees of the connection it came by. No sockets here: a
// handler's file includes this, its own message, and what it uses of the engine and the broker.
#pragma once

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "emulator/kafka/broker.h"
#include "emulator/kafka/logs/topic_news.h"
#include "emulator/kafka/security/login.h"
#include "emulator/runtime/loop.h"
#include "protocol/kafka/frame.h"
#include "protocol/utf8.h"

namespace sluice::kafka {

struct Call;

class Connection {
  public:
    virtual ~Connection() = default;
    virtual bool closed() const = 0;
    virtual HostPort advertised() const = 0;     // the address that this client is told to come back to (rule 25)
    virtual std::string peer_text() const = 0;   // as DescribeGroups shows a member's host
    virtual void answer(Call&, Gathered) = 0;
    virtual void no_answer(Call&) = 0;   // silent or hang_up say why

    virtual bool pressed() const { return false; }   // another request of the connection waits for this one's answer

    Signal gone;    // the connection ended
    Signal press;   // fires when `pressed` becomes true
    TopicNews topic_news;
    Login login;   // who the client is
};

// One request on its way: its frame, what its handler said besides the answer, and its place in the order.
struct Call {
    std::shared_ptr<Connection> connection;
    Broker& broker;
    streams::Engine& engine;
    streams::World& world;
    std::shared_ptr<std::byte[]> frame;   // a queued append owns its frame until committed
    std::size_t frame_bytes{};
    RequestHeader header;   // views into the frame
    int version{};

    milliseconds throttle{0};   // the connection is muted that long after the answer (KIP-219)
    bool silent = false;        // no answer at all: acks = 0
    bool hang_up = false;       // close the connection in place of an answer
    bool last = false;          // close it behind the answer
    Clock::Serving serving;     // of what limits can refuse: the clock that goes by need waits for it

    bool done = false;
    Blob answer;
    std::optional<std::chrono::nanoseconds> begun = {};    // by ticks, while there are quotas
    std::optional<std::chrono::nanoseconds> worked = {};   // until it had to wait; nothing: it has not had to
    const Principal& principal() const { return connection->login.principal(); }
    std::string client_id() const { return repaired(header.client_id.value_or("")); }
};

// As answers have it.
inline std::int32_t told_throttle(milliseconds span) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(span.count(), std::numeric_limits<std::int32_t>::max()));
}

// After SaslHandshake v0: the frame is a token, and so is its answer.
Task<void> serve_token(std::shared_ptr<Call>);

// For request_percentage (KIP-124): counts the time that the loop spent on the request, up to where it had to wait for something,
// and adds to `throttle` what its sender owes. True: the answer has to tell it.
bool charge_time(Call&);

// Decode, handle, encode: defined in serve.h, instantiated by the last line of each handler's file.
template <class Request>
Task<void> serve(std::shared_ptr<Call>);

}   // namespace sluice::kafka
