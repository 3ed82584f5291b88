"""The calls of Terraform's AWS provider for a stream, in its order: plan, apply, refresh, apply again, change, destroy. The provider waits
by DescribeStreamSummary after each change; here the waits ask more often. Source: internal/service/kinesis of the provider, 2026."""
import concurrent.futures

import pytest
from botocore.exceptions import ClientError
from conftest import Server, until


class Provider:
    """One configuration of `aws_kinesis_stream`, `aws_kinesis_stream_consumer` and `aws_kinesis_resource_policy`."""

    def __init__(self, server, name):
        self.kinesis = server.kinesis()
        self.name = name

    def summary(self):
        try:
            return self.kinesis.describe_stream_summary(StreamName=self.name)["StreamDescriptionSummary"]
        except self.kinesis.exceptions.ResourceNotFoundException:
            return None

    def wait(self):
        seen = set()

        def active():
            seen.add(self.summary()["StreamStatus"])
            return "ACTIVE" in seen
        until(active, seconds=30)
        assert seen <= {"CREATING", "UPDATING", "ACTIVE"}

    def plan(self):
        limits = self.kinesis.describe_limits()
        return limits["ShardLimit"] - limits["OpenShardCount"]

    def create(self, wanted):
        asked = dict(StreamName=self.name, ShardCount=wanted["shards"], Tags=wanted["tags"], StreamModeDetails={"StreamMode": "PROVISIONED"})
        # The provider tries again when too many streams are being created.
        until(lambda: self.taken(lambda: self.kinesis.create_stream(**asked)), seconds=30)
        self.wait()
        # Always, also for the 24 hours that the stream has already.
        self.kinesis.increase_stream_retention_period(StreamName=self.name, RetentionPeriodHours=wanted["retention"])
        self.wait()
        self.kinesis.enable_enhanced_monitoring(StreamName=self.name, ShardLevelMetrics=wanted["metrics"])
        self.wait()
        self.kinesis.start_stream_encryption(StreamName=self.name, EncryptionType="KMS", KeyId=wanted["key"])
        self.wait()

    def taken(self, call):
        try:
            call()
            return True
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "LimitExceededException"
            assert "simultaneously be in CREATING or DELETING" in refused.response["Error"]["Message"] \
                or "Rate exceeded for stream" in refused.response["Error"]["Message"]
            return False

    def refresh(self):
        told = self.summary()
        if told is None:
            return None
        tags = {tag["Key"]: tag["Value"] for tag in self.kinesis.list_tags_for_stream(StreamName=self.name)["Tags"]}
        by_arn = self.kinesis.list_tags_for_resource(ResourceARN=told["StreamARN"])["Tags"]
        assert {tag["Key"]: tag["Value"] for tag in by_arn} == tags
        return {"shards": told["OpenShardCount"], "retention": told["RetentionPeriodHours"], "tags": tags, "key": told.get("KeyId"),
                "metrics": sorted(name for part in told["EnhancedMonitoring"] for name in part["ShardLevelMetrics"]),
                "mode": told["StreamModeDetails"]["StreamMode"], "arn": told["StreamARN"]}

    def update(self, wanted):
        """What differs, in the provider's order; yields the operations that were called."""
        had, called = self.refresh(), []

        def call(operation, **arguments):
            called.append(operation)
            getattr(self.kinesis, operation)(**({"StreamName": self.name} | arguments))
            self.wait()
        if wanted["shards"] != had["shards"]:
            call("update_shard_count", TargetShardCount=wanted["shards"], ScalingType="UNIFORM_SCALING")
        if wanted["retention"] > had["retention"]:
            call("increase_stream_retention_period", RetentionPeriodHours=wanted["retention"])
        if wanted["retention"] < had["retention"]:
            call("decrease_stream_retention_period", RetentionPeriodHours=wanted["retention"])
        if gone := sorted(set(had["metrics"]) - set(wanted["metrics"])):
            call("disable_enhanced_monitoring", ShardLevelMetrics=gone)
        if new := sorted(set(wanted["metrics"]) - set(had["metrics"])):
            call("enable_enhanced_monitoring", ShardLevelMetrics=new)
        if wanted["key"] and wanted["key"] != had["key"]:
            call("start_stream_encryption", EncryptionType="KMS", KeyId=wanted["key"])
        if not wanted["key"] and had["key"]:
            call("stop_stream_encryption", EncryptionType="KMS", KeyId=had["key"])
        if gone := sorted(set(had["tags"]) - set(wanted["tags"])):
            call("remove_tags_from_stream", TagKeys=gone)
        if new := {key: value for key, value in wanted["tags"].items() if had["tags"].get(key) != value}:
            call("add_tags_to_stream", Tags=new)
        return called

    def consumer(self):
        told = self.kinesis.register_stream_consumer(StreamARN=self.summary()["StreamARN"], ConsumerName="reader")["Consumer"]["ConsumerARN"]
        until(lambda: self.kinesis.describe_stream_consumer(ConsumerARN=told)["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE", seconds=30)
        self.kinesis.tag_resource(ResourceARN=told, Tags={"of": "consumer"})
        assert self.kinesis.list_tags_for_resource(ResourceARN=told)["Tags"] == [{"Key": "of", "Value": "consumer"}]
        return told

    def destroy(self, consumer=None):
        if consumer:
            self.kinesis.deregister_stream_consumer(ConsumerARN=consumer)

            def gone():
                try:
                    self.kinesis.describe_stream_consumer(ConsumerARN=consumer)
                except self.kinesis.exceptions.ResourceNotFoundException:
                    return True
            until(gone, seconds=30)
        self.kinesis.delete_stream(StreamName=self.name, EnforceConsumerDeletion=False)

        def deleted():
            told = self.summary()
            assert told is None or told["StreamStatus"] == "DELETING"
            return told is None
        until(deleted, seconds=30)


WANTED = {"shards": 2, "retention": 24, "tags": {"team": "blue", "env": "test"}, "key": "alias/aws/kinesis",
          "metrics": ["IncomingBytes", "OutgoingRecords"]}
CHANGED = {"shards": 4, "retention": 48, "tags": {"team": "red", "cost": "7"}, "key": None, "metrics": ["IncomingRecords", "OutgoingRecords"]}


@pytest.fixture(scope="module", params=["0s", "100ms"])
def server(request):
    one = Server(None, "--state-delay", request.param)
    yield one
    one.stop()


def is_as(wanted, told):
    assert {key: told[key] for key in wanted} == wanted


def whole_life(server, name):
    provider = Provider(server, name)
    assert provider.refresh() is None and provider.plan() > 2
    provider.create(WANTED)
    is_as(WANTED, provider.refresh())
    assert provider.update(WANTED) == []   # a second apply finds nothing to do
    consumer = provider.consumer()
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kinesis:GetRecords"}]}'
    arn = provider.refresh()["arn"]
    provider.kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert provider.kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    assert len(provider.update(CHANGED)) == 7
    is_as(CHANGED, provider.refresh())
    assert provider.update(CHANGED) == []
    assert provider.update({**CHANGED, "retention": 24, "shards": 2}) == ["update_shard_count", "decrease_stream_retention_period"]
    provider.kinesis.delete_resource_policy(ResourceARN=arn)
    provider.destroy(consumer)
    assert provider.refresh() is None


def test_a_stream_from_apply_to_destroy(server, name):
    whole_life(server, name)


def test_ten_resources_at_once_as_terraform_does_by_default(server, name):
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        for done in [pool.submit(whole_life, server, f"{name}-{n}") for n in range(10)]:
            done.result(120)


def test_what_another_has_deleted_is_made_again(server, name):
    provider = Provider(server, name)
    provider.create(WANTED)
    provider.kinesis.delete_stream(StreamName=name)
    until(lambda: provider.summary() is None, seconds=30)
    provider.create(WANTED)
    is_as(WANTED, provider.refresh())
    provider.destroy()
