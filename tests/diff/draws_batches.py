"""Requests about logs that are odd: batches of each codec and with one thing wrong, fetch sessions, times and epochs at the
edges."""

import batches
from drawing import Drawing, unknown_id
from pair import Both

far = 2**63 - 1


class Batches(Drawing):
    def odd_records(self):
        """Few records, sometimes with a time, a size or a key that a topic may refuse."""
        records = self.records()["records"]
        if self.chance(0.2):
            self.draw.choice(records)["timestamp"] = self.one(-1, 0, -2, self.pair.base_ms * 3, far // 2)
        if self.chance(0.1):
            self.draw.choice(records)["value"] = "x" * self.one(900, 1100, 200_000, 1_048_500, 1_100_000)
        return records

    def odd_batch(self):
        wrong = {}
        if self.chance(0.45):
            name = self.draw.choice(sorted(batches.faults))
            wrong[name] = self.draw.choice(batches.faults[name])
        producer = None
        if self.chance(0.15):
            producer = {"producerId": self.one(0, 77, 10**12, -2), "producerEpoch": self.one(0, 1, -1), "baseSequence": 0}
        if self.chance(0.03):
            return self.one("", "AA==", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA")
        return batches.batch(self.odd_records(), self.one(0, 0, 1, 2, 3, 4), 0, producer, wrong)

    def produce_odd(self):
        """Batches for one or several partitions, and what became of them."""
        if not self.topic():
            return self.create_topics()
        topics = []
        for _ in range(self.one(1, 1, 1, 2)):
            topic = self.topic()
            parts = sorted({self.partition(topic) for _ in range(self.one(1, 1, 2, 3))})
            topics.append(
                {
                    "name": topic["name"],
                    "topicId": topic["id"] or unknown_id,
                    "partitionData": [{"index": index, "records": self.odd_batch()} for index in parts],
                }
            )
        topics = list({topic["name"]: topic for topic in topics}.values())
        fields = {"acks": -1, "timeoutMs": self.one(10000, 10000, 0, -1), "topicData": topics}
        if self.chance(0.15):
            self.produce_unasked(fields)
        else:
            self.ask("Produce", {**fields, "acks": self.one(-1, -1, -1, 1)}, least=3)

    def produce_unasked(self, fields):
        """acks=0: nothing comes, but the connection closes when a partition was refused."""
        version = self.version("Produce")
        self.pair.ask("unasked", "Produce", version, {**fields, "acks": 0}, silent=True)
        self.ask("FindCoordinator", {"key": self.groups[0], "keyType": 0, "coordinatorKeys": [self.groups[0]]}, who="unasked")

    def topic_for_batches(self):
        """A topic with settings that batches meet."""
        name = f"{self.prefix}t{len(self.topics)}"
        configs = self.some(
            [
                ("max.message.bytes", self.one("100", "1000", "300000")),
                ("compression.type", self.one("gzip", "snappy", "lz4", "zstd", "uncompressed")),
                ("message.timestamp.type", "LogAppendTime"),
                ("message.timestamp.before.max.ms", "3700000"),
                ("message.timestamp.after.max.ms", "1000"),
                ("cleanup.policy", "compact"),
            ],
            2,
        )
        topic = {"name": name, "numPartitions": 2, "replicationFactor": 1, "assignments": []}
        topic["configs"] = [{"name": name, "value": value} for name, value in dict(configs).items()]
        self.ask("CreateTopics", {"topics": [topic], "timeoutMs": 10000}, least=2)
        self.topics.append({"name": name, "live": True, "partitions": 2, "id": None})
        self.settle()

    def read_back(self):
        """All that a partition holds."""
        topic = self.topic()
        if topic and topic["id"]:
            self.ask("Fetch", self.fetching([self.wanted(topic, self.draw.randrange(topic["partitions"]), 0)]), least=4)

    def wanted(self, topic, index, offset, epoch=-1, most=1 << 20):
        part = {
            "partition": index,
            "currentLeaderEpoch": epoch,
            "fetchOffset": offset,
            "lastFetchedEpoch": -1,
            "logStartOffset": -1,
            "partitionMaxBytes": most,
        }
        return {"topic": topic["name"], "topicId": topic["id"] or unknown_id, "partitions": [part]}

    def fetching(self, topics, session=0, epoch=-1, forgotten=()):
        return {
            "replicaId": -1,
            "maxWaitMs": 0,
            "minBytes": 0,
            "maxBytes": 8 << 20,
            "isolationLevel": 0,
            "sessionId": session,
            "sessionEpoch": epoch,
            "topics": topics,
            "forgottenTopicsData": list(forgotten),
        }

    # ---- fetch sessions
    def fetch_in_session(self):
        """The next request of a session, mostly with the epoch that is due, or the first one of another session."""
        live = [topic for topic in self.topics if topic["live"] and topic["id"]]
        if not live:
            return self.create_topics()
        sessions = self.sessions
        topics, known = [], set()
        for _ in range(self.one(0, 1, 1, 2, 3)):
            topic = self.draw.choice(live)
            index = self.partition(topic)
            if (topic["name"], index) not in known:
                known.add((topic["name"], index))
                epoch = self.one(-1, -1, -1, 0, 3)
                offset = self.one(0, 0, 1, 3, -1, 1000)
                topics.append(self.wanted(topic, index, offset, epoch, self.one(1 << 20, 1 << 20, 100)))
        if self.chance(0.06) and topics:
            topics[0].update(topic=f"{self.prefix}t-none", topicId=unknown_id)
        if not sessions or self.chance(0.15):
            version = self.version("Fetch", 7)
            fields = self.fetching(topics, self.one(0, 0, 0, 0, 5), 0)
            answers, _ = self.ask("Fetch", fields, version=version, who="a")
            id_ = self.pair.both(answers, "sessionId")
            if id_ and all(id_.values):
                sessions.append({"id": id_, "epoch": 1, "version": version, "topics": topics})
            return
        session = self.draw.choice(sessions)
        epoch = session["epoch"] if self.chance(0.85) else self.one(session["epoch"] + 1, -1, 0, 1, -2)
        id_ = session["id"] if self.chance(0.95) else self.one(0, 1, -1)
        version = session["version"] if self.chance(0.9) else self.one(7, 12, 13, 18)
        forgotten = []
        if session["topics"] and self.chance(0.25):
            gone = self.draw.choice(session["topics"])
            forgotten = [{**{k: gone[k] for k in ("topic", "topicId")}, "partitions": [gone["partitions"][0]["partition"]]}]
        # The same wanted and forgotten at once is what no client asks: the order in which it is told would be the servers' own.
        if forgotten:
            topics = [one for one in topics if one["topic"] != forgotten[0]["topic"]]
        answers, _ = self.ask("Fetch", self.fetching(topics, id_, epoch, forgotten), version=version, who="a")
        if not answers[0] or not answers[1]:
            sessions.remove(session)
        elif answers[0].get("errorCode") == 0 and isinstance(id_, Both):
            if epoch == session["epoch"]:
                session["epoch"] += 1
                session["topics"] = session["topics"] + topics
            elif epoch in (0, -1):
                sessions.remove(session)
                new = self.pair.both(answers, "sessionId")
                if epoch == 0 and new and all(new.values):
                    sessions.append({"id": new, "epoch": 1, "version": version, "topics": topics})
            if session in sessions and 0 in (answers[0].get("sessionId"), answers[1].get("sessionId")):
                sessions.remove(session)

    # ---- times and epochs
    def odd_offsets(self):
        """Partitions of several topics, times at the edges, the same one twice."""
        live = [topic for topic in self.topics if topic["live"]]
        if not live:
            return self.create_topics()
        topics = []
        for _ in range(self.one(1, 1, 2)):
            topic = self.draw.choice(live)
            parts = [
                {
                    "partitionIndex": self.partition(topic),
                    "currentLeaderEpoch": self.one(-1, -1, 0, 1, -2, 2**31 - 1),
                    "timestamp": self.one(
                        *range(-7, 2), -100, far, -far - 1, self.pair.base_ms + self.draw.randint(-2, self.clock + 2)
                    ),
                }
                for _ in range(self.draw.randint(0, 3))
            ]
            topics.append({"name": topic["name"], "partitions": parts})
        replica = self.one(-1, -1, -1, -2, -3, 0, 1, 7)
        fields = {"replicaId": replica, "isolationLevel": self.one(0, 1, 1), "topics": topics, "timeoutMs": self.one(0, 1000, -1)}
        self.ask("ListOffsets", fields)

    def odd_epochs(self):
        live = [topic for topic in self.topics if topic["live"]]
        if not live:
            return
        topics = []
        for topic in self.draw.sample(live, min(len(live), self.one(1, 2))):
            parts = [
                {
                    "partition": self.partition(topic),
                    "currentLeaderEpoch": self.one(-1, -1, 0, 1, -2, 2**31 - 1),
                    "leaderEpoch": self.one(0, 0, 1, -1, -2, 2**31 - 1),
                }
                for _ in range(self.draw.randint(0, 2))
            ]
            topics.append({"topic": topic["name"], "partitions": parts})
        self.ask("OffsetForLeaderEpoch", {"replicaId": self.one(-1, -2, 0, 7), "topics": topics})

    def odd_fetch(self):
        """Offsets, sizes, epochs and levels at the edges, the same partition twice."""
        live = [topic for topic in self.topics if topic["live"] and topic["id"]]
        if not live:
            return
        topics = []
        for topic in self.draw.sample(live, min(len(live), self.one(1, 2))):
            offset, epoch, most = self.one(0, 1, 2, far, -2, -far - 1), self.one(-1, 0, -2, 9), self.one(1 << 20, 0, -1, 61)
            one = self.wanted(topic, self.partition(topic), offset, epoch, most)
            one["partitions"][0]["lastFetchedEpoch"] = self.one(-1, -1, 0, 3)
            topics.append(one)
        fields = self.fetching(topics)
        fields.update(isolationLevel=self.one(0, 0, 1, 2, -1), maxBytes=self.one(8 << 20, 0, -1, 61), minBytes=self.one(0, -1, 1))
        self.ask("Fetch", fields)
