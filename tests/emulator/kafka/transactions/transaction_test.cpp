// Where a transactional id stands, stepped by hand: who is let in, what an end yields, and what a lost answer may ask again.
#include "emulator/kafka/transactions/transaction.h"

#include <doctest/doctest.h>

using namespace sluice;
using namespace sluice::kafka;
using namespace std::chrono_literals;
using enum ErrorCode;

namespace {

const Partition here{{}, 0}, there{{}, 1};
constexpr Producer nobody{};

Transaction::Now at(int second) {
    return {from_ms(1'700'000'000'000 + second * 1'000), from_ms(1'700'000'000'000 + second * 1'000)};
}

// With producer 5 at this epoch.
Transaction with_epoch(std::int16_t epoch) {
    Transaction one;
    StoredTransaction stored;
    stored.producer_id = 5;
    stored.epoch = epoch;
    stored.timeout_ms = 60'000;
    REQUIRE(one.restore(stored, 0ms, at(0).live));
    return one;
}

Producer begin(Transaction& one, const Producer& expected = nobody) {
    const auto begun = one.init(at(0), 60s, expected, 9);
    REQUIRE(begun.code == none);
    return begun.producer;
}

}   // namespace

TEST_CASE("a transactional id keeps its producer id, and each that comes has the next epoch and fences off the one before") {
    Transaction one;
    CHECK(one.may_rotate());
    CHECK(begin(one) == Producer{9, 0});
    CHECK(one.state() == TransactionState::empty);
    CHECK(begin(one) == Producer{9, 1});
    CHECK(one.fault({9, 0}) == producer_fenced);
    CHECK(one.fault({9, 2}) == producer_fenced);
    CHECK(one.fault({8, 1}) == invalid_producer_id_mapping);
    CHECK(one.fault({9, 1}) == none);
}

TEST_CASE(
    "a producer that says who it believes to be is let in when it is right, and told the same again when its answer was lost") {
    auto one = with_epoch(3);
    CHECK(one.init(at(0), 60s, {5, 2}, 9).code == producer_fenced);
    CHECK(one.init(at(0), 60s, {6, 3}, 9).code == producer_fenced);
    CHECK(begin(one, {5, 3}) == Producer{5, 4});
    CHECK(begin(one, {5, 3}) == Producer{5, 4});   // its answer was lost
    CHECK(begin(one) == Producer{5, 5});           // somebody else
    CHECK(one.init(at(0), 60s, {5, 4}, 9).code == producer_fenced);
    CHECK(one.init(at(0), 60s, {5, 3}, 9).code == producer_fenced);
}

TEST_CASE("who comes while something is open has it aborted, under an epoch between the two") {
    Transaction one;
    const auto first = begin(one);
    REQUIRE(one.add(at(1), first, {here, there}).changed);
    const auto second = one.init(at(2), 60s, nobody, -1);
    CHECK(second.code == none);
    CHECK(second.producer == Producer{9, 2});
    REQUIRE(second.end);
    CHECK_FALSE(second.end->commit);
    CHECK(second.end->marker == Producer{9, 1});
    CHECK(second.end->partitions == std::set{here, there});
    CHECK(one.partitions().empty());
    CHECK(one.end(at(3), first, true, false, -1).code == producer_fenced);
}

TEST_CASE("a producer that begins anew under its own epoch has what it left open aborted, and goes on with the next epoch") {
    Transaction one;
    const auto me = begin(one);
    REQUIRE(one.add(at(1), me, {here}).changed);
    const auto anew = one.init(at(2), 60s, me, -1);
    CHECK(anew.code == none);
    CHECK(anew.producer == Producer{9, 1});
    REQUIRE(anew.end);
    CHECK(anew.end->marker == Producer{9, 1});
    CHECK(begin(one, me) == Producer{9, 1});   // its answer was lost
}

