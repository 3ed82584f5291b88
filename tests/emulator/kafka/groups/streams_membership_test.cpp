// The membership of a group of Kafka Streams (KIP-1071), stepped by hand: topologies, tasks and who works on them.
#include "emulator/kafka/groups/streams_membership.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace sluice;
using namespace sluice::kafka;

namespace {

using std::chrono::seconds;
using Request = StreamsGroupHeartbeatRequest;

struct Topics : TopicTable {
    std::map<std::string, std::int32_t, std::less<>> counts;
    std::optional<TopicSize> find(std::string_view name) const override {
        const auto found = counts.find(name);
        if (found == counts.end()) return std::nullopt;
        streams::Uuid id{};
        id[0] = static_cast<std::byte>(name[0]);
        return TopicSize{id, found->second};
    }
    void each_name(const std::function<void(std::string_view)>& visit) const override {
        for (const auto& [name, count] : counts) visit(name);
    }
};

// A word count: lines -> words-repartition -> counts kept in words-changelog.
StreamsTopology word_count() {
    StreamsTopology topology;
    topology.subtopologies.push_back({.id = "0", .sources = {"lines"}, .sinks = {"words-repartition"}});
    topology.subtopologies.push_back(
        {.id = "1",
         .changelogs = {{.name = "words-changelog", .partitions = 0, .configs = {{"cleanup.policy", "compact"}}}},
         .repartition_sources = {{.name = "words-repartition"}}});
    return topology;
}

std::string names(const std::vector<StreamsTopology::InternalTopic>& topics) {
    std::string out;
    for (const auto& topic : topics) out += (out.empty() ? "" : " ") + topic.name + ":" + std::to_string(topic.partitions);
    return out;
}

std::string text(const TasksBy& tasks) {
    std::string out;
    for (const auto& [subtopology, partitions] : tasks)
        for (const auto p : partitions) out += (out.empty() ? "" : " ") + subtopology + "_" + std::to_string(p);
    return out;
}

struct Steps {
    Topics table;
    StreamsRules rules;
    Time now{std::chrono::hours{1}};
    StreamsMembership group{"app"};
    std::vector<std::pair<StreamsStatus, std::string>> status;
    std::optional<std::string_view> instance;   // that requests name

    StreamsMembership::Around around() { return {now, rules, table}; }

    // Epoch and the active tasks that are told; "same" without any.
    std::string step(Request request) {
        request.group_id = "app";
        request.instance_id = instance;
        if (auto fault = fault_of(request)) return std::to_string(static_cast<int>(fault->code)) + " " + fault->text;
        const auto told = request.member_epoch < 0 ? group.leave(around(), request)
                                                   : group.heartbeat(around(), {request, "client", "/127.0.0.1"});
        status.clear();
        for (const auto& one : *told.status) status.emplace_back(static_cast<StreamsStatus>(one.status_code), one.status_detail);
        if (told.error_code != ErrorCode::none)
            return std::to_string(static_cast<int>(told.error_code)) + " " + told.error_message.value_or("");
        std::ostringstream out;
        out << told.member_epoch << " ";
        if (!told.active_tasks) return out.str() + "same";
        TasksBy tasks;
        for (const auto& one : *told.active_tasks)
            for (const auto p : one.partitions) assignments::add(tasks, one.subtopology_id, p);
        return out.str() + text(tasks);
    }
    // Joins with the word count, in a process of its own.
    std::string join(std::string_view id, std::string_view process, std::int32_t topology_epoch = 0) {
        const std::string_view lines{"lines"}, sink{"words-repartition"};
        const Request::KeyValue compact{.key = "cleanup.policy", .value = "compact"};
        Request::TopicInfo changelog{}, repartition{};
        changelog.name = "words-changelog";
        changelog.topic_configs = {&compact, 1};
        repartition.name = "words-repartition";
        std::vector<Request::Subtopology> subs(2);
        subs[0].subtopology_id = "0";
        subs[0].source_topics = {&lines, 1};
        subs[0].repartition_sink_topics = {&sink, 1};
        subs[1].subtopology_id = "1";
        subs[1].state_changelog_topics = {&changelog, 1};
        subs[1].repartition_source_topics = {&repartition, 1};
        Request request;
        request.member_id = id;
        request.rebalance_timeout_ms = 30'000;
        request.process_id = process;
        request.topology = Request::Topology{.epoch = topology_epoch, .subtopologies = subs};
        request.active_tasks = request.standby_tasks = request.warmup_tasks = Array<Request::TaskIds>{};
        return step(request);
    }
    std::string hear(std::string_view id, std::int32_t epoch) {
        Request request;
        request.member_id = id;
        request.member_epoch = epoch;
        return step(request);
    }
    std::string own(std::string_view id, std::int32_t epoch, const TasksBy& active, const TasksBy& standby = {}) {
        std::vector<Request::TaskIds> actives, standbys;
        for (const auto& [sub, partitions] : active) actives.push_back({.subtopology_id = sub, .partitions = partitions});
        for (const auto& [sub, partitions] : standby) standbys.push_back({.subtopology_id = sub, .partitions = partitions});
        Request request;
        request.member_id = id;
        request.member_epoch = epoch;
        request.active_tasks = Array<Request::TaskIds>{actives};
        request.standby_tasks = Array<Request::TaskIds>{standbys};
        request.warmup_tasks = Array<Request::TaskIds>{};
        return step(request);
    }
    const StreamsMember& member(std::string_view id) { return group.members().find(id)->second; }
    std::string state() { return std::string(name_of(group.state())); }
};

// Internal topics are there, too.
struct Ready : Steps {
    explicit Ready(std::int32_t partitions = 2) {
        table.counts = {{"lines", partitions}, {"words-repartition", partitions}, {"words-changelog", partitions}};
    }
};

}   // namespace

