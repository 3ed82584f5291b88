// What the control plane does, asked as plain functions.
#include <doctest/doctest.h>

#include "emulator/runtime/spans.h"
#include "tests/support/control_fixture.h"

using namespace sluice;
using namespace sluice::test;
namespace v1 = sluice::control::v1;
using Kind = control::Error::Kind;

namespace {

template <class Request>
Request about(const std::string& stream) {
    Request request;
    request.set_stream(stream);
    return request;
}

// Starts a streaming call that goes on behind the test's back until its sink is left.
template <class Request, class Message>
std::shared_ptr<bool> start(Control& c, Request request, std::shared_ptr<Heard<Message>> sink) {
    auto ended = std::make_shared<bool>(false);
    auto task = c.service.stream(std::move(request), sink);
    asio::co_spawn(*c.world.io, std::move(task),
                   [ended](std::exception_ptr, control::Result<void> result) { *ended = result.has_value(); });
    c.world.settle();
    return ended;
}

}   // namespace

TEST_CASE("a frozen clock stands, an advance moves it, resume lets it run") {
    Control c;
    CHECK(c.ask(v1::FreezeClockRequest{})->frozen());
    c.world.time.move(10s);
    CHECK(control::from_proto(c.ask(v1::GetClockRequest{})->now()) == from_ms(1'700'000'000'000));
    CHECK(control::from_proto(c.advance(25h)->now()) == from_ms(1'700'090'000'000));
    CHECK(control::from_proto(c.ask(v1::GetClockRequest{})->ahead()) == 25h - 10s);
    CHECK_FALSE(c.ask(v1::ResumeClockRequest{})->frozen());
    c.world.time.move(1s);
    CHECK(control::from_proto(c.ask(v1::GetClockRequest{})->now()) == from_ms(1'700'090'001'000));
}

TEST_CASE("the clock never goes backward, and the refusal says what to do") {
    Control c;
    v1::SetClockRequest earlier;
    *earlier.mutable_time() = control::to_proto(from_ms(1'600'000'000'000));
    const auto answer = c.ask(earlier);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Kind::refused);
    CHECK(answer.error().text.contains("sluice reset --clock"));
    CHECK(c.advance(-1s).error().kind == Kind::invalid);
    CHECK(c.ask(v1::SetClockRequest{}).error().kind == Kind::invalid);
}

TEST_CASE("a rate makes a minute of each second") {
    Control c;
    v1::SetClockRateRequest request;
    request.set_rate(60);
    CHECK(c.ask(request)->rate() == 60);
    c.world.time.move(1s);
    CHECK(control::from_proto(c.ask(v1::GetClockRequest{})->now()) == from_ms(1'700'000'060'000));
    request.set_rate(0);
    CHECK(c.ask(request).error().kind == Kind::invalid);
}

TEST_CASE("a moved clock is in the store when the call is answered") {
    Control c;
    c.ask(v1::FreezeClockRequest{});
    c.advance(25h);
    c.world.open();
    CHECK(c.world.clock().frozen());
    CHECK(c.world.clock().now() == from_ms(1'700'090'000'000));
}

TEST_CASE("clock auto and the time that sessions go by are said, kept over a restart, and gone after a reset") {
    Control c;
    const auto moved = c.ask(v1::AutoClockRequest{});
    REQUIRE(moved);
    CHECK(moved->automatic());
    CHECK(moved->frozen());
    CHECK(moved->liveness() == v1::LIVENESS_REAL);
    v1::SetClockLivenessRequest liveness;
    CHECK(c.ask(liveness).error().kind == Kind::invalid);
    liveness.set_liveness(v1::LIVENESS_VIRTUAL);
    CHECK(c.ask(liveness)->liveness() == v1::LIVENESS_VIRTUAL);
    c.world.open();
    CHECK(c.world.clock().automatic());
    CHECK(c.world.clock().live_virtual());
    c.world.engine->reset(c.world.engine->default_world());
    c.world.settle();
    CHECK_FALSE(c.world.clock().automatic());
    CHECK_FALSE(c.world.clock().frozen());
    CHECK_FALSE(c.world.clock().live_virtual());
}

