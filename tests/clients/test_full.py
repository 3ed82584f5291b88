"""A store that is full, by its own limit or by its disk: writes are refused in each protocol's words, everything else goes on, and when
there is space again writes work without a restart."""
import os
import subprocess
import uuid

import pytest
from botocore.exceptions import ClientError
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import NewTopic

from conftest import Server, read_shard, until

VALUE = b"x" * 60_000


@pytest.fixture
def small_map(tmp_path):
    one = Server(tmp_path / "data", "--max-data", "32MiB", "--kinesis-limits", "none")
    yield one
    one.stop()


@pytest.fixture
def small_disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "sluice-test", str(place)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("a small tmpfs cannot be mounted here: " + done.stderr.strip())
    one = None
    try:
        one = Server(place / "data", "--kinesis-limits", "none")
        yield one, place
    finally:
        if one:
            one.stop()
        subprocess.run(["umount", str(place)], check=True)


def send(server, topic, value=VALUE):
    """The offset of one record, or the error that the broker answered with; the client is told not to try again."""
    told = []
    producer = server.producer(retries=0, acks="all")
    producer.produce(topic, value, on_delivery=lambda error, message: told.append(error or message.offset()))
    assert producer.flush(20) == 0
    return told[0]


def fill(server, topic):
    """Sends until the store is full; yields how many records were stored."""
    stored = 0
    producer = server.producer(retries=0, acks="all")
    told = []
    for _ in range(2000):
        producer.produce(topic, VALUE, on_delivery=lambda error, message: told.append(error))
        producer.flush(20)
        if told[-1] is not None:
            assert told[-1].code() == KafkaError.KAFKA_STORAGE_ERROR, told[-1]
            return stored
        stored += 1
    raise AssertionError("it is never full")


def make(server, *topics):
    for future in server.admin().create_topics([NewTopic(t, 1, config=c) for t, c in topics]).values():
        future.result(10)


def works_again(server, topic):
    until(lambda: isinstance(send(server, topic), int), 20, "room for a write")


def fill_again(server, topic, least):
    """Room comes in steps, as the store sweeps what was dropped: fills it until so many records were stored."""
    stored = []
    until(lambda: stored.append(fill(server, topic)) or sum(stored) > least, 20, f"room for {least} records")


def check_full(server, kinesis, topic, stored):
    """What is refused and what goes on while nothing more fits."""
    assert send(server, topic).code() == KafkaError.KAFKA_STORAGE_ERROR
    with pytest.raises(ClientError) as refused:
        kinesis.put_record(StreamName=topic, Data=VALUE, PartitionKey="k")
    assert refused.value.response["Error"]["Code"] == "InternalFailure"
    answer = kinesis.put_records(StreamName=topic, Records=[{"Data": VALUE, "PartitionKey": "k"}] * 2)
    assert answer["FailedRecordCount"] == 2
    assert {r["ErrorCode"] for r in answer["Records"]} == {"InternalFailure"}
    assert len(server.read_all(topic)) == stored
    assert len(read_shard(kinesis, topic)) == stored
    # Readers keep their place, and names come and go.
    consumer = server.consumer(group="g-" + topic)
    consumer.subscribe([topic])
    message = until(lambda: consumer.poll(1), 20, "a message")
    consumer.commit(message=message, asynchronous=False)
    consumer.close()
    kinesis.create_stream(StreamName="new-" + topic, ShardCount=1)
    kinesis.delete_stream(StreamName="new-" + topic)


def test_a_full_map_refuses_writes_until_retention_or_a_deletion_makes_room(small_map, name):
    server, kinesis = small_map, small_map.kinesis()
    make(server, (name, {"retention.ms": "3600000"}), ("other-" + name, {}))
    for _ in range(40):
        assert isinstance(send(server, "other-" + name), int)
    stored = fill(server, name)
    assert stored > 300
    check_full(server, kinesis, name, stored)

    # A deletion makes room …
    kinesis.delete_stream(StreamName="other-" + name)
    works_again(server, name)
    stored = len(server.read_all(name)) + fill(server, name)
    assert len(server.read_all(name)) == stored
    # … and so does retention.
    server.words("clock", "advance", "3h")
    works_again(server, name)
    fill_again(server, name, 300)
    whole = server.read_all(name)
    server.restart()
    assert [(m.offset(), m.value()) for m in server.read_all(name)] == [(m.offset(), m.value()) for m in whole]


def test_a_full_disk_refuses_writes_until_somebody_or_retention_frees_some(small_disk, name):
    server, place = small_disk
    kinesis = server.kinesis()
    make(server, (name, {"retention.ms": "3600000"}))
    filler = place / "filler"
    filler.write_bytes(bytes(12 << 20))
    stored = fill(server, name)
    assert stored > 200
    check_full(server, kinesis, name, stored)

    # Somebody frees the disk …
    filler.unlink()
    works_again(server, name)
    stored = len(server.read_all(name)) + fill(server, name)
    check_full(server, kinesis, name, stored)
    # … or retention frees pages inside the file, while the disk stays as full as it is.
    server.words("clock", "advance", "3h")
    works_again(server, name)
    fill_again(server, name, 200)
    whole = [(m.offset(), m.value()) for m in server.read_all(name)]
    server.restart()
    assert [(m.offset(), m.value()) for m in server.read_all(name)] == whole


def test_a_disk_that_others_fill_to_the_last_byte_stops_writes_and_harms_nothing(small_disk, name):
    server, place = small_disk
    make(server, (name, {}))
    for _ in range(20):
        assert isinstance(send(server, name), int)
    with open(place / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            pass
    # The file has set some room aside before others came; when that is used up, writes are refused.
    stored = fill(server, name)
    assert send(server, name).code() == KafkaError.KAFKA_STORAGE_ERROR
    before = len(server.read_all(name))
    assert before == 20 + stored
    os.unlink(place / "filler")
    works_again(server, name)
    assert len(server.read_all(name)) == before + 1
    server.restart()
    assert len(server.read_all(name)) == before + 1
