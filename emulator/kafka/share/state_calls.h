// The calls that brokers of a cluster make to the share coordinator (APIs 83-87). Here one node keeps that state by itself, so
// they are answered from it. `tell` gets the group's part of the topic, the shard and the entry of the answer.
#pragma once

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_look.h"

namespace sluice::kafka {

template <class Told>
void refuse_state_call(Told& told, ErrorCode code, std::string_view text) {
    told.error_code = code;
    told.error_message = std::string(text);
}
// Reading where the group has not begun; what is not there is not told apart (seen: Kafka 4.4.0).
template <class Told>
void refuse_uninitialized(Told& told) {
    refuse_state_call(told, ErrorCode::invalid_request, "Read operation on uninitialized share partition not allowed.");
}

template <class Response, class Request>
Response answer_state_call(Call& call, const Request& request, auto tell) {
    auto& groups = call.broker.share_groups(call.world);
    Response response;
    if (request.group_id.empty()) return response;
    const auto denied = refusal(call, ResourceType::cluster);
    for (const auto& topic : request.topics) {
        auto& result = response.results.emplace_back();
        result.topic_id = topic.topic_id;
        for (const auto& asked : topic.partitions) {
            auto& told = result.partitions.emplace_back();
            told.partition = asked.partition;
            if (denied != ErrorCode::none) {
                refuse_state_call(told, denied, text_of(denied));
                continue;
            }
            if (asked.partition < 0) {
                refuse_state_call(told, ErrorCode::invalid_request, "The partition id cannot be a negative number.");
                continue;
            }
            if constexpr (requires { told.state_batches; })
                if (asked.leader_epoch < 0) {
                    refuse_state_call(told, ErrorCode::invalid_request, "The leader epoch cannot be a negative number.");
                    continue;
                }
            const auto target = share_target(call, {topic.topic_id, asked.partition});
            if (!target.shard) {
                if constexpr (requires { told.state_batches; })
                    refuse_uninitialized(told);
                else
                    refuse_state_call(told, ErrorCode::unknown_topic_or_partition,
                                      text_of(ErrorCode::unknown_topic_or_partition));
                continue;
            }
            tell(groups.find_topic(request.group_id, target.stream->topic_id), target, asked, told);
        }
    }
    return response;
}

}   // namespace sluice::kafka
