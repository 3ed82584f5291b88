"""How long one turn of sluice's loop takes while one connection asks for something large and another produces records one by one.

A turn is what runs between two waits for events: nobody else is served meanwhile. The server counts them itself
(`sluice_turn_seconds` at /metrics); the producer's own latencies show what a neighbour feels. Aims: 5 ms at p99.9, 20 ms at worst.
"""
import base64
import http.client
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import time

from contenders import Running, WORK
from report import number, where, write
from rows import kafka_load, kinesis_load, load

AIM_P999_MS, AIM_WORST_MS = 5, 20


class Kafka:
    """Just enough of the protocol: frames with header version 1, bodies as bytes."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.kafka_port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, key, version, body):
        frame = struct.pack(">hhi", key, version, 1) + text("turns") + body
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)

    def answer(self):
        length = struct.unpack(">i", self.take(4))[0]
        return self.take(length)[4:]

    def take(self, length):
        parts = []
        while length:
            part = self.socket.recv(min(length, 1 << 20))
            if not part:
                raise RuntimeError("the server closed the connection")
            parts.append(part)
            length -= len(part)
        return b"".join(parts)

    def do(self, key, version, body):
        self.ask(key, version, body)
        return self.answer()


def text(value):
    return struct.pack(">h", len(value)) + value.encode()


def blob(value):
    return struct.pack(">i", len(value)) + value


def cbor(value):
    """Maps, lists, texts, bytes and whole numbers: what Kinesis needs."""
    def head(kind, length):
        for limit, code, form in ((24, None, ""), (1 << 8, 24, ">B"), (1 << 16, 25, ">H"), (1 << 32, 26, ">I")):
            if length < limit:
                return bytes([kind << 5 | (length if code is None else code)]) + (struct.pack(form, length) if form else b"")
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(k) + cbor(v) for k, v in value.items())


class Kinesis:
    def __init__(self, server, kind="json"):
        self.wire, self.kind = http.client.HTTPConnection("127.0.0.1", server.kinesis_port, timeout=60), kind

    def body(self, fields):
        if self.kind == "cbor":
            return cbor(fields)
        return json.dumps(fields, default=lambda data: base64.b64encode(data).decode()).encode()

    def send(self, operation, body):
        self.wire.request("POST", "/", body, {
            "Content-Type": f"application/x-amz-{self.kind}-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}", "X-Amz-Date": "20260101T000000Z",
            "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + "0" * 64})
        answer = self.wire.getresponse()
        got = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{operation}: {answer.status} {got[:200]}")
        return got


# ---------- what is asked for; each prepares and returns the step that is repeated while the neighbour produces ----------

def gzip_produce(server, given):
    flags = ("-topic", "packed", "-config", "compression.type=gzip", "-noise", "-batch", 1_000_000, "-inflight", 2)
    return lambda: kafka_load(server, "raw-produce", *flags, "-n", 200_000, "-dur", "2s")


def put(kind, count, size):
    def prepare(server, given):
        client = Kinesis(server, kind)
        Kinesis(server).send("CreateStream", Kinesis(server).body({"StreamName": "large", "ShardCount": 1}))
        body = client.body({"StreamName": "large", "Records": [{"Data": os.urandom(size), "PartitionKey": f"k{i}"} for i in range(count)]})
        return lambda: client.send("PutRecords", body)
    return prepare


def get(kind, size):
    def prepare(server, given):
        kinesis_load(server, "PutRecords", "filled", "--records", 40_000_000 // size, "--size", size, "--conns", 2, "--shards", 1,
                     "--batch", min(500, 4_000_000 // size))
        client = Kinesis(server, kind)
        start = Kinesis(server).send("GetShardIterator", Kinesis(server).body(
            {"StreamName": "filled", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}))
        body = client.body({"ShardIterator": json.loads(start)["ShardIterator"], "Limit": 10_000})
        return lambda: client.send("GetRecords", body)
    return prepare


def many_partitions(server):
    for i in range(5):
        load("kafka_load", "raw-produce", "-b", f"127.0.0.1:{server.kafka_port}", "-topic", f"wide-{i}", "-parts", 1000, "-n", 0)
    return [(f"wide-{i}", range(1000)) for i in range(5)]


def metadata(server, given):
    many_partitions(server)
    client = Kafka(server)
    return lambda: client.do(3, 1, struct.pack(">i", -1))


def fetch_sessions(server, given):
    topics = many_partitions(server)
    client = Kafka(server)

    def body(session, epoch, names):
        out = struct.pack(">iiiibii", -1, 0, 1, 50 << 20, 0, session, epoch) + struct.pack(">i", len(names))
        for name, partitions in names:
            out += text(name) + struct.pack(">i", len(partitions))
            out += b"".join(struct.pack(">iqqi", p, 0, -1, 1 << 20) for p in partitions)
        return out + struct.pack(">i", 0)

    def step():   # a full fetch that opens a session, ten that name nothing new, and it is closed
        session = struct.unpack(">i", client.do(1, 7, body(0, 0, topics))[6:10])[0]
        for epoch in range(1, 11):
            client.do(1, 7, body(session, epoch, []))
        client.do(1, 7, body(session, -1, []))
    return step


def cold_read(server, given):
    fill(server, given.stored)
    file = cool(server)
    step = lambda: kafka_load(server, "raw-fetch", "-topic", "stored", "-dur", "60s", "-once")
    step.file = file
    return step


def fill(server, gb, topic="stored"):
    kafka_load(server, "raw-produce", "-topic", topic, "-n", int(gb * 1e9 / 108), "-dur", "300s", "-batch", 524288, "-inflight", 4)


def cool(server):
    """Stops the server, throws its file out of the page cache, starts it again on the same folder."""
    kept, server.keep = server.keep, True
    server.stop()
    files = [file for file in server.data.rglob("*") if file.is_file()]
    for file in files:
        with open(file, "rb") as one:
            os.fsync(one.fileno())
            os.posix_fadvise(one.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    server.__init__(server.name, server.door, server.flags, data=server.data)
    server.keep = kept
    return files


def delete(server, given):
    """The topic goes in the first step; the others only wait while its pages are freed."""
    fill(server, given.stored)
    left = ["stored"]

    def step():
        if left:
            step.took_ms = kafka_load(server, "drop", "-topic", left.pop())["ms"]
        time.sleep(0.05)
    return step


def reset(server, given):
    fill(server, given.stored)
    left = [1]

    def step():
        if left.pop() if left else False:
            began = time.perf_counter()
            server.side("Reset", {})
            step.took_ms = (time.perf_counter() - began) * 1000
        time.sleep(0.05)
    return step


GROUPS = 500


def rebalance(server, given):
    """Five hundred groups of one member each; then a second member joins all of them at once, and leaves again."""
    load("kafka_load", "raw-produce", "-b", f"127.0.0.1:{server.kafka_port}", "-topic", "shared", "-parts", 2, "-n", 0)
    first, second = [Kafka(server) for _ in range(GROUPS)], [Kafka(server) for _ in range(GROUPS)]

    def join(client, group, member):
        client.ask(11, 1, text(group) + struct.pack(">ii", 60_000, 60_000) + text(member) + text("consumer") + struct.pack(">i", 1) + text("range")
                   + blob(struct.pack(">hi", 0, 1) + text("shared") + blob(b"")))

    def joined(client):
        got = client.answer()
        error, generation = struct.unpack(">hi", got[:6])
        if error:
            raise RuntimeError(f"JoinGroup: error {error}")
        at, names = 6, []
        for _ in range(3):   # protocol, leader, own id
            length = struct.unpack(">h", got[at:at + 2])[0]
            names.append(got[at + 2:at + 2 + length].decode())
            at += 2 + length
        return generation, names[1], names[2]

    def sync(client, group, generation, leader, member, members):
        told = members if leader == member else []
        client.ask(14, 0, text(group) + struct.pack(">i", generation) + text(member) + struct.pack(">i", len(told))
                   + b"".join(text(one) + blob(b"assigned") for one in told))

    groups = [f"group-{i}" for i in range(GROUPS)]
    members = []
    for client, group in zip(first, groups):
        join(client, group, "")
    for client, group in zip(first, groups):
        generation, leader, member = joined(client)
        sync(client, group, generation, leader, member, [member])
        members.append(member)
    for client in first:
        client.answer()

    def step():
        for client, group in zip(second, groups):
            join(client, group, "")
        for client, group, member in zip(first, groups, members):
            join(client, group, member)
        ours, theirs = [joined(client) for client in first], [joined(client) for client in second]
        for i, group in enumerate(groups):
            both = [ours[i][2], theirs[i][2]]
            sync(first[i], group, *ours[i], both)
            sync(second[i], group, *theirs[i], both)
        for client in [*first, *second]:
            client.answer()
        for client, group, (_, _, member) in zip(second, groups, theirs):
            client.ask(13, 0, text(group) + text(member))
        for client in second:
            client.answer()
        for client, group, member in zip(first, groups, members):
            join(client, group, member)
        for i, (generation, leader, member) in enumerate([joined(client) for client in first]):
            sync(first[i], groups[i], generation, leader, member, [member])
        for client in first:
            client.answer()
    return step


def handshakes(server, given):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE

    def step():
        plain = [socket.create_connection(("127.0.0.1", server.kinesis_port), timeout=30) for _ in range(50)]
        secured = [context.wrap_socket(one, do_handshake_on_connect=False) for one in plain]
        for one in secured:   # every hello is on its way before the first is answered
            one.setblocking(False)
            try:
                one.do_handshake()
            except ssl.SSLWantReadError:
                pass
        for one in secured:
            one.settimeout(30)
            one.do_handshake()
            one.close()
    return step


WORK_ITEMS = [
    ("quiet", "nothing else", lambda server, given: lambda: time.sleep(0.05)),
    ("gzip", "Produce of 1 MB batches recompressed with gzip", gzip_produce),
    ("put-json", "PutRecords, 10 MiB as JSON, ten records", put("json", 10, 1_040_000)),
    ("put-json-small", "PutRecords, 10 MiB as JSON, 500 records", put("json", 500, 20_000)),
    ("put-cbor", "PutRecords, 10 MiB as CBOR, ten records", put("cbor", 10, 1_040_000)),
    ("put-cbor-small", "PutRecords, 10 MiB as CBOR, 500 records", put("cbor", 500, 20_000)),
    ("get-json", "GetRecords, 10 MiB as JSON, 1 kB records", get("json", 1000)),
    ("get-json-large", "GetRecords, 10 MiB as JSON, 1 MB records", get("json", 1_000_000)),
    ("get-cbor", "GetRecords, 10 MiB as CBOR, 1 kB records", get("cbor", 1000)),
    ("metadata", "Metadata of 5,000 partitions", metadata),
    ("fetch-session", "Fetch sessions over 5,000 partitions", fetch_sessions),
    ("cold", "cold read of {gb:g} GB", cold_read),
    ("delete", "DeleteTopic of {gb:g} GB, until its pages are free", delete),
    ("reset", "Reset with {gb:g} GB, until the pages are free", reset),
    ("groups", "500 groups rebalance", rebalance),
    ("handshakes", "50 TLS handshakes at once", handshakes),
]


def histogram(server):
    page = server.side("/metrics")
    counts = [(float(end), int(count)) for end, count in re.findall(r'sluice_turn_seconds_bucket\{le="([^"]+)"\} (\d+)', page)]
    return counts, float(re.search(r"^sluice_turn_longest_seconds (\S+)", page, re.M)[1])


def summary(before, after):
    """Turns between two readings: how many, the bucket's end that 99.9 % stay below, the longest (exact when it is a new record)."""
    (counts0, longest0), (counts1, longest1) = before, after
    grown = [(end, count1 - count0) for (end, count1), (_, count0) in zip(counts1, counts0)]
    total = grown[-1][1]
    p999 = next(end for end, count in grown if count >= total * 0.999) * 1000
    worst = longest1 * 1000 if longest1 > longest0 else next(end for end, count in grown if count == total) * 1000
    return total, min(p999, worst), worst, longest1 > longest0