TEST_CASE("a transaction begins with what becomes part of it first, and what is part of it already changes nothing") {
    Transaction one;
    const auto me = begin(one);
    CHECK(one.fault(me, here) == transaction_abortable);
    CHECK(one.add(at(5), me, {here}).changed);
    CHECK(one.state() == TransactionState::ongoing);
    CHECK(one.started() == at(5).shown);
    CHECK_FALSE(one.add(at(6), me, {here}).changed);
    CHECK(one.add(at(7), me, {there}).changed);
    CHECK(one.add(at(8), me, {}, "group").changed);
    CHECK_FALSE(one.add(at(9), me, {}, "group").changed);
    CHECK(one.started() == at(5).shown);
    CHECK(one.fault(me, here) == none);
    CHECK(one.fault(me, "group") == none);
    CHECK(one.fault(me, "another") == transaction_abortable);
    CHECK(one.add(at(9), {9, 1}, {here}).code == producer_fenced);
    CHECK(one.add(at(9), {7, 0}, {here}).code == invalid_producer_id_mapping);
}

TEST_CASE("an end without KIP-890 keeps the epoch, and may be said again as it was") {
    for (const bool commit : {true, false}) {
        Transaction one;
        const auto me = begin(one);
        CHECK(one.end(at(1), me, commit, false, -1).code == invalid_txn_state);   // nothing was begun
        REQUIRE(one.add(at(1), me, {here}).changed);
        const auto ended = one.end(at(2), me, commit, false, -1);
        CHECK(ended.code == none);
        REQUIRE(ended.end);
        CHECK(ended.end->commit == commit);
        CHECK(ended.end->marker == me);
        CHECK(one.producer() == me);
        const auto again = one.end(at(3), me, commit, false, -1);
        CHECK(again.code == none);
        CHECK_FALSE(again.changed);
        CHECK(one.end(at(3), me, !commit, false, -1).code == invalid_txn_state);
        CHECK(one.add(at(4), me, {here}).changed);   // the next one
    }
}

TEST_CASE("an end with KIP-890 yields the next epoch, which the markers have, and is told the same again under the old one") {
    for (const bool commit : {true, false}) {
        Transaction one;
        const auto me = begin(one);
        REQUIRE(one.add(at(1), me, {here}).changed);
        const auto ended = one.end(at(2), me, commit, true, -1);
        CHECK(ended.code == none);
        CHECK(ended.producer == Producer{9, 1});
        CHECK(ended.end->marker == Producer{9, 1});
        const auto again = one.end(at(3), me, commit, true, -1);
        CHECK(again.code == none);
        CHECK(again.producer == Producer{9, 1});
        CHECK_FALSE(again.changed);
        CHECK(one.end(at(3), me, !commit, true, -1).code == invalid_txn_state);
        CHECK(one.end(at(3), me, commit, false, -1).code == producer_fenced);
        CHECK(one.end(at(4), {9, 1}, true, true, -1).code == invalid_txn_state);   // empty
        const auto empty = one.end(at(4), {9, 1}, false, true, -1);
        CHECK(empty.code == none);
        CHECK(empty.producer == Producer{9, 2});
        CHECK(empty.end->partitions.empty());
    }
}

TEST_CASE("offsets that were committed in it go with its end") {
    Transaction one;
    const auto me = begin(one);
    REQUIRE(one.add(at(1), me, {}, "group").changed);
    one.commit_offset(at(1), "group", here, {.offset = 3, .leader_epoch = -1, .metadata = "m", .committed = {}});
    one.commit_offset(at(1), "group", here, {.offset = 4, .leader_epoch = -1, .metadata = "m", .committed = {}});
    const auto ended = one.end(at(2), me, true, true, -1);
    REQUIRE(ended.end->offsets.contains("group"));
    CHECK(ended.end->offsets.at("group").at(here).offset == 4);
    CHECK(one.groups().empty());
}

