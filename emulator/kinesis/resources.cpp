#include "emulator/kinesis/resources.h"

#include "emulator/kinesis/consumers.h"
#include "emulator/kinesis/texts/texts.h"
#include "protocol/kinesis/rules.h"

namespace sluice::kinesis {

std::expected<Resource, Error> find_resource(const Call& call, std::string_view arn, std::optional<std::string_view> stream_id) {
    if (stream_id) return std::unexpected{texts::stream_id_refused()};
    if (arn.contains("/consumer/")) {
        if (!consumer_arn_pattern.matches(arn)) return std::unexpected{texts::resource_not_found(arn)};
        auto found = find_consumer(call, arn);
        if (!found) return std::unexpected{found.error()};
        return Resource{std::move(found->stream), found->consumer};
    }
    if (name_in_arn(arn).empty()) return std::unexpected{texts::resource_not_found(arn)};   // a queue, a channel
    auto stream = find_stream(call, {.name = {}, .arn = arn, .id = {}});
    if (!stream) return std::unexpected{stream.error()};
    return Resource{*std::move(stream)};
}

std::optional<Error> must_be_active(const Call& call, const Resource& resource) {
    if (!resource.consumer) return must_be_active(call, *resource.stream);
    if (resource.consumer->status == streams::StreamStatus::active) return {};
    return texts::consumer_not_active(resource.consumer->name, resource.consumer->created_s, call.name(*resource.stream),
                                      call.account());
}

}   // namespace sluice::kinesis
