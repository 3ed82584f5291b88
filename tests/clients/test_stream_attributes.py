"""What a stream has beside its records, as boto3 sees it and as Kafka clients do: tags, encryption, metrics, policies, modes, and how
many shards it has.
"""
import json
import uuid

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import KafkaError, KafkaException
from conftest import Server, offset_of, produce, read_shard, until


@pytest.fixture
def stream(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    return name


def arn(name):
    return f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"


def code(call, **arguments):
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return refused.value.response["Error"]["Code"]


def open_shards(kinesis, name):
    shards = kinesis.list_shards(StreamName=name)["Shards"]
    return [s for s in shards if "EndingSequenceNumber" not in s["SequenceNumberRange"]]


def test_tags_by_either_family_are_the_same_and_page_through_a_paginator(server, stream):
    kinesis = server.kinesis()
    kinesis.add_tags_to_stream(StreamName=stream, Tags={f"k{i:02}": f"v{i}" for i in range(12)})
    kinesis.tag_resource(ResourceARN=arn(stream), Tags={"k03": "new", "größe": "7 @ home"})
    kinesis.untag_resource(ResourceARN=arn(stream), TagKeys=["k00", "k99"])
    kinesis.remove_tags_from_stream(StreamARN=arn(stream), TagKeys=["k01"])
    first = kinesis.list_tags_for_stream(StreamName=stream, Limit=5)
    assert first["HasMoreTags"] and len(first["Tags"]) == 5
    rest = kinesis.list_tags_for_stream(StreamName=stream, ExclusiveStartTagKey=first["Tags"][-1]["Key"])
    assert not rest["HasMoreTags"]
    tags = {t["Key"]: t["Value"] for t in first["Tags"] + rest["Tags"]}
    assert tags == {**{f"k{i:02}": f"v{i}" for i in range(2, 12)}, "k03": "new", "größe": "7 @ home"}
    assert kinesis.list_tags_for_resource(ResourceARN=arn(stream))["Tags"] == first["Tags"] + rest["Tags"]


def test_tags_given_at_creation_are_there_and_a_consumer_that_does_not_exist_has_none(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1, Tags={"team": "blue"})
    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "blue"}]
    consumer = arn(name) + "/consumer/nobody:1700000000"
    assert code(kinesis.list_tags_for_resource, ResourceARN=consumer) == "ResourceNotFoundException"
    assert code(kinesis.tag_resource, ResourceARN=consumer, Tags={"a": "b"}) == "ResourceNotFoundException"


def test_tags_are_nothing_to_kafka(server, stream):
    server.kinesis().add_tags_to_stream(StreamName=stream, Tags={"retention.ms": "1"})
    produce(server.producer(), stream, [b"x"], partition=0)
    assert [m.value() for m in server.read_all(stream, 0)] == [b"x"]


def test_records_of_either_door_say_whether_they_were_written_encrypted_and_kafka_reads_all_of_them(server, stream):
    kinesis, producer = server.kinesis(), server.producer()
    put = dict(StreamName=stream, PartitionKey="k", ExplicitHashKey="0")
    assert "EncryptionType" not in kinesis.put_record(Data=b"0", **put)
    kinesis.start_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    described = kinesis.describe_stream(StreamName=stream)["StreamDescription"]
    assert (described["EncryptionType"], described["KeyId"]) == ("KMS", "alias/aws/kinesis")
    assert kinesis.put_record(Data=b"1", **put)["EncryptionType"] == "KMS"
    produce(producer, stream, [b"2"], partition=0)
    entries = [{"Data": b"3", "PartitionKey": "k", "ExplicitHashKey": "0"}]
    assert kinesis.put_records(StreamName=stream, Records=entries)["EncryptionType"] == "KMS"
    kinesis.stop_stream_encryption(StreamName=stream, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    produce(producer, stream, [b"4"], partition=0)
    assert "EncryptionType" not in kinesis.put_records(StreamName=stream, Records=entries)
    seen = [(r["Data"], r.get("EncryptionType")) for r in read_shard(kinesis, stream)]
    assert seen == [(b"0", None), (b"1", "KMS"), (b"2", "KMS"), (b"3", "KMS"), (b"4", None), (b"3", None)]
    assert [m.value() for m in server.read_all(stream, 0)] == [b"0", b"1", b"2", b"3", b"4", b"3"]


def test_metrics_and_policies_are_told_again(server, stream):
    kinesis = server.kinesis()
    changed = kinesis.enable_enhanced_monitoring(StreamName=stream, ShardLevelMetrics=["ALL"])
    assert (changed["CurrentShardLevelMetrics"], len(changed["DesiredShardLevelMetrics"])) == ([], 7)
    changed = kinesis.disable_enhanced_monitoring(StreamARN=arn(stream), ShardLevelMetrics=["IncomingBytes"])
    shown = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["EnhancedMonitoring"]
    assert shown == [{"ShardLevelMetrics": changed["DesiredShardLevelMetrics"]}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "kinesis:PutRecord"}]})
    assert kinesis.get_resource_policy(ResourceARN=arn(stream))["Policy"] == "{}"
    kinesis.put_resource_policy(ResourceARN=arn(stream), Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=arn(stream))["Policy"] == policy
    kinesis.delete_resource_policy(ResourceARN=arn(stream))
    assert code(kinesis.delete_resource_policy, ResourceARN=arn(stream)) == "ResourceNotFoundException"


