// Transactions through the door: codes by version as Kafka 4.4.0 was seen to answer, what readers of both kinds get, offsets of
// groups, time-outs, and what a restart and a failed write leave.
#include "protocol/kafka/messages/api_versions.h"
#include "protocol/kafka/messages/describe_producers.h"
#include "protocol/kafka/messages/describe_transactions.h"
#include "protocol/kafka/messages/list_offsets.h"
#include "protocol/kafka/messages/list_transactions.h"
#include "protocol/kafka/messages/write_txn_markers.h"
#include "storage/failing.h"
#include "tests/support/kafka_transactor.h"

using namespace sluice;
using namespace sluice::kafka;
using enum ErrorCode;
using Texts = std::vector<std::string>;

namespace {

// With the frame that its records lie in.
struct Fetched : FetchResponse::Partition {
    std::shared_ptr<Blob> frame;
};
Fetched fetched(Client& client, std::int8_t isolation, std::int64_t from = 0) {
    Fetching fetching("t", from);
    fetching.request.isolation_level = isolation;
    auto answer = client.ask<FetchResponse>(fetching.request, 12);
    if (answer->topics.empty()) return {};
    return {answer->topics.at(0).partitions.at(0), answer.frame};
}

std::int64_t listed(Client& client, std::int8_t isolation, std::int64_t timestamp) {
    const ListOffsetsRequest::Partition p{.partition_index = 0, .timestamp = timestamp};
    const ListOffsetsRequest::Topic t{.name = "t", .partitions = {&p, 1}};
    ListOffsetsRequest request;
    request.isolation_level = isolation;
    request.topics = {&t, 1};
    return client.ask<ListOffsetsResponse>(request, 7)->topics.at(0).partitions.at(0).offset;
}

std::int64_t latest(Client& client, std::int8_t isolation) { return listed(client, isolation, -1); }

DescribeTransactionsResponse::Transaction described(Client& client, std::string_view id) {
    DescribeTransactionsRequest request;
    request.transactional_ids = {&id, 1};
    return client.ask<DescribeTransactionsResponse>(request, 0)->transaction_states.at(0);
}

}   // namespace

