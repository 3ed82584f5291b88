// Rule 33: which door made a stream is one fact, its limits are another.
#include "tests/support/kinesis_call.h"

using namespace sluice;
using namespace sluice::test;
using nlohmann::json;

TEST_CASE("with --kinesis-limits none a Kinesis stream keeps its manners: only its rates are gone") {
    World w{{.kinesis_profile = "none"}};
    Caller caller{w};
    caller.ask("CreateStream", {{"StreamName", "s"}, {"ShardCount", 1}});
    auto stream = w.engine->find(w.engine->default_world(), "s");
    REQUIRE(stream);
    CHECK(stream->limits == streams::no_limits);
    CHECK(stream->kinesis_manners());
    // It seals on a reshard and deals nothing anew.
    CHECK_FALSE(w.engine->add_partitions(*stream, 2));
    stream.reset();
    w.open();
    stream = w.engine->find(w.engine->default_world(), "s");
    CHECK(stream->kinesis_manners());
}

TEST_CASE("limits of another profile change no manners, in either direction") {
    World w;
    auto topic = w.create("topic", 1, "kafka"), stream = w.create("stream", 1, "kinesis");
    CHECK(w.wait(w.engine->set_limits(*topic, "kinesis", streams::kinesis_limits)));
    CHECK(w.wait(w.engine->set_limits(*stream, "none", streams::no_limits)));
    for (int start = 0; start < 2; ++start) {
        CHECK_FALSE(topic->kinesis_manners());
        CHECK(stream->kinesis_manners());
        CHECK(w.engine->add_partitions(*topic, static_cast<std::int32_t>(topic->shards.size()) + 1));
        CHECK_FALSE(w.engine->add_partitions(*stream, 2));
        w.settle();
        topic.reset(), stream.reset();
        w.open();
        topic = w.engine->find(w.engine->default_world(), "topic"), stream = w.engine->find(w.engine->default_world(), "stream");
    }
}

TEST_CASE("what people are shown as a stream's limits is a profile's name while they are its own") {
    CHECK(streams::limits_name("kinesis", streams::kinesis_limits) == "kinesis");
    CHECK(streams::limits_name("none", streams::no_limits) == "none");
    auto own = streams::kinesis_limits;
    own.write_records_per_second = 10;
    CHECK(streams::limits_name("kinesis", own) == "custom");
}
