"""Requests of members whose time runs out, of Kafka Streams' members, and of those who share a topic's records."""

import base64
import time

from drawing import Drawing, coded, subscription, unknown_id
from pair import Both


class Members(Drawing):
    # ---- sessions that end
    def overdue_classic(self):
        """A classic member that is silent for longer than its session lasts."""
        group = f"{self.prefix}late{len(self.groups)}"
        self.groups.append(group)
        static = self.chance(0.3)
        fields = {
            "groupId": group,
            "sessionTimeoutMs": 400,
            "rebalanceTimeoutMs": self.one(400, 60000),
            "memberId": "",
            "groupInstanceId": "inst" if static else None,
            "protocolType": "consumer",
            "protocols": [{"name": "range", "metadata": subscription([t["name"] for t in self.topics[:2]])}],
        }
        answers, version = self.ask("JoinGroup", fields, who="a", least=5 if static else 0)
        id_ = self.pair.both(answers, "memberId")
        pending = answers[0].get("errorCode") == 79
        if pending and self.chance(0.8):
            answers, version = self.ask("JoinGroup", {**fields, "memberId": id_}, who="a", version=version)
            pending = False
        m = {
            "groupId": group,
            "memberId": id_,
            "generationId": answers[0].get("generationId", -1),
            "groupInstanceId": "inst" if static else None,
        }
        if not pending and self.chance(0.7):
            part = [{"memberId": id_, "assignment": coded("mine")}]
            self.ask(
                "SyncGroup", {**m, "protocolType": "consumer", "protocolName": "range", "assignments": part}, who="a", least=3
            )
        if self.chance(0.3):
            time.sleep(0.2)
            self.ask("Heartbeat", m, who="a", least=3)
            time.sleep(0.25)
            self.ask("Heartbeat", m, who="a", least=3)
        time.sleep(1.2)
        self.ask("DescribeGroups", {"groups": [group]})
        again = self.one("Heartbeat", "JoinGroup", "OffsetCommit", "LeaveGroup")
        if again == "Heartbeat":
            self.ask("Heartbeat", m, who="a", least=3)
        elif again == "JoinGroup":
            self.ask("JoinGroup", {**fields, "memberId": id_}, who="a", least=5)
        elif again == "LeaveGroup":
            one = {"memberId": id_, "groupInstanceId": m["groupInstanceId"]}
            self.ask("LeaveGroup", {"groupId": group, "memberId": id_, "members": [one]}, who="a")
        elif self.topic():
            commit = {**m, "generationIdOrMemberEpoch": m.pop("generationId"), "topics": self.commits(self.topic())}
            commit.pop("generationId", None)
            self.ask("OffsetCommit", commit, who="a", least=7)
        self.ask("ListGroups", {}, mine=True)

    def overdue_modern(self):
        """A consumer, or one that shares, which is silent for longer than its group's session lasts."""
        topic = self.topic()
        if not topic or not topic["id"]:
            return
        kind = self.one("consumer", "share")
        group = f"{self.prefix}slow{len(self.groups)}"
        self.groups.append(group)
        configs = [
            {"name": f"{kind}.heartbeat.interval.ms", "configOperation": 0, "value": "100"},
            {"name": f"{kind}.session.timeout.ms", "configOperation": 0, "value": "500"},
        ]
        resource = {"resourceType": 32, "resourceName": group, "configs": configs}
        self.ask("IncrementalAlterConfigs", {"resources": [resource], "validateOnly": False}, who="a")
        time.sleep(0.2)
        api = "ConsumerGroupHeartbeat" if kind == "consumer" else "ShareGroupHeartbeat"
        fields = {"groupId": group, "memberId": self.prefix + "slow", "memberEpoch": 0, "subscribedTopicNames": [topic["name"]]}
        if kind == "consumer":
            fields.update(rebalanceTimeoutMs=60000, topicPartitions=[])
            if self.chance(0.4):
                fields.update(instanceId="inst")
        answers, _ = self.ask(api, fields, who="a")
        m = {"groupId": group, "memberId": self.prefix + "slow", "memberEpoch": self.pair.both(answers, "memberEpoch")}
        if fields.get("instanceId") and self.chance(0.5):
            self.ask(api, {**m, "memberEpoch": -2, "instanceId": "inst"}, who="a")
        if self.chance(0.5):
            time.sleep(0.3)
            self.ask(api, m, who="a")
        time.sleep(1.6)
        self.ask("ConsumerGroupDescribe" if kind == "consumer" else "ShareGroupDescribe", {"groupIds": [group]})
        self.ask(api, m if self.chance(0.6) else {**fields, "memberEpoch": 0}, who="a")
        if self.topic():
            commit = {"groupId": group, "memberId": m["memberId"], "generationIdOrMemberEpoch": m["memberEpoch"]}
            self.ask("OffsetCommit", {**commit, "topics": self.commits(self.topic())}, who="a")

    # ---- Kafka Streams
    def topology(self):
        names = sorted({self.name("t") for _ in range(self.one(1, 1, 2))}) if self.chance(0.9) else []
        sub = {
            "subtopologyId": self.one("0", "0", "1", ""),
            "sourceTopics": names,
            "sourceTopicRegex": [],
            "stateChangelogTopics": [],
            "repartitionSinkTopics": [],
            "repartitionSourceTopics": [],
            "copartitionGroups": [],
        }
        if self.chance(0.1) and len(names) == 2:
            sub["copartitionGroups"] = [{"sourceTopics": [0, 1], "sourceTopicRegex": [], "repartitionSourceTopics": []}]
        if self.chance(0.05):
            sub["sourceTopicRegex"] = ["a.*"]
        if self.chance(0.15):
            part = {"name": self.prefix + self.one("changes", "changes", " bad"), "replicationFactor": 0, "topicConfigs": []}
            sub["stateChangelogTopics"] = [{**part, "partitions": self.one(0, 0, 2, -1)}]
        return {"epoch": 0, "subtopologies": [sub] if self.chance(0.95) else []}

    def streams_heartbeat(self):
        group = f"{self.prefix}streams{self.one(0, 0, 1)}"
        if group not in self.groups:
            self.groups.append(group)
        mine = [m for m in self.streamers if m["group"] == group]
        if mine and self.chance(0.8):
            m = self.draw.choice(mine)
            fields = {"groupId": group, "memberId": m["id"], "memberEpoch": m["epoch"]}
            if self.chance(0.15):
                fields["memberEpoch"] = self.one(-1, -2, 0, 99, -3)
            if self.chance(0.4):
                tasks = self.one([], [{"subtopologyId": "0", "partitions": [0]}])
                fields.update(activeTasks=tasks, standbyTasks=[], warmupTasks=[])
            if self.chance(0.1):
                fields.update(self.one({"topology": self.topology()}, {"processId": "p2"}, {"shutdownApplication": True}))
            if self.chance(0.1):
                fields.update(endpointInformationEpoch=self.one(0, 1, 9))
        else:
            m = {"group": group, "id": f"{self.prefix}streams-{len(self.streamers)}"}
            fields = {"groupId": group, "memberId": m["id"], "memberEpoch": 0, "rebalanceTimeoutMs": 60000}
            fields.update(processId="p1", topology=self.topology(), activeTasks=[], standbyTasks=[], warmupTasks=[])
            if mine:
                fields["topology"] = mine[0]["topology"]
            if self.chance(0.3):
                fields.update(
                    self.one(
                        {"memberId": ""},
                        {"memberId": "x" * 40},
                        {"rebalanceTimeoutMs": -1},
                        {"processId": None},
                        {"processId": ""},
                        {"topology": None},
                        {"activeTasks": None},
                        {"activeTasks": [{"subtopologyId": "0", "partitions": [0]}]},
                        {"standbyTasks": [{"subtopologyId": "0", "partitions": [0]}]},
                        {"memberEpoch": 5},
                        {"memberEpoch": -1},
                        {"memberEpoch": -2},
                        {"memberEpoch": -3},
                        {"groupId": ""},
                        {"instanceId": ""},
                        {"instanceId": "inst"},
                        {"rackId": ""},
                        {"userEndpoint": {"host": "h", "port": 7}},
                        {"clientTags": [{"key": "zone", "value": "a"}]},
                    )
                )
        answers, _ = self.ask("StreamsGroupHeartbeat", fields, who="a")
        if fields.get("topology"):
            m["topology"] = fields["topology"]
        self.heard(self.streamers, m, answers, fields)
        if self.chance(0.3):
            self.ask("StreamsGroupDescribe", {"groupIds": [group]})

    # ---- records that are shared
    def sharer(self):
        """One that shares a topic of its own: its group begins at the topic's start."""
        topic = self.topic()
        if not topic or not topic["id"]:
            return None
        group = f"{self.prefix}queue{len(self.groups)}"
        self.groups.append(group)
        configs = [{"name": "share.auto.offset.reset", "configOperation": 0, "value": "earliest"}]
        if self.chance(0.2):
            configs.append({"name": "share.isolation.level", "configOperation": 0, "value": "read_committed"})
        resource = {"resourceType": 32, "resourceName": group, "configs": configs}
        self.ask("IncrementalAlterConfigs", {"resources": [resource], "validateOnly": False}, who="a")
        time.sleep(0.1)
        member = base64.urlsafe_b64encode(self.draw.randbytes(16)).decode().rstrip("=").replace("-", "x")
        m = {"group": group, "member": member, "topic": topic, "epoch": 0, "held": []}
        beat = {"groupId": group, "memberId": member, "memberEpoch": 0, "subscribedTopicNames": [topic["name"]]}
        for _ in range(60):  # until each has told the member all its partitions
            came = self.pair.step({"do": "ask", "c": "settle", "api": "ShareGroupHeartbeat", "v": 1, "f": beat})
            told = [one["answer"] for one in came]
            if any(one["errorCode"] for one in told):
                return None
            m.setdefault("seen", [set(), set()])
            for seen, one in zip(m["seen"], told):
                for topic_partitions in (one.get("assignment") or {}).get("topicPartitions", []):
                    seen.update(topic_partitions["partitions"])
            if all(len(seen) == topic["partitions"] for seen in m["seen"]):
                break
            beat = {"groupId": group, "memberId": member, "memberEpoch": self.pair.both(told, "memberEpoch")}
            time.sleep(0.05)
        self.pair.used.add("settle")
        self.queues.append(m)
        return m

    def settled(self, m):
        """What is said of records, mostly of those that were handed out."""
        if not m["held"] or self.chance(0.1):
            first = self.one(0, 1, 100, -1)
            batches = [{"firstOffset": first, "lastOffset": first, "acknowledgeTypes": [1]}]
            return self.draw.randrange(m["topic"]["partitions"]), batches
        index, first, last = self.draw.choice(m["held"])
        if self.chance(0.3) and last > first:
            last = first
        types = [self.one(1, 1, 2, 3)] if self.chance(0.7) else [self.one(0, 1, 2, 3) for _ in range(last - first + 1)]
        if self.chance(0.15):
            types = self.one([], [4], [9], [-1], [1, 1, 1, 1, 1, 1, 1])
        if self.chance(0.1):
            first, last = self.one((last, first), (first, last + 1), (first - 1, last))
        batches = [{"firstOffset": first, "lastOffset": last, "acknowledgeTypes": types}]
        if self.chance(0.1):
            batches = batches * 2
        return index, batches

    def share_step(self):
        """The next ShareFetch or ShareAcknowledge of one that shares."""
        m = self.draw.choice(self.queues) if self.queues and self.chance(0.9) else self.sharer()
        if not m:
            return self.create_topics()
        epoch = m["epoch"] if self.chance(0.93) else self.one(-1, 0, 1, m["epoch"] + 1)
        fields = {"groupId": m["group"], "memberId": m["member"], "shareSessionEpoch": epoch}
        if self.chance(0.03):
            fields.update(self.one({"groupId": ""}, {"groupId": None}, {"memberId": ""}, {"memberId": None}))
        index, batches = self.settled(m)
        topic_id = m["topic"]["id"] if self.chance(0.96) else unknown_id
        if m["epoch"] > 0 and self.chance(0.45):
            if self.chance(0.05):
                fields["isRenewAck"] = True
            topics = [{"topicId": topic_id, "partitions": [{"partitionIndex": index, "acknowledgementBatches": batches}]}]
            answers, _ = self.ask("ShareAcknowledge", {**fields, "topics": topics}, who="a")
        else:
            parts = [{"partitionIndex": i, "acknowledgementBatches": []} for i in range(m["topic"]["partitions"])]
            if m["epoch"] > 0:
                parts = [{"partitionIndex": index, "acknowledgementBatches": batches}] if self.chance(0.6) else []
            elif self.chance(0.1):
                parts.append({"partitionIndex": 77, "acknowledgementBatches": []})
            fields.update(maxWaitMs=400, minBytes=self.one(1, 1, 0), maxBytes=1 << 20, batchSize=500)
            fields["maxRecords"] = self.one(500, 500, 1, 0, -1)
            fields["shareAcquireMode"] = self.one(0, 0, 0, 1)
            fields["topics"] = [{"topicId": topic_id, "partitions": parts}] if parts else []
            if self.chance(0.1) and m["epoch"] > 0:
                fields["forgottenTopicsData"] = [{"topicId": m["topic"]["id"], "partitions": [0]}]
            answers, _ = self.ask("ShareFetch", fields, who="a")
            for told in answers[0].get("responses", []):
                for part in told["partitions"]:
                    for one in part["acquiredRecords"]:
                        m["held"].append((part["partitionIndex"], one["firstOffset"], one["lastOffset"]))
        code = answers[0].get("errorCode")
        if code == 0 and epoch == m["epoch"]:
            m["epoch"] += 1
        elif epoch == -1 or code not in (0, None):
            self.queues.remove(m)
