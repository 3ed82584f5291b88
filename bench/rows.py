"""Every figure: what is prepared once, what is run each round, which fields of the answer become rows, and under which conditions."""
import json
import statistics
import subprocess
import time
from dataclasses import dataclass, field
from typing import Callable, Optional

from contenders import PEERS, ROOT, WORK, Running


def load(tool, *flags, patience_s=300):
    done = subprocess.run([str(WORK / tool), *map(str, flags)], capture_output=True, text=True, timeout=patience_s)
    if done.returncode:
        raise RuntimeError(f"{tool} {' '.join(map(str, flags))}: {done.stderr[-300:]}{said(done.stdout[-300:])}")
    answer = json.loads(done.stdout.strip().splitlines()[-1])
    if any(answer.get(wrong) for wrong in ("errors", "failed", "throttled_calls", "throttled_records", "lost", "short")):
        raise RuntimeError(f"{tool}: {answer}")
    return answer


def said(output):
    """The fault that a generator tells in its last line, or all of what it printed."""
    try:
        return json.loads(output.strip().splitlines()[-1])["error"]
    except (ValueError, KeyError, IndexError):
        return output


def kafka_load(server, mode, *more):
    return load("kafka_load", mode, "-b", f"127.0.0.1:{server.kafka_port}", "-pid", server.process.pid, *more)


def kinesis_load(server, op, stream, *more):
    before = server.cpu_s()
    shards = [] if "--shards" in more else ["--shards", 16]
    answer = load("kinesis_load", "--endpoint", f"http://127.0.0.1:{server.kinesis_port}", "--json", *shards, "--op", op, "--stream", stream, *more)
    spent = server.cpu_s() - before
    if answer["requests"]:
        answer["cpu_us_req"] = spent * 1e6 / answer["requests"]
    if answer["records"]:
        answer["cpu_us_rec"] = spent * 1e6 / answer["records"]
    return answer


def floor(mode, *more):
    """The raw baseline of the same bytes: build/release/bench_floor, see bench/floor.cpp."""
    done = subprocess.run([str(ROOT / "build/release/bench_floor"), mode, *map(str, more)], capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"bench_floor {mode}: {done.stderr[-300:]}")
    return json.loads(done.stdout)


def settle(server, patience_s=60):
    """Until sluice has freed what was deleted, so that nobody pays for the last round."""
    if server.ours():
        end = time.monotonic() + patience_s
        while server.metric("sluice_store_used_bytes") > server.kept_bytes + (64 << 20) and time.monotonic() < end:
            time.sleep(0.05)


def drop(server, topic):
    if server.peer is None or server.peer.checks:
        kafka_load(server, "drop", "-topic", topic, *(["-tls"] if server.secure else []))
        settle(server)


def read_back(server, answer):
    """A second client reads all that was acknowledged: count, dense offsets, CRCs, hash of all values. Peers are taken at their word."""
    if server.ours():
        kafka_load(server, "verify", "-topic", answer["topic"], "-parts", answer["parts"], "-n", answer["stored"], "-hash", answer["hash"])


@dataclass
class Row:
    key: str
    door: str
    label: str
    fields: list                                  # (suffix of the label, field of the answer, unit)
    run: Callable                                 # (server, seconds) -> answer
    says: str = ""                                # conditions, for the table
    prepare: Optional[Callable] = None            # once a server, before the warm-up
    ceiling: bool = False                         # the mock can take part
    peers: bool = True
    restart: bool = False                         # sluice begins each round with an empty folder
    flags: list = field(default_factory=list)     # of sluice
    beside: dict = field(default_factory=dict)    # baselines: name -> (seconds) -> answer
    rounds: Optional[int] = None
    alone: bool = False                           # starts its own servers: run(name, door, flags) -> answer
    secure: bool = False                          # peers speak TLS
    login: bool = False                           # peers ask for logins
    only: bool = False                            # measured when asked for by name or by --variants


