// What stands behind engine.h: what was handed in, and the parts of the engine. Its own files see this, nobody else does.
#pragma once

#include "emulator/streams/catalog/catalog.h"
#include "emulator/streams/catalog/keys.h"
#include "emulator/streams/kept.h"
#include "emulator/streams/log/cleaner.h"
#include "emulator/streams/log/extents.h"
#include "emulator/streams/log/reader.h"
#include "emulator/streams/log/upkeep.h"
#include "emulator/streams/log/writer.h"
#include "emulator/streams/queues/queues.h"

namespace sluice::streams {

struct Engine::State : std::enable_shared_from_this<Engine::State> {
    State(Engine& front, Executor, storage::Store&, const RealTime&, Random&, EngineOptions);

    Engine& listeners;   // who told the engine what they want to hear: its on_ lists
    Executor executor;
    storage::Store& store;
    const RealTime& real;
    Random& random;
    EngineOptions options;
    Events events;

    Catalog catalog;
    Extents extents;
    Writer writer;
    Reader reader;
    Upkeep upkeep;
    Cleaner cleaner;
    Kept kept;
    std::unique_ptr<Queues> queues;   // stand on all of it
    Worker aside;                     // works, where the reader's thread waits
};

}   // namespace sluice::streams