def test_limits_modes_warm_throughput_and_the_largest_record(server, name):
    kinesis = server.kinesis()
    before = kinesis.describe_limits()
    kinesis.create_stream(StreamName=name, ShardCount=3)
    kinesis.update_stream_mode(StreamARN=arn(name), StreamModeDetails={"StreamMode": "ON_DEMAND"})
    after = kinesis.describe_limits()
    assert after["OpenShardCount"] - before["OpenShardCount"] == 3
    assert after["OnDemandStreamCount"] - before["OnDemandStreamCount"] == 1
    assert code(kinesis.update_stream_warm_throughput, StreamName=name, WarmThroughputMiBps=6) == "ValidationException"
    settings = kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    assert settings == {**kinesis.describe_account_settings(), "ResponseMetadata": settings["ResponseMetadata"]}
    told = kinesis.update_stream_warm_throughput(StreamName=name, WarmThroughputMiBps=6)
    assert told["WarmThroughput"] == {"TargetMiBps": 6, "CurrentMiBps": 3}
    summary = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["WarmThroughput"]["CurrentMiBps"]) == (6, 6)
    kinesis.update_max_record_size(StreamARN=arn(name), MaxRecordSizeInKiB=4096)
    server.words("clock", "advance", "3s")   # until the shard has room for as much
    large = kinesis.put_record(StreamName=name, PartitionKey="k", Data=bytes(3_000_000))
    [record] = read_shard(kinesis, name, large["ShardId"])
    assert record["Data"] == bytes(3_000_000)


def test_the_largest_record_binds_puts_and_not_what_kafka_produces(server, stream):
    server.kinesis().update_max_record_size(StreamARN=arn(stream), MaxRecordSizeInKiB=10240)
    with pytest.raises((KafkaException, AssertionError)) as refused:
        produce(server.producer(**{"message.max.bytes": 5_000_000}), stream, [bytes(2_000_000)], partition=0)
    assert "MSG_SIZE_TOO_LARGE" in str(refused.value)


# Shards that were ever made, seen at AWS; the fourth of the list is that of the recorded cases.
@pytest.mark.parametrize("start, target, total", [(2, 4, 6), (4, 2, 6), (5, 3, 7), (4, 5, 15), (10, 13, 37), (10, 3, 17), (4, 3, 11)])
def test_update_shard_count_makes_as_many_shards_as_aws_does(server, name, start, target, total):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=start)
    told = kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
    assert (told["CurrentShardCount"], told["TargetShardCount"], told["StreamARN"]) == (start, target, arn(name))
    kinesis.get_waiter("stream_exists").wait(StreamName=name)
    assert len(kinesis.list_shards(StreamName=name)["Shards"]) == total
    ranges = sorted((int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"])) for s in open_shards(kinesis, name))
    assert len(ranges) == target
    assert [first for first, _ in ranges] == [0] + [last + 1 for _, last in ranges[:-1]]
    assert ranges[-1][1] == 2**128 - 1


def test_a_consumer_group_reads_on_through_new_partitions_and_producers_to_old_ones_are_refused(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    put = [kinesis.put_record(StreamName=name, PartitionKey=f"k{i}", Data=f"before {i}".encode()) for i in range(20)]
    consumer = server.consumer(f"g-{uuid.uuid4()}", **{"topic.metadata.refresh.interval.ms": 1000})
    got = []

    def take(count):
        def more():
            message = consumer.poll(0.2)
            if message is not None and message.error() is None:
                got.append(message.value())
            return len(got) >= count
        until(more, seconds=30, what=f"{count} records, had {len(got)}")

    try:
        consumer.subscribe([name])
        take(20)
        consumer.commit(asynchronous=False)
        kinesis.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
        kinesis.get_waiter("stream_exists").wait(StreamName=name)
        put += [kinesis.put_record(StreamName=name, PartitionKey=f"k{i}", Data=f"after {i}".encode()) for i in range(20)]
        take(40)
    finally:
        consumer.close()
    assert sorted(got) == sorted(f"{when} {i}".encode() for when in ("before", "after") for i in range(20))
    topic = server.admin().list_topics(name, timeout=10).topics[name]
    assert len(topic.partitions) == len(kinesis.list_shards(StreamName=name)["Shards"])
    with pytest.raises((KafkaException, AssertionError)) as refused:
        produce(server.producer(**{"message.timeout.ms": 5000}), name, [b"late"], partition=0)
    assert "POLICY_VIOLATION" in str(refused.value) or str(KafkaError.POLICY_VIOLATION) in str(refused.value)
    assert all(offset_of(p["SequenceNumber"]) >= 0 for p in put)


def test_a_server_that_is_killed_while_it_scales_goes_on_where_it_was(tmp_path):
    one = Server(tmp_path / "data", "--state-delay", "30s")
    try:
        one.words("clock", "freeze")
        kinesis = one.kinesis()
        kinesis.create_stream(StreamName="s", ShardCount=4, Tags={"a": "b"})
        one.words("clock", "advance", "30s")
        kinesis.put_resource_policy(ResourceARN=arn("s"), Policy='{"Statement": []}')
        kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
        kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="k")
        one.words("clock", "advance", "30s")
        kinesis.update_shard_count(StreamName="s", TargetShardCount=5, ScalingType="UNIFORM_SCALING")
        one.kill()
        one.start()
        kinesis = one.kinesis()
        told = kinesis.describe_stream(StreamName="s")["StreamDescription"]
        assert (told["StreamStatus"], len(told["Shards"])) == ("UPDATING", 4)
        assert (told["EncryptionType"], told["KeyId"]) == ("KMS", "k")
        assert told["EnhancedMonitoring"] == [{"ShardLevelMetrics": ["IncomingBytes"]}]
        assert kinesis.list_tags_for_stream(StreamName="s")["Tags"] == [{"Key": "a", "Value": "b"}]
        assert kinesis.get_resource_policy(ResourceARN=arn("s"))["Policy"] == '{"Statement": []}'
        one.words("clock", "advance", "30s")
        assert len(open_shards(kinesis, "s")) == 5
    finally:
        one.stop()
