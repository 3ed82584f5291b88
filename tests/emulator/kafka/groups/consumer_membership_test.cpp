// The membership of a consumer group (KIP-848), stepped by hand: a time and a heartbeat go in, an answer comes out. Codes, texts
// and steps are those that Apache Kafka 4.4.0 was seen to take for the same requests, with an assignment interval of 0.
#include "emulator/kafka/groups/consumer_membership.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace sluice;
using namespace sluice::kafka;

namespace {

using std::chrono::seconds;

streams::Uuid topic_id(char letter) {
    streams::Uuid id{};
    id[0] = static_cast<std::byte>(letter);
    return id;
}

struct Table : TopicTable {
    std::map<std::string, TopicSize, std::less<>> topics;
    std::optional<TopicSize> find(std::string_view name) const override {
        const auto found = topics.find(name);
        return found == topics.end() ? std::nullopt : std::optional{found->second};
    }
    void each_name(const std::function<void(std::string_view)>& visit) const override {
        for (const auto& [name, size] : topics) visit(name);
    }
};

// "n:0,1 o:2"
std::string text(const Assignment& assignment) {
    std::string out;
    for (const auto& [id, partitions] : assignment) {
        out += (out.empty() ? "" : " ") + std::string(1, static_cast<char>(id[0])) + ":";
        for (const auto p : partitions) out += (out.back() == ':' ? "" : ",") + std::to_string(p);
    }
    return out;
}

struct Said {
    std::int32_t epoch = 0;
    std::vector<std::string_view> names{"n"};
    std::optional<std::string_view> instance{}, regex{}, assignor{};
    std::optional<Assignment> owned{};   // in a join: nothing
    std::int32_t rebalance_ms = 60'000;
};

struct Steps {
    Table table;
    ConsumerRules rules;
    Time now{std::chrono::hours{1}};
    ConsumerMembership group{"g"};

    Steps() { table.topics["n"] = {topic_id('n'), 4}; }
    ConsumerMembership::Around around() { return {now, rules, table}; }

    ConsumerGroupHeartbeatResponse beat(const std::string& id, const Said& said) {
        ConsumerGroupHeartbeatRequest request;
        request.group_id = "g";
        request.member_id = id;
        request.member_epoch = said.epoch;
        request.instance_id = said.instance;
        std::vector<ConsumerGroupHeartbeatRequest::TopicPartitions> owned;
        if (said.owned)
            for (const auto& [topic, partitions] : *said.owned) {
                auto& one = owned.emplace_back();
                std::memcpy(one.topic_id.bytes.data(), topic.data(), 16);
                one.partitions = partitions;
            }
        if (said.epoch == 0) {
            request.rebalance_timeout_ms = said.rebalance_ms;
            request.subscribed_topic_names = said.names;
            request.subscribed_topic_regex = said.regex;
            request.server_assignor = said.assignor;
        }
        if (said.owned || said.epoch == 0)
            request.topic_partitions = Array<ConsumerGroupHeartbeatRequest::TopicPartitions>{owned};
        if (auto fault = fault_of(request, 1, rules)) return refused_heartbeat(*fault);
        if (said.epoch < 0) return group.leave(around(), request);
        return group.heartbeat(around(), {request, "client", "/127.0.0.1"}, id);
    }
    // Epoch and what is told to own: "2 n:0,1"; "3 same" when the assignment is as it was; the code and the text of a refusal.
    std::string step(const std::string& id, const Said& said) {
        const auto told = beat(id, said);
        if (told.error_code != ErrorCode::none)
            return std::to_string(static_cast<int>(told.error_code)) + " " + told.error_message.value_or("");
        std::ostringstream out;
        out << told.member_epoch << " ";
        if (!told.assignment) return out.str() + "same";
        Assignment assignment;
        for (const auto& topic : told.assignment->topic_partitions) {
            streams::Uuid uuid;
            std::memcpy(uuid.data(), topic.topic_id.bytes.data(), 16);
            assignment[uuid] = topic.partitions;
        }
        return out.str() + text(assignment);
    }
    std::string join(const std::string& id) { return step(id, {}); }
    std::string hear(const std::string& id, std::int32_t epoch) { return step(id, {.epoch = epoch}); }
    std::string own(const std::string& id, std::int32_t epoch, Assignment owned) {
        return step(id, {.epoch = epoch, .owned = std::move(owned)});
    }
    std::string target(const std::string& id) { return text(group.members().find(id)->second.target); }
    std::string state() { return std::string(name_of(group.state())); }
};
Assignment of(char topic, std::vector<std::int32_t> partitions) { return {{topic_id(topic), std::move(partitions)}}; }

}   // namespace

