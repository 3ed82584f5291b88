// The table of features, and its finalized levels in the store.
#include "emulator/kafka/features.h"

#include <algorithm>

#include "emulator/kafka/groups/stored.h"

namespace sluice::kafka {

namespace {

// Levels as a stock 4.4.0 node has them (seen). A line here says that the APIs behind it are served.
constexpr Feature feature_rows[] = {
    {.name = "eligible.leader.replicas.version", .min = 0, .max = 1, .fresh = 1},
    {.name = "group.version", .min = 0, .max = 1, .fresh = 1},
    {.name = "kraft.version", .min = 0, .max = 1, .fresh = 1},
    {.name = "metadata.version", .min = 7, .max = 33, .fresh = 33},
    {.name = "share.version", .min = 0, .max = 2, .fresh = 2},
    {.name = "streams.version", .min = 0, .max = 1, .fresh = 1},
    {.name = "transaction.version", .min = 0, .max = 2, .fresh = 2},
};
static_assert(std::ranges::is_sorted(feature_rows, {}, &Feature::name));

constexpr std::string_view features_key = "kafka/features";

struct StoredFeatures {
    static constexpr Api api{.key = -1, .name = "StoredFeatures", .min = 0, .max = 0, .flexible_from = 0};
    struct Level {
        std::string name;
        std::int16_t level{};
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("level", m.level, since(0));
        }
    };
    std::int64_t epoch{};
    std::vector<Level> levels;   // that UpdateFeatures set
    static constexpr void fields(auto& m, auto& f) {
        f("epoch", m.epoch, since(0));
        f("levels", m.levels, since(0));
    }
};

}   // namespace

std::span<const Feature> all_features() { return feature_rows; }

const Feature* find_feature(std::string_view name) {
    const auto* found = std::ranges::lower_bound(feature_rows, name, {}, &Feature::name);
    return found != std::end(feature_rows) && found->name == name ? found : nullptr;
}

Features::Features(streams::Engine& engine) : engine_(engine) { load(); }

void Features::clear() {
    changed_.clear();
    epoch_ = 1;
}

void Features::load() {
    clear();
    const auto value = engine_.get(engine_.default_world(), features_key);
    const auto stored = value ? unpack<StoredFeatures>(*value) : std::nullopt;
    if (!stored) return;
    epoch_ = stored->epoch;
    for (const auto& one : stored->levels) changed_[one.name] = one.level;
}

bool Features::is_key(std::string_view key) { return key == features_key; }

std::int16_t Features::level(std::string_view name) const {
    const auto* feature = find_feature(name);
    if (!feature) return 0;
    const auto found = changed_.find(name);
    return found == changed_.end() ? feature->fresh : std::clamp(found->second, feature->min, feature->max);
}

streams::Ticket Features::set(const std::map<std::string_view, std::int16_t>& levels) {
    for (const auto& [name, level] : levels) changed_[std::string(name)] = level;
    StoredFeatures stored{.epoch = ++epoch_, .levels = {}};
    for (const auto& [name, level] : changed_) stored.levels.push_back({.name = name, .level = level});
    return engine_.put(engine_.default_world(), features_key, pack(stored));
}

}   // namespace sluice::kafka
