#include "emulator/control/server.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>

#include "emulator/control/connections.h"
#include "protocol/control/sluice.grpc.pb.h"
#include "protocol/wire_limits.h"

namespace sluice::control {

namespace {

using wire_limits::grpc_unsent_messages;

grpc::Status status_of(const Error& error) {
    using enum Error::Kind;
    switch (error.kind) {
        case invalid:
            return {grpc::StatusCode::INVALID_ARGUMENT, error.text};
        case not_found:
            return {grpc::StatusCode::NOT_FOUND, error.text};
        case refused:
            return {grpc::StatusCode::FAILED_PRECONDITION, error.text};
        case limited:
            return {grpc::StatusCode::RESOURCE_EXHAUSTED, error.text};
        case broken:
            return {grpc::StatusCode::INTERNAL, error.text};
        case no_token:
            return {grpc::StatusCode::UNAUTHENTICATED, error.text};
        case forbidden:
            return {grpc::StatusCode::PERMISSION_DENIED, error.text};
    }
    return {grpc::StatusCode::UNKNOWN, error.text};
}

// One streaming call: pushed on the loop, written by gRPC's threads. Kept alive by gRPC until OnDone and by
// the service until its coroutine has ended.
template <class Message>
class Feed final : public grpc::ServerWriteReactor<Message>, public Sink<Message> {
  public:
    explicit Feed(Executor loop) : loop_(std::move(loop)) {}
    void keep(std::shared_ptr<Feed> self) { self_ = std::move(self); }

    // The client sees it as the call's initial metadata.
    void opened() override {
        const std::lock_guard lock{mutex_};
        if (!over_) this->StartSendInitialMetadata();
    }
    void push(Message message) override {
        const std::lock_guard lock{mutex_};
        if (over_) return;
        unsent_.push_back(std::move(message));
        if (unsent_.size() == 1) this->StartWrite(&unsent_.front());
    }
    bool full() const override {
        const std::lock_guard lock{mutex_};
        return unsent_.size() >= grpc_unsent_messages;
    }
    // The call has ended on the loop; what is unsent still goes out.
    void end(grpc::Status status) {
        const std::lock_guard lock{mutex_};
        status_ = std::move(status);
        ending_ = true;
        if (unsent_.empty() || over_) finish();
    }

    void OnWriteDone(bool ok) override {
        const std::lock_guard lock{mutex_};
        unsent_.pop_front();
        if (!ok) unsent_.clear(), over_ = true;
        if (!unsent_.empty())
            this->StartWrite(&unsent_.front());
        else if (ending_)
            finish();
        if (!ok || unsent_.size() == grpc_unsent_messages / 2) tell(!ok);
    }
    void OnCancel() override { tell(true); }
    void OnDone() override {
        // The last reference may go here, and Sink's signal belongs to the loop.
        asio::post(loop_, [self = std::move(self_)]() mutable { self.reset(); });
    }

  private:
    void finish() {
        if (!std::exchange(finished_, true)) this->Finish(status_);
    }
    void tell(bool gone) {
        asio::post(loop_, [self = self_, gone] {
            if (!self) return;
            self->closed = self->closed || gone;
            self->changed.fire();
        });
    }

    Executor loop_;
    std::shared_ptr<Feed> self_;
    mutable std::mutex mutex_;
    std::deque<Message> unsent_;   // the front one is being written
    grpc::Status status_;
    bool ending_ = false, over_ = false, finished_ = false;
};

class Calls final : public v1::Control::CallbackService {
    using Context = grpc::CallbackServerContext;
    using Unary = grpc::ServerUnaryReactor;

