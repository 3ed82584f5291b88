// News for people: each refusal with its explanation, and what else happened that nobody asked about. Watchers (control
// plane, log) subscribe; the engine only tells.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "emulator/runtime/clock.h"

namespace sluice::streams {

// One refused or slowed call: which limit, how far over, which key took which share.
struct Refusal {
    enum class Limit { write_bytes, write_records, read_bytes, read_calls, iterator_calls, read_records };
    Limit limit{};
    std::string stream, shard;   // names
    Time at;
    std::int64_t rate{};      // per second
    std::int64_t asked{};     // tokens this call needed
    double available{};       // tokens there were
    milliseconds room_in{};   // when the same call would pass
    std::string top_key;      // the key with most of the last second's records, empty when unknown
    double top_key_share{};   // 0..1
};
std::string_view name(Refusal::Limit);
std::string explain(const Refusal&);   // one sentence

class Events {
  public:
    using OnRefusal = std::function<void(const Refusal&)>;
    using OnNote = std::function<void(std::string_view)>;
    using Handle = std::list<OnRefusal>::iterator;
    Handle watch(OnRefusal f) { return refusals_.insert(refusals_.end(), std::move(f)); }
    void unwatch(Handle h) { refusals_.erase(h); }
    bool watched() const { return !refusals_.empty(); }
    void refused(const Refusal& r) {
        for (auto& f : refusals_) f(r);
    }
    OnNote on_note;   // one line for the log
    void note(std::string_view line) {
        if (on_note) on_note(line);
    }
    void note_once(std::string_view line) {   // since the start, as far as the last thousand lines go
        if (told_.size() >= 1'000) told_.clear();
        if (told_.emplace(line).second) note(line);
    }

  private:
    std::list<OnRefusal> refusals_;
    std::set<std::string, std::less<>> told_;
};

}   // namespace sluice::streams
