"""SubscribeToShard: how long after PutRecord a waiting reader has the record, beside the fastest peer that has it, and what 1,000 readers
of one shard cost the server beside a bare loop that writes the same bytes to as many sockets.

Aims: p50 1 ms and p99 5 ms; 1,000 readers at most 1.5 times the loop.
"""
import base64
import json
import re
import selectors
import socket
import subprocess
import sys
import threading
import time

from contenders import ROOT, Running
from growth import cpu_ms
from kafka_wire import quantile
from report import number, where, write
from turns import Kinesis

READERS, EVENTS, RECORDS, SIZE = 1_000, 100, 100, 256
HEAD = ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\nX-Amz-Target: Kinesis_20131202.SubscribeToShard\r\n"
        "X-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "
        "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64 + "\r\nContent-Length: ")


class Client(Kinesis):
    def ask(self, operation, **fields):
        got = self.send(operation, self.body(fields))
        return json.loads(got) if got else {}

    def consumer(self, arn, name):
        consumer = self.ask("RegisterStreamConsumer", StreamARN=arn, ConsumerName=name)["Consumer"]["ConsumerARN"]
        while self.ask("DescribeStreamConsumer", ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"] != "ACTIVE":
            time.sleep(0.01)
        return consumer


def stream_of(client, name):
    client.ask("CreateStream", StreamName=name, ShardCount=1)
    while True:
        told = client.ask("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]
        if told["StreamStatus"] == "ACTIVE":
            return told["StreamARN"]
        time.sleep(0.01)


def subscribed(server, consumer):
    body = json.dumps({"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "LATEST"}})
    wire = socket.create_connection(("127.0.0.1", server.kinesis_port), timeout=30)
    wire.sendall((HEAD + f"{len(body)}\r\n\r\n{body}").encode())
    return wire


def delays(name, seconds):
    """From the call of PutRecord to the record's data in a reader's hands, in ms, 100 a second."""
    server = Running(name, "kinesis", ["--kinesis-limits", "none"] if name.startswith("sluice") else [])
    try:
        client = Client(server)
        wire = subscribed(server, client.consumer(stream_of(client, "pushed"), "reader"))
        sent, arrived, rest = {}, {}, b""

        def read():
            nonlocal rest
            while len(arrived) < count:
                more = wire.recv(1 << 16)
                if not more:
                    return
                now, rest = time.perf_counter(), rest[-64:] + more
                for mark in re.findall(rb"bWFya[A-Za-z0-9+/]{13}", rest):   # base64 of "mark"
                    arrived.setdefault(mark, now)
        count = int(seconds * 100)
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        time.sleep(0.5)
        for n in range(count):
            data = base64.b64encode(b"mark%09d" % n)
            body = client.body({"StreamName": "pushed", "PartitionKey": "k"})[:-1] + b', "Data": "' + data + b'"}'
            sent[data.strip(b"=")] = time.perf_counter()
            client.send("PutRecord", body)
            time.sleep(0.01)
        reader.join(10)
        return sorted((arrived[mark] - at) * 1000 for mark, at in sent.items() if mark in arrived), count
    finally:
        server.stop()


def many():
    """Processor time of the server for one event and reader, in µs, and that of the loop."""
    server = Running("sluice", "kinesis", ["--kinesis-limits", "none"])
    try:
        client = Client(server)
        arn = stream_of(client, "many")
        wires, poll = [], selectors.DefaultSelector()
        for n in range(READERS):
            wires.append(subscribed(server, client.consumer(arn, f"reader-{n}")))
            poll.register(wires[-1], selectors.EVENT_READ, n)
        ends, seen = b'"ContinuationSequenceNumber"', [0] * READERS

        def drain(until):
            while min(seen) < until:
                for key, _ in poll.select(10):
                    seen[key.data] += key.fileobj.recv(1 << 18).count(ends)
        drain(1)
        data = base64.b64encode(b"d" * SIZE).decode()
        body = client.body({"StreamName": "many", "Records": [{"PartitionKey": "a partition key", "Data": data}] * RECORDS})
        before = cpu_ms(server)
        for n in range(EVENTS):
            client.send("PutRecords", body)
            drain(n + 2)
        spent = (cpu_ms(server) - before) * 1000 / EVENTS / READERS
    finally:
        server.stop()
    ran = subprocess.run([str(ROOT / "build/release/bench_push"), str(READERS), str(EVENTS)], capture_output=True, text=True, check=True)
    return spent, json.loads(ran.stdout)["bare"]


def run(given):
    lines = ["| SubscribeToShard | p50 | p99 | arrived |", "|---|---:|---:|---:|"]
    for name in ["sluice"] + [peer for peer in given.peers.split(",") if peer not in ("default", "none")]:
        try:
            taken, count = delays(name, max(given.seconds, 5))
            lines.append(f"| PutRecord to a waiting reader, {name} | {number(quantile(taken, 0.5))} ms | {number(quantile(taken, 0.99))} ms | {len(taken)} of {count} |")
        except (RuntimeError, OSError, IndexError) as fault:
            lines.append(f"| PutRecord to a waiting reader, {name} | – | – | {str(fault)[:80]} |")
        print(lines[-1], flush=True)
    spent, bare = many()
    lines += ["", f"{READERS:,} readers of one shard, {EVENTS} events of {RECORDS} records of {SIZE} B: {spent:.1f} µs of the server's processor time an event and reader; "
              f"a bare loop that writes the same records to {READERS:,} sockets: {bare:.1f} µs; {spent / bare:.2f} times."]
    told = "\n".join(lines) + "\n\n" + where(f"make bench ARGS='{' '.join(sys.argv[1:])}'", 1, given.seconds)
    print("\n" + told)
    if not given.no_write:
        write("docs/performance.md", told, "pushed")
