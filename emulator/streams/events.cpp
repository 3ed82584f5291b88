#include "emulator/streams/events.h"

#include <fmt/format.h>

namespace sluice::streams {

std::string_view name(Refusal::Limit limit) {
    switch (limit) {
        case Refusal::Limit::write_bytes:
            return "write bytes per second";
        case Refusal::Limit::write_records:
            return "write records per second";
        case Refusal::Limit::read_bytes:
            return "read bytes per second";
        case Refusal::Limit::read_calls:
            return "GetRecords calls per second";
        case Refusal::Limit::iterator_calls:
            return "GetShardIterator calls per second";
        case Refusal::Limit::read_records:
            return "read records per second";
    }
    return "limit";
}

std::string explain(const Refusal& r) {
    auto text = fmt::format("{} {}: {} are limited to {}; this call needed {} and {:.3f} were left", r.stream, r.shard,
                            name(r.limit), r.rate, r.asked, r.available);
    if (r.room_in.count() > 0) text += fmt::format(", room again in {} ms", r.room_in.count());
    if (!r.top_key.empty())
        text += fmt::format("; key \"{}\" sent {:.0f} % of the last second's records", r.top_key, r.top_key_share * 100);
    return text;
}

}   // namespace sluice::streams
