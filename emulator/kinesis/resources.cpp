#include "emulator/kinesis/resources.h"

#include "emulator/kinesis/channels.h"
#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/queues.h"
#include "emulator/kinesis/texts/channels.h"
#include "emulator/kinesis/texts/queues.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/rules.h"

namespace sluice::kinesis {

std::expected<Resource, Error> find_resource(const Call& call, std::string_view arn, std::optional<std::string_view> stream_id) {
    if (stream_id) return std::unexpected{texts::stream_id_refused()};
    if (arn.contains("/consumer/")) {
        if (!consumer_arn_pattern.matches(arn)) return std::unexpected{texts::resource_not_found(arn)};
        auto found = find_consumer(call, arn);
        if (!found) return std::unexpected{found.error()};
        return Resource{std::move(found->stream), found->consumer, nullptr, nullptr};
    }
    if (queue_arn_pattern.matches(arn)) {
        auto queue = find_queue(call, arn);
        if (!queue) return std::unexpected{queue.error()};
        auto stream = call.engine.find(call.world, (*queue)->stream_name);
        return Resource{.stream = std::move(stream), .consumer = nullptr, .channel = nullptr, .queue = *std::move(queue)};
    }
    if (arn.contains(":channel/")) {
        if (!channel_arn_pattern.matches(arn)) return std::unexpected{texts::resource_not_found(arn)};
        auto found = find_channel(call, arn);
        if (!found) return std::unexpected{found.error()};
        return Resource{
            .stream = std::move(found->stream), .consumer = nullptr, .channel = std::move(found->channel), .queue = nullptr};
    }
    if (name_in_arn(arn).empty()) return std::unexpected{texts::resource_not_found(arn)};
    auto stream = find_stream(call, {.name = {}, .arn = arn, .id = {}});
    if (!stream) return std::unexpected{stream.error()};
    return Resource{*std::move(stream), nullptr, nullptr, nullptr};
}

std::expected<Resource, Error> with_policy(std::expected<Resource, Error> found, std::string_view arn) {
    if (found && found->channel) return std::unexpected{texts::channel_has_no_policy(arn)};
    return found;
}

streams::Result<streams::Ticket> set_tags(Call& call, const Resource& of, std::map<std::string, std::string> tags) {
    if (of.queue) return call.engine.queues().set_tags(*of.queue, std::move(tags));
    if (of.channel) return streams::channels_of(call.world).set_tags(*of.channel, std::move(tags));
    return call.engine.set_tags(*of.stream, std::move(tags), of.consumer_name());
}

streams::Result<streams::Ticket> set_policy(Call& call, const Resource& of, std::string policy) {
    if (of.queue) return call.engine.queues().set_policy(*of.queue, std::move(policy));
    return call.engine.set_policy(*of.stream, std::move(policy), of.consumer_name());
}

std::optional<Error> must_be_active(const Call& call, const Resource& resource) {
    if (resource.queue) {
        if (resource.queue->status == streams::StreamStatus::active) return {};
        return texts::queue_not_active(resource.queue->name, status_text(resource.queue->status));
    }
    if (resource.channel) {
        if (resource.channel->status == streams::StreamStatus::active) return {};
        return texts::channel_not_active(call.names.name(resource.channel->name), call.account(),
                                         status_text(resource.channel->status));
    }
    if (!resource.consumer) return must_be_active(call, *resource.stream);
    if (resource.consumer->status == streams::StreamStatus::active) return {};
    return texts::consumer_not_active(resource.consumer->name, resource.consumer->created_s, call.name(*resource.stream),
                                      call.account());
}

}   // namespace sluice::kinesis
