#!/usr/bin/env python3
"""Prints sluice's figures beside the fastest peers, all measured in one run, and writes them to docs/performance.md and README.md.

    make bench                              both doors, ferrokinesis and kfake as peers, about six minutes
    make bench ARGS='--peers kinesalite'    other peers: see PEERS below; Apache Kafka is slow to start and large
    make bench ARGS='--only kafka --rounds 1 --seconds 1 --no-write'

Every figure is the median of the rounds, and within a round the contenders take turns, because absolute numbers move by
half between runs on a shared machine while ratios hold. A ratio above 1 always means that sluice is ahead. The first call
installs the peers below build/peers from their own registries. Keep the machine free of other work meanwhile.
"""
import argparse
import http.client
import json
import os
import platform
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK, INSTALLED, HERE = ROOT / "build/bench", ROOT / "build/peers", ROOT / "bench"
SLUICE = ROOT / "build/release/sluice"
PORT = 14560   # each contender takes ten ports from here on

# name: (door, the tools its script needs)
PEERS = {
    "ferrokinesis": ("kinesis", ["cargo"]), "kinesalite": ("kinesis", ["npm", "node"]),
    "kinesis_mock": ("kinesis", ["npm", "node"]), "moto": ("kinesis", ["python3"]),
    "kfake": ("kafka", ["go"]), "tansu": ("kafka", ["cargo"]), "apache_kafka": ("kafka", ["java", "mvn"]),
}
# What each contender is told so that nobody's limits are measured: sizes only at the Kinesis door, Kafka has none.
FLAGS = {"sluice": ["--data", str(WORK / "data")], "sluice, in memory": ["--ephemeral"]}


def command(name, door, port):
    """The command that serves 127.0.0.1:port in the foreground."""
    if name in FLAGS:
        other = port + 1
        kinesis, kafka = (port, other) if door == "kinesis" else (other, port)
        return [str(SLUICE), "serve", "--quiet", "--kinesis", f"127.0.0.1:{kinesis}", "--kafka", f"127.0.0.1:{kafka}",
                "--control", f"127.0.0.1:{port + 2}", "--kinesis-limits", "none", *FLAGS[name]]
    return [str(HERE / "peers" / f"{name}.sh"), str(INSTALLED / name), str(port)]


