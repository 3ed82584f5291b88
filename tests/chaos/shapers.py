"""Those who make and end streams and change their shards, through both doors, and ask what is there."""
from actors import BY_THE_WAY, GROUPS, KEPT, NAMES, NO_ROOM, STREAMS, TOPICS, Actor, HttpActor, changing, ending

# 36 exists already, 37 not so many partitions, 5 coming or going, 3 there is none.
NEW_PRODUCER = {"transaction": None, "timeout": 1000, "producer": -1, "epoch": -1}
OPERATIONS = {"CreateTopics": 20, "DeleteTopics": 4, "CreatePartitions": 6, "DeleteGroups": 5, "InitProducerId": 6, "Metadata": 6,
              "ListOffsets": 10, "ListGroups": 4, "DescribeGroups": 4, "FindCoordinator": 2, "ApiVersions": 2}


def kept_topic(name, partitions):
    """Kept for ever."""
    return {"name": name, "partitions": partitions, "replicas": 1, "configs": [{"name": "retention.ms", "value": "-1"}]}


class TopicShaper(Actor):
    pauses = (0.02, 0.1, 0.3)

    async def act(self, draw):
        name = draw.choices(list(OPERATIONS), list(OPERATIONS.values()))[0]
        await getattr(self, name)(draw)

    async def CreateTopics(self, draw):
        names = draw.sample(TOPICS, draw.randint(1, 2))
        told = await self.ask("CreateTopics", {"timeout": 5000, "topics": [
            kept_topic(name, draw.randint(1, 4)) for name in names]}, draw)
        for topic in told["topics"]:
            self.allow("CreateTopics", topic["code"], {0, 36, 5}, topic)

    async def DeleteTopics(self, draw):
        names = [name for name in draw.sample(NAMES, draw.randint(1, 2)) if name not in KEPT] or ["t1"]
        work = self.insist(lambda: self.ask("DeleteTopics", {"names": names, "timeout": 5000}, draw),
                           lambda told: any(topic["code"] in NO_ROOM for topic in told["topics"]), "DeleteTopics")
        told = await ending(self, names, changing(self, names, work))
        for topic in told["topics"]:
            self.allow("DeleteTopics", topic["code"], {0, 3, 5}, topic)

    async def CreatePartitions(self, draw):
        more = {"name": draw.choice(NAMES), "count": draw.randint(2, 6), "assignments": None}
        told = await changing(self, [more["name"]], self.ask("CreatePartitions", {"timeout": 5000, "topics": [more]}, draw))
        self.allow("CreatePartitions", told["topics"][0]["code"], {0, 3, 5, 37}, told)

    async def DeleteGroups(self, draw):
        told = await self.ask("DeleteGroups", {"groups": [draw.choice(GROUPS)]}, draw)
        self.allow("DeleteGroups", told["groups"][0]["code"], {0, 68, 69})

    async def InitProducerId(self, draw):
        told = await self.ask("InitProducerId", NEW_PRODUCER, draw)
        if told["code"] == 0:
            self.world.new_producer(told["producer"])

    async def Metadata(self, draw):
        """An unknown topic is made by the way."""
        names = draw.choice((None, list(NAMES[:-1]), list(BY_THE_WAY), list(BY_THE_WAY)))
        told = await self.ask("Metadata", {
            "topics": names if names is None else [{"name": n} for n in names], "create": names == list(BY_THE_WAY)}, draw)
        for topic in told["topics"]:
            self.allow("Metadata", topic["code"], {0, 3, 5}, topic)

    async def ListOffsets(self, draw):
        name, shard, when = draw.choice(NAMES), draw.randrange(4), draw.choice((-1, -1, -2, 0))
        look = self.promises.look(name)
        told = await self.ask("ListOffsets", {"replica": -1, "isolation": draw.randint(0, 1), "topics": [
            {"name": name, "partitions": [{"index": shard, "leader_epoch": -1, "time": when}]}]}, draw)
        part = told["topics"][0]["partitions"][0]
        self.allow("ListOffsets", part["code"], {0, 3, 5}, told)
        if part["code"] == 3:
            self.promises.denied(look, shard, f"{self.name} {self.count}")
        elif part["code"] == 0 and when == -1:
            self.promises.end_told(look, shard, part["offset"], f"{self.name} {self.count}")
        elif part["code"] == 0 and when == -2 and self.promises.holds(look):
            due = self.promises.due(name, shard)
            if due and shard in look.ends and part["offset"] > due[0]:
                self.promises.out_of_range(look, shard, due[0])

    async def ListGroups(self, draw):
        await self.ask("ListGroups", {}, draw)

    async def DescribeGroups(self, draw):
        told = await self.ask("DescribeGroups", {"groups": list(GROUPS)}, draw)
        for group in told["groups"]:
            self.allow("DescribeGroups", group["code"], {0})

    async def FindCoordinator(self, draw):
        await self.ask("FindCoordinator", {"key": draw.choice(GROUPS), "kind": 0}, draw)

    async def ApiVersions(self, draw):
        await self.ask("ApiVersions", {"software": "chaos", "software_version": "1"}, draw)


