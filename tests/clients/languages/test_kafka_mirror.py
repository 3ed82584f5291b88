"""MirrorMaker 2, Kafka's own: it copies the topics of one sluice into another, each record once though it is killed, with the topics' settings
and partitions, their ACLs and where the groups are. `make test-clients`."""
import subprocess

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, ConfigResource, NewPartitions, NewTopic,
                                   ResourcePatternType, ResourceType)
from conftest import Server, until
from test_languages import needs, prepared


class Mirror:
    """The process between two Kafkas."""

    def __init__(self, folder, settings, log):
        self.log = open(log, "w")
        self.process = subprocess.Popen(
            ["java", "-Xmx400m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=log4j2.properties", "-cp", "lib/*",
             "org.apache.kafka.connect.mirror.MirrorMaker", str(settings)], cwd=folder, stdout=self.log, stderr=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()


@pytest.fixture
def two():
    """Where records come from, and where they go."""
    servers = [Server(None, "--kafka-config", "super.users=User:ANONYMOUS") for _ in range(2)]
    yield servers
    for server in servers:
        server.stop()


def copied(consumer, topic, partitions):
    """Values of the topic by partition, in their order."""
    held = {partition: [] for partition in range(partitions)}
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
    ended = set()
    while len(ended) < partitions:
        message = consumer.poll(30)
        if message is None:
            continue
        if message.error():
            ended.add(message.partition())     # the end, to who reads committed records
        else:
            held[message.partition()].append((message.key(), message.value(), message.headers()))
    return held


def test_mirrormaker_copies_topics_settings_rules_and_places(two, tmp_path):
    needs("java", "mvn")
    folder = prepared("kafka_mirror", "mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    source, target = two
    settings = tmp_path / "mirror.properties"
    settings.write_text(f"""clusters=here, there
here.bootstrap.servers={source.kafka_at}
there.bootstrap.servers={target.kafka_at}
here->there.enabled=true
there->here.enabled=false
topics=orders.*
groups=readers
there.exactly.once.source.support=enabled
dedicated.mode.enable.internal.rest=true
listeners=http://127.0.0.1:0
replication.factor=1
refresh.topics.interval.seconds=1
refresh.groups.interval.seconds=1
sync.topic.configs.interval.seconds=1
sync.topic.acls.interval.seconds=1
sync.group.offsets.enabled=true
sync.group.offsets.interval.seconds=1
emit.checkpoints.interval.seconds=1
offset.lag.max=0
session.timeout.ms=6000
heartbeat.interval.ms=1000
scheduled.rebalance.max.delay.ms=0
""" + "".join(f"{kind}.replication.factor=1\n" for kind in
              ("checkpoints.topic", "heartbeats.topic", "offset-syncs.topic", "offset.storage", "status.storage", "config.storage")))
    admin, theirs = source.admin(), target.admin()
    admin.create_topics([NewTopic("orders", 2, 1, config={"retention.ms": "3600000"})])["orders"].result(30)
    rule = AclBinding(ResourceType.TOPIC, "orders", ResourcePatternType.LITERAL, "User:bob", "*", AclOperation.READ, AclPermissionType.ALLOW)
    own = AclBinding(ResourceType.TOPIC, "orders", ResourcePatternType.LITERAL, "User:ANONYMOUS", "*", AclOperation.ALL, AclPermissionType.ALLOW)
    for made in admin.create_acls([rule, own]).values():
        made.result(30)
    producer = Producer({"bootstrap.servers": source.kafka_at})

    def put(start, end, partitions=2):
        for n in range(start, end):
            producer.produce("orders", key=b"k%d" % n, value=b"%d" % n, partition=n % partitions, headers=[("n", b"%d" % n)])
        assert producer.flush(30) == 0

    def expected(start, end, partitions=2):
        return {partition: [(b"k%d" % n, b"%d" % n, [("n", b"%d" % n)]) for n in range(start, end) if n % partitions == partition]
                for partition in range(partitions)}

    put(0, 200)
    group = Consumer({"bootstrap.servers": source.kafka_at, "group.id": "readers"})
    group.commit(offsets=[TopicPartition("orders", 0, 60), TopicPartition("orders", 1, 100)], asynchronous=False)
    reader = Consumer({"bootstrap.servers": target.kafka_at, "group.id": "checks", "isolation.level": "read_committed", "enable.partition.eof": True})
    mirror = Mirror(folder, settings, tmp_path / "first.log")
    try:
        def mirrored(wanted):
            assert mirror.process.poll() is None
            there = theirs.list_topics("here.orders", timeout=30).topics["here.orders"]
            return not there.error and len(there.partitions) == len(wanted) and copied(reader, "here.orders", len(wanted)) == wanted

        until(lambda: "here.orders" in theirs.list_topics(timeout=30).topics, 240, "the topic to be made there")
        until(lambda: mirrored(expected(0, 200)), 120, "its records to be copied")
        resource = ConfigResource(ConfigResource.Type.TOPIC, "here.orders")
        until(lambda: theirs.describe_configs([resource])[resource].result(30)["retention.ms"].value == "3600000", 60, "its settings to be copied")
        filtered = AclBindingFilter(ResourceType.TOPIC, "here.orders", ResourcePatternType.LITERAL, "User:bob", None, AclOperation.ANY,
                                    AclPermissionType.ANY)
        until(lambda: [one.operation for one in theirs.describe_acls(filtered).result(30)] == [AclOperation.READ], 60, "who may read, too")

        follower = Consumer({"bootstrap.servers": target.kafka_at, "group.id": "readers"})
        asked = [TopicPartition("here.orders", partition) for partition in (0, 1)]

        def places():
            return [one.offset for one in follower.committed(asked, timeout=30)]

        # Never further than the group has come, and all the way where it has read everything.
        until(lambda: places()[1] == 100 and 0 < places()[0] <= 60, 120, "the group's places to be told")

        # Killed in the middle, and begun again: nothing is lost, nothing comes twice.
        put(200, 1000)
        mirror.kill()
        put(1000, 1200)
        mirror = Mirror(folder, settings, tmp_path / "second.log")
        until(lambda: mirrored(expected(0, 1200)), 240, "the records of both lives to be copied once")

        admin.create_partitions([NewPartitions("orders", 3)])["orders"].result(30)
        until(lambda: len(theirs.list_topics("here.orders").topics["here.orders"].partitions) == 3, 120, "the new partition to be made there")
        later = Producer({"bootstrap.servers": source.kafka_at})    # the other one still knows two partitions
        later.produce("orders", value=b"third", partition=2)
        assert later.flush(30) == 0
        until(lambda: [one[1] for one in copied(reader, "here.orders", 3)[2]] == [b"third"], 120, "a record of the new partition")
    except AssertionError as late:
        told = "\n".join(log.read_text()[-3000:] for log in sorted(tmp_path.glob("*.log")))
        raise AssertionError(f"{late}\n{told}") from None
    finally:
        mirror.kill()
