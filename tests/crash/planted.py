#!/usr/bin/env python3
"""Wakes each planted bug (storage/planted.h) in a build of its own and lets simulation, and where that sees nothing the crash
test, find it within what `make test` gives them. That is counted in histories, as many as fit into a minute of a slow machine, so
that the table does not depend on who else is using the processor. Prints the table, and writes it into docs/testing.md with --write.

    planted.py [--only NAME ...] [--histories 3000] [--write]
"""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/planted"
CRASH_ONLY = set()   # bugs that live where the simulation does not go


def bugs():
    """Name -> file and line, as planted in the sources."""
    found = {}
    for folder in ("storage", "emulator"):
        for path in sorted((ROOT / folder).rglob("*.cpp")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for name in re.findall(r'planted\("([a-z0-9-]+)"\)', line):
                    found.setdefault(name, f"{path.relative_to(ROOT)}:{number}")
    return found


def build(*targets):
    subprocess.run(["cmake", "--preset", "release", "-B", str(BUILD), "-DSLUICE_TESTS=OFF", "-DSLUICE_PLANTED=ON"], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    subprocess.run(["cmake", "--build", str(BUILD), "-j", str(os.cpu_count()), "--target", *targets], check=True, cwd=ROOT)


def simulate(name, histories):
    """(what it said or None, seconds, seed). Seeds count from 1, so the seed is also the number of histories it took."""
    begun = time.monotonic()
    try:
        done = subprocess.run([BUILD / "sim", "--histories", str(histories)], capture_output=True, text=True, errors="replace",
                              env={**os.environ, "PLANTED_BUG": name}, timeout=900)
    except subprocess.TimeoutExpired as late:
        text = (late.stdout or b"").decode(errors="replace")
        return "a history does not end " + text[-100:].strip(), time.monotonic() - begun, "?"
    spent = time.monotonic() - begun
    if done.returncode == 0:
        return None, spent, ""
    told = re.search(r"^seed (\d+) after [\d.]+ s: (.*)$", done.stdout, re.M)
    if told:
        return told.group(2), spent, told.group(1)
    seed = re.search(r"--seed (\d+)", done.stderr)
    first = done.stderr.strip().splitlines()
    return "the process stopped: " + (first[0] if first else f"signal {-done.returncode}"), spent, seed.group(1) if seed else "?"


def crash(name):
    begun = time.monotonic()
    done = subprocess.run([sys.executable, ROOT / "tests/crash/crash.py", "--program", BUILD / "sluice", "--kills", "18", "--per-folder", "9",
                           "--full-gb", "0", "--seed", "1"], capture_output=True, text=True, env={**os.environ, "PLANTED_BUG": name})
    told = re.search(r"^FAILED .*?: (.*)$", done.stdout, re.M | re.S)
    return (told.group(1).splitlines()[0] if told else None), time.monotonic() - begun


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", nargs="*")
    arguments.add_argument("--histories", type=int, default=3000)
    arguments.add_argument("--crash", nargs="*", default=[], help="also give these to the crash test")
    arguments.add_argument("--write", action="store_true")
    asked = arguments.parse_args()
    build("sim", *(["sluice"] if asked.crash or CRASH_ONLY else []))
    clean, _, _ = simulate("", asked.histories // 3)
    assert clean is None, f"the simulation fails without a bug awake: {clean}"
    rows, missed = [], []
    for name, where in bugs().items():
        if asked.only and name not in asked.only:
            continue
        said, spent, seed = (None, 0.0, "") if name in CRASH_ONLY else simulate(name, asked.histories)
        by = f"simulation, seed {seed}"
        if said is None or name in asked.crash:
            by_crash, crash_spent = crash(name)
            if said is None:
                said, spent, by = by_crash, crash_spent, "crash test"
            elif by_crash:
                by += f"; crash test, {crash_spent:.0f} s"
        if said is None:
            missed.append(name)
            by = "**not found**"
        said = re.sub(r"\s+", " ", said or "").replace("|", "/")
        rows.append(f"| `{name}` | {where.rsplit(':', 1)[0]} | {by} | {spent:.1f} | {said[:110]} |")
        print(rows[-1], flush=True)
    print(f"{len(rows) - len(missed)} passed, {len(missed)} failed")
    if asked.write:
        page = ROOT / "docs/testing.md"
        text = page.read_text()
        table = "\n".join(["| bug | where | found by | s | as |", "|---|---|---|---:|---|", *rows])
        page.write_text(re.sub(r"<!-- planted -->.*<!-- end of planted -->", lambda _: f"<!-- planted -->\n{table}\n<!-- end of planted -->", text, flags=re.S))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
