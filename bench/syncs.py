#!/usr/bin/env python3
"""Durability power: how many acknowledgements share a sync. One producer at a time, 8 in flight on one connection, 64 connections, beside
the disk's own speed.   bench/syncs.py [--seconds 3] [--data DIR]"""
import argparse
import json
import multiprocessing as mp
import os
import shutil
import signal
import struct
import subprocess
import time
from pathlib import Path

from kafka_wire import Wire, batch, quantile

ROOT = Path(__file__).resolve().parents[1]


def disk_syncs(folder, seconds):
    """4 KiB written and synced, over and over: what the disk gives one writer."""
    name = folder / "probe"
    fd = os.open(name, os.O_RDWR | os.O_CREAT)
    os.pwrite(fd, bytes(1 << 20), 0)
    os.fdatasync(fd)
    count, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        os.pwrite(fd, bytes(4096), count % 256 * 4096)
        os.fdatasync(fd)
        count += 1
    os.close(fd)
    name.unlink()
    return count / seconds


def commits(folder):
    """The number of the last transaction, from the file's two heads (page header 16, then magic … transaction at 144)."""
    with open(folder / "data.mdb", "rb") as file:
        head = file.read(8192)
    return max(struct.unpack_from("<Q", head, page + 144)[0] for page in (0, 4096))


def producer(address, connections, in_flight, seconds, out):
    """Keeps `in_flight` requests on each connection; every answer is checked."""
    frame = batch(b"x" * 200, int(time.time() * 1000))
    wires = [Wire(address) for _ in range(connections)]
    sent = [[] for _ in wires]
    took, count, end = [], 0, time.perf_counter() + seconds
    for wire, times in zip(wires, sent):
        for _ in range(in_flight):
            wire.send_produce("synced", 0, frame)
            times.append(time.perf_counter())
    while time.perf_counter() < end:
        for wire, times in zip(wires, sent):
            error, _ = wire.receive_produce("synced")
            assert error == 0, error
            now = time.perf_counter()
            took.append((now - times.pop(0)) * 1000)
            count += 1
            wire.send_produce("synced", 0, frame)
            times.append(now)
    out.put((count, took))


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=3)
    options.add_argument("--data", type=Path, default=ROOT / "build/bench/syncs")
    chosen = options.parse_args()
    shutil.rmtree(chosen.data, ignore_errors=True)
    chosen.data.mkdir(parents=True)
    print(f"the disk alone: {disk_syncs(chosen.data, chosen.seconds):,.0f} syncs/s of 4 KiB")
    server = subprocess.Popen([ROOT / "build/release/sluice", "serve", "--quiet", "--kinesis", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--control",
                               "127.0.0.1:0", "--data", chosen.data, "--durability", "power"], stdout=subprocess.PIPE, text=True)
    try:
        address = json.loads(server.stdout.readline())["kafka"]
        Wire(address).create_topic("synced", 1)
        first = None
        for label, connections, in_flight in [("one at a time", 1, 1), ("8 in flight, one connection", 1, 8), ("64 connections", 64, 1)]:
            out = mp.Queue()
            before = commits(chosen.data)
            began = time.perf_counter()
            part = mp.Process(target=producer, args=(address, connections, in_flight, chosen.seconds, out))
            part.start()
            count, took = out.get()
            part.join()
            spent = time.perf_counter() - began
            groups = commits(chosen.data) - before
            rate = count / chosen.seconds
            first = first or rate
            took.sort()
            print(f"{label:28} {rate:9,.0f} acknowledged/s = {rate / first:5.1f} x   {groups / spent:7,.0f} commits/s of 2 syncs, {count / groups:5.1f} acks each"
                  f"   p50 {quantile(took, 0.5):.2f} ms   p99 {quantile(took, 0.99):.2f} ms", flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
        shutil.rmtree(chosen.data, ignore_errors=True)


if __name__ == "__main__":
    main()