CALLS = {"CreateStream": 18, "DeleteStream": 3, "SplitShard": 10, "MergeShards": 8, "UpdateShardCount": 4, "AddTagsToStream": 3,
         "StartStreamEncryption": 2, "StopStreamEncryption": 2, "DescribeStream": 6, "DescribeStreamSummary": 4, "DescribeLimits": 2,
         "ListStreams": 3, "IncreaseStreamRetentionPeriod": 1}
COMES_AND_GOES = ("ResourceNotFoundException", "ResourceInUseException")
RESHARD = COMES_AND_GOES + ("LimitExceededException", "InvalidArgumentException")
MOST_SHARDS = 14


class StreamShaper(HttpActor):
    pauses = (0.02, 0.1, 0.3)

    async def act(self, draw):
        name = draw.choices(list(CALLS), list(CALLS.values()))[0]
        await getattr(self, name)(draw)

    async def CreateStream(self, draw):
        await self.call("CreateStream", {"StreamName": draw.choice(STREAMS), "ShardCount": draw.randint(1, 4)}, draw,
                        COMES_AND_GOES + ("LimitExceededException",))

    async def DeleteStream(self, draw):
        name = draw.choice([name for name in NAMES if name not in KEPT])
        work = self.insist(lambda: self.call("DeleteStream", {"StreamName": name}, draw, COMES_AND_GOES),
                           lambda told: told[0] >= 429, "DeleteStream")
        await ending(self, [name], changing(self, [name], work), lasts=True)

    async def shards(self, name, draw):
        """[(id, first hash, last hash)] of the open ones, by hash."""
        status, answer = await self.call("ListShards", {"StreamName": name, "MaxResults": 1000}, draw, COMES_AND_GOES)
        found = answer.get("Shards", [])
        return sorted((int(s["HashKeyRange"]["StartingHashKey"]), int(s["HashKeyRange"]["EndingHashKey"]), s["ShardId"])
                      for s in found if "EndingSequenceNumber" not in s["SequenceNumberRange"])

    async def SplitShard(self, draw):
        name, which, where = draw.choice(NAMES), draw.random(), draw.choice((0.5, 0.3, 0.9))
        shards = await self.shards(name, draw)
        if shards and len(shards) < MOST_SHARDS:
            first, last, shard = shards[int(which * len(shards))]
            middle = str(first + int((last - first) * where))
            await self.reshard(name, "SplitShard", {"ShardToSplit": shard, "NewStartingHashKey": middle}, draw)

    async def MergeShards(self, draw):
        name, which = draw.choice(NAMES), draw.random()
        shards = await self.shards(name, draw)
        if len(shards) > 1:
            at = int(which * (len(shards) - 1))
            both = {"ShardToMerge": shards[at][2], "AdjacentShardToMerge": shards[at + 1][2]}
            await self.reshard(name, "MergeShards", both, draw)

    async def UpdateShardCount(self, draw):
        name, times = draw.choice(NAMES), draw.choice((0.5, 0.75, 1.25, 1.3, 2))
        shards = await self.shards(name, draw)
        target = max(1, int(len(shards) * times))
        if shards and target < MOST_SHARDS:
            await self.reshard(name, "UpdateShardCount", {"TargetShardCount": target, "ScalingType": "UNIFORM_SCALING"}, draw)

    async def AddTagsToStream(self, draw):
        tags = {f"k{draw.randint(0, 9)}": str(draw.randint(0, 99))}
        await self.call("AddTagsToStream", {"StreamName": draw.choice(NAMES), "Tags": tags}, draw, COMES_AND_GOES)

    async def StartStreamEncryption(self, draw, operation="StartStreamEncryption"):
        key = {"EncryptionType": "KMS", "KeyId": "k"}
        await self.call(operation, {"StreamName": draw.choice(NAMES), **key}, draw, COMES_AND_GOES)

    async def StopStreamEncryption(self, draw):
        await self.StartStreamEncryption(draw, "StopStreamEncryption")

    async def DescribeLimits(self, draw):
        await self.call("DescribeLimits", {}, draw)

    async def reshard(self, name, operation, values, draw):
        await changing(self, [name], self.call(operation, {"StreamName": name, **values}, draw, RESHARD))

    async def DescribeStream(self, draw):
        await self.call("DescribeStream", {"StreamName": draw.choice(NAMES)}, draw, COMES_AND_GOES)

    async def DescribeStreamSummary(self, draw):
        await self.call("DescribeStreamSummary", {"StreamName": draw.choice(NAMES)}, draw, COMES_AND_GOES)

    async def ListStreams(self, draw):
        await self.call("ListStreams", {}, draw)

    async def IncreaseStreamRetentionPeriod(self, draw):
        name, hours = draw.choice(STREAMS), draw.choice((24, 48, 100))
        await self.call("IncreaseStreamRetentionPeriod", {"StreamName": name, "RetentionPeriodHours": hours}, draw,
                        COMES_AND_GOES + ("InvalidArgumentException",))
