// The control plane over an engine in memory on time that moves when told to.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <optional>
#include <string>

#include "emulator/control/calls/service.h"
#include "emulator/control/side.h"
#include "tests/support/engine_fixture.h"

namespace sluice::test {

struct Control {
    World world;
    control::Service service{*world.engine, world.store, world.time, {}};

    template <class T>
    T run(Task<T> task) {
        std::optional<T> answer;
        asio::co_spawn(*world.io, std::move(task), [&](std::exception_ptr error, T result) {
            if (error) std::rethrow_exception(error);
            answer.emplace(std::move(result));
        });
        world.settle();
        return std::move(answer.value());
    }
    template <class Request>
    auto ask(Request request) {
        return run(service.handle(std::move(request)));
    }

    control::SideAnswer http(std::string method, std::string path, std::string body = "") {
        return run(control::answer(service, {std::move(method), std::move(path), std::move(body)}));
    }
    control::Result<control::v1::PutRecordResponse> put(const std::string& stream, const std::string& key,
                                                        const std::string& data) {
        control::v1::PutRecordRequest request;
        request.set_stream(stream);
        request.set_key(key);
        request.set_data(data);
        return ask(request);
    }
    control::Result<control::v1::ClockResponse> advance(milliseconds span) {
        control::v1::AdvanceClockRequest request;
        *request.mutable_span() = control::to_proto(span);
        return ask(request);
    }
};

// Keeps what a streaming call says.
template <class Message>
struct Heard final : control::Sink<Message> {
    void push(Message message) override { all.push_back(std::move(message)); }
    bool full() const override { return all.size() >= room; }
    void leave() {
        this->closed = true;
        this->changed.fire();
    }
    std::size_t room = 1'000;
    std::vector<Message> all;
};

}   // namespace sluice::test
