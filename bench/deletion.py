#!/usr/bin/env python3
"""DeleteTopic and Reset with much stored: how long the answer takes, and what a producer beside it sees until all pages are free.

    bench/deletion.py --gb 5
"""
import argparse
import json
import multiprocessing as mp
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from kafka_wire import Wire, batch, quantile

ROOT = Path(__file__).resolve().parents[1]


def metric(kinesis, name):
    with urllib.request.urlopen(f"http://{kinesis}/metrics", timeout=60) as answer:
        return float(re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)[1])


def probe(address, pipe):
    """One record of 200 B after the other; tells (when, how long) of each at the end. A topic that a reset took away is made again."""
    wire, frame = Wire(address), batch(b"x" * 200, int(time.time() * 1000))
    wire.create_topic("beside", 1)
    told = []
    while not pipe.poll():
        began = time.perf_counter()
        wire.send_produce("beside", 0, frame)
        error, _ = wire.receive_produce("beside")
        if error:
            wire.create_topic("beside", 1)
        else:
            told.append((began, (time.perf_counter() - began) * 1000))
        time.sleep(0.001)
    pipe.send(told)


def fill(address, gigabytes):
    wire, frames = Wire(address), [batch(bytes([i]) * 1_000_000, 0) for i in range(4)]
    wire.create_topic("big", 8)
    count = int(gigabytes * 1e9 / len(frames[0]))
    began = time.perf_counter()
    for i in range(count + 4):
        if i < count:
            wire.send_produce("big", i % 8, frames[i % 4])
        if i >= 4:
            assert wire.receive_produce("big")[0] == 0
    print(f"{gigabytes} GB stored at {gigabytes * 1000 / (time.perf_counter() - began):.0f} MB/s", flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--gb", type=float, default=5)
    options.add_argument("--quiet-seconds", type=float, default=8)
    options.add_argument("--data", type=Path, default=ROOT / "build/bench/deletion")
    options.add_argument("--flags", default="")
    options.add_argument("--real-time", action="store_true", help="on a machine that has other work: server and probe go before it (root only)")
    chosen = options.parse_args()
    shutil.rmtree(chosen.data, ignore_errors=True)
    server = subprocess.Popen([ROOT / "build/release/sluice", "serve", "--quiet", "--kinesis", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--control",
                               "127.0.0.1:0", "--data", chosen.data, *chosen.flags.split()], stdout=subprocess.PIPE, text=True)
    try:
        doors = json.loads(server.stdout.readline())
        for what in ("DeleteTopic", "Reset"):
            fill(doors["kafka"], chosen.gb)
            here, there = mp.Pipe()
            beside = mp.Process(target=probe, args=(doors["kafka"], there), daemon=True)
            time.sleep(1)
            beside.start()
            if chosen.real_time:
                for pid in (server.pid, beside.pid):
                    os.sched_setscheduler(pid, os.SCHED_RR, os.sched_param(1))
            wire = Wire(doors["kafka"])
            time.sleep(chosen.quiet_seconds)
            began = time.perf_counter()
            if what == "DeleteTopic":
                assert wire.delete_topic("big") == 0
            else:
                urllib.request.urlopen(urllib.request.Request(f"http://{doors['kinesis']}/_sluice/v1/Reset", b"{}", {"content-type": "application/json"})).read()
            answered = time.perf_counter()
            while metric(doors["kinesis"], "sluice_store_sweeping"):
                time.sleep(2)   # the walk over the free pages that is asked for here takes its turns of the loop too
            ended = time.perf_counter()
            if chosen.real_time:
                os.sched_setscheduler(server.pid, os.SCHED_OTHER, os.sched_param(0))
            here.send("stop")
            told = here.recv()
            beside.join()
            quiet = sorted(ms for at, ms in told if at < began - 0.1)
            during = sorted(ms for at, ms in told if began <= at < ended)
            print(f"{what:12} answered in {(answered - began) * 1000:6.2f} ms, all pages free after {ended - began:5.1f} s; beside it p50 "
                  f"{quantile(quiet, 0.5):.2f} -> {quantile(during, 0.5):.2f} ms, p99 {quantile(quiet, 0.99):.2f} -> {quantile(during, 0.99):.2f} ms "
                  f"= {quantile(during, 0.99) / quantile(quiet, 0.99):.2f} x, max {quiet[-1]:.1f} -> {during[-1]:.1f} ms   ({len(quiet)} and {len(during)} writes)", flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
        shutil.rmtree(chosen.data, ignore_errors=True)


if __name__ == "__main__":
    main()
