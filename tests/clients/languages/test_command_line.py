"""The AWS CLI, version 1 from PyPI: every served operation as its command line spells it, and its own waiters. `make test-clients`."""
import gzip
import json
import re
import subprocess
from pathlib import Path

import botocore
import pytest
from conftest import ROOT, Server, until
from test_languages import BUILT, at, tool

PAGE = (ROOT / "docs/compatibility.md").read_text()
ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/cli"


def newer_model():
    """A folder with the service's model of botocore: the CLI's own is older and has neither queues nor channels."""
    folder = BUILT / "models/kinesis/2013-12-02"
    folder.mkdir(parents=True, exist_ok=True)
    known = Path(botocore.__file__).parent / "data/kinesis/2013-12-02/service-2.json.gz"
    (folder / "service-2.json").write_bytes(gzip.decompress(known.read_bytes()))
    return BUILT / "models"


class CommandLine:
    """Runs `aws kinesis …` against one server and remembers which commands it ran."""

    def __init__(self, endpoint, authority=None):
        self.program, self.used, self.models = tool("awscli", "awscli==1.46.2") / "aws", set(), newer_model()
        self.asked = [self.program, "--endpoint-url", endpoint, "--region", "us-east-1", "--output", "json"]
        if authority:
            self.asked += ["--ca-bundle", str(authority)]

    def run(self, *words):
        return subprocess.run([*self.asked, "kinesis", *words], capture_output=True, text=True, timeout=120,
                              env={"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "HOME": "/nonexistent", "PATH": "/usr/bin:/bin",
                                   "AWS_DATA_PATH": str(self.models)})

    def __call__(self, line, *more):
        words = line.split() + list(more)
        self.used.add(words[0])
        done = self.run(*words)
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def commands(self):
        """All that there are, as it tells who asks for another: it leaves out what answers with events, and what is newer than itself."""
        return set(re.findall(r"[a-z][a-z-]+", self.run("nonsense").stderr.partition("valid choices are:")[2]))


@pytest.fixture
def served(tmp_path):
    one = Server(None, "--kinesis-limits", "none", "--channel-folder", str(tmp_path / "channels"))
    yield one
    one.stop()


def kebab(operation):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", operation).lower()