TEST_CASE("limits are set by profile, then one by one, and hold at once") {
    Control c;
    c.world.create("orders");
    c.ask(v1::FreezeClockRequest{});
    auto set = about<v1::SetLimitsRequest>("orders");
    set.set_write_records_per_second(1);
    const auto answer = c.ask(set);
    REQUIRE(answer);
    CHECK(answer->limits().write_records_per_second() == 1);
    CHECK(answer->limits().write_bytes_per_second() == 1'048'576);
    CHECK(answer->limits().iterator_calls_per_second() == 5);
    CHECK(answer->limits().read_records_per_second() == 0);
    CHECK(c.put("orders", "k", "one"));
    const auto second = c.put("orders", "k", "two");
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == Kind::limited);
    CHECK(second.error().text.contains("write records per second are limited to 1"));

    set.set_profile("none");
    set.clear_write_records_per_second();
    CHECK(c.ask(set)->limits().write_bytes_per_second() == 0);
    CHECK(c.put("orders", "k", "two"));
    set.set_profile("kinesis");
    set.set_write_burst_bytes(10 << 20);
    CHECK(c.ask(set)->write_capacity_bytes() == 10 << 20);
    CHECK(c.ask(about<v1::GetLimitsRequest>("orders"))->limits().write_burst_bytes() == 10 << 20);
    set.set_write_burst_bytes(0);
    CHECK(c.ask(set)->write_capacity_bytes() == 1 << 20);
    set.clear_write_burst_bytes();
    set.set_profile("aws");
    CHECK(c.ask(set).error().kind == Kind::invalid);
    set.set_profile("");
    set.set_read_bytes_per_second(INT64_MAX);
    CHECK(c.ask(set).error().text == "a limit is at most 1099511627776 a second; 0 is unlimited");
    set.clear_read_bytes_per_second();
    set.set_iterator_calls_per_second(7);
    set.set_read_records_per_second(9);
    CHECK(c.ask(set)->limits().iterator_calls_per_second() == 7);
    CHECK(c.ask(about<v1::GetLimitsRequest>("orders"))->limits().read_records_per_second() == 9);
    set.set_read_calls_per_second(-1);
    CHECK(c.ask(set).error().kind == Kind::invalid);
    set.clear_read_calls_per_second();
    set.set_iterator_calls_per_second(-1);
    CHECK(c.ask(set).error().kind == Kind::invalid);
}

TEST_CASE("streams are listed with what they hold now") {
    Control c;
    c.world.create("orders", 4);
    c.world.create("logs", 2, "kafka");
    c.put("orders", "a", "1");
    c.put("orders", "b", "2");
    auto answer = c.ask(v1::ListStreamsRequest{});
    REQUIRE(answer);
    REQUIRE(answer->streams_size() == 2);
    CHECK(answer->streams(0).name() == "logs");
    CHECK(answer->streams(0).profile() == "kafka");
    CHECK(answer->streams(1).name() == "orders");
    CHECK(answer->streams(1).open_shards() == 4);
    CHECK(answer->streams(1).records() == 2);
    CHECK(answer->streams(1).status() == "ACTIVE");
    c.advance(25h);
    CHECK(c.ask(v1::ListStreamsRequest{})->streams(1).records() == 0);
}

TEST_CASE("what does not exist is said so") {
    Control c;
    CHECK(c.ask(about<v1::GetLimitsRequest>("nope")).error().kind == Kind::not_found);
    v1::GetClockRequest elsewhere;
    elsewhere.set_world("other");
    CHECK(c.ask(elsewhere).error().kind == Kind::not_found);
    elsewhere.set_world("default");
    CHECK(c.ask(elsewhere));
}

