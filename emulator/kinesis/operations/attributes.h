// What most operations that change something of a stream share: the stream must be there and ACTIVE, the change is stored before
// it is answered, and some changes are allowed so many times in 24 hours where everything is as strict as at AWS.
#pragma once

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

inline std::expected<StreamPointer, Error> find_active(const Call& call, const Address& address) {
    auto found = find_stream(call, address);
    if (!found) return found;
    if (auto fault = must_be_active(call, **found)) return std::unexpected{*fault};
    return found;
}

// The daily counts are a limit of the account's half of a profile (rule 12): no test suite fails for changing a stream often.
inline std::optional<Error> used_up(const Call& call, const streams::Stream& stream, streams::Daily what,
                                    std::string_view operation) {
    if (!strict(call) || !stream.lately.used_up(what, call.world.clock->now())) return {};
    return texts::too_often(operation, streams::most_a_day[static_cast<std::size_t>(what)], call.name(stream), call.account());
}

// Nothing: it is stored.
inline Task<std::optional<Error>> stored(streams::Result<streams::Ticket> queued) {
    if (!queued) co_return texts::internal_failure();
    const auto done = co_await queued->committed();
    if (!done) co_return texts::internal_failure();
    co_return std::nullopt;
}

}   // namespace sluice::kinesis
