#!/usr/bin/env python3
"""Twenty-one connections do everything at once to one server and are cut off in the middle, while time jumps, streams come and go and
everything is reset: in memory, on disk with both durabilities, and in a full store. `make chaos` runs it long, `make test` a minute.

Checked: the program never dies and no sanitizer reports; /health answers all the time; every answer can be read to its last byte
and is one that this request may have; what was acknowledged is read back, also after SIGTERM in the middle and a new start; the
program exits within bounds; at the end no connection, no parked call and no descriptor is left.

    chaos.py [--seed N] [--seconds 60] [--mode memory|process|power|full|full-memory] [--round 15] [--counts]
             [--program build/dev/sluice]

A round is one server's life of --round seconds. It prints its seed and mode before it begins; the same seed and mode draw the same
actions again, though not at the same moments.
"""
import argparse
import asyncio
import collections
import random
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

from actors import STREAMS, TOPICS
from carried_actors import Carrier, Watcher
from group_actors import Commits, Committer, Member
from kafka_actors import Fetcher, Producer, read_back
from kinesis_actors import Putter, Reader, Worker
from lines import Gone, HttpLine, KafkaLine
from movers import CONTROL, Health, Mover
from promises import Promises, Wrong
from server import FLAGS, Server
from shapers import StreamShaper, TopicShaper, kept_topic

ROOT = Path(__file__).resolve().parents[2]
CAST = {Health: 1, Producer: 3, Putter: 2, Fetcher: 2, Reader: 1, Worker: 2, Watcher: 1, Carrier: 1, Member: 4, Committer: 1, TopicShaper: 1, StreamShaper: 1, Mover: 1}
SHAPE = (TopicShaper, StreamShaper, Mover)
HEALTHY_WITHIN = 20   # seconds, with sanitizers, on a machine that does other things
SETTLES_WITHIN = 30   # until all that was left behind is gone


class World:
    """What the actors of a round share."""

    def __init__(self, seed, mode, server):
        self.seed, self.mode, self.server, self.full = seed, mode, server, mode.startswith("full")
        self.begun, self.log = time.monotonic(), collections.deque(maxlen=40)
        self.number = self.slowest = self.asked = 0
        self.answers = collections.Counter()   # (request, code): how often
        self.changes, self.changed = collections.Counter(), {}   # resharding now, and when it last ended, by stream
        self.producers, self.commits, self.promises = set(), Commits(), Promises()
        self.actors = [kind(self, i) for kind, count in CAST.items() for i in range(count)]
        self.fresh()

    def fresh(self):
        """A server that was started anew: no connection, and on the same folder a clock that is as it was."""
        self.mover = next(actor for actor in self.actors if isinstance(actor, Mover))
        if not self.server.durable:
            self.mover.new_server()
        self.stopping, self.jumps, self.jumping, self.held, self.lines, self.waiting = False, 0, int(self.mover.virtual), [], set(), []
        self.promises.clock.under_way = 0.0   # what has not happened by now never will
        self.changes.clear()
        for actor in self.actors:
            actor.line = None

    def age(self):
        return time.monotonic() - self.begun

    def changed_since(self, name, age):
        return self.changes[name] > 0 or self.changed.get(name, -1) >= age

    def later(self, work, *arguments):
        """When what was sent whole and cut off has surely been carried out."""
        self.waiting.append((self.asked + 5, time.monotonic() + 3, work, arguments))

    def healthy(self, seconds):
        self.asked, self.slowest = self.asked + 1, max(self.slowest, seconds)
        if seconds > HEALTHY_WITHIN:
            raise Wrong(f"/health took {seconds:.1f} s")
        due = [w for w in self.waiting if w[0] <= self.asked and w[1] <= time.monotonic()]
        self.waiting = [w for w in self.waiting if w not in due]
        for _, _, work, arguments in due:
            work(*arguments)

    def new_producer(self, number):
        if number in self.producers:
            raise Wrong(f"producer id {number} was given twice")
        self.producers.add(number)

    def old(self, look):
        """Whether offsets committed then may have expired: they are kept for seven days."""
        return self.promises.clock.most() - look.time > 6 * 86400


