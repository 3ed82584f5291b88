// Moments of the members of a group, the next one at hand: sessions, and rebalances that a member must take part in.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "emulator/runtime/clock.h"

namespace sluice::kafka {

class Deadlines {
  public:
    void set(std::string_view who, Time at) {
        auto found = at_.find(who);
        if (found == at_.end()) found = at_.emplace(who, at).first;
        in_order_.erase({found->second, found->first});
        found->second = at;
        in_order_.emplace(at, found->first);
    }
    void erase(std::string_view who) {
        const auto found = at_.find(who);
        if (found == at_.end()) return;
        in_order_.erase({found->second, found->first});
        at_.erase(found);
    }
    bool has(std::string_view who) const { return at_.contains(who); }
    std::optional<Time> first() const { return in_order_.empty() ? std::nullopt : std::optional{in_order_.begin()->first}; }
    // Those whose moment has come; they have none any more.
    std::vector<std::string> take_due(Time now) {
        std::vector<std::string> due;
        while (!in_order_.empty() && in_order_.begin()->first <= now) {
            due.push_back(in_order_.begin()->second);
            erase(due.back());
        }
        return due;
    }
    void clear() {
        at_.clear();
        in_order_.clear();
    }

  private:
    std::map<std::string, Time, std::less<>> at_;
    std::set<std::pair<Time, std::string>> in_order_;
};

}   // namespace sluice::kafka
