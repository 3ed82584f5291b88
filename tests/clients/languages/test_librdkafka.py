"""librdkafka's own tests, those that speak to a broker, from the sources that the Rust package brings along: `make test-clients`. It builds them
(about three minutes), and each test is a process of its own, four at a time. TEST_CONSUMER_GROUP_PROTOCOL=consumer before pytest plays them with
groups of KIP-848; with KAFKA_PEER=HOST:PORT they meet another Kafka.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess

import pytest
from conftest import Server
from test_kafka_tools import PACKAGE, TOOLS
from test_languages import BUILT, needs, prepared

# What the tests take for granted that one node, or Kafka 4, does not have: file, text, text instead.
CHANGES = [
    ("test.c", "rd_kafka_NewTopic_new(topicname, partition_cnt, replication_factor,", "rd_kafka_NewTopic_new(topicname, partition_cnt, 1,"),
    ("test.c", "topicname, replication_factor, partition_cnt);", "topicname, 1, partition_cnt);"),
    ("0077-compaction.c", "segment.bytes=10000 ", "segment.bytes=1048576 "),      # the least that Kafka 4 takes
    ("0129-fetch_aborted_msgs.c", '"20000"', '"1048576"'),
    # A session of 6 s has to be over after these 6 s. Here it ends up to 50 ms later than it could: emulator/runtime/live_patience.h.
    ("0081-admin.c", "rd_sleep(6);", "rd_sleep(7);"),
]
# Those that want topics not to be made by themselves.
MADE_BY_HAND = ("0045", "0107", "0111")
AT_ONCE, PATIENCE = 4, 300


@pytest.fixture(scope="module")
def built():
    """The folder with the test runner, and with the scripts of Kafka that some tests call."""
    needs("cargo", "make", "gcc", "g++", "java", "mvn")
    rust = prepared("kafka_rust", "cargo", "fetch", "-q")
    told = subprocess.run(["cargo", "metadata", "--format-version", "1"], cwd=rust, capture_output=True, text=True, check=True, timeout=120).stdout
    sources = next(one["manifest_path"] for one in json.loads(told)["packages"] if one["name"] == "rdkafka-sys")
    folder = BUILT / "librdkafka"
    if not (folder / "tests/test-runner").exists():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(os.path.join(os.path.dirname(sources), "librdkafka"), folder)
        for name, text, instead in CHANGES:
            before = (folder / "tests" / name).read_text()
            assert text in before, (name, text)
            (folder / "tests" / name).write_text(before.replace(text, instead))
        for command in (["./configure", "--disable-gssapi"], ["make", "-j2", "libs"], ["make", "-j2", "-C", "tests", "build"]):
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=1500)
            assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    tools = prepared("kafka_tools", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    (folder / "kafka/bin").mkdir(parents=True, exist_ok=True)
    for program in ("topics", "acls", "configs"):
        script = folder / f"kafka/bin/kafka-{program}.sh"
        script.write_text(f'#!/bin/sh\nexec java -Xmx128m -XX:TieredStopAtLevel=1 -cp "{tools}/lib/*" {PACKAGE}{TOOLS[program]} "$@"\n')
        script.chmod(0o755)
    return folder


def played(folder, at, test, protocol, scenario):
    """What the runner says of each test whose name begins so: PASSED, SKIPPED or FAILED; and all that it printed."""
    # The time-outs of the tests are for a machine that does nothing else. 0081 also multiplies its sessions, but not how long it waits for them.
    patience = 1 if test == "0081" else 4
    settings = folder / f"tests/{at.replace(':', '-')}-{patience}.conf"
    settings.write_text(f"bootstrap.servers={at}\ntest.timeout.multiplier={patience}\n")
    environment = {**os.environ, "TESTS": test, "RDKAFKA_TEST_CONF": str(settings), "TEST_CONSUMER_GROUP_PROTOCOL": protocol, "BROKERS": at,
                   "TEST_SCENARIO": scenario, "KAFKA_PATH": str(folder / "kafka"), "LD_LIBRARY_PATH": "../src:../src-cpp"}
    try:
        done = subprocess.run(["./test-runner", "-L", "-p1", "-Q", "-V", "4.4.0"], cwd=folder / "tests", env=environment, capture_output=True,
                              timeout=PATIENCE)
        told = re.sub(r"\x1b\[[0-9;]*m", "", (done.stdout + done.stderr).decode(errors="replace"))
        verdicts = dict(re.findall(r"^\| (\d{4}_\S+) +\| +(\w+) \|", told, re.MULTILINE))
        if done.returncode != 0:
            verdicts[test] = "FAILED"
    except subprocess.TimeoutExpired as late:
        verdicts, told = {test: "FAILED"}, (late.stdout or b"").decode(errors="replace")
    return verdicts, told


def test_librdkafkas_own_tests(built):
    protocol = os.environ.get("TEST_CONSUMER_GROUP_PROTOCOL", "classic")
    peer = os.environ.get("KAFKA_PEER")
    servers = [] if peer else [Server(None, "--kafka-config", "num.partitions=4", "--kafka-config", f"auto.create.topics.enable={made}")
                               for made in ("true", "false")]
    addresses = [peer] if peer else [server.kafka_at for server in servers]
    jobs = [(test, addresses[0], "default") for test in sorted({path.name[:4] for path in (built / "tests").glob("0*.c*")})]
    jobs += [(test, addresses[-1], "noautocreate") for test in MADE_BY_HAND if not peer]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(pool.map(lambda job: played(built, job[1], job[0], protocol, job[2]), jobs))
    # What failed beside three others is asked once more by itself: some tests count rebalances, or heartbeats, in seconds.
    results = [played(built, job[1], job[0], protocol, job[2]) if "FAILED" in verdicts.values() else (verdicts, told)
               for job, (verdicts, told) in zip(jobs, results)]
    for server in servers:
        assert server.stop() == 0
    failed = [f"{name}\n{told[-3000:]}" for verdicts, told in results for name, verdict in verdicts.items() if verdict == "FAILED"]
    passed = {name for verdicts, _ in results for name, verdict in verdicts.items() if verdict == "PASSED"}
    assert not failed, "\n\n".join(failed)
    assert len(passed) >= 85, sorted(passed)
