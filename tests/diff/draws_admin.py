"""Requests about settings, security and the administration of one node."""

import functools
import re
import time

import servers
from drawing import Drawing, coded, unknown_id

# What settings of each type are made of: nearly all of it is wrong somewhere.
odd_values = {
    "number": ["-1", "0", "1", "-2", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "1.5", " 5 "]
    + ["+5", "", "0x10", "1e3", "x", "100000", "5000"],
    "real": ["0", "1", "1.01", "-0.1", "1e-3", "x", "", " 0.5 ", "0.5f", "5."],
    "boolean": ["true", "FALSE", " true ", "yes", "1", ""],
    "list": ["", ",", "a,a", "delete,delete", " delete , compact ", "*", "0:1,0:2", "0:1:2"],
    "text": ["", "PRODUCER", " gzip ", "zstd", "latest", "EARLIEST", "by_duration:PT1H", "by_duration:x", "read_committed"]
    + ["LogAppendTime", "sticky", "logappendtime"],
}


@functools.cache
def every_config(kind):
    """Kafka's settings of a topic or a group, each with its type."""
    rows = (servers.root / f"emulator/kafka/configs/{kind}_configs.cpp").read_text()
    types = {"int32": "number", "int64": "number"}
    found = re.findall(r'^    \{"([^"]+)", (\w+),', rows, re.M)
    return [(name, types.get(type_, type_)) for name, type_ in found if not name.startswith("sluice.")]


