"""Kafka's own programs, those behind kafka-topics.sh and its kin, from Maven Central: `make test-clients`. kafka_tools/session.txt says what each
printed about a Kafka 4.4.0 node, and it has to print the same about sluice. To write the answers anew, start one with the settings of
tests/diff/servers.py and say where it is; read them before you keep them:

    KAFKA_TOOLS_AT=127.0.0.1:9092 .venv/bin/python -m pytest tests/clients/languages/test_kafka_tools.py
"""
import base64
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from conftest import Server
from test_languages import needs, prepared

SESSION = Path(__file__).parent / "kafka_tools/session.txt"
PACKAGE = "org.apache.kafka.tools."
# The class behind a script.
TOOLS = {
    "acls": "AclCommand",
    "broker-api-versions": "BrokerApiVersionsCommand",
    "client-metrics": "ClientMetricsCommand",
    "cluster": "ClusterTool",
    "configs": "ConfigCommand",
    "console-consumer": "consumer.ConsoleConsumer",
    "console-producer": "ConsoleProducer",
    "console-share-consumer": "consumer.ConsoleShareConsumer",
    "consumer-groups": "consumer.group.ConsumerGroupCommand",
    "consumer-perf-test": "ConsumerPerformance",
    "delegation-tokens": "DelegationTokenCommand",
    "delete-records": "DeleteRecordsCommand",
    "features": "FeatureCommand",
    "get-offsets": "GetOffsetShell",
    "groups": "GroupsCommand",
    "leader-election": "LeaderElectionCommand",
    "log-dirs": "LogDirsCommand",
    "metadata-quorum": "MetadataQuorumCommand",
    "producer-perf-test": "ProducerPerformance",
    "reassign-partitions": "reassign.ReassignPartitionsCommand",
    "share-consumer-perf-test": "ShareConsumerPerformance",
    "share-groups": "consumer.group.ShareGroupCommand",
    "streams-groups": "streams.StreamsGroupCommand",
    "topics": "TopicCommand",
    "transactions": "TransactionsCommand",
    "verifiable-consumer": "VerifiableConsumer",
    "verifiable-producer": "VerifiableProducer",
    "verifiable-share-consumer": "VerifiableShareConsumer",
}
# After the word of what to do, not before it.
SUBCOMMANDS = {"cluster"}
# What figures mean nothing of.
MEASURED = {"producer-perf-test", "consumer-perf-test", "share-consumer-perf-test", "metadata-quorum", "transactions"}
# Lines in which the two differ on purpose, with the reason.
MEANT = [
    (r"sluice\.", "settings of our own"),
    (r"^\s*Share(Fetch|Acknowledge|GroupHeartbeat)\(", "version 1 too, which librdkafka sends"),
    (r"^s t \d (- -|\d \d)$", "where a share group begins is stored with its first fetch; in Kafka later"),
]


