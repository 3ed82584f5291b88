// Calls about a queue or a channel, each counted for the stream that it belongs to (rule 24), in the one place where all are
// served. A call that names neither, such as ListQueues, belongs to no stream.
#pragma once

#include <string_view>

#include "emulator/kinesis/call.h"

namespace sluice::kinesis {

// Nothing for one that is not there.
void count_call_of_queue(const Call&, std::string_view arn);
void count_call_of_channel(const Call&, std::string_view arn);
void count_call_of_stream(const Call&, std::string_view arn, streams::Door about);

template <class Operation>
void count_call(const Call& call, const Operation& request) {
    if constexpr (requires { request.queue_arn; })
        count_call_of_queue(call, *request.queue_arn);
    else if constexpr (requires { request.channel_arn; })
        count_call_of_channel(call, *request.channel_arn);
    else if constexpr (requires { request.stream_configuration_list; })
        count_call_of_stream(
            call, *request.stream_configuration_list->front().stream_arn,
            requires { request.queue_name; } ? streams::Door::queue : streams::Door::channel);
}

}   // namespace sluice::kinesis