TEST_CASE("the first member of a consumer group is given all at once, with epoch 2") {
    Steps g;
    CHECK(g.state() == "Empty");
    CHECK(g.join("a") == "2 n:0,1,2,3");
    CHECK(g.state() == "Stable");
    CHECK(g.hear("a", 2) == "2 same");
    CHECK(g.own("a", 2, of('n', {0, 1, 2, 3})) == "2 same");
}

TEST_CASE("a second member waits until the first has given back what it is to lose") {
    Steps g;
    g.join("a");
    CHECK(g.join("b") == "3 ");
    CHECK(g.state() == "Reconciling");
    CHECK(g.group.has_news("a"));
    CHECK(g.hear("a", 2) == "2 n:0,1");
    CHECK_FALSE(g.group.has_news("a"));
    CHECK(g.own("a", 2, of('n', {0, 1, 2, 3})) == "2 same");   // not yet
    CHECK(g.own("b", 3, {}) == "3 same");
    CHECK_FALSE(g.group.has_news("b"));
    CHECK(g.own("a", 2, of('n', {0, 1})) == "3 same");
    CHECK(g.group.has_news("b"));
    CHECK(g.hear("b", 3) == "3 n:2,3");
    CHECK(g.state() == "Stable");
    CHECK(g.join("b") == "3 n:2,3");   // a member that joins again is told what it has
    CHECK(g.step("a", {.epoch = -1}) == "-1 same");
    CHECK(g.hear("b", 3) == "4 n:0,1,2,3");
    CHECK(g.state() == "Stable");
}

TEST_CASE("an epoch that is not the member's is fenced, unless the answer to the same heartbeat was lost") {
    Steps g;
    g.join("a");
    g.join("b");
    g.hear("a", 2);
    CHECK(g.own("a", 2, of('n', {0, 1})) == "3 same");
    CHECK(g.own("a", 2, of('n', {0, 1})) == "3 same");
    const std::string smaller =
        "110 The consumer group member has a smaller member epoch (2) than the one known by the group coordinator (3). The member "
        "must abandon all its partitions and rejoin.";
    CHECK(g.hear("a", 2) == smaller);
    CHECK(g.own("a", 2, of('n', {0, 1, 2, 3})) == smaller);
    CHECK(g.hear("a", 11) ==
          "110 The consumer group member has a greater member epoch (11) than the one known by the group coordinator (3). The "
          "member must abandon all its partitions and rejoin.");
    CHECK(g.hear("zz", 5) == "25 Member zz is not a member of group g.");
    CHECK(g.step("zz", {.epoch = -1}) == "25 Member zz is not a member of group g.");
}

TEST_CASE("what a heartbeat lacks is said in Kafka's words") {
    Steps g;
    CHECK(g.step("", {}) == "42 MemberId can't be empty.");
    CHECK(g.step("a", {.epoch = -3}) == "42 MemberEpoch is invalid.");
    CHECK(g.step("a", {.epoch = -2}) == "42 InstanceId can't be null.");
    CHECK(g.step("a", {.instance = ""}) == "42 InstanceId can't be empty.");
    CHECK(g.step("a", {.rebalance_ms = -1}) == "42 RebalanceTimeoutMs must be provided in first request.");
    CHECK(g.step("a", {.owned = of('n', {0})}) == "42 TopicPartitions must be empty when (re-)joining.");
    CHECK(g.step("a", {.assignor = "zig"}) == "112 ServerAssignor zig is not supported. Supported assignors: uniform, range.");
    CHECK(g.step("a", {.regex = "(("}) == "128 SubscribedTopicRegex `((` is not a valid regular expression: missing closing ).");
    g.rules.largest = 1;
    g.join("a");
    CHECK(g.join("b") == "81 The consumer group has reached its maximum capacity of 1 members.");
    CHECK(g.join("a") == "2 n:0,1,2,3");
}

