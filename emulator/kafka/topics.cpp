#include "emulator/kafka/topics.h"

#include <set>

#include "emulator/streams/catalog/bounds.h"

namespace sluice::kafka {

streams::StreamPointer topic(Call& call, std::string_view name) {
    auto stream = call.engine.find(call.world, name);
    if (stream && (stream->deleted || stream->status == streams::StreamStatus::deleting)) return nullptr;
    return stream;
}
streams::StreamPointer topic(Call& call, const Uuid& id) {
    if (id.is_zero()) return nullptr;
    auto stream = call.engine.find_topic(call.world, to_topic_id(id));
    if (stream && (stream->deleted || stream->status == streams::StreamStatus::deleting)) return nullptr;
    return stream;
}

std::optional<std::string> name_fault(std::string_view name) {
    if (streams::bounds::good_name(name)) return std::nullopt;
    const std::string text(name);
    if (name.empty()) return "Topic name is invalid: the empty string is not allowed";
    if (name == "." || name == "..") return "Topic name is invalid: '" + text + "' is not allowed";
    if (name.size() > streams::bounds::name_bytes)
        return "Topic name is invalid: the length of '" + text + "' is longer than the max allowed length 249";
    return "Topic name is invalid: '" + text +
           "' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'";
}

std::optional<std::string> assignment_fault(const Call& call, const Array<std::int32_t>& broker_ids) {
    if (broker_ids.empty()) return "The manual partition assignment includes an empty replica list.";
    std::set<std::int32_t> seen;
    for (const auto broker : broker_ids) {
        if (!seen.insert(broker).second)
            return "The manual partition assignment includes the broker " + std::to_string(broker) + " more than once.";
        if (broker != call.broker.options.node_id)
            return "The manual partition assignment includes broker " + std::to_string(broker) +
                   ", but no such broker is registered.";
    }
    return std::nullopt;
}

ErrorCode code_of(streams::Fault fault) {
    using enum streams::Fault;
    switch (fault) {
        case not_found:
            return ErrorCode::unknown_topic_or_partition;
        case exists:
            return ErrorCode::topic_already_exists;
        case bad_name:
        case name_collides:
            return ErrorCode::invalid_topic_exception;
        case bad_count:
            return ErrorCode::invalid_partitions;
        case bad_text:
            return ErrorCode::invalid_config;
        case not_active:
            return ErrorCode::leader_not_available;
        case sealed:
            return ErrorCode::policy_violation;
        case out_of_order_sequence:
            return ErrorCode::out_of_order_sequence_number;
        case invalid_producer_epoch:
            return ErrorCode::invalid_producer_epoch;
        case transaction_open:
            return ErrorCode::invalid_txn_state;
        case coordinator_fenced:
            return ErrorCode::transaction_coordinator_fenced;
        case no_space:
        case storage:
            return ErrorCode::kafka_storage_error;
        case not_adjacent:
        case bad_hash_key:
            break;
    }
    return ErrorCode::unknown_server_error;
}

}   // namespace sluice::kafka