def produce(*flags, most_gb=1.5, size=100):
    """A produce run of at most `most_gb` that ends with a read-back; the topic is deleted and its pages are freed afterwards."""
    def run(server, seconds):
        answer = kafka_load(server, "raw-produce", "-n", int(most_gb * 1e9 / (size + 8)), "-dur", f"{seconds}s", *flags)
        read_back(server, answer)
        drop(server, answer["topic"])
        return answer
    return run


def recycled(gb):
    """Leaves `gb` of free pages in the file, so that what follows finds them."""
    def prepare(server):
        if server.ours():
            answer = kafka_load(server, "raw-produce", "-n", int(gb * 1e9 / 108), "-dur", "60s", "-batch", 524288, "-inflight", 4)
            drop(server, answer["topic"])
    return prepare


def echo(size, flight):
    return lambda seconds: floor("echo", size, flight, seconds)


def append(size, pages):
    return lambda seconds: floor("append", size, pages, seconds, WORK)


def door(ask, answer, connections, records=1):
    """Requests and answers of the sizes that the Kinesis door sees in that row."""
    return lambda seconds: floor("door", ask, answer, connections, records, seconds)


def fill_big(server, *how):
    kafka_load(server, "raw-produce", "-topic", "big", "-n", 3_000_000, "-dur", "60s", *how)


def fill_singles(server):
    """A million records, each in a request of its own; by PutRecord where there is such a door."""
    if server.ours():
        kinesis_load(server, "PutRecord", "singles", "--records", 1_000_000, "--conns", 16, "--size", 100, "--shards", 1)
    else:
        kafka_load(server, "raw-produce", "-topic", "singles", "-n", 1_000_000, "-batch", 170, "-dur", "120s", "-inflight", 64)


def put(op, *flags, profile=None):
    """One stream a round. With a profile its limits are on, but raised so far that no record meets them."""
    def run(server, seconds):
        stream = f"{op}-{time.monotonic_ns()}"
        if profile:
            load_create(server, stream)
            server.side("SetLimits", {"stream": stream, "writeBytesPerSecond": "1000000000000", "writeRecordsPerSecond": "1000000000",
                                      "readBytesPerSecond": "1000000000000", "readCallsPerSecond": "1000000"})
        answer = kinesis_load(server, op, stream, "--seconds", seconds, *flags)
        if server.ours():   # the other door reads back what this one acknowledged
            kafka_load(server, "verify", "-topic", stream, "-parts", 16, "-n", answer["records"])
            drop(server, stream)
        return answer
    return run


def load_create(server, stream):
    subprocess.run([str(WORK / "kinesis_load"), "--endpoint", f"http://127.0.0.1:{server.kinesis_port}", "--shards", "16", "--op", "Create",
                    "--stream", stream], check=True, capture_output=True, timeout=60)


def start(name, door, flags, seconds):
    server = Running(name, door, flags)
    try:
        time.sleep(4)
        pss, private = server.memory_mib()
        return {"start_ms": server.start_ms, "pss_mib": pss, "private_mib": private}
    finally:
        server.stop()


def memory(name, door, flags, seconds):
    """What stays in private memory once the records are in."""
    server = Running(name, door, flags)
    try:
        time.sleep(2)
        idle = server.memory_mib()[1]
        if door == "kafka":
            kafka_load(server, "raw-produce", "-n", 5_000_000, "-dur", "120s")
        else:
            kinesis_load(server, "PutRecords", "kept", "--records", 1_000_000, "--conns", 8)
        time.sleep(2)
        return {"more_mib": server.memory_mib()[1] - idle}
    finally:
        server.stop()


P50_P99 = [(", p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms")]
KAFKA_CPU = ("… CPU", "srv_cpu_s_per_GB", "s/GB")
RATE = [("", "rec_s", "records/s"), KAFKA_CPU, ("… p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms")]

