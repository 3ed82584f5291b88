#include "emulator/kinesis/session_http2.h"

#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <unordered_map>

#include "emulator/kinesis/answering.h"
#include "emulator/net/http2_exchange.h"
#include "protocol/http/http2.h"

namespace sluice::kinesis {
namespace {

constexpr std::size_t read_at_once = 16 * wire_limits::kib;   // kept by each connection
constexpr std::size_t written_at_once = 256 * wire_limits::kib;

// What the reader, the writer and the calls of one connection share; it lives as long as any of them.
struct Shared final : http::Http2::User, std::enable_shared_from_this<Shared> {
    Shared(std::shared_ptr<Connection> h, streams::Engine& e, const DoorOptions& o) : held(std::move(h)), engine(e), options(o) {}

    std::shared_ptr<Connection> held;
    streams::Engine& engine;
    const DoorOptions& options;
    http::Http2 machine{*this};
    Answers answers;
    struct Asked {
        http::StreamId stream;
        http::Http2Request request;
    };
    std::deque<Asked> waiting;
    std::unordered_map<http::StreamId, std::unique_ptr<Http2Exchange>> calls;
    std::size_t pushing = 0;   // of the calls, those that go on behind their answers for as long as they like
    Signal work;               // there may be something to send
    Signal done;               // the writer or a call came to its end
    bool writing = true;
    bool last = false;   // what is there to send is the last
    bool lost = false;   // the client takes no more answers

    void asked(http::StreamId stream, http::Http2Request&& request) override { waiting.push_back({stream, std::move(request)}); }
    void left(http::StreamId stream) override {
        if (const auto call = calls.find(stream); call != calls.end()) call->second->say_left();
    }
    void closed(http::StreamId stream) override {
        std::erase_if(waiting, [stream](auto& one) { return one.stream == stream; });
        if (const auto call = calls.find(stream); call != calls.end()) call->second->say_closed();
    }

    void begin();
    Task<void> call(Asked);
    Task<void> write();
    Task<void> read(Sender&);
    void lose() {
        lost = true;
        waiting.clear();
        for (const auto& [stream, exchange] : calls) exchange->say_closed();
        work.fire();
    }
};

// Those that wait, as there is room for them. In the order they came.
void Shared::begin() {
    while (!waiting.empty() && calls.size() - pushing < wire_limits::http2_calls &&
           machine.unsent() <= wire_limits::unsent_answer_bytes) {
        auto next = std::move(waiting.front());
        waiting.pop_front();
        calls[next.stream] =
            std::make_unique<Http2Exchange>(machine, next.stream, next.request.method == "HEAD", engine.executor(), work);
        auto serving = [](std::shared_ptr<Shared> self, Asked one) -> Task<void> { co_await self->call(std::move(one)); };
        asio::co_spawn(engine.executor(), serving(shared_from_this(), std::move(next)), stop_loudly);
    }
}

Task<void> Shared::call(Asked one) {
    auto& exchange = *calls.at(one.stream);
    http::Request request{one.request.method, one.request.target, {}, one.request.body};
    for (const auto& [name, value] : one.request.headers) request.headers.emplace_back(name, value);
    if (!exchange.is_gone()) {
        ++held->serving;
        auto push = co_await answer_request(engine, options, request, answers, exchange);
        --held->serving;   // from now on it is the client's turn to take it
        held->idle.touch();
        if (push) {
            ++pushing;
            work.fire();   // another may begin
            co_await push(exchange);
            --pushing;
        }
        (void)co_await exchange.end();
    }
    calls.erase(one.stream);
    work.fire();   // another may begin
    done.fire();
}

Task<void> Shared::write() {
    std::string out;
    while (!lost) {
        begin();
        out.clear();
        while (out.size() < written_at_once) {
            const auto bytes = machine.next();
            if (bytes.empty()) break;
            out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        }
        if (out.empty()) {
            if (last || machine.over()) break;
            if (out.capacity() > read_at_once) out = std::string{};
            Waiter waiter{engine.executor()};
            waiter.watch(work);
            co_await waiter.wait();
            continue;
        }
        asio::const_buffer piece = asio::buffer(out);
        auto sending = held->peer->write({&piece, 1}, held->idle);
        if (!co_await std::move(sending)) lose();
    }
    writing = false;
    held->peer->cancel();
    done.fire();
}

Task<void> Shared::read(Sender& sender) {
    std::vector<std::byte> room(read_at_once);
    while (writing) {
        sender.lacks_rest(machine.unfinished());
        if (sender.given_up()) co_return;
        auto reading = held->peer->read_some(room);
        const auto count = co_await std::move(reading);
        sender.received(count);
        held->idle.touch();
        if (count == 0 || sender.given_up()) co_return;
        last = !machine.receive(std::span{room}.first(count));
        work.fire();
        while (last && writing) {   // the client is told why
            Waiter waiter{engine.executor()};
            waiter.watch(done);
            co_await waiter.wait();
        }
    }
}

}   // namespace

Task<void> run_http2_session(std::shared_ptr<Connection> held, streams::Engine& engine, const DoorOptions& options,
                             Sender& sender) {
    const auto shared = std::make_shared<Shared>(held, engine, options);
    auto writing = [](std::shared_ptr<Shared> self) -> Task<void> { co_await self->write(); };
    asio::co_spawn(engine.executor(), writing(shared), stop_loudly);
    co_await shared->read(sender);
    shared->lose();
    while (shared->writing || !shared->calls.empty()) {
        Waiter waiter{engine.executor()};
        waiter.watch(shared->done);
        co_await waiter.wait();
    }
    held->peer->finish();
    held->close();
}

}   // namespace sluice::kinesis
