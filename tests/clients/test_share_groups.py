"""Share groups (KIP-932) as librdkafka's share consumer sees them, on streams that either door made and wrote."""
import time
import uuid

import pytest
from conftest import Server, produce, read_shard, until
from confluent_kafka import AcknowledgeType, ShareConsumer


class Member:
    """A share consumer that is assigned something, so that what is written from now on comes to it."""

    def __init__(self, server, topic, group=None, mode="explicit"):
        self.group = group or f"share-{uuid.uuid4().hex[:8]}"
        self.consumer = ShareConsumer({"bootstrap.servers": server.kafka_at, "group.id": self.group, "share.acknowledgement.mode": mode})
        self.consumer.subscribe([topic])

    def close(self):
        consumer, self.consumer = self.consumer, None
        if consumer:
            consumer.close()

    def poll(self, seconds=0.2):
        return [one for one in self.consumer.poll(seconds) if one.error() is None]

    def take(self, seconds=15):
        """What one fetch brings; all of it is to be acknowledged before the next."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if got := self.poll():
                return got
        return []

    def settle(self, messages, kind=AcknowledgeType.ACCEPT):
        for one in messages:
            self.consumer.acknowledge(one, kind)
        if messages:
            assert all(fault is None for fault in self.consumer.commit_sync().values())

    def warm(self, put):
        """Fetches until a record comes: from then on the group has begun."""
        def began():
            put("warm")
            got = self.poll(1)
            self.settle(got)
            return got
        until(began, seconds=20)
        while got := self.poll(1):
            self.settle(got)


@pytest.fixture
def member():
    made = []

    def make(*args, **more):
        made.append(Member(*args, **more))
        return made[-1]
    yield make
    for one in made:
        one.close()


def stream_of(server, name):
    """A Kinesis stream of one shard, and what puts texts into it as one batch."""
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)

    def put(*texts):
        answer = kinesis.put_records(StreamName=name, Records=[{"PartitionKey": "k", "Data": t.encode()} for t in texts])
        assert answer["FailedRecordCount"] == 0
    return kinesis, put


def test_records_of_both_doors_are_shared_and_kinesis_readers_see_nothing_of_it(server, name, member):
    kinesis, put = stream_of(server, name)
    one = member(server, name)
    one.warm(put)
    before = len(read_shard(kinesis, name))
    put("kinesis")
    produce(server.producer(), name, ["kafka"])
    got = []
    while len(got) < 2:
        more = one.take()
        assert more
        one.settle(more)
        got += [m.value() for m in more]
    assert got == [b"kinesis", b"kafka"]
    assert len(read_shard(kinesis, name)) == before + 2


def test_a_released_record_comes_again_and_a_rejected_one_does_not(server, name, member):
    _, put = stream_of(server, name)
    one = member(server, name)
    one.warm(put)
    put("again")
    (first,) = one.take()
    assert first.delivery_count() == 1
    one.settle([first], AcknowledgeType.RELEASE)
    (second,) = one.take()
    assert (second.value(), second.delivery_count()) == (b"again", 2)
    one.settle([second], AcknowledgeType.REJECT)
    assert one.take(seconds=2) == []


def test_a_kill_forgets_no_acknowledgement_and_no_delivery(tmp_path, name, member):
    server = Server(tmp_path / "data")
    try:
        _, put = stream_of(server, name)
        one = member(server, name)
        one.warm(put)
        put(*(f"v{i}" for i in range(20)))
        got = one.take()
        assert len(got) == 20
        for message in got[:10]:
            one.consumer.acknowledge(message)
        assert all(fault is None for fault in one.consumer.commit_sync().values())
        server.kill()
        server.start()
        two = member(server, name, group=one.group)
        again = two.take()
        assert [m.value() for m in again] == [m.value() for m in got[10:]]
        assert {m.delivery_count() for m in again} == {2}
        two.settle(again)
        two.close()
        one.close()
    finally:
        server.kill()
