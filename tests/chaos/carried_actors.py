"""Those who speak Kinesis and are told what is stored by other ways than reads: a registered consumer, to whom records are pushed, and
a channel, whose objects lie in a folder."""
import asyncio
import base64
import collections

from actors import CARRIED, KEPT, HttpActor, changing
from kinesis_actors import THERE_OR_NOT, Putter, shard_of
from lines import Gone
from promises import DAY, Wrong
from records import label_in, stream_of
from wire import offset_of

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/"
REFUSED = THERE_OR_NOT + ("LimitExceededException", "InvalidArgumentException")


class Watcher(HttpActor):
    """Registers consumers, subscribes by them and leaves in the middle, deregisters them. One that is registered stays so until its
    stream goes, and what is pushed to it is in order and whole."""

    def __init__(self, world, number):
        super().__init__(world, number)
        self.forget()

    def forget(self):
        self.there, self.unsure, self.places = {}, collections.Counter(), {}

    async def act(self, draw):
        name, consumer = draw.choice(KEPT * 3 + ("k1",)), f"c{draw.randrange(3)}"
        step = draw.choice(("register", "subscribe", "subscribe", "subscribe", "list", "deregister"))
        await getattr(self, step)(name, consumer, draw)

    async def register(self, name, consumer, draw):
        look = self.promises.look(name)
        status, answer = await self.call("RegisterStreamConsumer", {"StreamARN": ARN + name, "ConsumerName": consumer}, draw, REFUSED)
        if status == 200 and not self.unsure[name, consumer]:
            self.there[name, consumer] = look, answer["Consumer"]["ConsumerARN"]

    async def deregister(self, name, consumer, draw):
        self.there.pop((name, consumer), None)
        try:
            await self.call("DeregisterStreamConsumer", {"StreamARN": ARN + name, "ConsumerName": consumer}, draw, REFUSED)
        except Gone:
            self.unsure[name, consumer] += 1
            self.world.later(self.unsure.subtract, [(name, consumer)])
            raise

    async def list(self, name, _, draw):
        known = {consumer: at for (of, consumer), at in self.there.items() if of == name}
        status, answer = await self.call("ListStreamConsumers", {"StreamARN": ARN + name}, draw, REFUSED)
        listed = {one["ConsumerARN"] for one in answer["Consumers"]} if status == 200 else set()
        for consumer, (look, arn) in known.items():
            if arn not in listed and self.promises.holds(look) and (status == 200 or not self.world.server.delays):
                raise Wrong(f"{self.name} {self.count}: {arn} was registered and is not listed: {answer}")

    async def subscribe(self, name, consumer, draw):
        shard, seconds, goes_on = draw.choice((0, 0, 1, 2)), draw.choice((0.1, 0.5, 2)), draw.random() < 0.6
        kind, again = draw.choice(("TRIM_HORIZON", "LATEST")), draw.choice(("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"))
        if (name, consumer) not in self.there:
            return await self.register(name, consumer, draw)
        look, arn = self.there[name, consumer]
        start, position = (0 if kind == "TRIM_HORIZON" else None), {"Type": kind}
        known = self.places.get((name, shard))
        if goes_on and known and known[2] and self.promises.holds(known[0]):
            look, start, number = known
            position = {"Type": again, "SequenceNumber": number}
        else:
            look = self.promises.look(name)
        asked = {"ConsumerARN": arn, "ShardId": f"shardId-{shard:012}", "StartingPosition": position}
        await self.line.deliver([self.line.body("SubscribeToShard", asked)], draw, "SubscribeToShard")
        if (refused := await self.line.read_events_head("SubscribeToShard")) is not None:
            return self.judge("SubscribeToShard", *refused, REFUSED, asked)
        try:
            async with asyncio.timeout(seconds):
                while await self.event(look, shard, start):
                    start = self.places[name, shard][1]
        except TimeoutError:
            pass
        raise Gone("read enough")

    async def event(self, look, shard, start):
        """False: that was the last one."""
        headers, told = await self.line.read_event("SubscribeToShard")
        kind = headers.get(":event-type") or headers.get(":exception-type")
        self.world.answers["SubscribeToShard", kind] += 1
        if kind == "initial-response":
            self.places[look.name, shard] = look, start, None   # no event has come yet
            return True
        if kind != "SubscribeToShardEvent":
            if kind not in THERE_OR_NOT and not self.world.full:
                raise Wrong(f"{self.name} {self.count}: a subscription ended with {headers} {told}")
            return False
        records = [(offset_of(r["SequenceNumber"]), base64.b64decode(r["Data"])) for r in told["Records"]]
        if records:
            first = records[0][0]
            due = [offset for offset in self.promises.due(look.name, shard) if start is not None and start <= offset < first]
            if due and self.promises.holds(look):
                raise Wrong(f"{look.name}/{shard}: an event begins at {first}: {due[0]} is acknowledged and left out")
            if start is not None and first < start:
                raise Wrong(f"{look.name}/{shard}: an event begins at {first}, behind {start} that was sent before")
            start = self.promises.read(look, shard, first, records)
        if "ContinuationSequenceNumber" not in told:
            children = [shard_of(one["ShardId"]) for one in told["ChildShards"]]
            if not children or min(children) <= shard:
                raise Wrong(f"{look.name}/{shard} ends with children {children}")
            self.places.pop((look.name, shard), None)
            return False
        self.places[look.name, shard] = look, start, told["ContinuationSequenceNumber"]
        return True


