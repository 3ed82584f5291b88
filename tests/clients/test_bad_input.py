"""Bad input of every kind gets the protocol's own error or a closed connection; everybody else goes on."""
import json
import socket
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import cbor2
import pytest

from conftest import produce, until

AUTH = ("Authorization: AWS4-HMAC-SHA256 Credential=test/20270101/us-east-1/kinesis/aws4_request, "
        "SignedHeaders=host, Signature=00\r\nX-Amz-Date: 20270101T000000Z\r\n")


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def raw(at, data, answer=True, half_close=False):
    """Sends bytes and yields what comes back until the server closes or has said nothing more for a second."""
    with socket.create_connection(address(at), timeout=5) as s:
        try:
            s.sendall(data)
            if half_close:
                s.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            return b"", True
        got = b""
        s.settimeout(1 if answer else 5)
        try:
            while chunk := s.recv(65536):
                got += chunk
            return got, True
        except ConnectionResetError:
            return got, True
        except TimeoutError:
            return got, False


def post(at, target, body, kind="application/x-amz-json-1.1"):
    head = (f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {kind}\r\nX-Amz-Target: Kinesis_20131202.{target}\r\n"
            f"{AUTH}Content-Length: {len(body)}\r\n\r\n").encode()
    got, closed = raw(at, head + body)
    assert closed
    head, _, answer = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), answer


@pytest.fixture(autouse=True)
def others_go_on(server):
    """Other clients are connected before, and work after, whatever a test does."""
    kinesis, producer = server.kinesis(), server.producer()
    if "steady" not in kinesis.list_streams()["StreamNames"]:
        kinesis.create_stream(StreamName="steady", ShardCount=1)
    produce(producer, "steady-topic", [b"before"])
    yield
    kinesis.put_record(StreamName="steady", Data=b"x", PartitionKey="k")
    produce(producer, "steady-topic", [b"after"])
    assert server.process.poll() is None


@pytest.mark.parametrize("data", [b"\x00" * 4, b"\xff" * 64, struct.pack(">i", 2**31 - 1) + b"x", struct.pack(">i", -5),
                                  struct.pack(">i", 3) + b"abc", struct.pack(">ihhi", 8, 9999, 0, 1),
                                  struct.pack(">ihhih", 10, 0, 99, 1, -1), struct.pack(">ihhih", 10, 0, 2, 1, -1),
                                  b"GET / HTTP/1.1\r\n\r\n"],
                         ids=["zero", "ff", "2 GB length", "negative length", "short frame", "unknown api", "unsupported version",
                              "produce v2", "http"])
def test_the_kafka_door_closes_on_what_is_no_request(server, data):
    got, closed = raw(server.kafka_at, data)
    assert (got, closed) == (b"", True)


def test_half_a_kafka_frame_is_waited_for_and_then_dropped(server):
    got, closed = raw(server.kafka_at, struct.pack(">i", 1000) + b"\x00" * 10, half_close=True)
    assert (got, closed) == (b"", True)


def test_api_versions_above_ours_is_answered_in_version_0_with_error_35(server):
    got, closed = raw(server.kafka_at, struct.pack(">ihhihb", 11, 18, 99, 7, -1, 0))
    assert got[4:8] == struct.pack(">i", 7)
    assert struct.unpack(">h", got[8:10])[0] == 35
    assert not closed


def test_a_batch_with_a_wrong_crc_is_refused_as_corrupt(server):
    value = bytes([18]) + b"\x00\x00\x00\x01" + bytes([2]) + b"x" + b"\x00"   # one record, key null, value "x"
    body = struct.pack(">hiqqqhii", 0, 0, 0, 0, -1, -1, -1, 1) + b"\x10\x00\x00\x00\x01\x02x\x00"
    batch = struct.pack(">qiibI", 0, len(body) + 9, 0, 2, zlib.crc32(b"wrong")) + body
    topic = b"steady-topic"
    request = (struct.pack(">hhih", 0, 3, 5, -1) + struct.pack(">hhi", -1, -1, 1000) + struct.pack(">i", 1) +
               struct.pack(">h", len(topic)) + topic + struct.pack(">iii", 1, 0, len(batch)) + batch)
    got, _ = raw(server.kafka_at, struct.pack(">i", len(request)) + request)
    # correlation id, one topic, its name, one partition, index, error code
    assert struct.unpack(">h", got[8 + 4 + 2 + len(topic) + 4 + 4:][:2])[0] == 2


