"""Clients in their own languages, each from its registry: `make test-clients`. A toolchain that is missing is named; where CI is set
that is a failure."""
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from conftest import ROOT, Server, read_shard, until

HERE = Path(__file__).parent
BUILT = ROOT / "build/clients"


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{' and '.join(missing)} are missing here")


def prepared(language, *command):
    """The language's folder below build, where its registry's packages come to."""
    folder = BUILT / language
    shutil.copytree(HERE / language, folder, dirs_exist_ok=True)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return folder


def ran(folder, *command, seconds=120, **environment):
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, env={**os.environ, **environment})


def run(folder, *command, seconds=120, **environment):
    done = ran(folder, *command, seconds=seconds, **environment)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


def fails(folder, *command, **environment):
    """All that it printed."""
    done = ran(folder, *command, **environment)
    assert done.returncode != 0, done.stdout
    return done.stdout + done.stderr


def tool(name, *packages):
    """The programs of packages from PyPI, in a virtual environment of their own below build."""
    folder = BUILT / name
    if not (folder / "ready").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "--disable-pip-version-check", *packages], check=True)
        (folder / "ready").touch()
    return folder / "bin"


@pytest.fixture
def server(tmp_path):
    one = Server(None, "--kinesis-limits", "none", "--tls-ca", str(tmp_path / "ca.pem"))
    one.trusted = tmp_path / "ca.pem"
    yield one
    one.stop()


@pytest.fixture
def verifying(tmp_path):
    one = Server(None, "--kinesis-limits", "none", "--tls-ca", str(tmp_path / "ca.pem"), "--kinesis-auth", "verify", "--kinesis-key", "test:test")
    one.trusted = tmp_path / "ca.pem"
    yield one
    one.stop()


def at(server, tls=False):
    return f"https://localhost:{server.kinesis_at.rsplit(':', 1)[1]}" if tls else f"http://{server.kinesis_at}"


def test_javascript(server):
    needs("node", "npm")
    folder = prepared("javascript", "npm", "install", "--silent")
    for tls in (False, True):
        told = run(folder, "node", "--test", ENDPOINT=at(server, tls), NODE_EXTRA_CA_CERTS=str(server.trusted))
        assert "pass 4" in told, told
        server.words("reset")


