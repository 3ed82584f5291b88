#include "emulator/kinesis/records/puts.h"

#include <fmt/format.h>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/call.h"
#include "emulator/kinesis/kms.h"
#include "emulator/kinesis/texts/texts.h"
#include "emulator/streams/catalog/hash_key.h"

namespace sluice::kinesis {

namespace {

std::string member(std::size_t item, std::string_view name) {
    return item == 0 ? std::string{name} : fmt::format("records.{}.member.{}", item, name);
}

}   // namespace

std::expected<Put, Error> check_put(const streams::Stream& stream, std::size_t item, const std::optional<std::string_view>& key,
                                    const std::optional<std::string_view>& explicit_hash, std::string_view data) {
    if (!key && !stream.spread()) return std::unexpected{texts::member_null(member(item, "partitionKey"))};
    const Put put{.key = key.value_or(""), .data = data};
    if (put.bytes() > static_cast<std::uint64_t>(stream.max_record_bytes))
        return std::unexpected{
            texts::data_too_long(member(item, "data"), static_cast<std::int64_t>(put.bytes()), stream.max_record_bytes)};
    if (stream.spread()) return put;   // whatever the keys are (AWS API: AUTO)
    auto hash = explicit_hash ? streams::parse_hash_key(*explicit_hash) : streams::hash_of(*key);
    if (!hash) return std::unexpected{texts::hash_key_out_of_range(*explicit_hash)};
    auto* shard = stream.open_shard_for(*hash);
    if (!shard) return std::unexpected{texts::internal_failure()};
    return Put{.key = put.key, .data = data, .shard = shard};
}

std::optional<Error> accepts_puts(const Call& call, const streams::Stream& stream) {
    if (stream.status == streams::StreamStatus::creating) return texts::stream_not_found(call.name(stream), call.account());
    return fault_of_key(call, stream);
}

const streams::Shard& shard_of(streams::Engine& engine, const streams::Stream& stream, const Put& put) {
    return put.shard ? *put.shard : *engine.take_turn(stream);
}

void ShardPuts::add(const Put& put) {
    auto& record = records_.emplace_back();
    if (!put.key.empty()) record.key = std::as_bytes(std::span{put.key});   // a key that is given is not empty
    record.value = std::as_bytes(std::span{put.data});
    payload_bytes_ += put.bytes();
    // Bill: 25 KB payload units (provisioned) and bytes rounded up to 1 KB (on-demand), per record.
    units_25k_ += (put.bytes() + 25 * 1024 - 1) / (25 * 1024);
    rounded_1k_bytes_ += (put.bytes() + 1023) / 1024 * 1024;
}

void ShardPuts::build(std::int64_t now_ms) {
    for (auto& record : records_) record.timestamp = now_ms;
    batch_ = batch::build(records_);
    made_ms_ = now_ms;
}

bool ShardPuts::queue(streams::Engine& engine) {
    auto& stream = *shard_->stream;
    // Rule 12: whoever tests against limits should know that this topic has none.
    if (!stream.kinesis_manners() && stream.profile == "kafka" && stream.limits == streams::no_limits &&
        !std::exchange(stream.unlimited_told, true))
        engine.events().note(
            fmt::format("topic {0} takes Kinesis writes without limits, as Kafka made it; `sluice limits set {0} --profile "
                        "kinesis` gives it those of a stream",
                        stream.name));
    // Read once, so that the record's timestamp and its arrival are the same moment for both doors.
    const auto now_ms = std::max(to_ms(stream.world->clock->now()), shard_->last_appended_ms);
    if (batch_.empty())
        build(now_ms);
    else if (made_ms_ != now_ms)
        batch::move_timestamps(batch_, now_ms);   // it was made a while ago
    const streams::Append append{.batch = batch_,
                                 .records = static_cast<std::uint32_t>(records_.size()),
                                 .payload_bytes = payload_bytes_,
                                 .rounded_1k_bytes = rounded_1k_bytes_,
                                 .units_25k = units_25k_,
                                 .max_timestamp_ms = now_ms,
                                 .at_ms = now_ms};
    auto queued = engine.append(*shard_, append);
    if (!queued) return false;
    appended_ms_ = queued->appended_ms;
    ticket_ = std::move(queued->ticket);
    return true;
}

}   // namespace sluice::kinesis
