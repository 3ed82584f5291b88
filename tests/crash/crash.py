#!/usr/bin/env python3
"""Kills the server with SIGKILL at random moments while clients of both protocols write, starts it again on the same folder and
compares what is there with what was acknowledged. `make crash` runs it long, tests/clients/test_crash.py short.

Checked after each kill: every acknowledged record is there at the place it was told, exactly once where the producer is
idempotent; per shard in the order sent; offsets are dense; committed offsets are not behind what was acknowledged; the
consumer groups live on without a rebalance; registered consumers are those that were acknowledged, and what was pushed to one is
what is there, without a gap; no object of a channel changes, and no record is in two. At the end of a folder: both doors show the
same records, byte for byte, and each record of the carried stream is in an object.
A run that fails prints its seed and keeps its folder.

    crash.py [--kills 300] [--per-folder 12] [--seed N] [--program build/release/sluice] [--full-gb 5]
"""
import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from kinesis_load import Carried, Pushed, Registrar, make_reader
from load import PARTITIONS, QUIET, Commits, Frames, Library, Member, Puts
from wire import KafkaPipe, KinesisPipe, record_batch

ROOT = Path(__file__).resolve().parents[2]


class Server:
    def __init__(self, program, folder, *flags):
        self.program, self.folder, self.flags, self.ports = str(program), folder, flags, ["0", "0", "0"]
        self.process = None

    def start(self):
        """Seconds from exec to all doors answering. The ports stay, so that clients find it again."""
        doors = [part for name, port in zip(("kinesis", "kafka", "control"), self.ports) for part in (f"--{name}", f"127.0.0.1:{port}")]
        begun = time.monotonic()
        self.process = subprocess.Popen([self.program, "serve", "--quiet", "--data", str(self.folder), "--kinesis-limits", "none", *doors, *self.flags],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("{"):
                told = json.loads(line)
                self.kinesis, self.kafka = told["kinesis"], told["kafka"]
                self.ports = [told[name].rsplit(":", 1)[1] for name in ("kinesis", "kafka", "control")]
                return time.monotonic() - begun
        raise AssertionError("the server did not start: " + self.process.stderr.read())

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Run:
    def __init__(self, program, seed, folder, kills, say):
        self.chance, self.folder, self.kills, self.say = random.Random(seed), folder, kills, say
        self.server = Server(program, folder)
        self.starts, self.outstanding, self.unanswered_stored, self.records = [], [], 0, 0
        self.seen = {}           # (topic, partition) -> values, as read so far
        self.told = {}           # (topic, partition, offset) -> value, as acknowledged

    def run(self):
        self.starts.append(self.server.start())
        admin = AdminClient({"bootstrap.servers": self.server.kafka, **QUIET})
        for done in admin.create_topics([NewTopic(n, PARTITIONS, 1) for n in ("idem", "plain", "frames")]).values():
            done.result(10)
        pipe = KinesisPipe(self.server.kinesis)
        pipe.ask("CreateStream", StreamName="puts", ShardCount=PARTITIONS)
        pipe.ask("IncreaseStreamRetentionPeriod", StreamName="puts", RetentionPeriodHours=8760)   # the clock is fast
        pipe.close()
        self.puts = [Puts(self.server, "puts", f"p{i}", random.Random(self.chance.random())) for i in range(3)]
        self.frames = [Frames(self.server, "frames", p, random.Random(self.chance.random())) for p in range(PARTITIONS)]
        self.commits = Commits(self.server, "frames")
        reader = make_reader(self.server, "puts")
        self.pushed = [Pushed(self.server, reader, "puts", p) for p in range(PARTITIONS)]
        self.registrar = Registrar(self.server, "puts", random.Random(self.chance.random()))
        self.carried = Carried(self.server, "carried", random.Random(self.chance.random()))
        self.carried.make()
        self.libraries = [Library(self.server, "idem", True), Library(self.server, "plain", False)]
        self.members = [Member(self.server, ["idem", "puts"], protocol) for protocol in ("classic", "consumer")]
        self.workers = [*self.puts, *self.frames, self.commits, *self.pushed, self.registrar, self.carried]
        for thread in [*self.workers, *self.libraries, *self.members]:
            thread.start()
        end = time.monotonic() + 20
        while not all(member.assigned for member in self.members) and time.monotonic() < end:
            time.sleep(0.01)
        assert all(member.assigned for member in self.members), "a group was never assigned"
        while b"Stable" not in (group := self.group()) and time.monotonic() < end:
            time.sleep(0.01)
        assert b"Stable" in group, f"the group does not come to rest: {group}"
        self.described = group
        for n in range(self.kills):
            self.one_kill(n)
        self.finish()

    def group(self):
        pipe = KafkaPipe(self.server.kafka)
        try:
            return pipe.consumer_group("crash-consumer")
        finally:
            pipe.close()

    def faults(self):
        for thread in [*self.workers, *self.libraries, *self.members]:
            if thread.fault:
                raise thread.fault

    def one_kill(self, n):
        for worker in self.workers:
            worker.resume()
        for library in self.libraries:
            library.paused.clear()
        before = sum(len(w.acknowledged) for w in [*self.puts, *self.frames])
        time.sleep(0.05 + self.chance.random() * 0.5)
        end = time.monotonic() + 20
        while sum(len(w.acknowledged) for w in [*self.puts, *self.frames]) < before + 20 and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(self.chance.random() * 0.01)
        if n % 3:
            self.carried.split(wait=n % 3 == 1)
        under_way = sum(w.outstanding() for w in self.workers)
        self.server.kill()
        self.outstanding.append(under_way)
        for library in self.libraries:
            library.paused.set()
        for worker in self.workers:
            worker.up.clear()
        for worker in self.workers:
            assert worker.quiet.wait(20), "a client does not notice that the server is gone"
        self.faults()
        self.acknowledged()
        lost = [v for w in self.frames for _, v in w.under_way] + [v for w in self.puts for v in w.under_way]
        self.starts.append(self.server.start())
        self.read_on()
        stored = {v for values in self.seen.values() for v in values}
        here = sum(1 for values in lost if values[0] in stored)
        self.unanswered_stored += here
        self.check()
        self.say(f"  kill {n + 1}: {under_way} requests under way, {here} of them stored and unanswered; start {self.starts[-1] * 1000:.0f} ms; {len(stored)} records")

    def acknowledged(self):
        for worker in self.puts:
            for shard, offset, value in worker.acknowledged:
                self.tell("puts", shard, offset, value)
            worker.acknowledged = []
        for worker in self.frames:
            for first, values in worker.acknowledged:
                for i, value in enumerate(values):
                    self.tell("frames", worker.partition, first + i, value)
            worker.acknowledged = []
        for library in self.libraries:
            for partition, offset, value in library.take():
                self.tell(library.topic, partition, offset, value)

    def tell(self, topic, partition, offset, value):
        known = self.told.setdefault((topic, partition, offset), value)
        assert known == value, f"{topic}/{partition} at {offset}: acknowledged for {known} and for {value}"

    def read_on(self):
        """What is there beyond what was read before, by a consumer without a group. Offsets are dense or it fails."""
        consumer = Consumer({"bootstrap.servers": self.server.kafka, "group.id": "reader", "enable.auto.commit": False, "auto.offset.reset": "error", **QUIET})
        try:
            for topic in ("idem", "plain", "frames", "puts"):
                for partition in range(PARTITIONS):
                    values = self.seen.setdefault((topic, partition), [])
                    low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                    assert low == 0 and high >= len(values), f"{topic}/{partition} holds {low}..{high}, and {len(values)} were read before the kill"
                    if high == len(values):
                        continue
                    consumer.assign([TopicPartition(topic, partition, len(values))])
                    end = time.monotonic() + 20
                    while len(values) < high:
                        assert time.monotonic() < end, f"{topic}/{partition}: got {len(values)} of {high}"
                        for message in consumer.consume(min(5000, high - len(values)), 0.5):
                            assert message.error() is None, message.error()
                            assert message.offset() == len(values), f"{topic}/{partition}: offset {message.offset()} where {len(values)} was due"
                            values.append(message.value())
        finally:
            consumer.close()

    def check(self):
        for (topic, partition, offset), value in self.told.items():
            values = self.seen[topic, partition]
            assert offset < len(values), f"{topic}/{partition}: {value} was acknowledged at {offset}, and only {len(values)} are there"
            assert values[offset] == value, f"{topic}/{partition} at {offset}: {value} was acknowledged, {values[offset]} is there"
        for (topic, partition), values in self.seen.items():
            if topic == "frames":
                assert values == [f"f{partition}-{i}".encode() for i in range(len(values))], f"{topic}/{partition}: not each record once and in order"
            elif topic == "idem":
                assert values == [f"idem-{partition}-{i}".encode() for i in range(len(values))], f"{topic}/{partition}: not each record once and in order"
            elif topic == "puts":
                assert len(set(values)) == len(values), f"{topic}/{partition}: a put is there twice"
                for worker in self.puts:
                    mine = [int(v.rstrip(b".").split(b"-")[1]) for v in values if v.startswith(worker.name.encode() + b"-")]
                    assert mine == sorted(mine), f"{topic}/{partition}: puts of one connection are out of order"
        pipe = KafkaPipe(self.server.kafka)
        committed = pipe.committed_offset("crash-offsets", "frames", 0)
        pipe.close()
        self.registrar.check()
        for reader in self.pushed:
            reader.check(self.seen["puts", reader.partition])
        self.carried.look()
        assert committed >= self.commits.acknowledged, f"offset {self.commits.acknowledged} was acknowledged, {committed} is committed"
        assert (group := self.group()) == self.described, f"the consumer group was {self.described} and is {group}"
        for member in self.members:
            assert member.revoked == 0, f"the {member.protocol} group was rebalanced: its state was lost"
        self.faults()

    def finish(self):
        for library in self.libraries:
            library.paused.clear()
            library.stop = True
        for library in self.libraries:
            library.join()
            assert library.producer.flush(60) == 0, f"{library.topic}: messages were never delivered"
        self.faults()
        self.acknowledged()
        self.read_on()
        self.check()
        for member in self.members:
            member.stop = True
            member.join()
            member.consumer.close()
        self.carried.finish()
        pipe = KinesisPipe(self.server.kinesis)
        for (topic, partition), values in self.seen.items():
            there = pipe.read_shard(topic, f"shardId-{partition:012d}")
            assert there == list(enumerate(values)), f"{topic}/{partition}: the doors show different records"
            self.records += len(values)
        for library in self.libraries:
            for partition in range(PARTITIONS):
                want = {f"{library.topic}-{partition}-{i}".encode() for i in range(library.next[partition])}
                assert set(self.seen[library.topic, partition]) == want, f"{library.topic}/{partition}: delivered messages are missing"
        self.server.kill()
        for worker in self.workers:
            worker.retire()


def in_folder(kind, script, program, seed, kills, base, say):
    """One folder, killed again and again. Gives the run, or raises with the seed in the text and the folder kept."""
    folder = Path(tempfile.mkdtemp(prefix=f"sluice-{Path(script).stem}-{seed}-", dir=base))
    run = kind(program, seed, folder / "data", kills, say)
    try:
        run.run()
    except BaseException as error:
        if run.server.process and run.server.process.poll() is None:
            run.server.kill()
        raise AssertionError(f"seed {seed} (tests/crash/{script} --seed {seed} --kills {kills} --per-folder {kills}), data kept in {folder}: {error}") from error
    shutil.rmtree(folder)
    return run


def crash(program, seed, kills, base, say=print):
    return in_folder(Run, "crash.py", program, seed, kills, base, say)


def arguments(doc, kills):
    words = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--kills", type=int, default=kills)
    words.add_argument("--per-folder", type=int, default=12)
    words.add_argument("--seed", type=int)
    words.add_argument("--program", default=ROOT / "build/release/sluice")
    words.add_argument("--base", help="where the data folders are made")
    return words


def folder_after_folder(asked, one):
    """The runs of `one`, which together kill as often as asked; nothing when one failed, which was told."""
    seed = asked.seed if asked.seed is not None else int(time.time())
    runs, killed = [], 0
    while killed < asked.kills:
        kills = min(asked.per_folder, asked.kills - killed)
        print(f"seed {seed}: {kills} kills", flush=True)
        try:
            runs.append(one(asked.program, seed, kills, asked.base))
        except AssertionError as error:
            print(f"FAILED {error}\n{killed} passed, 1 failed", flush=True)
            return None
        killed += kills
        seed += 1
    return runs


def start_when_full(program, gigabytes, base):
    """Seconds from exec to the first answer with that much stored, killed and not closed: five starts."""
    folder = Path(tempfile.mkdtemp(prefix="sluice-crash-full-", dir=base))
    server = Server(program, folder / "data")
    try:
        server.start()
        admin = AdminClient({"bootstrap.servers": server.kafka, **QUIET})   # lives until the answer is there
        admin.create_topics([NewTopic("full", 4, 1)])["full"].result(10)
        pipe = KafkaPipe(server.kafka)
        batch = record_batch([bytes(1000)] * 900, 1_700_000_000_000)
        wanted, sent, under_way = int(gigabytes * 1e9 / len(batch)), 0, 0
        for sent in range(wanted):
            pipe.produce("full", sent % 4, batch)
            under_way += 1
            if under_way >= 8:
                assert pipe.produced()[0] == 0
                under_way -= 1
        while under_way:
            assert pipe.produced()[0] == 0
            under_way -= 1
        starts = []
        for _ in range(5):
            server.kill()
            starts.append(server.start())
        return starts
    finally:
        server.kill()
        shutil.rmtree(folder)


def main():
    words = arguments(__doc__, 300)
    words.add_argument("--full-gb", type=float, default=5, help="also measure the start with that much stored; 0: do not")
    asked = words.parse_args()
    runs = folder_after_folder(asked, crash)
    if runs is None:
        return 1
    outstanding = [n for run in runs for n in run.outstanding]
    starts = [s for run in runs for s in run.starts[1:]]
    print(f"{asked.kills} kills on {len(runs)} folders; {sum(n > 0 for n in outstanding)} with requests under way, {sum(outstanding) / len(outstanding):.1f} of them on average; "
          f"{sum(run.unanswered_stored for run in runs)} requests were stored and unanswered; {sum(run.records for run in runs)} records, each where it was acknowledged; "
          f"{sum(len(reader.values) for run in runs for reader in run.pushed)} records were pushed, {sum(len(run.carried.objects) for run in runs)} objects delivered "
          f"from {sum(run.carried.shards for run in runs)} shards")
    print(f"start after a kill: median {sorted(starts)[len(starts) // 2] * 1000:.0f} ms, worst {max(starts) * 1000:.0f} ms")
    slow = False
    if asked.full_gb:
        full = start_when_full(asked.program, asked.full_gb, asked.base)
        slow = min(full) >= 0.2
        print(f"start with {asked.full_gb:g} GB stored: " + ", ".join(f"{s * 1000:.0f}" for s in full) + " ms")
    print(f"{asked.kills} passed, {1 if slow else 0} failed")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
