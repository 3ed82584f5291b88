// How often a second an account may call, and how much it may have, where everything is as strict as at AWS.
#include "emulator/kinesis/rates.h"

#include "emulator/streams/limits/call_rates.h"
#include "tests/emulator/kinesis/examples.h"
#include "tests/support/kinesis_stream.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

namespace {

const std::string arn = "arn:aws:kinesis:us-east-1:000000000000:stream/";

std::string text_of(const json& told) { return told.contains("message") ? told["message"].get<std::string>() : ""; }

struct Under : Scene {
    explicit Under(const char* profile, milliseconds state_delay = 0ms) : Scene(state_delay) {
        w.options.kinesis_profile = profile;
        w.open();
    }
    std::string refusal(const char* operation, const json& body) { return text_of(caller.ask(operation, body)); }
};

// Of the stream that a request is about; empty: of none.
std::string name_in(const json& body) {
    if (body.contains("StreamName")) return body["StreamName"];
    const auto text = body.dump();
    const auto at = text.find(":stream/");
    if (at == std::string::npos) return "";
    const auto begin = at + std::string{":stream/"}.size();
    return text.substr(begin, text.find_first_of("\"/", begin) - begin);
}

template <class Operation>
void hold_the_rate_of(const kinesis::Rate& rate) {
    CAPTURE(Operation::operation);
    Under s{"kinesis-strict"};
    const auto body = Example<Operation>::body(s);
    const auto refused = [&] { return text_of(s.caller.ask(Operation::operation, body)).starts_with("Rate exceeded for "); };
    for (int call = 0; call < rate.per_second; ++call) CHECK_FALSE(refused());
    const auto told = s.caller.ask(Operation::operation, body);
    CHECK(told["__type"] == "LimitExceededException");
    const auto name = name_in(body);
    CHECK(told["message"] == (name.empty() ? "Rate exceeded for account 000000000000."
                                           : "Rate exceeded for stream " + name + " under account 000000000000."));
    (void)s.w.clock().advance(milliseconds{1000 / rate.per_second});
    CHECK_FALSE(refused());
    CHECK(refused());
    (void)s.w.clock().advance(1h);   // a second's worth, and no more
    for (int call = 0; call < rate.per_second; ++call) CHECK_FALSE(refused());
    CHECK(refused());
}

template <class Operation>
void hold_no_rate() {
    CAPTURE(Operation::operation);
    for (const auto* profile : {"kinesis", "none"}) {
        Under s{profile};
        const auto body = Example<Operation>::body(s);
        for (int call = 0; call < 25; ++call)
            CHECK_FALSE(text_of(s.caller.ask(Operation::operation, body)).starts_with("Rate exceeded for "));
    }
}

template <class... Operation, class Do>
int with_rates(kinesis::Operations<Operation...>, Do each) {
    int count = 0;
    const auto look = [&]<class One>(std::type_identity<One> one) {
        if (const auto rate = kinesis::rate_of(One::operation)) each(one, *rate), ++count;
    };
    (look(std::type_identity<Operation>{}), ...);
    return count;
}

}   // namespace

TEST_CASE("each operation is answered as often in one instant as its rate says, then once more when a call's worth has passed") {
    const auto count = with_rates(
        kinesis::Served{}, []<class One>(std::type_identity<One>, const kinesis::Rate& rate) { hold_the_rate_of<One>(rate); });
    CHECK(count == std::ssize(kinesis::rates));   // each row is of an operation that is served
}

TEST_CASE("other profiles hold no rate of calls") {
    with_rates(kinesis::Served{}, []<class One>(std::type_identity<One>, const kinesis::Rate&) { hold_no_rate<One>(); });
}

