// DeleteTopics v1-6: by name, from v6 on by id too. Kinesis streams are topics and go the same way, with the offsets of all
// groups. Texts as seen on Kafka 4.4.0.
#include <algorithm>
#include <set>

#include "emulator/kafka/serve.h"

namespace sluice::kafka {

Task<DeleteTopicsResponse> handle(Call& call, const DeleteTopicsRequest& request) {
    struct Asked {
        std::optional<std::string> name;
        Uuid id;
    };
    std::vector<Asked> all;
    for (const auto name : request.topic_names) all.push_back({std::string(name), {}});
    for (const auto& t : request.topics) all.push_back({t.name ? std::optional<std::string>(*t.name) : std::nullopt, t.topic_id});

    DeleteTopicsResponse response;
    std::vector<std::pair<std::size_t, streams::Ticket>> gone;
    std::set<std::string> told_twice;
    for (const auto& asked : all) {
        const auto same = [&](const Asked& other) { return other.name && other.name == asked.name; };
        if (asked.name && std::ranges::count_if(all, same) > 1) {
            if (told_twice.insert(*asked.name).second) {
                response.topics.push_back({.name = asked.name,
                                           .topic_id = {},
                                           .error_code = ErrorCode::invalid_request,
                                           .error_message = "Duplicate topic name."});
            }
            continue;
        }
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        told.topic_id = asked.id;
        const auto refuse = [&](ErrorCode code, std::string_view text) {
            told.error_code = code;
            told.error_message = std::string(text);
        };
        if (asked.name && !asked.id.is_zero()) {
            refuse(ErrorCode::invalid_request, "You may not specify both topic name and topic id.");
            continue;
        }
        const auto stream = asked.name ? topic(call, *asked.name) : topic(call, asked.id);
        if (!stream) {
            if (asked.name)
                refuse(ErrorCode::unknown_topic_or_partition, text_of(ErrorCode::unknown_topic_or_partition));
            else
                refuse(ErrorCode::unknown_topic_id, text_of(ErrorCode::unknown_topic_id));
            continue;
        }
        if (!call.broker.configs.flag("delete.topic.enable")) {
            refuse(call.version >= 3 ? ErrorCode::topic_deletion_disabled : ErrorCode::invalid_request,
                   text_of(ErrorCode::topic_deletion_disabled));
            continue;
        }
        told.name = stream->name;
        told.topic_id = to_wire_id(stream->topic_id);
        const auto removed = call.engine.remove(call.world, stream->name, false);
        if (removed)
            gone.emplace_back(response.topics.size() - 1, *removed);
        else
            refuse(code_of(removed.error()), text_of(code_of(removed.error())));
    }
    for (const auto& [index, ticket] : gone) {
        const auto committed = co_await ticket.committed();
        if (committed) continue;
        response.topics[index].error_code = code_of(committed.error());
        response.topics[index].error_message = std::string(text_of(code_of(committed.error())));
    }
    co_return response;
}

template Task<void> serve<DeleteTopicsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
