"""Those who speak Kafka and carry records: producers that pipeline, and readers that park."""
import struct

from actors import KEPT, NAMES, TOO_LARGE, Actor
from lines import Gone
from promises import Wrong
from records import batch, read_batches

# 3 there is none, 5 it is coming or going, 44 sealed: no more records after a split or merge, 6 ask for metadata: there is more of it.
PRODUCED, READ = {0, 3, 5, 44}, {0, 3, 5}
LARGEST = 1_048_588   # max.message.bytes

NEW_PRODUCER = {"transaction": None, "timeout": 1000, "producer": -1, "epoch": -1}


class Producer(Actor):
    """Sends up to eight requests before it reads the first answer."""

    def opened(self):
        self.id, self.sequences = None, {}

    async def act(self, draw):
        name, shard = draw.choice(NAMES + KEPT * 2), draw.choice((0, 0, 0, 1, 1, 2, 3, 5))
        depth, version = draw.choice((1, 1, 2, 4, 8)), draw.choice(self.versions("Produce"))
        acks, idempotent = draw.choice((-1,) * 12 + (1,) * 4 + (0,)), draw.random() < 0.4
        if idempotent and self.id is None:
            told = await self.ask("InitProducerId", NEW_PRODUCER, draw, cut=False)
            if told["code"]:
                return
            self.world.new_producer(told["producer"])
            self.id, self.sequences = (told["producer"], told["epoch"]), {}
        look, frames, asked, labels = self.promises.look(name), [], [], []
        for _ in range(depth if not idempotent else min(depth, 5)):
            values, names = self.values(name, draw, 3)
            if idempotent:
                sequence = self.sequences.get((name, shard), 0)
                self.sequences[name, shard] = sequence + len(values)
                records = batch(values, *self.id, sequence)
            else:
                records = batch(values)
            frame, number = self.line.frame("Produce", version, {
                "transaction": None, "acks": acks, "timeout": 5000,
                "topics": [{"name": name, "partitions": [{"index": shard, "records": records}]}]})
            frames.append(frame), asked.append(number), labels.append((names, len(records)))
        if acks == 0:
            self.line.jumps = -1   # Kafka hangs up when such a produce fails
        try:
            await self.line.deliver(frames, draw, f"Produce {name}/{shard} acks {acks}")
        except Gone as gone:
            for names, _ in labels[getattr(gone, "whole", len(labels)):]:
                self.promises.never.update(names)
            raise
        if acks == 0:
            return
        for number, (names, size) in zip(asked, labels):
            self.produced(await self.line.read(number), look, name, shard, names, size, idempotent)

    def produced(self, answer, look, name, shard, labels, size, idempotent):
        topic, = answer["topics"]
        told, = topic["partitions"]
        if topic["name"] != name or told["index"] != shard:
            raise Wrong(f"{self.name} {self.count}: Produce to {name}/{shard} was answered for {topic}")
        self.allow(f"Produce to {name}/{shard}", told["code"],
                   PRODUCED | ({45, 47, 59} if idempotent else set()) | ({TOO_LARGE} if size > LARGEST else set()))
        if told["code"]:
            self.id = None if idempotent else self.id
            return
        for i, label in enumerate(labels):
            self.promises.stored(look, shard, told["base"] + i, label)


class Fetcher(Actor):
    """Reads from both ends of several partitions at once, and waits for what is not there."""

    def opened(self):
        self.session, self.epoch, self.at = 0, 0, {}

    def start(self, look, shard, part):
        """Somewhere in what was promised, or behind it, where a fetch waits."""
        due = self.promises.due(look.name, shard)
        return due[int(part * len(due))] if due and part < 0.8 else look.ends.get(shard, 0)

    async def act(self, draw):
        version = draw.choice(self.versions("Fetch"))
        names = draw.sample(NAMES, draw.randint(1, 3))
        wait, least, most = draw.choice((0, 50, 500, 3000)), draw.choice((1, 1, 100_000, 50_000_000)), draw.choice((50_000, 2_000_000))
        parts = {(name, shard): draw.random() for name in names for shard in draw.sample(range(3), draw.randint(1, 3))}
        session = version >= 7 and draw.random() < 0.6
        looks = {name: self.promises.look(name) for name in NAMES}
        begun = {key: self.start(looks[key[0]], key[1], part) for key, part in parts.items()}
        if not session or not self.session:
            self.at = {}
        self.at.update(begun)
        values = {"replica": -1, "wait": wait, "least": least, "most": 8_000_000, "isolation": draw.randint(0, 1),
                  "session": self.session if session else 0, "epoch": self.epoch if session else -1, "rack": "",
                  "topics": [{"name": name, "partitions": [
                      {"index": shard, "leader_epoch": -1, "offset": offset, "last_epoch": -1, "start": -1, "most": most}
                      for (topic, shard), offset in begun.items() if topic == name]} for name in names]}
        frame, number = self.line.frame("Fetch", version, values)
        await self.line.deliver([frame], draw, "Fetch")
        answer = await self.line.read(number)
        if version >= 7:
            self.allow("Fetch", answer["code"], {0, 70, 71} if session else {0})
        self.session, self.epoch = (answer["session"], self.epoch + 1) if session and answer["session"] else (0, 0)
        for topic in answer["topics"]:
            for told in topic["partitions"]:
                self.fetched(looks[topic["name"]], told, begun if not session else self.at)

    def fetched(self, look, told, asked):
        shard, code = told["index"], told["code"]
        if (look.name, shard) not in asked:
            raise Wrong(f"{self.name} {self.count}: Fetch was answered for {look.name}/{shard}, which was not asked for")
        start = asked[look.name, shard]
        self.allow(f"Fetch of {look.name}/{shard} from {start}", code, READ | {1, 6})
        if code == 3:
            return self.promises.denied(look, shard, f"{self.name} {self.count}")
        if code == 1:
            return self.promises.out_of_range(look, shard, start)
        if code == 0:
            self.promises.end_told(look, shard, told["end"], f"{self.name} {self.count}")
            try:
                records = read_batches(told["records"] or b"")
            except (ValueError, struct.error, IndexError) as error:
                raise Wrong(f"Fetch of {look.name}/{shard} from {start}: {error}") from error
            if records and not records[0][0] <= start <= records[-1][0] and self.promises.holds(look):
                due = [offset for offset in self.promises.due(look.name, shard) if start <= offset < records[0][0]]
                if due or records[-1][0] < start:
                    raise Wrong(f"Fetch of {look.name}/{shard} from {start} gave {records[0][0]} to {records[-1][0]}")
            self.promises.read(look, shard, start, records)


async def read_back(promises, line, name, shard):
    """All that is due of a shard, through Kafka's door, in a quiet server. Yields how many records were compared."""
    due, look = promises.due(name, shard), promises.look(name)
    before, at = promises.compared, due[0] if due else 0
    while due and at <= due[-1]:
        answer = await line.ask("Fetch", {
            "replica": -1, "wait": 0, "least": 1, "most": 8_000_000,
            "topics": [{"name": name, "partitions": [{"index": shard, "offset": at, "most": 4_000_000}]}]}, version=4)
        told = answer["topics"][0]["partitions"][0]
        if told["code"]:
            raise Wrong(f"{name}/{shard} from {at}: acknowledged up to {due[-1]}, and its Fetch is answered {told['code']}")
        records = read_batches(told["records"] or b"")
        if not records:
            raise Wrong(f"{name}/{shard} gives nothing from {at} on and ends at {told['end']}; {due[-1]} is acknowledged")
        at = promises.read(look, shard, at, records)
    return promises.compared - before