TEST_CASE("who looks by time for what is committed is not told of a transaction that is open, nor of what lies behind it") {
    Server server;
    server.create("t");
    Client reader(server);
    CHECK(produce(reader, "t", 0, batch_of({"before"}, 1'000)).error_code == none);
    Transactor me(server);
    CHECK(me.init().producer_epoch == 0);
    CHECK(me.put("a") == none);
    CHECK(produce(reader, "t", 0, batch_of({"behind"}, 1'700'000'001'000)).error_code == none);
    constexpr std::int64_t largest = -3;
    CHECK(listed(reader, 1, 1'000) == 0);
    CHECK(listed(reader, 1, 1'001) == -1);
    CHECK(listed(reader, 0, 1'001) == 1);
    CHECK(listed(reader, 1, largest) == -1);
    CHECK(listed(reader, 0, largest) == 2);
    CHECK(me.end(true).error_code == none);
    CHECK(listed(reader, 1, 1'001) == 1);
    CHECK(listed(reader, 1, largest) == 2);
}

TEST_CASE("a transaction is seen by readers of committed data when it is committed, and by the others at once") {
    Server server;
    server.create("t");
    Client reader(server);
    Transactor me(server);
    CHECK(me.init().producer_epoch == 0);
    CHECK(me.put("a") == none);
    CHECK(me.put("b") == none);
    CHECK(values_of(fetched(reader, 0)) == Texts{"a", "b"});
    CHECK(fetched(reader, 0).last_stable_offset == 0);
    CHECK(fetched(reader, 0).high_watermark == 2);
    CHECK_FALSE(fetched(reader, 0).aborted_transactions);
    CHECK(committed_values(reader).empty());
    CHECK(latest(reader, 0) == 2);
    CHECK(latest(reader, 1) == 0);
    const auto ended = me.end(true);
    CHECK(ended.error_code == none);
    CHECK(ended.producer_epoch == 1);
    CHECK(committed_values(reader) == Texts{"a", "b"});
    CHECK(latest(reader, 1) == 3);
    CHECK(fetched(reader, 1).last_stable_offset == 3);
    // The next one is aborted, and is in the log all the same.
    CHECK(me.put("c") == none);
    CHECK(me.end(false).producer_epoch == 2);
    CHECK(committed_values(reader) == Texts{"a", "b"});
    const auto all = fetched(reader, 1);
    REQUIRE(all.aborted_transactions);
    REQUIRE(all.aborted_transactions->size() == 1);
    CHECK(all.aborted_transactions->at(0).producer_id == me.now.id);
    CHECK(all.aborted_transactions->at(0).first_offset == 3);
    CHECK(fetched(reader, 1, 5).aborted_transactions->empty());
    server.reopen();
    Client again(server);
    CHECK(committed_values(again) == Texts{"a", "b"});
}

TEST_CASE("a reader of committed data that waits is woken by the end of the transaction") {
    Server server;
    server.create("t");
    Client reader(server);
    Transactor me(server);
    me.init();
    CHECK(me.put("a") == none);
    Fetching fetching("t", 0, 60'000);
    fetching.request.isolation_level = 1;
    reader.send(fetching.request, 12);
    CHECK_FALSE(reader.receive<FetchResponse>(12));
    me.end(true);
    const auto told = reader.receive<FetchResponse>(12);
    REQUIRE(told);
    CHECK((*told)->topics.at(0).partitions.at(0).last_stable_offset == 2);
}

TEST_CASE("before KIP-890 a producer says first where it will write, and is told what it forgot as its version knows it") {
    Server server;
    server.create("t", 2);
    Transactor me(server);
    me.init();
    const auto forgot = me.write(me.now, 0, "t", 0, "a", 9);
    CHECK(forgot.error_code == invalid_txn_state);
    CHECK(forgot.error_message == "Partition was not added to the transaction");
    CHECK(forgot.log_start_offset == -1);
    CHECK(me.write(me.now, 0, "t", 0, "a", 11).error_code == transaction_abortable);
    CHECK(me.add(me.now, {0, 99}) == std::vector{operation_not_attempted, unknown_topic_or_partition});
    CHECK(me.write(me.now, 0, "t", 0, "a", 11).error_code == transaction_abortable);
    CHECK(me.add({me.now.id + 7, 0}, {0}) == std::vector{invalid_producer_id_mapping});
    CHECK(me.add({me.now.id, 3}, {0}) == std::vector{producer_fenced});
    CHECK(me.add({me.now.id, 3}, {0}, 1) == std::vector{invalid_producer_epoch});
    CHECK(me.add(me.now, {0}) == std::vector{none});
    CHECK(me.add(me.now, {0}) == std::vector{none});
    CHECK(me.put("a", 11) == none);
    CHECK(me.put("b", 9) == none);
    CHECK(me.end(true, 3).error_code == none);
    CHECK(me.end(true, 3).error_code == none);
    CHECK(me.end(false, 3).error_code == invalid_txn_state);
    CHECK(me.end({me.now.id, 7}, true, 1).error_code == invalid_producer_epoch);
    CHECK(me.end({me.now.id, 7}, true, 2).error_code == producer_fenced);
    Client reader(server);
    CHECK(committed_values(reader) == Texts{"a", "b"});
    // The epoch stays, and sequences go on.
    CHECK(me.add(me.now, {0}) == std::vector{none});
    CHECK(me.put("c", 9) == none);
    CHECK(me.end(true, 3).error_code == none);
    CHECK(committed_values(reader) == Texts{"a", "b", "c"});
}

TEST_CASE("brokers ask for many transactions at once, and may ask without adding") {
    Server server;
    server.create("t", 2);
    Transactor me(server);
    me.init();
    REQUIRE(me.add(me.now, {0}) == std::vector{none});
    const std::array<std::int32_t, 2> both{0, 1};
    const AddPartitionsToTxnRequest::Topic t{.name = "t", .partitions = {both.data(), both.size()}};
    AddPartitionsToTxnRequest::Transaction one{.transactional_id = "me",
                                               .producer_id = me.now.id,
                                               .producer_epoch = me.now.epoch,
                                               .verify_only = true,
                                               .topics = {&t, 1}};
    AddPartitionsToTxnRequest request;
    request.transactions = {&one, 1};
    const auto asked = me.client.ask<AddPartitionsToTxnResponse>(request, 4);
    const auto& told = asked->results_by_transaction.at(0).topic_results.at(0).results_by_partition;
    CHECK(told.at(0).partition_error_code == none);
    CHECK(told.at(1).partition_error_code == transaction_abortable);
    one.verify_only = false;
    CHECK(me.client.ask<AddPartitionsToTxnResponse>(request, 5)
              ->results_by_transaction.at(0)
              .topic_results.at(0)
              .results_by_partition.at(1)
              .partition_error_code == none);
}

TEST_CASE("who was fenced off finds out by whatever it says next") {
    Server server;
    server.create("t");
    Transactor old(server), young(server);
    old.init();
    CHECK(old.put("lost") == none);
    CHECK(young.init().producer_epoch == 2);   // between them lies the epoch of the abort
    CHECK(young.now.id == old.now.id);
    CHECK(old.put("late") == invalid_producer_epoch);
    CHECK(old.end(true).error_code == producer_fenced);
    CHECK(old.init(old.now).error_code == producer_fenced);
    CHECK(old.init(old.now, 3).error_code == invalid_producer_epoch);
    CHECK(young.put("kept") == none);
    CHECK(young.end(true).error_code == none);
    Client reader(server);
    CHECK(committed_values(reader) == Texts{"kept"});
}

TEST_CASE("what is wrong with a transactional id or its time-out is said at InitProducerId") {
    Server server;
    Transactor me(server), unnamed(server, "");
    CHECK(unnamed.init().error_code == invalid_request);
    CHECK(me.init({}, 5, 0).error_code == invalid_transaction_timeout);
    CHECK(me.init({}, 5, 900'001).error_code == invalid_transaction_timeout);
    CHECK(me.init({7, -1}).error_code == invalid_request);
    CHECK(me.init().producer_epoch == 0);
    CHECK(me.init({me.now.id, 0}).producer_epoch == 1);
    Transactor unknown(server, "unknown");
    CHECK(unknown.end({me.now.id, 0}, true, 3).error_code == invalid_producer_id_mapping);
    server.create("t");
    CHECK(unknown.write(me.now, 0, "t", 0, "x").error_code == invalid_producer_id_mapping);
}

TEST_CASE("an end that is repeated with its old epoch is answered as before, and an empty one may be aborted only") {
    Server server;
    server.create("t");
    Transactor me(server);
    me.init();
    CHECK(me.put("a") == none);
    const auto first = me.now;
    CHECK(me.end(true).producer_epoch == 1);
    CHECK(me.end(first, true).producer_epoch == 1);
    CHECK(me.end(first, false).error_code == invalid_txn_state);
    CHECK(me.end(true).error_code == invalid_txn_state);
    CHECK(me.end(false).producer_epoch == 2);
    CHECK(me.write(first, 1, "t", 0, "late").error_code == invalid_producer_epoch);
    CHECK(me.put("b") == none);
    CHECK(me.write(me.now, 1, "t", 77, "x").error_code == unknown_topic_or_partition);
}

TEST_CASE("records outside of the transaction that their producer has open are refused") {
    Server server;
    server.create("t");
    Transactor me(server);
    me.init();
    CHECK(me.put("a") == none);
    CHECK(produce(
              me.client, "t", 0,
              batch_of({"x"}, 1'700'000'000'000, {.producer_id = me.now.id, .producer_epoch = me.now.epoch, .base_sequence = 1}))
              .error_code == invalid_txn_state);
}

TEST_CASE("offsets are a group's when the transaction is committed, and never when it is aborted") {
    Server server;
    server.create("t");
    for (const bool old : {false, true}) {
        Client reader(server);
        Transactor me(server, old ? "old" : "new");
        const std::string group = old ? "of the old" : "of the new";
        me.init();
        CHECK(me.commit_offset(group, 99, 3, old ? 3 : 5) == unknown_topic_or_partition);
        if (old) {
            CHECK(me.commit_offset(group, 0, 3, 3) == invalid_txn_state);
            CHECK(me.commit_offset(group, 0, 3, 4) == transaction_abortable);
            CHECK(me.add_group(group) == none);
        }
        const int version = old ? 3 : 5;
        CHECK(me.commit_offset(group, 0, 3, version) == none);
        CHECK(offset_of(reader, group) == Offset{-1, none});
        CHECK(offset_of(reader, group, true) == Offset{-1, unstable_offset_commit});
        CHECK(me.commit_offset(group, 0, 4, version, "somebody", 4) == unknown_member_id);
        server.reopen();
        Client later(server);
        CHECK(offset_of(later, group, true) == Offset{-1, unstable_offset_commit});
        Transactor again(server, me.name);
        again.now = me.now;
        CHECK(again.end(true, old ? 3 : 5).error_code == none);
        CHECK(offset_of(later, group, true) == Offset{3, none});
        if (old) CHECK(again.add_group(group) == none);
        CHECK(again.commit_offset(group, 0, 9, version) == none);
        CHECK(offset_of(later, group) == Offset{3, none});
        CHECK(again.end(false, old ? 3 : 5).error_code == none);
        CHECK(offset_of(later, group, true) == Offset{3, none});
        server.reopen();
        Client last(server);
        CHECK(offset_of(last, group, true) == Offset{3, none});
    }
}

TEST_CASE("a transaction that is open for longer than its time-out is aborted, also when the server was restarted meanwhile") {
    for (const bool restarted : {false, true}) {
        Server server;
        server.create("t");
        Transactor me(server);
        me.init({}, 5, 2'000);
        CHECK(me.put("a") == none);
        server.pass(milliseconds{1'900});
        if (restarted) server.reopen();
        Client reader(server);
        CHECK(described(reader, "me").transaction_state == "Ongoing");
        CHECK(latest(reader, 1) == 0);
        server.pass(milliseconds{200});
        const auto told = described(reader, "me");
        CHECK(told.transaction_state == "CompleteAbort");
        CHECK(told.producer_epoch == 1);
        CHECK(told.topics.empty());
        CHECK(latest(reader, 1) == 2);
        CHECK(committed_values(reader).empty());
        Transactor again(server);
        CHECK(again.write(me.now, 1, "t", 0, "late").error_code == invalid_producer_epoch);
        CHECK(again.end(me.now, true).error_code == invalid_txn_state);
        CHECK(again.end(me.now, true, 3).error_code == producer_fenced);
    }
}

TEST_CASE("the clock may be moved by days, and a transaction is as young as before") {
    Server server;
    server.create("t");
    Transactor me(server);
    me.init();
    CHECK(me.put("a") == none);
    REQUIRE(server.clock().advance(std::chrono::hours{25}));
    server.turn();
    CHECK(me.put("b") == none);
    CHECK(me.end(true).error_code == none);
    REQUIRE(server.clock().advance(std::chrono::hours{24 * 30}, true));
    server.turn();
    Client reader(server);
    CHECK(described(reader, "me").error_code == transactional_id_not_found);
}

TEST_CASE("a transactional id that nobody uses is forgotten after its time") {
    Server server;
    Transactor me(server);
    me.init();
    server.pass(std::chrono::hours{24 * 7 - 1});
    Client before(server);
    CHECK(described(before, "me").transaction_state == "Empty");
    server.pass(std::chrono::hours{2});
    Client after(server);
    CHECK(described(after, "me").error_code == transactional_id_not_found);
    server.reopen();
    Client again(server);
    CHECK(described(again, "me").error_code == transactional_id_not_found);
}

TEST_CASE("an end whose markers, offsets or epoch cannot be stored has not been, and can be said again") {
    Server server;
    server.shut();
    auto failing = std::make_unique<storage::FailingStore>(std::move(server.store));
    auto& store = *failing;
    server.store = std::move(failing);
    server.open();
    server.create("t", 2);
    Transactor me(server);
    me.init();
    CHECK(me.write(me.now, 0, "t", 0, "a").error_code == none);
    CHECK(me.write(me.now, 0, "t", 1, "b").error_code == none);
    CHECK(me.commit_offset("group", 0, 3) == none);
    store.fail(1, storage::Error::io, 1);
    CHECK(me.end(true).error_code == coordinator_not_available);
    Client reader(server);
    CHECK(described(reader, "me").transaction_state == "Ongoing");
    CHECK(described(reader, "me").producer_epoch == 0);
    CHECK(latest(reader, 1) == 0);
    CHECK(offset_of(reader, "group", true) == Offset{-1, unstable_offset_commit});
    CHECK(me.end(true).producer_epoch == 1);
    CHECK(latest(reader, 1) == 2);
    CHECK(offset_of(reader, "group", true) == Offset{3, none});
    // The first batch of a transaction stands or falls with the partition's part in it.
    store.fail(1, storage::Error::io, 1);
    CHECK(me.write(me.now, 0, "t", 0, "c").error_code == kafka_storage_error);
    CHECK(described(reader, "me").transaction_state == "CompleteCommit");
    CHECK(me.write(me.now, 0, "t", 0, "c").error_code == none);
    CHECK(described(reader, "me").topics.size() == 1);
}

TEST_CASE("a topic that is deleted in the middle of a transaction does not keep it from ending") {
    Server server;
    server.create("t");
    server.create("gone");
    Transactor me(server);
    me.init();
    CHECK(me.write(me.now, 0, "gone", 0, "x").error_code == none);
    CHECK(me.write(me.now, 0, "t", 0, "a").error_code == none);
    REQUIRE(server.engine->remove(server.world(), "gone", false));
    server.turn();
    server.create("gone");
    CHECK(me.end(true).error_code == none);
    Client reader(server);
    CHECK(committed_values(reader) == Texts{"a"});
    CHECK(server.engine->bounds(*server.engine->find(server.world(), "gone")->shard(0)).end == 0);
}

TEST_CASE("tools see who writes, which transactions there are and where they stand") {
    Server server;
    server.create("t", 3);
    Transactor me(server), other(server, "other");
    other.init();
    me.init();
    CHECK(me.write(me.now, 0, "t", 2, "a").error_code == none);
    CHECK(me.commit_offset("group", 0, 1) == none);
    Client tool(server);
    const auto told = described(tool, "me");
    CHECK(told.transaction_state == "Ongoing");
    CHECK(told.transaction_timeout_ms == 60'000);
    CHECK(told.transaction_start_time_ms == to_ms(server.clock().now()));
    CHECK(told.producer_id == me.now.id);
    REQUIRE(told.topics.size() == 2);
    CHECK(told.topics[0].topic == "t");
    CHECK(told.topics[0].partitions == std::vector{2});
    CHECK(told.topics[1].topic == "__consumer_offsets");
    CHECK(described(tool, "nope").error_code == transactional_id_not_found);
    CHECK(described(tool, "").error_code == invalid_request);

    const auto list = [&](ListTransactionsRequest request) {
        const auto answer = tool.ask<ListTransactionsResponse>(request, 2);
        Texts ids;
        for (const auto& one : answer->transaction_states) ids.push_back(one.transactional_id + " " + one.transaction_state);
        for (const auto& one : answer->unknown_state_filters) ids.push_back("unknown " + one);
        if (answer->error_code != none) ids.emplace_back(text_of(answer->error_code));
        return ids;
    };
    CHECK(list({}) == Texts{"me Ongoing", "other Empty"});
    const std::array<std::string_view, 2> states{"Nope", "Ongoing"};
    ListTransactionsRequest by_state;
    by_state.state_filters = {states.data(), 1};
    CHECK(list(by_state) == Texts{"unknown Nope"});
    by_state.state_filters = {states.data(), 2};
    CHECK(list(by_state) == Texts{"me Ongoing", "unknown Nope"});
    ListTransactionsRequest by_producer;
    by_producer.producer_id_filters = {&other.now.id, 1};
    CHECK(list(by_producer) == Texts{"other Empty"});
    ListTransactionsRequest by_pattern;
    by_pattern.transactional_id_pattern = "m.*";
    CHECK(list(by_pattern) == Texts{"me Ongoing"});
    by_pattern.transactional_id_pattern = "((";
    CHECK(list(by_pattern).size() == 1);
    ListTransactionsRequest by_age;
    by_age.duration_filter = 5'000;
    by_age.transactional_id_pattern = "me";
    CHECK(list(by_age).empty());
    server.pass(milliseconds{6'000});
    CHECK(list(by_age) == Texts{"me Ongoing"});

    const auto writers = [&](std::string_view name, std::int32_t partition) {
        const DescribeProducersRequest::Topic t{.name = name, .partition_indexes = {&partition, 1}};
        DescribeProducersRequest request;
        request.topics = {&t, 1};
        return tool.ask<DescribeProducersResponse>(request, 0)->topics.at(0).partitions.at(0);
    };
    CHECK(writers("t", 9).error_code == unknown_topic_or_partition);
    CHECK(writers("zz", 0).error_message);
    const auto open = writers("t", 2).active_producers.at(0);
    CHECK(open.producer_id == me.now.id);
    CHECK(open.last_sequence == 0);
    CHECK(open.coordinator_epoch == -1);
    CHECK(open.current_txn_start_offset == 0);
    CHECK(me.end(false).error_code == none);
    const auto ended = writers("t", 2).active_producers.at(0);
    CHECK(ended.producer_epoch == 1);
    CHECK(ended.last_sequence == -1);
    CHECK(ended.coordinator_epoch == 0);
    CHECK(ended.current_txn_start_offset == -1);
    CHECK(ended.last_timestamp == to_ms(server.clock().now()));
}

TEST_CASE("a tool may end what hangs in a partition") {
    Server server;
    server.create("t");
    Transactor me(server);
    me.init();
    CHECK(me.put("a") == none);
    const auto end = [&](std::int16_t epoch, std::int32_t partition) {
        const WriteTxnMarkersRequest::Marker::Topic t{.name = "t", .partition_indexes = {&partition, 1}};
        const WriteTxnMarkersRequest::Marker marker{.producer_id = me.now.id,
                                                    .producer_epoch = epoch,
                                                    .transaction_result = false,
                                                    .topics = {&t, 1},
                                                    .coordinator_epoch = 0};
        WriteTxnMarkersRequest request;
        request.markers = {&marker, 1};
        return me.client.ask<WriteTxnMarkersResponse>(request, 2)->markers.at(0).topics.at(0).partitions.at(0).error_code;
    };
    CHECK(end(0, 7) == unknown_topic_or_partition);
    CHECK(end(0, 0) == none);
    CHECK(latest(me.client, 1) == 2);
    CHECK(committed_values(me.client).empty());
}

TEST_CASE("clients are told that transactions are those of KIP-890") {
    Server server;
    Client client(server);
    ApiVersionsRequest request;
    request.client_software_name = "test";
    request.client_software_version = "1";
    const auto told = client.ask<ApiVersionsResponse>(request, 4);
    const auto found =
        std::ranges::find(told->finalized_features, "transaction.version", &ApiVersionsResponse::FinalizedFeature::name);
    REQUIRE(found != told->finalized_features.end());
    CHECK(found->max_version_level == 2);
    CHECK(std::ranges::count(told->supported_features, "transaction.version", &ApiVersionsResponse::SupportedFeature::name) == 1);
    CHECK(std::ranges::count(client.ask<ApiVersionsResponse>(request, 3)->supported_features, "transaction.version",
                             &ApiVersionsResponse::SupportedFeature::name) == 0);
}
