// The membership of a group, stepped by hand: a time and a request go in, a decision comes out. Codes and steps are those that
// Apache Kafka 4.4.0 was seen to take for the same requests.
#include "emulator/kafka/groups/membership.h"
#include "protocol/kafka/messages/join_group.h"
#include "protocol/kafka/messages/sync_group.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace sluice;
using namespace sluice::kafka;

namespace {

using Protocols = std::vector<std::pair<std::string, std::string>>;

struct Table {
    Membership group;
    Time now = from_ms(1'000'000);
    Parked last = 0;
    int made = 0;

    explicit Table(Membership::Rules rules = {}) : group(rules) {}

    struct Asked {
        Parked number;
        Decision decision;
        // What this request was answered at once; nothing when it waits.
        const JoinGroupResponse* joined() const { return answer(decision.joins); }
        const SyncGroupResponse* synced() const { return answer(decision.syncs); }
        template <class T>
        const T* answer(const std::vector<std::pair<Parked, T>>& all) const {
            const auto found = std::ranges::find(all, number, [](const auto& one) { return one.first; });
            return found == all.end() ? nullptr : &found->second;
        }
    };
    Asked join(std::string_view id, std::optional<std::string_view> instance = {}, const Protocols& protocols = {{"range", "m"}},
               int version = 5, std::int32_t session_ms = 10'000, std::int32_t rebalance_ms = 60'000) {
        std::vector<JoinGroupRequest::Protocol> all;
        for (const auto& [name, metadata] : protocols) all.push_back({.name = name, .metadata = as_bytes(metadata)});
        const JoinGroupRequest request{.group_id = "g",
                                       .session_timeout_ms = session_ms,
                                       .rebalance_timeout_ms = rebalance_ms,
                                       .member_id = id,
                                       .group_instance_id = instance,
                                       .protocol_type = "consumer",
                                       .protocols = {all.data(), all.size()},
                                       .reason = {}};
        const auto number = ++last;
        return {number, group.join(now, Join{request, version, "c", "/h"}, "fresh-" + std::to_string(id.empty() ? ++made : made),
                                   number)};
    }
    Asked sync(std::string_view id, std::vector<std::pair<std::string, std::string>> assignments = {},
               std::optional<std::string_view> instance = {}) {
        std::vector<SyncGroupRequest::Assignment> all;
        for (const auto& [member, bytes] : assignments) all.push_back({.member_id = member, .assignment = as_bytes(bytes)});
        const SyncGroupRequest request{.group_id = "g",
                                       .generation_id = group.generation(),
                                       .member_id = id,
                                       .group_instance_id = instance,
                                       .protocol_type = {},
                                       .protocol_name = {},
                                       .assignments = {all.data(), all.size()}};
        const auto number = ++last;
        return {number, group.sync(now, request, number)};
    }
    ErrorCode heartbeat(std::string_view id) { return group.heartbeat(now, id, {}, group.generation()); }
    ErrorCode commit(std::string_view id, std::int32_t generation, std::optional<std::string_view> instance = {}) {
        return group.may_commit(now, id, instance, generation);
    }
    // Members without an instance, in one stable generation; the first leads.
    std::vector<std::string> settle(std::size_t count) {
        std::vector<std::string> ids;
        for (std::size_t i = 0; i < count; ++i) {
            join("", {}, {{"range", "m"}}, 3);
            ids.push_back("fresh-" + std::to_string(made));
            for (std::size_t j = 0; j < i; ++j) join(ids[j]);
        }
        assign(ids);
        return ids;
    }
    void assign(const std::vector<std::string>& ids) {
        REQUIRE(group.state() == GroupState::completing);
        for (std::size_t i = 1; i < ids.size(); ++i) sync(ids[i]);
        std::vector<std::pair<std::string, std::string>> parts;
        for (const auto& id : ids) parts.emplace_back(id, "part of " + id);
        const auto led = sync(ids[0], parts);
        REQUIRE(led.decision.store != 0);
        group.stored(now, led.decision.store, true);
        REQUIRE(group.state() == GroupState::stable);
    }
};

std::string text(const SyncGroupResponse* answer) {
    if (!answer) return "waits";
    if (answer->error_code != ErrorCode::none) return std::string(name_of(answer->error_code));
    return std::string(as_text(answer->assignment));
}
std::string text(const JoinGroupResponse* answer) {
    if (!answer) return "waits";
    if (answer->error_code != ErrorCode::none) return std::string(name_of(answer->error_code));
    return "generation " + std::to_string(answer->generation_id);
}

}   // namespace

