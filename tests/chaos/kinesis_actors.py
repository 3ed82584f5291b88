"""Those who speak Kinesis and carry records: puts of up to 1.2 MB, pipelined, and reads by iterators that grow old."""
import base64

from actors import KEPT, NAMES, HttpActor
from lines import Gone
from promises import Wrong
from wire import offset_of

THERE_OR_NOT = ("ResourceNotFoundException", "ResourceInUseException", "ProvisionedThroughputExceededException")
LARGEST = 1 << 20   # of one record


def shard_of(text):
    if not text.startswith("shardId-") or len(text) != 20:
        raise Wrong(f"{text} is no shard's id")
    return int(text[8:])


class Putter(HttpActor):
    """PutRecord and PutRecords, up to three requests before the first answer is read."""

    async def act(self, draw):
        name, depth, single = draw.choice(NAMES + KEPT * 2), draw.choice((1, 1, 1, 2, 3)), draw.random() < 0.3
        look, begun, frames, asked = self.promises.look(name), self.world.age(), [], []
        for _ in range(depth):
            values, labels = self.values(name, draw, 1 if single else 40)
            entries = [{"Data": base64.b64encode(v).decode(), "PartitionKey": f"{draw.random()}"} for v in values]
            operation = "PutRecord" if single else "PutRecords"
            body = {"StreamName": name, **(entries[0] if single else {"Records": entries})}
            frames.append(self.line.body(operation, body))
            asked.append((operation, labels, max(map(len, values)) > LARGEST))
        try:
            await self.line.deliver(frames, draw, f"{operation} {name}")
        except Gone as gone:
            for _, labels, _ in asked[getattr(gone, "whole", len(asked)):]:
                self.promises.never.update(labels)
            raise
        for operation, labels, large in asked:
            status, answer = await self.line.read(operation)
            fails = ("InternalFailure",) if self.world.full or self.world.changed_since(name, begun - 1) else ()
            self.judge(operation, status, answer, fails + THERE_OR_NOT + (("ValidationException",) if large else ()))
            if large and status == 200:
                raise Wrong(f"{self.name} {self.count}: a record over {LARGEST} bytes was taken")
            if status == 200:
                self.stored(look, labels, [answer] if single else answer["Records"], single or answer["FailedRecordCount"], fails)

    def stored(self, look, labels, told, failed, fails):
        if len(told) != len(labels) or (failed is not True and failed != sum("ErrorCode" in one for one in told)):
            raise Wrong(f"{self.name} {self.count}: {len(labels)} records were answered by {len(told)}, {failed} failed")
        for label, one in zip(labels, told):
            if "ErrorCode" not in one:
                self.promises.stored(look, shard_of(one["ShardId"]), offset_of(one["SequenceNumber"]), label)
            elif one["ErrorCode"] not in ("ProvisionedThroughputExceededException", *fails):
                raise Wrong(f"{self.name} {self.count}: a record was answered {one}")


class Reader(HttpActor):
    """GetShardIterator and a few GetRecords after it; sometimes with an iterator kept from before."""
    kept = None

    async def act(self, draw):
        name, shard, old = draw.choice(NAMES), draw.choice((0, 0, 1, 2, 3, 4)), draw.random() < 0.1
        kind, limit, pages = draw.choice(("TRIM_HORIZON", "LATEST")), draw.choice((1, 100, 10_000)), draw.randint(1, 4)
        look, start = self.promises.look(name), None
        if old and self.kept:
            look, shard, token = self.kept
        else:
            values = {"StreamName": name, "ShardId": f"shardId-{shard:012}", "ShardIteratorType": kind}
            status, answer = await self.call("GetShardIterator", values, draw, THERE_OR_NOT + ("InvalidArgumentException",))
            if status != 200:
                # While a stream is CREATING, GetShardIterator does not know it and Kafka's door takes records for it.
                if answer.get("__type", "").endswith("ResourceNotFoundException") and not self.world.server.delays:
                    self.promises.denied(look, shard, f"{self.name} {self.count}, {answer}")
                return
            token = answer["ShardIterator"]
            start = 0 if kind == "TRIM_HORIZON" else None
        for _ in range(pages):
            status, answer = await self.call("GetRecords", {"ShardIterator": token, "Limit": limit}, draw,
                                             THERE_OR_NOT + ("ExpiredIteratorException",))
            if status != 200:
                return
            records = [(offset_of(r["SequenceNumber"]), base64.b64decode(r["Data"])) for r in answer["Records"]]
            if records:
                # A page begins where the one before it ended, so what is promised from there on is not left out.
                first = records[0][0]
                skipped = [offset for offset in self.promises.due(look.name, shard) if start is not None and start <= offset < first]
                if skipped and self.promises.holds(look):
                    raise Wrong(f"GetRecords of {look.name}/{shard} begins at {first}: {skipped[0]} is acknowledged and left out")
                start = self.promises.read(look, shard, first, records)
            token = answer.get("NextShardIterator")
            if not token:
                return
            self.kept = (look, shard, token)


