// Fetch sessions: what an append costs those who wait, what an incremental answer names, and how readers hear of partitions that
// came without a seal. Costs are counted in partitions that Fetches looked at.
#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/metadata.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

// A client with a session over all partitions of a topic, by name.
struct Consumer {
    Consumer(Server& server, std::string_view topic, std::int32_t partitions) : client(server), name(topic) {
        std::vector<FetchRequest::Partition> all(static_cast<std::size_t>(partitions));
        for (std::int32_t i = 0; i < partitions; ++i) all[static_cast<std::size_t>(i)] = at(i, 0);
        const auto opened = ask(all, 0);
        id = opened->session_id;
        CHECK(id > 0);
    }
    static FetchRequest::Partition at(std::int32_t partition, std::int64_t offset) {
        FetchRequest::Partition p;
        p.partition = partition;
        p.fetch_offset = offset;
        p.partition_max_bytes = 1 << 20;
        return p;
    }
    void send(const std::vector<FetchRequest::Partition>& partitions, std::int32_t max_wait_ms) {
        const FetchRequest::Topic t{.topic = name, .topic_id = {}, .partitions = {partitions.data(), partitions.size()}};
        FetchRequest request;
        request.session_id = id;
        request.session_epoch = epoch++;
        request.max_wait_ms = max_wait_ms;
        request.min_bytes = 1;
        if (!partitions.empty()) request.topics = {&t, 1};
        client.send(request, 12);
    }
    Received<FetchResponse> receive() {
        auto told = client.receive<FetchResponse>(12);
        REQUIRE(told);
        return *told;
    }
    Received<FetchResponse> ask(const std::vector<FetchRequest::Partition>& partitions, std::int32_t max_wait_ms) {
        send(partitions, max_wait_ms);
        return receive();
    }
    // "partition:code" of all that an answer names.
    static std::string named(const Received<FetchResponse>& told) {
        std::string out;
        for (const auto& topic : told->topics)
            for (const auto& p : topic.partitions)
                out += std::to_string(p.partition_index) + ":" + std::to_string(static_cast<int>(p.error_code)) + " ";
        return out;
    }

    Client client;
    std::string_view name;
    std::int32_t id = 0, epoch = 0;
};

}   // namespace

