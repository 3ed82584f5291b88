#!/usr/bin/env python3
"""Wakes each planted bug (storage/planted.h) in a build of its own and lets simulation find it, and the crash test too where a
kill can show it, within what `make test` gives them. That is counted in histories, as many as fit into a minute of a slow machine,
so that the table does not depend on who else is using the processor. Both have to pass first with no bug awake. Prints the table;
--write puts it into docs/testing.md, where with --only the rows of all other bugs stay as they are.

    planted.py [--only NAME ...] [--histories 3000] [--crash [NAME ...]] [--write]
"""
import argparse
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/planted"
# What a killed server can lose or tell too early: the crash test has to find these as well, within 18 kills.
ALSO_BY_CRASH = ("answered-before-commit", "producer-not-written", "producers-lost-at-restart", "offset-not-written", "group-not-saved",
                 "consumer-not-saved", "channel-place-not-saved", "offsets-of-transaction-lost", "transaction-forgotten-at-restart",
                 "aborted-range-not-stored", "consumer-member-forgotten-at-restart")
# Which of the two kills for them; what is not named here is the crash test's.
KILLED_BY = {"offsets-of-transaction-lost": "exactly_once.py", "transaction-forgotten-at-restart": "exactly_once.py",
             "aborted-range-not-stored": "exactly_once.py"}
TESTS = {"crash.py": "crash test", "exactly_once.py": "kills within transactions"}


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


def crash(name, test="crash.py"):
    """(what it said or None, seconds). A bug may hand a client library bytes on which it stops the process: that is found too."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sluice-planted-") as base:
        run = subprocess.Popen([sys.executable, ROOT / "tests/crash" / test, "--program", BUILD / "sluice", "--kills", "18", "--per-folder", "9",
                                *(["--full-gb", "0"] if test == "crash.py" else []), "--seed", "1", "--base", base], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PLANTED_BUG": name}, start_new_session=True)
        try:
            run.wait(900)   # what it prints fits a pipe
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)   # its server, when it had no time to
        out, err = run.communicate()
    spent = time.monotonic() - begun
    if run.returncode == 0:
        return None, spent
    told = re.search(r"^FAILED .*?, data kept in [^:]*: (.*)$", out, re.M)
    if told:
        return told.group(1), spent
    assert run.returncode < 0, f"the crash test broke: {out[-300:]}{err[-300:]}"
    return "a client library stopped the process: " + (err.strip().splitlines() or [f"signal {-run.returncode}"])[-1], spent


def row(name, where, histories, by_crash_too):
    """A line of the table, and whether all that should have found the bug did."""
    said, spent, seed = simulate(name, histories)
    by, seconds, found = [f"simulation, seed {seed}" if said else "simulation: **not found**"], [f"{spent:.1f}"], [said]
    if by_crash_too or said is None:
        test = KILLED_BY.get(name, "crash.py")
        said, spent = crash(name, test)
        by.append(TESTS[test] + ("" if said else ": **not found**"))
        seconds.append(f"{spent:.0f}")
        found.append(said)
    passed = any(found) and not (by_crash_too and found[-1] is None)
    return line(name, where, by, seconds, found), passed


def line(name, where, by, seconds, found):
    told = "; ".join(re.sub(r"\s+", " ", one).replace("|", "/")[:110] for one in found if one)
    return f"| `{name}` | {where.rsplit(':', 1)[0]} | {'; '.join(by)} | {'; '.join(seconds)} | {told} |"


def write(rows, planted):
    """Puts these rows in the place of those of the same bugs; a bug that is planted no more loses its row."""
    page = ROOT / "docs/testing.md"
    text = page.read_text()
    frame = re.compile(r"(?<=<!-- planted -->\n).*(?=<!-- end of planted -->)", re.S)
    kept = {line.split("`")[1]: line for line in frame.search(text).group().splitlines() if line.startswith("| `")}
    lines = [(kept | rows)[name] for name in planted if name in kept or name in rows]
    table = "\n".join(["| bug | where | found by | s | as |", "|---|---|---|---:|---|", *lines, ""])
    page.write_text(frame.sub(lambda _: table, text))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", nargs="*")
    arguments.add_argument("--histories", type=int, default=3000)
    arguments.add_argument("--crash", nargs="*", default=ALSO_BY_CRASH, help="give these to the crash test too, found or not")
    arguments.add_argument("--write", action="store_true")
    asked = arguments.parse_args()
    planted = bugs()
    names = [name for name in planted if not asked.only or name in asked.only]
    unknown = {*(asked.only or []), *asked.crash} - set(planted)
    assert not unknown, f"not planted: {', '.join(sorted(unknown))}"
    build("sim", "sluice")
    clean, _, _ = simulate("", asked.histories // 3)
    assert clean is None, f"the simulation fails without a bug awake: {clean}"
    for test in sorted({KILLED_BY.get(name, "crash.py") for name in names if name in asked.crash}):
        clean, _ = crash("", test)
        assert clean is None, f"{test} fails without a bug awake: {clean}"
    rows, missed = {}, []
    for name in names:
        rows[name], passed = row(name, planted[name], asked.histories, name in asked.crash)
        missed += [] if passed else [name]
        print(rows[name], flush=True)
    print(f"{len(rows) - len(missed)} passed, {len(missed)} failed")
    if asked.write:
        write(rows, planted)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
