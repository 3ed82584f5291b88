// DeleteTopics v1-6: by name, from v6 on by id too. Kinesis streams are topics and go the same way, with the offsets of all
// groups. Texts as seen on Kafka 4.4.0.
#include <map>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/delete_topics.h"

namespace sluice::kafka {

namespace {

struct Asked {
    std::optional<std::string_view> name;
    Uuid id;
};

struct Asking {
    std::vector<Asked> all;
    std::map<std::string_view, int> names;   // how often each is named
    std::map<Uuid, int> ids;
};

Asking read(const DeleteTopicsRequest& request) {
    Asking asking;
    for (const auto name : request.topic_names) asking.all.push_back({name, {}});
    for (const auto& t : request.topics) asking.all.push_back({t.name, t.topic_id});
    for (const auto& asked : asking.all) {
        if (asked.name && !asked.id.is_zero()) continue;   // refused as it is
        if (asked.name)
            ++asking.names[*asked.name];
        else
            ++asking.ids[asked.id];
    }
    return asking;
}

void refuse(DeleteTopicsResponse::Response& told, ErrorCode code, std::string_view text) {
    told.error_code = code;
    told.error_message = std::string(text);
}
void refuse(DeleteTopicsResponse::Response& told, ErrorCode code) { refuse(told, code, text_of(code)); }

// The stream to delete; nothing when `told` says why not.
streams::StreamPointer check(Call& call, const Asked& asked, const Asking& asking, DeleteTopicsResponse::Response& told) {
    const auto refused = [&](ErrorCode code, std::string_view text = {}) {
        text.empty() ? refuse(told, code) : refuse(told, code, text);
        return nullptr;
    };
    if (asked.name && !asked.id.is_zero())
        return refused(ErrorCode::invalid_request, "You may not specify both topic name and topic id.");
    if (!asked.name && asked.id.is_zero())
        return refused(ErrorCode::invalid_request, "Neither topic name nor id were specified.");
    const auto stream = asked.name ? topic(call, *asked.name) : topic(call, asked.id);
    if (stream || asked.name)
        if (const auto denied = refusal(call, ResourceType::topic, stream ? stream->name : *asked.name);
            denied != ErrorCode::none)
            return refused(denied);
    if (!stream) return refused(asked.name ? ErrorCode::unknown_topic_or_partition : ErrorCode::unknown_topic_id);
    if (asked.name && asking.ids.contains(to_wire_id(stream->topic_id))) {
        told.topic_id = to_wire_id(stream->topic_id);
        return refused(ErrorCode::invalid_request, "The provided topic name maps to an ID that was already supplied.");
    }
    if (!call.broker.configs.flag("delete.topic.enable"))
        return refused(call.version >= 3 ? ErrorCode::topic_deletion_disabled : ErrorCode::invalid_request,
                       text_of(ErrorCode::topic_deletion_disabled));
    return stream;
}

}   // namespace

Task<DeleteTopicsResponse> handle(Call& call, const DeleteTopicsRequest& request) {
    auto asking = read(request);
    DeleteTopicsResponse response;
    std::vector<std::pair<std::size_t, streams::Ticket>> gone;
    auto mutations = call.broker.quotas().mutations(call, call.version >= 5);
    for (const auto& asked : asking.all) {
        const bool both = asked.name && !asked.id.is_zero();
        int once = 1;
        auto& times = both ? once : asked.name ? asking.names[*asked.name] : asking.ids[asked.id];
        if (times == 0) continue;   // told already
        if (!asked.name)
            if (const auto stream = topic(call, asked.id); stream && asking.names.contains(stream->name)) continue;   // by name
        auto& told = response.topics.emplace_back();
        if (asked.name)
            told.name = std::string(*asked.name);
        else
            told.name.reset();
        told.topic_id = asked.id;
        if (times > 1 && !(!asked.name && asked.id.is_zero())) {
            times = 0;
            refuse(told, ErrorCode::invalid_request, asked.name ? "Duplicate topic name." : "Duplicate topic id.");
            continue;
        }
        const auto stream = check(call, asked, asking, told);
        if (!stream) continue;
        told.name = stream->name;
        told.topic_id = to_wire_id(stream->topic_id);
        if (!mutations.take(static_cast<std::int64_t>(stream->shards.size()))) {
            refuse(told, ErrorCode::throttling_quota_exceeded);
            continue;
        }
        const auto removed = call.engine.remove(call.world, stream->name, false);
        if (removed)
            gone.emplace_back(response.topics.size() - 1, *removed);
        else
            refuse(told, code_of(removed.error()));
    }
    call.throttle = mutations.throttle();
    response.throttle_time_ms = told_throttle(call.throttle);
    for (const auto& [index, ticket] : gone) {
        const auto committed = co_await ticket.committed();
        if (!committed) refuse(response.topics[index], code_of(committed.error()));
    }
    co_return response;
}

template Task<void> serve<DeleteTopicsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
