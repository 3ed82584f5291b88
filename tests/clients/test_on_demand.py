"""A stream on demand that grows under load, as clients of both doors see it, on a clock that is moved by the control plane."""

from conftest import both_doors_write, iterator, until

FAST = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 200, "topic.metadata.refresh.interval.ms": 500,
        "fetch.wait.max.ms": 50}
BUSY = 31 * 1000 * 1000   # bytes in one minute: more than 500 KB a second


def open_shards(kinesis, name):
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"]


def heat(kinesis, name, count=12):
    """As many bytes to one shard as make it busy."""
    for _ in range(BUSY // (count * 256 * 1024) + 1):
        kinesis.put_records(StreamName=name, Records=[
            {"Data": bytes(256 * 1024), "PartitionKey": "heat", "ExplicitHashKey": "0"} for _ in range(count)])


def test_a_scale_up_under_load_of_both_doors_loses_no_record_for_a_consumer_group(server, name):
    kinesis = server.kinesis(retries=3)
    server.words("clock", "freeze")   # what is put before a mark is put in one minute
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    server.words("limits", "set", name, "--profile", "none")   # asked here is who reads what
    assert open_shards(kinesis, name) == 4
    consumer = server.consumer(f"{name}-group", **FAST)
    consumer.subscribe([name])
    got = set()

    def gather(done, what):
        def step():
            message = consumer.poll(0.02)
            if message is not None and message.error() is None and not message.value().startswith(b"\0"):
                got.add(message.value())
            return done()
        until(step, 60, what)
    try:
        with both_doors_write(server, name, **{"topic.metadata.refresh.interval.ms": 500}) as (sent, refused):
            gather(lambda: len(got) > 20, "the first records")
            for open_after, children in ((5, {4, 5}), (6, {6, 7}), (7, {8, 9})):
                heat(kinesis, name)
                server.words("clock", "advance", "15m")
                assert open_shards(kinesis, name) == open_after
                gather(lambda: children <= {p.partition for p in consumer.assignment()}, "the children")
                count = len(got)
                gather(lambda: len(got) > count + 20, "records behind the split")
    finally:
        server.words("clock", "resume")
    gather(lambda: sent <= got, "every record that was acknowledged")
    assert all("olicy" in r or "POLICY" in r for r in refused), refused
    consumer.close()


def test_rule_13_by_put_records_4_mib_a_second_pass_at_first_and_6_after_a_mark(server, name):
    kinesis = server.kinesis()
    server.words("clock", "freeze")
    try:
        kinesis.create_stream(StreamName=name)
        step = 2**128 // 24

        def second():
            """24 records of 256 KiB, evenly: how many of them pass."""
            passed = 0
            for part in range(0, 24, 12):
                answer = kinesis.put_records(StreamName=name, Records=[
                    {"Data": bytes(256 * 1024 - 1), "PartitionKey": "k", "ExplicitHashKey": str(i * step + step // 2)}
                    for i in range(part, part + 12)])
                passed += 12 - answer["FailedRecordCount"]
            return passed
        # A minute of it makes all four shards busy; 31 seconds are enough, at 1 MiB/s each.
        for _ in range(31):
            assert second() == 16
            server.words("clock", "advance", "1s")
        server.words("clock", "advance", "14m28s")
        assert open_shards(kinesis, name) == 4
        server.words("clock", "advance", "1s")
        assert open_shards(kinesis, name) == 8
        assert second() == 24
        shards = kinesis.list_shards(StreamName=name)["Shards"]
        assert [s.get("ParentShardId", "")[-1:] for s in shards] == ["", "", "", "", "0", "0", "1", "1", "2", "2", "3", "3"]
        assert all("EndingSequenceNumber" in s["SequenceNumberRange"] for s in shards[:4])
    finally:
        server.words("clock", "resume")


def test_auto_spreads_what_boto3_puts_and_kafka_reads_it_without_keys(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": "ON_DEMAND"}, RecordDistributionStrategy="AUTO")
    answer = kinesis.put_records(StreamName=name, Records=[{"Data": str(i).encode(), "PartitionKey": "same"} for i in range(8)])
    assert [int(r["ShardId"][-1]) for r in answer["Records"]] == [0, 1, 2, 3, 0, 1, 2, 3]
    assert kinesis.put_record(StreamName=name, Data=b"keyless")["ShardId"] == "shardId-000000000000"
    messages = server.read_all(name, 0)
    assert [(m.key(), m.value()) for m in messages] == [(b"same", b"0"), (b"same", b"4"), (None, b"keyless")]
    records = kinesis.get_records(ShardIterator=iterator(kinesis, name))["Records"]
    assert [r.get("PartitionKey") for r in records] == ["same", "same", None]
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="USER_PARTITION_KEY")
    answer = kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": "same"} for _ in range(8)])
    assert len({r["ShardId"] for r in answer["Records"]}) == 1
