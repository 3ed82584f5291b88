// AlterReplicaLogDirs v1-2: there is one log directory, where every replica is already. Codes as seen on Kafka 4.4.0, where the
// last directory that names a partition counts.
#include <map>

#include "emulator/kafka/security/access.h"
#include "emulator/kafka/serve.h"
#include "protocol/kafka/messages/alter_replica_log_dirs.h"

namespace sluice::kafka {

Task<AlterReplicaLogDirsResponse> handle(Call& call, const AlterReplicaLogDirsRequest& request) {
    std::map<std::string_view, std::map<std::int32_t, std::string_view>> moves;   // where each partition is to go
    for (const auto& dir : request.dirs)
        for (const auto& asked : dir.topics)
            for (const auto partition : asked.partitions) moves[asked.name][partition] = dir.path;
    AlterReplicaLogDirsResponse response;
    const auto denied = refusal(call, ResourceType::cluster);
    for (const auto& [name, partitions] : moves) {
        const auto stream = topic(call, name);
        auto& told = response.results.emplace_back();
        told.topic_name = name;
        for (const auto& [index, path] : partitions) {
            const bool ours = path == call.broker.options.log_dir;
            const bool known = stream && stream->shard(index);
            told.partitions.push_back({.partition_index = index,
                                       .error_code = denied != ErrorCode::none ? denied
                                                     : !ours                   ? ErrorCode::log_dir_not_found
                                                     : !known                  ? ErrorCode::unknown_topic_or_partition
                                                                               : ErrorCode::none});
        }
    }
    co_return response;
}

template Task<void> serve<AlterReplicaLogDirsRequest>(std::shared_ptr<Call>);

}   // namespace sluice::kafka
