// Produce v3-13: appends one batch per partition, byte for byte as sent unless the topic says otherwise or its header has not the
// largest of its records' times. Carried out whole whatever the shard's limits say; then the answer says how long the debt lasts
// and the connection is muted (rule 11). acks 1 and -1 are the same on one node. Codes as seen on Kafka 4.4.0, with two
// differences: records null is answered (87; Kafka never answers), and an append to a split or merged shard is POLICY_VIOLATION,
// which no client retries, unless the topic forwards (rule 15); what is part of a transaction is never forwarded. Only the first
// batch of a transaction in a partition asks the coordinator.
#include <algorithm>

#include "emulator/kafka/logs/forward.h"
#include "emulator/kafka/logs/produce_checks.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "protocol/batch/incoming.h"
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

Topic find_topic(Call& call, const ProduceRequest::Topic& asked) {
    Topic found{.stream = call.version >= 13 ? topic(call, asked.topic_id) : topic(call, asked.name)};
    if (found.stream) found.rules = call.broker.configs.produce_rules(*found.stream);
    if (found.stream || call.version < 13)
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

// Kafka asks a transaction first whether it begins well.
bool acks_fit(Call& call, const ProduceRequest& request, const Target& to, Bytes bytes, Answered& answered) {
    if (request.acks >= -1 && request.acks <= 1) return true;
    const auto header = batch::parse_header(bytes);
    if (header && header->transactional() && header->producer_id >= 0) {
        const Producer producer{.id = header->producer_id, .epoch = header->producer_epoch};
        if (!call.engine.in_transaction(to.shard, producer.id, producer.epoch) &&
            !begins_well(call, *request.transactional_id, producer, {to.stream.topic_id, to.shard.index}, answered))
            return false;
    }
    refuse(answered, ErrorCode::invalid_required_acks);
    answered.log_start_offset = -1;
    return false;
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
    const auto refused = refusal_of_all(call, request);
    for (const auto& asked : request.topics) {
        const auto of = find_topic(call, asked);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        told.topic_id = asked.topic_id;
        for (const auto& partition : asked.partitions) {
            auto& answered = told.partitions.emplace_back(refused);
            answered.index = partition.index;
            answered.base_offset = -1;
            if (refused.error_code != ErrorCode::none) continue;
            auto* shard = find_partition(call, of, partition, answered);
            if (!shard) continue;
            const Target to{*of.stream, *shard, of.rules};
            const auto batch = only_batch(call, partition.records.bytes, answered);
            if (!batch || !acks_fit(call, request, to, *batch, answered)) continue;
            auto bytes = *batch;
            auto info = checked(call, to, bytes, scratch, answered);
            if (!info) continue;
            Waiting one{.topic = response.topics.size() - 1, .partition = told.partitions.size() - 1};
            if (to.rules.codec && *to.rules.codec != info->codec) {
                constexpr std::int64_t no_time = -1;   // Kafka's builder takes no earlier one
                if (info->min_timestamp < no_time) {
                    refuse(answered, ErrorCode::unknown_server_error, "A record that is compressed anew has a time below -1.");
                    continue;
                }
                bytes = one.kept.emplace_back(batch::recompress(bytes, *to.rules.codec, to.rules.level, scratch));
                info->codec = *to.rules.codec;
                if (static_cast<std::int64_t>(bytes.size()) > to.rules.max_message_bytes) {
                    refuse(answered, ErrorCode::message_too_large);
                    answered.log_start_offset = -1;
                    continue;
                }
            }
            if (const auto header = batch::parse_header(bytes);
                !of.rules.log_append_time && (header->log_append_time() || header->max_timestamp != info->max_timestamp)) {
                auto& corrected = one.kept.emplace_back(bytes.begin(), bytes.end());
                batch::set_create_time(corrected, info->max_timestamp);
                bytes = corrected;
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
