// Every group setting of Kafka 4.4.0: name, type, default, access, and the broker setting that gives its default. Seen:
// DescribeConfigs of a 4.4.0 node. Data, so as long as the facts are.
#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

namespace {
using enum ConfigType;
using enum ConfigAccess;
// clang-format off
constexpr ConfigEntry rows[] = {
    {"consumer.assignment.interval.ms", int32, "1000", editable, "group.consumer.assignment.interval.ms"},
    {"consumer.heartbeat.interval.ms", int32, "5000", editable, "group.consumer.heartbeat.interval.ms"},
    {"consumer.session.timeout.ms", int32, "45000", editable, "group.consumer.session.timeout.ms"},
    {"errors.deadletterqueue.copy.record.enable", boolean, "false", editable, "errors.deadletterqueue.copy.record.enable"},
    {"errors.deadletterqueue.topic.name", text, "", editable, "errors.deadletterqueue.topic.name"},
    {"share.assignment.interval.ms", int32, "1000", editable, "group.share.assignment.interval.ms"},
    {"share.auto.offset.reset", text, "latest", editable, "share.auto.offset.reset"},
    {"share.delivery.count.limit", int32, "5", editable, "group.share.delivery.count.limit"},
    {"share.heartbeat.interval.ms", int32, "5000", editable, "group.share.heartbeat.interval.ms"},
    {"share.isolation.level", text, "read_uncommitted", editable, "share.isolation.level"},
    {"share.partition.max.record.locks", int32, "2000", editable, "group.share.partition.max.record.locks"},
    {"share.record.lock.duration.ms", int32, "30000", editable, "group.share.record.lock.duration.ms"},
    {"share.renew.acknowledge.enable", boolean, "true", editable, "share.renew.acknowledge.enable"},
    {"share.session.timeout.ms", int32, "45000", editable, "group.share.session.timeout.ms"},
    {"streams.assignment.interval.ms", int32, "1000", editable, "group.streams.assignment.interval.ms"},
    {"streams.assignor.name", text, "sticky", editable, "group.streams.assignors"},
    {"streams.heartbeat.interval.ms", int32, "5000", editable, "group.streams.heartbeat.interval.ms"},
    {"streams.initial.rebalance.delay.ms", int32, "3000", editable, "group.streams.initial.rebalance.delay.ms"},
    {"streams.num.standby.replicas", int32, "0", editable, "group.streams.num.standby.replicas"},
    {"streams.rack.aware.assignment.tags", list, "", editable, "group.streams.rack.aware.assignment.tags"},
    {"streams.session.timeout.ms", int32, "45000", editable, "group.streams.session.timeout.ms"},
};
// clang-format on
}   // namespace

std::span<const ConfigEntry> group_configs() { return rows; }

}   // namespace sluice::kafka
