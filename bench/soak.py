#!/usr/bin/env python3
"""Retention turns a file over and over: does it stay small, and as fast as at the beginning?

    make soak                     10 minutes, then 10 more on the file as it was left
    make soak MINUTES=2 ARGS='--again 1'

Five topics with five retentions, entries from 200 B to 1 MiB in random order, a topic that is deleted and made again each minute, fast
readers and slow ones. The server's clock runs 60 times faster, so that retention, which trims on full minutes of that clock, trims each
second. First the top rate is measured, then the writers keep to a share of it. Written: a table and a plot in build/soak, and what should
hold: each live byte turned over 20 times, the file at most 1.5 times what is live, the last minute at least 0.9 of the first steady one.
"""
import argparse
import json
import multiprocessing as mp
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from kafka_wire import Wire, batch, quantile

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build/soak"
CLOCK_RATE = 60
SHARES = [0.3, 0.6, 1.0, 1.3, 1.8]   # of the mean retention
PARTITIONS, WRITERS, IN_FLIGHT = 4, 6, 3
TABLE = [("MB/s", "rate"), ("live MB", "live"), ("file MB", "file"), ("file ÷ live", "ratio"), ("free pages", "free"), ("longest run", "run"),
         ("largest record", "record"), ("p50 ms", "p50"), ("p99.9 ms", "p999"), ("max ms", "max"), ("fast MB/s", "fast"), ("slow MB/s", "slow"),
         ("load", "load")]


