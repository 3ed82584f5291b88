"""Where the two worlds meet: what one door did, the other one tells the same way."""
import json
import urllib.request
from hashlib import md5

import pytest
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import ConfigResource, NewPartitions, NewTopic

from conftest import offset_of, produce, read_shard, until


def topic_id(server, name):
    [told] = [f.result() for f in server.admin().describe_topics(TopicCollection([name])).values()]
    return str(told.topic_id)


def config(server, name, key):
    [told] = [f.result() for f in server.admin().describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name)]).values()]
    return told[key].value


def created(server, *topics):
    for done in server.admin().create_topics(list(topics)).values():
        done.result(10)


def test_a_stream_deleted_by_either_door_is_gone_for_both(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    assert len(server.admin().list_topics(timeout=5).topics[name].partitions) == 2
    server.admin().delete_topics([name])[name].result(10)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.describe_stream_summary(StreamName=name)
    created(server, NewTopic(name, 3))
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 3
    kinesis.delete_stream(StreamName=name)
    assert name not in server.admin().list_topics(timeout=5).topics


def test_a_recreated_stream_is_another_topic(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    first = topic_id(server, name)
    kinesis.delete_stream(StreamName=name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert topic_id(server, name) != first


def test_a_topic_made_on_demand_is_adopted_until_it_holds_a_record(server, name):
    kinesis = server.kinesis()
    server.consumer(**{"allow.auto.create.topics": True}).list_topics(name, timeout=5)   # asks for it: that makes it
    first = topic_id(server, name)
    assert name not in kinesis.list_streams()["StreamNames"]
    kinesis.create_stream(StreamName=name, ShardCount=3)
    assert topic_id(server, name) == first
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 3
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.create_stream(StreamName=name, ShardCount=3)
    produce(server.producer(), f"{name}-written", [b"x"])
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.create_stream(StreamName=f"{name}-written", ShardCount=1)


def test_one_key_has_two_hashes_so_it_may_lie_on_different_shards_by_door(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=4)
    keys = [f"key-{i}" for i in range(40)]
    by_kinesis = [int(kinesis.put_record(StreamName=name, Data=b"x", PartitionKey=k)["ShardId"][-12:]) for k in keys]
    assert by_kinesis == [int.from_bytes(md5(k.encode()).digest(), "big") * 4 >> 128 for k in keys]
    by_kafka = [produce(server.producer(), name, [b"x"], key=k)[0].partition() for k in keys[:12]]
    assert by_kafka != by_kinesis[:12]
    # Told the partition, both doors agree.
    sent = [produce(server.producer(), name, [b"x"], key=k, partition=p)[0].partition() for k, p in zip(keys[:4], by_kinesis)]
    assert sent == by_kinesis[:4]


def test_names_that_kafka_refuses_side_by_side_are_refused_by_create_stream_too(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=f"{name}.b", ShardCount=1)
    with pytest.raises(kinesis.exceptions.InvalidArgumentException, match="Kafka refuses the pair"):
        kinesis.create_stream(StreamName=f"{name}_b", ShardCount=1)
    with pytest.raises(KafkaException, match="collides"):
        created(server, NewTopic(f"{name}_b", 1))


def test_names_too_long_for_kinesis_and_internal_ones_are_not_listed_to_it(server, name):
    long = name + "x" * 120
    created(server, NewTopic(long, 1), NewTopic(f"__{name}", 1), NewTopic(f"{name}-plain", 1))
    names = server.kinesis().list_streams()["StreamNames"]
    assert f"{name}-plain" in names and long not in names and f"__{name}" not in names
    assert {long, f"__{name}", f"{name}-plain"} <= set(server.admin().list_topics(timeout=5).topics)


def test_partitions_are_added_by_kafka_to_its_own_topics_and_by_kinesis_to_its_streams(server, name):
    kinesis, admin = server.kinesis(), server.admin()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    with pytest.raises(KafkaException, match="UpdateShardCount"):
        admin.create_partitions([NewPartitions(name, 3)])[name].result(10)
    created(server, NewTopic(f"{name}-t", 1))
    admin.create_partitions([NewPartitions(f"{name}-t", 3)])[f"{name}-t"].result(10)
    shards = kinesis.list_shards(StreamName=f"{name}-t")["Shards"]
    assert [s["ShardId"][-1] for s in shards] == ["0", "1", "2"]
    assert all("EndingSequenceNumber" not in s["SequenceNumberRange"] for s in shards)
    starts = sorted(int(s["HashKeyRange"]["StartingHashKey"]) for s in shards)
    assert starts[0] == 0 and max(int(s["HashKeyRange"]["EndingHashKey"]) for s in shards) == 2**128 - 1


def test_retention_is_one_value(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert config(server, name, "retention.ms") == "86400000"
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    assert config(server, name, "retention.ms") == "172800000"
    created(server, NewTopic(f"{name}-t", 1, config={"retention.ms": "90000001"}))
    assert kinesis.describe_stream_summary(StreamName=f"{name}-t")["StreamDescriptionSummary"]["RetentionPeriodHours"] == 26


def test_kafka_keys_and_values_that_kinesis_has_no_word_for_have_a_fixed_form(server, name):
    producer = server.producer()
    produce(producer, name, [b"no key"])
    produce(producer, name, [b"empty key"], key=b"")
    produce(producer, name, [b"binary"], key=b"\xff\x00")
    produce(producer, name, [None], key=b"tombstone", headers={"h": b"not shown"})
    records = read_shard(server.kinesis(), name)
    assert [(r["PartitionKey"], r["Data"]) for r in records] == [
        ("kafka:null", b"no key"), ("kafka:empty", b"empty key"), ("kafka:md5:" + md5(b"\xff\x00").hexdigest(), b"binary"), ("tombstone", b"")]
    assert [offset_of(r["SequenceNumber"]) for r in records] == [0, 1, 2, 3]


def test_arrival_times_and_timestamps_are_the_same_moment(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")
    [record], [message] = read_shard(kinesis, name), server.read_all(name)
    assert round(record["ApproximateArrivalTimestamp"].timestamp() * 1000) == message.timestamp()[1]


def test_a_producer_and_a_consumer_of_different_regions_and_keys_meet(server, name):
    server.kinesis(key="first", region="us-east-1").create_stream(StreamName=name, ShardCount=1)
    other = server.kinesis(key="second", region="eu-west-1")
    told = other.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert told["StreamARN"] == f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
    other.put_record(StreamARN=told["StreamARN"], Data=b"x", PartitionKey="k")
    assert len(read_shard(server.kinesis(key="third", region="ap-south-1"), name)) == 1


def test_no_answer_carries_a_stream_id(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    answers = [kinesis.describe_stream(StreamName=name), kinesis.describe_stream_summary(StreamName=name), kinesis.list_shards(StreamName=name),
               kinesis.list_streams(), kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")]
    assert "StreamId" not in json.dumps(answers, default=str)


def call(server, method, body):
    asked = urllib.request.Request(f"http://{server.kinesis_at}/_sluice/v1/{method}", json.dumps(body).encode(),
                                   {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        return json.load(answer)


def test_kafka_clients_are_told_the_address_they_came_to_until_another_one_is_set(server):
    def told():
        [broker] = server.admin().list_topics(timeout=5).brokers.values()
        return f"{broker.host}:{broker.port}"
    assert told() == server.kafka_at
    call(server, "SetAdvertised", {"host": "localhost", "port": 12345})
    try:
        assert told() == "localhost:12345"
    finally:
        call(server, "SetAdvertised", {"host": ""})
    assert told() == server.kafka_at


def test_the_control_plane_answers_plain_http_in_protobufs_json_form(server):
    frozen = call(server, "FreezeClock", {})
    assert frozen["frozen"] is True
    try:
        later = call(server, "AdvanceClock", {"span": "90s"})
        assert later["now"] > frozen["now"]
    finally:
        assert call(server, "ResumeClock", {}).get("frozen", False) is False
    assert call(server, "Health", {})["ready"] is True
