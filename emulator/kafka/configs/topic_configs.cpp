// Every topic setting of Kafka 4.4.0: name, type, default, access, and the broker setting that gives its default. Seen:
// DescribeConfigs of a 4.4.0 node. And our own, `sluice.…`. Data, so as long as the facts are.
#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

namespace {
using enum ConfigType;
using enum ConfigAccess;
// clang-format off
constexpr ConfigEntry rows[] = {
    {"cleanup.policy", list, "delete", editable, "log.cleanup.policy"},
    {"compression.gzip.level", int32, "-1", editable, "compression.gzip.level"},
    {"compression.lz4.level", int32, "9", editable, "compression.lz4.level"},
    {"compression.type", text, "producer", editable, "compression.type"},
    {"compression.zstd.level", int32, "3", editable, "compression.zstd.level"},
    {"delete.retention.ms", int64, "86400000", editable, "log.cleaner.delete.retention.ms"},
    {"errors.deadletterqueue.group.enable", boolean, "false", editable},
    {"file.delete.delay.ms", int64, "60000", editable, "log.segment.delete.delay.ms"},
    {"flush.messages", int64, "9223372036854775807", editable, "log.flush.interval.messages"},
    {"flush.ms", int64, "9223372036854775807", editable, "log.flush.interval.ms"},
    {"follower.replication.throttled.replicas", list, "", editable},
    {"index.interval.bytes", int32, "4096", editable, "log.index.interval.bytes"},
    {"leader.replication.throttled.replicas", list, "", editable},
    {"local.retention.bytes", int64, "-2", editable, "log.local.retention.bytes"},
    {"local.retention.ms", int64, "-2", editable, "log.local.retention.ms"},
    {"max.compaction.lag.ms", int64, "9223372036854775807", editable, "log.cleaner.max.compaction.lag.ms"},
    {"max.decompressed.message.bytes", int32, "2147483639", editable, "max.decompressed.message.bytes"},
    {"max.message.bytes", int32, "1048588", editable, "message.max.bytes"},
    {"message.timestamp.after.max.ms", int64, "3600000", editable, "log.message.timestamp.after.max.ms"},
    {"message.timestamp.before.max.ms", int64, "9223372036854775807", editable, "log.message.timestamp.before.max.ms"},
    {"message.timestamp.type", text, "CreateTime", editable, "log.message.timestamp.type"},
    {"min.cleanable.dirty.ratio", real, "0.5", editable, "log.cleaner.min.cleanable.ratio"},
    {"min.compaction.lag.ms", int64, "0", editable, "log.cleaner.min.compaction.lag.ms"},
    {"min.insync.replicas", int32, "1", editable, "min.insync.replicas"},
    {"preallocate", boolean, "false", editable, "log.preallocate"},
    {"remote.copy.lag.bytes", int64, "-1", editable, "log.remote.copy.lag.bytes"},
    {"remote.copy.lag.ms", int64, "0", editable, "log.remote.copy.lag.ms"},
    {"remote.log.copy.disable", boolean, "false", editable},
    {"remote.log.delete.on.disable", boolean, "false", editable},
    {"remote.storage.enable", boolean, "false", editable},
    {"retention.bytes", int64, "-1", editable, "log.retention.bytes"},
    {"retention.ms", int64, "604800000", editable, "log.retention.ms"},
    {"segment.bytes", int32, "1073741824", editable, "log.segment.bytes"},
    {"segment.index.bytes", int32, "10485760", editable, "log.index.size.max.bytes"},
    {"segment.jitter.ms", int64, "0", editable, "log.roll.jitter.ms"},
    {"segment.ms", int64, "604800000", editable, "log.roll.ms"},
    {"sluice.sealed.produce", text, "refuse", editable, "sluice.sealed.produce"},
    {"unclean.leader.election.enable", boolean, "false", editable, "unclean.leader.election.enable"},
};
// clang-format on
}   // namespace

std::span<const ConfigEntry> topic_configs() { return rows; }

}   // namespace sluice::kafka