class Worker(HttpActor):
    """Works off a queue on a stream of its own. What was answered as acknowledged never comes again, and a record is received once
    more each time, until everything is reset."""
    REFUSED = THERE_OR_NOT + ("LimitExceededException", "ValidationException", "ThrottlingException")
    arn, stream = None, "queued"

    async def act(self, draw):
        step, wait, hidden = draw.choice(("put", "put", "receive", "receive", "receive", "dead")), draw.choice((1, 1, 2)), draw.choice((0, 1, 30))
        count, over, cut = draw.randint(1, 10), draw.choice(("acknowledge", "acknowledge", "hide", "forget")), draw.random() < 0.3
        if not self.arn:
            return await self.make(draw)
        if step == "put":
            values = [{"Data": base64.b64encode(b"%d" % draw.randrange(10**9)).decode(), "PartitionKey": f"{draw.random()}"} for _ in range(count)]
            fails = ("InternalFailure",) if self.world.full else ()
            await self.call("PutRecords", {"StreamName": self.stream, "Records": values}, draw, self.REFUSED + fails)
            return
        dead = "DeadLetter" if step == "dead" else ""
        asked = {"QueueARN": self.arn, "Limit": count, "WaitTimeSeconds": wait, "VisibilityTimeoutSeconds": hidden}
        status, answer = await self.call(f"Receive{dead}QueueRecords", asked, draw,
                                         self.REFUSED + ("InvalidArgumentException",), cut)   # while it is CREATING
        if status != 200:
            if answer.get("__type", "").endswith("ResourceNotFoundException"):
                self.arn = None
            return
        for one in answer["QueueRecords"]:
            known = self.counts.get(one["RecordId"], 0)
            if one["RecordId"] in self.settled:
                raise Wrong(f"{self.name} {self.count}: {one['RecordId']} was acknowledged and comes again")
            if one["ReceiveCount"] <= known:
                raise Wrong(f"{self.name} {self.count}: {one['RecordId']} was received {known} times and now for the {one['ReceiveCount']}th")
            self.counts[one["RecordId"]] = one["ReceiveCount"]
        if not answer["QueueRecords"] or over == "forget":
            return
        handles = {one["ReceiptHandle"]: one["RecordId"] for one in answer["QueueRecords"]}
        operation, more = ("Acknowledge{}QueueRecords", {}) if over == "acknowledge" else ("Update{}QueueRecordsVisibility", {"VisibilityTimeoutSeconds": 1})
        status, told = await self.call(operation.format(dead), {"QueueARN": self.arn, "Entries": [
            {"ReceiptHandle": handle, **more} for handle in handles]}, draw, self.REFUSED, cut)
        if status == 200 and over == "acknowledge":
            self.settled.update(handles[one["ReceiptHandle"]] for one in told["Successful"])

    async def make(self, draw):
        await self.call("CreateStream", {"StreamName": self.stream, "StreamModeDetails": {"StreamMode": "ON_DEMAND"}}, draw, self.REFUSED)
        status, told = await self.call("DescribeStreamSummary", {"StreamName": self.stream}, draw, self.REFUSED)
        if status != 200:
            return
        asked = {"QueueName": f"q{self.count}", "StreamConfigurationList": [{"StreamARN": told["StreamDescriptionSummary"]["StreamARN"]}],
                 "QueueAttributes": {"DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 3}}}
        status, told = await self.call("CreateQueue", asked, draw, self.REFUSED)
        if status == 200:
            self.arn, self.settled, self.counts = told["QueueDescription"]["QueueARN"], set(), {}