TEST_CASE("a record put here has the shard, offset and number the doors would give it") {
    Control c;
    const auto stream = c.world.create("orders", 2);
    const auto first = c.put("orders", "u123", "one"), second = c.put("orders", "u123", "two");
    REQUIRE(first);
    REQUIRE(second);
    CHECK(first->shard() == second->shard());
    CHECK(first->offset() == 0);
    CHECK(second->offset() == 1);
    CHECK(first->sequence_number().size() == 56);
    CHECK(first->sequence_number() < second->sequence_number());
    CHECK(c.world.values(*stream->shard(first->shard())) == std::vector<std::string>{"one", "two"});
    CHECK(c.put("orders", "", "x").error().kind == Kind::invalid);
    CHECK(c.put("orders", std::string(257, 'k'), "x").error().kind == Kind::invalid);
    CHECK(c.put("orders", "k", std::string(1 << 20, 'x')).error().kind == Kind::invalid);
}

TEST_CASE("a tail from the start shows what is stored, then what comes, and ends with its reader") {
    Control c;
    c.world.create("orders");
    c.put("orders", "a", "one");
    auto sink = std::make_shared<Heard<v1::Record>>();
    auto request = about<v1::TailRequest>("orders");
    request.set_from_start(true);
    const auto ended = start(c, request, sink);
    REQUIRE(sink->all.size() == 1);
    CHECK(sink->all[0].data() == "one");
    CHECK(sink->all[0].key() == "a");
    c.put("orders", "a", "two");
    c.world.settle();
    REQUIRE(sink->all.size() == 2);
    CHECK(sink->all[1].offset() == 1);
    CHECK_FALSE(*ended);
    sink->leave();
    c.world.settle();
    CHECK(*ended);
}

TEST_CASE("a tail goes on with the children of a split shard") {
    Control c;
    const auto stream = c.world.create("orders");
    auto sink = std::make_shared<Heard<v1::Record>>();
    const auto ended = start(c, about<v1::TailRequest>("orders"), sink);
    c.put("orders", "a", "before");
    REQUIRE(c.world.engine->split(*stream, 0, streams::HashKey{1ull << 63, 0}));
    c.world.settle();
    const auto after = c.put("orders", "a", "after");
    REQUIRE(after);
    CHECK(after->shard() > 0);
    c.world.settle();
    REQUIRE(sink->all.size() == 2);
    CHECK(sink->all[1].data() == "after");
    sink->leave();
    c.world.settle();
    CHECK(*ended);
}

TEST_CASE("a tail ends by count, at what is stored, and with its stream") {
    Control c;
    c.world.create("orders");
    for (const auto* data : {"1", "2", "3"}) c.put("orders", "a", data);
    auto counted = std::make_shared<Heard<v1::Record>>();
    auto request = about<v1::TailRequest>("orders");
    request.set_from_start(true);
    request.set_most(2);
    CHECK(*start(c, request, counted));
    CHECK(counted->all.size() == 2);

    auto stored = std::make_shared<Heard<v1::Record>>();
    request.set_most(0);
    request.set_only_stored(true);
    CHECK(*start(c, request, stored));
    CHECK(stored->all.size() == 3);

    auto deleted = std::make_shared<Heard<v1::Record>>();
    const auto ended = start(c, about<v1::TailRequest>("orders"), deleted);
    CHECK_FALSE(*ended);
    REQUIRE(c.world.engine->remove(c.world.engine->default_world(), "orders", false));
    c.world.settle();
    CHECK(*ended);
}

TEST_CASE("a tail waits for a slow reader and then misses nothing") {
    Control c;
    c.world.create("orders");
    auto sink = std::make_shared<Heard<v1::Record>>();
    sink->room = 1;
    const auto ended = start(c, about<v1::TailRequest>("orders"), sink);
    c.put("orders", "a", "one");
    c.world.settle();
    c.put("orders", "a", "two");
    c.put("orders", "a", "three");
    c.world.settle();
    CHECK(sink->all.size() == 1);
    sink->room = 10;
    sink->changed.fire();
    c.world.settle();
    REQUIRE(sink->all.size() == 3);
    CHECK(sink->all[2].data() == "three");
    sink->leave();
    c.world.settle();
    CHECK(*ended);
}