def one(label, prepare, given):
    server = Running("sluice", "kafka")
    try:
        step = prepare(server, given)
        time.sleep(0.5)
        before = histogram(server)
        began = time.monotonic()
        prober = subprocess.Popen([str(WORK / "kafka_load"), "raw-lat", "-b", f"127.0.0.1:{server.kafka_port}", "-n", "10000000", "-dur", f"{given.seconds}s"],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        steps = 0
        while prober.poll() is None:
            step()
            steps += 1
            if hasattr(step, "file"):   # what was read is warm now
                break
        told = prober.communicate(timeout=300)[0].strip().splitlines()
        neighbour = json.loads(told[-1]) if told and prober.returncode == 0 else {}
        after = histogram(server)
        total, p999, worst, exact = summary(before, after)
        return {"steps": steps, "seconds": time.monotonic() - began, "turns": total, "p999_ms": p999, "worst_ms": worst, "exact": exact,
                "took_ms": getattr(step, "took_ms", None), "neighbour": neighbour}
    finally:
        server.stop()


def run(given):
    given.seconds = max(given.seconds, 4)
    wanted = set(filter(None, given.only.split(",")))
    lines = ["| beside a producer | times | turns | p99.9 ≤ | longest | neighbour's p50 | p99.9 | worst | |", "|---|---:|---:|---:|---:|---:|---:|---:|---|"]
    for key, label, prepare in WORK_ITEMS:
        if wanted and key not in wanted:
            continue
        label = label.format(gb=given.stored)
        try:
            got = one(label, prepare, given)
        except (RuntimeError, OSError, subprocess.SubprocessError, struct.error) as fault:
            print(f"{key}: {str(fault)[:400]}", file=sys.stderr, flush=True)
            lines.append(f"| {label} | – | – | – | – | – | – | – | failed |")
            continue
        over = [f"p99.9 over {AIM_P999_MS} ms"] * (got["p999_ms"] > AIM_P999_MS) + [f"longest over {AIM_WORST_MS} ms"] * (got["worst_ms"] > AIM_WORST_MS)
        beside = got["neighbour"]
        note = ", ".join(over) + (f" (answered in {got['took_ms']:.1f} ms)" if got["took_ms"] else "")
        lines.append(f"| {label} | {got['steps']} | {got['turns']:,} | {number(got['p999_ms'])} ms | {'' if got['exact'] else '≤ '}{number(got['worst_ms'])} ms | "
                     + " | ".join(f"{number(beside.get(field))} ms" for field in ("p50_ms", "p999_ms", "max_ms")) + f" | {note} |")
        print(lines[-1], flush=True)
    asked = f"make bench ARGS='{' '.join(sys.argv[1:])}'"
    told = "\n".join(lines) + "\n\n" + where(asked, 1, given.seconds).split("; load")[0] + f"; {given.seconds:g} s each, p99.9 as the end of its bucket."
    print("\n" + told)
    if not given.no_write and not wanted:
        write("docs/performance.md", told, "turns")