def test_every_served_operation_has_its_command(served):
    aws = CommandLine(at(served))
    aws("create-stream --stream-name cli --shard-count 2 --tags team=blue")
    aws("wait stream-exists --stream-name cli")
    put = aws("put-record --stream-name cli --partition-key a --data one --explicit-hash-key 0")
    assert put["ShardId"] == "shardId-000000000000"
    told = aws("put-records --stream-name cli --records", json.dumps([{"Data": "two", "PartitionKey": "b", "ExplicitHashKey": "0"}]))
    assert told["FailedRecordCount"] == 0
    iterator = aws("get-shard-iterator --stream-name cli --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON")["ShardIterator"]
    assert [record["Data"] for record in aws("get-records --shard-iterator", iterator)["Records"]] == ["b25l", "dHdv"]
    by_time = aws("get-shard-iterator --stream-name cli --shard-id shardId-000000000000 --shard-iterator-type AT_TIMESTAMP --timestamp",
                  "2020-01-01T00:00:00Z")["ShardIterator"]
    assert len(aws("get-records --limit 1 --shard-iterator", by_time)["Records"]) == 1

    aws("split-shard --stream-name cli --shard-to-split shardId-000000000000 --new-starting-hash-key 9")
    aws("merge-shards --stream-name cli --shard-to-merge shardId-000000000002 --adjacent-shard-to-merge shardId-000000000003")
    aws("wait stream-exists --stream-name cli")
    assert len(aws("list-shards --stream-name cli")["Shards"]) == 5
    # Two at a time, by the CLI's own paginator.
    assert len(aws("describe-stream --stream-name cli --page-size 2")["StreamDescription"]["Shards"]) == 5
    assert aws("update-shard-count --stream-name cli --target-shard-count 4 --scaling-type UNIFORM_SCALING")["TargetShardCount"] == 4
    summary = aws("describe-stream-summary --stream-name cli")["StreamDescriptionSummary"]
    assert (summary["OpenShardCount"], summary["StreamARN"]) == (4, ARN)

    aws("add-tags-to-stream --stream-name cli --tags a=1,b=2")
    aws(f"tag-resource --resource-arn {ARN} --tags c=3")
    aws("remove-tags-from-stream --stream-name cli --tag-keys a")
    aws(f"untag-resource --resource-arn {ARN} --tag-keys b")
    kept = [{"Key": "c", "Value": "3"}, {"Key": "team", "Value": "blue"}]
    assert aws("list-tags-for-stream --stream-name cli")["Tags"] == kept
    assert aws(f"list-tags-for-resource --resource-arn {ARN}")["Tags"] == kept

    aws("increase-stream-retention-period --stream-name cli --retention-period-hours 48")
    aws("decrease-stream-retention-period --stream-name cli --retention-period-hours 24")
    aws("start-stream-encryption --stream-name cli --encryption-type KMS --key-id alias/aws/kinesis")
    aws("stop-stream-encryption --stream-name cli --encryption-type KMS --key-id alias/aws/kinesis")
    assert aws("enable-enhanced-monitoring --stream-name cli --shard-level-metrics ALL")["DesiredShardLevelMetrics"]
    aws("disable-enhanced-monitoring --stream-name cli --shard-level-metrics IncomingBytes")
    policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"kinesis:PutRecord"}]}'
    aws(f"put-resource-policy --resource-arn {ARN} --policy", policy)
    assert aws(f"get-resource-policy --resource-arn {ARN}")["Policy"] == policy
    aws(f"delete-resource-policy --resource-arn {ARN}")
    aws(f"update-max-record-size --stream-arn {ARN} --max-record-size-in-ki-b 2048")
    assert aws("describe-limits")["OpenShardCount"] == 4

    consumer = aws(f"register-stream-consumer --stream-arn {ARN} --consumer-name reader")["Consumer"]["ConsumerARN"]
    assert aws(f"describe-stream-consumer --consumer-arn {consumer}")["ConsumerDescription"]["ConsumerStatus"] == "ACTIVE"
    assert [one["ConsumerName"] for one in aws(f"list-stream-consumers --stream-arn {ARN}")["Consumers"]] == ["reader"]
    aws(f"deregister-stream-consumer --consumer-arn {consumer}")

    aws("update-account-settings --minimum-throughput-billing-commitment Status=ENABLED")
    assert aws("describe-account-settings")["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED"
    aws(f"update-stream-mode --stream-arn {ARN} --stream-mode-details StreamMode=ON_DEMAND")
    assert aws("update-stream-warm-throughput --stream-name cli --warm-throughput-mi-bps 6")["WarmThroughput"]["TargetMiBps"] == 6

    aws(f"update-stream-record-distribution-strategy --stream-arn {ARN} --record-distribution-strategy USER_PARTITION_KEY")

    queue = aws("create-queue --queue-name cli --stream-configuration-list", json.dumps([{"StreamARN": ARN, "StartingPosition": {"Type": "LATEST"}}]),
                "--queue-attributes", json.dumps({"DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}}))["QueueDescription"]["QueueARN"]
    assert aws(f"describe-queue --queue-arn {queue}")["QueueDescription"]["QueueStatus"] == "ACTIVE"
    assert len(aws("list-queues")["QueueSummaries"]) == 1
    aws(f"update-queue --queue-arn {queue} --queue-attributes VisibilityTimeoutSeconds=600")
    for text in ("three", "four"):
        aws(f"put-record --stream-name cli --partition-key a --data {text}")
    received = [one["ReceiptHandle"] for one in aws(f"receive-queue-records --queue-arn {queue}")["QueueRecords"]]
    aws(f"acknowledge-queue-records --queue-arn {queue} --entries ReceiptHandle={received[0]}")
    aws(f"update-queue-records-visibility --queue-arn {queue} --entries ReceiptHandle={received[1]},VisibilityTimeoutSeconds=0")
    letter = aws(f"receive-dead-letter-queue-records --queue-arn {queue}")["QueueRecords"][0]["ReceiptHandle"]
    aws(f"update-dead-letter-queue-records-visibility --queue-arn {queue} --entries ReceiptHandle={letter},VisibilityTimeoutSeconds=900")
    assert aws(f"restore-dead-letter-queue-records --queue-arn {queue} --entries ReceiptHandle={letter}")["Failed"] == []
    assert aws(f"acknowledge-dead-letter-queue-records --queue-arn {queue} --entries ReceiptHandle={letter}")["Successful"] == []
    aws(f"delete-queue --queue-arn {queue}")

    channel = aws("create-channel --channel-name cli --service-execution-role-arn arn:aws:iam::000000000000:role/r --stream-configuration-list",
                  json.dumps([{"StreamARN": ARN, "RecordConfiguration": {"RecordFormatType": "STRING"}}]), "--s3-destination-configuration",
                  json.dumps({"StorageConfiguration": {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": "000000000000",
                                                       "CompressionType": "NONE"}}))["ChannelDescription"]["ChannelARN"]
    assert aws(f"describe-channel --channel-arn {channel}")["ChannelDescription"]["ChannelStatus"] == "ACTIVE"
    assert channel in json.dumps(aws("list-channels"))
    aws(f"update-channel --channel-arn {channel} --s3-destination-configuration DataFreshnessInSeconds=600")
    aws(f"delete-channel --channel-arn {channel}")
    until(lambda: channel not in json.dumps(aws("list-channels")))

    assert aws("list-streams")["StreamNames"] == ["cli"]
    aws("delete-stream --stream-name cli --enforce-consumer-deletion")
    aws("wait stream-not-exists --stream-name cli")

    operations = {kebab(name) for name in re.findall(r"^\| ([A-Z]\w+) \|$", PAGE, re.M)}
    assert len(operations) > 30 and aws.used - {"wait"} == operations & aws.commands()


def test_over_tls_with_the_servers_authority(tmp_path):
    one = Server(None, "--tls-ca", str(tmp_path / "ca.pem"))
    try:
        aws = CommandLine(at(one, tls=True), tmp_path / "ca.pem")
        aws("create-stream --stream-name cli --shard-count 1")
        aws("put-record --stream-name cli --partition-key a --data one")
        iterator = aws("get-shard-iterator --stream-name cli --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON")["ShardIterator"]
        assert [record["Data"] for record in aws("get-records --shard-iterator", iterator)["Records"]] == ["b25l"]
    finally:
        one.stop()