TEST_CASE("a member that shows no sign of life for a session is gone, and its partitions are given away") {
    Steps g;
    g.join("a");
    g.join("b");
    CHECK(g.group.next_due() == g.now + seconds{45});
    g.now += seconds{30};
    g.hear("b", 3);
    g.now += seconds{15};
    g.group.overdue(g.around());
    CHECK(g.group.members().size() == 1);
    CHECK(g.hear("b", 3) == "4 n:0,1,2,3");
    CHECK(g.hear("a", 2) == "25 Member a is not a member of group g.");
}

TEST_CASE("a member that does not give back in time is thrown out, however alive it is") {
    Steps g;
    g.step("a", {.rebalance_ms = 1'000});
    g.join("b");
    CHECK(g.hear("a", 2) == "2 n:0,1");
    CHECK(g.group.next_due() == g.now + seconds{1});
    g.now += seconds{1};
    g.group.overdue(g.around());
    CHECK(g.hear("b", 3) == "4 n:0,1,2,3");
}

TEST_CASE("a static member that left for a while keeps its place until its session is over") {
    Steps g;
    CHECK(g.step("s-a", {.instance = "in"}) == "2 n:0,1,2,3");
    CHECK(g.step("s-b", {.instance = "in"}) ==
          "111 Static member s-b with instance id in cannot join the group because the instance id is owned by s-a member.");
    CHECK(g.step("s-a", {.epoch = -2, .instance = "in"}) == "-2 same");
    CHECK(g.step("s-b", {.instance = "in"}) == "2 n:0,1,2,3");
    CHECK(g.group.epoch() == 2);   // nobody else has to move
    CHECK(g.step("s-a", {.epoch = 1, .instance = "in"}) == "82 Static member s-a with instance id in was fenced by member s-b.");
    CHECK(g.step("s-a", {.epoch = 1, .instance = "other"}) == "25 Instance id other is unknown.");
    g.step("s-b", {.epoch = -2, .instance = "in"});
    CHECK(g.join("c") == "3 ");   // half of the partitions are to be its, and the place is still held
    CHECK(g.hear("c", 3) == "3 same");
    g.now += seconds{40};
    g.hear("c", 3);
    g.now += seconds{5};
    g.group.overdue(g.around());
    CHECK(g.hear("c", 3) == "4 n:0,1,2,3");
}

TEST_CASE("a topic that comes later, grows or goes is a new assignment; another topic is none") {
    Steps g;
    CHECK(g.step("a", {.names = {"later"}}) == "2 ");
    CHECK(g.state() == "Stable");
    g.table.topics["other"] = {topic_id('o'), 3};
    g.group.topics_changed(g.around());
    CHECK_FALSE(g.group.has_news("a"));
    g.table.topics["later"] = {topic_id('l'), 2};
    g.group.topics_changed(g.around());
    CHECK(g.hear("a", 2) == "3 l:0,1");
    g.table.topics["later"].partitions = 3;
    g.group.topics_changed(g.around());
    CHECK(g.hear("a", 3) == "4 l:0,1,2");
    g.table.topics.erase("later");
    g.group.topics_changed(g.around());
    CHECK(g.hear("a", 4) == "4 ");
    CHECK(g.own("a", 4, {}) == "5 same");
}

TEST_CASE("a pattern reads every topic whose whole name it matches, later ones too") {
    Steps g;
    g.table.topics["orders-1"] = {topic_id('1'), 1};
    g.table.topics["my-orders-1"] = {topic_id('m'), 1};
    CHECK(g.step("a", {.names = {}, .regex = "^orders-.*"}) == "2 1:0");
    CHECK(g.group.has_patterns());
    g.table.topics["orders-2"] = {topic_id('2'), 1};
    g.group.topics_changed(g.around());
    CHECK(g.hear("a", 2) == "3 1:0 2:0");
}

TEST_CASE("with an interval between assignments the second member waits for it") {
    Steps g;
    g.rules.assignment_interval = seconds{1};
    g.join("a");
    CHECK(g.join("b") == "2 ");
    CHECK(g.state() == "Assigning");
    CHECK(g.group.next_due() == g.now + seconds{1});
    g.now += seconds{1};
    g.group.overdue(g.around());
    CHECK(g.hear("a", 2) == "2 n:0,1");
}

TEST_CASE("members commit and read offsets with their epoch; from outside only while the group is empty") {
    Steps g;
    CHECK(g.group.may_commit("", -1, 9) == ErrorCode::none);
    g.join("a");
    CHECK(g.group.may_commit("", -1, 9) == ErrorCode::unknown_member_id);
    CHECK(g.group.may_commit("a", 2, 9) == ErrorCode::none);
    CHECK(g.group.may_commit("a", 2, 8) == ErrorCode::unsupported_version);
    CHECK(g.group.may_commit("a", 1, 9) == ErrorCode::stale_member_epoch);
    CHECK(g.group.may_fetch(std::nullopt, -1) == ErrorCode::none);
    CHECK(g.group.may_fetch("a", 2) == ErrorCode::none);
    CHECK(g.group.may_fetch("a", 3) == ErrorCode::stale_member_epoch);
    CHECK(g.group.may_fetch("b", 2) == ErrorCode::unknown_member_id);
}

TEST_CASE("what is stored of a consumer group is enough to go on in the middle of a rebalance") {
    Steps g;
    g.join("a");
    g.group.take_changes();
    g.step("b", {.instance = "in"});
    const auto changes = g.group.take_changes();
    CHECK(changes.group);
    CHECK(changes.members == std::set<std::string, std::less<>>{"a", "b"});   // a's part of the target changed, too
    g.hear("a", 2);

    Steps later;
    later.now = g.now + seconds{100};
    later.group.restore(g.group.to_store());
    for (const auto& [id, member] : g.group.members()) later.group.restore(g.group.to_store(member), later.around());
    later.group.restored(later.around());
    CHECK_FALSE(later.group.take_changes().any());
    CHECK(later.group.members() == g.group.members());
    CHECK(later.group.epoch() == 3);
    CHECK(later.step("b", {.epoch = 3, .instance = "in"}) == "3 same");
    CHECK(later.own("a", 2, of('n', {0, 1})) == "3 same");
    CHECK(later.step("b", {.epoch = 3, .instance = "in"}) == "3 n:2,3");
    CHECK(later.group.next_due() == later.now + seconds{45});
}

TEST_CASE("partitions are dealt evenly and stay where they are as far as that goes") {
    Steps g;
    g.table.topics["n"].partitions = 7;
    for (const auto* id : {"a", "b", "c"}) g.join(id);
    CHECK(g.target("a") == "n:0,1,2");
    CHECK(g.target("b") == "n:4,5");
    CHECK(g.target("c") == "n:3,6");
    g.step("b", {.epoch = -1});
    CHECK(g.target("a") == "n:0,1,2,5");
    CHECK(g.target("c") == "n:3,4,6");
}

TEST_CASE("members with other topics are loaded as evenly as that allows") {
    Steps g;
    g.table.topics["o"] = {topic_id('o'), 4};
    g.step("a", {.names = {"n"}});
    g.step("b", {.names = {"n", "o"}});
    CHECK(g.target("a") == "n:0,1,2,3");
    CHECK(g.target("b") == "o:0,1,2,3");
    g.step("c", {.names = {"o"}});
    CHECK(assignments::count(g.group.members().find("b")->second.target) >= 2);
    CHECK(assignments::count(g.group.members().find("c")->second.target) >= 2);
}

TEST_CASE("the range assignor, when most ask for it, deals each topic in runs") {
    Steps g;
    g.table.topics["o"] = {topic_id('o'), 4};
    g.step("a", {.names = {"n", "o"}, .assignor = "range"});
    g.step("b", {.names = {"n", "o"}, .assignor = "range"});
    CHECK(g.group.assignor(g.rules) == "range");
    CHECK(g.target("a") == "n:0,1 o:0,1");
    CHECK(g.target("b") == "n:2,3 o:2,3");
}
