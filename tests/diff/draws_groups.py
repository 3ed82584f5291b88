"""Requests about offsets and groups of each kind."""

import time

from drawing import Drawing, coded, subscription, unknown_id
from pair import Both


class Groups(Drawing):
    def commits(self, topic):
        named = topic["name"] if self.chance(0.93) else self.name("t")
        return [
            {
                "name": named,
                "topicId": topic["id"] if self.chance(0.93) else self.topic_id(),
                "partitions": [
                    {
                        "partitionIndex": self.partition(topic),
                        "committedOffset": self.one(0, 1, 7, -1, -5) if self.chance(0.1) else self.draw.randrange(9),
                        "committedLeaderEpoch": self.one(-1, -1, 0, 3),
                        "committedMetadata": self.one(None, "", "m") if self.chance(0.95) else "x" * 5000,
                    }
                    for _ in range(self.draw.randint(1, 2))
                ],
            }
        ]

    def some_member(self):
        known = self.members + self.consumers + self.sharers
        if known and self.chance(0.5):
            m = self.draw.choice(known)
            return {
                "groupId": m["group"],
                "memberId": m["id"],
                "generationIdOrMemberEpoch": m["epoch"] if self.chance(0.85) else self.one(0, -1, 9),
            }
        return {
            "groupId": self.name("g"),
            "memberId": "" if self.chance(0.9) else "me",
            "generationIdOrMemberEpoch": -1 if self.chance(0.9) else 1,
        }

    def offset_commit(self):
        topic, member = self.topic(), self.some_member()
        if topic and member["groupId"]:  # the empty group is one that all histories would share
            self.ask(
                "OffsetCommit",
                {**member, "groupInstanceId": None if self.chance(0.95) else "inst", "topics": self.commits(topic)},
            )

    def offset_fetch(self):
        topic = self.topic()
        if not topic:
            return
        asked = (
            None
            if self.chance(0.3)
            else [{"name": self.name("t"), "topicId": self.topic_id(), "partitionIndexes": [self.partition(topic)]}]
        )
        member = self.some_member()
        group = {
            "groupId": member["groupId"],
            "memberId": member["memberId"] or None,
            "memberEpoch": member["generationIdOrMemberEpoch"],
            "topics": asked,
        }
        other = self.name("g") if self.chance(0.1) else group["groupId"]
        older = asked and [{name: t[name] for name in ("name", "partitionIndexes")} for t in asked]
        self.ask(
            "OffsetFetch",
            {
                "groupId": group["groupId"],
                "topics": older,
                "groups": [group] + ([{"groupId": other, "topics": None}] if other != group["groupId"] else []),
                "requireStable": self.chance(0.3),
            },
            least=2 if asked is None else 1,
        )

    def offset_delete(self):
        topic = self.topic()
        if topic:
            self.ask(
                "OffsetDelete",
                {
                    "groupId": self.name("g"),
                    "topics": [{"name": self.name("t"), "partitions": [{"partitionIndex": self.partition(topic)}]}],
                },
            )

    def describe_groups(self):
        api = self.one("DescribeGroups", "ConsumerGroupDescribe", "ShareGroupDescribe", "StreamsGroupDescribe")
        names = [self.name("g") for _ in range(self.draw.randint(1, 2))]
        self.ask(
            api, {"groups" if api == "DescribeGroups" else "groupIds": names, "includeAuthorizedOperations": self.chance(0.3)}
        )

    def list_groups(self):
        self.ask(
            "ListGroups",
            {
                "statesFilter": self.one([], [], ["Stable"], ["stable", "Empty"], ["Nonsense"], ["Dead"], [""]),
                "typesFilter": self.one([], [], ["classic"], ["Consumer"], ["share"], ["streams"], ["nonsense"]),
            },
            mine=True,
        )

    def delete_groups(self):
        self.ask("DeleteGroups", {"groupsNames": [self.name("g") for _ in range(self.draw.randint(1, 2))]})

    def find_coordinator(self):
        kind = self.one(0, 1, 2, 3)
        keys = (
            [self.name("g")]
            if kind != 2
            else [self.one(f"{self.prefix}g0:{unknown_id}:0", "x", "g:x:0", f"{self.prefix}g0:{unknown_id}:x")]
        )
        self.ask("FindCoordinator", {"key": keys[0], "keyType": kind, "coordinatorKeys": keys})

    # ---- classic groups
    def join(self):
        group = self.draw.choice(self.groups)
        mine = [m for m in self.members if m["group"] == group]
        fields = {
            "groupId": group,
            "sessionTimeoutMs": self.one(30000, 30000, 30000, 1, 10000000),
            "rebalanceTimeoutMs": 60000,
            "memberId": "",
            "groupInstanceId": None,
            "protocolType": self.one("consumer", "consumer", "consumer", "connect", ""),
            "protocols": [
                {"name": n, "metadata": subscription([t["name"] for t in self.topics[:2]])}
                for n in self.one(["range"], ["range"], ["range", "roundrobin"], ["other"], [])
            ],
        }
        if self.chance(0.6):
            fields["sessionTimeoutMs"], fields["protocolType"] = 30000, "consumer"
            fields["protocols"] = [{"name": "range", "metadata": subscription([t["name"] for t in self.topics[:2]])}]
        if not mine and (not fields["protocols"] or not fields["protocolType"]):
            return  # Kafka keeps the empty group that such a request would have made
        if mine:  # one member a group, so that nobody waits for another
            fields["memberId"] = mine[0]["id"] if self.chance(0.9) else self.one("", "me")
            fields["groupInstanceId"] = mine[0]["instance"]
            if fields["memberId"] == "":
                return
        elif self.chance(0.2):
            fields["groupInstanceId"] = "inst"
        answers, version = self.ask("JoinGroup", fields, who="a")
        if answers[0].get("errorCode") == 79:
            fields["memberId"] = self.pair.both(answers, "memberId")
            if self.chance(0.9):
                answers, version = self.ask("JoinGroup", fields, who="a", version=version)
        if answers[0].get("errorCode") == 0:
            for m in mine:
                self.members.remove(m)
            self.members.append(
                {
                    "group": group,
                    "id": self.pair.both(answers, "memberId"),
                    "epoch": answers[0]["generationId"],
                    "instance": fields["groupInstanceId"] if version >= 5 else None,
                }
            )
            if self.chance(0.8):
                self.sync()

    def two_members(self):
        """A group from its first member to its second, and back to one; with instances, or without."""
        group = f"{self.prefix}two{len(self.groups)}"
        self.groups.append(group)
        version = self.version("JoinGroup", 4)
        static = version >= 5 and self.chance(0.4)

        def fields(who, member=""):
            return {
                "groupId": group,
                "sessionTimeoutMs": 30000,
                "rebalanceTimeoutMs": 20000,
                "memberId": member,
                "groupInstanceId": f"inst-{who}" if static else None,
                "protocolType": "consumer",
                "protocols": [{"name": name, "metadata": subscription([self.prefix + who])} for name in names[who]],
            }

        names = {"a": self.one(["range"], ["range", "other"]), "b": self.one(["range"], ["other", "range"], ["third"])}

        def join(who):
            answers, _ = self.ask("JoinGroup", fields(who), who=who, version=version)
            if answers[0].get("errorCode") == 79:
                return self.pair.both(answers, "memberId")
            return answers

        def members_by_word(answers):
            """The members of both answers, who are told apart by what they say of themselves."""
            sides = [{m["metadata"]: m["memberId"] for m in answer["members"]} for answer in answers]
            return [(said, Both([side.get(said, "") for side in sides])) for said in sorted(sides[0])]

        def sync(who, answers):
            step = {
                "groupId": group,
                "memberId": self.pair.both(answers, "memberId"),
                "generationId": answers[0]["generationId"],
                "groupInstanceId": f"inst-{who}" if static else None,
                "protocolType": "consumer",
                "protocolName": answers[0]["protocolName"],
                "assignments": [
                    {"memberId": member, "assignment": coded("part of " + said)} for said, member in members_by_word(answers)
                ],
            }
            self.ask("SyncGroup", step, who=who, version=max(5, self.version("SyncGroup")))

        came = join("a")
        if not isinstance(came, list):
            came, _ = self.ask("JoinGroup", fields("a", came), who="a", version=version)
        if came[0].get("errorCode") != 0 or came[1].get("errorCode") != 0:
            return
        sync("a", came)
        beat = {
            "groupId": group,
            "memberId": self.pair.both(came, "memberId"),
            "generationId": came[0]["generationId"],
            "groupInstanceId": "inst-a" if static else None,
        }
        if not static:
            second, _ = self.ask("JoinGroup", fields("b"), who="b", version=version)
            member = self.pair.both(second, "memberId")
        else:
            member = ""
        self.pair.send("b", "JoinGroup", version, fields("b", member))
        time.sleep(0.2)
        self.ask("DescribeGroups", {"groups": [group]}, who="c")
        self.ask("Heartbeat", beat, who="a")
        self.ask(
            "OffsetCommit",
            {
                "groupId": group,
                "memberId": beat["memberId"],
                "generationIdOrMemberEpoch": beat["generationId"],
                "groupInstanceId": beat["groupInstanceId"],
                "topics": [],
            },
            who="a",
        )
        if self.chance(0.8):
            self.pair.send("a", "JoinGroup", version, fields("a", beat["memberId"]))
            first, second = self.pair.take("a", "JoinGroup", version), self.pair.take("b", "JoinGroup", version)
            for who, answers in (("a", first), ("b", second)):  # the leader's goes first
                if answers[0].get("errorCode") == 0 and answers[0]["members"]:
                    sync(who, answers)
            for who, answers in (("a", first), ("b", second)):
                if answers[0].get("errorCode") == 0 and not answers[0]["members"]:
                    sync(who, answers)
        else:
            self.ask(
                "LeaveGroup",
                {
                    "groupId": group,
                    "memberId": beat["memberId"],
                    "members": [{"memberId": beat["memberId"], "groupInstanceId": beat["groupInstanceId"]}],
                },
                who="a",
                least=3,
            )
            self.pair.take("b", "JoinGroup", version)
        self.ask("DescribeGroups", {"groups": [group]}, who="c")
        self.ask("ListGroups", {}, who="c", mine=True)

    def a_member(self):
        if not self.members or self.chance(0.08):
            return {
                "groupId": self.name("g"),
                "memberId": self.one("", "me"),
                "generationId": self.one(-1, 0, 1),
                "groupInstanceId": None,
            }
        m = self.draw.choice(self.members)
        return {
            "groupId": m["group"],
            "memberId": m["id"],
            "generationId": m["epoch"] if self.chance(0.9) else m["epoch"] + 1,
            "groupInstanceId": m["instance"] if self.chance(0.95) else "other",
        }

    def sync(self):
        m = self.a_member()
        self.ask(
            "SyncGroup",
            {
                **m,
                "protocolType": self.one("consumer", "consumer", None, "connect") if self.chance(0.2) else "consumer",
                "protocolName": self.one("range", "range", None, "other") if self.chance(0.2) else "range",
                "assignments": [{"memberId": m["memberId"], "assignment": coded("mine")}] if self.chance(0.8) else [],
            },
            who="a",
        )

    def heartbeat(self):
        self.ask("Heartbeat", self.a_member(), who="a")

    def leave(self):
        m = self.a_member()
        one = {"memberId": m["memberId"], "groupInstanceId": m["groupInstanceId"]}
        self.ask(
            "LeaveGroup",
            {"groupId": m["groupId"], "memberId": m["memberId"], "members": self.one([one], [one], [one, one], [])},
            who="a",
        )
        self.members = [other for other in self.members if other["group"] != m["groupId"]]

    # ---- groups of the new protocols
    def consumer_heartbeat(self):
        group = self.draw.choice(self.groups)
        mine = [m for m in self.consumers if m["group"] == group]
        topics = [self.name("t") for _ in range(self.draw.randint(1, 2))]
        fields = {"groupId": group, "rebalanceTimeoutMs": -1, "memberEpoch": 0}
        if mine and self.chance(0.85):
            m = self.draw.choice(mine)
            fields.update(memberId=m["id"], memberEpoch=m["epoch"] if self.chance(0.9) else self.one(-1, -2, 0, 99))
            if self.chance(0.3):
                fields.update(subscribedTopicNames=topics)
            if self.chance(0.3):
                fields.update(topicPartitions=[{"topicId": self.topic_id(), "partitions": [0]}])
        else:
            m = {"group": group, "id": f"{self.prefix}m{len(self.consumers)}"}
            fields.update(memberId=m["id"], rebalanceTimeoutMs=60000, subscribedTopicNames=topics, topicPartitions=[])
            wrong = self.draw.random()
            if wrong < 0.3:
                fields.update(
                    self.one(
                        {"memberId": ""},
                        {"rebalanceTimeoutMs": -1},
                        {"subscribedTopicNames": None},
                        {"serverAssignor": "none"},
                        {"serverAssignor": ""},
                        {"instanceId": ""},
                        {"rackId": ""},
                        {"topicPartitions": None},
                        {"memberEpoch": 5},
                        {"groupId": ""},
                        {"subscribedTopicRegex": "("},
                        {"subscribedTopicNames": []},
                        {"serverAssignor": "range"},
                        {"instanceId": "inst"},
                        {"memberEpoch": -1},
                        {"memberEpoch": -2},
                        {"memberEpoch": -3},
                        {"memberId": "x" * 40},
                    )
                )
        answers, _ = self.ask("ConsumerGroupHeartbeat", fields, who="a")
        self.heard(self.consumers, m, answers, fields)
        if answers[0].get("memberEpoch", 0) < 0:
            self.nudge(group)

    def heard(self, members, m, answers, fields):
        if answers[0].get("errorCode") == 0 and fields["groupId"] == m["group"]:
            if m in members:
                members.remove(m)
            if answers[0]["memberEpoch"] > 0:
                if answers[0].get("memberId"):
                    m["id"] = self.pair.both(answers, "memberId")
                m["epoch"] = self.pair.both(answers, "memberEpoch")
                members.append(m)

    def share_heartbeat(self):
        group = self.draw.choice(self.groups)
        mine = [m for m in self.sharers if m["group"] == group]
        topics = [self.name("t") for _ in range(self.draw.randint(1, 2))]
        if mine and self.chance(0.85):
            m = self.draw.choice(mine)
            fields = {
                "groupId": group,
                "memberId": m["id"],
                "memberEpoch": m["epoch"] if self.chance(0.9) else self.one(-1, 0, 99, -2),
                "subscribedTopicNames": self.one(None, None, topics),
            }
        else:
            m = {"group": group, "id": f"{self.prefix}share-member-{len(self.sharers)}"}
            fields = {"groupId": group, "memberId": m["id"], "memberEpoch": 0, "subscribedTopicNames": topics}
            if self.chance(0.3):
                fields.update(
                    self.one(
                        {"memberId": ""},
                        {"subscribedTopicNames": None},
                        {"subscribedTopicNames": []},
                        {"memberEpoch": 5},
                        {"groupId": ""},
                        {"rackId": ""},
                        {"memberEpoch": -1},
                        {"memberId": "x" * 40},
                        {"memberEpoch": -2},
                    )
                )
        answers, _ = self.ask("ShareGroupHeartbeat", fields, who="a")
        self.heard(self.sharers, m, answers, fields)

    def share_offsets(self):
        topic = self.topic()
        if not topic:
            return
        name, group = self.name("t"), self.name("g")
        how = self.one(
            "DescribeShareGroupOffsets", "DescribeShareGroupOffsets", "AlterShareGroupOffsets", "DeleteShareGroupOffsets"
        )
        if how == "DescribeShareGroupOffsets":
            self.ask(
                how,
                {
                    "groups": [
                        {"groupId": group, "topics": self.one(None, [{"topicName": name, "partitions": [self.partition(topic)]}])}
                    ]
                },
            )
        elif how == "AlterShareGroupOffsets":
            self.ask(
                how,
                {
                    "groupId": group,
                    "topics": [
                        {
                            "topicName": name,
                            "partitions": [{"partitionIndex": self.partition(topic), "startOffset": self.one(0, 1, 2, -1)}],
                        }
                    ],
                },
            )
        else:
            self.ask(how, {"groupId": group, "topics": [{"topicName": name}]})
