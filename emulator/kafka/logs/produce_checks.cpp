// The checks of produce_checks.h, one after the other.
#include "emulator/kafka/logs/produce_checks.h"

#include <algorithm>
#include <limits>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/transactions/transactions.h"
#include "protocol/batch/incoming.h"

namespace sluice::kafka {

namespace {

ErrorCode batch_code(batch::BatchError error) {
    using enum batch::BatchError;
    switch (error) {
        case unknown_magic:
        case bad_crc:
        case truncated:   // a batch that is less than its header
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

// The times that records of the topic may have. While the virtual clock is moved, what either clock would accept passes (rule
// 18).
struct Window {
    std::int64_t lowest, highest;
    bool holds(std::int64_t timestamp) const { return timestamp == -1 || (timestamp >= lowest && timestamp <= highest); }
};

Window window(const Call& call, const Configs::ProduceRules& rules) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (rules.log_append_time) return {Limits::min(), Limits::max()};
    const auto now = to_ms(call.world.clock->now()), real = to_ms(call.world.clock->real());
    const auto earlier = std::min(now, real), later = std::max(now, real);
    return {.lowest = earlier < Limits::min() + rules.before_max_ms ? Limits::min() : earlier - rules.before_max_ms,
            .highest = later > Limits::max() - rules.after_max_ms ? Limits::max() : later + rules.after_max_ms};
}

// Keys where the topic is compacted, and times (KIP-937), record by record.
bool records_fit(const Target& to, const Window& times, const batch::Info& info, Bytes bytes, Blob& scratch, Answered& answered) {
    const bool keys = to.rules.compacted;
    if (!(info.has_null_key && keys) && times.holds(info.min_timestamp) && times.holds(info.max_timestamp)) return true;
    std::vector<ProduceResponse::RecordError> errors;
    bool late = false;
    std::int32_t index = 0;
    (void)batch::read(bytes, scratch, [&](const batch::Record& record) {
        std::string text;
        if (keys && !record.key) {
            text = "Compacted topic cannot accept message without key in topic partition " + to.stream.name + "-" +
                   std::to_string(to.shard.index);
        } else if (!times.holds(record.timestamp)) {
            late = true;
            text = "Timestamp " + std::to_string(record.timestamp) + " of message with offset " + std::to_string(index) +
                   " is out of range. The timestamp should be within [" + std::to_string(times.lowest) + ", " +
                   std::to_string(times.highest) + "]";
        }
        if (!text.empty()) errors.push_back({.batch_index = index, .batch_index_error_message = std::move(text)});
        ++index;
        return true;
    });   // validated before, so it walks to the end
    if (late) {
        refuse(answered, ErrorCode::invalid_timestamp, "One or more records have been rejected due to invalid timestamp");
    } else {
        std::string all = "One or more records have been rejected due to " + std::to_string(errors.size()) +
                          " record errors in total, and only showing the first three errors at most: [";
        for (std::size_t i = 0; i < std::min<std::size_t>(errors.size(), 3); ++i)
            all += (i > 0 ? ", " : "") + ("RecordError(batchIndex=" + std::to_string(errors[i].batch_index)) + ", message='" +
                   *errors[i].batch_index_error_message + "')";
        refuse(answered, ErrorCode::invalid_record, all + "]");
    }
    answered.record_errors = std::move(errors);
    return false;
}

// Of a batch that was not even looked into Kafka tells no start of the log either.
void refuse_unseen(Answered& answered, ErrorCode code, std::optional<std::string> text = std::nullopt) {
    refuse(answered, code, std::move(text));
    answered.log_start_offset = -1;
}

}   // namespace

void refuse(Answered& answered, ErrorCode code, std::optional<std::string> text) {
    answered.error_code = code;
    answered.base_offset = -1;
    answered.log_append_time_ms = -1;
    answered.error_message = std::move(text);
}

Answered refusal_of_all(const Call& call, const ProduceRequest& request) {
    Answered refused;
    bool transactional = false;
    for (const auto& topic : request.topics) {
        for (const auto& partition : topic.partitions) {
            const auto& records = partition.records.bytes;
            const auto first = batch::front_batch(records);
            if (!first && first.error() == batch::FrontFault::small_size) {
                refuse_unseen(refused, ErrorCode::corrupt_message,
                              "Record size " + std::to_string(batch::load<std::int32_t>(records.data() + batch::at::length)) +
                                  " is less than the minimum record overhead (" + std::to_string(batch::least_size) + ")");
                return refused;
            }
            if (!first) {
                refuse_unseen(refused, ErrorCode::corrupt_message,
                              "Invalid magic found in record: " +
                                  std::to_string(batch::load<std::int8_t>(records.data() + batch::at::magic)));
                return refused;
            }
            const auto header = batch::parse_header(*first);
            transactional |= header && header->magic == 2 && header->transactional();
        }
    }
    if (!transactional) return refused;
    const auto code = request.transactional_id ? refusal(call, ResourceType::transactional_id, *request.transactional_id)
                                               : ErrorCode::transactional_id_authorization_failed;
    refuse_unseen(refused, code);
    return refused;
}

std::optional<Bytes> only_batch(const Call& call, Bytes records, Answered& answered) {
    const auto no = [&](ErrorCode code, std::optional<std::string> text = std::nullopt) {
        refuse_unseen(answered, code, std::move(text));
        return std::nullopt;
    };
    const auto text = [](batch::BatchError error) { return std::string(batch::text_of(error)); };
    const auto first = batch::front_batch(records);
    if (!first || first->empty()) return no(ErrorCode::invalid_record);
    if (batch::load<std::int8_t>(first->data() + batch::at::magic) < 2)
        return no(ErrorCode::invalid_record, text(batch::BatchError::old_magic));
    const bool zstd = first->size() >= batch::at::last_offset_delta &&   // however little stands behind
                      (batch::load<std::int16_t>(first->data() + batch::at::attributes) & batch::attribute::codec_mask) ==
                          static_cast<int>(batch::Codec::zstd);
    if (zstd && call.version < 7) return no(ErrorCode::unsupported_compression_type);
    const auto behind = batch::front_batch(records.subspan(first->size()));
    if (!behind) return no(ErrorCode::corrupt_message, text(batch::BatchError::several_batches));
    if (!behind->empty()) return no(ErrorCode::invalid_record, text(batch::BatchError::several_batches));
    return *first;
}

std::optional<batch::Info> checked(Call& call, const Target& to, Bytes bytes, Blob& scratch, Answered& answered) {
    const auto no = [&](ErrorCode code, std::optional<std::string> text = std::nullopt) -> std::optional<batch::Info> {
        refuse(answered, code, std::move(text));
        return std::nullopt;
    };
    if (batch::load<std::int64_t>(bytes.data() + batch::at::base_offset) == 0 &&
        static_cast<std::int64_t>(bytes.size()) > to.rules.max_message_bytes) {
        refuse_unseen(answered, ErrorCode::message_too_large);
        return std::nullopt;
    }
    auto info = batch::validate_produce(bytes, scratch);
    if (!info) {
        const auto text = std::string(batch::text_of(info.error()));
        const auto code = batch_code(info.error());
        if (code != ErrorCode::corrupt_message) return no(code, text);
        refuse_unseen(answered, code, text);
        return std::nullopt;
    }
    if (info->producer_id < 0) info->transactional = false;   // nobody's transaction: to Kafka it is a plain batch
    const auto times = window(call, to.rules);
    if (to.rules.compacted && info->has_null_key && !records_fit(to, times, *info, bytes, scratch, answered)) return std::nullopt;
    if (to.shard.sealed && (!to.rules.forwards || info->transactional))
        return no(ErrorCode::policy_violation, sealed_text(to.stream, to.shard));
    if (!records_fit(to, times, *info, bytes, scratch, answered)) return std::nullopt;
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
