// Produce v3-13: appends one batch per partition, byte for byte as sent unless the topic says otherwise. Carried out whole
// whatever the shard's limits say; then the answer says how long the debt lasts and the connection is muted (rule 11). acks 1 and
// -1 are the same on one node. Codes as seen on Kafka 4.4.0, with two differences: records null is answered (87; Kafka never
// answers), and an append to a split or merged shard is POLICY_VIOLATION, which no client retries, unless the topic forwards
// (rule 15); what is part of a transaction is never forwarded. Only the first batch of a transaction in a partition asks the
// coordinator.
#include <algorithm>

#include "emulator/kafka/logs/forward.h"
#include "emulator/kafka/logs/produce_checks.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "protocol/batch/recompress.h"
#include "storage/planted.h"

namespace sluice::kafka {

namespace {

// Where the answer of a queued append goes, and what keeps its bytes until they are committed.
struct Waiting {
    std::size_t topic, partition;
    streams::Ticket ticket{};
    std::vector<Blob> kept{};
};

// What is known of a topic that is written to; nothing is known of one that is not there.
struct Topic {
    streams::StreamPointer stream;
    Configs::ProduceRules rules{};
    ErrorCode denied{};
};

Topic find_topic(Call& call, const ProduceRequest::Topic& asked, ErrorCode no_transaction) {
    Topic found{.stream = call.version >= 13 ? topic(call, asked.topic_id) : topic(call, asked.name)};
    if (found.stream) found.rules = call.broker.configs.produce_rules(*found.stream);
    found.denied = no_transaction;
    if (no_transaction == ErrorCode::none && (found.stream || call.version < 13))
        found.denied = refusal(call, ResourceType::topic, found.stream ? found.stream->name : asked.name);
    return found;
}

// The partition as it can be written to; nothing when it cannot be.
const streams::Shard* find_partition(Call& call, const Topic& of, const ProduceRequest::Partition& asked, Answered& answered) {
    const auto no = [&](ErrorCode code, std::optional<std::string> text = std::nullopt) -> const streams::Shard* {
        refuse(answered, code, std::move(text));
        return nullptr;
    };
    if (of.denied != ErrorCode::none) return no(of.denied);
    auto* shard = of.stream ? of.stream->shard(asked.index) : nullptr;
    if (!shard) return no(!of.stream && call.version >= 13 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition);
    if (of.stream->internal) return no(ErrorCode::invalid_topic_exception);
    answered.log_start_offset = call.engine.bounds(*shard).begin;
    if (asked.records.null) return no(ErrorCode::invalid_record, "Records are null");
    return shard;
}

// Queues the batch, whatever becomes of it: true when there is a ticket to wait for.
bool place(Call& call, const ProduceRequest& request, const Target& to, Bytes bytes, const batch::Info& info, Waiting& waiting,
           Answered& answered) {
    const bool stamps = to.rules.log_append_time;
    std::optional<streams::Unit> whole;   // the partition's first batch and the transaction stand or fall together
    if (info.transactional && !call.engine.in_transaction(to.shard, info.producer_id, info.producer_epoch)) {
        whole.emplace(call.engine);
        const Producer producer{.id = info.producer_id, .epoch = info.producer_epoch};
        if (!begins_well(call, *request.transactional_id, producer, {to.stream.topic_id, to.shard.index}, answered)) return false;
    }
    if (request.acks < -1 || request.acks > 1) {   // Kafka asks the transaction first
        refuse(answered, ErrorCode::invalid_required_acks);
        answered.log_start_offset = -1;
        return false;
    }
    if (to.shard.sealed) {   // what is part of a transaction was refused before
        auto forwarded = forward(call, to.shard, bytes, info, stamps);
        if (!forwarded) {
            refuse(answered, code_of(forwarded.error()));
            return false;
        }
        if (stamps || forwarded->queued.duplicate) answered.log_append_time_ms = forwarded->queued.appended_ms;
        call.throttle = std::max(call.throttle, forwarded->throttle);
        waiting.ticket = forwarded->queued.ticket;
        std::ranges::move(forwarded->kept, std::back_inserter(waiting.kept));
        return true;
    }
    streams::Append append{.batch = bytes,
                           .records = static_cast<std::uint32_t>(info.count),
                           .payload_bytes = info.payload_bytes,
                           .max_timestamp_ms = info.max_timestamp,
                           .producer_id = info.producer_id,
                           .producer_epoch = info.producer_epoch,
                           .base_sequence = info.base_sequence,
                           .transactional = info.transactional};
    if (stamps) {
        auto& stamped = waiting.kept.emplace_back(bytes.begin(), bytes.end());
        append.max_timestamp_ms = std::max(to_ms(call.world.clock->now()), to.shard.last_appended_ms);
        batch::stamp_append_time(stamped, append.max_timestamp_ms);
        append.batch = stamped;
    }
    const auto queued = call.engine.append(to.shard, append);
    whole.reset();
    if (!queued) {
        refuse(answered, queued.error() == streams::Fault::sealed ? ErrorCode::policy_violation : code_of(queued.error()));
        return false;
    }
    if (stamps || queued->duplicate) answered.log_append_time_ms = queued->appended_ms;
    if (!queued->duplicate || planted("duplicate-charged"))
        call.throttle = std::max(call.throttle, call.engine.charge_write(to.shard, info.payload_bytes, append.records));
    waiting.ticket = queued->ticket;
    return true;
}

}   // namespace

Task<ProduceResponse> handle(Call& call, const ProduceRequest& request) {
    ProduceResponse response;
    std::vector<Waiting> waiting;
    Blob scratch;
    call.serving = call.world.clock->serve();
    const auto no_transaction =
        request.transactional_id ? refusal(call, ResourceType::transactional_id, *request.transactional_id) : ErrorCode::none;
    for (const auto& asked : request.topics) {
        const auto of = find_topic(call, asked, no_transaction);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        told.topic_id = asked.topic_id;
        for (const auto& partition : asked.partitions) {
            auto& answered = told.partitions.emplace_back();
            answered.index = partition.index;
            answered.base_offset = -1;
            auto* shard = find_partition(call, of, partition, answered);
            if (!shard) continue;
            const Target to{*of.stream, *shard, of.rules};
            auto bytes = partition.records.bytes;
            auto info = checked(call, request, to, bytes, scratch, answered);
            if (!info) continue;
            Waiting one{.topic = response.topics.size() - 1, .partition = told.partitions.size() - 1};
            if (to.rules.codec && *to.rules.codec != info->codec) {
                bytes = one.kept.emplace_back(batch::recompress(bytes, *to.rules.codec, to.rules.level, scratch));
                info->codec = *to.rules.codec;
                if (static_cast<std::int64_t>(bytes.size()) > to.rules.max_message_bytes) {
                    refuse(answered, ErrorCode::message_too_large);
                    continue;
                }
            }
            if (place(call, request, to, bytes, *info, one, answered)) waiting.push_back(std::move(one));
        }
    }
    bool failed = false;
    for (const auto& entry : waiting) {
        if (!entry.ticket.done()) co_await entry.ticket.finished();
        const auto committed = entry.ticket.outcome();
        auto& told = response.topics[entry.topic].partitions[entry.partition];
        if (committed)
            told.base_offset = entry.ticket.base();
        else
            refuse(told, code_of(committed.error()));
    }
    for (const auto& told : response.topics)
        failed |= std::ranges::any_of(told.partitions, [](const auto& p) { return p.error_code != ErrorCode::none; });
    call.throttle = std::max(call.throttle, call.broker.quotas().produced(call, call.frame_bytes));
    response.throttle_time_ms = told_throttle(call.throttle);
    if (request.acks == 0) {
        call.silent = true;
        call.hang_up = failed;   // the only way to tell
    }
    co_return response;
}

template Task<void> serve<ProduceRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