class Tools:
    def __init__(self, address, folder):
        needs("java", "mvn")
        built = prepared("kafka_tools", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
        self.address, self.folder, self.files = address, folder, 0
        self.java = subprocess.Popen(
            ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", "target/classes:lib/*", "Tools"],
            cwd=built, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def end(self):
        self.java.stdin.close()
        try:
            self.java.wait(10)
        except subprocess.TimeoutExpired:   # something that a program left running
            self.java.kill()
            self.java.wait()

    def file(self, json):
        self.files += 1
        path = self.folder / f"{self.files}.json"
        path.write_text(json)
        return str(path)

    def run(self, program, words, said):
        """What it printed, and its exit code."""
        files = []
        words = re.sub(r"\{(\{.*\})\}", lambda found: (files.append(found[1]), "FILE")[1], words)
        words = [self.file(files.pop(0)) if word == "FILE" else word for word in shlex.split(words)]
        at = ["--bootstrap-server", self.address]
        words = words[:1] + at + words[1:] if program in SUBCOMMANDS else at + words
        order = [PACKAGE + TOOLS[program], said, *words]
        self.java.stdin.write(" ".join("x" + base64.b64encode(part.encode()).decode() for part in order) + "\n")
        self.java.stdin.flush()
        for line in self.java.stdout:
            if line.startswith("answer "):
                _, code, printed, complained = line.split()
                out = [base64.b64decode(part[1:]).decode() for part in (printed, complained)]
                return out[0] + "\n" + out[1], int(code)
        raise AssertionError(f"Java ended at {program} {words}")


def plain(program, text, address, folder):
    text = text.replace(address, "ADDRESS").replace(str(folder), "FOLDER")
    text = re.sub(r"\blocalhost:\d+", "ADDRESS", text)
    host, port = address.rsplit(":", 1)
    text = re.sub(rf"\b{port}\b", "PORT", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d([.,:]\d+)?", "TIME", text)
    text = re.sub(r"\b1[67]\d{11}\b", "TIME", text)
    text = re.sub(r"/[\w./-]*data[\w./-]*|\"logDir\":\"[^\"]*\"", "DIRECTORY", text)
    text = re.sub(r'"log_dirs":\["(?!any)[^"]*"\]', '"log_dirs":["DIRECTORY"]', text)
    text = re.sub(r"CONTROLLER://[^\"]*", "CONTROLLER://ADDRESS", text)
    text = re.sub(r"\"size\":[1-9]\d*", '"size":N', text)
    text = re.sub(r"[\w.-]+-[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    text = re.sub(r"(TopicId: |Cluster ID: |ClusterId: +|DirectoryId: ?|\b)(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{22}\b", r"\1ID", text)
    text = re.sub(r"console-consumer-\d+|Epoch: \d+", lambda found: re.sub(r"\d+", "N", found[0]), text)
    text = re.sub(r'("offsets":)\[([\d,]*)\]', lambda found: f'{found[1]}[{",".join(sorted(found[2].split(",")))}]', text)
    text = re.sub(r'\[((?:\{"partition":"[^}]*\},?)+)\]', lambda found: f'[{",".join(sorted(re.findall("{[^}]*}", found[1])))}]', text)
    if program in MEASURED:
        text = re.sub(r"\b\d+(\.\d+)?\b", "N", text)
    lines = [re.sub(r"\s+", " ", line).strip() for line in text.splitlines()]
    return sorted(line for line in lines if line and not re.match(r"at |\.\.\. \d+ more|Caused by", line))


def steps():
    for block in SESSION.read_text().split("\n\n"):
        lines = block.strip("\n").splitlines()
        if not lines or not lines[0].startswith("$ "):
            continue
        said = [line[2:] for line in lines[1:] if line.startswith("| ")]
        program, _, words = lines[0][2:].partition(" ")
        yield block, lines[0], program, words, said, [line for line in lines[1 + len(said):]]


def play(address, folder):
    tools = Tools(address, folder)
    try:
        for block, head, program, words, said, seen in steps():
            text, code = tools.run(program, words, "".join(line + "\n" for line in said))
            told = plain(program, text, address, folder)
            yield head, said, seen, told + ([f"exit {code}"] if code else [])
    finally:
        tools.end()


@pytest.mark.skipif("KAFKA_TOOLS_AT" not in os.environ, reason="writes what Kafka answers")
def test_the_answers_are_written(tmp_path):
    blocks = [SESSION.read_text().split("\n\n")[0]]
    for head, said, _, told in play(os.environ["KAFKA_TOOLS_AT"], tmp_path):
        blocks.append("\n".join([head, *("| " + line for line in said), *told]))
    SESSION.write_text("\n\n".join(blocks) + "\n")


@pytest.mark.skipif("KAFKA_TOOLS_AT" in os.environ, reason="only writes")
def test_kafkas_own_programs_print_what_they_print_about_kafka(tmp_path):
    server = Server(None, "--kafka-config", "group.initial.rebalance.delay.ms=0", "--kafka-config", "super.users=User:ANONYMOUS")
    different = []
    for head, _, seen, told in play(server.kafka_at, tmp_path):
        def meant(line):
            return any(re.search(pattern, line) for pattern, _ in MEANT)

        kafka, ours = ([line for line in lines if not meant(line)] for lines in (seen, told))
        if kafka != ours:
            gone, new = [line for line in kafka if line not in ours], [line for line in ours if line not in kafka]
            different.append("\n".join([head, *("  kafka:  " + line for line in gone), *("  sluice: " + line for line in new)]))
    server.stop()
    assert not different, f"{len(different)} differ\n" + "\n".join(different)
