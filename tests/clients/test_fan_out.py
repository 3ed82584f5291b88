"""Enhanced fan-out with boto3, over HTTP/1.1: consumers, and what SubscribeToShard pushes to them."""
import threading

import pytest
from botocore.exceptions import ClientError, EventStreamError
from conftest import Server, until


def arn_of(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def register(kinesis, name, consumer="reader"):
    told = kinesis.register_stream_consumer(StreamARN=arn_of(kinesis, name), ConsumerName=consumer)["Consumer"]
    assert told["ConsumerStatus"] == "CREATING"
    until(lambda: kinesis.describe_stream_consumer(ConsumerARN=told["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
    return told["ConsumerARN"]


def subscribe(kinesis, consumer, shard="shardId-000000000000", **position):
    return kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard, StartingPosition=position or {"Type": "TRIM_HORIZON"})["EventStream"]


def events(stream):
    for event in stream:
        yield event["SubscribeToShardEvent"]


def test_records_of_both_doors_are_pushed_in_order_as_they_come(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    consumer = register(kinesis, name)
    kinesis.put_records(StreamName=name, Records=[{"PartitionKey": "1", "Data": b"Hello world_%d" % n} for n in range(5)])
    stream = subscribe(kinesis, consumer)
    pushed, got = events(stream), []
    while len(got) < 5:
        event = next(pushed)
        assert event["ContinuationSequenceNumber"] and event["MillisBehindLatest"] == 0
        got += event["Records"]
    assert [record["Data"] for record in got] == [b"Hello world_%d" % n for n in range(5)]
    producer = server.producer()
    for n in range(10):
        producer.produce(name, b"by Kafka %d" % n, b"key")
    producer.flush(10)
    while len(got) < 15:
        got += next(pushed)["Records"]
    assert [record["Data"] for record in got[5:]] == [b"by Kafka %d" % n for n in range(10)]
    numbers = [int(record["SequenceNumber"]) for record in got]
    assert numbers == sorted(numbers)
    stream.close()


def test_a_reader_goes_on_where_it_was_and_through_a_split(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    consumer = register(kinesis, name)
    for n in range(20):
        kinesis.put_record(StreamName=name, PartitionKey=str(n), Data=b"%d" % n)
    first = subscribe(kinesis, consumer)
    event = next(events(first))
    seen = [record["Data"] for record in event["Records"]]
    first.close()
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2 ** 127))
    for n in range(20, 40):
        kinesis.put_record(StreamName=name, PartitionKey=str(n), Data=b"%d" % n)
    goes_on = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": event["ContinuationSequenceNumber"]}
    # The connection of the first one has gone by then or takes its place.
    stream = until(lambda: take(kinesis, consumer, goes_on), seconds=20)
    *_, last = events(stream)
    assert "ContinuationSequenceNumber" not in last
    children = [child["ShardId"] for child in last["ChildShards"]]
    assert len(children) == 2
    for child in children:
        stream = subscribe(kinesis, consumer, child)
        seen += [record["Data"] for record in next(events(stream))["Records"]]
        stream.close()
    assert sorted(map(int, seen)) == list(range(40))


def take(kinesis, consumer, position):
    try:
        return subscribe(kinesis, consumer, **position)
    except ClientError as refused:
        assert refused.response["Error"]["Code"] == "ResourceInUseException"
        return None


def test_each_record_reaches_a_waiting_reader_before_the_next_one_is_written(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    stream = subscribe(kinesis, register(kinesis, name), Type="LATEST")
    pushed = events(stream)
    assert next(pushed)["Records"] == []
    arrived = []

    def read():
        for event in pushed:
            arrived.extend(int(record["Data"]) for record in event["Records"])
            if len(arrived) >= 50:
                return

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(50):
        kinesis.put_record(StreamName=name, PartitionKey="k", Data=b"%d" % n)
        until(lambda: len(arrived) > n)
    reader.join()
    stream.close()
    assert arrived == list(range(50))


def test_a_consumer_that_is_deregistered_ends_its_readers_with_an_exception(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    consumer = register(kinesis, name)
    stream = subscribe(kinesis, consumer, Type="LATEST")
    pushed = events(stream)
    next(pushed)
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    with pytest.raises(EventStreamError) as told:
        next(pushed)
    assert told.value.response["Error"]["Code"] == "ResourceNotFoundException"
    with pytest.raises(ClientError) as refused:
        subscribe(kinesis, consumer)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_consumer_is_creating_for_the_state_delay_and_survives_a_restart(tmp_path):
    server = Server(tmp_path / "data", "--state-delay", "300ms")
    try:
        kinesis = server.kinesis()
        kinesis.create_stream(StreamName="s", ShardCount=1)
        kinesis.get_waiter("stream_exists").wait(StreamName="s", WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
        told = kinesis.register_stream_consumer(StreamARN=arn_of(kinesis, "s"), ConsumerName="c", Tags={"team": "a"})["Consumer"]
        with pytest.raises(ClientError) as refused:
            subscribe(kinesis, told["ConsumerARN"])
        assert refused.value.response["Error"]["Code"] == "ResourceInUseException"
        until(lambda: kinesis.describe_stream_consumer(ConsumerARN=told["ConsumerARN"])["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
        server.kill()
        server.start()
        kinesis = server.kinesis()
        assert [one["ConsumerARN"] for one in kinesis.list_stream_consumers(StreamARN=arn_of(kinesis, "s"))["Consumers"]] == [told["ConsumerARN"]]
    finally:
        server.stop()


def test_delete_topics_of_kafka_deregisters_consumers(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    consumer = register(kinesis, name)
    with pytest.raises(ClientError) as refused:
        kinesis.delete_stream(StreamName=name)
    assert refused.value.response["Error"]["Code"] == "ResourceInUseException"
    stream = subscribe(kinesis, consumer, Type="LATEST")
    pushed = events(stream)
    next(pushed)
    server.admin().delete_topics([name])[name].result(10)
    with pytest.raises(EventStreamError):
        next(pushed)
