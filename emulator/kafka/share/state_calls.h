// The calls that brokers of a cluster make to the share coordinator (APIs 83-87). Here one node keeps that state by itself, so
// they are answered from it. `tell` gets the group's part of the topic, the shard and the entry of the answer.
#pragma once

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_look.h"

namespace sluice::kafka {

template <class Response, class Request>
Response answer_state_call(Call& call, const Request& request, auto tell) {
    auto& groups = call.broker.share_groups(call.world);
    Response response;
    const auto denied = refusal(call, ResourceType::cluster);
    for (const auto& topic : request.topics) {
        auto& result = response.results.emplace_back();
        result.topic_id = topic.topic_id;
        for (const auto& asked : topic.partitions) {
            auto& told = result.partitions.emplace_back();
            told.partition = asked.partition;
            if (denied != ErrorCode::none) {
                told.error_code = denied;
                told.error_message = std::string(text_of(denied));
                continue;
            }
            const auto target = share_target(call, {topic.topic_id, asked.partition});
            if (!target.shard) {
                told.error_code = ErrorCode::unknown_topic_or_partition;
                told.error_message = std::string(text_of(told.error_code));
                continue;
            }
            tell(groups.find_topic(request.group_id, target.stream->topic_id), target, asked, told);
        }
    }
    return response;
}

}   // namespace sluice::kafka
