"""Does a figure grow with what is there, or only with what changes? Each row for n and for 10 n.

Aims: any clock move over idle streams takes at most 50 ms and no turn above 5 ms at p99.9, and an idle hour writes nothing; a start with
40,000 topics takes less than 1.5 s, with 100,000 partitions in one topic less than 1 s, with 1,000 connections and 500 groups besides too; a record that is appended costs its own waiters only;
every request of a list is linear in the list.
"""
import http.client
import json
import os
import resource
import struct
import subprocess
import sys
import threading
import time

from contenders import ROOT, Running, TICKS
from kafka_wire import Wire, batch, text
from report import where, write
from turns import histogram, summary


def control(server, call, fields):
    wire = http.client.HTTPConnection("127.0.0.1", server.kinesis_port, timeout=600)
    began = time.perf_counter()
    wire.request("POST", f"/_sluice/v1/{call}", json.dumps(fields))
    answer = wire.getresponse()
    got = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{call}: {answer.status} {got[:200]}")
    return (time.perf_counter() - began) * 1000


def ask(server, key, version, *body):
    wire = Wire(f"127.0.0.1:{server.kafka_port}")
    got = wire.ask(key, version, *body)
    wire.socket.close()
    return got


def settled(answer, messages):
    """The errors that an answer of CreateTopics v4, CreatePartitions v1 (with messages) or DeleteTopics v3 names, by code: there must be none."""
    at, codes = 8, {}
    for _ in range(struct.unpack(">i", answer[4:8])[0]):
        at += 2 + struct.unpack(">h", answer[at:at + 2])[0]
        code = struct.unpack(">h", answer[at:at + 2])[0]
        codes[code] = codes.get(code, 0) + 1
        at += 2
        if messages:
            at += 2 + max(0, struct.unpack(">h", answer[at:at + 2])[0])
    if set(codes) != {0}:
        raise RuntimeError(f"answered with codes {codes}")


