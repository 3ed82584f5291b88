// Client quotas: Kafka's own figures, what a client over its quota is told, and that it is muted as long.
#include "emulator/kafka/security/rate.h"
#include "protocol/kafka/messages/alter_client_quotas.h"
#include "protocol/kafka/messages/create_topics.h"
#include "protocol/kafka/messages/describe_client_quotas.h"
#include "protocol/kafka/messages/metadata.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Alter = AlterClientQuotasRequest::Entry;

struct Part {
    std::string_view type;
    std::optional<std::string_view> name;
};
AlterClientQuotasResponse::Entry set(Client& client, std::vector<Part> parts, std::string_view key, double value,
                                     bool remove = false, bool only_look = false) {
    std::vector<Alter::Entity> entity;
    for (const auto& [type, name] : parts) entity.push_back({.entity_type = type, .entity_name = name});
    const Alter::Op op{.key = key, .value = value, .remove = remove};
    const Alter entry{.entity = entity, .ops = {&op, 1}};
    return client.ask<AlterClientQuotasResponse>(AlterClientQuotasRequest{.entries = {&entry, 1}, .validate_only = only_look}, 1)
        ->entries.at(0);
}
DescribeClientQuotasResponse describe(Client& client, std::vector<DescribeClientQuotasRequest::Component> wanted = {},
                                      bool strict = false) {
    return *client.ask<DescribeClientQuotasResponse>(DescribeClientQuotasRequest{.components = wanted, .strict = strict}, 1).body;
}
std::int32_t throttle_of_produce(Client& client, std::string_view topic, std::size_t bytes) {
    const std::string value(bytes, 'x');
    const auto records = batch_of({value});
    const ProduceRequest::Partition p{.index = 0, .records = Bytes{records}};
    const ProduceRequest::Topic t{.name = topic, .topic_id = {}, .partitions = {&p, 1}};
    const auto answer =
        client.ask<ProduceResponse>(ProduceRequest{.transactional_id = {}, .acks = -1, .timeout_ms = 1000, .topics = {&t, 1}}, 9);
    CHECK(answer->topics.at(0).partitions.at(0).error_code == ErrorCode::none);
    return answer->throttle_time_ms;
}

}   // namespace