TEST_CASE("a stream's rate is its own, an account's is shared by all its streams, and each operation has one of its own") {
    Under s{"kinesis-strict"};
    for (int call = 0; call < 5; ++call) {
        CHECK(s.refusal("ListStreamConsumers", {{"StreamARN", arn + "s"}}) == "");
        CHECK(s.refusal("ListStreamConsumers", {{"StreamARN", arn + "other"}}) == "");
        CHECK(s.refusal("ListTagsForStream", {{"StreamName", call % 2 == 0 ? "s" : "other"}}) == "");
    }
    CHECK(s.refusal("ListStreamConsumers", {{"StreamARN", arn + "other"}}) ==
          "Rate exceeded for stream other under account 000000000000.");
    CHECK(s.refusal("ListTagsForStream", {{"StreamName", "s"}}) == "Rate exceeded for stream s under account 000000000000.");
    CHECK(s.refusal("DescribeStreamSummary", {{"StreamName", "s"}}) == "");
    // A consumer is of its stream; a stream that is not there is told so, however often.
    const auto consumer = arn + "other/consumer/reader:" + std::to_string(to_ms(s.w.clock().now()) / 1000);
    for (int call = 0; call < 20; ++call)
        CHECK_FALSE(s.refusal("DescribeStreamConsumer", {{"ConsumerARN", consumer}}).starts_with("Rate"));
    CHECK(s.refusal("DescribeStreamConsumer", {{"ConsumerARN", consumer}}) ==
          "Rate exceeded for stream other under account 000000000000.");
    for (int call = 0; call < 9; ++call)
        CHECK(s.refusal("ListStreamConsumers", {{"StreamARN", arn + "none"}}).ends_with("not found."));
}

TEST_CASE("each consumer may ask for each shard once a second, whether it stays or goes") {
    Under s{"kinesis-strict"};
    auto body = Example<kinesis::SubscribeToShard>::body(s);
    const auto refusal = [&](const std::string& shard) {
        body["ShardId"] = shard;
        return s.refusal("SubscribeToShard", body);
    };
    const std::string stream = name_in(body), rate = "Rate exceeded for stream " + stream + " under account 000000000000.";
    CHECK_FALSE(refusal("shardId-000000000000").starts_with("Rate"));
    CHECK(refusal("shardId-000000000000") == rate);
    CHECK_FALSE(refusal("shardId-000000000001").starts_with("Rate"));
    (void)s.caller.ask("RegisterStreamConsumer", {{"StreamARN", arn + stream}, {"ConsumerName", "another"}});
    body["ConsumerARN"] =
        s.caller.ask("DescribeStreamConsumer",
                     {{"StreamARN", arn + stream}, {"ConsumerName", "another"}})["ConsumerDescription"]["ConsumerARN"];
    CHECK_FALSE(refusal("shardId-000000000000").starts_with("Rate"));
    CHECK(refusal("shardId-000000000000") == rate);
}

TEST_CASE("accounts that are apart have rates of their own") {
    Under s{"kinesis-strict"};
    s.caller.options.separate_scopes = true;
    for (const auto* account : {"111111111111", "222222222222"})
        for (const auto* region : {"us-east-1", "eu-west-1"}) {
            s.caller.key = account, s.caller.region = region;
            CHECK(s.refusal("DescribeLimits", json::object()) == "");
            CHECK(s.refusal("DescribeLimits", json::object()) == std::string{"Rate exceeded for account "} + account + ".");
        }
}

TEST_CASE("a call that does not parse is not counted, and a reset leaves nothing of what was") {
    Under s{"kinesis-strict"};
    for (int call = 0; call < 9; ++call)
        CHECK(s.refusal("SplitShard", {{"StreamName", "s"}}).contains("validation errors detected"));
    CHECK(s.refusal("DescribeLimits", json::object()) == "");
    CHECK(s.refusal("DescribeLimits", json::object()) != "");
    s.w.engine->reset(s.w.engine->default_world(), s.w.clock().now() - 1h);
    s.w.settle();
    CHECK(s.refusal("DescribeLimits", json::object()) == "");
}

TEST_CASE("with `clock auto` the clock jumps for a caller that called too often") {
    Under s{"kinesis-strict"};
    s.w.clock().go_by_need();
    const auto before = s.w.clock().now();
    CHECK(s.refusal("DescribeLimits", json::object()) == "");
    CHECK(s.refusal("DescribeLimits", json::object()) != "");
    CHECK(s.w.clock().now() - before == 1s);
    CHECK(s.refusal("DescribeLimits", json::object()) == "");
}

