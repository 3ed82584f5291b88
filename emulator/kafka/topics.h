// Words that the handlers share: a topic by its name or id, what is wrong with a name or an assignment, and the code of a fault.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "emulator/kafka/call.h"
#include "protocol/kafka/errors.h"

namespace sluice::kafka {

inline Uuid to_wire_id(const streams::Uuid& id) {
    Uuid out;
    std::memcpy(out.bytes.data(), id.data(), 16);
    return out;
}
inline streams::Uuid to_topic_id(const Uuid& id) {
    streams::Uuid out;
    std::memcpy(out.data(), id.bytes.data(), 16);
    return out;
}
// A topic as clients may use it: nothing when it does not exist or is being deleted.
streams::StreamPointer topic(Call&, std::string_view name);
streams::StreamPointer topic(Call&, const Uuid& id);
// Kafka's sentence about a name that no topic may have.
std::optional<std::string> name_fault(std::string_view name);
ErrorCode code_of(streams::Fault);
// A text of a request that is kept for longer than its frame.
inline std::optional<std::string> owned(std::optional<std::string_view> text) {
    return text ? std::optional<std::string>{*text} : std::nullopt;
}
// What is wrong with the replicas that somebody assigns to a partition, in Kafka's words (INVALID_REPLICA_ASSIGNMENT).
std::optional<std::string> assignment_fault(const Call&, const Array<std::int32_t>& broker_ids);

}   // namespace sluice::kafka