class Round:
    def __init__(self, seed, mode, seconds, program):
        self.seed, self.mode, self.seconds = seed, mode, seconds
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-chaos-"))
        self.draw = random.Random(f"{seed} round")
        self.server = Server(program, self.folder, mode, self.draw)
        self.world = World(seed, mode, self.server)

    async def run(self):
        self.server.start()
        calm = self.draw.random() < 0.5
        await self.load(self.seconds / 2, calm, stop=True)
        took = self.server.ended()
        if not self.server.durable:
            self.world.promises, self.world.producers = Promises(), set()
            self.world.commits.clear()
            for actor in self.world.actors:
                actor.promises = self.world.promises
                actor.forget()
        self.world.fresh()
        self.server.start()
        again = await self.read_everything()
        await self.load(self.seconds / 2, True)
        await self.nothing_left()
        found, carried = await self.read_everything(), await self.carried()
        took = max(took, self.stop())
        if self.server.durable:
            self.world.fresh()
            self.server.start()
            await self.read_everything()
            self.stop()
        done = sum(actor.done for actor in self.world.actors)
        return (f"{done} actions, {self.world.promises.kept} records acknowledged, {again} and {found} of them read back in the end, {carried} in objects, "
                f"slowest /health {self.world.slowest * 1e3:.0f} ms, exit in {took:.1f} s")

    async def load(self, seconds, calm, stop=False):
        """All actors for so long. `calm`: those who shape and move end first, so that there is something to be found."""
        world = self.world
        self.descriptors = self.server.descriptors()
        await self.make_streams()
        tasks = {asyncio.create_task(actor.run(), name=actor.name): actor for actor in world.actors}
        try:
            await self.watch(tasks, seconds * (0.75 if calm else 1))
            if calm:
                shaping = {task: actor for task, actor in tasks.items() if isinstance(actor, SHAPE)}
                for task in shaping:
                    task.cancel()
                await asyncio.gather(*shaping, return_exceptions=True)
                await self.watch({t: a for t, a in tasks.items() if t not in shaping}, seconds * 0.25)
        finally:
            world.stopping = True
            if stop and self.server.process.poll() is None:
                self.server.ask_to_stop()
                await asyncio.wait(tasks, timeout=1)
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            for line in list(world.lines):
                line.close(reset=False)
            world.promises.settle()
            for result in ended:
                if isinstance(result, Exception) and not isinstance(result, Gone):
                    raise result

    async def make_streams(self):
        """So that there is something from the first moment on; what is there already is left as it is."""
        kinesis = await HttpLine(self.world, self.server.kinesis).open()
        for name in STREAMS:
            await kinesis.ask("CreateStream", {"StreamName": name, "ShardCount": 2})
        kafka = await KafkaLine(self.world, self.server.kafka).open()
        await kafka.ask("CreateTopics", {"timeout": 5000, "topics": [kept_topic(name, 2) for name in TOPICS]}, version=2)
        kinesis.close()
        kafka.close()

    async def watch(self, tasks, seconds):
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        await asyncio.sleep(0)
        self.server.check_alive()
        for task in done:
            task.result()

    def stop(self):
        self.server.ask_to_stop()
        return self.server.ended()

    async def nothing_left(self):
        """Every place that a client took is free again."""
        line = await HttpLine(self.world, self.server.kinesis).open()
        end, left = time.monotonic() + SETTLES_WITHIN, None
        while time.monotonic() < end:
            _, health = await line.get("/health")
            await line.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            calls = next(row for row in (await line.read_text("/metrics")).splitlines() if row.startswith('sluice_calls{door="kafka"}'))
            more = len(self.server.descriptors()) - 1 - len(self.descriptors)
            left = (health["kafkaConnections"], health["kinesisConnections"] - 1, int(calls.split()[1]), more)
            if left[:3] == (0, 0, 0) and more <= 0:
                return line.close()
            await asyncio.sleep(0.1)
        raise Wrong(f"left behind: {left[0]} Kafka and {left[1]} Kinesis connections, {left[2]} parked calls, {left[3]} descriptors: "
                    f"{set(self.server.descriptors()) - set(self.descriptors)}")

    async def carried(self):
        line = await HttpLine(self.world, self.server.kinesis).open()
        found = await next(a for a in self.world.actors if isinstance(a, Carrier)).complete(line)
        line.close()
        return found

    async def read_everything(self):
        """How many acknowledged records were found."""
        promises, found = self.world.promises, 0
        control = await HttpLine(self.world, self.server.kinesis).open()
        for name in promises.lives:   # or reads would be slowed, for ever while the clock stands
            await control.ask(CONTROL + "SetLimits", {"stream": name, "profile": "none"})
        await control.ask(CONTROL + "ResumeClock", {})
        control.close()
        line = await KafkaLine(self.world, self.server.kafka).open()
        for name, life in sorted(promises.lives.items()):
            for shard in sorted(life.shards):
                found += await read_back(promises, line, name, shard)
        if self.world.commits.least:
            await next(a for a in self.world.actors if isinstance(a, Committer)).check(line, 5)
        line.close()
        return found


def chaos(seed, mode, seconds, program, counts=False):
    """None, or what was wrong."""
    one = Round(seed, mode, seconds, program)
    print(f"chaos --seed {seed} --mode {mode} --seconds {seconds} --round {seconds}: {' '.join(one.server.flags)}", flush=True)
    try:
        print("    " + asyncio.run(one.run()), flush=True)
        if counts:
            rows = sorted(one.world.answers.items(), key=str)
            print("    " + ", ".join(f"{what} {code}: {count}" for (what, code), count in rows), flush=True)
    except Exception as error:   # told below, with what is known of it
        one.server.kill()
        print(f"    WRONG: {error}" if isinstance(error, Wrong) else "".join(traceback.format_exception(error)))
        print("\n".join("    " + row for row in one.world.log))
        print(f"    all that it wrote to standard error, and its data: {one.folder}", flush=True)
        return str(error)
    shutil.rmtree(one.folder)
    return None


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--seed", type=int, default=int(time.time()))
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--round", type=float, default=15)
    options.add_argument("--mode", choices=list(FLAGS))
    options.add_argument("--program", default=ROOT / "build/dev/sluice")
    options.add_argument("--counts", action="store_true", help="how often each request was answered how")
    options = options.parse_args()
    modes = [options.mode] if options.mode else list(FLAGS)[:4]
    rounds = max(1, round(options.seconds / options.round))
    faults = 0
    for n in range(rounds):
        mode = modes[n % len(modes)]
        if mode == "full" and not options.mode and n // len(modes) % 2:
            mode = "full-memory"
        faults += chaos(options.seed + n, mode, options.round, options.program, options.counts) is not None
    print(f"[chaos] test cases: {rounds} | {rounds - faults} passed | {faults} failed")
    sys.exit(faults > 0)


if __name__ == "__main__":
    main()
