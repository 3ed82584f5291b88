// What the Kinesis door does as an HTTP/2 server, with a client that is nghttp2's.
#include "protocol/wire_limits.h"
#include "tests/support/http2_speaker.h"

using namespace sluice;
using namespace sluice::test;

namespace {

// A path that is answered when the test says so, and one that knows whether anybody waits for it.
struct Side {
    asio::io_context* io = nullptr;
    Signal go;
    int waiting = 0, gone = 0;

    kinesis::DoorOptions options() {
        return {.side = [this](kinesis::SideRequest asked) -> Task<kinesis::SideAnswer> { return answer(std::move(asked)); }};
    }
    Task<kinesis::SideAnswer> answer(kinesis::SideRequest asked) {
        if (asked.path == "/ready") {
            ++waiting;
            Waiter waiter{io->get_executor()};
            waiter.watch(go);
            waiter.watch(*asked.gone, Woken::closed);
            if (co_await waiter.wait() == Woken::closed) ++gone;
            --waiting;
        }
        co_return kinesis::SideAnswer{.status = 200, .body = std::string{asked.path} + std::string{asked.body}};
    }
};

Http2Client::Headers kinesis_headers(std::string_view operation) {
    return {{"content-type", "application/x-amz-json-1.1"},
            {"x-amz-target", "Kinesis_20131202." + std::string{operation}},
            {"x-amz-date", "20231114T221320Z"},
            {"authorization",
             "AWS4-HMAC-SHA256 Credential=k/20231114/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, "
             "Signature=00"}};
}

}   // namespace

TEST_CASE("a stream is made, written and read over HTTP/2, and each answer has the headers of one over HTTP/1.1") {
    KinesisServer server;
    Speaker speaker{server};
    CHECK(speaker.ask("POST", "/", kinesis_headers("CreateStream"), R"({"StreamName":"s","ShardCount":1})").status == 200);
    const auto put =
        speaker.ask("POST", "/", kinesis_headers("PutRecord"), R"({"StreamName":"s","PartitionKey":"k","Data":"aGVsbG8="})");
    CHECK(put.status == 200);
    CHECK(put.whole);
    CHECK(put.body.contains("shardId-000000000000"));
    for (const auto* name : {"x-amzn-requestid", "x-amz-id-2", "date", "content-type", "content-length"})
        CHECK_MESSAGE(put.headers.contains(name), name);
    const auto it = speaker.ask("POST", "/", kinesis_headers("GetShardIterator"),
                                R"({"StreamName":"s","ShardId":"shardId-000000000000","ShardIteratorType":"TRIM_HORIZON"})");
    const auto at = it.body.find(":\"") + 2;
    const auto iterator = it.body.substr(at, it.body.find('"', at) - at);
    const auto got = speaker.ask("POST", "/", kinesis_headers("GetRecords"), R"({"ShardIterator":")" + iterator + "\"}");
    CHECK(got.body.contains("aGVsbG8="));
    const auto refused = speaker.ask("POST", "/", kinesis_headers("DeleteStream"), R"({"StreamName":"none"})");
    CHECK(refused.status == 400);
    CHECK(refused.body.contains("ResourceNotFoundException"));
    CHECK(server.door.connections() == 1);
}

TEST_CASE("HEAD over HTTP/2 has the length of the answer and no body") {
    Side side;
    KinesisServer server{side.options()};
    Speaker speaker{server};
    const auto head = speaker.ask("HEAD", "/health");
    CHECK(head.status == 200);
    CHECK(head.headers.at("content-length") == "7");
    CHECK(head.body.empty());
    CHECK(head.whole);
    CHECK(speaker.ask("GET", "/health").body == "/health");
}

TEST_CASE("a request that waits holds up no other of its connection, and its client's reset ends it") {
    Side side;
    KinesisServer server{side.options()};
    side.io = &server.io;
    Speaker speaker{server};
    const auto first = speaker.client.ask("GET", "/ready"), second = speaker.client.ask("GET", "/ready");
    speaker.talk();
    CHECK(side.waiting == 2);
    CHECK(speaker.ask("GET", "/health").body == "/health");
    speaker.client.reset(first);
    speaker.talk();
    CHECK(side.waiting == 1);
    CHECK(side.gone == 1);
    side.go.fire();
    speaker.talk();
    CHECK(speaker.client.answers[second].body == "/ready");
}

TEST_CASE("a client that says GOAWAY behind its request is answered, and then the connection ends") {
    Side side;
    KinesisServer server{side.options()};
    side.io = &server.io;
    Speaker speaker{server};
    const auto id = speaker.client.ask("GET", "/ready");
    speaker.client.say_goaway();
    speaker.talk();
    CHECK(side.waiting == 1);
    CHECK(server.door.connections() == 1);
    side.go.fire();
    speaker.talk();
    CHECK(speaker.client.answers[id].body == "/ready");
    CHECK(speaker.wire.closed);
    CHECK(server.door.connections() == 0);
}

