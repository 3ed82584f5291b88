#include "emulator/kinesis/rates.h"

#include <fmt/format.h>

#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

// A stream that is not there has no rate: the handler says that it is not.
std::optional<Error> over_rate(const Call& call, const Rate& rate, std::string_view stream, std::string_view reader) {
    std::string who;
    if (rate.scope == RateScope::account) {
        who = fmt::format("{} {} {}", rate.operation, call.account(), call.names.scope().region);
    } else {
        const auto found = stream.empty() ? nullptr : call.engine.find(call.world, call.names.topic(stream));
        if (!found) return {};
        who = fmt::format("{} {} {}", rate.operation, std::to_underlying(found->id), reader);
    }
    if (!call.engine.admit_call(call.world, who, rate.per_second)) return {};
    return stream.empty() ? texts::calls_exceeded(call.account()) : texts::calls_exceeded(stream, call.account());
}

}   // namespace sluice::kinesis