TEST_CASE("a watcher hears each refusal with its reason, of the stream it asked for") {
    Control c;
    c.world.create("orders");
    c.world.create("other");
    c.ask(v1::FreezeClockRequest{});
    for (const auto* name : {"orders", "other"}) {
        auto set = about<v1::SetLimitsRequest>(name);
        set.set_write_records_per_second(1);
        REQUIRE(c.ask(set));
    }
    auto sink = std::make_shared<Heard<v1::Throttle>>();
    const auto ended = start(c, about<v1::WatchThrottlesRequest>("orders"), sink);
    for (const auto* name : {"orders", "orders", "other", "other"}) c.put(name, "hot", "x");
    REQUIRE(sink->all.size() == 1);
    const auto& told = sink->all[0];
    CHECK(told.stream() == "orders");
    CHECK(told.shard() == "shardId-000000000000");
    CHECK(told.rate() == 1);
    CHECK(control::from_proto(told.room_in()) == 1s);
    CHECK(told.top_key() == "hot");
    CHECK(told.explanation().starts_with("orders shardId-000000000000: "));
    sink->leave();
    c.world.settle();
    CHECK(*ended);
    CHECK_FALSE(c.world.engine->events().watched());
}

TEST_CASE("a watcher that is slow is told how many it missed") {
    Control c;
    c.world.create("orders");
    c.ask(v1::FreezeClockRequest{});
    auto set = about<v1::SetLimitsRequest>("orders");
    set.set_write_records_per_second(1);
    REQUIRE(c.ask(set));
    auto sink = std::make_shared<Heard<v1::Throttle>>();
    sink->room = 1;
    start(c, v1::WatchThrottlesRequest{}, sink);
    for (int i = 0; i < 5; ++i) c.put("orders", "k", "x");   // one passes, four are refused, one of them is told
    sink->all.clear();
    c.put("orders", "k", "x");
    REQUIRE(sink->all.size() == 1);
    CHECK(sink->all[0].missed() == 3);
    sink->leave();
    c.world.settle();
}

TEST_CASE("reset leaves nothing and makes again what a new server makes") {
    Control c;
    std::vector<std::string> steps;
    c.service.parts().forget = [&](streams::World&) { steps.emplace_back("forget"); };
    c.service.parts().prepare = [&](streams::World&, bool clock_given) {
        steps.emplace_back(clock_given ? "prepare with clock" : "prepare");
    };
    c.world.create("orders");
    c.ask(v1::FreezeClockRequest{});
    c.advance(25h);
    CHECK(c.ask(v1::ResetRequest{}));
    CHECK(steps == std::vector<std::string>{"forget", "prepare"});
    CHECK(c.ask(v1::ListStreamsRequest{})->streams_size() == 0);
    CHECK_FALSE(c.ask(v1::GetClockRequest{})->frozen());
    CHECK(control::from_proto(c.ask(v1::GetClockRequest{})->ahead()) == 0ms);

    v1::ResetRequest earlier;
    *earlier.mutable_clock() = control::to_proto(from_ms(1'500'000'000'000));
    CHECK(c.ask(earlier));
    CHECK(control::from_proto(c.ask(v1::GetClockRequest{})->now()) == from_ms(1'500'000'000'000));
    CHECK(steps.back() == "prepare with clock");
}

