"""Every operation of botocore's service model: it is called and does its work, or docs/compatibility.md says that it is not served. Whatever
is answered has the members of the model and no others: botocore itself drops what it does not know.
"""
import datetime
import json
import re

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from conftest import ROOT, Server, iterator, until

PAGE = (ROOT / "docs/compatibility.md").read_text()
SERVED = set(re.findall(r"^\| ([A-Z]\w+) \|$", PAGE, re.M))
NOT_SERVED = {name for row in re.findall(r"^\| not yet: (.*?) \|", PAGE, re.M) for name in re.findall(r"\w+", row)}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    one = Server(None, "--kinesis-limits", "none", "--channel-folder", str(tmp_path_factory.mktemp("channels")))
    yield one
    one.stop()


class Sweep:
    """A client that remembers what was called and holds each answer against the model."""

    def __init__(self, server):
        self.called = set()
        self.client = server.kinesis()
        self.client.meta.events.register("before-parse.kinesis.*", self.compare)

    def compare(self, operation_model, response_dict, **_):
        self.called.add(operation_model.name)
        if response_dict["status_code"] == 200 and not operation_model.has_event_stream_output and operation_model.output_shape:
            self.within(operation_model.output_shape, json.loads(response_dict["body"]), operation_model.name)
        elif response_dict["status_code"] == 200 and operation_model.output_shape is None:
            assert response_dict["body"] == b"", operation_model.name

    def within(self, shape, value, path):
        if shape.type_name == "structure":
            assert set(value) <= set(shape.members), (path, set(value) - set(shape.members))
            assert set(shape.required_members) <= set(value), (path, set(shape.required_members) - set(value))
            for name, one in value.items():
                self.within(shape.members[name], one, f"{path}.{name}")
        elif shape.type_name == "list":
            for one in value:
                self.within(shape.member, one, path)
        elif shape.type_name == "map":
            for one in value.values():
                self.within(shape.value, one, path)
        else:
            kinds = {"string": str, "blob": str, "boolean": bool, "integer": int, "long": int, "timestamp": (int, float)}
            assert isinstance(value, kinds[shape.type_name]), (path, value)
            if shape.type_name == "string" and shape.enum:
                assert value in shape.enum, (path, value)


def model(client):
    return set(client.meta.service_model.operation_names)


