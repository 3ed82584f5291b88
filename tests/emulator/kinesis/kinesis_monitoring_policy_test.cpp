// Enhanced monitoring and resource policies: kept, told again, and without further effect.
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

using Stream = KinesisStream;

const json arn = "arn:aws:kinesis:us-east-1:000000000000:stream/s";
const json every{"IncomingBytes",
                 "IncomingRecords",
                 "OutgoingBytes",
                 "OutgoingRecords",
                 "WriteProvisionedThroughputExceeded",
                 "ReadProvisionedThroughputExceeded",
                 "IteratorAgeMilliseconds"};

}   // namespace

TEST_CASE("the answer says which metrics were on before and which are on now, and descriptions say it too") {
    Stream s;
    const auto change = [&](const char* operation, json metrics) {
        return s.ask(operation, {{"ShardLevelMetrics", std::move(metrics)}});
    };
    CHECK(change("EnableEnhancedMonitoring", {"OutgoingBytes", "IncomingBytes"}) ==
          json{{"StreamName", "s"},
               {"CurrentShardLevelMetrics", json::array()},
               {"DesiredShardLevelMetrics", {"IncomingBytes", "OutgoingBytes"}},
               {"StreamARN", arn}});
    const auto shown = [&](const char* operation, const char* member) {
        return s.ask(operation, json::object())[member]["EnhancedMonitoring"];
    };
    const json two{{{"ShardLevelMetrics", {"IncomingBytes", "OutgoingBytes"}}}};
    CHECK(shown("DescribeStream", "StreamDescription") == two);
    CHECK(shown("DescribeStreamSummary", "StreamDescriptionSummary") == two);
    CHECK(change("EnableEnhancedMonitoring", {"ALL"})["DesiredShardLevelMetrics"] == every);
    s.world.open();
    const auto less = change("DisableEnhancedMonitoring", {"IteratorAgeMilliseconds"});
    CHECK(less["CurrentShardLevelMetrics"] == every);
    CHECK(less["DesiredShardLevelMetrics"].size() == 6);
    CHECK(change("DisableEnhancedMonitoring", {"ALL"})["DesiredShardLevelMetrics"] == json::array());
    CHECK(shown("DescribeStream", "StreamDescription") == json{{{"ShardLevelMetrics", json::array()}}});
}

TEST_CASE("no metrics, too many and unknown ones are refused") {
    Stream s;
    const auto refused = [&](json metrics) {
        return s.refusal("EnableEnhancedMonitoring", {{"ShardLevelMetrics", std::move(metrics)}});
    };
    CHECK(
        refused(json::array()) ==
        "ValidationException: 1 validation error detected: Value '[]' at 'shardLevelMetrics' failed to satisfy constraint: Member "
        "must have length greater than or equal to 1");
    auto eight = every;
    eight.push_back("ALL");
    CHECK(refused(eight).contains("Member must have length less than or equal to 7"));
    CHECK(refused({"Latency"}).contains("Member must satisfy constraint: [Member must satisfy enum value set: [IncomingBytes, "));
    s.world.store.fail(1);
    CHECK(refused({"ALL"}) == "InternalFailure: Internal service failure.");
    CHECK(s.ask("DescribeStream", json::object())["StreamDescription"]["EnhancedMonitoring"][0]["ShardLevelMetrics"].empty());
}

TEST_CASE("a policy is given back as it was sent, the last one counts, and without one there is an empty one") {
    Stream s;
    const auto get = [&] { return s.ask("GetResourcePolicy", {{"ResourceARN", arn}}); };
    CHECK(get() == json{{"Policy", "{}"}});
    CHECK(s.refusal("DeleteResourcePolicy", {{"ResourceARN", arn}}).starts_with("ResourceNotFoundException"));
    const std::string policy = R"({ "Version" : "2012-10-17", "Statement":[{"Sid":"é","Effect":"Allow"}] })";
    CHECK(s.refusal("PutResourcePolicy", {{"ResourceARN", arn}, {"Policy", R"({"Statement":[]})"}}) == "");
    CHECK(s.refusal("PutResourcePolicy", {{"ResourceARN", arn}, {"Policy", policy}}) == "");
    s.world.open();
    CHECK(get()["Policy"] == policy);
    CHECK(s.refusal("DeleteResourcePolicy", {{"ResourceARN", arn}}) == "");
    CHECK(get() == json{{"Policy", "{}"}});
}

TEST_CASE("a policy that is no JSON object is refused, and so is one for what is not there") {
    Stream s;
    for (const std::string bad : {"", "x", "[]", "{", "{} {}", "\"text\""}) {
        CAPTURE(bad);
        CHECK(s.refusal("PutResourcePolicy", {{"ResourceARN", arn}, {"Policy", bad}}) ==
              "InvalidArgumentException: Policy is not a JSON object of at most 20480 bytes.");
    }
    const auto long_one = json{{"Statement", std::string(20'480, 'x')}}.dump();
    CHECK(s.refusal("PutResourcePolicy", {{"ResourceARN", arn}, {"Policy", long_one}}).starts_with("InvalidArgumentException"));
    for (const auto* operation : {"GetResourcePolicy", "DeleteResourcePolicy"})
        CHECK(s.refusal(operation, {{"ResourceARN", "arn:aws:kinesis:us-east-1:000000000000:stream/nobody"}}) ==
              "ResourceNotFoundException: Stream nobody under account 000000000000 not found.");
    CHECK(s.refusal("PutResourcePolicy",
                    {{"ResourceARN", "arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1"}, {"Policy", "{}"}}) ==
          "ResourceNotFoundException: Consumer c of stream s under account 000000000000 not found.");
}
