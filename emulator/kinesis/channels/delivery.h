// Delivery of channels to a folder: FOLDER/BUCKET/KEY (of another world than the first FOLDER/@WORLD/BUCKET/KEY). Each shard has
// objects of its own, one after the other. An object begins with the first record that is in none yet and ends where the records
// are younger than it by the channel's freshness, or at a size; it is written when the clock has come that far. Where it ends
// follows from the log alone, and is stored before the object gets its name, so that one that is written once more after a kill
// is the same (docs/decisions/030). A shard costs nothing until it has records that are not delivered; then a timer.
#pragma once

#include <memory>
#include <string>

#include "emulator/streams/engine.h"

namespace sluice::kinesis {

class Delivery {
  public:
    // `separate_scopes`: names of streams and channels have account and region before them, which no key shows (rule 3).
    Delivery(streams::Engine&, std::string folder, bool separate_scopes = false);
    ~Delivery();
    Delivery(const Delivery&) = delete;
    Delivery& operator=(const Delivery&) = delete;
    // Ends the thread behind what it is at. An object that is not finished is written by the next server.
    void stop();

  private:
    struct State;
    std::vector<std::shared_ptr<State>> worlds_;
};

}   // namespace sluice::kinesis
