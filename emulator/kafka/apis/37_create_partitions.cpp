// CreatePartitions v0-3: more partitions for a topic, hash ranges dealt anew (rule 16). A stream with Kinesis manners grows by
// UpdateShardCount or SplitShard only. Texts as seen on Kafka 4.4.0.
#include <map>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "emulator/streams/catalog/bounds.h"
#include "protocol/kafka/messages/create_partitions.h"

namespace sluice::kafka {

namespace {

constexpr std::int64_t most_added = 10'000;   // per request

struct Refusal {
    ErrorCode code{};
    std::optional<std::string> text;
};

std::optional<Refusal> fault(const Call& call, const streams::Stream* stream, const CreatePartitionsRequest::Topic& asked) {
    if (const auto denied = refusal(call, ResourceType::topic, asked.name); denied != ErrorCode::none)
        return Refusal{denied, std::string(text_of(denied))};
    if (!stream) return Refusal{ErrorCode::unknown_topic_or_partition, std::nullopt};
    const auto have = static_cast<std::int32_t>(stream->shards.size());
    if (stream->kinesis_manners()) {
        return Refusal{ErrorCode::invalid_partitions, "The topic " + stream->name + " is a Kinesis stream; use UpdateShardCount"};
    }
    if (asked.count == have)
        return Refusal{ErrorCode::invalid_partitions, "Topic already has " + std::to_string(have) + " partition(s)."};
    if (asked.count < have) {
        return Refusal{ErrorCode::invalid_partitions, "The topic " + stream->name + " currently has " + std::to_string(have) +
                                                          " partition(s); " + std::to_string(asked.count) +
                                                          " would not be an increase."};
    }
    if (asked.count > streams::bounds::topic_partitions)
        return Refusal{ErrorCode::invalid_partitions,
                       "More partitions than a topic may have here: " + std::to_string(streams::bounds::topic_partitions)};
    if (!asked.assignments) return std::nullopt;
    if (static_cast<std::int32_t>(asked.assignments->size()) != asked.count - have) {
        return Refusal{ErrorCode::invalid_replica_assignment,
                       "Attempted to add " + std::to_string(asked.count - have) + " additional partition(s), but only " +
                           std::to_string(asked.assignments->size()) + " assignment(s) were specified."};
    }
    for (const auto& assignment : *asked.assignments)
        if (auto text = assignment_fault(call, assignment.broker_ids))
            return Refusal{ErrorCode::invalid_replica_assignment, std::move(text)};
    return std::nullopt;
}

}   // namespace

Task<CreatePartitionsResponse> handle(Call& call, const CreatePartitionsRequest& request) {
    CreatePartitionsResponse response;
    std::map<std::string_view, int> named;   // how often; 0 once it is told
    for (const auto& asked : request.topics) ++named[asked.name];
    std::vector<std::pair<std::size_t, streams::Ticket>> made;
    std::int64_t added_so_far = 0;
    auto mutations = call.broker.quotas().mutations(call, call.version >= 3);
    for (const auto& asked : request.topics) {
        const auto times = std::exchange(named[asked.name], 0);
        if (times == 0) continue;
        auto& told = response.results.emplace_back();
        told.name = asked.name;
        if (times > 1) {
            told.error_code = ErrorCode::invalid_request;
            told.error_message = "Duplicate topic name.";
            continue;
        }
        const auto stream = topic(call, asked.name);
        if (auto refused = fault(call, stream.get(), asked)) {
            told.error_code = refused->code;
            told.error_message = std::move(refused->text);
            continue;
        }
        added_so_far += asked.count - static_cast<std::int64_t>(stream->shards.size());
        if (added_so_far > most_added) {
            told.error_code = ErrorCode::policy_violation;
            told.error_message = "Excessively large number of additional partitions per request.";
            continue;
        }
        if (!mutations.take(asked.count - static_cast<std::int64_t>(stream->shards.size()))) {
            told.error_code = ErrorCode::throttling_quota_exceeded;
            told.error_message = std::string(text_of(told.error_code));
            continue;
        }
        if (request.validate_only) continue;
        const auto added = call.engine.add_partitions(*stream, asked.count);
        if (added) {
            made.emplace_back(response.results.size() - 1, *added);
        } else {
            told.error_code = code_of(added.error());
            told.error_message = std::string(text_of(told.error_code));
        }
    }
    call.throttle = mutations.throttle();
    response.throttle_time_ms = told_throttle(call.throttle);
    for (const auto& [index, ticket] : made) {
        const auto committed = co_await ticket.committed();
        if (!committed) response.results[index].error_code = code_of(committed.error());
    }
    co_return response;
}

template Task<void> serve<CreatePartitionsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
