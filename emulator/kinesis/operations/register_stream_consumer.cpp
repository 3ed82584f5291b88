// RegisterStreamConsumer: a name under which somebody reads with throughput of its own. The answer says CREATING, as AWS's does;
// without a state delay the consumer is ACTIVE by then.
#include "protocol/kinesis/operations/register_stream_consumer.h"

#include <algorithm>

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/streams/queues/queues.h"

namespace sluice::kinesis {
namespace {

// Counts belong to every profile but `none` (rule 12).
std::optional<Error> over_quota(const Call& call, const streams::Stream& stream) {
    if (call.engine.options().kinesis_profile == "none") return {};
    const auto creating = std::ranges::count_if(
        stream.consumers, [](const auto& one) { return one.second->status == streams::StreamStatus::creating; });
    if (static_cast<std::size_t>(creating) >= streams::consumers_creating)
        return texts::too_many_creating(call.name(stream), call.account(), streams::consumers_creating);
    if (stream.consumers.size() + call.engine.queues().count(stream) >= streams::consumers_per_stream)
        return texts::too_many_consumers(call.name(stream), call.account(), streams::consumers_per_stream);
    return {};
}

}   // namespace

Task<Reply<RegisterStreamConsumer>> handle(Call& call, const RegisterStreamConsumer& request) {
    const auto found = find_stream(call, {.name = {}, .arn = request.stream_arn, .id = request.stream_id});
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    if (stream.status == streams::StreamStatus::creating || stream.status == streams::StreamStatus::deleting)
        co_return std::unexpected{texts::not_active(call.name(stream), call.account(), status_text(stream.status))};
    const std::string name{*request.consumer_name};
    if (stream.consumers.contains(name))
        co_return std::unexpected{texts::consumer_exists(name, call.name(stream), call.account())};
    if (auto fault = over_quota(call, stream)) co_return std::unexpected{*std::move(fault)};
    const auto asked = request.tags.value_or(TextMap{});
    if (auto fault = fault_of_tags(call, call.name(stream), asked, 0)) co_return std::unexpected{*std::move(fault)};
    std::map<std::string, std::string> tags;
    for (const auto& [key, value] : asked) tags[std::string{key}] = value;
    auto done = call.engine.register_consumer(stream, name, std::move(tags));
    if (!done && done.error() == streams::Fault::bad_count)
        co_return std::unexpected{texts::too_many_consumers(call.name(stream), call.account(), stream.consumers.size())};
    if (!done) co_return std::unexpected{texts::internal_failure()};
    auto told = describe(call, stream, *stream.consumers.find(name)->second);
    told.consumer_status = status_text(streams::StreamStatus::creating);
    auto waiting = stored(std::move(done));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*std::move(fault)};
    co_return RegisterStreamConsumer::Result{std::move(told)};
}

template Task<Answer> serve<RegisterStreamConsumer>(Serving);

}   // namespace sluice::kinesis