  public:
    Calls(Executor loop, control::Service& service) : loop_(std::move(loop)), service_(service) {}

#define CALL(name, answer, word) \
    Unary* name(Context* c, const v1::name##Request* q, v1::answer* a) override { return call(c, q, a); }
#define STREAM(name, message, word)                                                                \
    grpc::ServerWriteReactor<v1::message>* name(Context* c, const v1::name##Request* q) override { \
        return feed<v1::message>(*c, *q);                                                          \
    }
    SLUICE_CONTROL_CALLS(CALL, STREAM)
#undef CALL
#undef STREAM

  private:
    // gRPC keeps request and answer until Finish.
    template <class Request, class Answer>
    Unary* call(Context* context, const Request* request, Answer* answer) {
        auto* reactor = context->DefaultReactor();
        if constexpr (!std::is_same_v<Request, v1::HealthRequest>) {
            if (const auto admitted = admit(*context); !admitted) {
                reactor->Finish(status_of(admitted.error()));
                return reactor;
            }
        }
        asio::post(loop_, [this, reactor, request, answer] {
            auto task = service_.handle(*request);
            asio::co_spawn(loop_, std::move(task), [reactor, answer](std::exception_ptr error, Result<Answer> result) {
                stop_loudly(error);
                if (!result) return reactor->Finish(status_of(result.error()));
                *answer = *std::move(result);
                reactor->Finish(grpc::Status::OK);
            });
        });
        return reactor;
    }

    Result<void> admit(const Context& context) const {
        const auto& sent = context.client_metadata();
        const auto found = sent.find("authorization");
        return service_.admit(found == sent.end() ? std::string_view{}
                                                  : std::string_view{found->second.data(), found->second.size()});
    }

    template <class Message, class Request>
    Feed<Message>* feed(Context& context, const Request& request) {
        auto made = std::make_shared<Feed<Message>>(loop_);
        made->keep(made);
        if (const auto admitted = admit(context); !admitted) {
            made->end(status_of(admitted.error()));
            return made.get();
        }
        asio::post(loop_, [this, made, request] {
            auto task = service_.stream(request, made);
            asio::co_spawn(loop_, std::move(task), [made](std::exception_ptr error, Result<void> result) {
                stop_loudly(error);
                made->end(result ? grpc::Status::OK : status_of(result.error()));
            });
        });
        return made.get();
    }

    Executor loop_;
    control::Service& service_;   // the base has a Service of its own
};

// gRPC's generated class has a template around it for each `rpc`. One that no line of list.h overrides would answer
// UNIMPLEMENTED.
template <class Innermost>
constexpr int methods(const Innermost*) {
    return 0;
}
template <template <class> class Method, class Others>
constexpr int methods(const Method<Others>*) {
    return 1 + methods(static_cast<const Others*>(nullptr));
}
#define ONE(name, answer, word) +1
static_assert(methods(static_cast<const v1::Control::CallbackService*>(nullptr)) == SLUICE_CONTROL_CALLS(ONE, ONE),
              "each rpc of protocol/control/sluice.proto needs a line in emulator/control/calls/list.h");
#undef ONE

}   // namespace

struct Server::State {
    State(asio::io_context& io, Service& service, std::size_t most)
        : loop(io),
          calls(io.get_executor(), service),
          connections(io.get_executor(), *service.engine().default_world().clock, most,
                      [&service](std::string_view line) { service.engine().events().note_once(line); }) {}
    std::unique_ptr<Connections::Taker> start() {
        grpc::ServerBuilder builder;
        builder.SetMaxReceiveMessageSize(wire_limits::grpc_message_bytes);
        builder.SetResourceQuota(grpc::ResourceQuota{"control"}.Resize(wire_limits::grpc_memory_bytes));
        builder.AddChannelArgument(GRPC_ARG_TCP_READ_CHUNK_SIZE, wire_limits::grpc_read_bytes);
        builder.AddChannelArgument(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, wire_limits::grpc_read_bytes);
        builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, wire_limits::grpc_frame_bytes);
        builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, static_cast<int>(wire_limits::grpc_idle.count()));
        builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, static_cast<int>(wire_limits::grpc_handshake.count()));
        using External = grpc::ServerBuilder::experimental_type::ExternalConnectionType;
        auto taker = builder.experimental().AddExternalConnectionAcceptor(External::FROM_FD, grpc::InsecureServerCredentials());
        builder.RegisterService(&calls);
        server = builder.BuildAndStart();
        if (!server) taker.reset();
        return taker;
    }

    asio::io_context& loop;
    Calls calls;
    Connections connections;
    std::unique_ptr<grpc::Server> server;
};

Server::Server(asio::io_context& loop, Service& service, std::size_t most_connections)
    : state_(std::make_unique<State>(loop, service, most_connections)) {
    setenv("GRPC_VERBOSITY", "NONE", 0);   // what goes wrong is said once, by us
}
Server::~Server() { stop(); }

Endpoint Server::listen(const Endpoint& at) {
    Endpoint bound;
    try {
        bound = state_->connections.listen(at);
    } catch (const boost::system::system_error&) {
        throw Exit{failed, fmt::format("cannot listen on {}: taken, or no address of this machine; choose another "
                                       "address with --control, port 0 takes any free one",
                                       show(at))};
    }
    state_->connections.take([state = state_.get()] { return state->start(); });
    return bound;
}

std::size_t Server::connections() const { return state_->connections.open(); }

void Server::stop() {
    state_->connections.stop();
    if (!state_->server) return;
    std::atomic<bool> done = false;
    std::thread closing{[&] {
        state_->server->Shutdown(gpr_inf_past(GPR_CLOCK_MONOTONIC));
        done = true;
        asio::post(state_->loop, [] {});   // wakes the turn below
    }};
    while (!done) {
        state_->loop.restart();
        const auto work = asio::make_work_guard(state_->loop);
        state_->loop.run_one();
    }
    closing.join();
    state_->server.reset();
}

}   // namespace sluice::control
