// Texts as seen on Kafka 4.4.0.
#include "emulator/kafka/quorum.h"

#include <algorithm>

#include "protocol/kafka/print.h"

namespace sluice::kafka {

Uuid directory_id(Call& call) {
    const auto& cluster = call.broker.cluster_id();
    Uuid id;
    for (std::size_t i = 0; i < id.bytes.size() && i < cluster.size(); ++i)
        id.bytes[i] = static_cast<std::uint8_t>(cluster[cluster.size() - 1 - i]);
    return id;
}

std::string voter_text(std::int32_t id, const Uuid& directory) {
    return "ReplicaKey(id=" + std::to_string(id) + ", directoryId=" + to_text(directory) + ")";
}
std::string voters_text(Call& call) { return "[" + voter_text(call.broker.options.node_id, directory_id(call)) + "]"; }

std::optional<std::string> other_cluster(Call& call, std::optional<std::string_view> cluster_id) {
    if (!cluster_id || *cluster_id == call.broker.cluster_id()) return std::nullopt;
    return "The given id \"" + std::string(*cluster_id) + "\" doesn't match the cluster id \"" + call.broker.cluster_id() + "\"";
}

}   // namespace sluice::kafka
