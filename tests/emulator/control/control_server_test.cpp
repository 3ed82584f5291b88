// The control plane over gRPC: a real server and client on loopback, the loop on a thread of its own. Every wait has a deadline.
#include <doctest/doctest.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <thread>

#include "emulator/control/server.h"
#include "protocol/control/sluice.grpc.pb.h"
#include "tests/support/control_fixture.h"

using namespace sluice;
using namespace sluice::test;
namespace v1 = sluice::control::v1;

namespace {

struct Served {
    explicit Served(std::string token = "", std::size_t most = wire_limits::control_connections)
        : server{*control.world.io, control.service, most} {
        control.world.engine->events().on_note = [this](std::string_view line) { notes.emplace_back(line); };
        control.service.require(std::move(token));
        at = server.listen({asio::ip::address_v4::loopback(), 0});
        stub = v1::Control::NewStub(grpc::CreateChannel(show(at), grpc::InsecureChannelCredentials()));
        control.world.io->restart();
        thread = std::thread{[this] { control.world.io->run(); }};
    }
    ~Served() { stop(); }
    void stop() {
        if (!thread.joinable()) return;
        work.reset();
        control.world.io->stop();
        thread.join();
        server.stop();
    }
    static void limit(grpc::ClientContext& context) {
        context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds{20});
    }

    // The settings of a one-record stream, made before the loop's thread runs.
    Control control;
    streams::StreamPointer stream = control.world.create("orders", 1, "none");
    asio::executor_work_guard<Executor> work{control.world.io->get_executor()};
    std::vector<std::string> notes;   // written by the loop's thread
    control::Server server;
    Endpoint at;
    std::unique_ptr<v1::Control::Stub> stub;
    std::thread thread;
};

}   // namespace

TEST_CASE("a call over gRPC runs on the loop and answers") {
    Served served;
    grpc::ClientContext context;
    Served::limit(context);
    v1::AdvanceClockRequest request;
    *request.mutable_span() = control::to_proto(25h);
    v1::ClockResponse answer;
    const auto status = served.stub->AdvanceClock(&context, request, &answer);
    REQUIRE_MESSAGE(status.ok(), status.error_message());
    CHECK(control::from_proto(answer.ahead()) == 25h);
}

TEST_CASE("a refused call has gRPC's code and our sentence") {
    Served served;
    grpc::ClientContext context;
    Served::limit(context);
    v1::GetLimitsRequest request;
    request.set_stream("nope");
    v1::LimitsResponse answer;
    const auto status = served.stub->GetLimits(&context, request, &answer);
    CHECK(status.error_code() == grpc::StatusCode::NOT_FOUND);
    CHECK(status.error_message() == "there is no stream 'nope'; `sluice streams` lists them");
}

TEST_CASE("with a token, every call over gRPC but Health needs it") {
    Served served{"s3cret"};
    const auto freeze = [&](const char* authorization) {
        grpc::ClientContext context;
        Served::limit(context);
        if (authorization) context.AddMetadata("authorization", authorization);
        v1::ClockResponse answer;
        return served.stub->FreezeClock(&context, v1::FreezeClockRequest{}, &answer).error_code();
    };
    CHECK(freeze(nullptr) == grpc::StatusCode::UNAUTHENTICATED);
    CHECK(freeze("Bearer s3cre") == grpc::StatusCode::UNAUTHENTICATED);
    CHECK(freeze("s3cret") == grpc::StatusCode::UNAUTHENTICATED);
    CHECK(freeze("Bearer s3cret") == grpc::StatusCode::OK);
    grpc::ClientContext open, closed, let_in;
    Served::limit(open);
    v1::HealthResponse health;
    CHECK(served.stub->Health(&open, v1::HealthRequest{}, &health).ok());
    Served::limit(closed);
    const auto refused = served.stub->WatchThrottles(&closed, v1::WatchThrottlesRequest{});
    v1::Throttle told;
    CHECK_FALSE(refused->Read(&told));
    CHECK(refused->Finish().error_code() == grpc::StatusCode::UNAUTHENTICATED);
    Served::limit(let_in);
    let_in.AddMetadata("authorization", "Bearer s3cret");
    v1::TailRequest stored;
    stored.set_stream("orders");
    stored.set_from_start(true);
    stored.set_only_stored(true);
    const auto records = served.stub->Tail(&let_in, stored);
    v1::Record record;
    CHECK_FALSE(records->Read(&record));
    CHECK(records->Finish().ok());
}

