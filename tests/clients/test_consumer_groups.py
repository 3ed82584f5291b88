"""Groups of the consumer protocol (KIP-848): members share partitions within moments, keep them over a kill, and lose nothing."""
import time

from confluent_kafka import TopicPartition
from confluent_kafka import ConsumerGroupState, ConsumerGroupType
from confluent_kafka.admin import NewTopic

from conftest import produce, until

NEW = {"group.protocol": "consumer", "auto.offset.reset": "earliest"}


def create(server, topic, partitions):
    server.admin().create_topics([NewTopic(topic, partitions)])[topic].result(10)


def join(server, group, topics, **settings):
    member = server.consumer(group, **{**NEW, **settings})
    member.subscribe(topics)
    return member


def poll_all(members, done, seconds=30, what="a rebalance"):
    got = []

    def step():
        for member in members:
            message = member.poll(0.01)
            if message is not None and message.error() is None:
                got.append(message)
        return done(got)
    until(step, seconds, what)
    return got


def shares(members):
    return sorted(len(member.assignment()) for member in members)


def described(server, group):
    return server.admin().describe_consumer_groups([group])[group].result(5)


def test_five_members_come_one_by_one_while_records_flow_and_each_record_is_read(server, name, capsys):
    create(server, name, 10)
    producer = server.producer()
    members, seen, sent, took = [], set(), set(), []
    for wanted in ([10], [5, 5], [3, 3, 4], [2, 2, 3, 3], [2, 2, 2, 2, 2]):
        values = [f"{len(wanted)}-{i}".encode() for i in range(20)]
        for i, value in enumerate(values):
            producer.produce(name, value, partition=i % 10)
        assert producer.flush(10) == 0
        sent.update(values)
        start = time.monotonic()
        members.append(join(server, f"{name}-g", [name]))
        got = poll_all(members, lambda _: shares(members) == wanted, what=f"shares of {wanted}")
        took.append(time.monotonic() - start)
        seen.update(message.value() for message in got)
    poll_all(members, lambda got: seen.update(m.value() for m in got) or seen == sent, what="each record")
    told = described(server, f"{name}-g")
    assert (told.type, told.state, len(told.members)) == (ConsumerGroupType.CONSUMER, ConsumerGroupState.STABLE, 5)
    assert sorted(len(m.assignment.topic_partitions) for m in told.members) == [2] * 5
    with capsys.disabled():
        print("\na member more has its share after", ", ".join(f"{t * 1000:.0f}" for t in took), "ms")
    members.pop().close()
    poll_all(members, lambda _: shares(members) == [2, 2, 3, 3], what="the share of one who left")
    for member in members:
        member.close()
    until(lambda: described(server, f"{name}-g").state == ConsumerGroupState.EMPTY, 5, "an empty group")


def test_members_go_on_after_a_kill_without_a_rebalance(durable, name):
    create(durable, name, 4)
    lost = []
    members = []
    for _ in range(2):
        member = durable.consumer(f"{name}-g", **NEW)
        member.subscribe([name], on_revoke=lambda *_: lost.append("revoked"), on_lost=lambda *_: lost.append("lost"))
        members.append(member)
    produce(durable.producer(), name, [b"before"])
    seen = poll_all(members, lambda got: shares(members) == [2, 2] and got, what="two shares and a record")
    assert [m.value() for m in seen] == [b"before"]
    lost.clear()
    next(m for m in members if seen[0].partition() in {p.partition for p in m.assignment()}).commit(seen[0], asynchronous=False)
    had = [sorted(p.partition for p in member.assignment()) for member in members]
    at = durable.kafka_at
    durable.kill()
    durable.flags = ("--kafka", at)
    durable.start()
    produce(durable.producer(), name, [b"after"])
    seen = poll_all(members, lambda got: got, what="what came after the kill")
    assert [m.value() for m in seen] == [b"after"]
    assert [sorted(p.partition for p in member.assignment()) for member in members] == had
    assert not lost
    for member in members:
        member.close()