def answers(door, port):
    """Whether the door answers its protocol's simplest question: ListStreams, or ApiVersions."""
    try:
        if door == "kinesis":
            http_door = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            http_door.request("POST", "/", "{}", {
                "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams", "X-Amz-Date": "20260101T000000Z",
                "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "
                                 "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64})
            return http_door.getresponse().status == 200
        with socket.create_connection(("127.0.0.1", port), timeout=5) as wire:
            request = struct.pack(">hhih5s", 18, 0, 1, 5, b"bench")
            wire.sendall(struct.pack(">i", len(request)) + request)
            return len(wire.recv(4)) == 4
    except (OSError, http.client.HTTPException):
        return False


class Running:
    """One server in a process group of its own; start_ms counts from the server's exec, not from its script's."""

    def __init__(self, name, door, port, patience_s=60):
        if name == "sluice":
            shutil.rmtree(WORK / "data", ignore_errors=True)
        self.name, self.door, self.port = name, door, port
        self.log = open(WORK / f"{name.split(',')[0]}-{door}.log", "w")
        self.process = subprocess.Popen(command(name, door, port), stdout=self.log, stderr=self.log, start_new_session=True)
        began = time.perf_counter()
        give_up = began + patience_s
        while not answers(door, port):
            if self.comm() in ("sh", "bash", "dash", f"{name}.sh"[:15]):
                began = time.perf_counter()
            if self.process.poll() is not None or time.perf_counter() > give_up:
                self.stop()
                raise RuntimeError(f"{name} does not answer; see {self.log.name}")
            time.sleep(0.0005)
        self.start_ms = (time.perf_counter() - began) * 1000

    def comm(self):
        try:
            return Path(f"/proc/{self.process.pid}/comm").read_text().strip()
        except OSError:
            return ""

    def resident_mib(self):
        total = 0
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.getpgid(int(entry.name)) == self.process.pid:
                    total += int(re.search(r"VmRSS:\s+(\d+)", (entry / "status").read_text())[1])
            except (OSError, TypeError):
                pass
        return total / 1024

    def stop(self):
        for what in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, what)
                self.process.wait(5)
                return
            except (subprocess.TimeoutExpired, ProcessLookupError):
                pass
        self.process.wait()


def load(tool, *flags):
    done = subprocess.run([str(WORK / tool), *map(str, flags)], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{tool} {' '.join(map(str, flags))}: {done.stderr[-300:]}{done.stdout[-300:]}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    if answer.get("errors") or answer.get("failed") or answer.get("throttled_calls") or answer.get("lost"):
        raise RuntimeError(f"{tool}: {answer}")
    return answer


def kinesis_load(server, op, stream, *more):
    return load("kinesis_load", "--endpoint", f"http://127.0.0.1:{server.port}", "--json", "--shards", 16, "--op", op, "--stream", stream, *more)


def kafka_load(server, mode, *more):
    return load("kafka_load", mode, "-b", f"127.0.0.1:{server.port}", *more)


def measures(door, seconds):
    """Per measure: the rows it fills as (label, field of the generator's answer, unit), what is prepared once, what is run each round."""
    timed, both = f"{seconds}s", lambda label: [(f"{label}, p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms")]
    if door == "kinesis":
        return [
            ([("PutRecord, 256 B, 16 connections", "req_s", "/s"), ("… p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms")], None,
             lambda s: kinesis_load(s, "PutRecord", "one", "--seconds", seconds, "--conns", 16)),
            ([("PutRecords, 500 × 256 B, 8 connections", "rec_s", "records/s")], None,
             lambda s: kinesis_load(s, "PutRecords", "many", "--seconds", seconds, "--conns", 8)),
            ([("GetRecords, 8 readers", "rec_s", "records/s")],
             lambda s: kinesis_load(s, "PutRecords", "filled", "--records", 400_000, "--conns", 8),
             lambda s: kinesis_load(s, "GetRecords", "filled", "--seconds", seconds, "--conns", 8))]

    def fill(server):
        kafka_load(server, "raw-produce", "-topic", "big", "-n", 2_000_000, "-dur", "60s")
    return [
        ([("Produce, acks=all, 16 KiB batches of 100 B", "rec_s", "records/s"), ("… p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms")], None,
         lambda s: kafka_load(s, "raw-produce", "-n", 100_000_000, "-dur", timed)),
        ([("Produce, 512 KiB batches", "MB_s", "MB/s")], None,
         lambda s: kafka_load(s, "raw-produce", "-n", 100_000_000, "-batch", 524288, "-inflight", 4, "-dur", timed)),
        (both("Produce, one record, one in flight"), None, lambda s: kafka_load(s, "raw-lat", "-n", 10_000_000, "-dur", timed)),
        ([("Fetch, 1 MiB answers", "rec_s", "records/s")], fill, lambda s: kafka_load(s, "raw-fetch", "-topic", "big", "-dur", timed)),
        ([("franz-go, idempotent producer", "rec_s", "records/s")], None, lambda s: kafka_load(s, "produce", "-n", 1_000_000)),
        ([("franz-go, consumer from the start", "rec_s", "records/s")], fill, lambda s: kafka_load(s, "consume", "-topic", "big", "-n", 1_990_000)),
        (both("franz-go, produced → consumed at 1,000/s"), None, lambda s: kafka_load(s, "e2e", "-dur", timed))]


def bench(door, names, rounds, seconds):
    """Yields rows (label, unit, {name: [values]}); a contender that fails a measure has no value there."""
    ports = {name: PORT + 10 * i for i, name in enumerate(names)}
    first, idle = {n: [] for n in names}, {n: [] for n in names}
    for _ in range(max(rounds, 3)):
        for name in names:
            server = Running(name, door, ports[name])
            time.sleep(2)
            first[name].append(server.start_ms)
            idle[name].append(server.resident_mib())
            server.stop()
    rows = [("start to first answer", "ms", first), ("idle memory", "MiB", idle)]
    for fields, prepare, run in measures(door, seconds):
        taken = {field: {n: [] for n in names} for _, field, _ in fields}
        servers = [Running(name, door, ports[name]) for name in names]
        try:
            out = set()
            for number in range(-1, rounds):   # round -1 warms up: fills, connects, compiles
                for server in servers:
                    if server.name in out:
                        continue
                    try:
                        if number < 0 and prepare:
                            prepare(server)
                        answer = run(server)
                    except (RuntimeError, subprocess.TimeoutExpired) as fault:
                        print(f"{server.name}: {fields[0][0]}: {str(fault)[:300]}", file=sys.stderr)
                        out.add(server.name)
                        continue
                    if number >= 0:
                        for _, field, _ in fields:
                            taken[field][server.name].append(answer[field])
        finally:
            for server in servers:
                server.stop()
        for label, field, unit in fields:
            rows.append((label, unit, taken[field]))
            print(label, {n: [round(v, 3) for v in values] for n, values in taken[field].items()}, flush=True)
    return rows


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def table(door, names, rows):
    ours, peers = [n for n in names if n in FLAGS], [n for n in names if n not in FLAGS]
    lines = [f"| {door.capitalize()} door | unit | " + " | ".join(names) + " | ratio |", "|---|---|" + "---:|" * (len(names) + 1)]
    for label, unit, values in rows:
        middle = {n: statistics.median(v) for n, v in values.items() if v}
        less_is_better = unit in ("ms", "MiB")
        told = [middle[n] for n in peers if n in middle]
        ratio = "–"
        if told and ours[0] in middle:
            ratio = f"{min(told) / middle[ours[0]]:.2f}" if less_is_better else f"{middle[ours[0]] / max(told):.2f}"
        lines.append(f"| {label} | {unit} | " + " | ".join(number(middle[n]) if n in middle else "–" for n in names) + f" | {ratio} |")
    return "\n".join(lines)


def write(path, text):
    before = path.read_text()
    after = re.sub(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", lambda m: m[1] + text + "\n" + m[2], before, flags=re.S)
    path.write_text(after)


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--peers", default="ferrokinesis,kfake", help="comma-separated: " + ", ".join(PEERS))
    ask.add_argument("--only", choices=["kinesis", "kafka"])
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--seconds", type=int, default=3)
    ask.add_argument("--no-write", action="store_true", help="print only")
    given = ask.parse_args()
    if not SLUICE.exists():
        sys.exit(f"{SLUICE} is missing: make build")
    if not shutil.which("go"):
        sys.exit("the load generators need Go 1.26 or newer (https://go.dev/dl); it is not on the PATH")
    WORK.mkdir(parents=True, exist_ok=True)
    for tool in ("kinesis_load", "kafka_load"):
        subprocess.run(["go", "build", "-o", str(WORK / tool), "."], cwd=HERE / "load" / tool, check=True)

    doors, notes = {"kinesis": list(FLAGS), "kafka": list(FLAGS)}, []
    for name in filter(None, given.peers.split(",")):
        if name not in PEERS:
            sys.exit(f"no peer is called {name}; there are {', '.join(PEERS)}")
        door, tools = PEERS[name]
        if given.only not in (None, door):
            continue
        if missing := [tool for tool in tools if not shutil.which(tool)]:
            notes.append(f"{name} is missing here: it needs {' and '.join(missing)}.")
            continue
        print(f"{name}: trying it (the first time it is downloaded and built)", flush=True)
        try:
            Running(name, door, PORT, patience_s=1800).stop()
            doors[door].append(name)
        except RuntimeError as fault:
            notes.append(f"{name} is missing here: {fault}.")

    parts = []
    for door, names in doors.items():
        if given.only in (None, door):
            parts.append(table(door, names, bench(door, names, given.rounds, given.seconds)))
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    asked = f"make bench ARGS='{' '.join(sys.argv[1:])}'" if sys.argv[1:] else "make bench"
    where = (f"Measured by `{asked}` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores"
             f"{' (' + cpu[1].strip() + ')' if cpu else ''}, Linux {".".join(platform.release().split(".")[:2])}; load generators on the same cores, "
             f"median of {given.rounds} interleaved rounds of {given.seconds} s. A ratio above 1 means sluice is ahead of the best peer.")
    text = "\n\n".join([*parts, where, *notes])
    print("\n" + text)
    if not given.no_write and given.only is None:
        write(ROOT / "docs/performance.md", text)
        write(ROOT / "README.md", text)


if __name__ == "__main__":
    main()
