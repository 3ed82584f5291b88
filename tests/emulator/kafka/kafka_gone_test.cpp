// A request that would wait, of a client that went before it came to that.
#include <doctest/doctest.h>

#include "emulator/kafka/call.h"
#include "protocol/kafka/messages/fetch.h"
#include "tests/support/engine_fixture.h"

namespace sluice::kafka {
Task<FetchResponse> handle(Call&, const FetchRequest&);
}   // namespace sluice::kafka

using namespace sluice;
using namespace sluice::kafka;

namespace {

struct GoneClient final : Connection {
    GoneClient() { gone.end(); }
    bool closed() const override { return false; }   // nobody has looked
    HostPort advertised() const override { return {}; }
    std::string peer_text() const override { return {}; }
    void answer(Call&, Gathered) override {}
    void no_answer(Call&) override {}
};

// Whether a handler has come to its end when nothing moves any more.
template <class Request>
bool ends(test::World& w, const Request& request, int version) {
    bool ended = false;
    {
        const auto broker = std::make_shared<Broker>(*w.engine, DoorOptions{});
        Call call{.connection = std::make_shared<GoneClient>(),
                  .broker = *broker,
                  .engine = *w.engine,
                  .world = w.engine->default_world(),
                  .frame = {},
                  .header = {},
                  .version = version,
                  .serving = {},
                  .answer = {}};
        auto serve = [&]() -> Task<void> {
            auto handling = handle(call, request);
            (void)co_await std::move(handling);
            ended = true;
        };
        auto task = serve();
        asio::co_spawn(*w.io, std::move(task), stop_loudly);
        w.settle();
        REQUIRE(ended);
    }
    w.settle();
    return ended;
}

}   // namespace

TEST_CASE("a Fetch of a client that has gone does not wait") {
    test::World w;
    w.create("t", 1, "kafka");
    FetchRequest::Partition partition;
    partition.partition_max_bytes = 1000;
    FetchRequest::Topic topic;
    topic.topic = "t";
    topic.partitions = {&partition, 1};
    FetchRequest fetch;
    fetch.max_wait_ms = 300'000;
    fetch.min_bytes = 1;
    fetch.topics = {&topic, 1};
    CHECK(ends(w, fetch, 11));
}
