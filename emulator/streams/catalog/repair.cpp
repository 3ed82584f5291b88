#include "emulator/streams/catalog/repair.h"

#include "emulator/runtime/loop.h"
#include "emulator/streams/state.h"

namespace sluice::streams {

namespace {

// Nothing of what lies under 'A' is read again.
void set_aside(storage::Store& store, const DamagedRecord& damaged) {
    storage::Batch batch;
    const auto snapshot = store.snapshot();
    if (const auto value = snapshot->get(damaged.key)) batch.put(key_of(no_world, 'A', damaged.key), *value);
    batch.erase(damaged.key);
    if (!store.commit(batch))
        throw storage::StartError("a damaged record cannot be set aside: the store is full or the disk failed");
}

}   // namespace

std::vector<std::string> repair(storage::Store& store) {
    std::vector<std::string> said;
    for (;;) {
        const SteadyTime real;
        Random random{0};
        asio::io_context io;
        try {
            const Engine engine{io.get_executor(), store, real, random, EngineOptions{}};
            return said;
        } catch (const DamagedRecord& damaged) {
            set_aside(store, damaged);
            said.emplace_back(damaged.what());
        }
    }
}

}   // namespace sluice::streams
