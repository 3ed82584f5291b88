// Rule 10: how much a write bucket holds is a setting of its own.
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr std::int64_t mib = 1 << 20;

// How many records of one MiB pass at this moment.
int pass(World& w, const Shard& shard, int tries = 20) {
    int passed = 0;
    while (passed < tries && !w.engine->admit(shard, mib, 1, "k")) ++passed;
    return passed;
}

streams::StreamLimits with_burst(std::int64_t bytes) {
    auto limits = streams::kinesis_limits;
    limits.write_burst_bytes = bytes;
    return limits;
}

}   // namespace

TEST_CASE("without a setting a shard takes one second of its rate at once") {
    World w;
    w.clock().freeze();
    const auto stream = w.create("s");
    CHECK(pass(w, *stream->shard(0)) == 1);
    w.clock().advance(10s);
    CHECK(pass(w, *stream->shard(0)) == 1);
    CHECK(w.engine->write_capacity(*stream) == mib);
}

TEST_CASE("with a burst of 10 MiB 10 MiB pass at once, and then 1 MiB each second") {
    World w{{.write_burst_bytes = 10 * mib}};
    w.clock().freeze();
    const auto stream = w.create("s");
    CHECK(w.engine->write_capacity(*stream) == 10 * mib);
    CHECK(pass(w, *stream->shard(0)) == 10);
    w.clock().advance(999ms);
    CHECK(pass(w, *stream->shard(0)) == 0);
    w.clock().advance(1ms);
    CHECK(pass(w, *stream->shard(0)) == 1);
    w.clock().advance(3s);
    CHECK(pass(w, *stream->shard(0)) == 3);
    w.clock().advance(60s);
    CHECK(pass(w, *stream->shard(0)) == 10);
}

TEST_CASE("a stream's own burst counts before the server's, keeps what was saved, and survives a restart") {
    World w{{.write_burst_bytes = 2 * mib}};
    w.clock().freeze();
    auto stream = w.create("s");
    CHECK(w.wait(w.engine->set_limits(*stream, "kinesis", with_burst(10 * mib))));
    CHECK(w.engine->write_capacity(*stream) == 10 * mib);
    CHECK(pass(w, *stream->shard(0)) == 2);   // more room, and nothing in it
    w.clock().advance(9s);
    CHECK(w.put(*stream->shard(0), {"x"}));   // its balance goes with it
    w.open();
    stream = w.engine->find(w.engine->default_world(), "s");
    CHECK(stream->limits == with_burst(10 * mib));
    CHECK(w.engine->write_capacity(*stream) == 10 * mib);
    CHECK(pass(w, *stream->shard(0)) == 9);
}

TEST_CASE("a server that is started with a smaller burst lets nobody spend what was saved before") {
    World w{{.write_burst_bytes = 10 * mib}};
    w.clock().freeze();
    auto stream = w.create("s");
    CHECK(w.put(*stream->shard(0), {"x"}));
    w.options.write_burst_bytes = 0;
    w.open();
    stream = w.engine->find(w.engine->default_world(), "s");
    CHECK(pass(w, *stream->shard(0)) == 1);
}

TEST_CASE("a burst holds at least one record of the largest size, and is none where writes have no limit") {
    CHECK(streams::write_capacity(with_burst(5), 0, mib) == mib);
    CHECK(streams::write_capacity(with_burst(5), 0, 7 * mib) == 7 * mib);
    CHECK(streams::write_capacity(with_burst(0), 8 * mib, 7 * mib) == 8 * mib);
    CHECK(streams::write_capacity(with_burst(9 * mib), 8 * mib, 7 * mib) == 9 * mib);
    CHECK(streams::write_capacity(streams::no_limits, 8 * mib, mib) == 0);
}

TEST_CASE("Kafka's producers have the same burst: a batch within it makes no debt") {
    World w{{.write_burst_bytes = 10 * mib}};
    w.clock().freeze();
    const auto stream = w.create("s");
    CHECK(w.engine->charge_write(*stream->shard(0), 10 * mib, 10).count() == 0);
    CHECK(w.engine->charge_write(*stream->shard(0), mib, 1).count() == 1000);
}
