"""Does a figure change with what else is there? The same rows on an empty sluice and on crowded ones, in turn.

Beside 5,000 partitions, with gigabytes stored (--stored), with 1,000 idle connections, half of them at each door. A ratio of 1 means: no.
"""
import resource
import socket
import subprocess
import sys

from contenders import OURS, Running
from report import LESS_IS_BETTER, number, where, write
from rows import ROWS, kafka_load, median

KEYS = ["putrecord", "putrecords", "getrecords", "produce-16k", "produce-512k", "fetch", "latency", "e2e", "first"]


def partitions(server, given):
    for i in range(5):
        kafka_load(server, "raw-produce", "-topic", f"wide-{i}", "-parts", 1000, "-n", 0)


def stored(server, given):
    kafka_load(server, "raw-produce", "-topic", "stored", "-n", int(given.stored * 1e9 / 108), "-dur", "300s", "-batch", 524288, "-inflight", 4)


def connections(server, given):
    server.held = []
    for i in range(1000):
        wire = socket.create_connection(("127.0.0.1", server.kafka_port if i % 2 else server.kinesis_port))
        if i % 2 == 0:
            wire.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            wire.recv(4096)
        server.held.append(wire)


def run(given):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, max(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    crowds = {"sluice": None, "5,000 partitions": partitions, f"{given.stored:g} GB stored": stored, "1,000 connections": connections}
    wanted = set(filter(None, given.only.split(",")))
    rows = [row for row in ROWS if row.key in (wanted or KEYS)]
    servers = {}
    lines = ["| | unit | empty | " + " | ".join(f"{name} | ratio" for name in list(crowds)[1:]) + " |", "|---|---|---:|" + "---:|" * (2 * len(crowds) - 2)]
    try:
        for name, crowd in crowds.items():
            OURS.setdefault(name, [])
            servers[name] = Running(name, "kafka")
            if crowd:
                crowd(servers[name], given)
            print(f"{name}: ready", flush=True)
        for row in rows:
            lines += measure(row, servers, given)
    finally:
        for server in servers.values():
            server.stop()
    asked = f"make bench ARGS='{' '.join(sys.argv[1:])}'"
    told = "\n".join(lines) + "\n\n" + where(asked, given.rounds, given.seconds).replace("sluice is ahead of the best peer", "the crowded one is faster")
    print("\n" + told)
    if not given.no_write and not wanted:
        write("docs/performance.md", told, "crowded")


def measure(row, servers, given):
    taken = {name: {field: [] for _, field, _ in row.fields} for name in servers}
    for number_ in range(-1, given.rounds):
        for name, server in servers.items():
            if number_ < 0:
                server.kept_bytes = server.metric("sluice_store_used_bytes")
                if row.prepare:
                    row.prepare(server)
                server.kept_bytes = server.metric("sluice_store_used_bytes")
            try:
                answer = row.run(server, 0.3 if number_ < 0 else given.seconds)
            except (RuntimeError, subprocess.SubprocessError, OSError) as fault:
                print(f"{row.key}: {name}: {str(fault)[:300]}", file=sys.stderr, flush=True)
                continue
            if number_ >= 0:
                for _, field, _ in row.fields:
                    taken[name][field].append(answer[field])
    lines = []
    for suffix, field, unit in row.fields:
        middle = {name: median(taken[name][field]) for name in servers}
        plain = middle.pop("sluice")
        line = f"| {suffix if suffix.startswith('…') else row.label + suffix} | {unit} | {number(plain)} |"
        for value in middle.values():
            share = None if not plain or not value else plain / value if unit in LESS_IS_BETTER else value / plain
            line += f" {number(value)} | {f'{share:.2f}' if share else '–'} |"
        lines.append(line)
        print(line, flush=True)
    return lines
