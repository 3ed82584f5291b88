// Connections and the plain data path of the Kafka door: frames, order, produce, fetch, metadata, topics.
#include "emulator/kafka/dispatch.h"
#include "emulator/kafka/features.h"
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/kafka/messages/create_partitions.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/delete_topics.h"
#include "protocol/kafka/messages/describe_configs.h"
#include "protocol/kafka/messages/fetch.h"
#include "protocol/kafka/messages/init_producer_id.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/metadata.h"
#include "protocol/kafka/messages/produce.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

Blob bytes_of(std::string_view hex) {
    Blob out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
        out.push_back(static_cast<std::byte>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    return out;
}

MetadataResponse::Topic metadata(Client& client, std::string_view name, bool create = true) {
    const MetadataRequest::Topic t{.topic_id = {}, .name = name};
    MetadataRequest request;
    request.topics = Array<MetadataRequest::Topic>{&t, 1};
    request.allow_auto_topic_creation = create;
    return client.ask<MetadataResponse>(request, 12)->topics.at(0);
}

CreateTopicsResponse::Topic create(Client& client, std::string_view name, std::int32_t partitions,
                                   std::initializer_list<CreateTopicsRequest::Config> configs = {}) {
    const std::vector<CreateTopicsRequest::Config> all(configs);
    const CreateTopicsRequest::Topic t{
        .name = name, .num_partitions = partitions, .replication_factor = -1, .assignments = {}, .configs = all};
    return client
        .ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&t, 1}, .timeout_ms = 1000, .validate_only = false}, 7)
        ->topics.at(0);
}

std::int64_t offset_at(Client& client, std::string_view topic, std::int64_t timestamp) {
    const ListOffsetsRequest::Partition p{.partition_index = 0, .current_leader_epoch = -1, .timestamp = timestamp};
    const ListOffsetsRequest::Topic t{.name = topic, .partitions = {&p, 1}};
    const auto answer = client.ask<ListOffsetsResponse>(
        ListOffsetsRequest{.replica_id = -1, .isolation_level = 0, .topics = {&t, 1}, .timeout_ms = 0}, 7);
    CHECK(answer->topics[0].partitions[0].error_code == ErrorCode::none);
    return answer->topics[0].partitions[0].offset;
}

}   // namespace

TEST_CASE("ApiVersions lists what is served, and answers a version above ours with version 0 and error 35") {
    Server server;
    Client client(server);
    const auto answer = client.ask<ApiVersionsResponse>(
        ApiVersionsRequest{.client_software_name = "test", .client_software_version = "1", .cluster_id = {}, .node_id = -1}, 4);
    CHECK(answer->error_code == ErrorCode::none);
    REQUIRE(answer->api_keys.size() ==
            static_cast<std::size_t>(std::ranges::count_if(all_routes(), [](const Route& route) { return route.told; })));
    CHECK(answer->api_keys[0].api_key == 0);
    CHECK(answer->api_keys[0].min_version == 0);
    CHECK(answer->api_keys[0].max_version == 13);
    CHECK(answer->finalized_features.size() == all_features().size());
    client.write(bytes_of("0000000c001200630000000700017000"));   // seen: what Kafka 4.4.0 answered to v99
    CHECK(client.frame() == bytes_of("00000007002300000001001200000005"));
    CHECK(client
              .ask<ApiVersionsResponse>(
                  ApiVersionsRequest{
                      .client_software_name = "-a b", .client_software_version = "1", .cluster_id = {}, .node_id = -1},
                  3)
              ->error_code == ErrorCode::invalid_request);
}

TEST_CASE("what is produced is fetched byte for byte, with base offset and leader epoch set") {
    Server server;
    server.create("t");
    Client client(server);
    const auto batch = batch_of({"a", "b"});
    CHECK(produce(client, "t", 0, batch).base_offset == 0);
    CHECK(produce(client, "t", 0, batch).base_offset == 2);
    const auto answer = client.ask<FetchResponse>(Fetching("t", 0).request, 12);
    const auto& p = answer->topics[0].partitions[0];
    CHECK(p.high_watermark == 4);
    CHECK(p.last_stable_offset == 4);
    CHECK(p.log_start_offset == 0);
    CHECK(values_of(p) == std::vector<std::string>{"a", "b", "a", "b"});
    const auto later = client.ask<FetchResponse>(Fetching("t", 3).request, 12);
    CHECK(values_of(later->topics[0].partitions[0]) ==
          std::vector<std::string>{"a", "b"});   // the batch that holds offset 3, whole
}