TEST_CASE("who runs for too long is aborted under the next epoch, and finds out by whatever it says next") {
    Transaction one;
    const auto me = begin(one);
    REQUIRE(one.add(at(10), me, {here}).changed);
    CHECK(one.over(24h) == at(70).live);
    const auto aborted = one.time_out(at(70));
    CHECK_FALSE(aborted.end->commit);
    CHECK(aborted.end->marker == Producer{9, 1});
    CHECK(one.state() == TransactionState::complete_abort);
    CHECK(one.over(24h) == at(70).live + 24h);
    CHECK(one.end(at(71), me, true, true, -1).code == invalid_txn_state);
    CHECK(one.end(at(71), me, true, false, -1).code == producer_fenced);
    CHECK(one.add(at(71), me, {here}).code == producer_fenced);
    CHECK(begin(one, me) == Producer{9, 1});   // by which it may begin anew, as Kafka 4.4.0 lets it
    CHECK(begin(one, me) == Producer{9, 1});
    CHECK(begin(one) == Producer{9, 2});   // somebody else
    CHECK(one.init(at(71), 60s, me, -1).code == producer_fenced);
}

TEST_CASE("when the epochs are used up the id goes on with another producer, and old answers may be asked for again") {
    SUBCASE("by one that comes") {
        auto one = with_epoch(Transaction::last_epoch_told);
        CHECK(one.may_rotate());
        CHECK(begin(one) == Producer{9, 0});
    }
    SUBCASE("by one that says who it is") {
        auto one = with_epoch(Transaction::last_epoch_told);
        CHECK(begin(one, {5, Transaction::last_epoch_told}) == Producer{9, 0});
        CHECK(begin(one, {5, Transaction::last_epoch_told}) == Producer{9, 0});
    }
    SUBCASE("by an end") {
        auto one = with_epoch(Transaction::last_epoch_told);
        const Producer me{5, Transaction::last_epoch_told};
        REQUIRE(one.add(at(1), me, {here}).changed);
        const auto ended = one.end(at(2), me, true, true, 9);
        CHECK(ended.end->marker == Producer{5, 32'767});
        CHECK(ended.producer == Producer{9, 0});
        CHECK(one.end(at(2), me, true, true, 10).producer == Producer{9, 0});
        CHECK(one.end(at(2), me, false, true, 10).code == invalid_txn_state);
    }
    SUBCASE("by one that says who it is while something is open") {
        auto one = with_epoch(Transaction::last_epoch_told);
        const Producer me{5, Transaction::last_epoch_told};
        REQUIRE(one.add(at(1), me, {here}).changed);
        CHECK(one.init(at(2), 60s, me, 9).end->marker == Producer{5, 32'767});
        CHECK(one.producer() == Producer{9, 0});
        CHECK(begin(one, me) == Producer{9, 0});
    }
    SUBCASE("by one that comes while something is open") {
        auto one = with_epoch(Transaction::last_epoch_told);
        REQUIRE(one.add(at(1), {5, Transaction::last_epoch_told}, {here}).changed);
        const auto next = one.init(at(2), 60s, nobody, 9);
        CHECK(next.end->marker == Producer{5, 32'767});
        CHECK(next.producer == Producer{9, 0});
    }
}

TEST_CASE("what is stored of a transaction is all of it, and its times are real ones") {
    Transaction one;
    const auto me = begin(one);
    REQUIRE(one.add(at(1), me, {here, there}, "group").changed);
    one.commit_offset(at(2), "group", there, {.offset = 3, .leader_epoch = 2, .metadata = "m", .committed = {}});
    const auto stored = unpack<StoredTransaction>(pack(one.to_store(10s)));
    REQUIRE(stored);
    CHECK(stored->started_real_ms == to_ms(at(1).live - 10s));
    Transaction same;
    REQUIRE(same.restore(*stored, 0ms, at(100).live));
    CHECK(same.state() == TransactionState::ongoing);
    CHECK(same.producer() == me);
    CHECK(same.timeout() == 60s);
    CHECK(same.started() == at(1).shown);
    CHECK(same.over(24h) == at(51).live);
    CHECK(same.partitions() == std::set{here, there});
    CHECK(same.groups().at("group").at(there).metadata == "m");
    CHECK(pack(same.to_store(0ms)) == pack(*stored));
    auto bad = *stored;
    bad.state = 17;
    CHECK_FALSE(same.restore(bad, 0ms, at(100).live));
}
