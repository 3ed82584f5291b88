// The checks of produce_checks.h, one after the other.
#include "emulator/kafka/logs/produce_checks.h"

#include <algorithm>
#include <limits>

#include "emulator/kafka/transactions/transactions.h"

namespace sluice::kafka {

namespace {

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

}   // namespace

void refuse(Answered& answered, ErrorCode code, std::optional<std::string> text) {
    answered.error_code = code;
    answered.base_offset = -1;
    answered.log_append_time_ms = -1;
    answered.error_message = std::move(text);
}

std::optional<batch::Info> checked(Call& call, const ProduceRequest& request, const Target& to, Bytes bytes, Blob& scratch,
                                   Answered& answered) {
    const auto no = [&](ErrorCode code, std::optional<std::string> text = std::nullopt) -> std::optional<batch::Info> {
        refuse(answered, code, std::move(text));
        return std::nullopt;
    };
    if (static_cast<std::int64_t>(bytes.size()) > to.rules.max_message_bytes) return no(ErrorCode::message_too_large);
    const auto info = batch::validate_produce(bytes, scratch);
    if (!info) {
        if (info.error() == batch::BatchError::truncated) {   // Kafka finds no batch there, and says no more
            refuse(answered, batch_code(info.error()));
            answered.log_start_offset = -1;
            return std::nullopt;
        }
        auto text = std::string(batch::text_of(info.error()));
        if (info.error() == batch::BatchError::unknown_magic)
            text = "Invalid magic found in record: " + std::to_string(std::to_integer<int>(bytes[batch::at::magic]));
        return no(batch_code(info.error()), std::move(text));
    }
    if (info->codec == batch::Codec::zstd && call.version < 7) return no(ErrorCode::unsupported_compression_type);
    if (info->transactional && !request.transactional_id) return no(ErrorCode::transactional_id_authorization_failed);
    if (info->transactional && info->producer_id < 0) return no(ErrorCode::invalid_record);
    if (info->has_null_key && to.rules.compacted) {
        refuse_null_keys(to.stream, to.shard.index, bytes, scratch, answered);
        return std::nullopt;
    }
    if (to.shard.sealed && (!to.rules.forwards || info->transactional))
        return no(ErrorCode::policy_violation, sealed_text(to.stream, to.shard));
    if (!to.rules.log_append_time && !timestamps_fit(call, to.rules, *info, bytes, scratch, answered)) return std::nullopt;
    return *info;
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

}   // namespace sluice::kafka
