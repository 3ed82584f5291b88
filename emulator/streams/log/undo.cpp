// What could not be stored is read again from the store, and nothing else is, so that memory equals a fresh start.
#include <algorithm>
#include <set>

#include "emulator/streams/log/units.h"
#include "storage/planted.h"

namespace sluice::streams {

// The clock has moved all the same, and numbers that were given out stay so: what failed of that goes with the next group.
void Writer::record_lost(std::string_view key) {
    if (key == folder_key()) folder_stale_ = true;
    if (is_world_key(key))
        stale_worlds_.insert(WorldId{static_cast<std::uint32_t>(read_big_endian(key.substr(world_key().size())))});
}

bool take_out(Group& later, const Group::Failed& failed) {
    Units units{later};
    std::map<Group::Scope, Fault> roots;
    for (const auto& [scope, fault] : failed) roots.emplace(units.root(scope), fault);
    bool any = false;
    const auto goes = [&](Group::Scope scope) { return roots.contains(units.root(scope)); };
    const auto keep = [&](auto& things, auto& scopes) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < things.size(); ++i) {
            if (goes(scopes[i])) {
                any = true;
                continue;
            }
            if (kept != i) {
                things[kept] = std::move(things[i]);
                scopes[kept] = scopes[i];
            }
            ++kept;
        }
        things.resize(kept);
        scopes.resize(kept);
    };
    for (std::size_t i = 0; i < later.batch.puts.size(); ++i)
        if (goes(later.put_scopes[i])) later.lost.push_back(later.batch.puts[i].key);
    keep(later.batch.puts, later.put_scopes);
    keep(later.batch.drops, later.drop_scopes);
    any |= std::erase_if(later.batch.appends, [&](const auto& append) { return goes(append.log); }) != 0;
    for (const auto* shards : {&later.trimmed, &later.dirty})
        any |= std::ranges::any_of(*shards, [&](const auto& one) { return goes(one.log); });
    if (any)
        for (const auto& scope : units.scopes())
            if (const auto found = roots.find(units.root(scope)); found != roots.end())
                later.failed.emplace(scope, Fault::storage);
    return any;
}

// What failed is read again from the store, and so is what was queued on top of it meanwhile; nothing else is.
std::vector<OwnedStream> Writer::undo(Group& group, Group* later) {
    const auto fell = [&](const Group* one, Group::Scope scope) {
        return (one == &group ? one->just_failed : one->failed).contains(scope);
    };
    const auto log_fell = [&](const Shard& shard) {
        const auto log = shard.log();
        return fell(&group, log) || (later && fell(later, log));
    };
    std::set<const Stream*> changed;
    std::vector<OwnedStream> unmade;
    for (Group* one : {later, &group}) {   // the newest first: it may have taken an older one's name
        if (!one) continue;
        for (auto& [scope, undone] : one->undos)
            if (fell(one, scope)) undone();
        for (auto stream = one->streams.rbegin(); stream != one->streams.rend(); ++stream)
            if (fell(one, scope_of(**stream)) && changed.insert(stream->get()).second &&
                !engine_.catalog.reload_stream(*stream, log_fell))
                unmade.push_back(*stream);
    }
    for (const Group* one : {static_cast<const Group*>(&group), static_cast<const Group*>(later)}) {
        if (!one) continue;
        for (const auto* touched : {&one->dirty, &one->trimmed})
            for (const auto& [stream, shard, log] : *touched)
                if (fell(one, log) && stream->shard(shard->index) == shard) engine_.catalog.read_shard(*shard);
    }
    std::set<World*> worlds_changed;
    for (const auto* stream : changed) worlds_changed.insert(stream->world);
    for (auto* world : worlds_changed) {
        books_of(*world).name_seconds.clear();
        world->changed.fire();
    }
    return unmade;
}

// What doors keep was changed in memory when it was queued: they look again what the store holds.
void Writer::tell_unstored(const Group& group) {
    const auto tell = [&](std::string_view key) {
        record_lost(key);
        engine_.kept.tell_unstored(key);
    };
    for (const auto& key : group.lost) tell(key);
    for (std::size_t i = 0; i < group.batch.puts.size(); ++i)
        if (!group.outcome(group.put_scopes[i])) tell(group.batch.puts[i].key);
}

}   // namespace sluice::streams