class Server:
    def __init__(self, folder, program, flags):
        self.log = open(OUT / "server.log", "a")
        command = [program, "serve", "--quiet", "--kinesis", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--control", "127.0.0.1:0",
                   "--data", str(folder), *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        doors = json.loads(self.process.stdout.readline())
        self.kafka, self.kinesis, self.control = doors["kafka"], doors["kinesis"], doors["control"]
        self.program = program

    def words(self, *args):
        return subprocess.run([self.program, *args, "--control", self.control], check=True, capture_output=True, text=True).stdout

    def metrics(self):
        with urllib.request.urlopen(f"http://{self.kinesis}/metrics", timeout=60) as answer:
            return {name: float(value) for name, value in re.findall(r"^(\w+) (\S+)$", answer.read().decode(), re.M)}

    def live_bytes(self):
        return sum(int(s.get("bytes", 0)) for s in json.loads(self.words("streams", "--json")).get("streams", []))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            print("FALLS SHORT  the server did not stop within a minute", flush=True)


def pool(seed, count=48):
    """Batches of one record, their sizes spread evenly over the logarithm."""
    chance = random.Random(seed)
    now = int(time.time() * 1000)
    sizes = [int(200 * (1048576 / 200) ** (i / (count - 1))) for i in range(count)]
    made = [batch(chance.randbytes(max(1, size - 80)), now) for size in sizes]
    return [made[i] for i in (chance.randrange(count) for _ in range(4096))]


def writer(number, address, topics, rate, written, stop):
    """Sends at the rate (bytes a second, shared; 0: as fast as it can), a few requests in flight. `written` counts acknowledged bytes."""
    wire, chance, frames = Wire(address), random.Random(number), pool(number)
    waiting, at, began, sent, given_up = [], 0, time.monotonic(), 0, 0
    last_rate = rate.value
    while not stop.value:
        if rate.value != last_rate:
            last_rate, began, sent = rate.value, time.monotonic(), 0
        if last_rate > 0:
            ahead = sent / last_rate - (time.monotonic() - began)
            if ahead > 0.002 and not waiting:
                time.sleep(min(ahead, 0.05))
                continue
            if ahead < -2:   # what was not kept up with is not made up for later
                began, sent = time.monotonic(), 0
        if len(waiting) < IN_FLIGHT and (last_rate == 0 or ahead <= 0.002):
            frame, topic = frames[at % len(frames)], chance.choice(topics)
            at += 1
            wire.send_produce(topic, chance.randrange(PARTITIONS), frame)
            waiting.append((topic, len(frame)))
            sent += len(frame)
            continue
        topic, size = waiting.pop(0)
        error, _ = wire.receive_produce(topic)
        if error == 0:
            written[number] += size
        elif topic != "fleeting":   # that one is away now and then
            given_up += 1
            if given_up > 100:
                raise SystemExit(f"writer {number}: error {error} again and again")


def probe(address, samples, stop):
    """One small record at a time, one in flight, 200 a second: what another client of the server sees."""
    wire, frame = Wire(address), batch(b"x" * 200, int(time.time() * 1000))
    while not stop.value:
        began = time.perf_counter()
        wire.send_produce("probe", 0, frame)
        wire.receive_produce("probe")
        took = time.perf_counter() - began
        samples.send(took * 1000)
        time.sleep(max(0, 0.005 - took))


def reader(address, topic, partition, pause, buffer, got, index, stop):
    """Follows a partition; with a pause it is a slow one that falls out of what is kept again and again."""
    wire = Wire(address, buffer)
    offset = wire.offset(topic, partition, -2)
    while not stop.value:
        wire.send_fetch(topic, partition, offset, 1 << 20)
        if pause:
            time.sleep(pause)   # the answer waits in the server meanwhile
        error, size, following = wire.receive_fetch(topic)
        got[index] += size
        offset = following if following is not None else wire.offset(topic, partition, -2) if error == 1 else offset


def load_average():
    return os.getloadavg()[0]


def run(server, minutes, share, retention_s, rows, label, top=None, last=False):
    """One stretch of load; yields the rate at full speed, measured first (or `top`, when it is known), and again at the end of the last one."""
    control = Wire(server.kafka)
    topics = [f"keep-{i}" for i in range(len(SHARES))]
    for topic, part in zip(topics, SHARES):
        control.create_topic(topic, PARTITIONS, [("retention.ms", str(int(retention_s * part * CLOCK_RATE * 1000)))])
    for topic in ("fleeting", "probe"):
        control.create_topic(topic, PARTITIONS, [("retention.ms", str(int(retention_s * CLOCK_RATE * 1000)))])
    rate, stop = mp.Value("d", 0.0), mp.Value("b", 0)
    written, got = mp.Array("Q", WRITERS, lock=False), mp.Array("Q", 4, lock=False)
    samples, sender = mp.Pipe(False)
    parts = [mp.Process(target=writer, args=(i, server.kafka, topics * 4 + ["fleeting"], rate, written, stop), daemon=True) for i in range(WRITERS)]
    parts.append(mp.Process(target=probe, args=(server.kafka, sender, stop), daemon=True))
    for i, (pause, buffer) in enumerate([(0, None), (0, None), (1.0, 16384), (5.0, 16384)]):
        parts.append(mp.Process(target=reader, args=(server.kafka, topics[i], 0, pause, buffer, got, i, stop), daemon=True))
    for part in parts:
        part.start()
    latencies, taken = [], threading.Lock()

    def collect():
        try:
            while True:
                one = samples.recv()
                with taken:
                    latencies.append(one)
        except (EOFError, OSError):
            pass
    threading.Thread(target=collect, daemon=True).start()

    def measure(seconds):
        before, began = sum(written), time.monotonic()
        time.sleep(seconds)
        return (sum(written) - before) / (time.monotonic() - began)
    if top is None:
        measure(5)   # batches are made, caches filled
        top = measure(15)
        print(f"top rate: {top / 1e6:.0f} MB/s", flush=True)
    rate.value = top * share / WRITERS
    total_before = sum(written)
    for minute in range(1, minutes + 1):
        with taken:
            latencies.clear()
        before, read_before, began = sum(written), list(got), time.monotonic()
        seen = {"free": 0, "run": 0, "record": 0, "file": 0}
        ratios = []
        control.delete_topic("fleeting")
        control.create_topic("fleeting", PARTITIONS, [("retention.ms", str(int(retention_s * CLOCK_RATE * 1000)))])
        while time.monotonic() < began + 60:
            time.sleep(max(0, min(10, began + 60 - time.monotonic())))
            now, live = server.metrics(), server.live_bytes()
            seen = {"free": max(seen["free"], now["sluice_store_free_pages"]), "run": max(seen["run"], now["sluice_store_longest_free_run"]),
                    "record": max(seen["record"], now["sluice_store_largest_freelist_record"]), "file": now["sluice_store_file_bytes"] / 1e6}
            ratios.append(live)
        took = time.monotonic() - began
        with taken:
            told = sorted(latencies)
        live = sum(ratios) / len(ratios) / 1e6
        row = {"part": label, "minute": minute, "rate": (sum(written) - before) / took / 1e6, "live": live, **seen,
               "ratio": seen["file"] / live if live else 0, "p50": quantile(told, 0.5), "p999": quantile(told, 0.999), "max": told[-1] if told else 0,
               "fast": (got[0] + got[1] - read_before[0] - read_before[1]) / took / 1e6,
               "slow": (got[2] + got[3] - read_before[2] - read_before[3]) / took / 1e6, "load": load_average()}
        rows.append(row)
        print(f"{label} {minute:3} " + " ".join(f"{row[key]:12.2f}" for _, key in TABLE), flush=True)
        if not all(p.is_alive() for p in parts):
            raise SystemExit("a writer or reader has ended; see above")
    total = sum(written) - total_before
    rate.value = 0
    end_top = measure(15) if last else None
    stop.value = 1
    for part in parts:
        part.join(15)
        if part.is_alive():
            part.terminate()
    control.close()
    return top, end_top, total


def plot(rows, path):
    """Lines over the minutes, one small panel per figure, as SVG."""
    panels = [("rate", "written, MB/s"), ("file", "file, MB"), ("live", "live, MB"), ("free", "free pages"), ("run", "longest free run, pages"),
              ("record", "largest free-list record, pages"), ("p999", "p99.9, ms"), ("max", "maximum, ms")]
    width, height, out = 360, 150, []
    for i, (key, title) in enumerate(panels):
        left, top = 60 + (i % 2) * (width + 90), 30 + (i // 2) * (height + 55)
        most = max(row[key] for row in rows) * 1.1 or 1
        points = " ".join(f"{left + width * n / max(1, len(rows) - 1):.1f},{top + height * (1 - row[key] / most):.1f}" for n, row in enumerate(rows))
        cut = sum(row["part"] == rows[0]["part"] for row in rows)
        out.append(f'<text x="{left}" y="{top - 8}">{title}</text><rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#999"/>'
                   f'<text x="{left - 6}" y="{top + 10}" text-anchor="end">{most:.4g}</text><text x="{left - 6}" y="{top + height}" text-anchor="end">0</text>'
                   f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="1.5"/>')
        if cut < len(rows):
            x = left + width * (cut - 0.5) / max(1, len(rows) - 1)
            out.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + height}" stroke="#c60" stroke-dasharray="3"/>')
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="940" height="860" font-family="sans-serif" font-size="11">'
                    f'<rect width="940" height="860" fill="#fff"/>{"".join(out)}<text x="60" y="850">minutes; the dashed line: restarted on the file as it was</text></svg>\n')


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=int, default=10)
    options.add_argument("--again", type=int, help="minutes on the file as it was left (default: as many)")
    options.add_argument("--share", type=float, default=0.6, help="of the top rate")
    options.add_argument("--live-gb", type=float, default=2.2, help="what retention should keep")
    options.add_argument("--data", type=Path, default=OUT / "data")
    options.add_argument("--program", default=str(ROOT / "build/release/sluice"))
    options.add_argument("--flags", default="", help="more flags for the server")
    chosen = options.parse_args()
    again = chosen.minutes if chosen.again is None else chosen.again
    OUT.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(chosen.data, ignore_errors=True)
    rows, flags = [], chosen.flags.split()
    server = Server(chosen.data, chosen.program, flags)
    try:
        server.words("clock", "rate", str(CLOCK_RATE))
        # A first look at the rate decides how long things are kept. What it leaves is no part of the file that is looked at.
        top = run(server, 0, chosen.share, 20, rows, "probe")[0]
        server.stop()
        shutil.rmtree(chosen.data)
        server = Server(chosen.data, chosen.program, flags)
        server.words("clock", "rate", str(CLOCK_RATE))
        retention_s = chosen.live_gb * 1e9 / (top * chosen.share)
        print(f"mean retention: {retention_s:.1f} s of real time; {chosen.minutes} minutes are {chosen.minutes * 60 / retention_s:.0f} turn-overs", flush=True)
        print("part minute " + " ".join(f"{title:>12}" for title, _ in TABLE), flush=True)
        _, end, total = run(server, chosen.minutes, chosen.share, retention_s, rows, "first", top, last=not again)
        if again:
            # What expires while a server is down is kept for a minute after its start, and all behind it: not what is looked at here,
            # and this clock makes an hour of that minute.
            server.words("clock", "freeze")
            server.stop()
            began = time.monotonic()
            server = Server(chosen.data, chosen.program, flags)
            server.words("clock", "rate", str(CLOCK_RATE))
            server.words("clock", "resume")
            print(f"started again on the file as it was left in {(time.monotonic() - began) * 1000:.0f} ms", flush=True)
            _, end, more = run(server, again, chosen.share, retention_s, rows, "again", top, last=True)
            total += more
    finally:
        server.stop()
    plot(rows, OUT / "soak.svg")
    (OUT / "soak.json").write_text(json.dumps(rows, indent=1) + "\n")
    steady = [row for row in rows if row["minute"] > 1] or rows
    live = sum(row["live"] for row in steady) / len(steady)
    print(f"\ntop rate {top / 1e6:.0f} MB/s before, {end / 1e6:.0f} MB/s at the end")
    for what, value, good in [
            ("live set, GB (2 asked)", live / 1e3, live / 1e3 >= 2), ("turn-overs of it (20 asked)", total / 1e6 / live, total / 1e6 / live >= 20),
            ("last minute ÷ first steady one (0.9 asked)", rows[-1]["rate"] / steady[0]["rate"], rows[-1]["rate"] >= 0.9 * steady[0]["rate"]),
            ("largest file ÷ live (1.5 at most)", max(row["ratio"] for row in steady), max(row["ratio"] for row in steady) <= 1.5)]:
        print(f"{'holds' if good else 'FALLS SHORT'}  {what}: {value:.2f}")
    print(f"table and plot: {OUT}/soak.json, {OUT}/soak.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main())
