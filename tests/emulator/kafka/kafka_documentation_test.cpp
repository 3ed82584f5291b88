// Every API that Kafka 4.4.0 tells its clients is served, and the compatibility page has its row with the versions.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "emulator/kafka/dispatch.h"
#include "tests/support/kafka_client.h"
#include "tests/support/source_folder.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

// What a 4.4.0 broker tells in ApiVersions on a client listener (seen).
struct Known {
    std::int16_t key;
    std::string_view name;
};
// clang-format off
constexpr Known known[] = {
    {0, "Produce"}, {1, "Fetch"}, {2, "ListOffsets"}, {3, "Metadata"}, {8, "OffsetCommit"}, {9, "OffsetFetch"},
    {10, "FindCoordinator"}, {11, "JoinGroup"}, {12, "Heartbeat"}, {13, "LeaveGroup"}, {14, "SyncGroup"},
    {15, "DescribeGroups"}, {16, "ListGroups"}, {17, "SaslHandshake"}, {18, "ApiVersions"}, {19, "CreateTopics"},
    {20, "DeleteTopics"}, {21, "DeleteRecords"}, {22, "InitProducerId"}, {23, "OffsetForLeaderEpoch"},
    {24, "AddPartitionsToTxn"}, {25, "AddOffsetsToTxn"}, {26, "EndTxn"}, {27, "WriteTxnMarkers"}, {28, "TxnOffsetCommit"},
    {29, "DescribeAcls"}, {30, "CreateAcls"}, {31, "DeleteAcls"}, {32, "DescribeConfigs"}, {33, "AlterConfigs"},
    {34, "AlterReplicaLogDirs"}, {35, "DescribeLogDirs"}, {36, "SaslAuthenticate"}, {37, "CreatePartitions"},
    {38, "CreateDelegationToken"}, {39, "RenewDelegationToken"}, {40, "ExpireDelegationToken"}, {41, "DescribeDelegationToken"},
    {42, "DeleteGroups"}, {43, "ElectLeaders"}, {44, "IncrementalAlterConfigs"}, {45, "AlterPartitionReassignments"},
    {46, "ListPartitionReassignments"}, {47, "OffsetDelete"}, {48, "DescribeClientQuotas"}, {49, "AlterClientQuotas"},
    {50, "DescribeUserScramCredentials"}, {51, "AlterUserScramCredentials"}, {55, "DescribeQuorum"}, {57, "UpdateFeatures"},
    {60, "DescribeCluster"}, {61, "DescribeProducers"}, {64, "UnregisterBroker"}, {65, "DescribeTransactions"},
    {66, "ListTransactions"}, {68, "ConsumerGroupHeartbeat"}, {69, "ConsumerGroupDescribe"}, {74, "ListConfigResources"},
    {75, "DescribeTopicPartitions"}, {76, "ShareGroupHeartbeat"}, {77, "ShareGroupDescribe"}, {78, "ShareFetch"},
    {79, "ShareAcknowledge"}, {80, "AddRaftVoter"}, {81, "RemoveRaftVoter"}, {83, "InitializeShareGroupState"},
    {84, "ReadShareGroupState"}, {85, "WriteShareGroupState"}, {86, "DeleteShareGroupState"},
    {87, "ReadShareGroupStateSummary"}, {88, "StreamsGroupHeartbeat"}, {89, "StreamsGroupDescribe"},
    {90, "DescribeShareGroupOffsets"}, {91, "AlterShareGroupOffsets"}, {92, "DeleteShareGroupOffsets"},
    {93, "StreamsGroupTopologyDescriptionUpdate"}, {94, "UnregisterController"},
};
// clang-format on

}   // namespace

TEST_CASE("every API that a 4.4.0 broker tells is served and told, and the compatibility page has it with its versions") {
    CHECK(std::size(known) == 77);
    std::ifstream in(SLUICE_SOURCE_DIR "/docs/compatibility.md");
    std::stringstream text;
    text << in.rdbuf();
    const auto page = text.str();
    for (const auto& api : known) {
        CAPTURE(api.name);
        const auto* route = find_route(api.key);
        REQUIRE(route);
        CHECK(route->told);
        CHECK(route->api.name == api.name);
        const auto row = fmt::format("\n| {} | {} | ", api.key, api.name);
        const auto at = page.find(row);
        REQUIRE(at != std::string::npos);
        // Produce tells more than it serves, and its row says so.
        const auto versions = fmt::format("{}–{} ", route->min, route->max);
        if (api.key != 0) CHECK(page.substr(at + row.size(), versions.size()) == versions);
    }
    CHECK(std::ranges::count_if(all_routes(), &Route::told) == std::ssize(known));
}
