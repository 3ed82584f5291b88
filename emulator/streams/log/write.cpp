// A group on its way into the store, on whichever thread: at once, or unit by unit when it does not fit.
#include <algorithm>
#include <ranges>
#include <set>

#include "emulator/streams/log/units.h"
#include "storage/planted.h"

namespace sluice::streams {

namespace {

// The records of worlds and of the folder, which all units share: the last put of each.
std::map<std::string_view, const storage::Batch::Put*> newest_records(const std::vector<storage::Batch::Put>& puts) {
    const auto folder = folder_key();
    std::map<std::string_view, const storage::Batch::Put*> newest;
    for (const auto& put : puts)
        if (is_world_key(put.key) || put.key == folder) newest[put.key] = &put;
    return newest;
}

}   // namespace

// Everything at once; when it does not fit, unit by unit. What the disk fails is failed as a whole: it would fail again.
Group::Failed Writer::write(const Group& group) const {
    if (group.batch.empty()) return {};
    const auto all = engine_.store.commit(group.batch);
    if (all) return {};
    const auto fault_of = [](storage::Error e) { return e == storage::Error::no_space ? Fault::no_space : Fault::storage; };
    Units units{group};
    std::vector<std::optional<Fault>> faults(units.count());
    if (all.error() != storage::Error::no_space) {
        std::ranges::fill(faults, fault_of(all.error()));
    } else {
        const auto newest = newest_records(group.batch.puts);
        if (!group.batch.trims.empty()) {
            // Trims make the space that the rest wants, so they do not wait for it. Done twice they do nothing.
            storage::Batch space;
            space.trims = group.batch.trims;
            // With the clocks that they were due by: after a kill none must stand where what they drop would still be kept.
            for (const auto& [key, put] : newest)
                if (is_world_key(key)) space.puts.push_back(*put);
            if (!space.puts.empty()) {
                if (engine_.store.commit(space)) space.clear();
                space.puts.clear();
            }
            if (!space.empty() && !engine_.store.commit(space))
                for (const auto& place : group.trimmed) faults[units.number(place.log)] = Fault::no_space;
        }
        std::vector<storage::Batch> parts(units.count());
        std::set<LogId> dropped;
        for (std::size_t i = 0; i < group.batch.drops.size(); ++i) {
            parts[units.number(group.drop_scopes[i])].drops.push_back(group.batch.drops[i]);
            dropped.insert(group.batch.drops[i].log);
        }
        for (const auto& append : group.batch.appends)   // what goes needs no room first
            if (!dropped.contains(append.log)) parts[units.number(append.log)].appends.push_back(append);
        // Every unit takes the newest of the worlds' and the folder's records: an older one, stored behind a newer, would give
        // numbers out again.
        for (std::size_t i = 0; i < group.batch.puts.size(); ++i) {
            const auto& put = group.batch.puts[i];
            const auto found = newest.find(put.key);
            parts[units.number(group.put_scopes[i])].puts.push_back(found == newest.end() ? put : *found->second);
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const auto one = parts[i].empty() || faults[i] ? storage::Result<void>{} : engine_.store.commit(parts[i]);
            if (!one && !faults[i] && !planted("second-failure-not-told")) faults[i] = fault_of(one.error());
        }
    }
    Group::Failed failed;
    for (const auto& scope : units.scopes())
        if (const auto fault = faults[units.number(scope)]) failed.emplace(scope, *fault);
    return failed;
}

}   // namespace sluice::streams