TEST_CASE(
    "a rate and its throttle are those of Kafka: 4981 ms after the third request of 50 kB in ten at 10 kB/s, then 10004 ms") {
    // Seen on Kafka 4.4.0 with a limit of 10,000 B/s; the times of the requests are those that its answers imply.
    Rate rate{{}};
    const double bytes = 50'070;
    rate.record(bytes, 0);
    CHECK(rate.throttle_ms(10'000, 0) == 0);
    rate.record(bytes, 20);
    CHECK(rate.throttle_ms(10'000, 20) == 0);
    rate.record(bytes, 40);
    CHECK(rate.throttle_ms(10'000, 40) == 4981);   // 150,210 B / 10,000 - 10.040 s
    // The client comes back when that is over: the window is still ten seconds and what is left of one.
    rate.record(bytes, 5024);
    CHECK(rate.throttle_ms(10'000, 5024) == 10'004);
}

TEST_CASE("samples leave the window one by one, and who was silent for all of it begins anew") {
    Rate rate{{}};
    for (int second = 0; second < 20; ++second) rate.record(100, second * 1000);
    CHECK(rate.per_second(19'500) == doctest::Approx(100).epsilon(0.1));
    CHECK(rate.throttle_ms(200, 19'500) == 0);
    CHECK_FALSE(rate.silent(29'999));
    CHECK(rate.silent(30'000));
    CHECK(rate.per_second(30'000) == 0);
}

TEST_CASE("changes of topics are owed beyond eleven seconds of their rate") {
    MutationBucket bucket{{}};
    CHECK(bucket.tokens(1, 0) == 11);
    bucket.take(60);
    CHECK(bucket.tokens(1, 27) == doctest::Approx(-48.973));   // seen: Kafka 4.4.0 said 48973 ms
    CHECK(bucket.tokens(1, 1'000'000) == 11);
}

TEST_CASE("a producer over its quota is carried out, told how long to wait, and not heard before") {
    Server server;
    server.create("t", 1);
    server.clock().freeze();
    Client admin(server, "admin"), slow(server, "slow"), quick(server, "quick");
    CHECK(set(admin, {{"client-id", "slow"}}, "producer_byte_rate", 10'000).error_code == ErrorCode::none);
    CHECK(throttle_of_produce(slow, "t", 49'000) == 0);
    CHECK(throttle_of_produce(slow, "t", 49'000) == 0);
    const auto wait = throttle_of_produce(slow, "t", 49'000);
    CHECK(wait > 4'600);
    CHECK(wait < 4'900);
    CHECK(throttle_of_produce(quick, "t", 200'000) == 0);
    slow.send(MetadataRequest{}, 9);
    CHECK_FALSE(slow.frame());
    (void)server.clock().advance(milliseconds{wait});
    server.turn();
    CHECK(slow.receive<MetadataResponse>(9));
}

TEST_CASE("a consumer over its quota gets an empty answer and a time to wait, and the records after it") {
    Server server;
    server.create("t", 1);
    Client admin(server, "admin"), slow(server, "slow");
    for (int i = 0; i < 4; ++i) CHECK(throttle_of_produce(admin, "t", 50'000) == 0);
    CHECK(set(admin, {{"client-id", std::nullopt}}, "consumer_byte_rate", 10'000).error_code == ErrorCode::none);
    Fetching all("t", 0);
    const auto first = slow.ask<FetchResponse>(all.request, 11);
    REQUIRE(first->topics.size() == 1);
    CHECK(values_of(first->topics[0].partitions[0]).size() <= 2);   // no more than ten seconds of the quota
    CHECK(first->throttle_time_ms == 0);
    Fetching rest("t", 1);
    const auto second = slow.ask<FetchResponse>(rest.request, 11);
    CHECK(second->topics.empty());
    CHECK(second->throttle_time_ms > 0);
    server.pass(milliseconds{second->throttle_time_ms});
    const auto third = slow.ask<FetchResponse>(rest.request, 11);
    CHECK((third->topics.size() == 1 || third->throttle_time_ms > 0));
    server.pass(std::chrono::seconds{12});
    CHECK(slow.ask<FetchResponse>(rest.request, 11)->topics.size() == 1);
}

TEST_CASE("the most special quota counts, and a restart keeps it") {
    Server server;
    server.create("t", 1);
    {
        Client admin(server, "admin");
        CHECK(set(admin, {{"user", std::nullopt}}, "producer_byte_rate", 1).error_code == ErrorCode::none);
        CHECK(set(admin, {{"user", "ANONYMOUS"}, {"client-id", "rich"}}, "producer_byte_rate", 1e9).error_code ==
              ErrorCode::none);
    }
    server.reopen();
    Client rich(server, "rich"), poor(server, "poor");
    CHECK(throttle_of_produce(rich, "t", 50'000) == 0);
    CHECK(throttle_of_produce(poor, "t", 50'000) > 1'000'000);
    Client admin(server, "admin");
    CHECK(set(admin, {{"user", std::nullopt}}, "producer_byte_rate", 0, true).error_code == ErrorCode::none);
    CHECK(describe(admin).entries->size() == 1);
    Client late(server, "poor");
    CHECK(throttle_of_produce(late, "t", 50'000) == 0);
}

TEST_CASE("quotas are told by filters, and wrong ones refused in Kafka's words") {
    Server server;
    Client admin(server);
    using Component = DescribeClientQuotasRequest::Component;
    CHECK(set(admin, {{"ip", "1.2.3.4"}}, "connection_creation_rate", 10).error_code == ErrorCode::none);
    CHECK(set(admin, {{"client-id", "slow"}}, "request_percentage", 1.5).error_code == ErrorCode::none);
    CHECK(set(admin, {{"user", std::nullopt}, {"client-id", std::nullopt}}, "producer_byte_rate", 1e9).error_code ==
          ErrorCode::none);
    CHECK(describe(admin).entries->size() == 3);
    CHECK(describe(admin, {Component{.entity_type = "client-id", .match_type = 2, .match = {}}}).entries->size() == 2);
    CHECK(describe(admin, {Component{.entity_type = "client-id", .match_type = 2, .match = {}}}, true).entries->size() == 1);
    CHECK(describe(admin, {Component{.entity_type = "client-id", .match_type = 0, .match = "slow"}}, true).entries->size() == 1);
    CHECK(describe(admin, {Component{.entity_type = "user", .match_type = 1, .match = {}}}).entries->size() == 1);
    const Component any{.entity_type = "client-id", .match_type = 2, .match = {}};
    CHECK(describe(admin, {any, any}).error_message == "Entity type client-id cannot appear more than once in the filter.");
    CHECK(describe(admin, {Component{.entity_type = "zz", .match_type = 2, .match = {}}}).error_code ==
          ErrorCode::unsupported_version);
    const std::tuple<std::vector<Part>, std::string_view, double, const char*> wrong[] = {
        {{{"client-id", "c"}}, "nope", 1, "Invalid configuration key nope"},
        {{{"planet", "c"}}, "producer_byte_rate", 1, "Unhandled client quota entity type: planet"},
        {{{"client-id", "c"}}, "producer_byte_rate", -1, "Quota producer_byte_rate must be greater than 0"},
        {{{"client-id", "c"}}, "producer_byte_rate", 1.5, "producer_byte_rate cannot be a fractional value."},
        {{}, "producer_byte_rate", 1, "Invalid empty client quota entity"},
        {{{"ip", "1.2.3.4"}}, "producer_byte_rate", 1, "Invalid configuration key producer_byte_rate"},
        {{{"ip", "zz.."}}, "connection_creation_rate", 10, "zz.. is not a valid IP or resolvable host."}};
    for (const auto& [parts, key, value, text] : wrong) {
        const auto told = set(admin, parts, key, value);
        CHECK(told.error_code == ErrorCode::invalid_request);
        CHECK(told.error_message == text);
    }
    CHECK(set(admin, {{"client-id", "c"}}, "producer_byte_rate", 1, false, true).error_code == ErrorCode::none);
    CHECK(describe(admin).entries->size() == 3);
}

TEST_CASE("who changes topics beyond its rate is throttled, and refused from the versions on that know how to wait") {
    Server server;
    Client admin(server, "admin"), slow(server, "slow");
    CHECK(set(admin, {{"client-id", "slow"}}, "controller_mutation_rate", 1).error_code == ErrorCode::none);
    const auto make = [&](std::string_view name, int version) {
        const CreateTopicsRequest::Topic wanted{
            .name = name, .num_partitions = 60, .replication_factor = 1, .assignments = {}, .configs = {}};
        Client client(server, "slow");
        return *client.ask<CreateTopicsResponse>(CreateTopicsRequest{.topics = {&wanted, 1}, .timeout_ms = 1}, version).body;
    };
    const auto first = make("a", 7);
    CHECK(first.topics.at(0).error_code == ErrorCode::none);
    CHECK(first.throttle_time_ms == 49'000);
    const auto second = make("b", 7);
    CHECK(second.topics.at(0).error_code == ErrorCode::throttling_quota_exceeded);
    CHECK(make("c", 5).topics.at(0).error_code == ErrorCode::none);
}

TEST_CASE("an address that connects faster than its rate is closed after a while") {
    Server server;
    {
        Client admin(server);
        CHECK(set(admin, {{"ip", std::nullopt}}, "connection_creation_rate", 1).error_code == ErrorCode::none);
        std::vector<std::unique_ptr<Client>> clients;
        for (int i = 0; i < 10; ++i) clients.push_back(std::make_unique<Client>(server));
        CHECK(server.door->connections() == 11);
        Client over(server);
        CHECK(server.door->connections() == 11);
        server.pass(std::chrono::seconds{5});
        CHECK(over.closed());
    }
    server.turn();
    server.pass(std::chrono::seconds{12});
    Client again(server);
    CHECK(server.door->connections() == 1);
}

TEST_CASE("a client over its share of the server's time is told how long to wait, at most a second, and not heard before") {
    Server server;
    server.create("t", 1);
    server.clock().freeze();
    Client admin(server, "admin"), busy(server, "busy"), other(server, "other");
    CHECK(set(admin, {{"client-id", "busy"}}, "request_percentage", 1).error_code == ErrorCode::none);
    server.time.set_step(std::chrono::milliseconds{60});   // a request takes 6 per cent of a second
    const auto wait_of = [](Client& client) { return client.ask<MetadataResponse>(MetadataRequest{}, 9)->throttle_time_ms; };
    CHECK(wait_of(busy) == 0);   // ten seconds of one per cent pass where there was silence
    CHECK(wait_of(busy) == 1'000);
    CHECK(wait_of(other) == 0);
    busy.send(MetadataRequest{}, 9);
    CHECK_FALSE(busy.frame());
    REQUIRE(server.clock().advance(std::chrono::milliseconds{999}));
    CHECK_FALSE(busy.frame());
    REQUIRE(server.clock().advance(std::chrono::milliseconds{1}));
    CHECK(busy.frame());
}
