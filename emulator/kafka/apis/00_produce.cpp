// Produce v3-13: appends one batch per partition, byte for byte as sent. Carried out whole whatever the shard's limits say;
// then the answer says how long the debt lasts and the connection is muted (rule 11). acks 1 and -1 are the same on one
// node. Codes as seen on Kafka 4.4.0, with two differences: records null is answered (87; Kafka never answers), and an
// append to a split or merged shard is POLICY_VIOLATION, which no client retries, unless the topic forwards (rule 15); what is
// part of a transaction is never forwarded. Only the first batch of a transaction in a partition asks the coordinator.
#include <algorithm>
#include <limits>

#include "emulator/kafka/logs/forward.h"
#include "emulator/kafka/security/access.h"
#include "emulator/kafka/security/quotas.h"
#include "emulator/kafka/serve.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/batch/reader.h"
#include "protocol/kafka/messages/produce.h"
#include "storage/planted.h"

namespace sluice::kafka {

namespace {

using Answered = ProduceResponse::Partition;

ErrorCode batch_code(batch::BatchError error) {
    using enum batch::BatchError;
    switch (error) {
        case unknown_magic:
        case bad_crc:
            return ErrorCode::corrupt_message;
        case unknown_codec:
        case bad_payload:
        case too_big:
            return ErrorCode::unknown_server_error;
        default:
            return ErrorCode::invalid_record;
    }
}

void refuse(Answered& answered, ErrorCode code, std::optional<std::string> text = std::nullopt) {
    answered.error_code = code;
    answered.base_offset = -1;
    answered.log_append_time_ms = -1;
    answered.error_message = std::move(text);
}

std::string sealed_text(const streams::Stream& stream, const streams::Shard& shard) {
    std::string text = "shard " + shard.id();
    if (shard.children.empty())
        text += " is closed";
    else
        text += shard.children.size() > 1 ? " was split into " : " was merged into ";
    for (std::size_t i = 0; i < shard.children.size(); ++i) {
        if (i > 0) text += " and ";
        text += stream.shard(shard.children[i])->id();
    }
    text += "; open partitions:";
    const char* separator = " ";
    for (const auto& other : stream.shards) {
        if (other->sealed) continue;
        text += separator + std::to_string(other->index);
        separator = ", ";
    }
    return text;
}

// The records a check refuses, told one by one.
template <class Bad, class Text>
std::vector<ProduceResponse::RecordError> bad_records(Bytes bytes, Blob& scratch, Bad&& bad, Text&& text) {
    std::vector<ProduceResponse::RecordError> errors;
    std::int32_t index = 0;
    (void)batch::read(bytes, scratch, [&](const batch::Record& record) {
        if (bad(record)) errors.push_back({.batch_index = index, .batch_index_error_message = text(index, record)});
        ++index;
        return true;
    });   // validated before, so it walks to the end
    return errors;
}

// Kafka, KIP-937. While the virtual clock is moved, a timestamp that either clock would accept passes (rule 18).
bool timestamps_fit(Call& call, const Configs::ProduceRules& rules, const batch::Info& info, Bytes bytes, Blob& scratch,
                    Answered& answered) {
    const auto before = rules.before_max_ms, after = rules.after_max_ms;
    const auto now = to_ms(call.world.clock->now()), real = to_ms(call.world.clock->real());
    const auto lowest = before > std::min(now, real) ? std::numeric_limits<std::int64_t>::min() : std::min(now, real) - before;
    const auto highest = after > std::numeric_limits<std::int64_t>::max() - std::max(now, real)
                             ? std::numeric_limits<std::int64_t>::max()
                             : std::max(now, real) + after;
    const auto out = [&](std::int64_t timestamp) { return timestamp != -1 && (timestamp < lowest || timestamp > highest); };
    if (!out(info.min_timestamp) && !out(info.max_timestamp)) return true;
    refuse(answered, ErrorCode::invalid_timestamp, "One or more records have been rejected due to invalid timestamp");
    answered.record_errors = bad_records(
        bytes, scratch, [&](const batch::Record& r) { return out(r.timestamp); },
        [&](std::int32_t index, const batch::Record& r) {
            return "Timestamp " + std::to_string(r.timestamp) + " of message with offset " + std::to_string(index) +
                   " is out of range. The timestamp should be within [" + std::to_string(lowest) + ", " +
                   std::to_string(highest) + "]";
        });
    return false;
}

void refuse_null_keys(const streams::Stream& stream, std::int32_t partition, Bytes bytes, Blob& scratch, Answered& answered) {
    std::string text =
        "Compacted topic cannot accept message without key in topic partition " + stream.name + "-" + std::to_string(partition);
    auto errors = bad_records(
        bytes, scratch, [](const batch::Record& r) { return !r.key; }, [&](std::int32_t, const batch::Record&) { return text; });
    std::string all = "One or more records have been rejected due to " + std::to_string(errors.size()) +
                      " record errors in total, and only showing the first three errors at most: [";
    for (std::size_t i = 0; i < std::min<std::size_t>(errors.size(), 3); ++i) {
        all += (i > 0 ? ", " : "") + ("RecordError(batchIndex=" + std::to_string(errors[i].batch_index)) + ", message='" + text +
               "')";
    }
    refuse(answered, ErrorCode::invalid_record, all + "]");
    answered.record_errors = std::move(errors);
}

// The first batch of a transaction in a partition. From v12 on the partition becomes part of it by that (KIP-890); before, the
// producer has said so, or is told what it forgot as well as its version can understand it.
bool begins_well(Call& call, std::string_view id, const Producer& producer, const Partition& partition, Answered& answered) {
    auto& transactions = call.broker.transactions(call.world);
    auto code = call.version >= 12 ? transactions.add(id, producer, std::set{partition}).code
                                   : transactions.fault(id, producer, partition);
    if (code == ErrorCode::none) return true;
    std::optional<std::string> text;
    if (code == ErrorCode::producer_fenced) code = ErrorCode::invalid_producer_epoch;
    if (code == ErrorCode::transaction_abortable && call.version < 11) {
        code = ErrorCode::invalid_txn_state;
        text = "Partition was not added to the transaction";
    }
    refuse(answered, code, std::move(text));
    answered.log_start_offset = -1;
    return false;
}

// Where the answer of a queued append goes, and what keeps its bytes until they are committed.
struct Waiting {
    std::size_t topic, partition;
    streams::Ticket ticket;
    std::vector<Blob> kept;
};

}   // namespace

Task<ProduceResponse> handle(Call& call, const ProduceRequest& request) {
    ProduceResponse response;
    std::vector<Waiting> waiting;
    Blob scratch;
    bool failed = false;
    call.serving = call.world.clock->serve();
    const auto no_transaction =
        request.transactional_id ? refusal(call, ResourceType::transactional_id, *request.transactional_id) : ErrorCode::none;
    for (const auto& asked : request.topics) {
        const auto stream = call.version >= 13 ? topic(call, asked.topic_id) : topic(call, asked.name);
        const auto rules = stream ? call.broker.configs.produce_rules(*stream) : Configs::ProduceRules{};
        const auto denied = no_transaction != ErrorCode::none || (!stream && call.version >= 13)
                                ? no_transaction
                                : refusal(call, ResourceType::topic, stream ? stream->name : asked.name);
        auto& told = response.topics.emplace_back();
        told.name = asked.name;
        told.topic_id = asked.topic_id;
        for (const auto& partition : asked.partitions) {
            auto& answered = told.partitions.emplace_back();
            answered.index = partition.index;
            answered.base_offset = -1;
            const auto bytes = partition.records.bytes;
            if (denied != ErrorCode::none) {
                refuse(answered, denied);
                continue;
            }
            auto* shard = stream ? stream->shard(partition.index) : nullptr;
            if (!shard) {
                refuse(answered,
                       !stream && call.version >= 13 ? ErrorCode::unknown_topic_id : ErrorCode::unknown_topic_or_partition);
                continue;
            }
            if (stream->internal) {
                refuse(answered, ErrorCode::invalid_topic_exception);
                continue;
            }
            answered.log_start_offset = call.engine.bounds(*shard).begin;
            if (partition.records.null) {
                refuse(answered, ErrorCode::invalid_record, "Records are null");
                continue;
            }
            if (static_cast<std::int64_t>(bytes.size()) > rules.max_message_bytes) {
                refuse(answered, ErrorCode::message_too_large);
                continue;
            }
            const auto info = batch::validate_produce(bytes, scratch);
            if (!info) {
                auto text = std::string(batch::text_of(info.error()));
                if (info.error() == batch::BatchError::unknown_magic) {
                    text = "Invalid magic found in record: " + std::to_string(std::to_integer<int>(bytes[batch::at::magic]));
                }
                if (info.error() == batch::BatchError::truncated) {   // Kafka finds no batch there, and says no more
                    refuse(answered, batch_code(info.error()));
                    answered.log_start_offset = -1;
                    continue;
                }
                refuse(answered, batch_code(info.error()), std::move(text));
                continue;
            }
            if (info->codec == batch::Codec::zstd && call.version < 7) {
                refuse(answered, ErrorCode::unsupported_compression_type);
                continue;
            }
            if (info->transactional && !request.transactional_id) {
                refuse(answered, ErrorCode::transactional_id_authorization_failed);
                continue;
            }
            if (info->transactional && info->producer_id < 0) {
                refuse(answered, ErrorCode::invalid_record);
                continue;
            }
            if (info->has_null_key && rules.compacted) {
                refuse_null_keys(*stream, partition.index, bytes, scratch, answered);
                continue;
            }
            if (shard->sealed && (!rules.forwards || info->transactional)) {
                refuse(answered, ErrorCode::policy_violation, sealed_text(*stream, *shard));
                continue;
            }
            streams::Append append{.batch = bytes,
                                   .records = static_cast<std::uint32_t>(info->count),
                                   .payload_bytes = info->payload_bytes,
                                   .max_timestamp_ms = info->max_timestamp,
                                   .producer_id = info->producer_id,
                                   .producer_epoch = info->producer_epoch,
                                   .base_sequence = info->base_sequence,
                                   .transactional = info->transactional};
            const bool stamps = rules.log_append_time;
            if (!stamps && !timestamps_fit(call, rules, *info, bytes, scratch, answered)) continue;
            std::optional<streams::Unit> whole;   // the partition's first batch and the transaction stand or fall together
            if (info->transactional && !call.engine.in_transaction(*shard, info->producer_id, info->producer_epoch)) {
                whole.emplace(call.engine);
                const Producer producer{.id = info->producer_id, .epoch = info->producer_epoch};
                if (!begins_well(call, *request.transactional_id, producer, {stream->topic_id, partition.index}, answered))
                    continue;
            }
            if (request.acks < -1 || request.acks > 1) {   // Kafka asks the transaction first
                refuse(answered, ErrorCode::invalid_required_acks);
                answered.log_start_offset = -1;
                continue;
            }
            if (shard->sealed) {   // what is part of a transaction was refused above
                auto forwarded = forward(call, *shard, bytes, *info, stamps);
                if (!forwarded) {
                    refuse(answered, code_of(forwarded.error()));
                    continue;
                }
                if (stamps || forwarded->queued.duplicate) answered.log_append_time_ms = forwarded->queued.appended_ms;
                call.throttle = std::max(call.throttle, forwarded->throttle);
                waiting.push_back({response.topics.size() - 1, told.partitions.size() - 1, forwarded->queued.ticket,
                                   std::move(forwarded->kept)});
                continue;
            }
            std::vector<Blob> kept;
            if (stamps) {
                auto& stamped = kept.emplace_back(bytes.begin(), bytes.end());
                append.max_timestamp_ms = std::max(to_ms(call.world.clock->now()), shard->last_appended_ms);
                batch::stamp_append_time(stamped, append.max_timestamp_ms);
                append.batch = stamped;
            }
            const auto queued = call.engine.append(*shard, append);
            whole.reset();
            if (!queued) {
                refuse(answered,
                       queued.error() == streams::Fault::sealed ? ErrorCode::policy_violation : code_of(queued.error()));
                continue;
            }
            if (stamps || queued->duplicate) answered.log_append_time_ms = queued->appended_ms;
            if (!queued->duplicate || planted("duplicate-charged")) {
                call.throttle = std::max(call.throttle, call.engine.charge_write(*shard, info->payload_bytes, append.records));
            }
            waiting.push_back({response.topics.size() - 1, told.partitions.size() - 1, queued->ticket, std::move(kept)});
        }
    }
    for (const auto& entry : waiting) {
        if (!entry.ticket.done()) co_await entry.ticket.finished();
        const auto committed = entry.ticket.outcome();
        auto& told = response.topics[entry.topic].partitions[entry.partition];
        if (committed)
            told.base_offset = entry.ticket.base();
        else
            refuse(told, code_of(committed.error()));
    }
    for (const auto& told : response.topics) {
        failed |= std::ranges::any_of(told.partitions, [](const auto& p) { return p.error_code != ErrorCode::none; });
    }
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