TEST_CASE("a client that hangs up ends all that it waits for") {
    Side side;
    KinesisServer server{side.options()};
    side.io = &server.io;
    {
        Speaker speaker{server};
        for (int i = 0; i < 5; ++i) speaker.client.ask("GET", "/ready");
        speaker.talk();
        CHECK(side.waiting == 5);
    }
    server.turn();
    CHECK(side.waiting == 0);
    CHECK(side.gone == 5);
    CHECK(server.door.connections() == 0);
}

TEST_CASE("of a client's many requests so many are carried out at once; the others follow as they end") {
    Side side;
    KinesisServer server{side.options()};
    side.io = &server.io;
    Speaker speaker{server};
    std::vector<std::int32_t> ids;
    for (std::size_t i = 0; i < wire_limits::http2_calls + 10; ++i) ids.push_back(speaker.client.ask("GET", "/ready"));
    speaker.talk();
    CHECK(side.waiting == wire_limits::http2_calls);
    side.go.fire();
    speaker.talk();
    CHECK(side.waiting == 10);
    side.go.fire();
    speaker.talk();
    for (const auto id : ids) CHECK(speaker.client.answers[id].whole);
}

TEST_CASE("a hundred subscriptions leave room for other requests on their connection, and the record is pushed to one of them") {
    constexpr int shards = 100;
    static_assert(shards > wire_limits::http2_calls && shards < wire_limits::http2_streams);
    KinesisServer server;
    Speaker speaker{server};
    const std::string stream = R"("arn:aws:kinesis:us-east-1:000000000000:stream/s")";
    CHECK(speaker.ask("POST", "/", kinesis_headers("CreateStream"), R"({"StreamName":"s","ShardCount":100})").status == 200);
    const auto made = speaker.ask("POST", "/", kinesis_headers("RegisterStreamConsumer"),
                                  R"({"StreamARN":)" + stream + R"(,"ConsumerName":"reader"})");
    const auto from = made.body.find("arn:aws");
    const auto arn = made.body.substr(from, made.body.find('"', from) - from);
    std::vector<std::int32_t> subscribed;
    for (int shard = 0; shard < shards; ++shard) {
        subscribed.push_back(speaker.client.ask("POST", "/", kinesis_headers("SubscribeToShard"),
                                                R"({"ConsumerARN":")" + arn + R"(","ShardId":"shardId-)" + std::to_string(shard) +
                                                    R"(","StartingPosition":{"Type":"LATEST"}})"));
        speaker.talk();
    }
    for (const auto id : subscribed) CHECK(speaker.client.answers[id].status == 200);
    CHECK(
        speaker
            .ask("POST", "/", kinesis_headers("PutRecord"), R"({"StreamName":"s","PartitionKey":"k","Data":"dGhlIHJlY29yZA=="})")
            .status == 200);
    speaker.talk();
    CHECK(std::ranges::count_if(subscribed,
                                [&](auto id) { return speaker.client.answers[id].body.contains("dGhlIHJlY29yZA=="); }) == 1);
}

TEST_CASE("what breaks HTTP/2's rules is told so, and the connection ends") {
    KinesisServer server;
    Speaker speaker{server};
    speaker.wire.write(std::string("\0\0\1\0\0\0\0\0\0x", 10));   // DATA of no stream
    speaker.talk();
    CHECK(speaker.client.goaway == NGHTTP2_PROTOCOL_ERROR);
    CHECK(speaker.wire.closed);
    CHECK(server.door.connections() == 0);
}

TEST_CASE("an HTTP/2 client that began a request and does not go on is given up; an idle one has ten minutes") {
    KinesisServer server;
    Speaker slow{server}, idle{server};
    slow.client.ask("POST", "/", kinesis_headers("PutRecord"), "{", false);
    slow.talk();
    server.pass(wire_limits::patience);
    server.pass(wire_limits::patience);
    slow.talk();
    CHECK(slow.wire.closed);
    idle.talk();
    CHECK_FALSE(idle.wire.closed);
    server.pass(wire_limits::http_idle);
    idle.talk();
    CHECK(idle.wire.closed);
}

TEST_CASE(
    "an HTTP/2 client that takes nothing of its answer holds its place for ten minutes, and one that goes on taking keeps it") {
    KinesisServer server{{.side = [](kinesis::SideRequest) -> Task<kinesis::SideAnswer> {
        co_return kinesis::SideAnswer{.body = std::string(1 << 20, 'x')};
    }}};
    Speaker stopped{server, 10'000}, going{server, 10'000};
    stopped.client.ask("GET", "/metrics");
    const auto id = going.client.ask("GET", "/metrics");
    stopped.talk(), going.talk();
    server.pass(wire_limits::http_idle - milliseconds{1'000});
    going.client.take(id, 10'000);
    going.talk();
    CHECK(going.client.answers[id].body.size() == 20'000);
    server.pass(milliseconds{1'000});
    stopped.talk(), going.talk();
    CHECK(stopped.wire.closed);
    CHECK_FALSE(going.wire.closed);
}
