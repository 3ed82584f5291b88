// DeleteShareGroupOffsets v0 (KIP-932): a share group without members forgets topics, as if it had never read them.
#include <algorithm>

#include "emulator/kafka/groups/groups.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/share/share_groups.h"
#include "protocol/kafka/messages/delete_share_group_offsets.h"

namespace sluice::kafka {

Task<DeleteShareGroupOffsetsResponse> handle(Call& call, const DeleteShareGroupOffsetsRequest& request) {
    auto& groups = call.broker.share_groups(call.world);
    DeleteShareGroupOffsetsResponse response;
    const auto* group = groups.find(request.group_id);
    const bool may_any_topic = std::ranges::any_of(request.topics, [&](const auto& asked) {
        return refusal(call, ResourceType::topic, asked.topic_name) == ErrorCode::none;
    });
    if (!group && (may_any_topic || request.topics.empty())) {
        response.error_code = request.group_id.empty() ? ErrorCode::invalid_group_id : ErrorCode::group_id_not_found;
        response.error_message = request.group_id.empty()
                                     ? std::string(text_of(response.error_code))
                                     : call.broker.groups(call.world).none_of_kind(request.group_id, "share");
        co_return response;
    }
    if (group && !group->members.members().empty()) {
        response.error_code = ErrorCode::non_empty_group;
        response.error_message = "The group is not empty.";
        co_return response;
    }
    std::vector<streams::Ticket> tickets;
    for (const auto& asked : request.topics) {
        auto& told = response.responses.emplace_back();
        told.topic_name = asked.topic_name;
        const auto denied = refusal(call, ResourceType::topic, asked.topic_name);
        const auto stream = denied == ErrorCode::none ? topic(call, asked.topic_name) : nullptr;
        tickets.push_back(stream ? groups.forget(request.group_id, stream->topic_id) : streams::Ticket{});
        if (stream) {
            told.topic_id = to_wire_id(stream->topic_id);
            continue;
        }
        told.error_code = denied != ErrorCode::none ? denied : ErrorCode::unknown_topic_or_partition;
        told.error_message = std::string(text_of(told.error_code));
    }
    for (std::size_t i = 0; i < tickets.size(); ++i)
        if (const auto stored = co_await tickets[i].committed(); !stored)
            response.responses[i].error_code = code_of(stored.error());
    co_return response;
}

template Task<void> serve<DeleteShareGroupOffsetsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
