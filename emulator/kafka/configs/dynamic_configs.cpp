// Keys: "kafka/config/" the resource's number "/" its name.
#include "emulator/kafka/configs/dynamic_configs.h"

#include "emulator/kafka/groups/stored.h"

namespace sluice::kafka {

namespace {

constexpr std::string_view config_prefix = "kafka/config/";

struct StoredSettings {
    static constexpr Api api{.key = -1, .name = "StoredSettings", .min = 0, .max = 0, .flexible_from = 0};
    struct Setting {
        std::string name, value;
        static constexpr void fields(auto& m, auto& f) {
            f("name", m.name, since(0));
            f("value", m.value, since(0));
        }
    };
    std::vector<Setting> settings;
    static constexpr void fields(auto& m, auto& f) { f("settings", m.settings, since(0)); }
};

std::string resource_key(ConfigResource type, std::string_view name) {
    return std::string(config_prefix).append(std::to_string(static_cast<int>(type))).append("/").append(name);
}

}   // namespace

DynamicConfigs::DynamicConfigs(streams::Engine& engine, streams::World& world) : engine_(engine), world_(world) {
    engine_.scan(world_, config_prefix, [&](std::string_view key, std::string_view value) {
        take(key.starts_with(config_prefix) ? std::string(key) : std::string(config_prefix).append(key), value);
    });
}

void DynamicConfigs::take(std::string_view key, std::string_view value) {
    const auto stored = unpack<StoredSettings>(value);
    if (!stored || stored->settings.empty()) {
        if (const auto found = all_.find(key); found != all_.end()) all_.erase(found);
        return;
    }
    auto& settings = all_[std::string(key)];
    settings.clear();
    for (const auto& one : stored->settings) settings[one.name] = one.value;
}

const Settings& DynamicConfigs::of(ConfigResource type, std::string_view name) const {
    static const Settings none;
    if (all_.empty()) return none;
    const auto found = all_.find(resource_key(type, name));
    return found == all_.end() ? none : found->second;
}

streams::Ticket DynamicConfigs::set(ConfigResource type, std::string_view name, Settings settings) {
    const auto key = resource_key(type, name);
    StoredSettings stored;
    for (const auto& [setting, value] : settings) stored.settings.push_back({.name = setting, .value = value});
    if (settings.empty())
        all_.erase(key);
    else
        all_[key] = std::move(settings);
    if (type == ConfigResource::logger) return {};
    return engine_.put(world_, key, stored.settings.empty() ? std::string{} : pack(stored));
}

void DynamicConfigs::each(ConfigResource type, const std::function<void(std::string_view)>& visit) const {
    const auto prefix = resource_key(type, "");
    for (auto at = all_.lower_bound(prefix); at != all_.end() && at->first.starts_with(prefix); ++at)
        visit(std::string_view{at->first}.substr(prefix.size()));
}

bool DynamicConfigs::unstored(std::string_view key) {
    if (!key.starts_with(config_prefix)) return false;
    take(key, engine_.get(world_, key).value_or(""));
    return true;
}

}   // namespace sluice::kafka