TEST_CASE("an assignment is given to nobody before it is stored; when it could not be, all who wait join again") {
    for (const bool well : {true, false}) {
        Table t;
        const auto ids = t.settle(2);
        t.join(ids[0]);
        t.join(ids[1]);
        const auto follows = t.sync(ids[1]);
        const auto leads = t.sync(ids[0], {{ids[0], "a"}, {ids[1], "b"}});
        CHECK(text(follows.synced()) == "waits");
        CHECK(text(leads.synced()) == "waits");
        CHECK(t.group.state() == GroupState::completing);
        const auto told = t.group.stored(t.now, leads.decision.store, well);
        REQUIRE(told.syncs.size() == 2);
        CHECK(t.group.state() == (well ? GroupState::stable : GroupState::preparing));
        for (const auto& [who, answer] : told.syncs)
            CHECK(text(&answer) == (!well ? "COORDINATOR_NOT_AVAILABLE" : who == leads.number ? "a" : "b"));
        CHECK(t.group.stored(t.now, leads.decision.store, true).syncs.empty());
    }
}

TEST_CASE("an assignment that was stored after the next rebalance began is given to nobody") {
    Table t;
    const auto ids = t.settle(2);
    t.join(ids[0]);
    t.join(ids[1]);
    const auto leads = t.sync(ids[0], {{ids[0], "a"}, {ids[1], "b"}});
    CHECK(text(t.join("", {}, {{"range", "m"}}, 3).joined()) == "waits");
    CHECK(t.group.stored(t.now, leads.decision.store, true).syncs.empty());
    CHECK(t.group.state() == GroupState::preparing);
}

TEST_CASE("a static member that starts again while the leader assigns makes a new generation, before its sync and during it") {
    for (const int version : {5, 9})
        for (const bool in_sync : {true, false}) {
            CAPTURE(version);
            CAPTURE(in_sync);
            Table t;
            const auto leader = t.settle(1)[0];
            t.join("", "i1", {{"range", "m"}}, version);
            const std::string old_id = "fresh-2";
            CHECK(text(t.join(leader).joined()) == "generation 2");
            Table::Asked waiting{};
            if (in_sync) waiting = t.sync(old_id, {}, "i1");
            const auto again = t.join("", "i1", {{"range", "m"}}, version);
            CHECK(text(again.joined()) == "waits");
            if (in_sync) {
                REQUIRE(again.decision.syncs.size() == 1);
                CHECK(again.decision.syncs[0].first == waiting.number);
                CHECK(again.decision.syncs[0].second.error_code == ErrorCode::fenced_instance_id);
            }
            CHECK(text(t.sync(leader, {{leader, "a"}, {old_id, "b"}}).synced()) == "REBALANCE_IN_PROGRESS");
            const auto rejoined = t.join(leader);
            CHECK(text(rejoined.joined()) == "generation 3");
            REQUIRE(rejoined.joined()->members.size() == 2);
            CHECK(rejoined.joined()->members[0].member_id == leader);
            CHECK(rejoined.joined()->members[1].member_id == "fresh-3");
            CHECK(text(again.answer(rejoined.decision.joins)) == "generation 3");
            CHECK(t.group.heartbeat(t.now, old_id, "i1", 3) == ErrorCode::fenced_instance_id);
        }
}

