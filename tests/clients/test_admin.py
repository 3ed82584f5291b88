"""What administrators' clients and UIs ask: librdkafka's admin client, kafka-python and aiokafka, and the order of calls in which a UI
fills its pages."""
import asyncio

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource as AioResource
from aiokafka.admin.config_resource import ConfigResourceType as AioType
from aiokafka.structs import TopicPartition as AioPartition
from conftest import Server, iterator, until
from confluent_kafka import ConsumerGroupState, ConsumerGroupTopicPartitions, ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import (AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic, OffsetSpec, ResourceType)
from kafka.admin import ConfigResource as PyResource
from kafka.admin import ConfigResourceType as PyType
from kafka.admin import KafkaAdminClient
from kafka.admin import NewTopic as PyTopic
from kafka.structs import TopicPartition as PyPartition


def only(futures):
    (future,) = futures.values()
    return future.result(10)


def settings(admin, kind, name):
    return only(admin.describe_configs([ConfigResource(kind, name)]))


def change(admin, kind, name, *changes, **more):
    entries = [ConfigEntry(key, value, incremental_operation=operation) for key, operation, value in changes]
    return only(admin.incremental_alter_configs([ConfigResource(kind, name, incremental_configs=entries)], **more))


def refusal(call, *args, **more):
    try:
        call(*args, **more)
    except KafkaException as refused:
        return refused.args[0].code(), refused.args[0].str()
    raise AssertionError("it was not refused")


def fill(server, topic, count=10):
    producer = server.producer()
    for i in range(count):
        producer.produce(topic, key=str(i), value=f"value {i}", partition=0)
    assert producer.flush(10) == 0


def test_librdkafka_changes_settings_and_sees_where_they_come_from(server, name):
    admin = server.admin()
    only(admin.create_topics([NewTopic(name, 2, 1, config={"retention.ms": "600000"})]))
    told = settings(admin, ResourceType.TOPIC, name)
    assert (told["retention.ms"].value, told["retention.ms"].source) == ("600000", 1)
    change(admin, ResourceType.TOPIC, name, ("retention.ms", AlterConfigOpType.SET, "700000"),
           ("cleanup.policy", AlterConfigOpType.APPEND, "compact"), ("segment.bytes", AlterConfigOpType.SET, "2000000"))
    told = settings(admin, ResourceType.TOPIC, name)
    assert told["retention.ms"].value == "700000"
    assert told["cleanup.policy"].value == "delete,compact"
    change(admin, ResourceType.TOPIC, name, ("cleanup.policy", AlterConfigOpType.SUBTRACT, "compact"),
           ("segment.bytes", AlterConfigOpType.DELETE, None))
    told = settings(admin, ResourceType.TOPIC, name)
    assert told["cleanup.policy"].value == "delete"
    assert (told["segment.bytes"].value, told["segment.bytes"].source) == ("1073741824", 5)
    change(admin, ResourceType.TOPIC, name, ("retention.ms", AlterConfigOpType.SET, "5"), validate_only=True)
    assert settings(admin, ResourceType.TOPIC, name)["retention.ms"].value == "700000"
    assert refusal(change, admin, ResourceType.TOPIC, name, ("retention.ms", AlterConfigOpType.SET, "x")) == (
        40, "Invalid value x for configuration retention.ms: Not a number of type LONG")
    only(admin.alter_configs([ConfigResource(ResourceType.TOPIC, name, set_config={"max.message.bytes": "5000"})]))
    told = settings(admin, ResourceType.TOPIC, name)
    assert told["max.message.bytes"].value == "5000"
    assert told["retention.ms"].source == 5   # AlterConfigs replaces all of them

    assert refusal(change, admin, ResourceType.BROKER, "1", ("node.id", AlterConfigOpType.SET, "3")) == (
        42, "Cannot update these configs dynamically: [node.id]")
    change(admin, ResourceType.BROKER, "1", ("log.retention.bytes", AlterConfigOpType.SET, "123456"))
    told = settings(admin, ResourceType.BROKER, "1")["log.retention.bytes"]
    assert (told.value, told.source) == ("123456", 2)
    until(lambda: settings(admin, ResourceType.TOPIC, name)["retention.bytes"].value == "123456")
    change(admin, ResourceType.BROKER, "1", ("log.retention.bytes", AlterConfigOpType.DELETE, None))
    change(admin, ResourceType.GROUP, "g", ("consumer.session.timeout.ms", AlterConfigOpType.SET, "50000"))
    told = settings(admin, ResourceType.GROUP, "g")["consumer.session.timeout.ms"]
    assert (told.value, told.source) == ("50000", 8)
    change(admin, ResourceType.GROUP, "g", ("consumer.session.timeout.ms", AlterConfigOpType.DELETE, None))