def test_java_transactions(server):
    needs("java", "mvn")
    folder = prepared("java", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KafkaTransactions", server.kafka_at)
    assert told.count("seen: ") == 12, told


def test_java(server):
    needs("java", "mvn")
    folder = prepared("java", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KinesisClients", at(server))
    assert told.count("seen: ") == 4, told
    server.words("reset")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KinesisClients", at(server, tls=True), str(server.trusted))
    assert told.count("seen: ") == 1, told


def test_javascript_signs_over_http_2_and_a_wrong_secret_is_refused(verifying):
    needs("node", "npm")
    folder = prepared("javascript", "npm", "install", "--silent")
    for tls in (False, True):
        how = {"ENDPOINT": at(verifying, tls), "NODE_EXTRA_CA_CERTS": str(verifying.trusted)}
        told = run(folder, "node", "--test", **how)
        assert "pass 4" in told, told
        verifying.words("reset")
        assert "InvalidSignatureException" in fails(folder, "node", "--test", SECRET="another", **how)


def test_java_signs_over_both_versions_of_http_and_a_wrong_secret_is_refused(verifying):
    needs("java", "mvn")
    folder = prepared("java", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    command = ("java", "-cp", "target/classes:lib/*", "KinesisClients")
    told = run(folder, *command, at(verifying))
    assert told.count("seen: ") == 4, told
    verifying.words("reset")
    told = run(folder, *command, at(verifying, tls=True), str(verifying.trusted))
    assert told.count("seen: ") == 1, told
    assert "signature" in fails(folder, *command, at(verifying), SECRET="another").lower()


def test_go(server):
    needs("go")
    folder = prepared("go", "go", "build", "-o", "clients", ".")
    told = run(folder, "./clients", at(server))
    assert told.count("seen: ") == 6, told
    told = run(folder, "./clients", at(server, tls=True), str(server.trusted))
    assert told.count("seen: ") == 6, told


def test_rust(server):
    needs("cargo")
    folder = prepared("rust", "cargo", "build", "-q")
    told = run(folder, "target/debug/sluice-clients", at(server))
    assert told.count("seen: ") == 6, told
    told = run(folder, "target/debug/sluice-clients", at(server, tls=True), str(server.trusted))
    assert told.count("seen: ") == 6, told


def test_the_kinesis_producer_library_aggregates_over_tls_and_writes_on_through_a_split(server):
    needs("java", "mvn")
    folder = prepared("kpl", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KplWriter", at(server).rsplit(":", 1)[1], str(server.trusted), "kpl")
    assert told.count("seen: ") == 2, told
    kinesis = server.kinesis()
    shards = [shard["ShardId"] for shard in kinesis.list_shards(StreamName="kpl")["Shards"]]
    records = [record for shard in shards for record in read_shard(kinesis, "kpl", shard)]
    aggregates = [record for record in records if record["Data"].startswith(b"\xf3\x89\x9a\xc2")]
    assert len(shards) == 4 and len(aggregates) > 2
    # The server hands an aggregate on as it is; `sluice tail` shows people what is in it.
    opened = [json.loads(line) for line in server.words("tail", "kpl", "--stop", "--user-records", "--json").splitlines()]
    values = {base64.b64decode(one["data"]): base64.b64decode(one["key"]) for one in opened}
    assert values == {b"value %d" % n: b"key %d" % (n % 50) for n in range(2000)}
    shown = server.words("tail", "kpl", "--stop")
    assert len(re.findall(r"aggregate of \d+ user records", shown)) == len(aggregates)


@pytest.fixture(scope="module")
def dynamo():
    """Where KCL keeps its leases: moto's DynamoDB, in a process of its own."""
    programs = tool("moto", "moto[server,dynamodb]==5.2.5")
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    process = subprocess.Popen([programs / "moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: reachable(port), seconds=60)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def reachable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("how", ["polling", "fan-out"])
def test_the_kinesis_client_library_reads_through_a_split_and_a_merge(server, dynamo, how):
    needs("java", "mvn")
    folder = prepared("kcl", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KclReader", f"http://{server.kinesis_at}", dynamo, how, seconds=300)
    assert told.count("seen: ") == 4, told


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_consumers_of_the_java_client_share_a_topic(server, protocol):
    needs("java", "mvn")
    folder = prepared("kafka_streams", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "GroupMembers", server.kafka_at, protocol, f"java-{protocol}", seconds=300)
    assert told.count("seen: ") == 6, told


@pytest.mark.parametrize("protocol", ["classic", "streams"])
def test_kafka_streams_counts_words_over_two_instances_and_restores_its_state(server, tmp_path, protocol):
    needs("java", "mvn")
    folder = prepared("kafka_streams", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "WordCount", server.kafka_at, protocol, f"words-{protocol}", str(tmp_path / "state"),
               seconds=400)
    assert told.count("seen: ") == (6 if protocol == "streams" else 5), told


def test_kafka_share_consumer():
    """Kafka's own share consumer: explicit and implicit acknowledgement, two consumers, release, reject, renew, and the admin calls."""
    needs("java", "mvn")
    folder = prepared("kafka_share", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    server = Server(None)
    try:
        told = run(folder, "java", "-cp", "target/classes:lib/*", "KafkaShare", server.kafka_at, "words")
        assert "WRONG" not in told and told.rstrip().endswith("ok deleted"), told
    finally:
        server.stop()


def test_kafka_share_consumer_and_kills(tmp_path):
    """No record that was acknowledged comes again and none is lost, however often the server is killed under load."""
    needs("java", "mvn")
    folder = prepared("kafka_share", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        kafka_at = f"127.0.0.1:{free.getsockname()[1]}"
    server = Server(tmp_path / "data", "--kafka", kafka_at)
    client = subprocess.Popen(["java", "-cp", "target/classes:lib/*", "KafkaShare", kafka_at, "load", "20"], cwd=folder,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert client.stdout.readline().strip() == "ready"
        for _ in range(4):
            for _ in range(10):   # and again when ten more answers were heard
                assert client.stdout.readline().startswith("settled ")
            server.kill()
            server.start()
        told = client.communicate(timeout=120)[0]
        figures = re.search(r"written (\d+) settled (\d+) lost (\d+) again (\d+)", told)
        assert figures, told
        written, _, lost, again = map(int, figures.groups())
        assert written > 100 and lost == 0 and again == 0, told
    finally:
        client.kill()
        server.stop()


@pytest.mark.parametrize("consumer", [[], ["reader"]], ids=["polling", "fan-out"])
def test_a_flink_job_reads_each_record_once_through_two_splits(server, consumer):
    needs("java", "mvn")
    folder = prepared("flink", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName="flink", ShardCount=1)

    def put(start, end):
        for n in range(start, end):
            kinesis.put_record(StreamName="flink", PartitionKey=str(n), Data=b"%d" % n)

    put(0, 100)
    opens = [word for name in ("java.util", "java.lang", "java.time") for word in ("--add-opens", f"java.base/{name}=ALL-UNNAMED")]
    with open(folder / "told", "w") as told:
        job = subprocess.Popen(["java", *opens, "-cp", "target/classes:lib/*", "FlinkReader", at(server), "flink", "300", *consumer],
                               cwd=folder, stdout=subprocess.PIPE, stderr=told, text=True)
    said = []
    try:
        for line in job.stdout:
            said.append(line.strip())
            if said[-1] == "values: 100":
                kinesis.split_shard(StreamName="flink", ShardToSplit="shardId-000000000000", NewStartingHashKey=str(2 ** 127))
                put(100, 200)
                kinesis.split_shard(StreamName="flink", ShardToSplit="shardId-000000000001", NewStartingHashKey=str(2 ** 125))
                put(200, 300)
        assert job.wait(60) == 0, (said, (folder / "told").read_text()[-2000:])
    finally:
        job.kill()
        job.wait()
    assert said[-1] == "counts: [1]", said