TEST_CASE("a static member that starts again in a stable group keeps its part whatever it reads, as long as the protocol stays") {
    Table t;
    t.join("", "i1");
    t.assign({"fresh-1"});
    const auto again = t.join("", "i1", {{"range", "other topics"}});
    REQUIRE(again.decision.store != 0);
    CHECK(text(again.joined()) == "waits");
    const auto told = t.group.stored(t.now, again.decision.store, true);
    REQUIRE(told.joins.size() == 1);
    CHECK(told.joins[0].second.generation_id == 1);
    CHECK(told.joins[0].second.member_id == "fresh-2");
    CHECK(told.joins[0].second.leader == "fresh-1");   // before v9 it must not believe that it has to assign
    CHECK(text(t.sync("fresh-2", {}, "i1").synced()) == "part of fresh-1");

    const auto newer = t.join("", "i1", {{"range", "m"}}, 9);
    const auto told_newer = t.group.stored(t.now, newer.decision.store, true);
    REQUIRE(told_newer.joins.size() == 1);
    CHECK(told_newer.joins[0].second.skip_assignment);
    CHECK(told_newer.joins[0].second.leader == "fresh-3");

    CHECK(text(t.join("", "i1", {{"other", "m"}, {"range", "m"}}).joined()) == "generation 2");
}

TEST_CASE("a static member's new id that could not be stored is nobody's, and the old one is right again") {
    Table t;
    t.join("", "i1");
    t.assign({"fresh-1"});
    const auto again = t.join("", "i1");
    const auto told = t.group.stored(t.now, again.decision.store, false);
    REQUIRE(told.joins.size() == 1);
    CHECK(told.joins[0].second.error_code == ErrorCode::coordinator_not_available);
    CHECK(t.group.heartbeat(t.now, "fresh-1", "i1", 1) == ErrorCode::none);
    CHECK(t.group.heartbeat(t.now, "fresh-2", "i1", 1) == ErrorCode::fenced_instance_id);
    CHECK(text(t.sync("fresh-1", {}, "i1").synced()) == "part of fresh-1");
}

