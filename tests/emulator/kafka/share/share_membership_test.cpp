// Who is in a share group and which partitions each member reads, stepped by hand.
#include <doctest/doctest.h>

#include "emulator/kafka/share/membership.h"
#include "emulator/kafka/share/starting.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

struct Stepped {
    ShareMembership members;
    ShareMembership::Rules rules{.session = std::chrono::seconds{45}, .heartbeat = milliseconds{500}, .largest = 200};
    Time now = from_ms(1'700'000'000'000);
    std::map<std::string, std::int32_t, std::less<>> topics{{"t", 4}};
    FindShareTopic find = [this](std::string_view name) -> std::optional<ShareTopicSize> {
        const auto found = topics.find(name);
        if (found == topics.end()) return std::nullopt;
        ShareTopicSize size;
        size.id[0] = static_cast<std::byte>(name.front());
        for (std::int32_t i = 0; i < found->second; ++i) size.partitions.push_back(i);
        return size;
    };
    ShareGroupHeartbeatResponse beat(std::string_view member, std::int32_t epoch, std::vector<std::string_view> names = {}) {
        ShareGroupHeartbeatRequest request;
        request.group_id = "g";
        request.member_id = member;
        request.member_epoch = epoch;
        if (!names.empty()) request.subscribed_topic_names = Array<std::string_view>{names.data(), names.size()};
        if (auto fault = ShareMembership::fault_of(request)) return *fault;
        return members.heartbeat(now, rules, {request, "client", "/127.0.0.1"}, find);
    }
    std::vector<std::int32_t> partitions(std::string_view member, std::string_view topic = "t") {
        const auto& assignment = members.members().find(member)->second.assignment;
        const auto found = assignment.find(find(topic)->id);
        return found == assignment.end() ? std::vector<std::int32_t>{} : found->second;
    }
};

}   // namespace

TEST_CASE("members of a share group divide the partitions, and share them when there are too few") {
    Stepped s;
    CHECK(s.beat("a", 0, {"t"}).assignment->topic_partitions.at(0).partitions.size() == 4);
    s.beat("b", 0, {"t"});
    CHECK(s.partitions("a").size() == 2);
    CHECK(s.partitions("b").size() == 2);
    for (const auto* name : {"c", "d", "e", "f"}) s.beat(name, 0, {"t"});
    std::set<std::int32_t> read;
    for (const auto& [id, member] : s.members.members()) {
        const auto partitions = s.partitions(id);
        CHECK(partitions.size() == 1);
        read.insert(partitions.begin(), partitions.end());
    }
    CHECK(read.size() == 4);
}

TEST_CASE("a member of a share group is told what is new with its next heartbeat, and only then") {
    Stepped s;
    const auto joined = s.beat("a", 0, {"t", "later"});
    CHECK(joined.error_code == ErrorCode::none);
    CHECK(joined.heartbeat_interval_ms == 500);
    CHECK_FALSE(s.beat("a", joined.member_epoch).assignment);
    s.beat("b", 0, {"t"});
    const auto told = s.beat("a", joined.member_epoch);
    CHECK(told.member_epoch > joined.member_epoch);
    REQUIRE(told.assignment);
    CHECK(s.beat("a", joined.member_epoch).error_code == ErrorCode::none);   // the answer before was lost
    s.topics["later"] = 1;
    CHECK(s.members.reassign(s.find));
    CHECK_FALSE(s.members.reassign(s.find));
    CHECK(s.beat("a", told.member_epoch).assignment->topic_partitions.size() == 2);
}

TEST_CASE("heartbeats of a share group that make no sense are refused in Kafka's words") {
    Stepped s;
    CHECK(s.beat("", 0, {"t"}).error_code == ErrorCode::invalid_request);
    CHECK(s.beat("a", -2).error_message == "MemberEpoch is invalid.");
    CHECK(s.beat("a", 0).error_message == "SubscribedTopicNames must be set in first request.");
    CHECK(s.beat("a", 3).error_code == ErrorCode::unknown_member_id);
    s.beat("a", 0, {"t"});
    CHECK(
        s.beat("a", 99).error_message ==
        "The share group member has a greater member epoch (99) than the one known by the group coordinator (2). The member must "
        "abandon all its partitions and rejoin.");
    s.rules.largest = 1;
    CHECK(s.beat("b", 0, {"t"}).error_code == ErrorCode::group_max_size_reached);
    CHECK(s.beat("b", -1).error_code == ErrorCode::unknown_member_id);
}

TEST_CASE("a member of a share group goes when it says so, and when it was silent for its session") {
    Stepped s;
    s.beat("a", 0, {"t"});
    s.beat("b", 0, {"t"});
    CHECK(s.beat("a", -1).member_epoch == -1);
    CHECK(s.partitions("b").size() == 4);
    s.now += std::chrono::seconds{45};
    CHECK(s.members.next_session() == s.now);
    CHECK(s.members.sessions_over(s.now, s.find) == std::vector<std::string>{"b"});
    CHECK(s.members.members().empty());
}

TEST_CASE("a share group that is read from the store is joined by heartbeats as if nothing had been") {
    Stepped s;
    const auto joined = s.beat("a", 0, {"t"});
    Stepped again;
    again.members.restore(s.members.to_store(), again.now, again.rules.session, again.find);
    const auto told = again.beat("a", joined.member_epoch);
    CHECK(told.error_code == ErrorCode::none);
    CHECK(told.member_epoch == joined.member_epoch);
    CHECK(again.partitions("a") == s.partitions("a"));
}

TEST_CASE("a share group's start is the end, the beginning, or a span back") {
    CHECK(share_start("latest").kind == ShareStart::latest);
    CHECK(share_start("earliest").kind == ShareStart::earliest);
    CHECK(share_start("by_duration:PT1H30M").back == std::chrono::minutes{90});
    CHECK(share_start("by_duration:P1DT10S").back == std::chrono::seconds{86'410});
    CHECK(share_start("by_duration:P1X").kind == ShareStart::latest);
}
