// The members of one consumer group of KIP-848 as they see themselves: what each reads, and with which epoch. Which of them is to
// read what is left to the server; that no two ever read the same is not.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "tests/sim/transactional.h"

namespace sluice::sim {

inline constexpr std::string_view member_group = "k";
inline constexpr Ms member_session_ms = 45'000;   // Kafka's consumer.session.timeout.ms

using Part = std::pair<std::string, std::int32_t>;   // a topic's id, by its bytes, and the partition

struct Member {
    std::set<std::string> topics;
    std::int32_t epoch = 0;
    std::set<Part> reads;   // with what it is to give back
    std::set<Part> given;   // as it was told last
    // Between them, in live time, its session ends: those of a group that is read from the store again begin anew.
    Ms earliest{}, latest{};
    bool surely = false;   // it was there when the server stopped
};

struct Members {
    std::map<std::string, Member> all;   // by member id
    std::int32_t epoch = 0;              // of the group, as it was told last
    std::uint64_t joined = 0;
    // The group is read from the store again, where those may still be whose session was just over.
    void read_again(Ms live) {
        for (auto& [id, one] : all) one.latest = live + member_session_ms;
    }
    // The server stops, and starts: whoever was there has a whole session to come back.
    void stop(Ms live) {
        std::erase_if(all, [live](const auto& one) { return one.second.latest <= live; });
        for (auto& [id, one] : all) one.surely = live < one.earliest;
    }
    void start(Ms live) {
        read_again(live);
        for (auto& [id, one] : all)
            if (one.surely) one.earliest = one.latest;
    }
};

// What a group is described as.
struct DescribedGroup {
    struct One {
        std::int32_t epoch{};
        std::set<std::pair<std::string, std::int32_t>> reads;   // topics by name
    };
    bool there = false;
    std::string state, text;
    std::int32_t epoch{};
    std::map<std::string, One> members;
};

}   // namespace sluice::sim
