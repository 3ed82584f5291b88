// Increase- and DecreaseStreamRetentionPeriod differ in one comparison; this is the rest.
#pragma once

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/texts/texts.h"

namespace sluice::kinesis {

template <class Operation>
Task<Reply<Operation>> change_retention(Call& call, const Operation& request, bool longer) {
    const auto found = find_stream(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    auto& stream = **found;
    if (auto fault = must_be_active(call, stream)) co_return std::unexpected{*fault};
    const auto hours = *request.retention_period_hours;
    if (hours < streams::default_retention_hours) co_return std::unexpected{texts::retention_too_short(hours)};
    if (hours > streams::max_retention_hours) co_return std::unexpected{texts::retention_too_long(hours)};
    const auto existing = retention_hours(stream);
    if (longer && hours < existing) co_return std::unexpected{texts::retention_not_longer(hours, call.name(stream), existing)};
    if (!longer && hours > existing) co_return std::unexpected{texts::retention_not_shorter(hours, call.name(stream), existing)};
    auto changed = call.engine.set_retention(stream, std::chrono::hours{hours});
    if (!changed) co_return std::unexpected{texts::internal_failure()};
    const auto done = co_await changed->committed();
    if (!done) co_return std::unexpected{texts::internal_failure()};
    co_return NoResult{};
}

}   // namespace sluice::kinesis
