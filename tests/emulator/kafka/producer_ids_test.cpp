// Producer ids as clients get them: never the same twice, whatever fails, restarts or is reset between two requests.
#include <set>

#include "protocol/kafka/messages/init_producer_id.h"
#include "storage/failing.h"
#include "tests/support/kafka_client.h"

using namespace sluice;
using namespace sluice::kafka;

namespace {

InitProducerIdResponse ask_id(Server& server) {
    Client client(server);
    return *client.ask<InitProducerIdResponse>(InitProducerIdRequest{.transactional_id = {}, .transaction_timeout_ms = 60'000}, 4)
                .body;
}

}   // namespace

TEST_CASE("a producer id whose reservation could not be stored is given to nobody, and no other one twice") {
    Server server;
    server.shut();
    auto failing = std::make_unique<storage::FailingStore>(std::move(server.store));
    auto& store = *failing;
    server.store = std::move(failing);
    server.open();
    std::set<std::int64_t> given;
    for (int restart = 0; restart < 3; ++restart) {
        for (int failures = 0; failures < 2; ++failures) {
            store.fail(1, failures == 0 ? storage::Error::io : storage::Error::no_space, 100);
            const auto refused = ask_id(server);
            CHECK(refused.error_code == ErrorCode::kafka_storage_error);
            CHECK(refused.producer_id == -1);
            CHECK(refused.producer_epoch == -1);
        }
        store.fail(0);
        const auto answer = ask_id(server);
        CHECK(answer.error_code == ErrorCode::none);
        CHECK(given.insert(answer.producer_id).second);
        server.reopen();
    }
}

TEST_CASE("a producer from before a reset and one from after it have different ids, and no record is lost between them") {
    Server server;
    server.create("t");
    const auto old = ask_id(server);
    Client client(server);
    const auto put = [&](std::int64_t id, std::string_view value) {
        return produce(client, "t", 0,
                       batch_of({value}, 1'700'000'000'000, {.producer_id = id, .producer_epoch = 0, .base_sequence = 0}));
    };
    CHECK(put(old.producer_id, "before").error_code == ErrorCode::none);
    for (const bool restarted : {false, true}) {
        server.door->forget(server.world());
        server.engine->reset(server.world());
        server.turn();
        if (restarted) server.reopen();
        server.create("t");
        Client again(server);
        const auto fresh = ask_id(server);
        CHECK(fresh.producer_id > old.producer_id);
        const auto send = [&](std::int64_t id, std::string_view value) {
            return produce(again, "t", 0,
                           batch_of({value}, 1'700'000'000'000, {.producer_id = id, .producer_epoch = 0, .base_sequence = 0}));
        };
        CHECK(send(old.producer_id, "from the old one").base_offset == 0);
        CHECK(send(fresh.producer_id, "from the new one").base_offset == 1);
    }
}
