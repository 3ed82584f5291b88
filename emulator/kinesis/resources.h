// What a ResourceARN names: a stream, a consumer of one, a queue or a channel. Tags belong to all of them, policies to all but
// channels. Whoever adds a kind adds it to `Resource` and to `find_resource`.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/kinesis/address.h"
#include "emulator/streams/channels.h"
#include "emulator/streams/queues/queues.h"

namespace sluice::kinesis {

struct Resource {
    StreamPointer stream;
    const streams::Consumer* consumer{};                 // of the stream; lives as long as it is registered
    std::shared_ptr<const streams::Channel> channel{};   // or this
    streams::QueuePointer queue = {};                    // or this; none of them: the stream itself
    const std::map<std::string, std::string>& tags() const {
        return queue ? queue->tags : channel ? channel->tags : consumer ? consumer->tags : stream->tags;
    }
    const std::string& policy() const { return queue ? queue->policy : consumer ? consumer->policy : stream->policy; }
    std::string_view consumer_name() const { return consumer ? std::string_view{consumer->name} : std::string_view{}; }
};
streams::Result<streams::Ticket> set_tags(Call&, const Resource&, std::map<std::string, std::string>);
streams::Result<streams::Ticket> set_policy(Call&, const Resource&, std::string);
std::expected<Resource, Error> find_resource(const Call&, std::string_view arn, std::optional<std::string_view> stream_id);
template <class Operation>
std::expected<Resource, Error> resource_of(const Call& call, const Operation& request) {
    return find_resource(call, *request.resource_arn, request.stream_id);
}
// The same of what can have a policy.
std::expected<Resource, Error> with_policy(std::expected<Resource, Error>, std::string_view arn);
std::optional<Error> must_be_active(const Call&, const Resource&);

}   // namespace sluice::kinesis
