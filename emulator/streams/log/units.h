// The units of a group: scopes that are bound to one another stand or fall as one.
#pragma once

#include <map>
#include <vector>

#include "emulator/streams/state.h"

namespace sluice::streams {

// The scopes of a group, those that are bound to one another as one, in the order in which they were first queued.
class Units {
  public:
    explicit Units(const Group& group) {
        for (const auto& [one, other] : group.bound) root_[root(one)] = root(other);
        for (const auto& append : group.batch.appends) number(append.log);
        for (const auto& scope : group.put_scopes) number(scope);
        for (const auto& scope : group.drop_scopes) number(scope);
        for (const auto* shards : {&group.dirty, &group.trimmed})
            for (const auto& place : *shards) number(place.log);
        for (const auto& scope : scopes()) number(scope);
    }
    Group::Scope root(Group::Scope scope) {
        auto& above = root_.try_emplace(scope, scope).first->second;
        return above == scope ? scope : above = root(above);
    }
    std::size_t number(Group::Scope scope) { return numbers_.try_emplace(root(scope), numbers_.size()).first->second; }
    std::size_t count() const { return numbers_.size(); }
    // All of the group's.
    std::vector<Group::Scope> scopes() const {
        std::vector<Group::Scope> all;
        for (const auto& [scope, above] : root_) all.push_back(scope);
        return all;
    }

  private:
    std::map<Group::Scope, Group::Scope> root_;
    std::map<Group::Scope, std::size_t> numbers_;
};

// Takes out of a group that is not written yet all units that a failed scope is part of; true when there was any.
bool take_out(Group& later, const Group::Failed&);

}   // namespace sluice::streams
