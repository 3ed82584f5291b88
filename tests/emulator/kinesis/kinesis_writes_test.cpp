// Every operation of the handlers' list beside a store that fails: after a refused answer nothing has changed, after an accepted
// one it is stored, and memory is what a start on the store makes of it. An operation without an example does not compile.
#include <doctest/doctest.h>

#include "tests/emulator/kinesis/examples.h"

using namespace sluice;
using namespace sluice::test;
using kinesis::Operations;
using kinesis::Served;
using nlohmann::json;

namespace {

struct Failing {
    std::uint64_t nth;
    storage::Error error;
    std::uint64_t times;
};

template <class Operation>
void check(milliseconds state_delay, const Failing& failing, bool full) {
    INFO(Operation::operation << ", commit " << failing.nth << " and so many in all: " << failing.times);
    Scene scene{state_delay, full};
    auto& w = scene.w;
    const auto body = Example<Operation>::body(scene);
    const auto before = w.engine->dump();
    w.store.fail(failing.nth, failing.error, failing.times);
    const auto commits = w.store.commits();
    const auto answer = scene.caller.answer(Operation::operation, body);
    const bool met = failing.nth != 0 && w.store.commits() >= commits + failing.nth;
    w.store.fail(0);
    const auto parts = fields_of(answer);
    const bool taken = answer.status == 200 && parts.value("FailedRecordCount", 0) == 0;
    if (failing.nth == 0 && !full) CHECK(answer.status == 200);
    if (full && Operation::operation == "DeleteStream") CHECK(taken);
    const auto stored = scene.stored();
    const auto memory = w.engine->dump();
    CHECK(memory == stored);
    if (Example<Operation>::writes && taken) CHECK(memory != before);
    if (!Example<Operation>::writes || (!taken && answer.status != 200)) CHECK(memory == before);
    if (Example<Operation>::writes && failing.error == storage::Error::io && met && failing.nth == 1) CHECK_FALSE(taken);
    if (state_delay > milliseconds{0}) {
        // The end of the delay cannot be stored at first.
        w.store.fail(failing.nth, failing.error, failing.times);
        w.clock().advance(1s);
        w.settle();
        w.store.fail(0);
        const auto tried = w.engine->dump();
        CHECK(tried == scene.stored());
        w.clock().advance(10s);
        w.settle();
        const auto ended = w.engine->dump();
        CHECK(ended == scene.stored());
    }
}

template <class... Operation>
void check_all(Operations<Operation...>, milliseconds state_delay, const Failing& failing, bool full = false) {
    (check<Operation>(state_delay, failing, full), ...);
}

}   // namespace

TEST_CASE("whichever commit of an operation fails, memory, store and answer agree: nothing has changed, or all of it is stored") {
    for (const auto delay : {0ms, 500ms}) {
        check_all(Served{}, delay, {0, storage::Error::io, 0});
        for (const auto error : {storage::Error::io, storage::Error::no_space})
            for (std::uint64_t nth = 1; nth <= 2; ++nth)
                for (const std::uint64_t times : {1, 2, 100}) check_all(Served{}, delay, {nth, error, times});
    }
}

TEST_CASE("in a full store each operation is refused and changes nothing or is stored, and a stream can be deleted") {
    check_all(Served{}, 0ms, {0, storage::Error::io, 0}, true);
}
