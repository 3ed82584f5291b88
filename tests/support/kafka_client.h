// The Kafka door on manual time and a store in memory, and clients that speak to it through loopback sockets. The loop is
// turned by hand and nothing waits for real time: `ask` turns it until the answer is there, `quiet` until nothing moves.
#pragma once

#include <doctest/doctest.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <string>

#include "emulator/kafka/call.h"
#include "emulator/kafka/door.h"
#include "protocol/batch/builder.h"
#include "protocol/batch/reader.h"
#include "protocol/kafka/frame.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/produce.h"
#include "storage/store.h"
#include "tests/support/turn.h"

namespace sluice::kafka {

struct Server {
    asio::io_context io;
    ManualTime time;
    std::unique_ptr<storage::Store> store = storage::open_memory();
    Random random{7};
    std::unique_ptr<streams::Engine> engine;
    std::unique_ptr<Door> door;
    Endpoint endpoint;

    explicit Server(DoorOptions options = {}) { open(std::move(options)); }
    ~Server() { shut(); }
    void open(DoorOptions options = {}) {
        engine = std::make_unique<streams::Engine>(io.get_executor(), *store, time, random, streams::EngineOptions{});
        door = std::make_unique<Door>(*engine, std::move(options));
        endpoint = door->listen({asio::ip::make_address("127.0.0.1"), 0});
    }
    void shut() {
        if (!door) return;
        door->stop();
        turn();
        door.reset();
        engine->flush();
        turn();
        engine.reset();
    }
    void reopen(DoorOptions options = {}) {
        shut();
        open(std::move(options));
    }
    Clock& clock() { return *engine->default_world().clock; }
    streams::World& world() { return engine->default_world(); }
    void turn() { test::turn(io); }
    // Real time passes, and with it virtual time unless it is frozen.
    void pass(milliseconds span) {
        time.move(span);
        clock().run_due();
        turn();
    }
    streams::StreamPointer create(const std::string& name, std::int32_t shards = 1, const std::string& profile = "kafka") {
        streams::Engine::NewStream wanted;
        wanted.name = name;
        wanted.shards = shards;
        wanted.profile = profile;
        if (profile == "kinesis") wanted.manners = streams::Manners::kinesis;
        wanted.retention = std::chrono::hours{24};
        wanted.state_delay = false;
        auto made = engine->create(world(), wanted);
        REQUIRE(made);
        engine->flush();
        turn();
        return made->stream;
    }
};

// An answer with the frame its views point into.
template <class Response>
struct Received {
    std::shared_ptr<Blob> frame;
    std::shared_ptr<Response> body;
    const Response* operator->() const { return body.get(); }
};

class Client {
  public:
    explicit Client(Server& server, std::string id = "test") : server_(server), id_(std::move(id)), socket_(server.io) {
        socket_.connect({server.endpoint.address, server.endpoint.port});
        socket_.set_option(asio::ip::tcp::no_delay(true));
        socket_.non_blocking(true);
        server_.turn();
    }
    void write(Bytes bytes) {
        while (!bytes.empty()) {
            boost::system::error_code error;
            const auto taken = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
            if (error && error != asio::error::would_block) return;
            bytes = bytes.subspan(taken);
            server_.turn();
        }
    }
    template <class Request>
    void send(const Request& request, int version) {
        write(encode_request(request, version, ++correlation_, id_));
    }
    // The next whole frame without its size; nothing when the server stays silent.
    std::optional<Blob> frame() {
        for (int i = 0; i < 50; ++i) {
            server_.turn();
            Blob more(1 << 16);
            boost::system::error_code error;
            const auto count = socket_.read_some(asio::buffer(more), error);
            got_.insert(got_.end(), more.begin(), more.begin() + static_cast<std::ptrdiff_t>(count));
            if (error && error != asio::error::would_block) closed_ = true;
            if (got_.size() >= 4) {
                Reader in{got_};
                const auto size = static_cast<std::size_t>(in.integer<std::int32_t>());
                if (got_.size() >= 4 + size) {
                    Blob whole(got_.begin() + 4, got_.begin() + 4 + static_cast<std::ptrdiff_t>(size));
                    got_.erase(got_.begin(), got_.begin() + 4 + static_cast<std::ptrdiff_t>(size));
                    return whole;
                }
            }
            if (closed_) return std::nullopt;
        }
        return std::nullopt;
    }
    template <class Response>
    std::optional<Received<Response>> receive(int version) {
        auto whole = frame();
        if (!whole) return std::nullopt;
        Received<Response> received{std::make_shared<Blob>(std::move(*whole)), std::make_shared<Response>()};
        const auto header = read_answer_header(*received.frame, Response::api, version);
        REQUIRE(header);
        Arena arena;
        REQUIRE(decode(header->body, version, arena, *received.body));
        return received;
    }
    template <class Response, class Request>
    Received<Response> ask(const Request& request, int version) {
        send(request, version);
        auto received = receive<Response>(version);
        REQUIRE(received);
        return *received;
    }
    // True when the server has closed this connection.
    bool closed() {
        if (!closed_) CHECK_FALSE(frame());
        return closed_;
    }
    // By an end-of-file, or by a reset.
    void leave(bool reset = false) {
        if (reset) socket_.set_option(asio::socket_base::linger(true, 0));
        socket_.close();
        server_.turn();
    }

