#include "emulator/streams/catalog/set_aside.h"

#include <string>

namespace sluice::streams {

bool set_aside(storage::Store& store, std::string_view key) {
    std::string kept;
    {
        const auto now = store.snapshot();
        const auto value = now->get(key);
        if (!value) return false;
        kept = *value;
    }
    // Behind the number that no world has, like the folder's own record.
    const auto name = std::string(4, '\xFF') + "A" + std::string{key};
    storage::Batch batch;
    batch.put(name, kept);
    batch.put(key, {});
    return store.commit(batch).has_value();
}

}   // namespace sluice::streams