TEST_CASE("who waits in a join or a sync is alive, however long the leader takes; the session begins with the answer") {
    Table t;
    const auto ids = t.settle(2);
    t.join(ids[0]);
    CHECK(t.join(ids[1]).decision.joins.size() == 2);
    const auto follows = t.sync(ids[1]);
    for (int i = 0; i < 5; ++i) {
        t.now += milliseconds{9'000};   // the leader shows that it is alive
        CHECK(t.heartbeat(ids[0]) == ErrorCode::none);
        CHECK(t.group.sessions_over(t.now).syncs.empty());
    }
    CHECK(t.group.members().size() == 2);
    const auto leads = t.sync(ids[0], {{ids[1], "late"}});
    const auto told = t.group.stored(t.now, leads.decision.store, true);
    CHECK(text(follows.answer(told.syncs)) == "late");
    CHECK(*t.group.next_session() == t.now + milliseconds{10'000});

    const auto joins = t.join(ids[0]);
    for (int i = 0; i < 5; ++i) {
        t.now += milliseconds{9'000};
        CHECK(t.heartbeat(ids[1]) == ErrorCode::rebalance_in_progress);
        t.group.sessions_over(t.now);
    }
    CHECK(t.group.members().size() == 2);
    CHECK(joins.answer(t.join(ids[1]).decision.joins) != nullptr);
}

TEST_CASE("a member whose request waits on a connection that ended has one session to come back with its id") {
    Table t;
    const auto ids = t.settle(2);
    const auto lost = t.join(ids[0]);
    t.group.gone(t.now, lost.number);
    CHECK(text(t.join(ids[0]).joined()) == "waits");
    CHECK(t.join(ids[1]).decision.joins.size() == 2);

    const auto synced = t.sync(ids[1]);
    t.group.gone(t.now, synced.number);
    CHECK(t.heartbeat(ids[1]) == ErrorCode::none);
    t.now += milliseconds{10'000};
    t.heartbeat(ids[0]);
    t.group.sessions_over(t.now);
    CHECK(t.heartbeat(ids[1]) == ErrorCode::unknown_member_id);

    Table other;
    const auto pair = other.settle(2);
    const auto left = other.join(pair[0]);
    other.group.gone(other.now, left.number);
    other.now += milliseconds{9'999};
    other.heartbeat(pair[1]);
    CHECK(text(other.join(pair[1]).joined()) == "generation 3");   // nobody waits for the other one
    other.now += milliseconds{1};
    other.group.sessions_over(other.now);
    CHECK(text(other.join(pair[0]).joined()) == "UNKNOWN_MEMBER_ID");
}

TEST_CASE("a rebalance waits for a member that was given its id and has not come with it yet, for its session at most") {
    Table t;
    const auto ids = t.settle(2);
    const auto first = t.join(ids[0]);
    CHECK(text(t.join("").joined()) == "MEMBER_ID_REQUIRED");
    const std::string id = "fresh-" + std::to_string(t.made);
    CHECK(text(t.join(ids[1]).joined()) == "waits");
    SUBCASE("it comes") {
        const auto all = t.join(id);
        CHECK(all.decision.joins.size() == 3);
        CHECK(text(first.answer(all.decision.joins)) == "generation 3");
    }
    SUBCASE("it leaves") { CHECK(t.group.leave(t.now, id, {}).joins.size() == 2); }
    SUBCASE("it stays away") {
        t.now += milliseconds{9'999};
        CHECK(t.group.sessions_over(t.now).joins.empty());
        t.now += milliseconds{1};
        CHECK(t.group.sessions_over(t.now).joins.size() == 2);
    }
}

TEST_CASE("joins are checked in Kafka's order") {
    Table t;
    const auto id = t.settle(1)[0];
    // A sole member with another protocol only is refused: it counts itself with what it said before.
    CHECK(text(t.join(id, {}, {{"other", "m"}}).joined()) == "INCONSISTENT_GROUP_PROTOCOL");
    CHECK(t.heartbeat(id) == ErrorCode::none);
    CHECK(text(t.join("bogus", {}, {{"other", "m"}}).joined()) == "INCONSISTENT_GROUP_PROTOCOL");
    CHECK(text(t.join("bogus").joined()) == "UNKNOWN_MEMBER_ID");
    CHECK(text(t.join(id, "i1").joined()) == "UNKNOWN_MEMBER_ID");
    CHECK(text(t.join(id, {}, {{"other", "m"}, {"range", "m"}}).joined()) == "generation 2");
    CHECK(t.group.protocol() == "other");
    t.assign({id});
    t.group.leave(t.now, id, {});
    CHECK(t.group.state() == GroupState::empty);
    CHECK(text(t.join(id).joined()) == "UNKNOWN_MEMBER_ID");
}

TEST_CASE(
    "a follower that says the same is told its generation, one that says something else begins a rebalance, as a leader does") {
    Table t;
    const auto ids = t.settle(2);
    CHECK(text(t.join(ids[1]).joined()) == "generation 2");
    CHECK(t.group.state() == GroupState::stable);
    CHECK(text(t.join(ids[1], {}, {{"range", "new"}}).joined()) == "waits");
    CHECK(t.heartbeat(ids[0]) == ErrorCode::rebalance_in_progress);
    CHECK(text(t.join(ids[0]).joined()) == "generation 3");
    CHECK(text(t.join(ids[0]).joined()) == "generation 3");   // it may have missed the answer
    CHECK(t.group.state() == GroupState::completing);
    CHECK(text(t.join(ids[1], {}, {{"range", "newer"}}).joined()) == "waits");
    CHECK(text(t.sync(ids[0], {{ids[0], "a"}}).synced()) == "REBALANCE_IN_PROGRESS");
}

TEST_CASE("commits: an empty group takes any from outside, a rebalancing one its members', one that is assigned nobody's") {
    Table t;
    using enum ErrorCode;
    CHECK(t.commit("", -1) == none);
    CHECK(t.commit("anybody", -1, "i9") == none);
    CHECK(t.commit("anybody", -2) == none);
    CHECK(t.commit("anybody", 3) == unknown_member_id);
    const auto ids = t.settle(2);
    CHECK(t.commit(ids[0], 2) == none);
    CHECK(t.commit("", -1) == unknown_member_id);
    CHECK(t.commit("", -1, "i9") == unknown_member_id);
    CHECK(t.commit(ids[0], -1) == illegal_generation);
    CHECK(t.commit(ids[0], 1) == illegal_generation);
    CHECK(t.commit("bogus", 2) == unknown_member_id);
    t.join(ids[0]);
    CHECK(t.commit(ids[1], 2) == none);
    t.join(ids[1]);
    REQUIRE(t.group.state() == GroupState::completing);
    CHECK(t.commit(ids[0], 3) == rebalance_in_progress);
    CHECK(t.commit(ids[1], 3) == rebalance_in_progress);
    t.sync(ids[1]);
    CHECK(t.commit(ids[1], 3) == rebalance_in_progress);
    t.sync(ids[0]);
    CHECK(t.commit(ids[0], 3) == rebalance_in_progress);   // its assignment is not stored yet
    t.group.leave(t.now, ids[0], {});
    t.group.leave(t.now, ids[1], {});
    CHECK(t.commit(ids[0], -1) == none);
    CHECK(t.commit(ids[0], 3) == unknown_member_id);
}

TEST_CASE("static members that nobody comes back for keep the group waiting in the same generation until their sessions end") {
    Table t;
    t.join("", "i1");
    t.assign({"fresh-1"});
    t.join("", {}, {{"range", "m"}}, 3);
    REQUIRE(t.group.state() == GroupState::preparing);
    t.group.leave(t.now, "fresh-2", {});
    const auto before = t.group.wait().number;
    t.group.wait_over(t.now);
    CHECK(t.group.state() == GroupState::preparing);
    CHECK(t.group.generation() == 1);
    CHECK(t.group.wait().number > before);
    t.now += milliseconds{10'000};
    CHECK(t.group.sessions_over(t.now).store != 0);
    CHECK(t.group.state() == GroupState::empty);
    CHECK(t.group.generation() == 2);
}

TEST_CASE("the initial delay is extended by who comes, and never beyond the rebalance timeout") {
    Table t({.initial_delay = milliseconds{3'000}});
    t.join("", {}, {{"range", "m"}}, 3, 10'000, 8'000);
    CHECK(t.group.wait().span == milliseconds{3'000});
    t.join("", {}, {{"range", "m"}}, 3, 10'000, 8'000);
    CHECK(t.group.wait_over(t.now).joins.empty());
    CHECK(t.group.wait().span == milliseconds{3'000});
    t.join("", {}, {{"range", "m"}}, 3, 10'000, 8'000);
    CHECK(t.group.wait_over(t.now).joins.empty());
    CHECK(t.group.wait().span == milliseconds{2'000});
    t.join("", {}, {{"range", "m"}}, 3, 10'000, 8'000);
    CHECK(t.group.wait_over(t.now).joins.size() == 4);
}

TEST_CASE("members that never ask for their part are dropped when the rebalance timeout is over, static ones too") {
    Table t;
    const auto leader = t.settle(1)[0];
    t.join("", "i1");
    t.join(leader);
    const auto leads = t.sync(leader, {{leader, "a"}});
    t.group.stored(t.now, leads.decision.store, true);
    REQUIRE(t.group.state() == GroupState::stable);
    t.group.wait_over(t.now);
    CHECK(t.group.members().size() == 1);
    CHECK(t.group.state() == GroupState::preparing);
}

TEST_CASE("a group that is full refuses newcomers, and keeps those it has") {
    Table t({.largest = 1});
    const auto id = t.settle(1)[0];
    CHECK(text(t.join("", {}, {{"range", "m"}}, 3).joined()) == "GROUP_MAX_SIZE_REACHED");
    CHECK(text(t.join(id).joined()) == "generation 2");
}

TEST_CASE("a membership that was stored goes on where it was") {
    Table t;
    const auto ids = t.settle(2);
    const auto stored = t.group.to_store();
    Table again;
    again.group.restore(stored, again.now);
    CHECK(again.group.state() == GroupState::stable);
    CHECK(again.heartbeat(ids[1]) == ErrorCode::none);
    CHECK(text(again.sync(ids[1]).synced()) == "part of " + ids[1]);
    CHECK(*again.group.next_session() == again.now + milliseconds{10'000});
    again.now += milliseconds{10'000};
    CHECK(again.group.sessions_over(again.now).store != 0);
    CHECK(again.group.state() == GroupState::empty);
}
