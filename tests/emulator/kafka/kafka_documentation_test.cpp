// The compatibility page names every API that Kafka 4.4.0 has and this server lacks: the list is derived from what is served.
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

TEST_CASE("the compatibility page names every Kafka API that is missing, and none that is served") {
    CHECK(std::size(known) == 77);
    std::ifstream in(SLUICE_SOURCE_DIR "/docs/compatibility.md");
    std::stringstream text;
    text << in.rdbuf();
    const auto page = text.str();
    const auto missing = page.substr(page.find("## Not emulated yet"));
    std::size_t rows = 0;
    for (const auto& api : known) {
        const auto row = "\n| " + std::to_string(api.key) + " | " + std::string(api.name) + " |";
        const auto* route = find_route(api.key);
        CAPTURE(api.name);
        CHECK(missing.contains(row) == !route);
        if (route) CHECK(route->api.name == api.name);
        rows += route ? 0 : 1;
    }
    std::size_t told = 0;
    for (std::size_t at = missing.find("\n| "); at != std::string::npos; at = missing.find("\n| ", at + 1)) ++told;
    CHECK(told == rows + 2);   // and the head of the table
}