def test_a_static_member_comes_back_to_its_partitions_and_nobody_moves(server, name):
    create(server, name, 4)
    moved = []
    one = join(server, f"{name}-g", [name], **{"group.instance.id": "one"})
    two = join(server, f"{name}-g", [name], **{"group.instance.id": "two"})
    poll_all([one, two], lambda _: shares([one, two]) == [2, 2])
    had = {p.partition for p in one.assignment()}
    one.close()
    kept = {p.partition for p in two.assignment()}
    again = join(server, f"{name}-g", [name], **{"group.instance.id": "one"})
    poll_all([again, two], lambda _: again.assignment(), what="the place of the one who left")
    assert {p.partition for p in again.assignment()} == had
    assert {p.partition for p in two.assignment()} == kept
    assert not moved
    for member in (again, two):
        member.close()


def test_a_pattern_is_matched_by_the_server_and_finds_topics_that_come_later(server, name):
    create(server, f"{name}-a", 1)
    member = join(server, f"{name}-g", [f"^{name}-.*"])
    poll_all([member], lambda _: {p.topic for p in member.assignment()} == {f"{name}-a"}, what="the first topic")
    create(server, f"{name}-b", 2)
    create(server, f"other-{name}-c", 1)
    poll_all([member], lambda _: len(member.assignment()) == 3, what="the topic that came later")
    assert {p.topic for p in member.assignment()} == {f"{name}-a", f"{name}-b"}
    member.close()


def test_a_split_under_load_loses_nothing(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    member = join(server, f"{name}-g", [name], **{"auto.offset.reset": "latest"})
    poll_all([member], lambda _: shares([member]) == [1], what="the first shard")
    for i in range(5):
        kinesis.put_record(StreamName=name, Data=f"before {i}".encode(), PartitionKey=str(i))
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2**127))
    for i in range(10):
        kinesis.put_record(StreamName=name, Data=f"after {i}".encode(), PartitionKey=str(i))
    wanted = {f"before {i}".encode() for i in range(5)} | {f"after {i}".encode() for i in range(10)}
    poll_all([member], lambda got: {m.value() for m in got} >= {v for v in wanted if v.startswith(b"after")},
             what="what was put to the children")
    member.close()


def test_a_group_goes_on_from_its_commit(server, name):
    create(server, name, 1)
    produce(server.producer(), name, [b"1", b"2", b"3"])
    first = join(server, f"{name}-g", [name])
    got = poll_all([first], lambda got: len(got) >= 2, what="two records")
    first.commit(offsets=[TopicPartition(name, 0, got[1].offset() + 1)], asynchronous=False)
    first.close()
    second = join(server, f"{name}-g", [name])
    got = poll_all([second], lambda got: got, what="what is left")
    assert [m.value() for m in got] == [b"3"]
    second.close()


def test_a_group_moves_to_the_new_protocol_and_back_while_it_reads(server, name):
    create(server, name, 4)
    old = server.consumer(f"{name}-g", **{"auto.offset.reset": "earliest", "session.timeout.ms": 6000, "heartbeat.interval.ms": 200})
    old.subscribe([name])
    poll_all([old], lambda _: shares([old]) == [4], what="a classic group")
    new = join(server, f"{name}-g", [name])
    poll_all([old, new], lambda _: shares([old, new]) == [2, 2], what="two protocols in one group")
    assert described(server, f"{name}-g").type == ConsumerGroupType.CONSUMER
    values = [f"{i}".encode() for i in range(20)]
    producer = server.producer()
    for i, value in enumerate(values):
        producer.produce(name, value, partition=i % 4)
    assert producer.flush(10) == 0
    got = poll_all([old, new], lambda got: len(got) == 20, what="all records")
    assert sorted(m.value() for m in got) == sorted(values)
    new.close()
    poll_all([old], lambda _: shares([old]) == [4], what="the classic group again")
    assert described(server, f"{name}-g").type == ConsumerGroupType.CLASSIC
    old.close()
