// What is said about queues. No answer of AWS's is known: the sentences are ours, the exceptions those of the service model.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "emulator/runtime/clock.h"
#include "protocol/kinesis/errors.h"

namespace sluice::kinesis::texts {

using View = std::string_view;

inline Error queue_not_found(View arn) { return {ErrorCode::resource_not_found, fmt::format("Queue {} not found.", arn)}; }
inline Error queue_exists(View name, View account) {
    return {ErrorCode::resource_in_use, fmt::format("Queue {} under account {} already exists.", name, account)};
}
inline Error queue_not_active(View name, View state) {
    return {ErrorCode::resource_in_use, fmt::format("Queue {} not ACTIVE, instead in state {}.", name, state)};
}
// Of the operations on records, whose exceptions lack ResourceInUse.
inline Error queue_delivers_nothing(View name, View state) {
    return {ErrorCode::invalid_argument, fmt::format("Queue {} is in state {} and delivers no records.", name, state)};
}
inline Error queue_needs_on_demand(View name, View account) {
    return {
        ErrorCode::validation,
        fmt::format("Stream {} under account {} is in PROVISIONED mode. Queues are supported on streams in ON_DEMAND mode only.",
                    name, account)};
}
inline Error has_queues(View name, View account, View operation) {
    return {
        ErrorCode::resource_in_use,
        fmt::format(
            "{} can't be carried out on stream {} under account {} because it has queues. Delete them with DeleteQueue first.",
            operation, name, account)};
}
inline Error one_stream_of_a_queue(std::size_t named) {
    return {ErrorCode::validation,
            fmt::format(
                "StreamConfigurationList must contain exactly one entry, because a queue delivers from one stream. It has {}.",
                named)};
}
inline Error start_needs_timestamp() {
    return {ErrorCode::validation, "StartingPosition of type AT_TIMESTAMP needs a Timestamp."};
}
inline Error start_takes_no_timestamp(View type) {
    return {ErrorCode::validation, fmt::format("StartingPosition of type {} takes no Timestamp.", type)};
}
inline Error start_out_of_bounds() { return {ErrorCode::validation, std::string{out_of_bounds}}; }
inline Error dead_letters_need_count() {
    return {ErrorCode::validation, "DeadLetterConfiguration with TargetType BUILT_IN needs a MaxReceiveCount."};
}
inline Error no_dead_letters_take_no_count() {
    return {ErrorCode::validation, "DeadLetterConfiguration with TargetType NONE takes no MaxReceiveCount."};
}
inline Error too_much_in_flight(View name, std::size_t most) {
    return {ErrorCode::throttling,
            fmt::format(
                "Queue {} has {} records that were received and not acknowledged, dead letters among them, the most it may have.",
                name, most)};
}
// Of an entry.
inline Error receipt_invalid() { return {ErrorCode::invalid_argument, "The receipt handle is none of this queue's."}; }
inline Error receipt_of_dead_letter() {
    return {ErrorCode::invalid_argument, "The receipt handle is that of a dead-letter record. Use the operations for those."};
}
inline Error receipt_of_no_dead_letter() {
    return {ErrorCode::invalid_argument, "The receipt handle is not that of a dead-letter record."};
}
inline Error receipt_unknown() {
    return {ErrorCode::resource_not_found, "The record was acknowledged, or the stream does not keep it any more."};
}
inline Error receipt_stale() {
    return {ErrorCode::invalid_argument,
            "The record was received again, or became a dead-letter record, after this receipt handle was given out."};
}
inline Error not_in_flight() {
    return {ErrorCode::invalid_argument, "The record is not in flight: its visibility timeout is over."};
}

}   // namespace sluice::kinesis::texts
