"""Kafka's own Java: its Admin client and the programs behind kafka-topics.sh, kafka-configs.sh and their kin, from Maven Central."""
import json
import re

import pytest
from conftest import Server, until
from test_languages import needs, prepared, run, server   # noqa: F401 (a fixture)


@pytest.fixture(scope="module")
def java():
    needs("java", "mvn")
    return prepared("kafka_java", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")


# What the same program printed about a Kafka 4.4.0 node.
SEEN = """\
nodes 1
metadata.version 33
feature InvalidUpdateVersionException
quorum 1 1
unregistered BrokerIdNotRegisteredException
voter VoterNotFoundException
topic 3 1
unknown topic UnknownTopicOrPartitionException
log dir true true
deleted to 0 40
beyond the end OffsetOutOfRangeException
election ElectionNotNeededException
reassignment InvalidReplicaAssignmentException
reassignments 0
moved LogDirNotFoundException
policy delete,compact DYNAMIC_TOPIC_CONFIG 2
policy delete DEFAULT_CONFIG 1
broker 2 DYNAMIC_BROKER_CONFIG 2
fixed InvalidRequestException
group 50000 DYNAMIC_GROUP_CONFIG 2
metrics 1000 DYNAMIC_CLIENT_METRICS_CONFIG 1
resources [BROKER:1, BROKER_LOGGER:1, CLIENT_METRICS:m, GROUP:g, TOPIC:a]
stable true
subscribed GroupSubscribedToTopicException
in use GroupNotEmptyException
group Empty 0
committed 50
gone GroupIdNotFoundException
topics []
"""

# And of the pages of consoles: ConsolePages.java.
PAGES = """\
cluster 1 controller true 7
broker 1 168 41
features [eligible.leader.replicas.version, group.version, kraft.version, metadata.version, share.version, streams.version, transaction.version]
quorum 1
group classic Classic Stable Stable members 1 partitions 2 lag 43
group classic Classic Empty Empty members 0 partitions 0 lag 43
group consumer Consumer Stable Stable members 1 partitions 2 lag 43
group consumer Consumer Empty Empty members 0 partitions 0 lag 43
listed [__consumer_offsets (internal), __transaction_state (internal), orders, payments]
orders partitions 2 offsets 103 size true own settings [retention.ms=3600000]
payments partitions 2 offsets 102 size true own settings [cleanup.policy=compact]
all have a size true
messages 0 103
newest [open, value 192, value 194, value 196, value 198]
from a moment on [25, 25]
rules [pay PREFIXED User:bob READ]
quotas {ClientQuotaEntity(entries={client-id=quick})={producer_byte_rate=1000000.0}}
users [UserScramCredentialsDescription{name='carol', credentialInfos=[ScramCredentialInfo{mechanism=SCRAM_SHA_512, iterations=8192}]}]
producers 1 open true
transactions [writer Ongoing]
moves 0
"""


def test_the_java_admin_client_sees_what_it_sees_at_kafka(server, java):   # noqa: F811
    told = run(java, "java", "-Xmx256m", "-cp", "target/classes:lib/*", "KafkaAdmin", server.kafka_at, seconds=300)
    assert told == SEEN


def test_the_pages_of_a_console_show_what_they_show_of_kafka(java):
    server = Server(None, "--kafka-config", "super.users=User:ANONYMOUS", "--kafka-config", "group.initial.rebalance.delay.ms=0")
    told = run(java, "java", "-Xmx256m", "-cp", "target/classes:lib/*", "ConsolePages", server.kafka_at, seconds=300)
    server.stop()
    assert told == PAGES


def test_the_programs_of_kafka_administrate(server, java):   # noqa: F811
    def kafka(program, *arguments):
        command = f"org.apache.kafka.tools.{program}"
        return run(java, "java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-cp", "lib/*", command, "--bootstrap-server", server.kafka_at,
                   *arguments)

    assert "Created topic tools." in kafka("TopicCommand", "--create", "--topic", "tools", "--partitions", "2", "--config",
                                           "retention.ms=600000")
    producer = server.producer()
    for i in range(10):
        producer.produce("tools", value=f"value {i}", partition=0)
    assert producer.flush(10) == 0
    described = kafka("TopicCommand", "--describe", "--topic", "tools")
    assert "PartitionCount: 2" in described and "min.insync.replicas=1,retention.ms=600000" in described
    assert re.search(r"Topic: tools\tPartition: 1\tLeader: 1\tReplicas: 1\tIsr: 1", described)
    assert kafka("TopicCommand", "--list").split() == ["tools"]

    topic = ("--entity-type", "topics", "--entity-name", "tools")
    kafka("ConfigCommand", "--alter", *topic, "--add-config", "retention.ms=700000,max.message.bytes=5000")
    told = kafka("ConfigCommand", "--describe", *topic)
    assert "retention.ms=700000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=700000}" in told
    assert "max.message.bytes=5000" in told
    kafka("ConfigCommand", "--alter", *topic, "--delete-config", "max.message.bytes")
    assert "max.message.bytes" not in kafka("ConfigCommand", "--describe", *topic)
    all_brokers = kafka("ConfigCommand", "--describe", "--entity-type", "brokers", "--entity-default")
    assert "min.insync.replicas=1 sensitive=false synonyms={DYNAMIC_DEFAULT_BROKER_CONFIG:min.insync.replicas=1}" in all_brokers
    kafka("ClientMetricsCommand", "--alter", "--name", "m", "--interval", "1000")
    assert "interval.ms=1000" in kafka("ClientMetricsCommand", "--describe", "--name", "m")

    sizes = json.loads(kafka("LogDirsCommand", "--describe", "--topic-list", "tools").splitlines()[-1])
    (folder,) = sizes["brokers"][0]["logDirs"]
    assert {p["partition"]: p["size"] > 0 for p in folder["partitions"]} == {"tools-0": True, "tools-1": False}
    assert kafka("GetOffsetShell", "--topic", "tools").split() == ["tools:0:10", "tools:1:0"]
    orders = java / "delete.json"
    orders.write_text('{"version": 1, "partitions": [{"topic": "tools", "partition": 0, "offset": 4}]}')
    assert "low_watermark: 4" in kafka("DeleteRecordsCommand", "--offset-json-file", str(orders))

    consumer = server.consumer("readers")
    consumer.subscribe(["tools"])
    until(lambda: consumer.poll(0.1), what="a record")
    consumer.commit(asynchronous=False)
    consumer.close()
    assert "readers" in kafka("consumer.group.ConsumerGroupCommand", "--list")
    lag = kafka("consumer.group.ConsumerGroupCommand", "--describe", "--group", "readers")
    assert re.search(r"readers +tools +0 +\d+ +10 +\d+", lag), lag
    kafka("consumer.group.ConsumerGroupCommand", "--reset-offsets", "--to-latest", "--topic", "tools", "--group", "readers", "--execute")
    assert re.search(r"readers +tools +0 +10 +10 +0", kafka("consumer.group.ConsumerGroupCommand", "--describe", "--group", "readers"))
    kafka("consumer.group.ConsumerGroupCommand", "--delete-offsets", "--topic", "tools", "--group", "readers")

    assert re.search(r"Feature: metadata.version +.*FinalizedVersionLevel: 4.4-IV2", kafka("FeatureCommand", "describe"))
    assert re.search(r"LeaderId: +1\n", kafka("MetadataQuorumCommand", "describe", "--status"))
    kafka("LeaderElectionCommand", "--election-type", "preferred", "--all-topic-partitions")
    assert "IncrementalAlterConfigs(44): 0 to 1 [usable: 1]" in kafka("BrokerApiVersionsCommand")
    kafka("TopicCommand", "--delete", "--topic", "tools")
    assert kafka("TopicCommand", "--list").split() == ["__consumer_offsets"]
