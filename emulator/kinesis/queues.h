// From what a request says of a queue to the engine's, and back to its ARN. Operations on received records and those on dead
// letters are carried out by the same functions.
#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "emulator/kinesis/address.h"
#include "emulator/kinesis/call.h"
#include "emulator/streams/queues/queues.h"
#include "protocol/kinesis/queue_shapes.h"

namespace sluice::kinesis {

std::expected<streams::QueuePointer, Error> find_queue(const Call&, std::string_view arn);
std::string arn_of(const streams::Queue&);
QueueDescription describe(const Call&, const streams::Queue&);
// Those of `before`, but what is asked for.
std::expected<streams::QueueAttributes, Error> attributes_of(const QueueAttributes& asked, streams::QueueAttributes before);

// ---- on records; `dead`: on dead letters ----
Task<Written> receive(Call&, const ReceiveRequest&, bool dead);
Task<Reply<SettleRequest>> acknowledge(Call&, const SettleRequest&, bool dead);
Task<Reply<SettleRequest>> restore(Call&, const SettleRequest&);
Task<Reply<VisibilityRequest>> change_visibility(Call&, const VisibilityRequest&, bool dead);

}   // namespace sluice::kinesis
