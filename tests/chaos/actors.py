"""Who acts: each actor has a connection and draws one action after the other. What it draws depends on the seed, its name and how
many actions it drew before, and on nothing that happened."""
import asyncio
import random

from frames import APIS
from lines import Gone, HttpLine, KafkaLine
from promises import Wrong
from records import SIZES, label, value

STREAMS, TOPICS, BY_THE_WAY = ("k0", "k1", "k2"), ("t0", "t1", "t2"), ("u0",)
CARRIED = ("c0",)   # a channel delivers it
NAMES = STREAMS + TOPICS + BY_THE_WAY
KEPT = ("k2", "t2")   # nobody deletes them alone; a reset does
GROUPS = ("g0", "g1")
TOO_LARGE = 10
NO_ROOM = {56, 15}   # a full store in Kafka's words: of records and topics, and of groups


class Actor:
    line_kind = KafkaLine

    def __init__(self, world, number):
        self.world, self.name, self.number = world, f"{type(self).__name__.lower()}{number}", number
        self.promises, self.count, self.line, self.done = world.promises, 0, None, 0

    async def run(self):
        while not self.world.stopping:
            self.count += 1
            draw = random.Random(f"{self.world.seed} {self.name} {self.count}")
            pause = draw.choice(self.pauses)
            try:
                if self.line is None:
                    address = self.world.server.kafka if self.line_kind is KafkaLine else self.world.server.kinesis
                    self.line = await self.line_kind(self.world, address).open()
                    self.opened()
                await self.act(draw)
                self.done += 1
            except Gone:
                if self.line:
                    if self.line not in self.world.held:
                        self.line.close()
                    self.line = None
            await asyncio.sleep(pause)

    pauses = (0, 0, 0.01, 0.1)

    def opened(self):
        pass

    def forget(self):
        """The server begins anew, with nothing."""

    def note(self, text):
        self.world.log.append(f"{self.world.age():7.2f} {self.name} {self.count}: {text}")

    def allow(self, what, code, codes, more=""):
        self.world.answers[what.split(" ")[0], code] += 1
        if code not in codes and not (code in NO_ROOM and self.world.full):
            raise Wrong(f"{self.name} {self.count}: {what} was answered {code} {more}")

    async def ask(self, name, values, draw, codes=(0,), cut=True):
        """A Kafka request whose answer has one code."""
        answer = await self.line.ask(name, values, draw if cut else None, version=draw.choice(self.versions(name)))
        if "code" in answer:
            self.allow(name, answer["code"], codes, values)
        return answer

    def versions(self, name):
        return APIS[name].versions

    async def insist(self, work, refused, what):
        """A deletion or a reset makes room, so a full store takes it at once, whatever came in the same moment."""
        answer = await work()
        if self.world.full and refused(answer):
            raise Wrong(f"{self.name} {self.count}: a full store refuses {what}: {answer}")
        return answer

    def values(self, name, draw, most, sizes=SIZES):
        """Up to `most` values, of 1.2 MB together, and their labels."""
        count = draw.randint(1, most)
        sizes = [draw.choice(sizes if count == 1 else sizes[:-1]) for _ in range(count)]
        while sum(sizes) > 1_190_000:
            sizes.pop()
        first = self.world.number
        self.world.number += len(sizes)
        numbers = [f"{self.name}.{self.count}.{first + i}" for i in range(len(sizes))]
        return [value(name, n, s) for n, s in zip(numbers, sizes)], [label(name, n, s) for n, s in zip(numbers, sizes)]


class HttpActor(Actor):
    line_kind = HttpLine

    async def call(self, operation, values, draw, refusals=(), cut=True):
        """(status, answer) of an operation that may be refused with these names; 500 is for a full store alone."""
        status, answer = await self.line.ask(operation, values, draw if cut else None)
        self.judge(operation, status, answer, refusals, values)
        return status, answer

    def judge(self, operation, status, answer, refusals, values=""):
        kind = str(answer.get("__type") or answer.get("code") or "").rsplit("#", 1)[-1]
        self.world.answers[operation.rsplit("/", 1)[-1], kind or status] += 1
        if status == 200 or (status in (400, 404, 409, 500) and kind in refusals):
            return
        if self.world.full and status in (429, 500):
            return
        raise Wrong(f"{self.name} {self.count}: {operation} {str(values)[:300]} was answered {status} {str(answer)[:500]}")


async def ending(actor, names, work, lasts=False):
    """Does what deletes these streams. While nobody can know whether they are there, nothing is promised of them. A deletion that
    `lasts` goes on after its answer, and takes puts until it is over, as Kinesis' own does."""
    promises = actor.promises
    promises.ending(names)
    return await settled(actor, work, promises.ended, names, lasts)


async def changing(actor, names, work):
    """Does what closes shards of these streams: a large put that is under way then may fail, and be sent again."""
    world = actor.world
    world.changes.update(names)

    def over(names):
        world.changes.subtract(names)
        world.changed.update(dict.fromkeys(names, world.age()))
    return await settled(actor, work, over, names)


async def settled(actor, work, over, names, lasts=False):
    """What was cut off after it was sent whole has happened when the server has since answered others; when a round ends it is
    settled there."""
    try:
        result = await work
    except Gone as gone:
        if getattr(gone, "whole", 1):
            actor.world.later(over, names)
        else:
            over(names)
        raise
    if lasts:
        actor.world.later(over, names)
    else:
        over(names)
    return result
