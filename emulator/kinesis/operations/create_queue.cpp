// CreateQueue: counts as a consumer of its stream. Without a state delay it is ACTIVE by the time of the answer, which says
// CREATING as that of AWS does.
#include "protocol/kinesis/operations/create_queue.h"
#include "emulator/kinesis/operations/attributes.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/serve.h"
#include "emulator/kinesis/tags.h"
#include "emulator/kinesis/texts/queues.h"

namespace sluice::kinesis {

namespace {

std::expected<streams::Queues::New, Error> wanted(const Call& call, const CreateQueue& request) {
    const auto& scope = call.names.scope();
    streams::Queues::New made{.name = std::string{*request.queue_name},
                              .account = scope.account,
                              .region = scope.region,
                              .since = {},
                              .attributes = {},
                              .tags = {}};
    if (const auto& start = request.stream_configuration_list->front().starting_position) {
        const bool by_time = *start->type == "AT_TIMESTAMP";
        if (by_time && !start->timestamp) return std::unexpected{texts::start_needs_timestamp()};
        if (!by_time && start->timestamp) return std::unexpected{texts::start_takes_no_timestamp(*start->type)};
        if (by_time && !in_bounds(*start->timestamp)) return std::unexpected{texts::start_out_of_bounds()};
        made.start = by_time                          ? streams::QueueStart::since
                     : *start->type == "TRIM_HORIZON" ? streams::QueueStart::oldest
                                                      : streams::QueueStart::latest;
        made.since = start->timestamp;
    }
    const auto attributes = attributes_of(request.queue_attributes.value_or(QueueAttributes{}), {});
    if (!attributes) return std::unexpected{attributes.error()};
    made.attributes = *attributes;
    const auto tags = request.tags.value_or(TextMap{});
    if (auto fault = fault_of_tags(call, *request.queue_name, tags, 0)) return std::unexpected{*std::move(fault)};
    for (const auto& [key, value] : tags) made.tags[std::string{key}] = value;
    return made;
}

// As many readers as a stream may have, whichever kind they are (rule 12: in every profile but `none`).
std::optional<Error> too_many_readers(const Call& call, const streams::Stream& stream) {
    if (call.engine.options().kinesis_profile == "none") return {};
    if (stream.consumers.size() + call.engine.queues().count(stream) < streams::consumers_per_stream) return {};
    return texts::too_many_consumers(call.name(stream), call.account(), streams::consumers_per_stream);
}

}   // namespace

Task<Reply<CreateQueue>> handle(Call& call, const CreateQueue& request) {
    if (request.stream_configuration_list->size() != 1)
        co_return std::unexpected{texts::one_stream_of_a_queue(request.stream_configuration_list->size())};
    auto made = wanted(call, request);
    if (!made) co_return std::unexpected{made.error()};
    const auto found = find_active(call, {.name = {}, .arn = request.stream_configuration_list->front().stream_arn, .id = {}});
    if (!found) co_return std::unexpected{found.error()};
    const auto& stream = **found;
    if (!stream.on_demand) co_return std::unexpected{texts::queue_needs_on_demand(call.name(stream), call.account())};
    if (auto fault = too_many_readers(call, stream)) co_return std::unexpected{*std::move(fault)};
    auto created = call.engine.queues().create(stream, *std::move(made));
    if (!created && created.error() == streams::Fault::exists)
        co_return std::unexpected{texts::queue_exists(*request.queue_name, call.account())};
    if (!created) co_return std::unexpected{texts::internal_failure()};
    DescribedQueue told{describe(call, *created->queue)};
    told.queue_description.queue_status = status_text(streams::StreamStatus::creating);
    told.queue_description.stream_configuration_list.front().starting_position.timestamp = created->queue->backlog_start.since;
    auto waiting = stored(std::move(created->ticket));
    if (auto fault = co_await std::move(waiting)) co_return std::unexpected{*fault};
    co_return told;
}

template Task<Answer> serve<CreateQueue>(Serving);

}   // namespace sluice::kinesis