@pytest.mark.parametrize("target, body, kind, wanted", [
    ("ListStreams", b"hello", "application/x-amz-json-1.1", "SerializationException"),
    ("ListStreams", b'{"Limit":', "application/x-amz-json-1.1", "SerializationException"),
    ("PutRecord", b'{"StreamName":"steady","PartitionKey":"k","Data":"23456"}', "application/x-amz-json-1.1", "SerializationException"),
    ("PutRecord", b'{"StreamName":"nobody","PartitionKey":"k","Data":""}', "application/x-amz-json-1.1", "ResourceNotFoundException"),
    ("PutRecord", b'{"StreamName":"steady","PartitionKey":"k","Data":"' + b"A" * 1500000 + b'"}', "application/x-amz-json-1.1",
     "ValidationException"),
    ("ListStreams", b"[" * 100000, "application/x-amz-json-1.1", "SerializationException"),
    ("NoSuchThing", b"{}", "application/x-amz-json-1.1", "UnknownOperationException"),
], ids=["no json", "cut json", "base64", "unknown stream", "too large", "deep", "unknown operation"])
def test_the_kinesis_door_answers_bad_json_in_its_own_words(server, target, body, kind, wanted):
    status, answer = post(server.kinesis_at, target, body, kind)
    assert (status, json.loads(answer)["__type"]) == (400, wanted)


@pytest.mark.parametrize("body", [b"\xbf", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\xa1\x64Data\x5b\x7f\xff\xff\xff\xff\xff\xff\xff",
                                  b"\xff", b"\x81" * 100000], ids=["cut", "huge list", "huge bytes", "break", "deep"])
def test_the_kinesis_door_answers_bad_cbor_in_cbor(server, body):
    status, answer = post(server.kinesis_at, "PutRecord", body, "application/x-amz-cbor-1.1")
    assert (status, cbor2.loads(answer)["__type"]) == (400, "SerializationException")


def test_cbor_works_as_the_java_sdk_speaks_it(server):
    body = cbor2.dumps({"StreamName": "steady", "PartitionKey": "key", "Data": b"hello world"})
    status, answer = post(server.kinesis_at, "PutRecord", body, "application/x-amz-cbor-1.1")
    told = cbor2.loads(answer)
    assert (status, told["ShardId"], len(told["SequenceNumber"])) == (200, "shardId-000000000000", 56)


@pytest.mark.parametrize("data", [b"garbage\r\n\r\n", b"\x00" * 100, b"GET " + b"x" * 200000,
                                  b"POST / HTTP/1.1\r\nContent-Length: 2000000000\r\n\r\n"], ids=["garbage", "zeros", "long line", "2 GB"])
def test_what_is_no_http_is_answered_with_a_4xx_or_closed(server, data):
    got, closed = raw(server.kinesis_at, data)
    assert closed
    assert got == b"" or got.split()[1].startswith(b"4")


def test_only_its_own_paths_are_not_kinesis(server):
    def get(path):
        got, _ = raw(server.kinesis_at, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return int(got.split()[1]), b"x-amzn-RequestId" in got
    for path in ("/health", "/ready", "/metrics"):
        assert get(path) == (200, False)
    assert get("/_sluice/v1/GetClock") == (405, False)
    assert get("/_sluice/") == (404, False)
    for path in ("/", "/healthz", "/metrics/", "/_sluice", "/ready/now"):
        status, kinesis = get(path)
        assert kinesis and status >= 400, path


def memory(server):
    """Private bytes of the server in KiB."""
    with open(f"/proc/{server.process.pid}/smaps_rollup") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Private"))


def metrics(server):
    got, _ = raw(server.kinesis_at, b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    lines = [line.rsplit(" ", 1) for line in got.decode().splitlines() if line.startswith("sluice_")]
    return {name: float(value) for name, value in lines}


@pytest.mark.memory
def test_1000_clients_that_park_and_leave_at_once_leave_no_waiter_and_no_memory_behind(server):
    topic = b"steady-topic"
    # Fetch v4: 100 s at the end of an existing topic, at least one byte.
    fetch = (struct.pack(">hhih", 1, 4, 1, -1) + struct.pack(">iiiib", -1, 100000, 1, 1 << 20, 0) + struct.pack(">i", 1) +
             struct.pack(">h", len(topic)) + topic + struct.pack(">iiqi", 1, 0, 10**6, 1 << 20))
    end = server.read_all("steady-topic")[-1].offset() + 1
    fetch = fetch[:-12] + struct.pack(">qi", end, 1 << 20)
    # JoinGroup v0: the first member is answered at once, the others park until it rejoins, which it never does.
    join = (struct.pack(">hhih", 11, 0, 2, -1) + struct.pack(">h", 6) + b"parked" + struct.pack(">ih", 30000, 0) +
            struct.pack(">h", 8) + b"consumer" + struct.pack(">ih", 1, 5) + b"range" + struct.pack(">i", 0))
    before_memory = memory(server)

    def park(n):
        s = socket.create_connection(address(server.kafka_at))
        frame = fetch if n % 2 else join
        s.sendall(struct.pack(">i", len(frame)) + frame)
        return s
    with ThreadPoolExecutor(16) as pool:
        clients = list(pool.map(park, range(1000)))
    until(lambda: metrics(server)['sluice_calls{door="kafka"}'] >= 999, 20, "all fetches and joins to park")
    for s in clients:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        s.close()
    until(lambda: metrics(server)['sluice_calls{door="kafka"}'] == 0, 20, "all waiters to leave")
    until(lambda: metrics(server)['sluice_connections{door="kafka"}'] <= 100, 20, "all connections to close")
    assert memory(server) - before_memory < 20 * 1024