TEST_CASE("callers that have not called for a second are forgotten, however many there were") {
    streams::CallRates calls;
    for (int i = 0; i < 100'000; ++i) CHECK_FALSE(calls.admit(std::to_string(i), 5, from_ms(i)));
    CHECK(calls.size() < 1'000);
    for (int i = 0; i < 4; ++i) CHECK_FALSE(calls.admit("99999", 5, from_ms(99'999)));
    CHECK(calls.admit("99999", 5, from_ms(99'999)) == 200ms);
    CHECK(calls.admit("99999", 5, from_ms(100'100)) == 99ms);
}

// ---- what an account may have ----

namespace {

struct Strict : KinesisStream {
    explicit Strict(milliseconds state_delay = 0ms, const char* profile = "kinesis-strict")
        : KinesisStream({.state_delay = state_delay, .kinesis_profile = profile}) {}
    std::string create(const std::string& name, json more = json::object()) {
        (void)world.clock().advance(200ms);
        more["StreamName"] = name;
        return refusal("CreateStream", more);
    }
};

}   // namespace

TEST_CASE("five streams may be CREATING or DELETING at once") {
    Strict s{1h};
    const std::string too_many =
        "LimitExceededException: This request would have exceed the limit on the number of streams that can simultaneously be in "
        "CREATING or DELETING for the account 000000000000. Limit: 5.";
    for (const auto* name : {"a", "b", "c", "d", "e"}) CHECK(s.create(name, {{"ShardCount", 1}}) == "");
    CHECK(s.create("f", {{"ShardCount", 1}}) == too_many);
    CHECK(s.create("a", {{"ShardCount", 1}}) == "ResourceInUseException: Stream a under account 000000000000 already exists.");
    (void)s.world.clock().advance(1h);
    CHECK(s.create("f", {{"ShardCount", 1}}) == "");
    for (const auto* name : {"a", "b", "c", "d"}) CHECK(s.refusal("DeleteStream", {{"StreamName", name}}) == "");
    CHECK(s.create("g", {{"ShardCount", 1}}) == too_many);
    s.world.open();
    CHECK(s.create("g", {{"ShardCount", 1}}) == too_many);
    (void)s.world.clock().advance(1h);
    CHECK(s.create("g", {{"ShardCount", 1}}) == "");
    Strict lenient{1h, "kinesis"};
    for (const auto* name : {"a", "b", "c", "d", "e", "f", "g"}) CHECK(lenient.create(name) == "");
}

TEST_CASE("an account has fifty streams on demand, by CreateStream or by UpdateStreamMode") {
    Strict s;
    const std::string too_many =
        "LimitExceededException: This request would exceed the limit on the number of On-Demand streams for the account "
        "000000000000 in us-east-1. Current On-Demand streams count: 50. Limit: 50.";
    for (int i = 0; i < 50; ++i) CHECK(s.create("d" + std::to_string(i)) == "");
    CHECK(s.create("d50") == too_many);
    CHECK(s.create("p", {{"ShardCount", 1}}) == "");
    CHECK(s.refusal("UpdateStreamMode", {{"StreamARN", arn + "p"}, {"StreamModeDetails", {{"StreamMode", "ON_DEMAND"}}}}) ==
          too_many);
    CHECK(s.refusal("DeleteStream", {{"StreamName", "d7"}}) == "");
    CHECK(s.create("d50") == "");
    Strict lenient{0ms, "kinesis"};
    for (int i = 0; i < 51; ++i) CHECK(lenient.create("d" + std::to_string(i)) == "");
}

TEST_CASE("an account has 20,000 shards in the largest regions and 6,000 elsewhere") {
    Strict s;
    s.caller.region = "eu-north-1";
    CHECK(s.caller.ask("DescribeLimits", json::object())["ShardLimit"] == 6'000);
    CHECK(s.create("large", {{"ShardCount", 5'998}}) == "");
    CHECK(
        s.create("two", {{"ShardCount", 2}}) ==
        "LimitExceededException: This request would exceed the shard limit for the account 000000000000 in eu-north-1. Current shard "
        "count for the account: 5999. Limit: 6000. Number of additional shards that would have resulted from this request: 2. "
        "Refer to the AWS Service Limits page (http://docs.aws.amazon.com/general/latest/gr/aws_service_limits.html) for current "
        "limits and how to request higher limits.");
    CHECK(s.create("one", {{"ShardCount", 1}}) == "");
    const json middle{{"ShardToSplit", "0"}, {"NewStartingHashKey", "170141183460469231731687303715884105728"}};
    CHECK(s.refusal("SplitShard", middle).contains("Number of additional shards that would have resulted from this request: 1."));
    CHECK(s.refusal("UpdateShardCount", {{"TargetShardCount", 2}, {"ScalingType", "UNIFORM_SCALING"}}).contains("Limit: 6000."));
    s.caller.region = "us-east-1";
    CHECK(s.refusal("SplitShard", middle) == "");
    (void)s.world.clock().advance(1s);
    CHECK(s.caller.ask("DescribeLimits", json::object())["ShardLimit"] == 20'000);
}
