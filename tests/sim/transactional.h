// One transactional id, written down a second time: who may write for it, what has become part of its transaction, and how that
// ends. An end is a single step here, as it is in the server; what a shard keeps of it is the shard's part (model.h).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "protocol/kafka/errors.h"

namespace sluice::sim {

using Ms = std::int64_t;
using Place = std::pair<std::int64_t, std::int32_t>;       // a stream's serial, and its shard
inline constexpr Ms id_kept_ms = Ms{7} * 24 * 3'600'000;   // Kafka's transactional.id.expiration.ms

struct Transactional {
    enum class State { empty, ongoing, committed, aborted };
    struct End {
        bool commits = false;
        std::int16_t epoch{};   // of the markers
        std::set<Place> places;
        std::map<std::string, std::map<Place, std::int64_t>> offsets;
    };

    State state = State::empty;
    std::int64_t producer = -1;
    std::int16_t epoch = -1;
    std::optional<std::int16_t> before = {};   // the epoch that the present one follows, when its client may know no better
    Ms timeout{};
    Ms started = -1, started_real{}, changed_real{};   // `started`: as clients are told
    Ms not_before{};                                   // when a time-out that was not stored is tried again
    std::set<Place> places = {};
    std::map<std::string, std::map<Place, std::int64_t>> offsets = {};   // by group

    Ms over() const { return std::max(not_before, state == State::ongoing ? started_real + timeout : changed_real + id_kept_ms); }
    const char* state_name() const;

    // Each yields a code. `said`: the epoch that a client believes to have, when it says one.
    kafka::ErrorCode init(std::optional<std::int16_t> said, Ms new_timeout, Ms now, Ms real, std::optional<End>& ended);
    kafka::ErrorCode add(std::int16_t by, Ms now, Ms real, std::set<Place> more, const std::string* group = nullptr);
    void commit_offset(const std::string& group, Place, std::int64_t offset, Ms real);   // of a group that is part of it
    // `next_epoch`: the client speaks KIP-890, and each end gives it another epoch.
    kafka::ErrorCode end(std::int16_t by, bool commits, bool next_epoch, Ms now, Ms real, std::optional<End>& ended);
    // Whoever was writing is fenced off.
    End give_up(Ms now, Ms real);

  private:
    End finish(bool commits, std::int16_t marker, Ms now, Ms real);
};

}   // namespace sluice::sim
