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
    {"allow.everyone.if.no.acl.found", "Whether a resource that no ACL is about is open to everybody. The default here is true."},
    {"authorizer.class.name", "Empty: nobody can list or change ACLs, and none is looked at. Whatever else it says, ACLs work as with Kafka's standard authorizer."},
    {"auto.create.topics.enable", "Whether a Metadata request that names a missing topic creates it."},
    {"broker.id", "The id of the only node. It is always the same as node.id."},
    {"cleanup.policy", "delete drops the oldest records by retention.ms and retention.bytes. compact refuses records without a key; nothing is compacted yet."},
    {"compression.gzip.level", "How hard a batch is compressed that compression.type turns into gzip."},
    {"compression.lz4.level", "How hard a batch is compressed that compression.type turns into lz4."},
    {"compression.type", "The compression that produced batches are stored with; producer keeps that of each batch."},
    {"compression.zstd.level", "How hard a batch is compressed that compression.type turns into zstd."},
    {"connection.failed.authentication.delay.ms", "How long a refused login waits for its answer. The default here is 0."},
    {"connections.max.idle.ms", "A connection that carries no bytes for so long, and waits for no answer, is closed."},
    {"connections.max.reauth.ms", "How long a client may stay logged in without logging in again; 0 sets no limit."},
    {"consumer.assignment.interval.ms", "The least time between two assignments of a consumer group (KIP-848). The default here is 0."},
    {"consumer.heartbeat.interval.ms", "A heartbeat of a consumer group's member that brings no news is answered after so long, or as soon as there is news for it; the member sends the next one at once. The default here is 500."},
    {"consumer.session.timeout.ms", "When a silent member of a consumer group (KIP-848) is thrown out."},
    {"default.replication.factor", "There is one node, so every partition has one replica."},
    {"delegation.token.expiry.time.ms", "How long a delegation token lives, by real time, unless it is renewed."},
    {"delegation.token.max.lifetime.ms", "How long a delegation token can live at all."},
    {"delegation.token.secret.key", "What delegation tokens are signed with; without it none are given."},
    {"delete.topic.enable", "Whether DeleteTopics deletes."},
    {"errors.deadletterqueue.group.enable", "Whether share groups may use the topic as a dead-letter queue; they use none."},
    {"group.consumer.assignment.interval.ms", "The least time between two assignments of a consumer group (KIP-848). The default here is 0."},
    {"group.consumer.assignors", "The assignors that a member may ask for; the first serves groups whose members ask for none."},
    {"group.consumer.heartbeat.interval.ms", "A heartbeat of a consumer group's member that brings no news is answered after so long, or as soon as there is news for it; the member sends the next one at once. The default here is 500."},
    {"group.consumer.max.size", "The most members that a consumer group (KIP-848) may have."},
    {"group.consumer.migration.policy", "Whether a classic group becomes a consumer group (KIP-848) when a consumer joins it, and goes back when the last one left."},
    {"group.consumer.min.heartbeat.interval.ms", "The least heartbeat interval that a group's setting may have. The default here is 100."},
    {"group.consumer.min.session.timeout.ms", "The least session timeout that a group's setting may have. The default here is 1000."},
    {"group.consumer.session.timeout.ms", "When a silent member of a consumer group (KIP-848) is thrown out."},
    {"group.initial.rebalance.delay.ms", "How long the first assignment of a new classic group waits for more members. The default here is 0."},
    {"group.max.session.timeout.ms", "The longest session timeout that a member of a classic group may ask for."},
    {"group.max.size", "The most members that a classic group may have."},
    {"group.min.session.timeout.ms", "The shortest session timeout that a member of a classic group may ask for."},
    {"group.share.assignment.interval.ms", "An assignment of a share group is computed at once, whatever this says. The default here is 0."},
    {"group.share.delivery.count.limit", "How often a record is delivered to a share group before it is archived."},
    {"group.share.heartbeat.interval.ms", "How often members of a share group are told to send heartbeats. The default here is 500."},
    {"group.share.max.share.sessions", "The most share sessions there may be."},
    {"group.share.max.size", "The most members that a share group may have."},
    {"group.share.partition.max.record.locks", "How many records of a partition a share group may hold and not have settled before it gets no fresh ones."},
    {"group.share.record.lock.duration.ms", "How long a record that a member of a share group acquired is given to no other."},
    {"group.share.session.timeout.ms", "When a silent member of a share group is thrown out."},
    {"group.streams.assignment.interval.ms", "The least time between two assignments of a group of Kafka Streams (KIP-1071). The default here is 0."},
    {"group.streams.heartbeat.interval.ms", "As group.consumer.heartbeat.interval.ms, for members of Kafka Streams. The default here is 500."},
    {"group.streams.initial.rebalance.delay.ms", "How long the first assignment of a new group of Kafka Streams waits for more members. The default here is 0."},
    {"group.streams.max.size", "The most members that a group of Kafka Streams may have."},
    {"group.streams.min.heartbeat.interval.ms", "The least heartbeat interval that a group's setting may have. The default here is 100."},
    {"group.streams.min.session.timeout.ms", "The least session timeout that a group's setting may have. The default here is 1000."},
    {"group.streams.num.standby.replicas", "How many other processes keep the state of a task."},
    {"group.streams.session.timeout.ms", "When a silent member of a group of Kafka Streams is thrown out."},
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
    {"max.connections", "The most connections the Kafka door takes; more are closed at once."},
    {"max.connections.per.ip", "The most connections that one address may have; more are closed at once."},
    {"max.connections.per.ip.overrides", "The same for certain addresses, like 127.0.0.1:10,10.0.0.7:100."},
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
    {"sasl.enabled.mechanisms", "By which mechanisms clients may log in: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER, AWS_MSK_IAM. All of them here; empty: none."},
    {"sasl.oauthbearer.clock.skew.seconds", "How far the times in a signed token may be off."},
    {"sasl.oauthbearer.expected.audience", "Whom a signed token has to be for; empty: anybody."},
    {"sasl.oauthbearer.expected.issuer", "Who has to have signed a token."},
    {"sasl.oauthbearer.jwks.endpoint.url", "A file of keys (file:///…/jwks.json) that tokens have to be signed with; without it tokens are not signed."},
    {"sasl.oauthbearer.sub.claim.name", "Which claim of a signed token names its user."},
    {"share.auto.offset.reset", "Where a share group begins in a partition that it has not read yet: latest, earliest, or by_duration: and a span."},
    {"share.delivery.count.limit", "How often a record is delivered to the share group before it is archived."},
    {"share.heartbeat.interval.ms", "How often members of the share group are told to send heartbeats."},
    {"share.isolation.level", "Whether the share group gets records of transactions that are not committed."},
    {"share.partition.max.record.locks", "How many records of a partition the share group may hold and not have settled before it gets no fresh ones."},
    {"share.record.lock.duration.ms", "How long a record that a member of the share group acquired is given to no other."},
    {"share.renew.acknowledge.enable", "Whether members of the share group may renew the locks of records that they hold."},
    {"share.session.timeout.ms", "When a silent member of the share group is thrown out."},
    {"sluice.sealed.produce", "What a Produce to the partition of a closed shard gets: refuse, or forward to the open shard of each key's MD5."},
    {"socket.request.max.bytes", "The largest request; a connection that announces a larger one is closed."},
    {"ssl.client.auth", "Whether clients that speak TLS show a certificate: none, requested or required. Its subject is then the client's name."},
    {"ssl.principal.mapping.rules", "What a client is called whose certificate has a certain subject, by rules like RULE:^CN=(.*?),.*$/$1/L."},
    {"ssl.truststore.location", "A PEM file of who may issue certificates of clients; without it the server's own authority."},
    {"super.users", "Who may do everything, whatever ACLs say, like User:admin;User:root."},
    {"transaction.abort.timed.out.transaction.cleanup.interval.ms", "A transaction is aborted at the moment when its time-out is over, whatever this says."},
    {"transaction.max.timeout.ms", "The longest time-out that a transactional producer may ask for."},
    {"transactional.id.expiration.ms", "How long a transactional id is known after its last use, in real time."},
};
// clang-format on
static_assert(std::ranges::is_sorted(texts, {}, &Text::name));

}   // namespace

std::string_view config_text(std::string_view name) {
    const auto* found = std::ranges::lower_bound(texts, name, {}, &Text::name);
    return found != std::end(texts) && found->name == name ? found->text : no_effect;
}

}   // namespace sluice::kafka