TEST_CASE("an append costs each session that reads its shard one look, however many partitions it has") {
    Server server;
    server.create("t", 500);
    Consumer a(server, "t", 500), b(server, "t", 500), c(server, "t", 3);
    Client writer(server);
    auto before = server.door->partitions_looked_at();
    const auto looks = [&] {
        return server.door->partitions_looked_at() - std::exchange(before, server.door->partitions_looked_at());
    };
    for (auto* reader : {&a, &b, &c}) reader->send({}, 60'000);
    server.turn();
    CHECK(looks() == 0);   // nothing is new: none is looked at
    produce(writer, "t", 400, batch_of({"x"}));
    server.turn();
    CHECK(looks() == 2);
    CHECK(Consumer::named(a.receive()) == "400:0 ");
    CHECK(Consumer::named(b.receive()) == "400:0 ");
    CHECK_FALSE(c.client.frame());
    produce(writer, "t", 2, batch_of({"y"}));
    CHECK(Consumer::named(c.receive()) == "2:0 ");
    CHECK(looks() == 1);   // c; nobody waits for a and b
    a.send({Consumer::at(400, 1)}, 60'000);
    CHECK(Consumer::named(a.receive()) == "2:0 ");
    CHECK(looks() == 2);   // what was asked, and what came meanwhile
}

TEST_CASE(
    "a Fetch without a session looks while it waits only at what has news, and its answer names every partition in one list") {
    Server server;
    server.create("t", 500);
    std::vector<FetchRequest::Partition> partitions;
    for (std::int32_t p = 0; p < 500; ++p) partitions.push_back(Consumer::at(p, 0));
    const FetchRequest::Topic topic{.topic = "t", .topic_id = {}, .partitions = {partitions.data(), partitions.size()}};
    Client reader(server), writer(server);
    FetchRequest request;
    request.session_epoch = -1;
    request.max_wait_ms = 60'000;
    request.max_bytes = 1 << 20;
    request.min_bytes = 300;
    request.topics = {&topic, 1};
    reader.send(request, 12);
    server.turn();
    CHECK(server.door->partitions_looked_at() == 500);
    produce(writer, "t", 400, batch_of({std::string(100, 'x')}));
    produce(writer, "t", 7, batch_of({std::string(10, 'y')}));
    CHECK_FALSE(reader.frame());
    CHECK(server.door->partitions_looked_at() == 503);   // the first record's, then both
    produce(writer, "t", 8, batch_of({std::string(100, 'z')}));
    const auto told = reader.receive<FetchResponse>(12);
    CHECK(server.door->partitions_looked_at() == 506);
    REQUIRE(told);
    REQUIRE((*told)->topics.size() == 1);
    const auto& named = (*told)->topics[0].partitions;
    CHECK(named.size() == 500);
    CHECK(std::ranges::count_if(named, [](const auto& p) { return p.records.size() > 0; }) == 3);
}

TEST_CASE("a record that a session was given and did not go on from is given again") {
    Server server;
    server.create("t", 2);
    Consumer reader(server, "t", 2);
    Client writer(server);
    produce(writer, "t", 1, batch_of({"x"}));
    CHECK(Consumer::named(reader.ask({}, 0)) == "1:0 ");
    CHECK(Consumer::named(reader.ask({}, 0)) == "1:0 ");
    CHECK(Consumer::named(reader.ask({Consumer::at(1, 1)}, 0)).empty());
    CHECK(Consumer::named(reader.ask({Consumer::at(1, 0)}, 0)) == "1:0 ");
}

TEST_CASE("partitions that have more than an answer may hold take turns") {
    Server server;
    server.create("t", 3);
    Consumer reader(server, "t", 3);
    Client writer(server);
    for (int i : {0, 1, 2}) produce(writer, "t", i, batch_of({"x"}));
    const auto one = [&](std::vector<FetchRequest::Partition> partitions) {
        const FetchRequest::Topic t{.topic = "t", .topic_id = {}, .partitions = {partitions.data(), partitions.size()}};
        FetchRequest request;
        request.session_id = reader.id;
        request.session_epoch = reader.epoch++;
        request.min_bytes = 1;
        request.max_bytes = 1;
        if (!partitions.empty()) request.topics = {&t, 1};
        std::string with_data;
        const auto told = reader.client.ask<FetchResponse>(request, 12);
        for (const auto& topic : told->topics)
            for (const auto& p : topic.partitions)
                if (p.records.size() > 0) with_data += std::to_string(p.partition_index);
        return with_data;
    };
    CHECK(one({}) == "0");
    CHECK(one({}) == "1");
    CHECK(one({Consumer::at(0, 1)}) == "2");
    CHECK(one({}) == "1");
}

TEST_CASE("an incremental answer says where the log starts when that moved, and that a topic is gone or back") {
    DoorOptions options;
    options.configs = {{"connections.max.idle.ms", "-1"}};
    Server server(options);
    const auto stream = server.create("t", 2);
    Consumer reader(server, "t", 2);
    Client writer(server);
    produce(writer, "t", 0, batch_of({"x"}, to_ms(server.clock().now())));
    CHECK(Consumer::named(reader.ask({Consumer::at(0, 1)}, 0)) == "0:0 ");   // its end moved
    CHECK(Consumer::named(reader.ask({}, 0)).empty());
    server.pass(std::chrono::hours{25});
    const auto moved = reader.ask({}, 0);
    CHECK(Consumer::named(moved) == "0:0 ");
    CHECK(moved->topics[0].partitions[0].log_start_offset == 1);
    CHECK(Consumer::named(reader.ask({}, 0)).empty());
    REQUIRE(server.engine->remove(server.world(), "t", false));
    server.engine->flush();
    CHECK(Consumer::named(reader.ask({}, 60'000)) == "0:3 1:3 ");
    CHECK(Consumer::named(reader.ask({}, 60'000)) == "0:3 1:3 ");
    server.create("t", 1);
    CHECK(Consumer::named(reader.ask({Consumer::at(0, 0)}, 60'000)) == "0:0 1:3 ");
}

TEST_CASE("partitions that come without a seal are told to each connection once, at once, so that its client asks for metadata") {
    Server server;
    Client client(server);
    const MetadataRequest::Topic t{.topic_id = {}, .name = "waited-for"};
    MetadataRequest metadata;
    metadata.topics = Array<MetadataRequest::Topic>{&t, 1};
    REQUIRE(client.ask<MetadataResponse>(metadata, 12)->topics.at(0).partitions.size() == 1);
    Consumer reader(server, "waited-for", 1);
    Client sessionless(server), later(server);
    reader.send({}, 60'000);
    sessionless.send(Fetching("waited-for", 0, 60'000).request, 12);
    server.turn();
    std::size_t partitions = 6;
    SUBCASE("CreateTopics adopts it") {
        const CreateTopicsRequest::Topic made{
            .name = "waited-for", .num_partitions = 6, .replication_factor = 1, .assignments = {}, .configs = {}};
        CHECK(client
                  .ask<CreateTopicsResponse>(
                      CreateTopicsRequest{.topics = {&made, 1}, .timeout_ms = 1000, .validate_only = false}, 7)
                  ->topics.at(0)
                  .error_code == ErrorCode::none);
    }
    SUBCASE("CreateStream adopts it") { server.create("waited-for", static_cast<std::int32_t>(partitions = 4), "kinesis"); }
    SUBCASE("CreatePartitions") {
        const CreatePartitionsRequest::Topic more{.name = "waited-for", .count = 6, .assignments = std::nullopt};
        CHECK(client
                  .ask<CreatePartitionsResponse>(
                      CreatePartitionsRequest{.topics = {&more, 1}, .timeout_ms = 1000, .validate_only = false}, 3)
                  ->results.at(0)
                  .error_code == ErrorCode::none);
    }
    CHECK(Consumer::named(reader.receive()) == "0:6 ");
    const auto told = sessionless.receive<FetchResponse>(12);
    REQUIRE(told);
    CHECK(Consumer::named(*told) == "0:6 ");
    CHECK(client.ask<MetadataResponse>(metadata, 12)->topics.at(0).partitions.size() == partitions);
    CHECK(Consumer::named(reader.ask({}, 0)) == "0:0 ");   // once
    CHECK(Consumer::named(sessionless.ask<FetchResponse>(Fetching("waited-for", 0).request, 12)) == "0:0 ");
    CHECK(Consumer::named(later.ask<FetchResponse>(Fetching("waited-for", 0).request, 12)) == "0:0 ");   // knew nothing else
}

TEST_CASE("a partition that one Fetch names twice is answered once") {
    Server server;
    server.create("t", 2);
    Client client(server);
    const FetchRequest::Partition twice[] = {Consumer::at(0, 0), Consumer::at(0, 0), Consumer::at(1, 0)};
    const FetchRequest::Topic topics[] = {{.topic = "t", .topic_id = {}, .partitions = {twice, 3}},
                                          {.topic = "t", .topic_id = {}, .partitions = {twice, 1}}};
    FetchRequest request;
    request.topics = {topics, 2};
    CHECK(Consumer::named(client.ask<FetchResponse>(request, 12)) == "0:0 1:0 ");
    FetchRequest empty;
    empty.session_epoch = 0;
    CHECK(client.ask<FetchResponse>(empty, 12)->session_id > 0);   // as Kafka does
    empty.session_epoch = -2;
    CHECK(client.ask<FetchResponse>(empty, 12)->error_code == ErrorCode::fetch_session_id_not_found);
}

TEST_CASE("a session that is closed while its Fetch waits answers that it is unknown") {
    Server server;
    server.create("t", 2);
    Consumer reader(server, "t", 2);
    reader.send({}, 60'000);
    server.turn();
    Client other(server);
    FetchRequest closing;
    closing.session_id = reader.id;
    closing.session_epoch = -1;
    other.ask<FetchResponse>(closing, 12);
    CHECK(reader.receive()->error_code == ErrorCode::fetch_session_id_not_found);
}
