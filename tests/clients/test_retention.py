"""Retention on a clock that is moved: a day passes in milliseconds, for both doors alike."""
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import NewTopic

from conftest import iterator, produce, read_shard, until


@pytest.fixture(autouse=True)
def frozen(server):
    server.words("clock", "freeze")
    yield
    server.words("clock", "resume")


def test_a_record_is_there_after_23_h_59_min_and_gone_after_25_h_by_both_doors(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.put_record(StreamName=name, Data=b"old", PartitionKey="k")
    server.words("clock", "advance", "23h59m")
    assert [r["Data"] for r in read_shard(kinesis, name)] == [b"old"]
    assert [m.value() for m in server.read_all(name)] == [b"old"]
    server.words("clock", "advance", "61m")
    assert read_shard(kinesis, name) == []
    consumer = server.consumer()
    assert consumer.get_watermark_offsets(TopicPartition(name, 0)) == (1, 1)
    consumer.close()
    kinesis.put_record(StreamName=name, Data=b"new", PartitionKey="k")
    [record] = read_shard(kinesis, name)
    assert record["Data"] == b"new"
    assert [(m.offset(), m.value()) for m in server.read_all(name)] == [(1, b"new")]


def test_an_iterator_lives_five_minutes_of_the_virtual_clock(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    token = iterator(kinesis, name)
    server.words("clock", "advance", "300s")
    kinesis.get_records(ShardIterator=token)
    server.words("clock", "advance", "1ms")
    with pytest.raises(kinesis.exceptions.ExpiredIteratorException, match="tolerated delay of 300000 milliseconds"):
        kinesis.get_records(ShardIterator=token)


def test_a_longer_retention_keeps_records_longer_and_a_shorter_one_drops_them_at_once(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    kinesis.put_record(StreamName=name, Data=b"old", PartitionKey="k")
    server.words("clock", "advance", "47h")
    assert len(read_shard(kinesis, name)) == 1
    kinesis.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=24)
    assert read_shard(kinesis, name) == []
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    assert read_shard(kinesis, name) == []


def test_a_connected_group_keeps_its_generation_over_25_h_and_consumes_on(server, name):
    server.kinesis().create_stream(StreamName=name, ShardCount=1)
    changes = []
    consumer = server.consumer("keepers", **{"session.timeout.ms": 6000})
    consumer.subscribe([name], on_assign=lambda c, p: changes.append("assign"), on_revoke=lambda c, p: changes.append("revoke"),
                       on_lost=lambda c, p: changes.append("lost"))
    producer = server.producer()
    produce(producer, name, [b"before"], key=b"k")

    def next_value():
        message = consumer.poll(0.1)
        return message.value() if message is not None and message.error() is None else None
    assert until(next_value, what="the record before") == b"before"
    consumer.commit(asynchronous=False)
    generation = server.admin().describe_consumer_groups(["keepers"])["keepers"].result()
    server.words("clock", "advance", "25h")
    produce(producer, name, [b"after"], key=b"k")
    assert until(next_value, what="the record after") == b"after"
    consumer.commit(asynchronous=False)
    assert changes == ["assign"]
    again = server.admin().describe_consumer_groups(["keepers"])["keepers"].result()
    assert [m.member_id for m in again.members] == [m.member_id for m in generation.members]
    consumer.close()


def test_what_is_produced_by_kafka_after_the_jump_is_there_to_read(server, name):
    producer = server.producer()
    produce(producer, name, [b"today"])
    server.words("clock", "advance", "8d")
    consumer = server.consumer()
    assert consumer.get_watermark_offsets(TopicPartition(name, 0)) == (1, 1)
    consumer.close()
    produce(producer, name, [b"next week"])
    assert [m.value() for m in server.read_all(name)] == [b"next week"]


def test_retention_bytes_of_a_topic_forgets_the_oldest_batches_for_both_doors_and_over_a_restart(durable, name):
    [made] = durable.admin().create_topics([NewTopic(name, 1, 1, config={"retention.bytes": "10000", "retention.ms": "-1"})]).values()
    made.result(10)
    producer = durable.producer()
    for i in range(30):
        produce(producer, name, [i.to_bytes(1, "big") * 1000], key=b"k")   # a batch each: 1,000 bytes, a key and its head
    kept = [m.value() for m in durable.read_all(name)]
    assert [value[0] for value in kept] == list(range(20, 30))
    assert [r["Data"] for r in read_shard(durable.kinesis(), name)] == kept
    durable.words("clock", "advance", "2m")   # the store has forgotten them as well
    durable.restart()
    assert [m.value() for m in durable.read_all(name)] == kept
    produce(durable.producer(), name, [b"x" * 1000], key=b"k")
    assert [(m.offset(), m.value()[:1]) for m in durable.read_all(name)][0] == (21, b"\x15")
