"""Kafka clients of other languages than Java, each as its registry has it: `make test-clients`. Each program meets an open server, one where
alice has to log in, and a stream that was put by Kinesis; what it saw it says in lines, and it fails at the first thing that is not so."""
import json
import subprocess

import pytest
from conftest import Server
from test_languages import needs, prepared, run


@pytest.fixture
def doors(tmp_path):
    """Where a program finds its two servers, as its environment."""
    opened = Server(None, "--kinesis-limits", "none")
    guarded = Server(None, "--tls-ca", str(tmp_path / "ca.pem"), "--kafka-auth", "required", "--kafka-user", "alice:secret",
                     "--kafka-config", "super.users=User:alice")
    kinesis = opened.kinesis()
    kinesis.create_stream(StreamName="from-kinesis", ShardCount=2)
    kinesis.put_records(StreamName="from-kinesis", Records=[{"PartitionKey": f"k{n}", "Data": b"v%d" % n} for n in range(20)])
    yield {"KAFKA": opened.kafka_at, "GUARDED": "localhost:" + guarded.kafka_at.rsplit(":", 1)[1], "CA": str(tmp_path / "ca.pem")}
    opened.stop()
    guarded.stop()


@pytest.mark.parametrize("client, sights", [("franz", 63), ("sarama", 57), ("kafkago", 30)])
def test_go(doors, client, sights):
    needs("go")
    folder = prepared("kafka_go", "go", "build", "-o", "built/", "./franz", "./sarama", "./kafkago")
    told = run(folder, f"./built/{client}", seconds=300, **doors)
    assert told.count("seen: ") == sights, told


@pytest.mark.parametrize("client, cases", [("kafkajs", 6), ("platformatic", 7)])
def test_javascript(doors, client, cases):
    """On the Node that its packages name: the newest @platformatic/kafka wants a newer one than there may be."""
    needs("node", "npm")
    folder = prepared("kafka_javascript", "npm", "install", "--silent")
    told = run(folder, "node_modules/.bin/node", "--test", f"{client}.test.mjs", seconds=200, **doors)
    assert f"pass {cases}" in told, told


def test_rust(doors):
    needs("cargo")
    folder = prepared("kafka_rust", "cargo", "build", "-q")
    told = run(folder, "target/debug/sluice-kafka", seconds=300, **doors)
    assert told.count("seen: ") == 50, told


def kcat(at, *words, said=None):
    """What kcat printed; it reads said from its standard input."""
    done = subprocess.run(["kcat", "-b", at, *words], input=said, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def test_kcat(doors):
    needs("kcat")
    at, shown = doors["KAFKA"], ("-e", "-q", "-o", "beginning", "-f", "%o %k %S %h %s\\n")
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        # The second record has no value: -Z makes an empty one null, and its size is -1.
        kcat(at, "-P", "-t", codec, "-z", codec, "-X", "enable.idempotence=true", "-K:", "-Z", "-H", "h=1", "-H", "h=2",
             said="k:" + "v" * 500 + "\nk:\n")
        assert kcat(at, "-C", "-t", codec, *shown).splitlines() == [f"0 k 500 h=1,h=2 {'v' * 500}", "1 k -1 h=1,h=2 "]
    told = json.loads(kcat(at, "-L", "-J"))
    assert {topic["topic"] for topic in told["topics"]} >= {"none", "zstd", "from-kinesis"} and told["controllerid"] == 1
    assert "offset 2" in kcat(at, "-Q", "-t", "none:0:-1")
    held = kcat(at, "-C", "-t", "from-kinesis", "-e", "-q", "-o", "beginning", "-f", "%k=%s\\n").split()
    assert sorted(held) == sorted(f"k{n}=v{n}" for n in range(20))
    grouped = ("-e", "-q", "-X", "auto.offset.reset=earliest", "-f", "%k=%s\\n", "-G", "kcat", "from-kinesis")
    assert sorted(kcat(at, *grouped).split()) == sorted(held) and kcat(at, *grouped) == ""
    login = ("-X", "sasl.username=alice", "-X", "sasl.password=secret", "-X", f"ssl.ca.location={doors['CA']}")
    # Not by SCRAM: this librdkafka (2.0.2) repeats its nonce, which this server refuses, as kafka-clients 4.4.0 do when they compare nonces.
    for protocol in ("SASL_PLAINTEXT", "SASL_SSL"):
        told = kcat(doors["GUARDED"], "-X", f"security.protocol={protocol}", "-X", "sasl.mechanism=PLAIN", *login, "-L", "-J")
        assert json.loads(told)["controllerid"] == 1