def test_every_operation_of_the_model_is_served_or_said_not_to_be(server):
    kinesis = boto3.client("kinesis", endpoint_url=f"http://{server.kinesis_at}", region_name="us-east-1", aws_access_key_id="test",
                           aws_secret_access_key="test", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
    assert not SERVED & NOT_SERVED
    assert SERVED | NOT_SERVED == model(kinesis)
    for operation in sorted(NOT_SERVED):
        with pytest.raises(ClientError) as refused:
            kinesis._make_api_call(operation, {})
        assert refused.value.response["Error"]["Code"] == "UnknownOperationException", operation


def test_every_served_operation_does_its_work_and_answers_by_the_model(server, name):
    sweep = Sweep(server)
    k = sweep.client
    arn = f"arn:aws:kinesis:us-east-1:000000000000:stream/{name}"
    k.create_stream(StreamName=name, ShardCount=2, Tags={"made": "here"}, StreamModeDetails={"StreamMode": "PROVISIONED"})
    k.get_waiter("stream_exists").wait(StreamName=name)

    # records
    first = k.put_record(StreamName=name, Data=b"one", PartitionKey="a", ExplicitHashKey="0")
    told = k.put_records(StreamARN=arn, Records=[{"Data": b"%d" % n, "PartitionKey": "a", "ExplicitHashKey": "0"} for n in range(3)])
    assert told["FailedRecordCount"] == 0
    k.put_record(StreamName=name, Data=b"last", PartitionKey="a", ExplicitHashKey="0", SequenceNumberForOrdering=told["Records"][2]["SequenceNumber"])
    values = [b"one", b"0", b"1", b"2", b"last"]
    at = {"StartingSequenceNumber": first["SequenceNumber"]}
    for kind, more, wanted in [("TRIM_HORIZON", {}, values), ("AT_SEQUENCE_NUMBER", at, values), ("AFTER_SEQUENCE_NUMBER", at, values[1:]),
                               ("AT_TIMESTAMP", {"Timestamp": datetime.datetime(2020, 1, 1)}, values), ("LATEST", {}, [])]:
        page = k.get_records(ShardIterator=iterator(k, name, kind=kind, **more), StreamARN=arn)
        assert [record["Data"] for record in page["Records"]] == wanted, kind

    # shards
    k.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey="9")
    k.get_waiter("stream_exists").wait(StreamName=name)
    page = {"NextShardIterator": iterator(k, name)}
    while "NextShardIterator" in page:
        page = k.get_records(ShardIterator=page["NextShardIterator"], Limit=2)
    assert len(page["ChildShards"]) == 2
    k.merge_shards(StreamName=name, ShardToMerge="shardId-000000000002", AdjacentShardToMerge="shardId-000000000003")
    k.get_waiter("stream_exists").wait(StreamName=name)
    k.update_shard_count(StreamName=name, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
    k.get_waiter("stream_exists").wait(StreamName=name)
    shards = [shard["ShardId"] for shard in k.list_shards(StreamName=name)["Shards"]]
    for at_what, count in [("AT_TRIM_HORIZON", 2), ("FROM_TRIM_HORIZON", len(shards)), ("AT_LATEST", 4)]:
        assert len(k.list_shards(StreamName=name, ShardFilter={"Type": at_what})["Shards"]) == count, at_what

    # what a stream has beside
    k.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    k.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=24)
    k.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    assert k.put_record(StreamName=name, Data=b"x", PartitionKey="k")["EncryptionType"] == "KMS"
    assert k.describe_stream(StreamName=name)["StreamDescription"]["KeyId"] == "alias/aws/kinesis"
    k.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    k.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["ALL"])
    k.disable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["ALL"])
    k.add_tags_to_stream(StreamName=name, Tags={"a": "1", "b": "2"})
    k.tag_resource(ResourceARN=arn, Tags={"c": "3"})
    k.remove_tags_from_stream(StreamName=name, TagKeys=["a"])
    k.untag_resource(ResourceARN=arn, TagKeys=["b"])
    assert k.list_tags_for_stream(StreamName=name)["Tags"] == k.list_tags_for_resource(ResourceARN=arn)["Tags"]
    k.put_resource_policy(ResourceARN=arn, Policy='{"Statement": []}')
    assert k.get_resource_policy(ResourceARN=arn)["Policy"] == '{"Statement": []}'
    k.delete_resource_policy(ResourceARN=arn)
    k.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
    assert k.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["MaxRecordSizeInKiB"] == 2048

    # consumers
    consumer = k.register_stream_consumer(StreamARN=arn, ConsumerName="reader", Tags={"of": "consumer"})["Consumer"]["ConsumerARN"]
    until(lambda: k.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE")
    pushed = k.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition={"Type": "TRIM_HORIZON"})["EventStream"]
    assert [record["Data"] for event in pushed for record in event["SubscribeToShardEvent"]["Records"]] == values
    k.deregister_stream_consumer(StreamARN=arn, ConsumerName="reader")

    # accounts and modes
    k.describe_limits()
    k.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    k.describe_account_settings()
    k.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    k.update_stream_warm_throughput(StreamName=name, WarmThroughputMiBps=6)
    k.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="AUTO")
    k.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="USER_PARTITION_KEY")

    # queues
    queue = k.create_queue(QueueName=name, StreamConfigurationList=[{"StreamARN": arn, "StartingPosition": {"Type": "TRIM_HORIZON"}}],
                           QueueAttributes={"DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}},
                           Tags={"of": "queue"})["QueueDescription"]["QueueARN"]
    until(lambda: k.describe_queue(QueueARN=queue)["QueueDescription"]["QueueStatus"] == "ACTIVE")
    assert [one["QueueARN"] for one in k.list_queues(StreamFilter=[{"StreamARN": arn}])["QueueSummaries"]] == [queue]
    k.update_queue(QueueARN=queue, QueueAttributes={"VisibilityTimeoutSeconds": 600})

    def handles(answer):
        return [one["ReceiptHandle"] for one in answer["QueueRecords"]]
    done, dead = handles(k.receive_queue_records(QueueARN=queue, Limit=2))
    k.acknowledge_queue_records(QueueARN=queue, Entries=[{"ReceiptHandle": done}])
    k.update_queue_records_visibility(QueueARN=queue, Entries=[{"ReceiptHandle": dead, "VisibilityTimeoutSeconds": 0}])
    (letter,) = handles(k.receive_dead_letter_queue_records(QueueARN=queue))
    k.update_dead_letter_queue_records_visibility(QueueARN=queue, Entries=[{"ReceiptHandle": letter, "VisibilityTimeoutSeconds": 900}])
    assert k.restore_dead_letter_queue_records(QueueARN=queue, Entries=[{"ReceiptHandle": letter}])["Failed"] == []
    assert k.acknowledge_dead_letter_queue_records(QueueARN=queue, Entries=[{"ReceiptHandle": letter}])["Successful"] == []
    k.delete_queue(QueueARN=queue)

    # channels
    storage = {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": "000000000000", "CompressionType": "NONE"}
    channel = k.create_channel(ChannelName=name, ServiceExecutionRoleARN="arn:aws:iam::000000000000:role/r",
                               StreamConfigurationList=[{"StreamARN": arn, "RecordConfiguration": {"RecordFormatType": "STRING"}}],
                               S3DestinationConfiguration={"StorageConfiguration": storage})["ChannelDescription"]["ChannelARN"]
    until(lambda: k.describe_channel(ChannelARN=channel)["ChannelDescription"]["ChannelStatus"] == "ACTIVE")
    assert channel in json.dumps(k.list_channels(), default=str)
    k.update_channel(ChannelARN=channel, S3DestinationConfiguration={"DataFreshnessInSeconds": 600})
    k.delete_channel(ChannelARN=channel)
    until(lambda: channel not in json.dumps(k.list_channels(), default=str))
    k.list_streams()
    k.list_stream_consumers(StreamARN=arn)
    k.delete_stream(StreamName=name, EnforceConsumerDeletion=True)
    k.get_waiter("stream_not_exists").wait(StreamName=name)
    assert SERVED - sweep.called == set()


def test_botocores_paginators_come_to_the_end(server, name):
    kinesis = server.kinesis()
    for n in range(5):
        kinesis.create_stream(StreamName=f"{name}-{n}", ShardCount=5)
    arn = kinesis.describe_stream_summary(StreamName=f"{name}-0")["StreamDescriptionSummary"]["StreamARN"]
    consumers = [f"c{n}" for n in range(5)]
    for consumer in consumers:
        kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=consumer)

    def paged(operation, **arguments):
        return kinesis.get_paginator(operation).paginate(**arguments, PaginationConfig={"PageSize": 2})
    names = [one for page in paged("list_streams") for one in page["StreamNames"] if one.startswith(name)]
    assert names == [f"{name}-{n}" for n in range(5)]
    shards = paged("describe_stream", StreamName=f"{name}-0").build_full_result()["StreamDescription"]["Shards"]
    assert [shard["ShardId"] for shard in shards] == [f"shardId-{n:012}" for n in range(5)]
    assert [one["ConsumerName"] for one in paged("list_stream_consumers", StreamARN=arn).build_full_result()["Consumers"]] == consumers
    # botocore sends the stream's name with the token, which AWS refuses, too (boto/botocore issue 2009).
    with pytest.raises(ClientError, match="NextToken and StreamName cannot be provided together."):
        list(paged("list_shards", StreamName=f"{name}-0"))
    assert len(list(kinesis.get_paginator("list_shards").paginate(StreamName=f"{name}-0"))) == 1