class Admin(Drawing):
    def odd_settings(self):
        """Any setting of a topic or a group, with a value at an edge of its type; now and then a topic is made with it."""
        kind = self.one("topic", "topic", "topic", "group")
        name, type_ = self.draw.choice(every_config(kind))
        config = {"name": name, "value": self.draw.choice(odd_values[type_])}
        how = self.draw.random()
        if kind == "topic" and how < 0.35:
            topic = {"name": f"{self.prefix}t{len(self.topics)}", "numPartitions": 1, "replicationFactor": 1, "assignments": []}
            answers, _ = self.ask("CreateTopics", {"topics": [{**topic, "configs": [config]}], "timeoutMs": 10000}, least=2)
            if answers[0].get("topics", [{}])[0].get("errorCode") == 0:
                self.topics.append({"name": topic["name"], "live": True, "partitions": 1, "id": None})
                self.settle()
                keys = [name] if self.chance(0.5) else ["retention.ms", "cleanup.policy", name]
                resource = {"resourceType": 2, "resourceName": topic["name"], "configurationKeys": keys}
                self.ask("DescribeConfigs", {"resources": [resource], "includeSynonyms": self.chance(0.3)})
            return
        topic = self.topic()
        target = self.groups[0] if kind == "group" else topic["name"] if topic else self.name("t")
        config["configOperation"] = self.one(0, 0, 0, 0, 1, 2, 3, 4)
        resource = {"resourceType": 32 if kind == "group" else 2, "resourceName": target, "configs": [config]}
        api = self.one("IncrementalAlterConfigs", "IncrementalAlterConfigs", "AlterConfigs")
        if api == "AlterConfigs":
            config.pop("configOperation")
        self.ask(api, {"resources": [resource], "validateOnly": self.chance(0.2)})
        time.sleep(0.05)
        described = {"resourceType": resource["resourceType"], "resourceName": target, "configurationKeys": [name]}
        self.ask("DescribeConfigs", {"resources": [described], "includeSynonyms": self.chance(0.3)})

    def odd_partitions(self):
        """CreateTopics and CreatePartitions with assignments of their own."""
        nodes = [self.one([1], [1], [1], [1, 1], [2], [], [-1]) for _ in range(self.draw.randint(1, 3))]
        if self.chance(0.5):
            first = self.one(0, 0, 0, 1, -1)
            parts = [{"partitionIndex": first + place, "brokerIds": ids} for place, ids in enumerate(nodes)]
            if self.chance(0.1):
                parts = parts * 2
            name = f"{self.prefix}t{len(self.topics)}"
            topic = {"name": name, "numPartitions": -1, "replicationFactor": -1, "assignments": parts}
            answers, _ = self.ask("CreateTopics", {"topics": [{**topic, "configs": []}], "timeoutMs": 10000})
            if answers[0].get("topics", [{}])[0].get("errorCode") == 0:
                self.topics.append({"name": topic["name"], "live": True, "partitions": 1, "id": None})
        elif topic := self.topic():
            count = topic["partitions"] + self.one(len(nodes), len(nodes), 0, 1)
            asked = {"name": topic["name"], "count": count, "assignments": [{"brokerIds": ids} for ids in nodes]}
            topics = [asked] * self.one(1, 1, 1, 2)
            self.ask("CreatePartitions", {"topics": topics, "timeoutMs": 10000, "validateOnly": self.chance(0.2)})
        self.settle()
        self.nudge()

    def resource(self):
        kind = self.one(2, 2, 2, 2, 32, 4, 8, 16, 0, 99)
        return {
            2: (2, self.name("t")),
            32: (32, self.name("g")),
            4: (4, self.one("1", "", "7", "x")),
            8: (8, self.one("1", "x")),
            16: (16, self.prefix + "metrics"),
            0: (0, "x"),
            99: (99, "x"),
        }[kind]

    def describe_configs(self):
        kind, name = self.resource()
        keys = (
            self.one(
                ["retention.ms", "cleanup.policy"], ["no.such"], [], ["compression.type", "max.message.bytes", "retention.ms"]
            )
            if self.chance(0.8) or kind == 4
            else None
        )
        if kind == 4:
            keys = self.one(["log.retention.ms", "num.partitions"], ["compression.type"], ["message.max.bytes", "no.such"])
        if kind == 32:
            keys = self.one(None, ["consumer.session.timeout.ms", "share.auto.offset.reset"], ["no.such"])
        self.ask(
            "DescribeConfigs",
            {
                "resources": [{"resourceType": kind, "resourceName": name, "configurationKeys": keys}],
                "includeSynonyms": self.chance(0.4),
                "includeDocumentation": False,
            },
        )

    def alter_configs(self):
        kind, name = self.resource()
        if name.startswith("__"):
            return
        configs = []
        for _ in range(1):
            if kind == 32:
                configs.append(
                    {
                        "name": self.one(
                            "consumer.session.timeout.ms",
                            "share.auto.offset.reset",
                            "share.record.lock.duration.ms",
                            "no.such",
                            "streams.num.standby.replicas",
                        ),
                        "value": self.one("50000", "earliest", "abc", "20000", "1", "-1"),
                    }
                )
            elif kind == 16:
                configs.append(
                    {
                        "name": self.one("metrics", "interval.ms", "match", "no.such"),
                        "value": self.one("60000", "org.apache", "abc", "client_id=x", "["),
                    }
                )
            elif kind == 4:
                configs.append(
                    {
                        "name": self.one("no.such", "log.retention.ms", "node.id", "message.max.bytes", "num.network.threads"),
                        "value": self.one("abc", "-5"),
                    }
                )
            else:
                configs = self.topic_configs()
                break
        incremental = self.chance(0.7)
        if incremental:
            for place, config in enumerate(configs):
                config["configOperation"] = self.one(0, 0, 0, 1, 2, 3) if place == 0 else 0
            if kind != 2 and len(configs) > 1 and configs[0]["configOperation"] > 0:
                configs = configs[:1]
        elif kind == 4:
            return
        self.ask(
            "IncrementalAlterConfigs" if incremental else "AlterConfigs",
            {
                "resources": [{"resourceType": kind, "resourceName": name, "configs": configs}]
                * (2 if incremental and kind in (2, 32, 16) and self.chance(0.2) else 1),
                "validateOnly": self.chance(0.2) or kind in (4, 8),
            },
        )
        time.sleep(0.05)

    def list_config_resources(self):
        self.ask("ListConfigResources", {"resourceTypes": self.one([], [2], [32], [16, 32], [4], [0], [99])}, mine=True)

    # ---- security
    def acl(self, filtering=False):
        kind = self.one(2, 2, 3, 5) if self.chance(0.9) else self.one(1, 4, 6, 7, 99)
        pattern = self.one(3, 3, 4) if self.chance(0.9) else self.one(1, 2, 9)  # Kafka closes the connection at a code 0
        drawn = {
            "resourceType": kind,
            "resourceName": self.prefix + self.one("t0", "none"),
            "resourcePatternType": pattern,
            "principal": self.one(f"User:{self.prefix}u", f"User:{self.prefix}u", "nobody", "User:", ""),
            "host": self.one("*", "*", "127.0.0.1", ""),
            "operation": self.one(2, 3, 4, 8, 10, 12) if self.chance(0.9) else self.one(1, 5, 99, 13),
            "permissionType": self.one(3, 3, 2) if self.chance(0.92) else self.one(1, 9),
        }
        if self.chance(0.7):
            drawn.update(principal=f"User:{self.prefix}u", host="*")
        if not filtering:
            return drawn
        out = {
            "resourceTypeFilter": self.one(kind, 1),
            "resourceNameFilter": drawn["resourceName"],
            "patternTypeFilter": self.one(pattern, 1, 2),
            "principalFilter": self.one(drawn["principal"], None),
            "hostFilter": self.one(drawn["host"], None),
            "operation": self.one(drawn["operation"], 1),
            "permissionType": self.one(drawn["permissionType"], 1),
        }
        return out

    def acls(self):
        how = self.one("CreateAcls", "CreateAcls", "DescribeAcls", "DescribeAcls", "DeleteAcls")
        if how == "CreateAcls":
            self.ask(how, {"creations": [self.acl() for _ in range(self.draw.randint(1, 2))]})
        elif how == "DescribeAcls":
            self.ask(how, self.acl(True))
        else:
            self.ask(how, {"filters": [self.acl(True) for _ in range(self.draw.randint(1, 2))]})
        time.sleep(0.05)

    def quotas(self):
        entity = self.one(
            [("user", self.prefix + "u")],
            [("client-id", self.prefix + "c")],
            [("user", self.prefix + "u"), ("client-id", self.prefix + "c")],
            [("ip", "10.1.2.3")],
            [("user", "")],
            [("nonsense", "x")],
            [("ip", "not-an-ip")],
            [("user", self.prefix + "u"), ("user", self.prefix + "w")],
            [],
            [("ip", "1.2.3.4"), ("user", self.prefix)],
        )
        if self.chance(0.5):
            ops = [
                {
                    "key": self.one(
                        "producer_byte_rate",
                        "consumer_byte_rate",
                        "request_percentage",
                        "controller_mutation_rate",
                        "connection_creation_rate",
                        "nonsense",
                    ),
                    "value": self.one(1000.0, 0.5, -1.0, 0.0, 20.0),
                    "remove": self.chance(0.2),
                }
                for _ in range(1)
            ]
            self.ask(
                "AlterClientQuotas",
                {
                    "entries": [{"entity": [{"entityType": t, "entityName": n} for t, n in entity], "ops": ops}],
                    "validateOnly": self.chance(0.2) or ("ip", "10.1.2.3") in entity,
                },
            )
            time.sleep(0.05)
        else:
            self.ask(
                "DescribeClientQuotas",
                {
                    "components": [
                        {
                            "entityType": t,
                            "matchType": self.one(0, 0, 0, 1, 2, 9) if n.startswith(self.prefix) and self.chance(0.2) else 0,
                            "match": n,
                        }
                        for t, n in entity
                        if n.startswith(self.prefix) or self.chance(0.3)
                    ]
                    or [{"entityType": "user", "matchType": 0, "match": self.prefix}],
                    "strict": self.chance(0.5),
                },
            )

    def scram(self):
        users = [self.prefix + "s0", self.prefix + "s1", ""]
        if self.chance(0.5):
            self.ask(
                "AlterUserScramCredentials",
                {
                    "deletions": [
                        {"name": self.draw.choice(users), "mechanism": self.one(1, 2, 0, 3)}
                        for _ in range(self.draw.randint(0, 1))
                    ],
                    "upsertions": [
                        {
                            "name": self.draw.choice(users),
                            "mechanism": self.one(1, 2, 2, 0),
                            "iterations": self.one(4096, 4096, 8192, 5, 100000),
                            "salt": coded("salt"),
                            "saltedPassword": coded("password"),
                        }
                        for _ in range(self.draw.randint(0, 2))
                    ],
                },
            )
            time.sleep(0.05)
        else:
            self.ask(
                "DescribeUserScramCredentials", {"users": [{"name": n} for n in self.some(users + [self.prefix + "nobody"], 2)]}
            )

    def tokens(self):
        api, fields = self.one(
            ("CreateDelegationToken", {"maxLifetimeMs": -1}),
            ("DescribeDelegationToken", {"owners": None}),
            ("RenewDelegationToken", {"hmac": coded("x"), "renewPeriodMs": 1}),
            ("ExpireDelegationToken", {"hmac": coded("x"), "expiryTimePeriodMs": -1}),
        )
        self.ask(api, fields)

    # ---- one node's administration
    def cluster(self):
        topic = self.topic()
        name, index = self.name("t"), self.partition(topic)
        api, fields = self.one(
            (
                "DescribeCluster",
                {
                    "endpointType": self.one(1, 1, 2, 5),
                    "includeClusterAuthorizedOperations": self.chance(0.5),
                    "includeFencedBrokers": self.chance(0.5),
                },
            ),
            (
                "ElectLeaders",
                {
                    "electionType": self.one(0, 1, 0, 7),
                    "topicPartitions": [{"topic": name, "partitions": [index]}],
                    "timeoutMs": 5000,
                },
            ),
            (
                "AlterPartitionReassignments",
                {
                    "timeoutMs": 5000,
                    "allowReplicationFactorChange": self.chance(0.7),
                    "topics": [
                        {
                            "name": name,
                            "partitions": [
                                {"partitionIndex": index, "replicas": self.one(None, [1], [2], [1, 1], [], [1, 2], [-1])}
                            ],
                        }
                    ],
                },
            ),
            (
                "ListPartitionReassignments",
                {"timeoutMs": 5000, "topics": self.one(None, [{"name": name, "partitionIndexes": [index]}])},
            ),
            (
                "AlterReplicaLogDirs",
                {"dirs": [{"path": self.one("/nowhere", "relative", ""), "topics": [{"name": name, "partitions": [index]}]}]},
            ),
            ("DescribeLogDirs", {"topics": [{"topic": name, "partitions": [index]}]}),
            (
                "DescribeQuorum",
                {
                    "topics": [
                        {"topicName": self.one("__cluster_metadata", "x"), "partitions": [{"partitionIndex": self.one(0, 0, 1)}]}
                    ]
                },
            ),
            (
                "UpdateFeatures",
                {
                    "timeoutMs": 5000,
                    "validateOnly": True,
                    "featureUpdates": [
                        {
                            "feature": self.one(
                                "group.version", "nonsense", "metadata.version", "", "transaction.version", "kraft.version"
                            ),
                            "maxVersionLevel": self.one(0, 1, 2, 33, 99, -1),
                            "upgradeType": self.one(1, 2, 3, 0, 9),
                            "allowDowngrade": self.chance(0.3),
                        }
                    ],
                },
            ),
            ("UnregisterBroker", {"brokerId": 7}),
            ("UnregisterController", {"controllerId": self.one(7, -1)}),
            (
                "AddRaftVoter",
                {
                    "clusterId": self.one("x", None) or "x",
                    "timeoutMs": 1000,
                    "voterId": 7,
                    "voterDirectoryId": unknown_id,
                    "listeners": self.one([], [{"name": "CONTROLLER", "host": "localhost", "port": 1}]),
                },
            ),
            ("RemoveRaftVoter", {"clusterId": self.one("x", "y"), "voterId": 7, "voterDirectoryId": unknown_id}),
            (
                "StreamsGroupTopologyDescriptionUpdate",
                {
                    "groupId": self.name("g"),
                    "memberId": self.one("", "me"),
                    "topologyEpoch": self.one(0, 1, -1),
                    "topologyDescription": {"subtopologies": [], "globalStores": []},
                },
            ),
            ("GetTelemetrySubscriptions", {"clientInstanceId": self.one("AAAAAAAAAAAAAAAAAAAAAA", unknown_id)}),
            (
                "ReadShareGroupState",
                {
                    "groupId": self.name("g"),
                    "topics": [
                        {"topicId": self.topic_id(), "partitions": [{"partition": index, "leaderEpoch": self.one(0, -1)}]}
                    ],
                },
            ),
            (
                "ReadShareGroupStateSummary",
                {
                    "groupId": self.name("g"),
                    "topics": [
                        {"topicId": self.topic_id(), "partitions": [{"partition": index, "leaderEpoch": self.one(0, -1)}]}
                    ],
                },
            ),
            (
                "DeleteShareGroupState",
                {
                    "groupId": self.prefix + "nobody",
                    "topics": [{"topicId": self.topic_id(), "partitions": [{"partition": index}]}],
                },
            ),
            (
                "WriteTxnMarkers",
                {
                    "markers": [
                        {
                            "producerId": 987654,
                            "producerEpoch": 0,
                            "transactionResult": True,
                            "topics": [{"name": self.prefix + "none", "partitionIndexes": [index]}],
                            "coordinatorEpoch": 0,
                        }
                    ]
                },
            ),
        )
        self.ask(api, fields, mine=api == "ListPartitionReassignments")
