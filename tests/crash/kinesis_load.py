"""What else Kinesis promises over a kill: registered consumers and what is pushed to them, and channels, whose objects lie in a
folder outside of the store. `crash.py` has them in its load and asks them to check after each kill."""
import base64
import collections

from load import Puts, Worker
from wire import KinesisPipe, Subscription, offset_of

RATE = 600   # of the virtual clock: an object is as old as it becomes within half a second
READERS = "readers"   # the stream's consumer that reads; those that come and go have other names


def arn_of(pipe, stream):
    return pipe.ask("DescribeStreamSummary", StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]


def make_reader(server, stream):
    """The ARN of the consumer that all shards are read by."""
    pipe = KinesisPipe(server.kinesis)
    consumer = pipe.ask("RegisterStreamConsumer", StreamARN=arn_of(pipe, stream), ConsumerName=READERS)["Consumer"]
    pipe.close()
    return consumer["ConsumerARN"]


def consumers(pipe, stream_arn):
    """The ARN of each registered one that comes and goes, by name."""
    listed = pipe.ask("ListStreamConsumers", StreamARN=stream_arn)["Consumers"]
    return {one["ConsumerName"]: one["ConsumerARN"] for one in listed if one["ConsumerName"] != READERS}


class Registrar(Worker):
    """Registers and deregisters, one call after the other. A call that was not answered has happened or not."""

    def __init__(self, server, stream, chance):
        super().__init__(server, 1)
        self.stream, self.chance, self.there, self.last, self.unsure, self.arn = stream, chance, {}, {}, None, None

    def connect(self):
        self.pipe = KinesisPipe(self.server.kinesis)
        self.arn = self.arn or arn_of(self.pipe, self.stream)
        if self.unsure:   # what became of the call that was under way
            self.there.pop(self.unsure, None)
            if (arn := consumers(self.pipe, self.arn).get(self.unsure)) is not None:
                self.there[self.unsure] = self.last[self.unsure] = arn
            self.unsure = None

    def send(self):
        self.unsure = name = f"c{self.chance.randrange(6)}"
        self.operation = "DeregisterStreamConsumer" if name in self.there else "RegisterStreamConsumer"
        self.pipe.request(self.operation, {"StreamARN": self.arn, "ConsumerName": name})

    def receive(self):
        status, answer = self.pipe.answer()
        name, self.unsure = self.unsure, None
        assert status == 200, (self.operation, name, status, answer)
        if self.operation == "DeregisterStreamConsumer":
            del self.there[name]
            return
        arn = answer["Consumer"]["ConsumerARN"]
        assert arn != self.last.get(name), f"{name} was registered twice as {arn}"
        self.there[name] = self.last[name] = arn

    def check(self):
        pipe = KinesisPipe(self.server.kinesis)
        there, wanted = consumers(pipe, self.arn), dict(self.there)
        pipe.close()
        for known in (there, wanted):
            known.pop(self.unsure, None)
        assert there == wanted, f"of registered consumers {wanted} were acknowledged, and {there} are there"


