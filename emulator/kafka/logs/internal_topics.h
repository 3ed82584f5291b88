// The topics in which a Kafka broker keeps its books: __consumer_offsets, __transaction_state, __share_group_state. Here groups,
// transactions and share groups are kept values, so these topics hold no records (docs/decisions/035). They are there for those
// who ask for them: user interfaces list them, and a console consumer that reads one ends. Kinesis clients do not see them (rule
// 4).
#pragma once

#include <optional>
#include <string_view>

#include "emulator/kafka/call.h"

namespace sluice::kafka {

inline constexpr std::string_view offsets_topic = "__consumer_offsets";
inline constexpr std::string_view transactions_topic = "__transaction_state";
inline constexpr std::string_view shares_topic = "__share_group_state";

bool internal_name(std::string_view name);

// Makes one of them with Kafka's partitions and settings where it is missing, as Kafka does when a coordinator or the topic is
// asked for first. Nothing: it is there, or it cannot be made now. Who needs it for its coordinator goes on without it: nothing
// is kept in it.
std::optional<streams::Ticket> open_internal_topic(Call&, std::string_view name);

}   // namespace sluice::kafka