TEST_CASE("what an application needs follows from its topology and its source topics") {
    Topics table;
    CHECK(needs_of(word_count(), table).fault->text == "Source topics lines are missing.");
    table.counts["lines"] = 3;
    auto needs = needs_of(word_count(), table);
    CHECK(needs.fault->text == "Internal topics are missing: words-changelog, words-repartition");
    CHECK(names(needs.missing) == "words-repartition:3 words-changelog:3");
    CHECK(needs.tasks == std::map<std::string, std::int32_t>{{"0", 3}, {"1", 3}});
    CHECK(needs.stateful == std::set<std::string>{"1"});
    table.counts["words-repartition"] = 3;
    table.counts["words-changelog"] = 2;
    CHECK(needs_of(word_count(), table).fault->text ==
          "Existing internal topic words-changelog has invalid number of partitions: expected 3, actual 2.");
    table.counts["words-changelog"] = 3;
    CHECK_FALSE(needs_of(word_count(), table).fault);
}

TEST_CASE("topics that are joined have equal numbers of partitions, or repartition topics follow") {
    Topics table;
    table.counts = {{"a", 2}, {"b", 4}};
    StreamsTopology topology;
    topology.subtopologies.push_back({.id = "0", .sources = {"a", "b"}, .copartitioned = {{.sources = {0, 1}}}});
    CHECK(needs_of(topology, table).fault->status == StreamsStatus::incorrectly_partitioned_topics);
    topology.subtopologies = {{.id = "0", .sources = {"a"}, .sinks = {"r"}},
                              {.id = "1",
                               .sources = {"b"},
                               .repartition_sources = {{.name = "r"}},
                               .copartitioned = {{.sources = {0}, .repartition_sources = {0}}}}};
    CHECK(names(needs_of(topology, table).missing) == "r:4");
}

TEST_CASE("a Streams group is not ready without its source topics, and works as soon as they are there") {
    Steps g;
    CHECK(g.join("a", "p1") == "2 ");
    CHECK(g.state() == "NotReady");
    REQUIRE(g.status.size() == 1);
    CHECK(g.status[0].first == StreamsStatus::missing_source_topics);
    g.table.counts = {{"lines", 2}, {"words-repartition", 2}, {"words-changelog", 2}};
    g.group.topics_changed(g.around());
    CHECK(g.group.has_news("a"));
    CHECK(g.hear("a", 2) == "3 0_0 0_1 1_0 1_1");
    CHECK(g.status.empty());
    CHECK(g.state() == "Stable");
}

TEST_CASE("a second member is given tasks when the first has given them back") {
    Ready g;
    CHECK(g.join("a", "p1") == "2 0_0 0_1 1_0 1_1");
    CHECK(g.join("b", "p2") == "3 ");
    CHECK(g.state() == "Reconciling");
    const auto kept = g.hear("a", 2);
    CHECK(kept == "2 0_0 0_1");
    CHECK(g.own("a", 2, {{"0", {0, 1}}, {"1", {0}}}) == "2 same");
    CHECK(g.own("a", 2, {{"0", {0, 1}}}) == "3 same");
    CHECK(g.group.has_news("b"));
    CHECK(g.hear("b", 3) == "3 1_0 1_1");
    CHECK(g.state() == "Stable");
    Request leave;
    leave.member_id = "a";
    leave.member_epoch = -1;
    CHECK(g.step(leave) == "-1 same");
    CHECK(g.hear("b", 3) == "4 0_0 0_1 1_0 1_1");
}

