"""Choices where a client's own behaviour decides whether they work: forwarding, scopes, the clock that goes by need."""
import hashlib
import threading
import time
from datetime import datetime, timedelta

import pytest

from conftest import Server, offset_of, produce, read_shard, until

MIDDLE = str(1 << 127)


@pytest.fixture(scope="module")
def forwarding():
    one = Server(None, "--kafka-config", "sluice.sealed.produce=forward")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def separate():
    one = Server(None, "--kinesis-scope", "separate")
    yield one
    one.stop()


@pytest.mark.parametrize("idempotent", [False, True])
def test_librdkafka_producing_to_a_split_shard_is_forwarded_to_where_kinesis_puts_the_same_keys(forwarding, name, idempotent):
    kinesis = forwarding.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    producer = forwarding.producer(**{"enable.idempotence": idempotent, "linger.ms": 5, "compression.type": "lz4"})
    produce(producer, name, [b"before"], key=b"k", partition=0)
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=MIDDLE)
    told = []
    for i in range(800):
        producer.produce(name, str(i), key=f"key {i % 50}", partition=0, on_delivery=lambda error, message: told.append(error))
    assert producer.flush(20) == 0
    assert told == [None] * 800
    assert [r["Data"] for r in read_shard(kinesis, name, "shardId-000000000000")] == [b"before"]
    expected = {1: [], 2: []}
    for i in range(800):
        half = hashlib.md5(f"key {i % 50}".encode()).digest()[0] >> 7
        expected[1 + half].append(str(i).encode())
    for shard, values in expected.items():
        assert [m.value() for m in forwarding.read_all(name, shard)] == values
    put = kinesis.put_record(StreamName=name, Data=b"by kinesis", PartitionKey="key 7")
    half = hashlib.md5(b"key 7").digest()[0] >> 7
    assert put["ShardId"] == f"shardId-{1 + half:012}"
    assert offset_of(put["SequenceNumber"]) == len(expected[1 + half])


def test_accounts_and_regions_that_are_separate_do_not_see_each_other(separate, name):
    ours, theirs = separate.kinesis(), separate.kinesis(key="111111111111", region="eu-west-1")
    for one in (ours, theirs):
        one.create_stream(StreamName=name, ShardCount=1)
    theirs.put_record(StreamName=name, Data=b"theirs", PartitionKey="k")
    ours.put_record(StreamName=name, Data=b"ours", PartitionKey="k")
    arn = theirs.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    assert arn == f"arn:aws:kinesis:eu-west-1:111111111111:stream/{name}"
    with pytest.raises(ours.exceptions.ResourceNotFoundException):
        ours.describe_stream_summary(StreamARN=arn)
    assert [m.value() for m in separate.read_all(name)] == [b"ours"]
    assert [m.value() for m in separate.read_all(f"111111111111.eu-west-1.{name}")] == [b"theirs"]
    produce(separate.producer(), f"111111111111.eu-west-1.{name}", [b"by kafka"], key=b"k")
    assert [r["Data"] for r in read_shard(theirs, name)] == [b"theirs", b"by kafka"]
    theirs.delete_stream(StreamName=name)
    assert ours.list_streams()["StreamNames"].count(name) == 1


def put_all(kinesis, stream, records, most):
    """Puts all records, refused ones again at once; yields how many each request was refused."""
    refused = []
    while records:
        batch, records = records[:most], records[most:]
        answer = kinesis.put_records(StreamName=stream, Records=batch)
        refused.append(answer["FailedRecordCount"])
        records = [r for r, told in zip(batch, answer["Records"]) if "ErrorCode" in told] + records
    return refused


