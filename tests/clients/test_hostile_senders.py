"""A thousand connections at each door that send half a request and stop: memory stays bounded, others go on, and after a
while the half requests are closed. Prints the server's memory (Pss) before, while they are there, and after.
"""
import json
import resource
import signal
import socket
import struct
import subprocess
import time

import pytest

from conftest import Server, produce, until
from test_bad_input import AUTH, address

MANY = 1000
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))   # 1,024 are not enough for 1,000 connections and a test
HALF_HTTP = (f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.PutRecords\r\n"
             f"{AUTH}Content-Length: 16000000\r\n\r\n").encode() + b'{"StreamName":"steady","Records":[' + b" " * 20000
# Produce v3 of 100 MB, the largest frame that is taken, of which 20 KB come.
HALF_FRAME = struct.pack(">ihhih", 100_000_000, 0, 3, 1, -1) + b"\x00" * 20000
# HTTP/2's preface, SETTINGS, and half a HEADERS frame.
HALF_GRPC = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]) + bytes([0, 64, 0, 1, 4, 0, 0, 0, 1]) + b"\x00" * 8000


def pss(server):
    """Proportional set size in KiB."""
    with open(f"/proc/{server.process.pid}/smaps_rollup") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def closed(s):
    """Whether the server has hung up, without waiting."""
    s.setblocking(False)
    try:
        while s.recv(65536):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


@pytest.fixture(scope="module")
def steady():
    server = Server(None, "--stream", "steady", "--topic", "steady-topic", "--kinesis-limits", "none")
    yield server
    server.stop()


@pytest.mark.memory
@pytest.mark.parametrize("door, half, most_mib", [("kinesis", HALF_HTTP, 64), ("kafka", HALF_FRAME, 64), ("control", HALF_GRPC, 256)])
def test_1000_half_requests_hold_little_memory_and_nobody_else_is_affected(steady, door, half, most_mib):
    kinesis, producer = steady.kinesis(), steady.producer()

    def work(times):
        """What a good client does; yields the slowest call in seconds."""
        slowest = 0
        for n in range(times):
            start = time.monotonic()
            kinesis.put_record(StreamName="steady", Data=b"x" * 1000, PartitionKey="k")
            produce(producer, "steady-topic", [b"y" * 1000])
            slowest = max(slowest, time.monotonic() - start)
        return slowest
    work(20)
    quiet, before = work(100), pss(steady)
    clients = [socket.create_connection(address(getattr(steady, f"{door}_at"))) for _ in range(MANY)]
    try:
        for s in clients:
            s.sendall(half)
        assert steady.json("health")["ready"] is True
        busy, during = work(100), pss(steady)
        print(f"\n{door}: Pss {before} KiB before, {during} with {MANY} half requests; slowest good call {quiet * 1e3:.1f} ms before, {busy * 1e3:.1f} ms")
        assert during - before < most_mib * 1024
        assert busy < 1
        if door == "control":   # gRPC's own; its connections end with their clients
            return
        assert not any(map(closed, clients))
        for _ in range(2):   # the time that heartbeats see, by which slow senders are judged
            steady.words("clock", "advance", "15s", "--expire-clients")
        until(lambda: all(map(closed, clients)), what=f"{MANY} connections to be closed")
        work(20)
    finally:
        for s in clients:
            s.close()
    count = f"{door}Connections"
    until(lambda: steady.json("health")[count] < 20, what="the connections to be forgotten")
    after = pss(steady)
    print(f"{door}: Pss {after} KiB after")
    assert after - before < 48 * 1024   # what the allocator keeps for the next ones


@pytest.mark.memory
def test_1000_half_requests_that_are_large_stay_below_the_bound_of_a_door_and_are_closed(steady):
    """512 KiB of a 1 MiB frame each: half a GiB, of which 256 MiB is what unfinished requests may hold for long."""
    producer = steady.producer()
    produce(producer, "steady-topic", [b"before"])
    half = struct.pack(">ihhih", 1 << 20, 0, 3, 1, -1) + b"\x00" * (512 * 1024)
    clients = [socket.create_connection(address(steady.kafka_at)) for _ in range(MANY)]
    most, start = 0, time.monotonic()
    try:
        for n, s in enumerate(clients):
            s.settimeout(10)
            try:
                s.sendall(half)
            except OSError:   # closed already, to make room
                pass
            if n % 50 == 0:
                produce(producer, "steady-topic", [b"z" * 1000])
                most = max(most, pss(steady))
        for _ in range(3):
            steady.words("clock", "advance", "15s", "--expire-clients")
        until(lambda: all(map(closed, clients)), seconds=20, what="all of them to be closed")
        print(f"\nlarge: Pss {most} KiB at most, all closed {time.monotonic() - start:.1f} s after the first")
        assert most < 1200 * 1024
        produce(producer, "steady-topic", [b"after"])
    finally:
        for s in clients:
            s.close()


def test_no_key_forges_a_line_of_the_log_or_drives_the_terminal_that_shows_it():
    server = Server()
    server.stop()
    command = [part for part in server.process.args if part != "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        server.kinesis_at = json.loads(process.stdout.readline())["kinesis"]
        kinesis = server.kinesis()
        kinesis.create_stream(StreamName="s", ShardCount=1)
        key = "\x1b[2J\nforged \x9b1m größe"
        refused = kinesis.put_records(StreamName="s", Records=[{"PartitionKey": key, "Data": bytes(400_000)}] * 4)
        assert refused["FailedRecordCount"] == 2
    finally:
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=10)[1]
    assert r'key "\x1b[2J\x0aforged \xc2\x9b1m größe" sent 100 %' in said
    assert "\x1b[2J" not in said and "\x9b" not in said
