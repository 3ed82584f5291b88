// gzip and Zstandard made of pieces as they come: one member, one frame, whatever the pieces. For what is larger than anybody
// wants to hold at once.
#pragma once

#include <memory>

#include "protocol/batch/header.h"

namespace sluice::batch {

enum class Packing : std::uint8_t { none, gzip, zstd };

class Packer {
  public:
    explicit Packer(Packing);
    ~Packer();
    Packer(const Packer&) = delete;
    Packer& operator=(const Packer&) = delete;
    // What is packed so far is appended to `out`; the same bytes in make the same bytes out, but for how they are cut.
    void add(Bytes in, Blob& out);
    void end(Blob& out);   // nothing is added afterwards

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}   // namespace sluice::batch
