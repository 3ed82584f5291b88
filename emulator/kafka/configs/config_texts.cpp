// What DescribeConfigs v3+ says of a setting when documentation is asked for: what it does here, in our own sentences. A setting
// without a sentence of its own has no effect. Data, so as long as there is something to say.
#include <algorithm>

#include "emulator/kafka/configs/configs.h"

namespace sluice::kafka {

namespace {

struct Text {
    std::string_view name, text;
};
constexpr std::string_view no_effect = "Accepted and answered as Kafka 4.4.0 does; it has no effect in this emulator.";

// clang-format off
constexpr Text texts[] = {
    {"advertised.listeners", "Set --kafka-advertised instead: each client is told an address that it can reach."},
    {"auto.create.topics.enable", "Whether a Metadata request that names a missing topic creates it."},
    {"broker.id", "The id of the only node. It is always the same as node.id."},
    {"cleanup.policy", "delete drops the oldest records by retention.ms and retention.bytes. compact refuses records without a key; nothing is compacted yet."},
    {"compression.type", "Batches are stored with the compression that the producer chose, whatever this says."},
    {"connections.max.idle.ms", "A connection that carries no bytes for so long, and waits for no answer, is closed."},
    {"consumer.assignment.interval.ms", "The least time between two assignments of a consumer group of the new protocol, which is not served yet."},
    {"consumer.heartbeat.interval.ms", "How often members of a consumer group of the new protocol, which is not served yet, send heartbeats."},
    {"consumer.session.timeout.ms", "When a silent member of a consumer group of the new protocol, which is not served yet, is thrown out."},
    {"default.replication.factor", "There is one node, so every partition has one replica."},
    {"delete.topic.enable", "Whether DeleteTopics deletes."},
    {"errors.deadletterqueue.group.enable", "Whether share groups may use the topic as a dead-letter queue; share groups are not served yet."},
    {"group.initial.rebalance.delay.ms", "How long the first assignment of a new classic group waits for more members. The default here is 0."},
    {"group.max.session.timeout.ms", "The longest session timeout that a member of a classic group may ask for."},
    {"group.max.size", "The most members that a classic group may have."},
    {"group.min.session.timeout.ms", "The shortest session timeout that a member of a classic group may ask for."},
    {"interval.ms", "How often clients of a client-metrics subscription push; telemetry is not served."},
    {"listeners", "Set --kafka instead."},
    {"log.cleanup.policy", "The cleanup.policy of topics that do not set it."},
    {"log.message.timestamp.after.max.ms", "The message.timestamp.after.max.ms of topics that do not set it."},
    {"log.message.timestamp.before.max.ms", "The message.timestamp.before.max.ms of topics that do not set it."},
    {"log.message.timestamp.type", "The message.timestamp.type of topics that do not set it."},
    {"log.retention.bytes", "The retention.bytes of topics that do not set it."},
    {"log.retention.hours", "The retention of topics that do not set retention.ms, in hours; log.retention.minutes and log.retention.ms count before it."},
    {"log.retention.minutes", "The retention of topics that do not set retention.ms, in minutes; log.retention.ms counts before it."},
    {"log.retention.ms", "The retention.ms of topics that do not set it."},
    {"match", "Which clients a client-metrics subscription is for; telemetry is not served."},
    {"max.message.bytes", "The largest record batch that a producer may send, in bytes as sent."},
    {"message.max.bytes", "The max.message.bytes of topics that do not set it."},
    {"message.timestamp.after.max.ms", "How far a record's timestamp may be ahead of the server's clock, in milliseconds."},
    {"message.timestamp.before.max.ms", "How far a record's timestamp may be behind the server's clock, in milliseconds."},
    {"message.timestamp.type", "CreateTime keeps the producer's timestamps. LogAppendTime replaces them with the time of the append."},
    {"metrics", "Which metrics a client-metrics subscription wants; telemetry is not served."},
    {"min.insync.replicas", "There is one replica, which is always in sync, so the smallest number that counts is 1."},
    {"node.id", "The id of the only node, which leads every partition and coordinates every group."},
    {"num.partitions", "How many partitions a topic gets when nobody says."},
    {"offset.metadata.max.bytes", "The longest text that may be committed beside an offset."},
    {"offsets.retention.minutes", "How long the offsets of a group are kept after its last member left."},
    {"process.roles", "One process is broker and controller."},
    {"retention.bytes", "How many bytes of a partition are kept; the oldest batches go first. -1 keeps any size."},
    {"retention.ms", "How long records are kept, in milliseconds of the virtual clock. -1 keeps them for ever. Kinesis calls it RetentionPeriodHours."},
    {"sluice.sealed.produce", "What a Produce to the partition of a closed shard gets: refuse, or forward to the open shard of each key's MD5."},
    {"socket.request.max.bytes", "The largest request; a connection that announces a larger one is closed."},
};
// clang-format on
static_assert(std::ranges::is_sorted(texts, {}, &Text::name));

}   // namespace

std::string_view config_text(std::string_view name) {
    const auto* found = std::ranges::lower_bound(texts, name, {}, &Text::name);
    return found != std::end(texts) && found->name == name ? found->text : no_effect;
}

}   // namespace sluice::kafka