ROWS = [
    Row("start", "kinesis", "start", [(" to first answer", "start_ms", "ms"), ("… idle memory (Pss after 4 s)", "pss_mib", "MiB")], start,
        says="exec to ListStreams; all doors open", alone=True),
    Row("putrecord", "kinesis", "PutRecord, 256 B, 16 connections",
        [("", "req_s", "/s"), ("… CPU", "cpu_us_req", "µs/request"), ("… p50", "p50_ms", "ms"), ("… p99", "p99_ms", "ms")],
        put("PutRecord", "--conns", 16), says="16 shards, one in flight each; a new stream a round, read back by Kafka, deleted",
        beside={"generator alone": lambda seconds: load("kinesis_load", "--selftest", "--json", "--op", "PutRecord", "--conns", 16, "--seconds", seconds),
                "loopback echo": door(881, 395, 16)}),
    Row("putrecord-http2", "kinesis", "… over HTTP/2, 16 streams on one connection", [("", "req_s", "/s"), ("… CPU", "cpu_us_req", "µs/request")],
        put("PutRecord", "--conns", 16, "--http2"), says="by prior knowledge"),
    Row("putrecord-tls", "kinesis", "… over TLS", [("", "req_s", "/s"), ("… CPU", "cpu_us_req", "µs/request")],
        put("PutRecord", "--conns", 16, "--tls"), says="HTTP/1.1", secure=True),
    Row("handshakes", "kinesis", "TLS handshakes, 16 at a time", [("", "req_s", "/s"), ("… CPU", "cpu_us_req", "µs/request")],
        lambda s, seconds: kinesis_load(s, "Handshake", "none", "--seconds", seconds, "--conns", 16), says="TLS 1.3, none resumed, ECDSA P-256", secure=True),
    Row("putrecord-limits", "kinesis", "… with `kinesis` limits on, not reached", [("", "req_s", "/s"), ("… CPU", "cpu_us_req", "µs/request")],
        put("PutRecord", "--conns", 16, profile="kinesis"), says="as above, limits on and raised out of reach", peers=False, flags=["--kinesis-limits", "kinesis"]),
    Row("putrecords", "kinesis", "PutRecords, 500 × 256 B, 8 connections", [("", "rec_s", "records/s"), ("… CPU", "cpu_us_rec", "µs/record")],
        put("PutRecords", "--conns", 8), says="16 shards; a new stream a round, read back by Kafka, deleted",
        beside={"generator alone": lambda seconds: load("kinesis_load", "--selftest", "--json", "--op", "PutRecords", "--conns", 8, "--seconds", seconds),
                "loopback echo": door(192_508, 55_822, 8, 500)}),
    Row("putrecords-limits", "kinesis", "… with `kinesis` limits on, not reached", [("", "rec_s", "records/s"), ("… CPU", "cpu_us_rec", "µs/record")],
        put("PutRecords", "--conns", 8, profile="kinesis"), says="as above, limits on and raised out of reach", peers=False, flags=["--kinesis-limits", "kinesis"]),
    Row("getrecords", "kinesis", "GetRecords, limit 10,000, 8 readers", [("", "rec_s", "records/s"), ("… CPU", "cpu_us_rec", "µs/record")],
        lambda s, seconds: kinesis_load(s, "GetRecords", "filled", "--seconds", seconds, "--conns", 8), says="400,000 × 256 B by PutRecords",
        beside={"loopback echo": door(698, 5_064_000, 8, 10_000)},
        prepare=lambda s: kinesis_load(s, "PutRecords", "filled", "--records", 400_000, "--conns", 8)),
    Row("getrecords-cbor", "kinesis", "… in CBOR", [("", "rec_s", "records/s"), ("… CPU", "cpu_us_rec", "µs/record")],
        lambda s, seconds: kinesis_load(s, "GetRecords", "filled", "--seconds", seconds, "--conns", 8, "--cbor"), says="as above",
        prepare=lambda s: kinesis_load(s, "PutRecords", "filled", "--records", 400_000, "--conns", 8)),
    Row("queue", "kinesis", "queue: receive 10 and acknowledge, 16 connections",
        [("", "rec_s", "records/s"), ("… p50 of both calls", "p50_ms", "ms"), ("… p99", "p99_ms", "ms"), ("… CPU", "cpu_us_rec", "µs/record")],
        lambda s, seconds: kinesis_load(s, "Queue", "queued", "--seconds", seconds, "--conns", 16), says="of 1 M × 256 B, 16 shards; no peer has queues",
        prepare=lambda s: kinesis_load(s, "PutRecords", "queued", "--records", 1_000_000, "--conns", 8), peers=False),
    Row("memory-kinesis", "kinesis", "private memory after 1 M × 256 B, above idle", [("", "more_mib", "MiB")], memory, says="PutRecords", alone=True, rounds=1),

    Row("start-kafka", "kafka", "start", [(" to first answer", "start_ms", "ms"), ("… idle memory (Pss after 4 s)", "pss_mib", "MiB")], start,
        says="exec to ApiVersions; all doors open", alone=True, ceiling=True),
    Row("produce-16k", "kafka", "Produce, 16 KiB batches of 100 B", RATE, produce(), ceiling=True, prepare=recycled(1.6),
        says="acks=all, 1 connection, 8 in flight, recycled pages", beside={"loopback echo": echo(16384, 8), "LMDB append": append(16384, "recycled")}),
    Row("produce-12", "kafka", "… 12 partitions", RATE[:2], produce("-parts", 12), says="as above", prepare=recycled(1.6)),
    Row("produce-100", "kafka", "… 100 partitions", RATE[:2], produce("-parts", 100), says="as above", prepare=recycled(1.6)),
    Row("produce-512k", "kafka", "Produce, 512 KiB batches", [("", "MB_s", "MB/s"), KAFKA_CPU], produce("-batch", 524288, "-inflight", 4), ceiling=True,
        prepare=recycled(1.8), says="4 in flight, recycled pages", beside={"loopback echo": echo(524288, 4), "LMDB append": append(524288, "recycled")}),
    Row("produce-512k-new", "kafka", "… new pages", [("", "MB_s", "MB/s"), KAFKA_CPU], produce("-batch", 524288, "-inflight", 4), ceiling=True,
        restart=True, says="4 in flight, an empty folder each round", beside={"LMDB append": append(524288, "new")}),
    Row("fetch", "kafka", "Fetch from the start, 1 MiB answers", [("", "MB_s", "MB/s"), KAFKA_CPU],
        lambda s, seconds: kafka_load(s, "raw-fetch", "-topic", "big", "-dur", f"{seconds}s"), prepare=fill_big,
        says="3 M × 100 B in 16 KiB batches, 8 in flight, page cache warm", beside={"loopback echo": lambda seconds: floor("send", 1 << 20, 8, seconds)}),
    Row("fetch-singles", "kafka", "… of 1 M records written one by one", [("", "MB_s", "MB/s"), KAFKA_CPU],
        lambda s, seconds: kafka_load(s, "raw-fetch", "-topic", "singles", "-dur", f"{seconds}s"), prepare=fill_singles,
        says="by PutRecord (peers: one Produce each)"),
    Row("latency", "kafka", "Produce, one record, one in flight", [*P50_P99, ("… CPU", "srv_cpu_us_per_rec", "µs/record")],
        lambda s, seconds: kafka_load(s, "raw-lat", "-n", 10_000_000, "-dur", f"{seconds}s"), ceiling=True, says="acks=all",
        beside={"loopback echo": echo(200, 1)}),
    Row("e2e", "kafka", "franz-go, produced → consumed at 1,000/s", P50_P99, lambda s, seconds: kafka_load(s, "e2e", "-dur", f"{max(2, seconds)}s"),
        says="a consumer that was waiting"),
    Row("first", "kafka", "new consumer group", [(" to its first assignment", "first_assignment_ms", "ms"),
                                                 (": create topic → first produce", "create_to_produce_ms", "ms")],
        lambda s, seconds: kafka_load(s, "fresh"), says="medians of 7 and 20 on a warm server"),
    Row("memory-kafka", "kafka", "private memory after 5 M × 100 B, above idle", [("", "more_mib", "MiB")], memory, says="16 KiB batches", alone=True, rounds=1),
    Row("franz-produce", "kafka", "franz-go, idempotent producer", [("", "rec_s", "records/s")],
        lambda s, seconds: kafka_load(s, "produce", "-n", 1_000_000), says="1 M × 100 B, 16 KiB batches"),
    Row("franz-consume", "kafka", "franz-go, consumer from the start", [("", "rec_s", "records/s")],
        lambda s, seconds: kafka_load(s, "consume", "-topic", "big", "-n", 2_990_000), prepare=fill_big, says="3 M × 100 B"),
]