def test_records_that_librdkafka_deletes_are_gone_for_kinesis_too(durable, name):
    admin = durable.admin()
    only(admin.create_topics([NewTopic(name, 1, 1)]))
    fill(durable, name)
    left = only(admin.delete_records([TopicPartition(name, 0, 4)]))
    assert left.low_watermark == 4
    durable.restart()
    admin = durable.admin()
    assert only(admin.list_offsets({TopicPartition(name, 0): OffsetSpec.earliest()})).offset == 4
    kinesis = durable.kinesis()
    got = kinesis.get_records(ShardIterator=iterator(kinesis, name))["Records"]
    assert [record["Data"] for record in got] == [f"value {i}".encode() for i in range(4, 10)]
    assert refusal(lambda: only(admin.delete_records([TopicPartition(name, 0, 99)])))[0] == 1
    assert only(admin.delete_records([TopicPartition(name, 0, -1)])).low_watermark == 10


def test_librdkafka_lists_and_empties_groups(server, name):
    admin = server.admin()
    only(admin.create_topics([NewTopic(name, 1, 1)]))
    fill(server, name)
    group = "group of " + name
    consumer = server.consumer(group)
    consumer.subscribe([name])
    until(lambda: consumer.poll(0.1), what="a record")
    consumer.commit(offsets=[TopicPartition(name, 0, 5)], asynchronous=False)
    stable = admin.list_consumer_groups(states={ConsumerGroupState.STABLE}).result(10)
    assert group in [one.group_id for one in stable.valid]
    assert group not in [one.group_id for one in admin.list_consumer_groups(states={ConsumerGroupState.EMPTY}).result(10).valid]
    described = only(admin.describe_consumer_groups([group]))
    assert described.state == ConsumerGroupState.STABLE and len(described.members) == 1
    assert refusal(lambda: only(admin.delete_consumer_groups([group])))[0] == 68
    consumer.close()
    until(lambda: only(admin.describe_consumer_groups([group])).state == ConsumerGroupState.EMPTY)
    asked = ConsumerGroupTopicPartitions(group, [TopicPartition(name, 0)])
    assert only(admin.list_consumer_group_offsets([asked])).topic_partitions[0].offset == 5
    moved = ConsumerGroupTopicPartitions(group, [TopicPartition(name, 0, 2)])
    only(admin.alter_consumer_group_offsets([moved]))
    assert only(admin.list_consumer_group_offsets([asked])).topic_partitions[0].offset == 2
    only(admin.delete_consumer_groups([group]))
    assert group not in [one.group_id for one in admin.list_consumer_groups().result(10).valid]


def test_librdkafka_asks_for_the_cluster_and_for_elections(server, name):
    admin = server.admin()
    only(admin.create_topics([NewTopic(name, 1, 1)]))
    cluster = admin.describe_cluster().result(10)
    assert len(cluster.nodes) == 1 and cluster.controller.id == 1
    elected = admin.elect_leaders(ElectionType.PREFERRED, [TopicPartition(name, 0)]).result(10)
    assert elected[TopicPartition(name, 0)].code() == 84
    only(admin.create_partitions([NewPartitions(name, 3)]))
    assert len(admin.list_topics(name, timeout=10).topics[name].partitions) == 3
    only(admin.delete_topics([name]))


def pages(server):
    return KafkaAdminClient(bootstrap_servers=server.kafka_at, request_timeout_ms=10_000)


def test_a_ui_fills_its_pages(durable, name):
    """As kafka-ui, AKHQ and Redpanda Console do: cluster and features, topics with sizes, settings, groups with their lag."""
    server = durable
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName="k-" + name, ShardCount=2)
    ui = pages(server)
    ui.create_topics([PyTopic(name, 2, 1)])
    fill(server, name, 100)
    server.producer().flush(10)

    cluster = ui.describe_cluster()
    assert [broker["broker_id"] for broker in cluster["brokers"]] == [1]
    features = ui.describe_features()
    assert "metadata.version" in str(features)
    topics = ui.describe_topics()
    assert {topic["name"] for topic in topics} >= {name, "k-" + name}
    page = ui.describe_topic_partitions([name])
    assert [p["partition_index"] for p in page["topics"][0]["partitions"]] == [0, 1]
    sizes = str(ui.describe_log_dirs())
    assert name in sizes and str(server.folder) in sizes
    first = PyPartition(name, 0)
    ends = ui.list_partition_offsets({first: -1})
    assert ends[first].offset == 100
    starts = ui.list_partition_offsets({first: -2})
    assert starts[first].offset == 0

    told = ui.describe_configs([PyResource(PyType.TOPIC, name)], include_synonyms=True, config_filter="all")
    assert "retention.ms" in str(told)
    assert "message.max.bytes" in str(ui.describe_configs([PyResource(PyType.BROKER, "1")], config_filter="all"))
    ui.alter_configs([PyResource(PyType.TOPIC, name, configs={"retention.ms": "600000"})])
    assert "600000" in str(ui.describe_configs([PyResource(PyType.TOPIC, name)], config_filter="all"))
    assert name in str(ui.list_config_resources())

    group = "g-" + name
    consumer = server.consumer(group)
    consumer.commit(offsets=[TopicPartition(name, 0, 40)], asynchronous=False)
    groups = [one["group_id"] for one in ui.list_groups()]
    assert group in groups
    assert ui.describe_groups([group])[group]["group_state"] == "Empty"
    committed = ui.list_group_offsets({group: None})[group]
    assert ends[first].offset - committed[first].offset == 60   # the lag
    ui.delete_group_offsets(group, [first])
    ui.delete_groups([group]) if group in [one["group_id"] for one in ui.list_groups()] else None
    consumer.close()

    assert ui.list_partition_reassignments() == {}
    assert "leader_id" in str(ui.describe_metadata_quorum())
    ui.update_features({"eligible.leader.replicas.version": (1, 1)}, validate_only=True)
    ui.delete_records({first: 50})
    assert ui.list_partition_offsets({first: -2})[first].offset == 50
    ui.delete_topics([name])
    ui.close()


