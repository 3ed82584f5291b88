"""Durability power with real writers: those who wait share syncs, and the thread that syncs also frees what is deleted.
What a cut leaves of the files: tests/power."""
import re
import struct
import urllib.request

import pytest

from conftest import Server, until
from test_stopped_reader import Wire, batch

WRITERS, EACH = 64, 20


@pytest.fixture
def power(tmp_path):
    one = Server(tmp_path / "data", "--durability", "power")
    yield one
    one.stop()


def commits(server):
    """The number of the last transaction: LMDB keeps it in one of the file's first two pages."""
    with open(server.folder / "data.mdb", "rb") as file:
        head = file.read(8192)
    return max(struct.unpack_from("<Q", head, page + 144)[0] for page in (0, 4096))


def metric(server, name):
    with urllib.request.urlopen(f"http://{server.kinesis_at}/metrics", timeout=10) as answer:
        return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)[1])


def test_writers_that_wait_share_syncs(power, name):
    wires = [Wire(power.kafka_at) for _ in range(WRITERS)]
    assert wires[0].create_topic(name, 1) == 0
    frame, before, offsets = batch(b"x" * 200, 0), commits(power), []
    for _ in range(EACH):
        for wire in wires:
            wire.send_produce(name, 0, frame)
        for wire in wires:
            error, offset = wire.receive_produce(name)
            assert error == 0
            offsets.append(offset)
    assert sorted(offsets) == list(range(WRITERS * EACH))
    assert commits(power) - before < WRITERS * EACH / 3


def test_a_deleted_topic_is_freed_by_the_thread_that_syncs(power, name):
    wire, frame = Wire(power.kafka_at), batch(b"x" * 900_000, 0)
    assert wire.create_topic(name, 1) == 0
    for _ in range(20):
        wire.send_produce(name, 0, frame)
        assert wire.receive_produce(name)[0] == 0
    used = metric(power, "sluice_store_used_bytes")
    assert used > 18_000_000
    assert wire.delete_topic(name) == 0
    until(lambda: metric(power, "sluice_store_sweeping") == 0, 20, "the pages to be free")
    assert metric(power, "sluice_store_used_bytes") < used / 10
    assert metric(power, "sluice_store_free_pages") > 4000
