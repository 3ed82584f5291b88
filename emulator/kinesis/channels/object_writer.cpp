#include "emulator/kinesis/channels/object_writer.h"

#include <nlohmann/json.hpp>

#include "emulator/streams/log/sequence.h"
#include "protocol/kinesis/base64.h"
#include "protocol/utf8.h"

namespace sluice::kinesis {

std::string_view ObjectWriter::fault_of(std::string_view record) const {
    if (form_ == streams::ChannelForm::text && !is_utf8(record)) return "The record is no valid UTF-8.";
    if (form_ == streams::ChannelForm::json && !nlohmann::json::accept(record)) return "The record is no valid JSON.";
    return {};
}

std::string ObjectWriter::line_about(const Piece::Item& item, std::string_view record, std::string_view fault) const {
    std::string data(base64_size(record.size()), '\0');
    (void)put_base64(data.data(), record);
    const nlohmann::ordered_json line{
        {"channelName", source_.channel},
        {"channelId", source_.channel_id},
        {"streamName", source_.stream},
        {"shardId", fmt::format("shardId-{:012}", source_.shard)},
        {"sequenceNumber", streams::to_string(streams::Sequence{.created_s = source_.shard_created_s,
                                                                .index = item.position + 1,
                                                                .arrived_s = item.appended_ms / 1000,
                                                                .shard = source_.shard})},
        {"approximateArrivalTimestamp", item.appended_ms},
        {"partitionKey", item.partition_key},
        {"errorCode", form_ == streams::ChannelForm::json ? "InvalidJson" : "InvalidString"},
        {"errorMessage", fault},
        {"rawData", data}};
    return line.dump() + "\n";
}

int ObjectWriter::add(const Piece& piece) {
    std::string_view rest = piece.text;
    for (const auto& item : piece.items) {
        const auto record = rest.substr(0, item.bytes);
        rest.remove_prefix(item.bytes);
        if (const auto fault = fault_of(record); !fault.empty()) {
            if (const int failed = errors_.append(line_about(item, record, fault)); failed != 0) return failed;
            continue;
        }
        if (const int failed = object_.append(record); failed != 0) return failed;
        if (form_ != streams::ChannelForm::bytes && !record.ends_with('\n'))
            if (const int failed = object_.append("\n"); failed != 0) return failed;
    }
    return 0;
}

int ObjectWriter::finish() {
    if (const int failed = object_.finish(); failed != 0) return failed;
    return errors_.finish();
}

int ObjectWriter::publish() {
    if (!is_there(paths_.object))
        if (const int failed = object_.publish(paths_.object); failed != 0) return failed;
    return is_there(paths_.errors) ? 0 : errors_.publish(paths_.errors);
}

}   // namespace sluice::kinesis
