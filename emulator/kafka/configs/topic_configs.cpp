// Every topic setting of Kafka 4.4.0: name, type, default, read-only, sensitive, and the broker settings that give its
// default, nearest first. Seen: DescribeConfigs of a stock 4.4.0 node. And our own, `sluice.…`. Data, so as long as the facts
// are.
#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

namespace {
using enum ConfigType;
constexpr ConfigEntry rows[] = {
    {"cleanup.policy", list, "delete", false, false, {"log.cleanup.policy"}},
    {"compression.gzip.level", int32, "-1", false, false, {"compression.gzip.level"}},
    {"compression.lz4.level", int32, "9", false, false, {"compression.lz4.level"}},
    {"compression.type", text, "producer", false, false, {"compression.type"}},
    {"compression.zstd.level", int32, "3", false, false, {"compression.zstd.level"}},
    {"delete.retention.ms", int64, "86400000", false, false, {"log.cleaner.delete.retention.ms"}},
    {"errors.deadletterqueue.group.enable", boolean, "false", false, false, {}},
    {"file.delete.delay.ms", int64, "60000", false, false, {"log.segment.delete.delay.ms"}},
    {"flush.messages", int64, "9223372036854775807", false, false, {"log.flush.interval.messages"}},
    {"flush.ms", int64, "9223372036854775807", false, false, {}},
    {"follower.replication.throttled.replicas", list, "", false, false, {}},
    {"index.interval.bytes", int32, "4096", false, false, {"log.index.interval.bytes"}},
    {"leader.replication.throttled.replicas", list, "", false, false, {}},
    {"local.retention.bytes", int64, "-2", false, false, {"log.local.retention.bytes"}},
    {"local.retention.ms", int64, "-2", false, false, {"log.local.retention.ms"}},
    {"max.compaction.lag.ms", int64, "9223372036854775807", false, false, {"log.cleaner.max.compaction.lag.ms"}},
    {"max.decompressed.message.bytes", int32, "2147483639", false, false, {"max.decompressed.message.bytes"}},
    {"max.message.bytes", int32, "1048588", false, false, {"message.max.bytes"}},
    {"message.timestamp.after.max.ms", int64, "3600000", false, false, {"log.message.timestamp.after.max.ms"}},
    {"message.timestamp.before.max.ms", int64, "9223372036854775807", false, false, {"log.message.timestamp.before.max.ms"}},
    {"message.timestamp.type", text, "CreateTime", false, false, {"log.message.timestamp.type"}},
    {"min.cleanable.dirty.ratio", real, "0.5", false, false, {"log.cleaner.min.cleanable.ratio"}},
    {"min.compaction.lag.ms", int64, "0", false, false, {"log.cleaner.min.compaction.lag.ms"}},
    {"min.insync.replicas", int32, "1", false, false, {"min.insync.replicas", "min.insync.replicas"}},
    {"preallocate", boolean, "false", false, false, {"log.preallocate"}},
    {"remote.copy.lag.bytes", int64, "-1", false, false, {"log.remote.copy.lag.bytes"}},
    {"remote.copy.lag.ms", int64, "0", false, false, {"log.remote.copy.lag.ms"}},
    {"remote.log.copy.disable", boolean, "false", false, false, {}},
    {"remote.log.delete.on.disable", boolean, "false", false, false, {}},
    {"remote.storage.enable", boolean, "false", false, false, {}},
    {"retention.bytes", int64, "-1", false, false, {"log.retention.bytes"}},
    {"retention.ms", int64, "604800000", false, false, {"retention.ms"}},
    {"segment.bytes", int32, "1073741824", false, false, {"log.segment.bytes"}},
    {"segment.index.bytes", int32, "10485760", false, false, {"log.index.size.max.bytes"}},
    {"segment.jitter.ms", int64, "0", false, false, {}},
    {"segment.ms", int64, "604800000", false, false, {}},
    {"sluice.sealed.produce", text, "refuse", false, false, {"sluice.sealed.produce"}},
    {"unclean.leader.election.enable", boolean, "false", false, false, {"unclean.leader.election.enable"}},
};
}   // namespace

std::span<const ConfigEntry> topic_configs() { return rows; }

}   // namespace sluice::kafka
