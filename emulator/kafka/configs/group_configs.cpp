// Every group setting of Kafka 4.4.0: name, type, default, read-only, sensitive, synonyms. Seen: DescribeConfigs of a
// stock 4.4.0 node. Data, so as long as the facts are.
#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

namespace {
using enum ConfigType;
constexpr ConfigEntry rows[] = {
    {"consumer.assignment.interval.ms", int32, "1000", false, false, {"group.consumer.assignment.interval.ms"}},
    {"consumer.heartbeat.interval.ms", int32, "5000", false, false, {"group.consumer.heartbeat.interval.ms"}},
    {"consumer.session.timeout.ms", int32, "45000", false, false, {"group.consumer.session.timeout.ms"}},
    {"errors.deadletterqueue.copy.record.enable", boolean, "false", false, false, {"errors.deadletterqueue.copy.record.enable"}},
    {"errors.deadletterqueue.topic.name", text, "", false, false, {"errors.deadletterqueue.topic.name"}},
    {"share.assignment.interval.ms", int32, "1000", false, false, {"group.share.assignment.interval.ms"}},
    {"share.auto.offset.reset", text, "latest", false, false, {"share.auto.offset.reset"}},
    {"share.delivery.count.limit", int32, "5", false, false, {"group.share.delivery.count.limit"}},
    {"share.heartbeat.interval.ms", int32, "5000", false, false, {"group.share.heartbeat.interval.ms"}},
    {"share.isolation.level", text, "read_uncommitted", false, false, {"share.isolation.level"}},
    {"share.partition.max.record.locks", int32, "2000", false, false, {"group.share.partition.max.record.locks"}},
    {"share.record.lock.duration.ms", int32, "30000", false, false, {"group.share.record.lock.duration.ms"}},
    {"share.renew.acknowledge.enable", boolean, "true", false, false, {"share.renew.acknowledge.enable"}},
    {"share.session.timeout.ms", int32, "45000", false, false, {"group.share.session.timeout.ms"}},
    {"streams.assignment.interval.ms", int32, "1000", false, false, {"group.streams.assignment.interval.ms"}},
    {"streams.assignor.name", text, "sticky", false, false, {"group.streams.assignors"}},
    {"streams.heartbeat.interval.ms", int32, "5000", false, false, {"group.streams.heartbeat.interval.ms"}},
    {"streams.initial.rebalance.delay.ms", int32, "3000", false, false, {"group.streams.initial.rebalance.delay.ms"}},
    {"streams.num.standby.replicas", int32, "0", false, false, {"group.streams.num.standby.replicas"}},
    {"streams.rack.aware.assignment.tags", list, "", false, false, {"group.streams.rack.aware.assignment.tags"}},
    {"streams.session.timeout.ms", int32, "45000", false, false, {"group.streams.session.timeout.ms"}},
};
}   // namespace

std::span<const ConfigEntry> group_configs() { return rows; }

}   // namespace sluice::kafka