VARIANTS = [
    Row(f"produce-{key}", "kafka", f"Produce, 16 KiB, {label}", RATE, produce(*flags), says="recycled pages", prepare=recycled(1.6), only=True)
    for key, label, flags in [
        ("lz4", "lz4", ["-codec", "lz4"]), ("zstd", "zstd", ["-codec", "zstd"]),
        ("idempotent", "idempotent", ["-raw-idempotent", "-inflight", 5]), ("distinct", "distinct payloads", ["-distinct"]),
        ("100-producers", "100 producers on one partition", ["-conns", 100, "-inflight", 1]),
        ("100-idempotent", "100 idempotent producers, distinct payloads", ["-conns", 100, "-inflight", 1, "-raw-idempotent", "-distinct"])]
]


def take(row, names, rounds, seconds, warm_s=0.3, prepare=None):
    """{name: {field: [values]}} of one row, and of its baselines; a contender that fails a measure has no values."""
    taken, faults = {name: {f: [] for _, f, _ in row.fields} for name in [*names, *row.beside]}, {}

    def keep(name, answer):
        for _, f, _ in row.fields:
            if f in answer:
                taken[name][f].append(answer[f])

    rounds = row.rounds or rounds
    if row.alone:
        for _ in range(rounds):
            for name in names:
                if name not in faults:
                    try:
                        keep(name, row.run(name, row.door, row.flags if name.startswith("sluice") else [], seconds))
                    except (RuntimeError, subprocess.TimeoutExpired) as fault:
                        faults[name] = str(fault)
        return taken, faults
    servers = {}
    try:
        for number in range(-1, rounds):   # round -1 warms up: fills, connects, compiles
            for name in names:
                if name in faults:
                    continue
                try:
                    if row.restart and name.startswith("sluice") and name in servers:
                        servers.pop(name).stop()
                    if name not in servers:
                        servers[name] = Running(name, row.door, row.flags if name.startswith("sluice") else [],
                                                secure=row.secure, login=row.login)
                        if prepare:
                            prepare(servers[name])
                        if row.prepare:
                            row.prepare(servers[name])
                        if servers[name].ours():
                            servers[name].kept_bytes = servers[name].metric("sluice_store_used_bytes")
                    warm = max(warm_s, PEERS[name].warm_s if name in PEERS else 0)   # a JVM compiles what it runs often
                    answer = row.run(servers[name], warm if number < 0 else seconds)
                except (RuntimeError, subprocess.SubprocessError, OSError) as fault:
                    faults[name] = str(fault)
                    continue
                if number >= 0:
                    keep(name, answer)
            for name, baseline in row.beside.items():
                if number >= 0 and name not in faults:
                    try:
                        keep(name, baseline(seconds))
                    except (RuntimeError, subprocess.SubprocessError, OSError) as fault:
                        faults[name] = str(fault)
    finally:
        for server in servers.values():
            server.stop()
    return taken, faults


def median(values):
    return statistics.median(values) if values else None