def test_aiokafka_administrates(server, name):
    async def work():
        admin = AIOKafkaAdminClient(bootstrap_servers=server.kafka_at)
        await admin.start()
        try:
            resource = AioResource(AioType.TOPIC, name, configs={"retention.ms": "600000"})
            await admin.alter_configs([resource])
            told = await admin.describe_configs([AioResource(AioType.TOPIC, name)])
            assert "600000" in str(told)
            await admin.delete_records({AioPartition(name, 0): RecordsToDelete(before_offset=3)})
            assert name in await admin.list_topics()
            assert await admin.list_consumer_groups() is not None
        finally:
            await admin.close()

    only(server.admin().create_topics([NewTopic(name, 1, 1)]))
    fill(server, name)
    asyncio.run(work())
    assert server.read_all(name)[0].offset() == 3


def test_what_was_changed_is_there_after_a_kill(durable, name):
    admin = durable.admin()
    only(admin.create_topics([NewTopic(name, 1, 1)]))
    change(admin, ResourceType.TOPIC, name, ("retention.ms", AlterConfigOpType.SET, "700000"))
    change(admin, ResourceType.BROKER, "1", ("message.max.bytes", AlterConfigOpType.SET, "500000"))
    change(admin, ResourceType.GROUP, "g", ("consumer.session.timeout.ms", AlterConfigOpType.SET, "50000"))
    durable.kill()
    durable.start()
    admin = durable.admin()
    told = settings(admin, ResourceType.TOPIC, name)
    assert (told["retention.ms"].value, told["retention.ms"].source) == ("700000", 1)
    assert (told["max.message.bytes"].value, told["max.message.bytes"].source) == ("500000", 2)
    assert settings(admin, ResourceType.GROUP, "g")["consumer.session.timeout.ms"].value == "50000"


def test_a_setting_of_the_command_line_is_below_one_that_was_changed():
    server = Server(None, "--kafka-config", "log.retention.ms=3600000")
    try:
        admin = server.admin()
        assert (settings(admin, ResourceType.BROKER, "1")["log.retention.ms"].source) == 4
        change(admin, ResourceType.BROKER, "1", ("log.retention.ms", AlterConfigOpType.SET, "60000"))
        told = settings(admin, ResourceType.BROKER, "1")["log.retention.ms"]
        assert (told.value, told.source) == ("60000", 2)
    finally:
        server.stop()


def test_kafkas_own_topics_are_listed_and_a_reader_of_one_ends(server):
    topics = server.admin().list_topics(timeout=10).topics
    consumer = server.consumer(f"reader-{len(topics)}", **{"auto.offset.reset": "earliest", "enable.partition.eof": True,
                                                           "allow.auto.create.topics": True})
    consumer.subscribe(["__consumer_offsets"])
    ended = set()

    def all_ended():
        message = consumer.poll(0.1)
        if message is not None:
            assert message.error() and message.error().code() == -191, message.value()
            ended.add(message.partition())
        return len(ended) == 50

    until(all_ended)
    consumer.close()
    topics = server.admin().list_topics(timeout=10).topics
    assert len(topics["__consumer_offsets"].partitions) == 50
    told = settings(server.admin(), ResourceType.TOPIC, "__consumer_offsets")
    assert {key: told[key].value for key in ("cleanup.policy", "compression.type", "segment.bytes")} == {
        "cleanup.policy": "compact", "compression.type": "producer", "segment.bytes": "104857600"}
    python = KafkaAdminClient(bootstrap_servers=server.kafka_at)
    internal = {topic["name"]: topic["is_internal"] for topic in python.describe_topics(["__consumer_offsets"])}
    python.close()
    assert internal == {"__consumer_offsets": True}
    assert not [name for name in server.kinesis().list_streams()["StreamNames"] if name.startswith("__")]
    _, error = produce_one(server, "__consumer_offsets")
    assert error.name() == "TOPIC_EXCEPTION"


def produce_one(server, topic):
    told = []
    producer = server.producer()
    producer.produce(topic, value="v", partition=0, on_delivery=lambda error, message: told.append((message, error)))
    producer.flush(10)
    return told[0]
