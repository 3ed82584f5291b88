"""Tables: the long one for docs/performance.md, the short one for the README, both between the markers that stand there."""
import os
import platform
import re
import subprocess
import time
from pathlib import Path

from contenders import OURS, PEERS, ROOT, Settings
from rows import median

LESS_IS_BETTER = ("ms", "s", "MiB", "s/GB", "µs/request", "µs/record", "µs/transaction", "×")
SHORT = ["start", "putrecord", "putrecords", "getrecords", "produce-16k", "produce-100", "produce-512k", "fetch", "fetch-singles", "latency", "e2e", "first",
         "txn-1", "txn-100", "copy", "rebalance-consumer", "rebalance-classic", "share", "compact", "produce-tls", "fetch-tls", "scram", "metadata"]


def number(value):
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.3f}"


def rivals(names):
    return [name for name in names if name in PEERS and PEERS[name].checks]


def ratio(unit, middle, names):
    """Sluice against the best peer; above 1 sluice is ahead. The mock and the baselines are no peers."""
    told = [middle[name] for name in rivals(names) if middle.get(name)]
    ours = middle.get("sluice")
    if not told or not ours:
        return None
    return min(told) / ours if unit in LESS_IS_BETTER else ours / max(told)


def table(results, names):
    """results: [(row, {name: {field: [values]}})]; columns nobody filled are left out."""
    shown = [n for n in names if any(v for row, taken in results for v in taken.get(n, {}).values())]
    lines = ["| | unit | " + " | ".join(shown) + " | ratio | conditions |", "|---|---|" + "---:|" * (len(shown) + 1) + "---|"]
    for row, taken in results:
        says = row.says
        for suffix, field, unit in row.fields:
            middle = {n: median(taken[n][field]) for n in shown if n in taken}
            share = ratio(unit, middle, shown)
            lines.append(f"| {suffix if suffix.startswith('…') else row.label + suffix} | {unit} | " + " | ".join(number(middle.get(n)) for n in shown)
                         + f" | {f'{share:.2f}' if share else '–'} | {says} |")
            says = ""
    return "\n".join(lines)


def short(results, names):
    lines = ["| | unit | sluice | best peer | ratio |", "|---|---|---:|---:|---:|"]
    for row, taken in results:
        if row.key not in SHORT:
            continue
        for suffix, field, unit in row.fields:
            if "CPU" in suffix:
                continue
            middle = {n: median(taken[n][field]) for n in names if n in taken}
            told = {n: middle[n] for n in rivals(names) if middle.get(n)}
            share = ratio(unit, middle, names)
            if share is None:
                continue
            best = (min if unit in LESS_IS_BETTER else max)(told, key=told.get)
            label = suffix if suffix.startswith("…") else row.label + suffix
            lines.append(f"| {label} | {unit} | {number(middle['sluice'])} | {number(told[best])} ({best}) | {share:.2f} |")
    return "\n".join(lines)


def disk():
    found = subprocess.run(["stat", "-f", "-c", "%T", str(Settings.data)], capture_output=True, text=True)
    return found.stdout.strip().replace("ext2/ext3", "ext4") or "unknown"


def where(asked, rounds, seconds):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    kernel = ".".join(platform.release().split(".")[:2])
    return (f"Measured by `{asked}` on {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores{' (' + cpu[1].strip() + ')' if cpu else ''}, Linux {kernel}, "
            f"data on {disk()}, durability `process`; load generators on the same cores, median of {rounds} interleaved rounds of {seconds:g} s. "
            "A ratio above 1 means sluice is ahead of the best peer.")


def write(path, text, mark="figures"):
    """Replaces what stands between the two markers."""
    path = ROOT / path
    before = path.read_text()
    after = re.sub(rf"(<!-- {mark} -->\n).*?(<!-- end of {mark} -->)", lambda m: m[1] + text + "\n" + m[2], before, flags=re.S)
    path.write_text(after)


def columns(names, results):
    """Contenders in their order, then the baselines."""
    return [*names, *dict.fromkeys(name for row, _ in results for name in row.beside)]


__all__ = ["OURS", "columns", "number", "ratio", "short", "table", "where", "write"]
