// Which topics there are, as machines that assign partitions see them: so that tests hand in a few by hand.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "emulator/streams/stream.h"

namespace sluice::kafka {

struct TopicSize {
    streams::Uuid id{};
    std::int32_t partitions{};
    bool operator==(const TopicSize&) const = default;
};

class TopicTable {
  public:
    virtual ~TopicTable() = default;
    virtual std::optional<TopicSize> find(std::string_view name) const = 0;
    // Whether somebody may know of a topic: the principal as text, and the address as groups show it.
    virtual bool may_see(std::string_view, std::string_view /*principal*/, std::string_view /*host*/) const { return true; }
    virtual void each_name(const std::function<void(std::string_view)>&) const = 0;
};

}   // namespace sluice::kafka