class Pushed(Worker):
    """Reads a shard by SubscribeToShard: from where it was, in order, without a gap."""

    def __init__(self, server, consumer, topic, partition):
        super().__init__(server, 1)
        self.consumer, self.topic, self.partition, self.values, self.goes_on = consumer, topic, partition, [], None

    def connect(self):
        self.pipe = Subscription(self.server.kinesis)
        # What was pushed since the last event that came whole comes again.
        position = {"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self.goes_on} if self.goes_on else {"Type": "TRIM_HORIZON"}
        self.pipe.subscribe(self.consumer, f"shardId-{self.partition:012d}", position)

    def outstanding(self):
        return 0   # events come by themselves

    def send(self):
        pass

    def receive(self):
        event = self.pipe.event()
        for record in event["Records"]:
            offset = offset_of(record["SequenceNumber"])
            assert offset == len(self.values), f"{self.topic}/{self.partition}: {offset} was pushed where {len(self.values)} was due"
            self.values.append(base64.b64decode(record["Data"]))
        self.goes_on = event["ContinuationSequenceNumber"]

    def check(self, seen):
        for offset, value in enumerate(self.values):
            there = seen[offset] if offset < len(seen) else None
            assert there == value, f"{self.topic}/{self.partition} at {offset}: {value} was pushed, {there} is there"


class Carried(Puts):
    """Puts into a stream on demand that a channel carries to a folder. It is split while it is written to."""

    def __init__(self, server, stream, chance):
        super().__init__(server, stream, "c", chance)
        self.folder, self.told, self.objects, self.found = server.folder / "channels", {}, {}, set()
        self.throughput, self.splitting, self.shards = 4, None, 0

    def make(self):
        pipe = KinesisPipe(self.server.kinesis)
        pipe.ask("CreateStream", StreamName=self.stream, StreamModeDetails={"StreamMode": "ON_DEMAND"})
        pipe.ask("IncreaseStreamRetentionPeriod", StreamName=self.stream, RetentionPeriodHours=8760)
        storage = {"BucketARN": "arn:aws:s3:::bucket", "ExpectedBucketOwner": "000000000000", "CompressionType": "NONE"}
        pipe.ask("CreateChannel", ChannelName="crash", ServiceExecutionRoleARN="arn:aws:iam::000000000000:role/any",
                 StreamConfigurationList=[{"StreamARN": arn_of(pipe, self.stream), "RecordConfiguration": {"RecordFormatType": "STRING"}}],
                 S3DestinationConfiguration={"StorageConfiguration": storage})
        pipe.ask("UpdateAccountSettings", MinimumThroughputBillingCommitment={"Status": "ENABLED"})
        self.control(pipe, "SetClockRate", rate=RATE)
        pipe.close()

    @staticmethod
    def control(pipe, name, **values):
        pipe.post("/_sluice/v1/" + name, values)
        status, answer = pipe.answer()
        assert status == 200, (name, status, answer)

    def split(self, wait):
        """More throughput in advance is more shards. Without waiting a kill may come before it, or in the middle."""
        self.throughput += 1
        asked = {"StreamName": self.stream, "WarmThroughputMiBps": self.throughput}
        self.splitting = KinesisPipe(self.server.kinesis)
        self.splitting.request("UpdateStreamWarmThroughput", asked)
        if wait:
            status, answer = self.splitting.answer()
            assert status == 200, (asked, status, answer)

    def take(self):
        for shard, offset, value in self.acknowledged:
            known = self.told.setdefault((shard, offset), value)
            assert known == value, f"{self.stream}/{shard} at {offset}: acknowledged for {known} and for {value}"
        self.acknowledged = []

    def look(self):
        """Each object is written once and stays as it is; no record is in two."""
        self.take()
        bucket = self.folder / "bucket"
        there = {path: path.read_bytes() for path in bucket.glob("**/*") if path.is_file()} if bucket.exists() else {}
        for path, content in self.objects.items():
            assert there.get(path) == content, f"{path.name} has changed since it was written"
        for path in there.keys() - self.objects.keys():
            assert there[path].endswith(b"\n"), f"{path.name} is not whole"
            values = there[path].splitlines()
            numbers = [int(v.rstrip(b".").split(b"-")[1]) for v in values]
            assert numbers == sorted(numbers), f"{path.name} is out of order"
            twice = [v for v, count in collections.Counter(values).items() if count > 1 or v in self.found]
            assert not twice, f"{twice[0]} is delivered twice, with {path.name}"
            self.found.update(values)
        self.objects = there

    def finish(self):
        """All that is stored is in an object when its time has passed, and nothing else."""
        pipe = KinesisPipe(self.server.kinesis)
        self.control(pipe, "FreezeClock")
        self.control(pipe, "AdvanceClock", span="1000s")
        self.look()
        stored = {}
        for shard in pipe.ask("ListShards", StreamName=self.stream)["Shards"]:
            index = int(shard["ShardId"][8:])
            stored |= {(index, offset): value for offset, value in pipe.read_shard(self.stream, shard["ShardId"])}
        pipe.close()
        for place, value in self.told.items():
            assert stored.get(place) == value, f"{self.stream}/{place[0]} at {place[1]}: {value} was acknowledged, {stored.get(place)} is there"
        lost, alien = set(stored.values()) - self.found, self.found - set(stored.values())
        assert not lost, f"{len(lost)} stored records are in no object: {sorted(lost)[:3]}"
        assert not alien, f"objects hold what is not stored: {sorted(alien)[:3]}"
        assert not list(self.folder.glob("@/*")), "unfinished objects are left"
        self.shards = len({shard for shard, _ in stored})
