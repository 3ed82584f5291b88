"""What requests are made of, mostly rightly and sometimes wrongly, and the requests about topics."""

import base64
import random
import time

from pair import Both

unknown_id = "sluiceDiffsUnknownId0w"


def coded(text):
    return base64.b64encode(text.encode()).decode()


def subscription(topics):
    """What a classic consumer says of itself: version 0, its topics, no user data."""
    body = b"\0\0" + len(topics).to_bytes(4, "big") + b"".join(len(t).to_bytes(2, "big") + t.encode() for t in topics)
    return base64.b64encode(body + b"\xff\xff\xff\xff").decode()


class Drawing:
    def __init__(self, pair, seed, versions):
        self.pair, self.draw, self.versions = pair, random.Random(seed), versions
        self.prefix = pair.prefix
        self.topics, self.groups, self.producers = [], [], []
        self.members, self.consumers, self.sharers, self.streamers = [], [], [], []
        self.sessions, self.queues = [], []  # of Fetch, of ShareFetch
        self.good_values = {}
        self.clock = 0

    # ---- what requests are made of
    def chance(self, p):
        return self.draw.random() < p

    def one(self, *values):
        return self.draw.choice(values)

    def some(self, values, most=3):
        return [self.draw.choice(values) for _ in range(self.draw.randint(1, most))]

    def version(self, api, least=0):
        low, high = self.versions[api]
        low = max(low, least)
        return high if self.chance(0.4) else self.draw.randint(low, high)

    def who(self):
        return self.one("a", "b")

    def ask(self, api, fields, *, least=0, who=None, version=None, **more):
        version = self.version(api, least) if version is None else version
        return self.pair.ask(who or self.who(), api, version, fields, **more), version

    def name(self, kind):
        """A name that is mostly known."""
        known = {"t": [t["name"] for t in self.topics], "g": self.groups}[kind]
        if known and self.chance(0.85):
            return self.draw.choice(known)
        return (
            self.one(f"{self.prefix}{kind}-none", f"{self.prefix}{kind}-none", "", f"{self.prefix} bad")
            if self.chance(0.9)
            else self.one(".", "..", self.prefix + "x" * 250) if kind == "t" else self.prefix
        )

    def topic(self):
        live = [t for t in self.topics if t["live"]]
        return self.draw.choice(live) if live else None

    def topic_id(self):
        known = [t["id"] for t in self.topics if t["id"]]
        return self.draw.choice(known) if known and self.chance(0.9) else self.one(unknown_id, "AAAAAAAAAAAAAAAAAAAAAA")

    def partition(self, topic=None):
        many = topic["partitions"] if topic else 2
        return self.draw.randrange(many) if self.chance(0.93) else self.one(many, -1, 99)

    def records(self, producer=None, attributes=0):
        records = []
        for _ in range(self.draw.randint(1, 4)):
            self.clock += self.draw.randint(0, 3)
            records.append(
                {
                    "key": self.one(None, "k1", "k2", ""),
                    "value": self.one(None, "v", f"v{self.clock}", ""),
                    "timestamp": self.pair.base_ms + self.clock,
                }
            )
        batch = {"records": records, "attributes": attributes}
        if producer:
            batch.update(producer)
        return batch

    # ---- topics
    def create_topics(self):
        topics = []
        for _ in range(self.draw.randint(1, 2)):
            name = f"{self.prefix}t{len(self.topics) + len(topics)}" if self.chance(0.8) else self.name("t")
            topic = {
                "name": name,
                "numPartitions": self.one(1, 2, 3, -1),
                "replicationFactor": self.one(1, -1),
                "assignments": [],
                "configs": [],
            }
            if self.chance(0.12):
                topic.update(
                    self.one({"numPartitions": 0}, {"numPartitions": -2}, {"replicationFactor": 2}, {"replicationFactor": 0})
                )
            if self.chance(0.08):
                topic.update(
                    {"assignments": [{"partitionIndex": self.one(0, 0, 1), "brokerIds": self.one([1], [1], [9], [1, 1], [])}]}
                )
                if self.chance(0.7):
                    topic.update({"numPartitions": -1, "replicationFactor": -1})
            if self.chance(0.3):
                topic["configs"] = self.topic_configs()
            topics.append(topic)
        if self.chance(0.05):
            topics.append(topics[0])
        only_asked = self.chance(0.1)
        answers, version = self.ask("CreateTopics", {"topics": topics, "timeoutMs": 10000, "validateOnly": only_asked})
        if only_asked and version >= 1:
            return
        for place, made in enumerate(answers[0].get("topics", [])):
            if made["errorCode"] == 0:
                self.topics.append({"name": made["name"], "live": True, "partitions": 1, "id": None, "place": place})
        self.settle()
        self.nudge()

    def settle(self):
        """Waits until both know what topics there are, and learns their ids."""
        until = time.monotonic() + (0.1 if self.pair.found else 3)  # what differs once will differ again
        while True:
            asked = [t["name"] for t in self.topics]
            if not asked:
                return
            step = {
                "do": "ask",
                "c": "settle",
                "api": "Metadata",
                "v": 12,
                "ms": 10000,
                "f": {"topics": [{"name": name} for name in asked], "allowAutoTopicCreation": False},
            }
            self.pair.used.add("settle")
            told = [one["answer"] for one in self.pair.step(step)]
            seen = [{t["name"]: t for t in answer["topics"]} for answer in told]
            state = [[(n, t["errorCode"], len(t["partitions"])) for n, t in sorted(side.items())] for side in seen]
            if state[0] == state[1] or time.monotonic() > until:
                break
            time.sleep(0.03)
        for topic in self.topics:
            kafka, sluice = (side.get(topic["name"]) for side in seen)
            topic["live"] = kafka["errorCode"] == 0
            if topic["live"] and sluice["errorCode"] == 0:
                topic.update(partitions=len(kafka["partitions"]), id=Both([kafka["topicId"], sluice["topicId"]]))
                for names, side in zip(self.pair.names, (kafka, sluice)):
                    names.call("topic", side["topicId"])
                for index in range(topic["partitions"]):  # Kafka's partition may not lead yet
                    probe = {
                        "do": "ask",
                        "c": "settle",
                        "api": "ListOffsets",
                        "v": 7,
                        "f": {
                            "replicaId": -1,
                            "topics": [{"name": topic["name"], "partitions": [{"partitionIndex": index, "timestamp": -1}]}],
                        },
                    }
                    for _ in range(100):
                        if self.pair.step(probe, (0,))[0]["answer"]["topics"][0]["partitions"][0]["errorCode"] == 0:
                            break
                        time.sleep(0.03)

    def nudge(self, group=None):
        """Lets a member of each consumer group say something: Kafka looks at what has changed when a heartbeat comes."""
        groups = sorted({m["group"] for m in self.consumers}) if group is None else [group]
        time.sleep(0.15)  # its groups look at what it has told them, a little later
        for group in groups:
            for m in [m for m in self.consumers if m["group"] == group][:1]:
                answers, _ = self.ask(
                    "ConsumerGroupHeartbeat",
                    {"groupId": group, "memberId": m["id"], "memberEpoch": m["epoch"], "rebalanceTimeoutMs": -1},
                    who="a",
                )
                self.heard(self.consumers, m, answers, {"groupId": group})

    def delete_topics(self):
        names = [self.name("t") for _ in range(self.draw.randint(1, 2))]
        if self.chance(0.4):
            topics = [{"name": None, "topicId": self.topic_id()} if self.chance(0.6) else {"name": name} for name in names]
            if self.chance(0.1):
                topics.append({"name": names[0], "topicId": self.topic_id()})
            self.ask("DeleteTopics", {"topics": topics, "timeoutMs": 10000}, version=6)
        else:
            self.ask(
                "DeleteTopics",
                {"topicNames": [n for n in names if not n.startswith("__")], "timeoutMs": 10000},
                version=self.draw.randint(1, 5),
            )
        self.settle()
        self.nudge()

    def create_partitions(self):
        topics = []
        for name in [self.name("t")] + ([self.name("t")] if self.chance(0.2) else []):
            if name.startswith("__"):
                continue
            count = self.one(1, 2, 3, 4, 5, 0, -1)
            topics.append(
                {
                    "name": name,
                    "count": count,
                    "assignments": self.one(None, None, None, [{"brokerIds": [1]}], [{"brokerIds": [7]}]),
                }
            )
        self.ask("CreatePartitions", {"topics": topics, "timeoutMs": 10000, "validateOnly": self.chance(0.2)})
        self.sessions.clear()  # sluice tells each connection that fetches of the new partitions, once
        self.pair.close("a")
        self.settle()
        self.nudge()

    def topic_configs(self):
        """One or two settings, of which the first alone may be wrong: of several faults Kafka tells what its hash finds first."""
        drawn = [self.topic_config()] + ([self.topic_config()] if self.chance(0.4) else [])
        for config in drawn[1:]:
            while not self.good(config):
                config.update(self.topic_config())
        return drawn

    def good(self, config):
        return config["value"] is not None and config["value"] == self.good_values.get(config["name"])

    def topic_config(self):
        name, values = self.one(
            ("retention.ms", ["-1", "3600000", "abc", "-2"]),
            ("cleanup.policy", ["compact", "delete", "compact,delete", "zip", ""]),
            ("retention.bytes", ["-1", "1000000000", "x"]),
            ("max.message.bytes", ["1000", "1048588", "-1"]),
            ("compression.type", ["producer", "gzip", "none", "zip"]),
            ("message.timestamp.type", ["CreateTime", "LogAppendTime", "Other"]),
            ("min.insync.replicas", ["1", "0", "2"]),
            ("segment.bytes", ["1048576", "10"]),
            ("no.such.config", ["1"]),
            ("segment.ms", ["1000000", "0"]),
            ("delete.retention.ms", ["5", "-1"]),
            ("min.cleanable.dirty.ratio", ["0.3", "2"]),
            ("unclean.leader.election.enable", ["true", "maybe"]),
            ("max.compaction.lag.ms", ["10", "0"]),
            ("min.compaction.lag.ms", ["0"]),
            ("flush.messages", ["1", "0"]),
            ("preallocate", ["true", "2"]),
            ("message.timestamp.before.max.ms", ["1000000000000"]),
            ("remote.storage.enable", ["false"]),
            ("index.interval.bytes", ["0", "-1"]),
            ("local.retention.ms", ["-2"]),
            ("follower.replication.throttled.replicas", ["*", "0:1", "x"]),
            ("", ["1"]),
        )
        if name not in ("no.such.config", ""):
            self.good_values[name] = values[0]
        value = values[0] if self.chance(0.5) else self.draw.choice(values)
        return {"name": name, "value": value if self.chance(0.95) else None}

    def metadata(self):
        how = self.draw.random()
        fields = {
            "allowAutoTopicCreation": False,
            "includeTopicAuthorizedOperations": self.chance(0.3),
            "includeClusterAuthorizedOperations": self.chance(0.3),
        }
        if how < 0.2:
            self.ask("Metadata", {**fields, "topics": None}, least=4, mine=True)
        elif how < 0.4:
            self.ask(
                "Metadata", {**fields, "topics": [{"name": None, "topicId": self.topic_id()}]}, version=self.one(10, 11, 12, 13)
            )
        else:
            self.ask(
                "Metadata", {**fields, "topics": [{"name": self.name("t")} for _ in range(self.draw.randint(0, 3))]}, least=4
            )

    def describe_topic_partitions(self):
        cursor = {"topicName": self.name("t"), "partitionIndex": self.one(0, 1, -1)} if self.chance(0.2) else None
        self.ask(
            "DescribeTopicPartitions",
            {
                "topics": [{"name": n} for n in sorted({self.name("t") for _ in range(2)})],
                "responsePartitionLimit": self.one(1, 2, 100, 0),
                "cursor": cursor,
            },
        )
