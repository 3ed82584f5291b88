// A part of the engine: catalog, writer, reader, upkeep, extents, kept. Each keeps its data to itself; the others ask it by its
// functions, through `engine_`.
#pragma once

#include "emulator/streams/engine.h"

namespace sluice::streams {

class EnginePart {
  public:
    explicit EnginePart(Engine::State& engine) : engine_(engine) {}
    EnginePart(const EnginePart&) = delete;
    EnginePart& operator=(const EnginePart&) = delete;

  protected:
    ~EnginePart() = default;
    Engine::State& engine_;
};

using OwnedStream = std::shared_ptr<Stream>;

// Doors hold streams and shards that they cannot change; the engine made them and may.
inline Stream& own(const Stream& stream) { return const_cast<Stream&>(stream); }
inline Shard& own(const Shard& shard) { return const_cast<Shard&>(shard); }
inline OwnedStream own(const StreamPointer& stream) { return std::const_pointer_cast<Stream>(stream); }

[[noreturn]] void stop_for_bug(const char* why);   // engine.cpp

}   // namespace sluice::streams
