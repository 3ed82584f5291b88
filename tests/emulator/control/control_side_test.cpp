// The control plane by plain HTTP (rule 27).
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/support/control_fixture.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

TEST_CASE("a control call by HTTP takes and gives Protobuf's JSON form") {
    Control c;
    CHECK(
        json::parse(c.http("POST", "/_sluice/v1/FreezeClock").body) ==
        json::parse(
            R"({"frozen":true,"rate":1,"now":"2023-11-14T22:13:20Z","ahead":"0s","automatic":false,"liveness":"LIVENESS_REAL"})"));
    const auto moved = c.http("POST", "/_sluice/v1/AdvanceClock", R"({"span":"90000s","expireClients":true})");
    CHECK(moved.status == 200);
    CHECK(moved.content_type == "application/json");
    CHECK(json::parse(moved.body)["now"] == "2023-11-15T23:13:20Z");
}

TEST_CASE("a refused control call has a status of its kind and a sentence") {
    Control c;
    const auto missing = c.http("POST", "/_sluice/v1/GetLimits", R"({"stream":"no\"pe"})");
    CHECK(missing.status == 404);
    CHECK(json::parse(missing.body) ==
          json{{"code", "NOT_FOUND"}, {"message", "there is no stream 'no\"pe'; `sluice streams` lists them"}});
    CHECK(c.http("POST", "/_sluice/v1/SetClock", R"({"time":"2001-01-01T00:00:00Z"})").status == 409);
    CHECK(c.http("POST", "/_sluice/v1/AdvanceClock", R"({"span":"-1s"})").status == 400);
    for (const auto* broken : {"{", "[]", "\"x\"", R"({"nope":1})", R"({"span":"soon"})", "\xff\xfe", "null garbage"}) {
        CAPTURE(broken);
        CHECK(c.http("POST", "/_sluice/v1/AdvanceClock", broken).status == 400);
    }
    CHECK(c.http("POST", "/_sluice/v1/AdvanceClock", std::string(100'000, '[')).status == 400);
    CHECK(c.http("GET", "/_sluice/v1/GetClock").status == 405);
    const auto unknown = c.http("POST", "/_sluice/v1/Nope");
    CHECK(unknown.status == 404);
    CHECK(unknown.body.contains("AdvanceClock"));
    CHECK(c.http("POST", "/_sluice/").status == 404);
}

TEST_CASE("with a token, every control call by HTTP but Health needs it, and no check of health does") {
    Control c;
    c.service.require("s3cret");
    const auto ask = [&](std::string path, std::string authorization, std::string method = "POST") {
        return c.run(control::answer(c.service, {std::move(method), std::move(path), "", std::move(authorization)}));
    };
    const auto without = ask("/_sluice/v1/FreezeClock", "");
    CHECK(without.status == 401);
    CHECK(json::parse(without.body) ==
          json{{"code", "UNAUTHENTICATED"},
               {"message",
                "this server asks for its control token: give --control-token or SLUICE_CONTROL_TOKEN, by HTTP the header "
                "Authorization: Bearer TOKEN"}});
    for (const auto* wrong : {"Bearer s3cre", "Bearer s3cret1", "Bearer ", "s3cret", "Basic s3cret", "Bearer S3CRET"}) {
        CAPTURE(wrong);
        CHECK(ask("/_sluice/v1/FreezeClock", wrong).status == 401);
        CHECK(ask("/_sluice/v1/Nope", wrong).status == 401);
        CHECK(ask("/_sluice/", wrong).status == 401);
    }
    CHECK_FALSE(c.world.clock().frozen());
    CHECK(ask("/_sluice/v1/FreezeClock", "Bearer s3cret").status == 200);
    CHECK(c.world.clock().frozen());
    CHECK(ask("/_sluice/v1/Health", "").status == 200);
    for (const auto* open : {"/health", "/metrics"}) CHECK(ask(open, "", "GET").status == 200);
    CHECK(ask("/ready", "", "GET").status == 503);   // no door is open here
}

TEST_CASE("a web page of another origin may not call the control plane, with a token or without") {
    Control c;
    const auto asked = c.run(control::answer(c.service, {"POST", "/_sluice/v1/FreezeClock", "", "", true}));
    CHECK(asked.status == 403);
    CHECK(json::parse(asked.body)["code"] == "PERMISSION_DENIED");
    CHECK_FALSE(c.world.clock().frozen());
}

TEST_CASE("a tail by HTTP is the stored records, a line each") {
    Control c;
    c.world.create("orders");
    c.put("orders", "a", "one");
    c.put("orders", "a", "two");
    const auto answer = c.http("POST", "/_sluice/v1/Tail", R"({"stream":"orders"})");
    CHECK(answer.content_type == "application/x-ndjson");
    const auto end = answer.body.find('\n');
    REQUIRE(end != std::string::npos);
    CHECK(json::parse(answer.body.substr(0, end))["data"] == "b25l");
    CHECK(json::parse(answer.body.substr(end + 1))["offset"] == "1");
}

TEST_CASE("a watch by HTTP answers with the first refusal, or with nothing after ten seconds") {
    Control c;
    c.world.create("orders");
    c.http("POST", "/_sluice/v1/FreezeClock");
    c.http("POST", "/_sluice/v1/SetLimits", R"({"stream":"orders","writeRecordsPerSecond":"1"})");
    std::optional<control::SideAnswer> told;
    const auto ask = [&] {
        told.reset();
        auto task = control::answer(c.service, {"POST", "/_sluice/v1/WatchThrottles", "{}"});
        asio::co_spawn(*c.world.io, std::move(task),
                       [&](std::exception_ptr, control::SideAnswer answer) { told = std::move(answer); });
        c.world.settle();
    };
    ask();
    c.put("orders", "k", "passes");
    c.world.settle();
    CHECK_FALSE(told);
    c.put("orders", "k", "refused");
    c.world.settle();
    REQUIRE(told);
    CHECK(json::parse(told->body)["topKey"] == "k");

    ask();
    c.world.time.move(9'999ms);
    c.world.settle();
    CHECK_FALSE(told);
    c.world.time.move(1ms);
    c.world.settle();
    REQUIRE(told);
    CHECK(told->status == 200);
    CHECK(told->body.empty());
    CHECK_FALSE(c.world.engine->events().watched());
}

TEST_CASE("health always answers, ready only when all doors do") {
    Control c;
    CHECK(c.http("GET", "/health").status == 200);
    CHECK(c.http("GET", "/ready").status == 503);
    c.service.set_ready();
    CHECK(c.http("GET", "/ready").status == 200);
    CHECK(c.http("POST", "/health").status == 405);
}

TEST_CASE("metrics of more than a thousand streams are those of all together") {
    Control c;
    for (int i = 0; i < 1'000; ++i) {
        streams::Engine::NewStream wanted;
        wanted.name = "s" + std::to_string(i);
        REQUIRE(c.world.engine->create(c.world.engine->default_world(), wanted));
    }
    c.put("s7", "a", "one");
    CHECK(c.http("GET", "/metrics").body.contains("sluice_stream_records_in_total{stream=\"s7\"} 1\n"));
    c.world.create("one-more");
    const auto page = c.http("GET", "/metrics").body;
    CHECK(page.contains("sluice_records_in_total 1\n"));
    CHECK(page.contains("sluice_streams 1001\n"));
    CHECK_FALSE(page.contains("stream=\""));
    c.world.engine->flush();
}

TEST_CASE("metrics count what was written, refused and connected") {
    Control c;
    c.service.parts().kafka_connections = [] { return std::size_t{3}; };
    c.world.create("orders");
    c.put("orders", "a", "one");
    c.put("orders", "a", "two");
    const auto answer = c.http("GET", "/metrics");
    CHECK(answer.content_type == "text/plain; version=0.0.4; charset=utf-8");
    for (const auto* line :
         {"sluice_records_in_total 2\n", "sluice_streams 1\n", "sluice_stream_records_in_total{stream=\"orders\"} 2\n",
          "sluice_stream_bytes_in_total{stream=\"orders\"} 8\n", "sluice_stream_open_shards{stream=\"orders\"} 1\n",
          "sluice_connections{door=\"kafka\"} 3\n", "sluice_clock_frozen 0\n", "sluice_clock_seconds 1700000000\n",
          "# TYPE sluice_stream_records_in_total counter\n"}) {
        CAPTURE(line);
        CHECK(answer.body.contains(line));
    }
}

TEST_CASE("a watch by HTTP is answered when the server stops") {
    Control c;
    std::optional<control::SideAnswer> told;
    asio::co_spawn(*c.world.io, control::answer(c.service, {"POST", "/_sluice/v1/WatchThrottles", "{}"}),
                   [&](std::exception_ptr, control::SideAnswer answer) { told = std::move(answer); });
    c.world.settle();
    CHECK_FALSE(told);
    c.service.stop();
    c.world.settle();
    REQUIRE(told);
    CHECK(told->status == 200);
    CHECK(told->body.empty());
}

TEST_CASE("a watch by HTTP ends when nobody waits for its answer any more") {
    Control c;
    Signal gone;
    bool ended = false;
    asio::co_spawn(
        *c.world.io,
        control::answer(c.service, {.method = "POST", .path = "/_sluice/v1/WatchThrottles", .body = "{}", .gone = &gone}),
        [&](std::exception_ptr, const control::SideAnswer&) { ended = true; });
    c.world.settle();
    CHECK_FALSE(ended);
    CHECK(c.world.engine->events().watched());
    gone.fire();
    c.world.settle();
    CHECK(ended);
    CHECK_FALSE(c.world.engine->events().watched());
}
