#!/usr/bin/env python3
"""Prints sluice's figures beside the fastest peers, all measured in one run, and writes them to docs/performance.md and README.md.

    make bench                                          both doors, the default peers and the machine's own ceilings
    make bench ARGS='--peers all'                       every peer; Apache Kafka is large and slow to start
    make bench ARGS='--only produce-16k,fetch --rounds 5 --peers kfake'    single figures; --list names them; nothing is written
    make bench ARGS='--variants'                        produce with codecs, idempotence, distinct payloads, a hundred producers
    make bench ARGS='--crowded --stored 20'             does a figure change beside 5,000 partitions, 20 GB, 1,000 connections?
    make bench ARGS='--growth'                          does a figure grow with what is there, or with what changes? n and 10 n
    make bench ARGS='--pushed'                          SubscribeToShard: its delay beside the fastest peer that has it, and 1,000 readers
    make bench ARGS='--scaling'                         an on-demand stream under load, before and behind its first split
    make bench ARGS='--turns'                           how long one turn of the loop takes while somebody asks for something large

Every figure is the median of the rounds, and within a round the contenders take turns, because absolute numbers move by
half between runs on a shared machine while ratios hold. A ratio above 1 always means that sluice is ahead. The first call
installs the peers below build/peers from their own registries. Keep the machine free of other work meanwhile.
"""
import argparse
import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from contenders import HERE, PEERS, ROOT, WORK, Running, Settings, prefer
from report import columns, ratio, short, table, where, write
from kafka_rows import MORE_ROWS
from rows import VARIANTS, median, take
from rows import ROWS as FIRST_ROWS

ROWS = [*FIRST_ROWS, *MORE_ROWS]


