"""One log, two doors: what comes in by one is read by the other, with the same place and the same bytes."""
import json

import pytest

from conftest import iterator, offset_of, produce, read_shard, until


def test_a_record_put_by_boto3_is_read_by_librdkafka_with_its_key_on_the_partition_of_its_shard(server):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName="clickstream", ShardCount=4)
    data = json.dumps({"user": "u123", "page": "/"}).encode()
    put = kinesis.put_record(StreamName="clickstream", Data=data, PartitionKey="u123")
    partition = int(put["ShardId"].removeprefix("shardId-"))
    [message] = server.read_all("clickstream", partition)
    assert message.value() == data
    assert message.key() == b"u123"
    assert message.offset() == offset_of(put["SequenceNumber"]) == 0


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_what_kafka_produced_with_each_compression_is_read_by_get_records(server, name, codec):
    kinesis = server.kinesis()
    values = [f"value {i} ".encode() * 20 for i in range(100)]
    sent = produce(server.producer(**{"compression.type": codec}), name, values, key=b"k1")
    assert {m.partition() for m in sent} == {0}
    records = read_shard(kinesis, name)
    assert [r["Data"] for r in records] == values
    assert {r["PartitionKey"] for r in records} == {"k1"}
    assert [offset_of(r["SequenceNumber"]) for r in records] == list(range(100))


def test_offsets_and_sequence_numbers_stay_consistent_when_both_doors_write_to_one_shard(server, name):
    kinesis, producer = server.kinesis(), server.producer()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    wanted = []
    for i in range(30):
        value = f"{i}".encode()
        if i % 2:
            [m] = produce(producer, name, [value], key=b"k")
            wanted.append((m.offset(), value))
        else:
            put = kinesis.put_record(StreamName=name, Data=value, PartitionKey="k")
            wanted.append((offset_of(put["SequenceNumber"]), value))
    assert [offset for offset, _ in wanted] == list(range(30))
    by_kafka = [(m.offset(), m.value()) for m in server.read_all(name)]
    by_kinesis = [(offset_of(r["SequenceNumber"]), r["Data"]) for r in read_shard(kinesis, name)]
    assert by_kafka == by_kinesis == wanted


def test_put_records_answers_each_entry_with_the_offset_kafka_reads_it_at(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=3)
    entries = [{"Data": f"{i}".encode(), "PartitionKey": f"key-{i}"} for i in range(200)]
    answer = kinesis.put_records(StreamName=name, Records=entries)
    assert answer["FailedRecordCount"] == 0
    told = {}
    for entry, result in zip(entries, answer["Records"]):
        told[int(result["ShardId"][-12:]), offset_of(result["SequenceNumber"])] = entry
    seen = {}
    for partition in range(3):
        for m in server.read_all(name, partition):
            seen[partition, m.offset()] = {"Data": m.value(), "PartitionKey": m.key().decode()}
    assert seen == told


def test_after_the_shards_starting_number_comes_the_first_record_even_from_the_first_second(server, name):
    kinesis = server.kinesis()
    server.words("clock", "freeze")
    try:
        kinesis.create_stream(StreamName=name, ShardCount=1)
        kinesis.put_record(StreamName=name, Data=b"first", PartitionKey="k")
        shard = kinesis.describe_stream(StreamName=name)["StreamDescription"]["Shards"][0]
        start = shard["SequenceNumberRange"]["StartingSequenceNumber"]
        records = read_shard(kinesis, name, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=start)
        assert [r["Data"] for r in records] == [b"first"]
    finally:
        server.words("clock", "resume")


def test_every_record_can_be_found_again_by_its_sequence_number(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    numbers = [kinesis.put_record(StreamName=name, Data=f"{i}".encode(), PartitionKey="k")["SequenceNumber"] for i in range(10)]
    for i, number in enumerate(numbers[:3]):
        at = kinesis.get_records(ShardIterator=iterator(kinesis, name, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number))
        assert [r["SequenceNumber"] for r in at["Records"]] == numbers[i:]
    after = kinesis.get_records(ShardIterator=iterator(kinesis, name, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[8]))
    assert [r["Data"] for r in after["Records"]] == [b"9"]


def test_a_consumer_may_come_first_and_create_stream_second(server, name):
    consumer = server.consumer(**{"topic.metadata.refresh.interval.ms": 200, "allow.auto.create.topics": True})
    consumer.subscribe([name])
    until(lambda: consumer.poll(0.05) or consumer.assignment(), what="an assignment of the topic made on demand")
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 2
    entries = [{"Data": f"{i}".encode(), "PartitionKey": f"key-{i}"} for i in range(20)]
    kinesis.put_records(StreamName=name, Records=entries)
    got = set()

    def all_there():
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            got.add(message.value())
        return len(got) == 20
    until(all_there, 20, "all records of both shards")
    consumer.close()


def test_a_deleted_and_recreated_stream_starts_afresh_for_both_doors(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    old = kinesis.put_record(StreamName=name, Data=b"old", PartitionKey="k")["SequenceNumber"]
    token = iterator(kinesis, name)
    kinesis.delete_stream(StreamName=name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert read_shard(kinesis, name) == []
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="did not come from this stream"):
        iterator(kinesis, name, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=old)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.get_records(ShardIterator=token)
    kinesis.put_record(StreamName=name, Data=b"new", PartitionKey="k")
    assert [m.value() for m in server.read_all(name)] == [b"new"]