TEST_CASE("a fetch at the end waits, and wakes on the append without any time passing") {
    Server server;
    server.create("t");
    Client reader(server), writer(server);
    reader.send(Fetching("t", 0, 500).request, 12);
    CHECK_FALSE(reader.frame());
    produce(writer, "t", 0, batch_of({"now"}));
    const auto answer = reader.receive<FetchResponse>(12);
    REQUIRE(answer);
    CHECK(values_of((*answer)->topics[0].partitions[0]) == std::vector<std::string>{"now"});
}

TEST_CASE("a fetch without data is answered when maxWaitMs is over, even while the clock is frozen") {
    Server server;
    server.create("t");
    Client client(server);
    SUBCASE("running") {}
    SUBCASE("frozen") { server.clock().freeze(); }
    client.send(Fetching("t", 0, 500).request, 12);
    CHECK_FALSE(client.frame());
    server.pass(milliseconds{499});
    CHECK_FALSE(client.frame());
    server.pass(milliseconds{1});
    const auto answer = client.receive<FetchResponse>(12);
    REQUIRE(answer);
    CHECK((*answer)->topics[0].partitions[0].error_code == ErrorCode::none);
    CHECK((*answer)->topics[0].partitions[0].records.size() == 0);
}

TEST_CASE("the first batch comes whole whatever the limits, and minBytes is waited for") {
    Server server;
    server.create("t");
    Client client(server);
    produce(client, "t", 0, batch_of({"one"}));
    produce(client, "t", 0, batch_of({"two"}));
    Fetching tiny("t", 0);
    tiny.request.max_bytes = 1;
    tiny.partition.partition_max_bytes = 0;
    CHECK(values_of(client.ask<FetchResponse>(tiny.request, 12)->topics[0].partitions[0]) == std::vector<std::string>{"one"});
    client.send(Fetching("t", 0, 500, 1'000'000).request, 12);
    CHECK_FALSE(client.frame());
    server.pass(milliseconds{500});
    const auto all = client.receive<FetchResponse>(12);
    REQUIRE(all);
    CHECK(values_of((*all)->topics[0].partitions[0]) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("offsets outside the log are out of range, unknown partitions and ids are told at once") {
    Server server;
    server.create("t");
    Client client(server);
    CHECK(client.ask<FetchResponse>(Fetching("t", 1).request, 12)->topics[0].partitions[0].error_code ==
          ErrorCode::offset_out_of_range);
    CHECK(client.ask<FetchResponse>(Fetching("t", -1).request, 12)->topics[0].partitions[0].high_watermark == -1);
    CHECK(client.ask<FetchResponse>(Fetching("zzz", 0, 500).request, 12)->topics[0].partitions[0].error_code ==
          ErrorCode::unknown_topic_or_partition);
    CHECK(client.ask<FetchResponse>(Fetching("", 0, 500).request, 13)->topics[0].partitions[0].error_code ==
          ErrorCode::unknown_topic_id);
}

TEST_CASE("an incremental fetch session answers only partitions with news") {
    Server server;
    server.create("t", 2);
    Client client(server);
    FetchRequest::Partition both[2];
    for (int i : {0, 1}) {
        both[i].partition = i;
        both[i].partition_max_bytes = 1 << 20;
    }
    const FetchRequest::Topic t{.topic = "t", .topic_id = {}, .partitions = {both, 2}};
    FetchRequest open;
    open.session_epoch = 0;
    open.topics = {&t, 1};
    const auto first = client.ask<FetchResponse>(open, 12);
    const auto id = first->session_id;
    CHECK(id > 0);
    CHECK(first->topics[0].partitions.size() == 2);
    produce(client, "t", 1, batch_of({"x"}));
    FetchRequest next;
    next.session_id = id;
    next.session_epoch = 1;
    next.min_bytes = 1;
    const auto second = client.ask<FetchResponse>(next, 12);
    CHECK(second->session_id == id);
    REQUIRE(second->topics.size() == 1);
    REQUIRE(second->topics[0].partitions.size() == 1);
    CHECK(second->topics[0].partitions[0].partition_index == 1);
    CHECK(client.ask<FetchResponse>(next, 12)->error_code == ErrorCode::invalid_fetch_session_epoch);
    both[1].fetch_offset = 1;
    const FetchRequest::Topic moved{.topic = "t", .topic_id = {}, .partitions = {both + 1, 1}};
    next.session_epoch = 2;
    next.topics = {&moved, 1};
    CHECK(client.ask<FetchResponse>(next, 12)->topics.empty());
    const std::int32_t forgotten[] = {0, 1};
    const FetchRequest::ForgottenTopic all{.topic = "t", .topic_id = {}, .partitions = {forgotten, 2}};
    next.session_epoch = 3;
    next.topics = {};
    next.forgotten_topics = {&all, 1};
    CHECK(client.ask<FetchResponse>(next, 12)->session_id == 0);   // nothing left to fetch: it is closed
    CHECK(client.ask<FetchResponse>(next, 12)->error_code == ErrorCode::fetch_session_id_not_found);
    next.session_id = id == 1 ? 2 : 1;
    CHECK(client.ask<FetchResponse>(next, 12)->error_code == ErrorCode::fetch_session_id_not_found);
}

TEST_CASE("requests already received are queued in order before the first is committed, and answered in order") {
    Server server;
    server.create("t");
    Client client(server);
    const auto a = batch_of({"a"}), b = batch_of({"b"});
    Blob all;
    for (const auto* batch : {&a, &b}) {
        const ProduceRequest::Partition p{.index = 0, .records = Bytes{*batch}};
        const ProduceRequest::Topic t{.name = "t", .topic_id = {}, .partitions = {&p, 1}};
        const auto frame = encode_request(ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 0, .topics = {&t, 1}},
                                          9, batch == &a ? 100 : 200, "c");
        all.insert(all.end(), frame.begin(), frame.end());
    }
    const auto fetch = encode_request(Fetching("t", 0, 500).request, 12, 300, "c");
    all.insert(all.end(), fetch.begin(), fetch.end());
    client.write(all);
    for (const std::int32_t expected : {100, 200, 300}) {
        const auto frame = client.frame();
        REQUIRE(frame);
        Reader in{*frame};
        CHECK(in.integer<std::int32_t>() == expected);
    }
    CHECK(server.engine->find(server.world(), "t")->shard(0)->end == 2);
}

TEST_CASE("a frame that no request can be closes the connection and no other") {
    Server server;
    server.create("t");
    Client other(server);
    const auto refused = [&](std::string_view hex) {
        Client bad(server);
        bad.write(bytes_of(hex));
        return bad.closed();
    };
    CHECK(refused("ffffffff"));                                 // negative size
    CHECK(refused("00000000"));                                 // nothing
    CHECK(refused("7fffffff"));                                 // 2 GB
    CHECK(refused("474554202f20485454502f312e310d0a0d0a"));     // GET / HTTP/1.1: a length of 1.2 GB
    CHECK(refused("0000000800c8000000000001"));                 // API 200
    CHECK(refused("000000080003006300000001"));                 // Metadata v99
    CHECK(refused("000000080000000200000001"));                 // Produce v2: told, and refused
    CHECK(refused("0000000400030000"));                         // too short for its header
    CHECK(refused("0000000e000300010000000100017fffffffff"));   // a list longer than the frame
    CHECK(produce(other, "t", 0, batch_of({"a"})).base_offset == 0);
    CHECK(server.door->connections() == 1);
}

TEST_CASE("answers before the bad request are still sent") {
    Server server;
    Client client(server);
    auto frame = encode_request(
        ApiVersionsRequest{.client_software_name = "a", .client_software_version = "1", .cluster_id = {}, .node_id = -1}, 3, 5,
        "c");
    const auto bad = bytes_of("0000000800c8000000000001");
    frame.insert(frame.end(), bad.begin(), bad.end());
    client.write(frame);
    CHECK(client.frame());
    CHECK(client.closed());
}

TEST_CASE("a client that goes away takes its parked requests along") {
    Server server;
    const auto stream = server.create("t");
    const auto holders = stream.use_count();
    {
        std::vector<std::unique_ptr<Client>> clients;
        for (int i = 0; i < 50; ++i) {
            clients.push_back(std::make_unique<Client>(server));
            clients.back()->send(Fetching("t", 0, 60'000).request, 12);
        }
        server.turn();
        CHECK(stream.use_count() == holders + 50);   // each parked Fetch holds what it reads
        CHECK(server.door->calls() == 50);
        CHECK(server.door->connections() == 50);
    }
    server.turn();
    CHECK(stream.use_count() == holders);
    CHECK(server.door->calls() == 0);
    CHECK(server.door->connections() == 0);
}

TEST_CASE("acks 0 has no answer, and a refused one closes the connection") {
    Server server;
    server.create("t");
    Client client(server);
    const auto send = [&](std::string_view topic) {
        const auto batch = batch_of({"a"});
        const ProduceRequest::Partition p{.index = 0, .records = Bytes{batch}};
        const ProduceRequest::Topic t{.name = topic, .topic_id = {}, .partitions = {&p, 1}};
        client.send(ProduceRequest{.transactional_id = {}, .acks = 0, .timeout_ms = 0, .topics = {&t, 1}}, 9);
    };
    send("t");
    CHECK_FALSE(client.frame());
    CHECK(offset_at(client, "t", -1) == 1);
    send("zzz");
    CHECK(client.closed());
}

TEST_CASE("Produce refuses what is no batch with Kafka's codes") {
    Server server;
    server.create("t");
    Client client(server);
    const auto good = batch_of({"a"});
    const auto code = [&](Blob batch, std::int16_t acks = -1) { return produce(client, "t", 0, batch, acks).error_code; };
    CHECK(code(good, 2) == ErrorCode::invalid_required_acks);
    CHECK(produce(client, "zzz", 0, good).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(produce(client, "t", 7, good).error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(code({}) == ErrorCode::invalid_record);
    auto broken = good;
    broken.back() ^= std::byte{1};
    CHECK(code(broken) == ErrorCode::corrupt_message);
    auto old = good;
    old[batch::at::magic] = std::byte{1};
    CHECK(code(old) == ErrorCode::invalid_record);
    auto twice = good;
    twice.insert(twice.end(), good.begin(), good.end());
    CHECK(code(twice) == ErrorCode::invalid_record);
    CHECK(code(batch_of({std::string(1'048'588, 'x')})) == ErrorCode::message_too_large);
    const auto future = produce(client, "t", 0, batch_of({"a"}, 1'700'000'000'000 + 7'200'000));
    CHECK(future.error_code == ErrorCode::invalid_timestamp);
    CHECK(future.error_message == "One or more records have been rejected due to invalid timestamp");
    REQUIRE(future.record_errors.size() == 1);
    CHECK(
        future.record_errors[0].batch_index_error_message ==
        "Timestamp 1700007200000 of message with offset 0 is out of range. The timestamp should be within [-9223370336854775807, 1700003600000]");
    CHECK(code(good) == ErrorCode::none);
}

TEST_CASE("a small batch that would unpack to more than 100 MiB is refused, and nothing of it is kept") {
    Server server;
    server.create("t");
    Client client(server);
    for (const auto codec : std::initializer_list<std::int16_t>{1, 2, 3, 4}) {   // gzip, snappy, lz4, zstd
        CAPTURE(codec);
        std::string zeros(100 << 20, '\0');
        const auto bomb = batch_of({zeros}, 1'700'000'000'000, {.attributes = codec});
        zeros.clear(), zeros.shrink_to_fit();
        if (bomb.size() > 1'048'588) continue;   // of snappy, which does not pack as well: too large as it comes
        const auto answer = produce(client, "t", 0, bomb);
        CHECK(answer.error_code == ErrorCode::unknown_server_error);
        CHECK(answer.error_message == "The records of the batch decompress to more than is allowed.");
    }
    CHECK(offset_at(client, "t", -1) == 0);
    CHECK(produce(client, "t", 0, batch_of({"a"}, 1'700'000'000'000, {.attributes = 4})).error_code == ErrorCode::none);
}

TEST_CASE("an idempotent producer's repeated batch gets its first offset again") {
    Server server;
    server.create("t");
    Client client(server);
    const auto id = client.ask<InitProducerIdResponse>(InitProducerIdRequest{.transactional_id = std::nullopt}, 4)->producer_id;
    const auto batch = [&](std::int32_t sequence) {
        return batch_of({"a"}, 1'700'000'000'000, {.producer_id = id, .producer_epoch = 0, .base_sequence = sequence});
    };
    const auto first = produce(client, "t", 0, batch(0));
    CHECK(first.base_offset == 0);
    CHECK(first.log_append_time_ms == -1);
    CHECK(produce(client, "t", 0, batch(1)).base_offset == 1);
    const auto again = produce(client, "t", 0, batch(0));
    CHECK(again.base_offset == 0);
    CHECK(again.log_append_time_ms == 1'700'000'000'000);   // the kept batch's own timestamp (seen: Kafka 4.4)
    CHECK(produce(client, "t", 0, batch(5)).error_code == ErrorCode::out_of_order_sequence_number);
    CHECK(offset_at(client, "t", -1) == 2);
}

TEST_CASE("Metadata creates a missing topic in the call; CreateTopics may still say how it should be") {
    Server server;
    Client client(server);
    CHECK(metadata(client, "fresh", false).error_code == ErrorCode::unknown_topic_or_partition);
    const auto made = metadata(client, "fresh");
    CHECK(made.error_code == ErrorCode::none);
    REQUIRE(made.partitions.size() == 1);
    CHECK(made.partitions[0].leader_id == 1);
    CHECK(metadata(client, "a b").error_code == ErrorCode::invalid_topic_exception);
    const auto adopted = create(client, "fresh", 3);
    CHECK(adopted.error_code == ErrorCode::none);
    CHECK(adopted.topic_id == made.topic_id);
    CHECK(metadata(client, "fresh").partitions.size() == 3);
    produce(client, "fresh", 0, batch_of({"a"}));
    CHECK(create(client, "fresh", 3).error_code == ErrorCode::topic_already_exists);
}

TEST_CASE("clients are told the address they came to, a rule's, or what was set live") {
    DoorOptions options;
    options.advertised = {parse_advertised_rule("10.0.0.0/8=elsewhere:1"),
                          parse_advertised_rule("127.0.0.0/8=broker.test:19092")};
    Server server(options);
    Client client(server);
    const auto told = [&] {
        MetadataRequest request;
        const auto answer = client.ask<MetadataResponse>(request, 12);
        return answer->brokers.at(0).host + ":" + std::to_string(answer->brokers.at(0).port);
    };
    CHECK(told() == "broker.test:19092");
    server.door->set_advertised(HostPort{"live.test", 7});
    CHECK(told() == "live.test:7");
    Server plain_server;
    Client other(plain_server);
    const auto answer = other.ask<MetadataResponse>(MetadataRequest{}, 12);
    CHECK(answer->brokers.at(0).host == "127.0.0.1");
    CHECK(answer->brokers.at(0).port == plain_server.endpoint.port);
    CHECK_THROWS_AS(parse_advertised_rule("10.0.0.0/33=x:1"), storage::StartError);
    CHECK_THROWS_AS(parse_advertised_rule("10.0.0.0/8"), storage::StartError);
}

TEST_CASE("a listener that was given an address of its own tells that one, and SetAdvertised goes before it") {
    DoorOptions options;
    options.advertised = {parse_advertised_rule("127.0.0.0/8=rule.test:1")};
    Server server(options);
    const auto told = [&] {
        Client client(server);
        const auto answer = client.ask<MetadataResponse>(MetadataRequest{}, 12);
        return answer->brokers.at(0).host + ":" + std::to_string(answer->brokers.at(0).port);
    };
    CHECK(told() == "rule.test:1");
    server.endpoint = server.door->listen({asio::ip::make_address("127.0.0.1"), 0}, parse_host_port("outside.test:29092"));
    CHECK(told() == "outside.test:29092");
    server.endpoint = server.door->listen({asio::ip::make_address("::1"), 0});
    CHECK(told() == "::1:" + std::to_string(server.endpoint.port));
    server.endpoint = server.door->listen({asio::ip::make_address("::"), 0});
    server.endpoint.address = asio::ip::make_address("127.0.0.1");   // arrives mapped into IPv6
    CHECK(told() == "rule.test:1");
    server.door->set_advertised(HostPort{"live.test", 7});
    CHECK(told() == "live.test:7");
}

TEST_CASE("an address to be told is a host and a port") {
    CHECK(parse_host_port("broker:9092") == HostPort{"broker", 9092});
    CHECK(parse_host_port("[::1]:9092") == HostPort{"::1", 9092});
    for (const auto* wrong :
         {"", "broker", "broker:", ":9092", "broker:0", "broker:65536", "broker:-1", "broker:9092x", "[]:", "broker: 9092"})
        CHECK_MESSAGE(parse_host_port(wrong) == std::nullopt, wrong);
}

TEST_CASE("a client that comes back, goes on or leaves after its first metadata is not named") {
    Server server;
    std::vector<std::string> notes;
    server.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    Client first(server);
    first.ask<MetadataResponse>(MetadataRequest{}, 12);
    SUBCASE("back by a second connection") {
        server.pass(milliseconds{4'999});
        Client second(server);
        server.pass(milliseconds{10'000});
    }
    SUBCASE("on by the same one") {
        server.create("t");
        produce(first, "t", 0, batch_of({"x"}));
        server.pass(milliseconds{10'000});
    }
    SUBCASE("left, as kcat -L does") {
        {
            const auto gone = std::move(first);
        }
        server.turn();
        server.pass(milliseconds{10'000});
    }
    CHECK(notes.empty());
}

TEST_CASE("a client that asks for metadata and never comes back is named once, with the setting to use") {
    Server server;
    std::vector<std::string> notes;
    server.engine->events().on_note = [&](std::string_view line) { notes.emplace_back(line); };
    Client client(server);
    client.ask<MetadataResponse>(MetadataRequest{}, 12);
    server.pass(milliseconds{4'999});
    CHECK(notes.empty());
    server.pass(milliseconds{1});
    REQUIRE(notes.size() == 1);
    CHECK(notes[0] == "Kafka client at 127.0.0.1 was told to connect to 127.0.0.1:" + std::to_string(server.endpoint.port) +
                          " and did not within 5 s; if it cannot reach that address, set --kafka-advertised PEER-CIDR=HOST:PORT");
    Client again(server);
    again.ask<MetadataResponse>(MetadataRequest{}, 12);
    server.pass(milliseconds{10'000});
    CHECK(notes.size() == 1);
}

TEST_CASE("CreateTopics answers with Kafka's words") {
    Server server;
    Client client(server);
    const auto made = create(client, "c.1", 2, {{"retention.ms", "60000"}});
    CHECK(made.error_code == ErrorCode::none);
    CHECK(made.num_partitions == 2);
    CHECK(made.replication_factor == 1);
    REQUIRE(made.configs->size() == 38);
    CHECK(server.engine->find(server.world(), "c.1")->retention == milliseconds{60'000});
    CHECK(create(client, "c.1", 1).error_message == "Topic 'c.1' already exists.");
    CHECK(create(client, "c_1", 1).error_message == "Topic 'c_1' collides with existing topic: c.1");
    CHECK(create(client, "x", 0).error_message == "Number of partitions was set to an invalid non-positive value.");
    CHECK(create(client, "", 1).error_message == "Topic name is invalid: the empty string is not allowed");
    CHECK(create(client, "x", 1, {{"no.such", "1"}}).error_message == "Unknown topic config name: no.such");
    CHECK(create(client, "x", 1, {{"retention.ms", "abc"}}).error_message ==
          "Invalid value abc for configuration retention.ms: Not a number of type LONG");
    CHECK(create(client, "x", 1, {{"cleanup.policy", "zip"}}).error_message ==
          "Invalid value zip for configuration cleanup.policy: String must be one of: compact, delete");
    CHECK(metadata(client, "x", false).error_code == ErrorCode::unknown_topic_or_partition);
}

TEST_CASE("a deleted topic is gone for waiting readers at once, and comes back with another id") {
    Server server;
    Client client(server), reader(server);
    const auto first = create(client, "t", 1).topic_id;
    reader.send(Fetching("t", 0, 60'000).request, 12);
    CHECK_FALSE(reader.frame());
    const DeleteTopicsRequest::Topic t{.name = "t", .topic_id = {}};
    const auto gone =
        client.ask<DeleteTopicsResponse>(DeleteTopicsRequest{.topics = {&t, 1}, .topic_names = {}, .timeout_ms = 0}, 6);
    CHECK(gone->topics[0].error_code == ErrorCode::none);
    CHECK(gone->topics[0].topic_id == first);
    const auto answer = reader.receive<FetchResponse>(12);
    REQUIRE(answer);
    CHECK((*answer)->topics[0].partitions[0].error_code == ErrorCode::unknown_topic_or_partition);
    CHECK(create(client, "t", 1).topic_id != first);
    const DeleteTopicsRequest::Topic unknown{.name = "zzz", .topic_id = {}};
    CHECK(client.ask<DeleteTopicsResponse>(DeleteTopicsRequest{.topics = {&unknown, 1}, .topic_names = {}, .timeout_ms = 0}, 6)
              ->topics[0]
              .error_message == "This server does not host this topic-partition.");
}

TEST_CASE("ListOffsets finds places and records by their own timestamp") {
    Server server;
    server.create("t");
    Client client(server);
    CHECK(offset_at(client, "t", -1) == 0);
    CHECK(offset_at(client, "t", -3) == -1);
    std::vector<batch::Record> records;
    for (const std::int64_t ms : {0, 2000, 1000})
        records.push_back({.timestamp = 1'700'000'000'000 + ms, .key = {}, .value = as_bytes("v")});
    produce(client, "t", 0, batch::build(records));
    CHECK(offset_at(client, "t", -1) == 3);
    CHECK(offset_at(client, "t", -2) == 0);
    CHECK(offset_at(client, "t", -3) == 1);
    CHECK(offset_at(client, "t", 1'700'000'000'001) == 1);
    CHECK(offset_at(client, "t", 1'700'000'002'001) == -1);
}

TEST_CASE("CreatePartitions grows a topic and refuses a Kinesis stream") {
    Server server;
    server.create("t");
    server.create("s", 1, "kinesis");
    Client client(server);
    const auto grow = [&](std::string_view name, std::int32_t count) {
        const CreatePartitionsRequest::Topic t{.name = name, .count = count, .assignments = std::nullopt};
        return client
            .ask<CreatePartitionsResponse>(CreatePartitionsRequest{.topics = {&t, 1}, .timeout_ms = 0, .validate_only = false}, 3)
            ->results.at(0);
    };
    CHECK(grow("t", 3).error_code == ErrorCode::none);
    CHECK(grow("t", 3).error_message == "Topic already has 3 partition(s).");
    CHECK(grow("t", 1).error_message == "The topic t currently has 3 partition(s); 1 would not be an increase.");
    CHECK(grow("s", 2).error_code == ErrorCode::invalid_partitions);
    CHECK(metadata(client, "t").partitions.size() == 3);
}

TEST_CASE("retention.bytes is taken from CreateTopics, else from log.retention.bytes, and moves the log's start at once") {
    DoorOptions options;
    options.configs = {{"log.retention.bytes", "1000"}};
    Server server(options);
    Client client(server);
    create(client, "own", 1, {{"retention.bytes", "300"}});
    create(client, "default", 1);
    create(client, "any", 1, {{"retention.bytes", "-1"}});
    metadata(client, "made");
    const std::string value(300, 'x');
    for (const auto* name : {"own", "default", "any", "made"})
        for (int i = 0; i < 6; ++i) produce(client, name, 0, batch_of({value}));
    const auto start = [&](const char* name) { return offset_at(client, name, -2); };
    CHECK(start("own") == 5);   // a batch has 300 bytes and its head
    CHECK(start("default") == 3);
    CHECK(start("made") == 3);
    CHECK(start("any") == 0);
}

TEST_CASE("DescribeConfigs tells what was set and where from") {
    DoorOptions options;
    options.configs = {{"num.partitions", "4"}, {"message.max.bytes", "2000000"}};
    Server server(options);
    Client client(server);
    create(client, "t", -1, {{"retention.ms", "5000"}});
    CHECK(metadata(client, "t").partitions.size() == 4);
    const auto describe = [&](std::int8_t type, std::string_view name, std::string_view key) {
        const DescribeConfigsRequest::Resource r{
            .resource_type = type, .resource_name = name, .configuration_keys = Array<std::string_view>{&key, 1}};
        const auto answer = client.ask<DescribeConfigsResponse>(
            DescribeConfigsRequest{.resources = {&r, 1}, .include_synonyms = false, .include_documentation = false}, 4);
        REQUIRE(answer->results.at(0).configs.size() == 1);
        const auto& c = answer->results[0].configs[0];
        return c.value.value_or("null") + " from " + std::to_string(c.config_source);
    };
    CHECK(describe(2, "t", "retention.ms") == "5000 from 1");
    CHECK(describe(2, "t", "max.message.bytes") == "2000000 from 4");
    CHECK(describe(2, "t", "cleanup.policy") == "delete from 5");
    CHECK(describe(4, "1", "num.partitions") == "4 from 4");
    DoorOptions wrong;
    wrong.configs = {{"num.partition", "4"}};
    CHECK_THROWS_WITH_AS(Server{wrong}, "Kafka has no broker setting 'num.partition'; did you mean 'num.partitions'?",
                         storage::StartError);
    wrong.configs = {{"num.partitions", "many"}};
    CHECK_THROWS_AS(Server{wrong}, storage::StartError);
}
