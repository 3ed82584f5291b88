"""An on-demand stream under load: what is refused before its first mark and after it, when it has 8 shards in place of 4, how long puts
take while it is split, and that each record that was let in is there. The clock runs faster, so that 15 minutes take one.

Aims: nothing is refused behind the mark, no record is lost.
"""
import base64
import json
import random
import re
import sys
import threading
import time

from contenders import Running
from kafka_wire import Wire, quantile
from pushed import Client
from report import number, where, write

RATE = 15                  # virtual seconds in one
ASKED = 6_000              # records a virtual second: more than the 4,000 that four shards take, and fewer than 8,000
MARK = 15 * 60
BATCH, CONNECTIONS, SIZE = 500, 4, 20
BEHIND = 30                # seconds, real, that the load goes on


class Loader(threading.Thread):
    """PutRecords at an even pace, none sent again. Each answer is kept as (when, seconds, taken, refused)."""

    def __init__(self, server, stop, chance):
        super().__init__(daemon=True)
        self.client, self.stop, self.answers, self.fault = Client(server), stop, [], None
        record = {"Data": base64.b64encode(b"d" * SIZE).decode()}
        self.bodies = [json.dumps({"StreamName": "scaled", "Records": [{**record, "PartitionKey": f"{chance.random()}"} for _ in range(BATCH)]}).encode()
                       for _ in range(8)]

    def run(self):
        every = BATCH * CONNECTIONS / (ASKED * RATE)
        due, count = time.monotonic(), 0
        try:
            while not self.stop.is_set():
                begun = time.monotonic()
                answer = self.client.send("PutRecords", self.bodies[count % len(self.bodies)])
                failed = int(re.search(rb'"FailedRecordCount":(\d+)', answer)[1])
                self.answers.append((begun, time.monotonic() - begun, BATCH - failed, failed))
                count, due = count + 1, due + every
                time.sleep(max(0, due - time.monotonic()))
        except Exception as fault:   # told by the main thread
            self.fault = fault


def open_shards(client):
    return client.ask("DescribeStreamSummary", StreamName="scaled")["StreamDescriptionSummary"]["OpenShardCount"]


def measure():
    server = Running("sluice", "kinesis", ["--kinesis-limits", "kinesis"])
    try:
        client = Client(server)
        client.ask("CreateStream", StreamName="scaled", StreamModeDetails={"StreamMode": "ON_DEMAND"})
        client.wire.request("POST", "/_sluice/v1/SetClockRate", json.dumps({"rate": RATE}))
        client.wire.getresponse().read()
        begun, stop = time.monotonic(), threading.Event()
        loaders = [Loader(server, stop, random.Random(n)) for n in range(CONNECTIONS)]
        for loader in loaders:
            loader.start()
        while open_shards(client) < 8:
            if time.monotonic() - begun > 3 * MARK / RATE or any(loader.fault for loader in loaders):
                raise RuntimeError(f"it has {open_shards(client)} shards: {[loader.fault for loader in loaders]}")
            time.sleep(0.02)
        grown = time.monotonic()
        time.sleep(BEHIND)
        stop.set()
        for loader in loaders:
            loader.join()
        answers = sorted(answer for loader in loaders for answer in loader.answers)
        taken = sum(answer[2] for answer in answers)
        wire = Wire(f"127.0.0.1:{server.kafka_port}")
        stored = sum(wire.offset("scaled", shard, -1) for shard in range(len(client.ask("ListShards", StreamName="scaled")["Shards"])))
        wire.close()
        return begun, grown, answers, taken, stored
    finally:
        server.stop()


def refused(answers):
    asked = sum(answer[2] + answer[3] for answer in answers)
    return 100 * sum(answer[3] for answer in answers) / max(1, asked), asked


def run(given):
    begun, grown, answers, taken, stored = measure()
    settled = grown + 1   # what was under way
    before, behind = [a for a in answers if begun + 1 <= a[0] < grown - 1], [a for a in answers if a[0] > settled]
    around = sorted(a[1] * 1000 for a in answers if grown - 1 <= a[0] <= settled)
    calm = sorted(a[1] * 1000 for a in behind)
    lines = ["| on-demand stream under load | |", "|---|---:|",
             f"| from 4 to 8 shards after, of virtual time | {number((grown - begun) * RATE / 60)} min |",
             f"| refused before, of {refused(before)[1]:,} records asked | {refused(before)[0]:.1f} % |",
             f"| refused from a second behind it on, of {refused(behind)[1]:,} | {refused(behind)[0]:.2f} % |",
             f"| PutRecords of {BATCH} within a second of the split, p50 and slowest | {number(quantile(around, 0.5))} and {number(around[-1])} ms |",
             f"| behind it, p50 and p99 | {number(quantile(calm, 0.5))} and {number(quantile(calm, 0.99))} ms |",
             f"| records let in, and there | {taken:,} and {stored:,} |"]
    told = "\n".join(lines) + f"\n\n{ASKED:,} records a second of {SIZE} B on {CONNECTIONS} connections, the clock {RATE} times faster.\n\n"
    told += where(f"make bench ARGS='{' '.join(sys.argv[1:])}'", 1, given.seconds)
    print("\n" + told)
    if taken != stored:
        sys.exit(f"{taken} records were let in and {stored} are there")
    if not given.no_write:
        write("docs/performance.md", told, "scaling")