def prepare_tools(baselines):
    if not Settings.program.exists():
        sys.exit(f"{Settings.program} is missing: make build")
    if not shutil.which("go"):
        sys.exit("the load generators need Go 1.26 or newer (https://go.dev/dl); it is not on the PATH")
    WORK.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(Settings.data, ignore_errors=True)
    Settings.data.mkdir(parents=True)
    for tool in ("kinesis_load", "kafka_load"):
        subprocess.run(["go", "build", "-o", str(WORK / tool), "."], cwd=HERE / "load" / tool, check=True)
    if not baselines:
        return
    if not (ROOT / "build/release/build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release", "-DSLUICE_TESTS=OFF"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "build/release", "--target", "bench_floor", "bench_push"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def chosen_peers(said):
    if said == "all":
        return list(PEERS)
    if said == "default":
        return [name for name, peer in PEERS.items() if peer.default]
    names = [name.strip().replace("kfake-memory", "kfake, in memory") for name in said.split(";" if ";" in said else ",") if name.strip()]
    for name in names:
        if name not in PEERS:
            sys.exit(f"no peer is called {name}; there are {'; '.join(PEERS)} (kfake-memory for the second kfake)")
    return names


def usable(names, doors):
    """Those that start here, and a line for each that does not."""
    good, notes = [], []
    for name in names:
        peer = PEERS[name]
        if peer.door not in doors:
            continue
        if missing := [tool for tool in peer.tools if not shutil.which(tool)]:
            notes.append(f"{name} is missing here: it needs {' and '.join(missing)}.")
            continue
        print(f"{name}: trying it (the first time it is downloaded and built)", flush=True)
        try:
            Running(name, peer.door, patience_s=1800).stop()
            good.append(name)
        except RuntimeError as fault:
            notes.append(f"{name} is missing here: {fault}.")
    return good, notes


def tell(row, taken, faults, names):
    for suffix, field, unit in row.fields:
        middle = {n: median(taken[n][field]) for n in taken}
        share = ratio(unit, middle, names)
        values = ", ".join(f"{n} {[round(v, 3) for v in taken[n][field]]}" for n in taken if taken[n][field])
        print(f"{row.key}: {row.label if not suffix.startswith('…') else ''}{suffix} [{unit}] {values}{f'  ratio {share:.2f}' if share else ''}", flush=True)
    for name, fault in faults.items():
        print(f"{row.key}: {name}: {fault[:400]}", file=sys.stderr, flush=True)


def measure(rows, ours, peers, given, notes):
    results, label = [], ""
    for row in rows:
        names = list(ours)
        if row.peers:
            names += [n for n in peers if PEERS[n].door == row.door and (PEERS[n].checks or row.ceiling)]
        if given.no_floor:
            row = dataclasses.replace(row, beside={})
        began = time.monotonic()
        taken, faults = take(row, names, given.rounds, given.seconds)
        tell(row, taken, faults, names)
        label = f"{label} {row.label[2:]}" if row.label.startswith("… ") else row.label
        notes += [f"- {label}: no figure of {name} ({fault.split(': ')[-1].strip()[:200]})." for name, fault in faults.items() if name in names]
        print(f"    ({time.monotonic() - began:.0f} s)", flush=True)
        results.append((row, taken))
    return results


def options():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--peers", default="default", help="all, default, none, or a list: " + ", ".join(PEERS))
    ask.add_argument("--only", default="", help="kinesis, kafka, or rows by their keys, separated by commas")
    ask.add_argument("--list", action="store_true", help="name the rows")
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--seconds", type=float, default=1.5)
    ask.add_argument("--no-write", action="store_true", help="print only")
    ask.add_argument("--no-floor", action="store_true", help="without the raw baselines")
    ask.add_argument("--ephemeral", action="store_true", help="sluice in memory as a contender as well")
    ask.add_argument("--sluice", type=Path, default=Settings.program, help="another program file")
    ask.add_argument("--before", type=Path, help="the program of another version, as a contender: every figure in one run with its old one")
    ask.add_argument("--flags", default="", help="more flags for sluice")
    ask.add_argument("--data", type=Path, help="where data folders are made (build/bench/data)")
    ask.add_argument("--priority", type=int, default=0, help="a nice value for servers and generators, on a machine with other work (as root)")
    ask.add_argument("--variants", action="store_true")
    ask.add_argument("--crowded", action="store_true")
    ask.add_argument("--turns", action="store_true")
    ask.add_argument("--growth", action="store_true")
    ask.add_argument("--pushed", action="store_true")
    ask.add_argument("--scaling", action="store_true")
    if (HERE / "deletion.py").exists():
        ask.add_argument("--deletion", action="store_true", help="DeleteTopic and Reset with --stored GB: bench/deletion.py")
    ask.set_defaults(deletion=False)
    ask.add_argument("--stored", type=float, default=4, help="GB, for --crowded, --turns, --deletion")
    return ask.parse_args()


def main():
    given = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))   # so that servers are stopped on the way out
    if given.list:
        for row in [*ROWS, *VARIANTS]:
            print(f"{row.key:18} {row.door:8} {row.label}")
        return
    Settings.program, Settings.flags = given.sluice.resolve(), given.flags.split()
    Settings.before = given.before and given.before.resolve()
    Settings.priority = given.priority
    prefer(os.getpid())
    if given.data:
        Settings.data = given.data.resolve() / "sluice-bench"
    prepare_tools(baselines=not given.no_floor)
    if given.deletion:
        return subprocess.run([sys.executable, str(HERE / "deletion.py"), "--gb", str(given.stored)], cwd=ROOT, check=True)
    if given.turns:
        import turns
        return turns.run(given)
    if given.growth:
        import growth
        return growth.run(given)
    if given.pushed:
        import pushed
        return pushed.run(given)
    if given.scaling:
        import scaling
        return scaling.run(given)
    if given.crowded:
        import crowded
        return crowded.run(given)

    rows = VARIANTS if given.variants else ROWS
    wanted = set(filter(None, given.only.split(",")))
    if wanted:
        rows = [row for row in [*ROWS, *VARIANTS] if row.key in wanted or (row.door in wanted and (row in rows))]
        if unknown := wanted - {row.key for row in rows} - {"kinesis", "kafka"}:
            sys.exit(f"no row is called {', '.join(unknown)}; --list names them")
    peers, notes = usable([] if given.peers == "none" else chosen_peers(given.peers), {row.door for row in rows if row.peers})
    ours = ["sluice", *(["sluice, in memory"] if given.ephemeral else []), *(["sluice, before"] if given.before else [])]
    results = measure(rows, ours, peers, given, notes)
    parts, brief = [], []
    for door in ("kinesis", "kafka"):
        of_door = [(row, taken) for row, taken in results if row.door == door]
        if of_door:
            names = [*ours, *(n for n in peers if PEERS[n].door == door)]
            parts.append(f"### {door.capitalize()} door\n\n" + table(of_door, columns(names, of_door)))
            brief.append(short(of_door, names))
    words = ["OTHER" if given.before and word == str(given.before) else word for word in sys.argv[1:]]
    asked = f"make bench ARGS='{' '.join(words)}'" if words else "make bench"
    conditions = where(asked, given.rounds, given.seconds)
    print("\n" + "\n\n".join([*parts, conditions, *notes]))
    if given.no_write or wanted:
        return
    write("docs/performance.md", "\n\n".join([*parts, conditions, *notes]), "variants" if given.variants else "figures")
    if not given.variants:
        write("README.md", "\n\n".join([*brief, conditions]))


if __name__ == "__main__":
    main()