def create(server, names, partitions=1):
    """CreateTopics v4. A request takes 10,000 partitions at most, so a wider topic grows by CreatePartitions v1."""
    first = min(partitions, 10_000)
    at_once = max(1, 2_000 // first)
    for at in range(0, len(names), at_once):
        some = names[at:at + at_once]
        settled(ask(server, 19, 4, struct.pack(">i", len(some)),
                    *(text(name) + struct.pack(">ihii", first, 1, 0, 0) for name in some), struct.pack(">iB", 600_000, 0)), True)


    for name in names:
        for count in range(20_000, partitions + 1, 10_000):
            settled(ask(server, 37, 1, struct.pack(">i", 1), text(name), struct.pack(">ii", count, -1), struct.pack(">iB", 600_000, 0)), True)


def delete(server, names):
    settled(ask(server, 20, 3, struct.pack(">i", len(names)), *map(text, names), struct.pack(">i", 600_000)), False)


def cpu_ms(server):
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / TICKS


def written_bytes(server):
    for line in open(f"/proc/{server.process.pid}/io"):
        if line.startswith("wchar:"):
            return int(line.split()[1])


def again(server, door, flags=()):
    """Stops the server and starts it on the same folder; yields it, with its start in ms."""
    folder = server.data
    server.keep = True
    server.stop()
    return Running(server.name, door, flags, data=folder, patience_s=600)


# ---------- rows: each yields {what: (figure, unit, aim or None)} ----------

def clock(n):
    server = Running("sluice", "kinesis")
    try:
        create(server, [f"idle-{i}" for i in range(n)])
        control(server, "FreezeClock", {})
        before = histogram(server)
        took = [control(server, "AdvanceClock", {"span": f"{span}s"}) for span in (3600, 86_400, 8_760 * 3600)]
        took.append(control(server, "SetClock", {"time": "2400-01-01T00:00:00Z"}))
        _, p999, worst, _ = summary(before, histogram(server))
        figures = {"longest of four moves, to the year 2400": (max(took), "ms", 50), "turns meanwhile, p99.9": (p999, "ms", 5),
                   "the longest turn": (worst, "ms", None)}
        control(server, "ResumeClock", {})
        control(server, "SetClockRate", {"rate": 3600})
        time.sleep(0.5)
        wrote = written_bytes(server)
        time.sleep(3)
        figures["written in 10,800 s at rate 3600"] = (written_bytes(server) - wrote, "B", 0)
        return figures
    finally:
        server.stop()


def start(topics, partitions, aim):
    server = Running("sluice", "kafka")
    try:
        create(server, [f"topic-{i}" for i in range(topics)], partitions)
        server = again(server, "kafka")
        return {f"start with {topics:,} topics of {partitions:,} partitions": (server.start_ms, "ms", aim)}
    finally:
        server.keep = False
        server.stop()


def fan_out(partitions):
    server = Running("sluice", "kafka")
    wires = []
    try:
        create(server, ["wide"], partitions)
        # Fetch v11: twenty sessions over all partitions, each parked for more bytes than come.
        for _ in range(20):
            wire = Wire(f"127.0.0.1:{server.kafka_port}")
            asked = b"".join(struct.pack(">iiqqi", p, -1, 0, -1, 1 << 20) for p in range(partitions))
            opened = wire.ask(1, 11, struct.pack(">iiiiBii", -1, 0, 0, 1 << 20, 0, 0, 0), struct.pack(">i", 1), text("wide"),
                              struct.pack(">i", partitions), asked, struct.pack(">i", 0), text(""))
            session = struct.unpack(">i", opened[6:10])[0]
            wire.send(1, 11, struct.pack(">iiiiBii", -1, 600_000, 1 << 30, 1 << 20, 0, session, 1), struct.pack(">ii", 0, 0), text(""))
            wires.append(wire)
        time.sleep(1)
        producer, count = Wire(f"127.0.0.1:{server.kafka_port}"), 3_000
        before = cpu_ms(server)
        for _ in range(count):
            one = batch(b"x" * 100, int(time.time() * 1000))
            producer.send_produce("wide", 0, one)
            producer.receive_produce("wide")
        return {f"one record, 20 consumers over {partitions:,} partitions": ((cpu_ms(server) - before) / count, "ms of CPU", None)}
    finally:
        for wire in wires:
            wire.socket.close()
        server.stop()


def join(wire, group, topic):
    """JoinGroup v2 and SyncGroup v1, as the only member: range, all of nothing but the topic's name. The coordinator holds the group."""
    subscription = struct.pack(">hi", 0, 1) + text(topic) + struct.pack(">i", 0)
    joined = wire.ask(11, 2, text(group), struct.pack(">ii", 600_000, 600_000), text(""), text("consumer"), struct.pack(">i", 1), text("range"),
                      struct.pack(">i", len(subscription)), subscription)
    at = 4
    code, generation = struct.unpack(">hi", joined[at:at + 6])
    at += 6
    for _ in range(2):   # protocol and leader
        at += 2 + struct.unpack(">h", joined[at:at + 2])[0]
    member = bytes(joined[at:at + 2 + struct.unpack(">h", joined[at:at + 2])[0]])
    assignment = struct.pack(">hi", 0, 1) + text(topic) + struct.pack(">iii", 1, 0, 0)
    synced = wire.ask(14, 1, text(group), struct.pack(">i", generation), member, struct.pack(">i", 1), member, struct.pack(">i", len(assignment)), assignment)
    if code or struct.unpack(">h", synced[4:6])[0]:
        raise RuntimeError(f"group {group}: answered {code} and {struct.unpack('>h', synced[4:6])[0]}")
    stored = wire.ask(8, 2, text(group), struct.pack(">i", generation), member, struct.pack(">qi", -1, 1), text(topic), struct.pack(">iiq", 1, 0, 0), text(""))
    if code := struct.unpack(">h", stored[-2:])[0]:
        raise RuntimeError(f"group {group}: OffsetCommit answered {code}")


def everything(partitions):
    """Partitions, a hundredth as many connections and a two-hundredth as many groups, of one member and one committed offset each."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, max(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    server = Running("sluice", "kafka")
    wires = []
    try:
        idle = server.memory_mib()[1]
        create(server, ["wide"], partitions)
        wires = [Wire(f"127.0.0.1:{server.kafka_port}") for _ in range(partitions // 100)]
        for number in range(partitions // 200):
            join(wires[number], f"group-{number}", "wide")
        for wire in wires[partitions // 200:]:
            wire.ask(18, 0)
        time.sleep(2)
        held = server.memory_mib()[1] - idle
        producer, count = Wire(f"127.0.0.1:{server.kafka_port}"), 3_000
        wires.append(producer)
        before, took = cpu_ms(server), []
        for _ in range(count):
            began = time.perf_counter()
            producer.send_produce("wide", 0, batch(b"x" * 100, int(time.time() * 1000)))
            if producer.receive_produce("wide")[0]:
                raise RuntimeError("the record was not taken")
            took.append((time.perf_counter() - began) * 1000)
        figures = {"private memory with all of them, above idle": (held, "MiB", None),
                   "one record appended": ((cpu_ms(server) - before) / count * 1000, "µs of CPU", None),
                   "one record appended, p50": (sorted(took)[count // 2], "ms", None)}
        for wire in wires:
            wire.socket.close()
        server = again(server, "kafka")
        figures["start"] = (server.start_ms, "ms", 1_000)
        return figures
    finally:
        for wire in wires:
            wire.socket.close()
        server.keep = False
        server.stop()


def push(readers):
    """bench/push.cpp: the pushing thread alone, events of 100 records of 256 B."""
    ran = subprocess.run([str(ROOT / "build/release/bench_push"), str(readers), str(100_000 // readers)], capture_output=True, text=True, check=True)
    spent = json.loads(ran.stdout)
    return {f"encoded once for {readers:,} readers": (spent["shared"], "µs of CPU a reader", None), "encoded for each": (spent["each"], "µs of CPU a reader", None),
            "a bare loop of writes": (spent["bare"], "µs of CPU a reader", None)}


def lists(n):
    server = Running("sluice", "kafka")
    try:
        names = [f"listed-{i}" for i in range(n)]
        body = [text(name) + struct.pack(">ihii", 1, 1, 0, 0) for name in names]
        took = {}

        def timed(what, call):
            began = time.perf_counter()
            call()
            took[what] = ((time.perf_counter() - began) * 1000, "ms", None)
        timed(f"CreateTopics, {n:,} names", lambda: settled(ask(server, 19, 4, struct.pack(">i", n), *body, struct.pack(">iB", 600_000, 0)), True))
        more = [text(name) + struct.pack(">ii", 2, -1) for name in names]
        timed(f"CreatePartitions, {n:,} names", lambda: settled(ask(server, 37, 1, struct.pack(">i", n), *more, struct.pack(">iB", 600_000, 0)), True))
        timed(f"DeleteTopics, {n:,} names", lambda: delete(server, names))
        return took
    finally:
        server.stop()


def run(given):
    small, large = (int(x) for x in os.environ.get("GROWTH", "100,1000").split(","))
    pairs = [("clock moves over idle topics", lambda n: clock(n), (small, large)),
             ("start with many topics", lambda n: start(n, 1, 1_500), (4_000, 40_000)),
             ("start with many partitions", lambda n: start(1, n, 1_000), (10_000, 100_000)),
             ("partitions, connections and groups", everything, (10_000, 100_000)),
             ("an appended record", fan_out, (1_000, 10_000)),
             ("a push", push, (100, 1_000)),
             ("lists", lists, (1_000, 10_000))]
    wanted = [key for key in given.only.split(",") if key]
    lines = ["| | n | figure | 10 n | figure | aim |", "|---|---:|---:|---:|---:|---:|"]
    for name, row, (one, ten) in pairs:
        if wanted and not any(key in name for key in wanted):
            continue
        told = []
        for n in (one, ten):
            try:
                told.append(row(n))
            except (RuntimeError, OSError) as fault:
                print(f"{name}, {n}: {str(fault)[:300]}", file=sys.stderr, flush=True)
                told.append({})
        for at in range(max(map(len, told))):
            cells = [list(figures.items())[at] if at < len(figures) else (None, None) for figures in told]
            what = (cells[1][0] or cells[0][0]).replace(f"{ten:,}", "10 n").replace(f"{one:,}", "n")
            show = ["-" if figure is None else f"{figure[0]:,.1f} {figure[1]}" for _, figure in cells]
            aim = next((f"{figure[2]:,}" for _, figure in cells if figure and figure[2] is not None), "")
            lines.append(f"| {name}: {what} | {one:,} | {show[0]} | {ten:,} | {show[1]} | {aim} |")
            print(lines[-1], flush=True)
    told = "\n".join(lines) + "\n\n" + where(f"make bench ARGS='{' '.join(sys.argv[1:])}'", 1, 0)
    print("\n" + told)
    if not given.no_write and not wanted:
        write("docs/performance.md", told, "growth")
