"""A reader that asks for as much as one answer holds and then never takes its answers: it holds no snapshot, so the file does not grow while what is kept is turned
over, its memory is the one answer that waits, and others are served."""
import re
import socket
import struct
import sys
import urllib.request
from pathlib import Path

import pytest

from conftest import ROOT, Server, until

sys.path.insert(0, str(ROOT / "bench"))
from kafka_wire import Wire, batch   # noqa: E402

RECORDS, TURNS, ASKED = 400, 8, 4 << 20


@pytest.fixture
def served(tmp_path):
    one = Server(tmp_path / "data")
    yield one
    one.stop()


def metric(server, name):
    with urllib.request.urlopen(f"http://{server.kinesis_at}/metrics", timeout=10) as answer:
        return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)[1])


def private_bytes(server):
    return int(re.search(r"RssAnon:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1]) * 1024


@pytest.mark.memory
def test_a_reader_that_stops_in_the_middle_of_an_answer_costs_one_answer_and_nothing_more(served, name):
    server = served
    wire, frame = Wire(server.kafka_at), batch(b"x" * 60_000, 0)
    server.words("clock", "freeze")
    assert wire.create_topic(name, 1, [("retention.ms", "3600000")]) == 0

    def turn_over():
        """Everything kept so far outlives its retention and as much is written again."""
        for _ in range(RECORDS):
            wire.send_produce(name, 0, frame)
            assert wire.receive_produce(name)[0] == 0
        begin = wire.offset(name, 0, -1) - RECORDS
        server.words("clock", "advance", "40m")
        return begin
    turn_over()
    turn_over()
    before_memory = private_bytes(server)

    stopped = []
    for _ in range(3):
        one = Wire(server.kafka_at, receive_buffer=4096)
        offset = one.offset(name, 0, -2)
        for _ in range(20):   # many answers asked for, none taken
            one.send_fetch(name, 0, offset, ASKED)
        # The first bytes of the first answer are there: the server is in the middle of it.
        one.socket.settimeout(20)
        assert struct.unpack(">i", one.socket.recv(4, socket.MSG_PEEK | socket.MSG_WAITALL))[0] > ASKED // 2
        stopped.append(one)
    until(lambda: metric(server, "sluice_store_sweeping") == 0, 20, "the sweep")
    file_before = metric(server, "sluice_store_file_bytes")
    holding = private_bytes(server)
    assert holding - before_memory < len(stopped) * 2.5 * ASKED

    for _ in range(TURNS):
        turn_over()
        assert metric(server, "sluice_store_snapshots") == 0
    server.words("clock", "advance", "1h")
    until(lambda: metric(server, "sluice_store_sweeping") == 0, 20, "the sweep")
    written = TURNS * RECORDS * len(frame)
    assert metric(server, "sluice_store_file_bytes") - file_before < written / 4
    assert private_bytes(server) - holding < 8 << 20

    # Its answer is what it was when it was read, whole, though none of it is kept any longer.
    first = stopped[0]
    first.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)   # now it is in a hurry
    assert first.receive_fetch(name)[0] == 0
    for one in stopped:
        one.close()
    until(lambda: private_bytes(server) - before_memory < 16 << 20, 20, "the memory of the closed connections")
    assert wire.offset(name, 0, -1) == (TURNS + 2) * RECORDS
