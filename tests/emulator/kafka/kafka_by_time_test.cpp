// Places by record time: on disk a thread looks for them, in memory the loop does, and both find the same.
#include <doctest/doctest.h>

#include "emulator/kafka/logs/by_time.h"
#include "tests/support/engine_fixture.h"

using namespace sluice;
using namespace sluice::test;

TEST_CASE("the record with the largest time is found by a thread, and is the same that the loop finds") {
    for (const bool on_thread : {false, true}) {
        World w{{.reads_on_thread = on_thread}};
        const auto stream = w.create("s", 1, "none");
        auto& shard = *stream->shards[0];
        const auto began = w.clock().now();
        const auto find = [&] {
            kafka::PlaceInTime found;
            auto whole = [&]() -> Task<void> {
                auto looking = kafka::largest_timestamp(*w.engine, stream, shard);
                found = co_await std::move(looking);
            };
            auto task = whole();
            asio::co_spawn(*w.io, std::move(task), asio::detached);
            w.settle();
            return found;
        };
        CHECK_FALSE(find());
        REQUIRE(w.put(shard, {"a", "b"}));
        w.time.move(5s);
        // More than is looked at in one piece.
        for (int i = 0; i < 40; ++i) REQUIRE(w.put(shard, {std::string(1'000'000, 'x')}));
        w.time.move(5s);
        REQUIRE(w.put(shard, {"c", "d"}));
        CHECK(find() == std::pair<streams::Position, std::int64_t>{42, to_ms(began + 10s)});
    }
}
