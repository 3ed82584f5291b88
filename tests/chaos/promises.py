"""What the server has promised: the records that it acknowledged, until it is asked to delete their stream or to reset, or until
they may be older than their retention. What was under way while a stream may have ended belongs to nobody and is not promised.
"""
import time

from records import label_in, stream_of

DAY = 23 * 3600   # seconds after which a record of a Kinesis stream may be gone: an hour less than its retention
FOR_EVER = 1e12


class Wrong(Exception):
    """The server broke a promise."""


class Life:
    """A name, from one deletion to the next."""

    def __init__(self):
        self.epoch, self.endings, self.shards = 0, 0, {}


class Clock:
    """How far virtual time may have come, at least and at most, in seconds since the start."""

    def __init__(self):
        self.least, self.rate, self.reached, self.looked = 0.0, 1.0, 0.0, time.monotonic()
        self.under_way = 0.0   # jumps that were asked for and may not have happened yet

    def most(self):
        now = time.monotonic()
        self.reached += (now - self.looked) * self.rate
        self.looked = now
        return self.reached

    def jump(self, seconds):
        """Asked for; `jumped` when it has happened, or can happen no more."""
        self.most()
        self.reached += seconds
        self.under_way += seconds

    def set_rate(self, rate):
        self.most()
        self.rate = rate

    def jumped(self, seconds):
        self.under_way -= seconds
        self.least = max(self.least, self.most() - self.under_way)


class Look:
    """What was promised of a name when something was sent."""

    def __init__(self, promises, name):
        life = promises.life(name)
        self.name, self.epoch, self.sure = name, life.epoch, not life.endings
        self.ends = {shard: max(records) + 1 for shard, records in life.shards.items() if records}
        self.time = promises.clock.least


class Promises:
    def __init__(self):
        self.lives, self.clock, self.never, self.kept, self.compared = {}, Clock(), set(), 0, 0

    def life(self, name):
        return self.lives.setdefault(name, Life())

    def look(self, name):
        return Look(self, name)

    def holds(self, look):
        """Whether the stream is the same since then."""
        life = self.life(look.name)
        return look.sure and not life.endings and life.epoch == look.epoch

    def ending(self, names):
        """Before a deletion is sent. Its end is told to `ended`."""
        for name in names:
            life = self.life(name)
            life.epoch, life.endings, life.shards = life.epoch + 1, life.endings + 1, {}

    def ended(self, names):
        for name in names:
            life = self.life(name)
            life.epoch, life.endings, life.shards = life.epoch + 1, life.endings - 1, {}

    def settle(self):
        """The server is gone: whatever it was asked to end has ended or never will."""
        for name, life in self.lives.items():
            while life.endings:
                self.ended([name])

    def stored(self, look, shard, offset, label):
        if not self.holds(look):
            return
        records = self.life(look.name).shards.setdefault(shard, {})
        before = records.get(offset)
        if before and before[0] != label:
            raise Wrong(f"{look.name}/{shard}: offset {offset} was given to {before[0]} and to {label}")
        records[offset] = (label, look.time if look.name[0] in "kc" else None)
        self.kept += 1

    def young(self, record):
        """Whether it must be there; topics made by Kafka keep theirs for ever, those made by the way are not judged."""
        return record[1] is None or self.clock.most() - record[1] < DAY

    def judged(self, name):
        return name[0] in "ktc"

    def due(self, name, shard):
        """Promised offsets of a shard that must be there now, ascending."""
        records = self.life(name).shards.get(shard, {})
        return sorted(offset for offset, record in records.items() if self.young(record)) if self.judged(name) else []

    def read(self, look, shard, start, records):
        """[(offset, value)] came in answer to a read from `start`: each is whole and in its place, and none is left out."""
        labels, last = {}, start - 1
        for offset, data in records:
            label = label_in(data)
            where = f"{look.name}/{shard}: offset {offset}"
            if label is None or stream_of(label) != look.name:
                raise Wrong(f"{where} holds {len(data)} other bytes: {data[:60]!r} … {data[-60:]!r}")
            if label in self.never:
                raise Wrong(f"{where} holds {label}, of a request that never came whole")
            if offset <= last and labels:
                raise Wrong(f"{where} comes after {last}")
            labels[offset], last = label, offset
        if not self.holds(look):
            return last + 1
        for offset, record in self.life(look.name).shards.get(shard, {}).items():
            if not start <= offset <= last:
                continue
            self.compared += 1
            if offset in labels:
                if labels[offset] != record[0]:
                    raise Wrong(f"{look.name}/{shard}: offset {offset} was acknowledged as {record[0]} and holds {labels[offset]}")
            elif self.judged(look.name) and self.young(record):
                raise Wrong(f"{look.name}/{shard}: acknowledged offset {offset} ({record[0]}) is left out by a read from {start} to {last}")
        return last + 1

    def end_told(self, look, shard, end, by):
        """A watermark was told in answer to what was sent after the look."""
        if self.holds(look) and end < look.ends.get(shard, 0):
            raise Wrong(f"{by}: {look.name}/{shard} ends at {end}, and {look.ends[shard] - 1} is acknowledged")

    def denied(self, look, shard, by):
        """A read from the shard was told that there is no such thing; what was sent after the look."""
        if self.holds(look) and shard in look.ends and (due := self.due(look.name, shard)):
            raise Wrong(f"{by}: {look.name}/{shard} is said not to be there, and holds acknowledged records up to {due[-1]}")

    def out_of_range(self, look, shard, start):
        due = self.due(look.name, shard)
        if self.holds(look) and due and due[0] <= start <= look.ends.get(shard, -1):
            raise Wrong(f"{look.name}/{shard}: {start} is said to be out of range, and {due[0]} is acknowledged")
