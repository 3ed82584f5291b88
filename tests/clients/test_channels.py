"""Channels with boto3: records of both doors in the folder that stands for S3, each in one object, also over kill -9 and splits."""
import gzip
import threading

import pytest
from botocore.exceptions import ClientError
from conftest import Server, until


def make(kinesis, name, compression="NONE", form="STRING", **destination):
    """An on-demand stream and its channel; yields the channel's ARN."""
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    stream = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    storage = {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": "000000000000", "CompressionType": compression}
    told = kinesis.create_channel(
        ChannelName="c-" + name,
        ServiceExecutionRoleARN="arn:aws:iam::000000000000:role/delivery",
        StreamConfigurationList=[{"StreamARN": stream["StreamARN"], "RecordConfiguration": {"RecordFormatType": form}}],
        S3DestinationConfiguration={"StorageConfiguration": storage, **destination},
    )["ChannelDescription"]
    assert told["ChannelStatus"] == "CREATING"
    assert kinesis.describe_channel(ChannelARN=told["ChannelARN"])["ChannelDescription"]["ChannelStatus"] == "ACTIVE"
    return told["ChannelARN"]


def objects(folder):
    """The contents by path, in the order of paths; nothing that is unfinished lies in a bucket."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("bucket/**/*")) if path.is_file()}


def lines(folder):
    found = []
    for path, content in objects(folder).items():
        found += (gzip.decompress(content) if path.endswith(".gz") else content).splitlines()
    return found


def test_records_of_both_doors_are_in_the_folder_when_they_are_five_minutes_old(durable, name):
    kinesis = durable.kinesis()
    durable.words("clock", "freeze")
    arn = make(kinesis, name, "GZIP")
    for n in range(50):
        kinesis.put_record(StreamName=name, PartitionKey=str(n), Data=b"put %d" % n)
    producer = durable.producer(**{"compression.type": "zstd"})
    for n in range(50):
        producer.produce(name, b"produced %d" % n, b"key %d" % n)
    producer.flush(10)
    folder = durable.folder / "channels"
    durable.words("clock", "advance", "299s")
    assert objects(folder) == {}
    durable.words("clock", "advance", "1s")
    wanted = sorted([b"put %d" % n for n in range(50)] + [b"produced %d" % n for n in range(50)])
    assert sorted(lines(folder)) == wanted
    assert len(objects(folder)) == 4   # of four shards
    channel = kinesis.describe_channel(ChannelARN=arn)["ChannelDescription"]
    assert all(path.startswith(f"bucket/kinesis-channel/c-{name}/{channel['ChannelId']}/") for path in objects(folder))
    listed = kinesis.list_channels(StreamFilter=[{"StreamARN": channel["StreamConfigurationList"][0]["StreamARN"]}])["ChannelSummaries"]
    assert [one["ChannelARN"] for one in listed] == [arn]
    told = kinesis.update_channel(ChannelARN=arn, S3DestinationConfiguration={"DataFreshnessInSeconds": 900})["ChannelDescription"]
    assert told["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 900
    with pytest.raises(kinesis.exceptions.ResourceInUseException):
        kinesis.delete_stream(StreamName=name)
    kinesis.delete_channel(ChannelARN=arn)
    kinesis.delete_stream(StreamName=name)
    assert sorted(lines(folder)) == wanted


def test_each_record_is_in_one_object_after_kills_in_the_middle_and_splits(durable, name):
    kinesis = durable.kinesis()
    make(kinesis, name, "NONE")
    durable.words("limits", "set", name, "--profile", "none")
    folder = durable.folder / "channels"
    acknowledged, serial = set(), 0
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    durable.words("clock", "rate", "600")
    for kill in range(6):
        stop = threading.Event()

        def load():
            nonlocal serial
            mine = durable.kinesis()
            while not stop.is_set():
                some = [b"%d" % (serial + n) for n in range(200)]
                serial += 200
                try:
                    told = mine.put_records(StreamName=name, Records=[{"PartitionKey": d.decode(), "Data": d} for d in some])
                except Exception:   # the server is gone: whatever the client calls that
                    return
                acknowledged.update(d for d, r in zip(some, told["Records"]) if "SequenceNumber" in r)

        thread = threading.Thread(target=load)
        before = len(objects(folder))
        thread.start()
        until(lambda: len(objects(folder)) > before + 2, 30, "objects under load")
        if kill % 2 == 0:
            # An on-demand stream is split by what is asked of it in advance.
            kinesis.update_stream_warm_throughput(StreamName=name, WarmThroughputMiBps=5 + kill)
        durable.kill()
        stop.set()
        thread.join()
        durable.start()
        kinesis = durable.kinesis()
    durable.words("clock", "freeze")
    durable.words("clock", "advance", "10m")
    found = lines(folder)
    assert len(found) == len(set(found)), "a record was delivered twice"
    assert acknowledged <= set(found), "an acknowledged record was not delivered"
    for path, content in objects(folder).items():   # in the order in which they were put, within a shard
        numbers = [int(line) for line in content.splitlines()]
        assert numbers == sorted(numbers), path
    assert len(acknowledged) > 1_000
    assert list(folder.glob("@/*")) == []
    assert len(kinesis.list_shards(StreamName=name)["Shards"]) > 8


def test_records_that_are_no_json_go_to_the_error_prefix(durable, name):
    kinesis = durable.kinesis()
    durable.words("clock", "freeze")
    dead = {"BucketARN": "arn:aws:s3:::dead", "ExpectedBucketOwner": "000000000000", "ErrorOutputPrefix": "errors/"}
    make(kinesis, name, form="JSON", DeadLetterQueueS3Configuration=dead)
    for data in (b'{"a": 1}', b"nonsense"):
        kinesis.put_record(StreamName=name, PartitionKey="k", Data=data)
    durable.words("clock", "advance", "5m")
    folder = durable.folder / "channels"
    assert lines(folder) == [b'{"a": 1}']
    assert len(list(folder.glob("dead/errors/*.json"))) == 1


def test_in_memory_the_folder_has_to_be_named(tmp_path, name):
    for flags in ([], ["--channel-folder", str(tmp_path / "s3")]):
        server = Server(None, *flags)
        try:
            kinesis = server.kinesis()
            if flags:
                server.words("clock", "freeze")
                make(kinesis, name)
                kinesis.put_record(StreamName=name, PartitionKey="k", Data=b"x")
                server.words("clock", "advance", "5m")
                assert lines(tmp_path / "s3") == [b"x"]
            else:
                with pytest.raises(ClientError) as refused:
                    make(kinesis, name)
                assert "--channel-folder" in refused.value.response["Error"]["Message"]
        finally:
            server.stop()
