// Enable- and DisableEnhancedMonitoring: which metrics of each shard somebody asked for. They are told again and measured by
// nobody, because there is no CloudWatch here.
#pragma once

#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/operations/metric_names.h"

namespace sluice::kinesis {

template <class Operation>
Task<Reply<Operation>> change_metrics(Call& call, const Operation& request, bool enable) {
    const auto found = find_active(call, address_of(request));
    if (!found) co_return std::unexpected{found.error()};
    const auto stream = *found;
    const auto before = stream->metrics, asked = metric_bits(*request.shard_level_metrics);
    const auto after = enable ? before | asked : before & ~asked;
    auto waiting = stored(call.engine.set_metrics(*stream, after));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return EnhancedMonitoring{.stream_name = std::string{call.name(*stream)},
                                 .current_shard_level_metrics = metric_list(before),
                                 .desired_shard_level_metrics = metric_list(after),
                                 .stream_arn = arn_of(call, *stream)};
}

}   // namespace sluice::kinesis