TEST_CASE("a static member that leaves for a while keeps its tasks, and who names its instance next takes them over") {
    Ready g;
    g.join("b", "p2");
    g.instance = "i1";
    CHECK(g.join("a", "p1") == "3 ");
    g.instance.reset();
    g.own("b", 2, {{"0", {0, 1}}});
    g.instance = "i1";
    CHECK(g.hear("a", 3) == "3 1_0 1_1");
    CHECK(g.state() == "Stable");
    CHECK(g.join("c", "p1") ==
          "111 Static member c with instance id i1 cannot join the group because the instance id is owned by a member.");
    CHECK(g.hear("c", 3) == "82 Static member c with instance id i1 was fenced by member a.");
    CHECK(g.hear("c", -1) == "82 Static member c with instance id i1 was fenced by member a.");
    CHECK(g.hear("a", -2) == "-2 same");
    CHECK(g.state() == "Reconciling");
    CHECK(g.hear("a", 3).starts_with(
        "110 The streams group member has a greater member epoch (3) than the one known by the group coordinator (-2)."));
    g.instance.reset();
    CHECK(g.hear("b", 3) == "3 same");   // nothing of what the other had is given away
    g.instance = "i1";
    CHECK(g.join("c", "p1") == "3 1_0 1_1");
    CHECK(g.state() == "Stable");
    CHECK(g.group.epoch() == 3);
    CHECK(g.hear("a", 3) == "82 Static member a with instance id i1 was fenced by member c.");

    StreamsMembership again{"app"};   // as after a restart
    again.restore(g.group.to_store());
    for (const auto& [id, member] : g.group.members()) again.restore(g.group.to_store(member), g.around());
    again.restored(g.around());
    g.group = std::move(again);
    CHECK(g.hear("d", 3) == "82 Static member d with instance id i1 was fenced by member c.");
    CHECK(g.hear("c", -2) == "-2 same");
    g.now += seconds{45};
    g.group.overdue(g.around());
    CHECK(g.hear("c", 3) == "25 Instance id i1 is unknown.");
}

TEST_CASE("heartbeats that name no instance where they have to, or an empty one, are refused in Kafka's words") {
    Ready g;
    CHECK(g.hear("a", -2) == "42 InstanceId can't be null.");
    CHECK(g.hear("a", -3) == "42 MemberEpoch is -3, but must be greater than or equal to -2.");
    g.instance = "";
    CHECK(g.hear("a", 0) == "42 InstanceId can't be empty.");
    g.instance = "i1";
    CHECK(g.join("a", "p1").starts_with("2 "));
    g.instance.reset();
    CHECK(g.hear("a", -1) == "-1 same");   // it goes for good
    g.instance = "i1";
    CHECK(g.join("b", "p1").starts_with("4 "));
}

TEST_CASE("standby tasks keep state in another process, and the one that stands by takes over") {
    Ready g;
    g.rules.standbys = 1;
    g.join("a", "p1");
    CHECK(g.member("a").target.standby.empty());   // there is no other process
    g.join("b", "p2");
    CHECK(text(g.member("a").target.active) == "0_0 0_1");
    CHECK(text(g.member("a").target.standby) == "1_0 1_1");
    CHECK(text(g.member("b").target.active) == "1_0 1_1");
    g.now += seconds{45};
    g.group.overdue(g.around());
    CHECK(g.group.members().empty());
    CHECK(g.state() == "Empty");
}

TEST_CASE("the first assignment may wait for more members, who are told so") {
    Ready g;
    g.rules.initial_delay = seconds{3};
    CHECK(g.join("a", "p1") == "1 ");
    REQUIRE(g.status.size() == 1);
    CHECK(g.status[0].second == "Assignment delayed due to the configured initial rebalance delay.");
    CHECK(g.join("b", "p2") == "1 ");
    CHECK(g.state() == "Assigning");
    CHECK(g.group.next_due() == g.now + seconds{3});
    g.now += seconds{3};
    g.group.overdue(g.around());
    CHECK(g.hear("a", 1) == "3 0_0 1_0");
    CHECK(g.hear("b", 1) == "3 0_1 1_1");
}

TEST_CASE("what a heartbeat of Streams lacks is said in Kafka's words") {
    Ready g;
    Request request;
    CHECK(g.step(request) == "42 MemberId can't be empty.");
    request.member_id = "a";
    CHECK(g.step(request) == "42 RebalanceTimeoutMs must be provided in first request.");
    request.rebalance_timeout_ms = 1'000;
    CHECK(g.step(request) == "42 ActiveTasks must be empty when (re-)joining.");
    request.active_tasks = request.standby_tasks = request.warmup_tasks = Array<Request::TaskIds>{};
    request.process_id = "p";
    CHECK(g.step(request) == "42 Topology must be non-null when (re-)joining.");
    CHECK(g.hear("zz", 5) == "25 Member zz is not a member of group app.");
    g.join("a", "p1");
    CHECK(g.hear("a", 9).starts_with("110 "));
}

TEST_CASE("what is stored of a Streams group is enough to go on") {
    Ready g;
    g.join("a", "p1");
    g.join("b", "p2");
    g.hear("a", 2);
    Ready later;
    later.group.restore(g.group.to_store());
    for (const auto& [id, member] : g.group.members()) later.group.restore(g.group.to_store(member), later.around());
    later.group.restored(later.around());
    CHECK_FALSE(later.group.take_changes().any());
    CHECK(later.group.members() == g.group.members());
    CHECK(later.own("a", 2, {{"0", {0, 1}}}) == "3 same");
    CHECK(later.hear("b", 3) == "3 1_0 1_1");
}
