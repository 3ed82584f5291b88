"""Requests about logs and transactions. Long because each API has a step of its own, as in the other files of this kind."""

import time

from drawing import Drawing, unknown_id


class Logs(Drawing):
    def produce(self):
        topic = self.topic()
        if not topic:
            return self.create_topics()
        producer, attributes, id_ = None, 0, None
        if self.producers and self.chance(0.5):
            p = self.draw.choice(self.producers)
            where = (topic["name"], index := self.partition(topic))
            sequence = p["next"].get(where, 0)
            if self.chance(0.1):
                sequence = max(0, sequence + self.one(-1, 1, 5))
            producer = {"producerId": p["id"], "producerEpoch": p["epoch"], "baseSequence": sequence}
            if p["name"] and self.chance(0.9):
                attributes, id_ = 16, p["name"]
        else:
            p, index = None, self.partition(topic)
        records = self.records(producer, attributes) if self.chance(0.97) else None if producer else self.one([], "AAAA")
        if records is None or records == []:
            records = "AAAA"
        by_id = {"topicId": topic["id"]} if topic["id"] else {"topicId": unknown_id}
        name = topic["name"] if self.chance(0.95) else self.name("t")
        if name.startswith("__"):
            name = topic["name"]
        answers, _ = self.ask(
            "Produce",
            {
                "transactionalId": id_,
                "acks": self.one(-1, -1, 1, 2) if self.chance(0.2) else -1,
                "timeoutMs": 10000,
                "topicData": [{"name": name, **by_id, "partitionData": [{"index": index, "records": records}]}],
            },
            least=3,
        )
        try:
            answer = answers[0]["responses"][0]["partitionResponses"][0]
            if p and answer["errorCode"] == 0:
                p["next"][where] = max(p["next"].get(where, 0), sequence + len(records["records"]))
        except (KeyError, IndexError, TypeError):
            pass

    def fetch(self):
        topic = self.topic()
        if not topic:
            return
        parts = [
            {
                "partition": self.partition(topic),
                "currentLeaderEpoch": self.one(-1, -1, -1, 0, 5),
                "fetchOffset": self.one(0, 0, 0, 1, 3, 1000, -1),
                "lastFetchedEpoch": -1,
                "logStartOffset": -1,
                "partitionMaxBytes": self.one(1 << 20, 1 << 20, 100, 0),
            }
            for _ in range(1)
        ]
        name = topic["name"] if self.chance(0.93) else self.name("t")
        level = self.one(0, 1)
        if level == 1:  # the end of a torn batch is where Kafka looks for aborted transactions up to
            parts[0]["partitionMaxBytes"] = 1 << 20
        self.ask(
            "Fetch",
            {
                "replicaId": -1,
                "maxWaitMs": self.one(0, 0, 50),
                "minBytes": self.one(0, 1),
                "maxBytes": self.one(1 << 20, 1 << 20, 1) if level == 0 else 1 << 20,
                "isolationLevel": level,
                "sessionId": 0,
                "sessionEpoch": -1,
                "topics": [
                    {"topic": name, "topicId": topic["id"] if self.chance(0.95) else self.topic_id(), "partitions": parts}
                ],
            },
        )

    def parked_fetch(self):
        """A Fetch that waits until something is produced, or until its time is over."""
        topic = self.topic()
        if not topic:
            return
        index = self.draw.randrange(topic["partitions"])
        end, _ = self.ask(
            "ListOffsets",
            {"replicaId": -1, "topics": [{"name": topic["name"], "partitions": [{"partitionIndex": index, "timestamp": -1}]}]},
            version=7,
        )
        offset = self.pair.both(end, "topics", 0, "partitions", 0, "offset")
        version = self.version("Fetch")
        fields = {
            "replicaId": -1,
            "maxWaitMs": self.one(300, 3000),
            "minBytes": self.one(1, 1, 100000),
            "maxBytes": 1 << 20,
            "sessionId": 0,
            "sessionEpoch": -1,
            "topics": [
                {
                    "topic": topic["name"],
                    "topicId": topic["id"],
                    "partitions": [
                        {
                            "partition": index,
                            "currentLeaderEpoch": -1,
                            "fetchOffset": offset,
                            "lastFetchedEpoch": -1,
                            "logStartOffset": -1,
                            "partitionMaxBytes": 1 << 20,
                        }
                    ],
                }
            ],
        }
        self.pair.send("c", "Fetch", version, fields)
        if self.chance(0.7):
            self.ask(
                "Produce",
                {
                    "acks": -1,
                    "timeoutMs": 10000,
                    "topicData": [{"name": topic["name"], "partitionData": [{"index": index, "records": self.records()}]}],
                },
                who="a",
                version=9,
            )
        self.pair.take("c", "Fetch", version)

    def list_offsets(self):
        topic = self.topic()
        if not topic:
            return
        parts = [
            {
                "partitionIndex": self.partition(topic),
                "currentLeaderEpoch": self.one(-1, -1, 0, 4),
                "timestamp": self.one(
                    -1, -2, -3, -4, -5, -6, -7, self.pair.base_ms, self.pair.base_ms + 5, self.pair.base_ms * 2
                ),
            }
            for _ in range(self.draw.randint(1, 2))
        ]
        name = topic["name"] if self.chance(0.9) else self.name("t")
        self.ask(
            "ListOffsets", {"replicaId": -1, "isolationLevel": self.one(0, 1), "topics": [{"name": name, "partitions": parts}]}
        )

    def delete_records(self):
        topic = self.topic()
        if not topic:
            return
        name = topic["name"] if self.chance(0.9) else self.name("t")
        if name.startswith("__"):
            return
        self.ask(
            "DeleteRecords",
            {
                "timeoutMs": 10000,
                "topics": [
                    {
                        "name": name,
                        "partitions": [{"partitionIndex": self.partition(topic), "offset": self.one(-1, 0, 1, 2, 5, 1000, -2)}],
                    }
                ],
            },
        )

    def offset_for_leader_epoch(self):
        topic = self.topic()
        if topic:
            self.ask(
                "OffsetForLeaderEpoch",
                {
                    "replicaId": -1,
                    "topics": [
                        {
                            "topic": self.name("t"),
                            "partitions": [
                                {
                                    "partition": self.partition(topic),
                                    "currentLeaderEpoch": self.one(-1, 0, 3),
                                    "leaderEpoch": self.one(0, 1, -1),
                                }
                            ],
                        }
                    ],
                },
            )

    # ---- producers
    def init_producer(self):
        old = self.draw.choice(self.producers) if self.producers and self.chance(0.4) else None
        name = (
            (old["name"] if old else self.one(None, f"{self.prefix}x0", f"{self.prefix}x1", ""))
            if self.chance(0.95)
            else self.prefix
        )
        fields = {
            "transactionalId": name,
            "transactionTimeoutMs": self.one(60000, 60000, 60000, 0, -1, 1000000000) if self.chance(0.3) else 60000,
        }
        if old and self.chance(0.6):
            fields.update(producerId=old["id"], producerEpoch=self.one(old["epoch"], old["epoch"], 7))
        elif self.chance(0.05):
            fields.update(producerId=self.one(-1, 99999), producerEpoch=self.one(-1, 3))
        answers, _ = self.ask("InitProducerId", fields)
        if answers[0].get("errorCode") == 0 and answers[1].get("errorCode") == 0:
            made = {"name": name, "id": self.pair.both(answers, "producerId"), "epoch": answers[0]["producerEpoch"], "next": {}}
            if name:
                self.producers = [p for p in self.producers if p["name"] != name or self.chance(0.3)]
            self.producers.append(made)

    def transactional(self):
        named = [p for p in self.producers if p["name"]]
        return self.draw.choice(named) if named else None

    def of_transaction(self):
        p = self.transactional()
        if not p:
            return None
        return {
            "transactionalId": p["name"] if self.chance(0.95) else self.one("", self.prefix + "nobody"),
            "producerId": p["id"] if self.chance(0.96) else 12345678,
            "producerEpoch": p["epoch"] if self.chance(0.93) else self.one(p["epoch"] + 1, 0, -1),
        }, p

    def add_partitions(self):
        drawn, topic = self.of_transaction(), self.topic()
        if not drawn or not topic:
            return self.init_producer()
        fields, _ = drawn
        topics = [
            {
                "name": topic["name"] if self.chance(0.92) else self.name("t"),
                "partitions": [self.partition(topic) for _ in range(self.draw.randint(1, 2))],
            }
        ]
        self.ask(
            "AddPartitionsToTxn",
            {
                "transactions": [{**fields, "verifyOnly": self.chance(0.3), "topics": topics}],
                "v3AndBelowTransactionalId": fields["transactionalId"],
                "v3AndBelowProducerId": fields["producerId"],
                "v3AndBelowProducerEpoch": fields["producerEpoch"],
                "v3AndBelowTopics": topics,
            },
        )

    def add_offsets(self):
        if drawn := self.of_transaction():
            self.ask("AddOffsetsToTxn", {**drawn[0], "groupId": self.name("g") or self.groups[0]})

    def txn_offset_commit(self):
        drawn, topic = self.of_transaction(), self.topic()
        if drawn and topic:
            self.ask(
                "TxnOffsetCommit",
                {
                    **drawn[0],
                    "groupId": self.name("g") or self.groups[0],
                    "generationIdOrMemberEpoch": self.one(-1, -1, 1),
                    "memberId": self.one("", "", "me"),
                    "topics": self.commits(topic),
                },
            )

    def end_txn(self):
        if drawn := self.of_transaction():
            fields, p = drawn
            answers, version = self.ask("EndTxn", {**fields, "committed": self.chance(0.6)})
            if version >= 5 and answers[0].get("errorCode") == 0:
                changed = p["epoch"] != answers[0]["producerEpoch"]
                p.update(id=self.pair.both(answers, "producerId"), epoch=answers[0]["producerEpoch"])
                if changed:
                    p["next"] = {}

    def overdue(self):
        """A transaction that outlives its time-out."""
        topic = self.topic()
        if not topic or not topic["id"]:
            return
        name = f"{self.prefix}late{self.clock}"
        answers, _ = self.ask("InitProducerId", {"transactionalId": name, "transactionTimeoutMs": 500})
        p = {"transactionalId": name, "producerId": self.pair.both(answers, "producerId"), "producerEpoch": 0}
        self.ask(
            "Produce",
            {
                "transactionalId": name,
                "acks": -1,
                "timeoutMs": 10000,
                "topicData": [
                    {
                        "name": topic["name"],
                        "topicId": topic["id"],
                        "partitionData": [
                            {
                                "index": 0,
                                "records": self.records(
                                    {"producerId": p["producerId"], "producerEpoch": 0, "baseSequence": 0}, 16
                                ),
                            }
                        ],
                    }
                ],
            },
            least=12,
        )
        time.sleep(1.5)
        self.ask("EndTxn", {**p, "committed": True})
        self.ask("DescribeTransactions", {"transactionalIds": [name]})
        self.ask("DescribeProducers", {"topics": [{"name": topic["name"], "partitionIndexes": [0]}]})
        self.ask(
            "InitProducerId", {"transactionalId": name, "transactionTimeoutMs": 60000, **({} if self.chance(0.5) else p)}, least=3
        )

    def describe_transactions(self):
        self.ask(
            "DescribeTransactions",
            {"transactionalIds": self.some([f"{self.prefix}x0", f"{self.prefix}x1", self.prefix + "nobody", ""], 2)},
        )

    def list_transactions(self):
        self.ask(
            "ListTransactions",
            {
                "stateFilters": self.one([], [], ["Ongoing"], ["Empty", "CompleteCommit"], ["Nonsense"], [""]),
                "producerIdFilters": self.one([], [], [987654321]),
                "durationFilter": self.one(-1, -1, 0, 1000000),
                "transactionalIdPattern": self.one(None, "", f"{self.prefix}.*", "("),
            },
            mine=True,
        )

    def describe_producers(self):
        topic = self.topic()
        if topic:
            self.ask("DescribeProducers", {"topics": [{"name": self.name("t"), "partitionIndexes": [self.partition(topic)]}]})