TEST_CASE("the advertised address goes to the Kafka door, and an empty one takes it back") {
    Control c;
    std::optional<std::pair<std::string, std::uint16_t>> told{{"unset", 1}};
    c.service.parts().advertise = [&](auto at) { told = std::move(at); };
    v1::SetAdvertisedRequest request;
    request.set_host("localhost");
    CHECK(c.ask(request).error().kind == Kind::invalid);
    request.set_port(32'768);
    CHECK(c.ask(request));
    CHECK(told == std::pair<std::string, std::uint16_t>{"localhost", 32'768});
    CHECK(c.ask(v1::SetAdvertisedRequest{}));
    CHECK_FALSE(told);
}

TEST_CASE("health says when all doors answer") {
    Control c;
    CHECK_FALSE(c.ask(v1::HealthRequest{})->ready());
    c.service.set_ready();
    c.world.time.move(90s);
    const auto answer = c.ask(v1::HealthRequest{});
    CHECK(answer->ready());
    CHECK(control::from_proto(answer->uptime()) == 90s);
    CHECK(answer->version() == control::version);
}

TEST_CASE("a full store is said so and keeps nothing of the put") {
    Control c;
    c.world.create("orders");
    c.world.store.fail(1);
    const auto answer = c.put("orders", "a", "one");
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == Kind::broken);
    CHECK(c.put("orders", "a", "two")->offset() == 0);
}

TEST_CASE("no door takes a time outside of the bounds, says so in one sentence and changes nothing") {
    Control c;
    c.world.create("s");
    const std::string text = "a time is from 1970-01-01T00:00:00Z to 2477-01-01T00:00:00Z";
    const auto before = c.world.engine->dump();
    for (const std::int64_t seconds :
         {std::int64_t{-1}, std::int64_t{-62'135'596'800}, std::int64_t{15'999'465'601}, INT64_MAX, INT64_MIN}) {
        CAPTURE(seconds);
        google::protobuf::Timestamp at;
        at.set_seconds(seconds);
        v1::SetClockRequest set;
        *set.mutable_time() = at;
        const auto refused = c.ask(set);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == Kind::invalid);
        CHECK(refused.error().text == text);
        v1::ResetRequest reset;
        *reset.mutable_clock() = at;
        const auto kept = c.ask(reset);
        REQUIRE_FALSE(kept);
        CHECK(kept.error().text == text);
        v1::TailRequest tail;
        tail.set_stream("s");
        *tail.mutable_from_time() = at;
        const auto heard = std::make_shared<Heard<v1::Record>>();
        const auto none = c.run(c.service.stream(tail, heard));
        REQUIRE_FALSE(none);
        CHECK(none.error().text == text);
        v1::AdvanceClockRequest advance;
        advance.mutable_span()->set_seconds(seconds);
        CHECK(c.ask(advance).error().kind == Kind::invalid);
    }
    CHECK(c.world.engine->dump() == before);
    c.world.settle();
    c.world.open();   // the folder opens again
    CHECK(c.world.engine->dump() == before);
}

TEST_CASE("the year 2400 is a move like any other") {
    Control c;
    for (int i = 0; i < 10; ++i) c.world.create("s" + std::to_string(i));
    c.put("s1", "a", "one");
    v1::SetClockRequest request;
    *request.mutable_time() = control::to_proto(*parse_time("2400-01-01T00:00:00Z"));
    const auto told = c.ask(request);
    REQUIRE(told);
    CHECK(show_time(control::from_proto(told->now())).starts_with("2400-01-01T00:00:00"));
    CHECK(c.world.values(*c.world.engine->find(c.world.engine->default_world(), "s1")->shards[0]).empty());
}

TEST_CASE("while a long move goes on in slices, others are served") {
    Control c;
    c.world.clock().freeze();
    for (int i = 0; i < 120; ++i) {
        c.world.create("s" + std::to_string(i));
        c.put("s" + std::to_string(i), "a", "one");
        c.world.clock().advance(1min);
    }
    const auto start = c.world.clock().now();
    v1::AdvanceClockRequest request;
    *request.mutable_span() = control::to_proto(100h);
    bool answered = false;
    auto task = c.service.handle(request);
    asio::co_spawn(*c.world.io, std::move(task), [&](std::exception_ptr, auto result) { answered = result.has_value(); });
    int between = 0;
    c.world.io->restart();
    while (!answered && c.world.io->poll_one() > 0)
        if (const auto now = c.world.clock().now(); now > start && now < start + 100h) ++between;
    CHECK(answered);
    CHECK(between > 2);
    CHECK(c.world.clock().now() == start + 100h);
}