def test_ten_seconds_worth_of_data_finds_room_at_the_second_try_on_a_clock_that_goes_by_need_and_each_time_the_same(name):
    def run():
        one = Server(None, "--clock", "auto")
        try:
            kinesis = one.kinesis()
            kinesis.create_stream(StreamName=name, ShardCount=1)
            before = datetime.fromisoformat(one.json("clock")["now"])
            refused = put_all(kinesis, name, [{"Data": str(i), "PartitionKey": "k"} for i in range(11_000)], 500)
            clock = one.json("clock")
            assert clock["automatic"] and clock["frozen"]
            assert datetime.fromisoformat(clock["now"]) - before == timedelta(seconds=10)
            assert [r["Data"] for r in read_shard(kinesis, name)] == [str(i).encode() for i in range(11_000)]
            return refused
        finally:
            one.stop()

    once = run()
    assert once == [0, 0] + [500, 0] * 20
    assert run() == once


def test_two_minutes_worth_of_data_takes_no_two_minutes(name):
    one = Server(None, "--clock", "auto")
    try:
        kinesis = one.kinesis()
        kinesis.create_stream(StreamName=name, ShardCount=1)
        one.words("limits", "set", name, "--write-records", "1")
        start = time.monotonic()
        refused = put_all(kinesis, name, [{"Data": b"x", "PartitionKey": "k"}] * 121, 1)
        assert refused == [0] + [1, 0] * 120
        assert time.monotonic() - start < 60
    finally:
        one.stop()


def test_boto3s_own_retries_find_room_on_a_clock_that_goes_by_need(name):
    one = Server(None, "--clock", "auto")
    try:
        kinesis = one.kinesis(retries=5)
        kinesis.create_stream(StreamName=name, ShardCount=1)
        attempts = []
        for _ in range(5):   # a mebibyte each: five seconds' worth
            answer = kinesis.put_record(StreamName=name, Data=bytes((1 << 20) - 1), PartitionKey="k")
            attempts.append(answer["ResponseMetadata"]["RetryAttempts"])
        assert attempts == [0] + [1] * 4
    finally:
        one.stop()


def test_sessions_go_by_the_clock_when_liveness_is_virtual(server, name):
    server.words("clock", "liveness", "virtual")
    try:
        assert "sessions go by it" in server.words("clock")
        assert server.json("clock")["liveness"] == "LIVENESS_VIRTUAL"
        produce(server.producer(), name, [b"x"])
        consumer = server.consumer(group=name)
        revoked = threading.Event()
        consumer.subscribe([name], on_lost=lambda *_: revoked.set(), on_revoke=lambda *_: revoked.set())
        assert until(lambda: consumer.poll(0.1), what="a message").value() == b"x"
        server.words("clock", "advance", "25h")
        until(lambda: consumer.poll(0.1) or revoked.is_set(), what="the member to be fenced")
        consumer.close()
    finally:
        server.words("clock", "liveness", "real")
    assert server.json("clock")["liveness"] == "LIVENESS_REAL"


def test_three_members_outlive_a_jump_and_a_fast_clock_without_a_rebalance_and_are_fenced_when_asked(server, name):
    server.kinesis().create_stream(StreamName=name, ShardCount=3)
    events = [[], [], []]
    members = [server.consumer(group=name, **{"session.timeout.ms": 6000, "heartbeat.interval.ms": 100}) for _ in events]
    for member, seen in zip(members, events):
        member.subscribe([name], on_assign=lambda _, parts, seen=seen: seen.append(len(parts)),
                         on_revoke=lambda *_, seen=seen: seen.append("revoked"), on_lost=lambda *_, seen=seen: seen.append("lost"))

    def turn(seconds=0.0):
        end = time.monotonic() + seconds
        while True:
            for member in members:
                member.poll(0.05)
            if time.monotonic() >= end:
                return True

    try:
        until(lambda: turn() and all(len(m.assignment()) == 1 for m in members), seconds=20, what="a shard for each member")
        for seen in events:
            seen.clear()
        server.words("clock", "advance", "25h")
        server.words("clock", "rate", "3600")
        turn(1.5)   # an hour and a half of the clock, fifteen heartbeats
        server.words("clock", "rate", "1")
        assert events == [[], [], []]
        server.words("clock", "advance", "25h", "--expire-clients")
        until(lambda: turn() and all(events), seconds=20, what="every member to lose its shard")
    finally:
        server.words("clock", "rate", "1")
        for member in members:
            member.close()
