// The controllers' quorum as clients ask for it: one voter, this node. It is the same for as long as the cluster's id is.
#pragma once

#include <optional>
#include <string>

#include "emulator/kafka/call.h"

namespace sluice::kafka {

// Of the voter's metadata log. It is made of the cluster's id, so that nothing more has to be kept.
Uuid directory_id(Call&);
// How Kafka writes a voter, and a set of one.
std::string voter_text(std::int32_t id, const Uuid& directory);
std::string voters_text(Call&);
// Kafka's sentence (INCONSISTENT_CLUSTER_ID) for somebody who means another cluster.
std::optional<std::string> other_cluster(Call&, std::optional<std::string_view> cluster_id);

}   // namespace sluice::kafka
