// The cluster's features (KIP-584): what this server could do and which level of it is in force. One table; a feature that is
// served is one line there. Levels that UpdateFeatures changed are kept in the store, with the cluster's id.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "emulator/streams/engine.h"

namespace sluice::kafka {

struct Feature {
    std::string_view name;
    std::int16_t min, max;   // supported
    std::int16_t fresh;      // finalized in a new cluster
};
// By name.
std::span<const Feature> all_features();
const Feature* find_feature(std::string_view name);

class Features {
  public:
    explicit Features(streams::Engine&);
    // The finalized level; 0 for one that is switched off or not known.
    std::int16_t level(std::string_view name) const;
    // Grows with each change.
    std::int64_t epoch() const { return epoch_; }
    // Precondition: levels that are supported.
    streams::Ticket set(const std::map<std::string_view, std::int16_t>&);
    static bool is_key(std::string_view key);
    void load();   // what the store holds
    void clear();

  private:
    streams::Engine& engine_;
    std::map<std::string, std::int16_t, std::less<>> changed_;
    std::int64_t epoch_ = 1;
};

}   // namespace sluice::kafka