TEST_CASE("records and refusals come over gRPC as they happen") {
    Served served;
    {
        grpc::ClientContext context;
        Served::limit(context);
        v1::SetLimitsRequest request;
        request.set_stream("orders");
        request.set_write_records_per_second(1);
        v1::LimitsResponse answer;
        REQUIRE(served.stub->SetLimits(&context, request, &answer).ok());
    }
    grpc::ClientContext watching, tailing;
    Served::limit(watching);
    Served::limit(tailing);
    const auto refusals = served.stub->WatchThrottles(&watching, v1::WatchThrottlesRequest{});
    refusals->WaitForInitialMetadata();   // from here on nothing is missed
    v1::TailRequest all;
    all.set_stream("orders");
    const auto records = served.stub->Tail(&tailing, all);
    records->WaitForInitialMetadata();

    std::vector<grpc::StatusCode> codes;
    for (const auto* data : {"passes", "refused"}) {
        grpc::ClientContext context;
        Served::limit(context);
        v1::PutRecordRequest request;
        request.set_stream("orders");
        request.set_key("k");
        request.set_data(data);
        v1::PutRecordResponse answer;
        codes.push_back(served.stub->PutRecord(&context, request, &answer).error_code());
    }
    CHECK(codes == std::vector{grpc::StatusCode::OK, grpc::StatusCode::RESOURCE_EXHAUSTED});
    v1::Record record;
    REQUIRE(records->Read(&record));
    CHECK(record.data() == "passes");
    v1::Throttle told;
    REQUIRE(refusals->Read(&told));
    CHECK(told.stream() == "orders");
    CHECK(told.asked() == 1);
    watching.TryCancel();
    tailing.TryCancel();
    CHECK(refusals->Finish().error_code() == grpc::StatusCode::CANCELLED);
    CHECK(records->Finish().error_code() == grpc::StatusCode::CANCELLED);
    served.stop();
    CHECK_FALSE(served.control.world.engine->events().watched());
}

TEST_CASE("more records than fit into one flight all arrive, in order") {
    Served served;
    constexpr int many = 3'000;
    grpc::ClientContext context;
    Served::limit(context);
    asio::post(*served.control.world.io, [&] {
        for (int i = 0; i < many / 100; ++i) {
            std::vector<std::string> values;
            for (int k = 0; k < 100; ++k) values.push_back(std::to_string(i * 100 + k));
            (void)served.control.world.queue(*served.stream->shard(0), values);
        }
    });
    v1::TailRequest request;
    request.set_stream("orders");
    request.set_from_start(true);
    request.set_most(many);
    const auto reader = served.stub->Tail(&context, request);
    v1::Record record;
    std::int64_t next = 0;
    while (reader->Read(&record)) CHECK(record.offset() == next++);
    CHECK(reader->Finish().ok());
    CHECK(next == many);
}

TEST_CASE(
    "the control door closes what comes above its number of connections, says so once, and takes others when some have gone") {
    Served served{"", 2};
    const auto connect = [&] {
        grpc::ChannelArguments own;
        own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);   // a connection of its own
        return v1::Control::NewStub(grpc::CreateCustomChannel(show(served.at), grpc::InsecureChannelCredentials(), own));
    };
    const auto asks = [&](v1::Control::Stub& stub) {
        grpc::ClientContext context;
        Served::limit(context);
        v1::HealthResponse health;
        return stub.Health(&context, v1::HealthRequest{}, &health).error_code();
    };
    auto first = connect(), second = connect();
    CHECK(asks(*first) == grpc::StatusCode::OK);
    CHECK(asks(*second) == grpc::StatusCode::OK);
    for (int i = 0; i < 2; ++i) CHECK(asks(*connect()) == grpc::StatusCode::UNAVAILABLE);
    CHECK(asks(*first) == grpc::StatusCode::OK);
    second.reset();
    // The server sees that end a little later; a refused client tries again, as clients do.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    auto code = grpc::StatusCode::UNAVAILABLE;
    while (code != grpc::StatusCode::OK && std::chrono::steady_clock::now() < end) code = asks(*connect());
    CHECK(code == grpc::StatusCode::OK);
    served.stop();
    CHECK(served.notes == std::vector<std::string>{"Control door: there are 2 connections, the most it takes; more are closed"});
}

TEST_CASE("a stop ends the streams that are open") {
    Served served;
    grpc::ClientContext context;
    Served::limit(context);
    const auto reader = served.stub->WatchThrottles(&context, v1::WatchThrottlesRequest{});
    reader->WaitForInitialMetadata();
    served.stop();
    v1::Throttle told;
    CHECK_FALSE(reader->Read(&told));
    CHECK_FALSE(reader->Finish().ok());
}

TEST_CASE("a second server on the same address is refused") {
    Served served;
    control::Server second{*served.control.world.io, served.control.service};
    CHECK_THROWS_WITH_AS(
        second.listen(served.at),
        ("cannot listen on " + show(served.at) +
         ": taken, or no address of this machine; choose another address with --control, port 0 takes any free one")
            .c_str(),
        Exit);
}