  private:
    Server& server_;
    std::string id_;
    asio::ip::tcp::socket socket_;
    std::int32_t correlation_ = 0;
    Blob got_;
    bool closed_ = false;
};

inline Blob batch_of(std::initializer_list<std::string_view> values, std::int64_t timestamp = 1'700'000'000'000,
                     batch::BatchOptions options = {}) {
    std::vector<batch::Record> records;
    for (const auto value : values) records.push_back({.timestamp = timestamp, .key = as_bytes("k"), .value = as_bytes(value)});
    return batch::build(records, options);
}

inline ProduceResponse::Partition produce(Client& client, std::string_view topic, std::int32_t partition, Bytes records,
                                          std::int16_t acks = -1) {
    const ProduceRequest::Partition p{.index = partition, .records = records};
    const ProduceRequest::Topic t{.name = topic, .topic_id = {}, .partitions = {&p, 1}};
    const auto answer = client.ask<ProduceResponse>(
        ProduceRequest{.transactional_id = {}, .acks = acks, .timeout_ms = 1000, .topics = {&t, 1}}, 9);
    REQUIRE(answer->topics.size() == 1);
    return answer->topics[0].partitions[0];
}

// A fetch of one partition: sessionless unless told otherwise.
struct Fetching {
    FetchRequest::Partition partition;
    FetchRequest::Topic topic;
    FetchRequest request;
    Fetching(std::string_view name, std::int64_t offset, std::int32_t max_wait_ms = 0, std::int32_t min_bytes = 1) {
        partition.fetch_offset = offset;
        partition.partition_max_bytes = 1 << 20;
        topic.topic = name;
        topic.partitions = {&partition, 1};
        request.max_wait_ms = max_wait_ms;
        request.min_bytes = min_bytes;
        request.topics = {&topic, 1};
    }
    Fetching(const Fetching&) = delete;
};

inline std::vector<std::string> values_of(const FetchResponse::Partition& partition) {
    Blob all;
    for (const auto part : partition.records.parts) all.insert(all.end(), part.begin(), part.end());
    std::vector<std::string> values;
    Bytes rest = all;
    Blob scratch;
    while (!rest.empty()) {
        const auto header = batch::parse_header(rest);
        REQUIRE(header);
        const auto read = batch::read(rest, scratch, [&](const batch::Record& r) {
            values.emplace_back(as_text(r.value.value_or(Bytes{})));
            return true;
        });
        REQUIRE(read.has_value());
        rest = rest.subspan(static_cast<std::size_t>(header->size()));
    }
    return values;
}

}   // namespace sluice::kafka
