// The control plane as plain functions over the engine. Every call runs on the loop; gRPC (server.h) and HTTP
// (side.h) are two ways in. It keeps nothing of its own: what it says, the engine knows.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "emulator/control/calls/list.h"
#include "emulator/runtime/clock.h"
#include "emulator/runtime/loop.h"
#include "emulator/streams/engine.h"
#include "protocol/control/sluice.pb.h"
#include "storage/store.h"

namespace sluice {
class Turns;
}

namespace sluice::control {

inline constexpr const char* version = SLUICE_VERSION;

struct Error {
    enum class Kind : std::uint8_t { invalid, not_found, refused, limited, broken, no_token, forbidden };
    Kind kind{};
    std::string text;   // says what to do
};
template <class T>
using Result = std::expected<T, Error>;

// What only the one who put the program together can do.
struct Parts {
    std::function<std::size_t()> kinesis_connections, kafka_connections, kafka_calls;
    std::function<void(std::optional<std::pair<std::string, std::uint16_t>>)> advertise;   // host, port
    std::function<void(streams::World&)> forget;                                           // before a reset
    std::function<void(streams::World&, bool clock_given)> prepare;   // after it: what a new server makes at start
    const Turns* turns = nullptr;                                     // how long the loop was away, for metrics
};

// Where a streaming call puts its answers, on the loop.
template <class Message>
struct Sink {
    virtual ~Sink() = default;
    virtual void opened() {}   // from here on nothing is missed
    virtual void push(Message) = 0;
    virtual bool full() const = 0;   // wait for `changed` before the next push
    Signal changed;                  // there is room again, or the reader has gone
    bool closed = false;
};
template <class Message>
using SinkPointer = std::shared_ptr<Sink<Message>>;

class Service {
  public:
    Service(streams::Engine&, const storage::Store&, const RealTime&, Parts);

    // From now on every call but Health has to bring it. Before the doors are opened.
    void require(std::string token) { token_ = std::move(token); }
    // `authorization` is what the caller sent under that name: `Bearer <token>`. Any thread may ask.
    Result<void> admit(std::string_view authorization) const;

    // Each call of list.h. A streaming one ends when the sink closes; Tail also where the request says.
#define CALL(name, answer, word) Task<Result<v1::answer>> handle(v1::name##Request);
#define STREAM(name, message, word) Task<Result<void>> stream(v1::name##Request, SinkPointer<v1::message>);
    SLUICE_CONTROL_CALLS(CALL, STREAM)
#undef CALL
#undef STREAM

    // Prometheus' text form: store, connections, clock, and the usage counters of each stream.
    Task<std::string> metrics();
    bool ready() const { return ready_; }
    void set_ready() { ready_ = true; }
    // Before the loop turns its last: whoever waits by HTTP is answered.
    void stop() { stopping_.end(); }
    Signal& stopping() { return stopping_; }
    Parts& parts() { return parts_; }
    streams::Engine& engine() { return engine_; }

  private:
    Result<streams::World*> world(const std::string& name);
    Result<streams::StreamPointer> find(const std::string& world, const std::string& stream);
    // Answers how the clock of that world stands once the change is committed, or what `change` refused.
    Task<Result<v1::ClockResponse>> change_clock(std::string world, std::function<Result<void>(Clock&)> change);
    Task<Result<v1::ClockResponse>> move_clock(std::string world, std::function<Result<Clock::Move>(Clock&)> begin);
    // What was changed in this turn is committed.
    Task<Result<void>> settled(streams::World&);

    streams::Engine& engine_;
    const storage::Store& store_;
    const RealTime& real_;
    Parts parts_;
    Time started_;
    std::string token_;   // empty: everybody may call
    bool ready_ = false;
    Signal stopping_;
};

// Of protobuf's well-known types.
google::protobuf::Timestamp to_proto(Time);
google::protobuf::Duration to_proto(milliseconds);
Time from_proto(const google::protobuf::Timestamp&);
Result<Time> moment(const google::protobuf::Timestamp&);   // refused when it is outside of the bounds of times (rule 32)
milliseconds from_proto(const google::protobuf::Duration&);

}   // namespace sluice::control