class Carrier(Putter):
    """Puts into a stream of its own, which a channel carries to the server's folder. Each record is in one object."""

    def __init__(self, world, number):
        super().__init__(world, number)
        self.stream, self.paths, self.found = CARRIED[0], set(), set()
        self.forget()

    def forget(self):
        self.channel, self.active, self.due = None, False, {}

    async def act(self, draw):
        step = draw.choice(("put",) * 8 + ("look", "look", "describe", "split", "update", "delete" if draw.random() < 0.1 else "put"))
        if not self.channel:
            return await self.make(draw)
        await getattr(self, step)(draw)

    async def make(self, draw):
        """With answers: nobody but this one makes and deletes it, so what is there after a restart is what is to be used."""
        await self.call("CreateStream", {"StreamName": self.stream, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, draw, REFUSED, cut=False)
        await self.call("UpdateAccountSettings", {"MinimumThroughputBillingCommitment": {"Status": "ENABLED"}}, draw, REFUSED, cut=False)
        status, told = await self.call("ListChannels", {"StreamFilter": [{"StreamARN": ARN + self.stream}]}, draw, REFUSED, cut=False)
        if status == 200 and told["ChannelSummaries"]:
            self.channel = told["ChannelSummaries"][0]["ChannelARN"]
            return
        asked = {"ChannelName": f"channel-{self.count}", "ServiceExecutionRoleARN": "arn:aws:iam::000000000000:role/any",
                 "StreamConfigurationList": [{"StreamARN": ARN + self.stream, "RecordConfiguration": {"RecordFormatType": "STRING"}}],
                 "S3DestinationConfiguration": {"StorageConfiguration": {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": "000000000000",
                                                                         "CompressionType": "NONE"}}}
        status, told = await self.call("CreateChannel", asked, draw, REFUSED, cut=False)
        if status == 200:
            self.channel = told["ChannelDescription"]["ChannelARN"]

    async def describe(self, draw):
        status, told = await self.call("DescribeChannel", {"ChannelARN": self.channel}, draw, REFUSED)
        if status == 200:
            self.active = self.active or told["ChannelDescription"]["ChannelStatus"] == "ACTIVE"
        elif told["__type"].endswith("ResourceNotFoundException"):
            self.forget()

    async def put(self, draw):
        if not self.active:
            return await self.describe(draw)
        values, labels = self.values(self.stream, draw, 40, (0, 20, 200, 3_000, 70_000))
        look, begun = self.promises.look(self.stream), self.world.age()
        entries = [{"Data": base64.b64encode(v).decode(), "PartitionKey": f"{draw.random()}"} for v in values]
        try:
            status, answer = await self.call("PutRecords", {"StreamName": self.stream, "Records": entries}, draw, THERE_OR_NOT + ("InternalFailure",))
        except Gone as gone:
            if not getattr(gone, "whole", 1):
                self.promises.never.update(labels)
            raise
        if status == 200:
            fails = ("InternalFailure",) if self.world.full or self.world.changed_since(self.stream, begun - 1) else ()
            self.stored(look, labels, answer["Records"], answer["FailedRecordCount"], fails)
            self.due |= {label: look for label, one in zip(labels, answer["Records"]) if "ErrorCode" not in one}

    async def split(self, draw):
        """More throughput in advance is more shards."""
        asked = {"StreamName": self.stream, "WarmThroughputMiBps": draw.randint(1, 12)}
        await changing(self, CARRIED, self.call("UpdateStreamWarmThroughput", asked, draw, REFUSED + ("ValidationException",)))

    async def update(self, draw):
        asked = {"ChannelARN": self.channel, "S3DestinationConfiguration": {"DataFreshnessInSeconds": draw.choice((300, 600, 900))}}
        await self.call("UpdateChannel", asked, draw, REFUSED)

    async def delete(self, draw):
        channel = self.channel
        self.forget()
        await self.call("DeleteChannel", {"ChannelARN": channel}, draw, REFUSED, cut=False)

    async def look(self, draw=None):
        """All that lies in the bucket is whole, and nothing of it is there twice."""
        for path in (self.world.server.folder / "s3/bucket").glob("**/*"):
            if path in self.paths or not path.is_file():
                continue
            self.paths.add(path)
            content = path.read_bytes()
            for line in content.splitlines(keepends=True):
                label = label_in(line[:-1]) if line.endswith(b"\n") else None
                if label is None or stream_of(label) != self.stream or label in self.promises.never:
                    raise Wrong(f"{path} holds {line[-100:]!r}")
                if label in self.found:
                    raise Wrong(f"{label} is delivered twice, with {path}")
                self.found.add(label)

    async def complete(self, line):
        """When the time of the youngest object has passed. How many records are in objects."""
        self.promises.clock.jump(1000)
        status, answer = await line.ask("/_sluice/v1/AdvanceClock", {"span": "1000s"})
        if status != 200:
            raise Wrong(f"AdvanceClock was answered {status} {answer}")
        self.promises.clock.jumped(1000)
        await self.look()
        now = self.promises.clock.most()
        lost = [label for label, look in self.due.items()
                if label not in self.found and self.promises.holds(look) and now - look.time < DAY]
        if lost and not self.world.full:   # a full store may refuse to write down how far a channel has come
            raise Wrong(f"{len(lost)} of {len(self.due)} acknowledged records are in no object: {lost[:3]}")
        return len(self.found)
