"""Consumer groups: members share partitions, commits survive a restart, and a split loses nothing."""
import time

import pytest
from confluent_kafka import TopicPartition

from conftest import both_doors_write, offset_of, produce, until

FAST = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 200, "topic.metadata.refresh.interval.ms": 500}


def poll_all(consumers, done, seconds=20, what="a rebalance"):
    got = []

    def step():
        for consumer in consumers:
            message = consumer.poll(0.02)
            if message is not None and message.error() is None:
                got.append(message)
        return done()
    until(step, seconds, what)
    return got


def shares(consumers):
    return [{p.partition for p in c.assignment()} for c in consumers]


def test_one_two_and_three_members_share_the_partitions(server, name):
    server.kinesis().create_stream(StreamName=name, ShardCount=6)
    members = []
    for wanted in ([6], [3, 3], [2, 2, 2]):
        member = server.consumer(f"{name}-group", **FAST)
        member.subscribe([name])
        members.append(member)
        poll_all(members, lambda: sorted(map(len, shares(members))) == wanted, what=f"shares of {wanted}")
        assert set.union(*shares(members)) == set(range(6))
    members.pop().close()
    poll_all(members, lambda: sorted(map(len, shares(members))) == [3, 3], what="the share of one who left")
    for member in members:
        member.close()


def test_the_first_assignment_of_a_new_group_is_quick(server, name, capsys):
    server.kinesis().create_stream(StreamName=name, ShardCount=1)
    warm = server.consumer(f"{name}-warm")
    warm.list_topics(name, timeout=5)
    consumer = server.consumer(f"{name}-first")
    consumer.list_topics(name, timeout=5)   # the connection and its metadata are not what is measured
    start = time.monotonic()
    consumer.subscribe([name])
    poll_all([consumer], lambda: consumer.assignment(), what="an assignment")
    with capsys.disabled():
        print(f"\nfirst assignment after {(time.monotonic() - start) * 1000:.0f} ms")
    consumer.close()
    warm.close()


def test_a_group_resumes_at_its_commit_after_a_restart_of_the_server(durable, name):
    server = durable
    server.kinesis().create_stream(StreamName=name, ShardCount=1)
    produce(server.producer(), name, [f"{i}".encode() for i in range(10)], key=b"k")
    consumer = server.consumer("resumers", **FAST)
    consumer.subscribe([name])
    got = []
    poll_all([consumer], lambda: (got.extend(filter(None, [consumer.poll(0.05)])), len(got) >= 4)[1], what="four records")
    consumer.commit(offsets=[TopicPartition(name, 0, 4)], asynchronous=False)
    consumer.close()
    server.restart()
    consumer = server.consumer("resumers", **FAST)
    assert consumer.committed([TopicPartition(name, 0)], timeout=5)[0].offset == 4
    consumer.subscribe([name])
    values = []

    def rest():
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            values.append(message.value())
        return len(values) == 6
    until(rest, 20, "the rest")
    assert values == [f"{i}".encode() for i in range(4, 10)]
    consumer.close()


def test_a_split_under_load_by_both_doors_loses_nothing_for_a_group_that_starts_at_latest(server, name):
    kinesis = server.kinesis(retries=3)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    server.words("limits", "set", name, "--profile", "none")
    consumer = server.consumer(f"{name}-group", **FAST, **{"auto.offset.reset": "latest"})
    consumer.subscribe([name])
    poll_all([consumer], lambda: consumer.assignment(), what="an assignment")
    # One record read and committed: from here on the group has an offset on the parent. What is sent before the consumer
    # has found out where "latest" is would be skipped, so it is sent until one arrives.
    early = []

    def first():
        produce(server.producer(), name, [b"first"], key=b"k")
        early.extend(filter(None, [consumer.poll(0.2)]))
        return early
    until(first, 20, "the first record")
    consumer.commit(message=early[0], asynchronous=False)

    got = set()

    def gather(done):
        def step():
            message = consumer.poll(0.02)
            if message is not None and message.error() is None:
                got.add(message.value())
            return done()
        until(step, 30, "progress under load")
    with both_doors_write(server, name) as (sent, refused):
        gather(lambda: len(got) > 50)
        kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
        start = time.monotonic()
        gather(lambda: {1, 2} <= {p.partition for p in consumer.assignment()})
        took = time.monotonic() - start
        count = len(got)
        gather(lambda: len(got) > count + 50)
    gather(lambda: sent <= got)
    assert sent <= got
    assert all("POLICY_VIOLATION" in r or "olicy" in r for r in refused), refused
    print(f"children assigned after {took:.2f} s")
    consumer.close()


def test_a_parents_child_is_read_by_kinesis_from_the_end_of_the_parent_on(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    before = kinesis.put_record(StreamName=name, Data=b"before", PartitionKey="k")
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    after = kinesis.put_record(StreamName=name, Data=b"after", PartitionKey="k")
    assert before["ShardId"] == "shardId-000000000000"
    assert after["ShardId"] in ("shardId-000000000001", "shardId-000000000002")
    assert offset_of(after["SequenceNumber"]) == 0
    token = kinesis.get_shard_iterator(StreamName=name, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    answer = kinesis.get_records(ShardIterator=token)
    assert [r["Data"] for r in answer["Records"]] == [b"before"]
    end = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert "NextShardIterator" not in end
    assert [(c["ShardId"], c["ParentShards"]) for c in end["ChildShards"]] == [
        ("shardId-000000000001", ["shardId-000000000000"]), ("shardId-000000000002", ["shardId-000000000000"])]


def test_a_merged_child_lists_both_parents_and_produce_to_a_parent_is_refused_with_the_way_out(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=2)
    kinesis.merge_shards(StreamName=name, ShardToMerge="shardId-000000000000", AdjacentShardToMerge="shardId-000000000001")
    token = kinesis.get_shard_iterator(StreamName=name, ShardId="shardId-000000000001", ShardIteratorType="LATEST")["ShardIterator"]
    [child] = kinesis.get_records(ShardIterator=token)["ChildShards"]
    assert child["ParentShards"] == ["shardId-000000000000", "shardId-000000000001"]
    errors = []
    producer = server.producer()
    producer.produce(name, b"x", partition=0, on_delivery=lambda e, m: errors.append(e))
    producer.flush(10)
    assert errors[0] is not None and errors[0].name() == "POLICY_VIOLATION"
    produce(producer, name, [b"y"], partition=2)
