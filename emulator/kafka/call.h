// One request on its way through the Kafka door, and what its handler sees of the connection it came by. No sockets here: a
// handler's file includes this, its own message, and what it uses of the engine and the broker.
#pragma once

#include <memory>
#include <string>

#include "emulator/kafka/broker.h"
#include "emulator/kafka/logs/topic_news.h"
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

    Signal gone;   // the connection ended
    TopicNews topic_news;
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
    Clock::Serving serving;     // of what limits can refuse: the clock that goes by need waits for it

    bool done = false;
    Blob answer;
    std::string client_id() const { return repaired(header.client_id.value_or("")); }
};

// Decode, handle, encode: defined in serve.h, instantiated by the last line of each handler's file.
template <class Request>
Task<void> serve(std::shared_ptr<Call>);

}   // namespace sluice::kafka
