"""The program as people meet it: its words, its settings, how it starts and how it stops."""
import base64
import json
import os
import subprocess
import threading
import time

import pytest

from conftest import PROGRAM, Server, produce, read_shard, until

ANY = ["--kinesis", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--control", "127.0.0.1:0", "--quiet"]


def run(*args, **environment):
    return subprocess.run([str(PROGRAM), *map(str, args)], capture_output=True, text=True, timeout=20, env={**os.environ, **environment})


def test_health_and_version_answer(server):
    assert server.json("health")["ready"] is True
    assert "ready" in server.words("health")
    version = run("version")
    assert version.returncode == 0 and version.stdout.startswith("sluice ")


def test_a_word_without_a_server_says_how_to_start_one():
    done = run("health", "--control", "127.0.0.1:1")
    assert done.returncode == 1
    assert "sluice serve" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_the_clock_can_be_frozen_advanced_set_sped_up_and_resumed(server):
    frozen = server.json("clock", "freeze")
    assert frozen["frozen"] is True
    assert server.json("clock")["now"] == frozen["now"]
    server.words("clock", "set", "2037-01-01T00:00:00Z")
    server.words("clock", "advance", "23h59m")
    assert server.json("clock")["now"].startswith("2037-01-01T23:59:00")
    server.words("clock", "resume")
    server.words("clock", "rate", "3600")
    now = server.json("clock")["now"]
    until(lambda: server.json("clock")["now"] > now, what="the clock to go")
    server.words("clock", "rate", "1")


def test_the_clock_is_never_set_backward(server):
    done = run("clock", "set", "2001-01-01T00:00:00Z", "--control", server.control_at)
    assert done.returncode == 1
    assert "reset" in done.stderr


def test_streams_lists_what_both_doors_made(server, name):
    server.kinesis().create_stream(StreamName=name, ShardCount=3)
    produce(server.producer(), f"{name}-topic", [b"x"])
    told = {s["name"]: s for s in server.json("streams")["streams"]}
    assert (told[name]["shards"], told[name]["status"]) == (3, "ACTIVE")
    assert told[f"{name}-topic"]["records"] == "1"
    assert name in server.words("streams")


def test_put_and_tail_meet_the_doors(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert server.json("put", name, "--key", "k1", "hello")["offset"] == "0"
    assert [(r["PartitionKey"], r["Data"]) for r in read_shard(kinesis, name)] == [("k1", b"hello")]
    tail = subprocess.Popen([str(PROGRAM), "tail", name, "--from", "start", "--json", "--control", server.control_at],
                            stdout=subprocess.PIPE, text=True)
    try:
        first = json.loads(tail.stdout.readline())
        assert (first["offset"], first["key"], first["data"]) == ("0", "azE=", "aGVsbG8=")
        kinesis.put_record(StreamName=name, Data=b"later", PartitionKey="k2")
        second = json.loads(tail.stdout.readline())
        assert (second["offset"], second["key"], second["data"]) == ("1", "azI=", "bGF0ZXI=")
    finally:
        tail.terminate()
        tail.wait(5)


# Three user records of two keys, as aws-kinesis-agg 1.2.3 packs them.
AGGREGATE = bytes.fromhex("f3899ac20a076b6579206f6e650a076b65792074776f12033132331a0908001a0566697273741a0c080110001a067365636f6e64"
                          "1a0408001a000ddeabfad46dba3a364604dc50396be5")


def test_tail_tells_what_an_aggregated_record_carries_and_readers_get_it_as_it_is(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    for data in (b"plain", AGGREGATE, AGGREGATE[:-1]):
        kinesis.put_record(StreamName=name, PartitionKey="a", Data=data)
    assert [record["Data"] for record in read_shard(kinesis, name)] == [b"plain", AGGREGATE, AGGREGATE[:-1]]
    assert [message.value() for message in server.read_all(name)] == [b"plain", AGGREGATE, AGGREGATE[:-1]]
    shown = server.words("tail", name, "--stop").splitlines()
    assert len(shown) == 3 and shown[0].endswith("plain") and shown[1].endswith("aggregate of 3 user records") and "aggregate" not in shown[2]
    opened = server.words("tail", name, "--stop", "--user-records").splitlines()
    assert [line.split()[1] for line in opened] == ["0/0", "0/1.0", "0/1.1", "0/1.2", "0/2"]
    assert opened[1].endswith("key one  first") and opened[2].endswith("key two  second")
    told = [json.loads(line) for line in server.words("tail", name, "--stop", "--user-records", "--json").splitlines()]
    assert ["subSequenceNumber" in one for one in told] == [False, True, True, True, False]
    assert [told[2][member] for member in ("offset", "subSequenceNumber", "key", "explicitHashKey", "data")] == ["1", 1, "a2V5IHR3bw==", "123", "c2Vjb25k"]
    assert told[1]["sequenceNumber"] == told[3]["sequenceNumber"] and "explicitHashKey" not in told[3]
    stored = [json.loads(line) for line in server.words("tail", name, "--stop", "--json").splitlines()]
    assert base64.b64decode(stored[1]["data"]) == AGGREGATE


def test_limits_are_shown_and_set_by_stream(server, name):
    server.kinesis().create_stream(StreamName=name, ShardCount=1)
    shown = server.json("limits", "show", name)["limits"]
    assert shown == {"writeBytesPerSecond": "1048576", "writeRecordsPerSecond": "1000", "readBytesPerSecond": "2097152", "readCallsPerSecond": "5",
                     "iteratorCallsPerSecond": "5", "readRecordsPerSecond": "0", "writeBurstBytes": "0"}
    assert "write  1.0 MiB/s, 1.0 MiB at once, 1000 records/s" in server.words("limits", "show", name)
    server.words("limits", "set", name, "--write-burst", str(10 << 20))
    assert server.json("limits", "show", name)["writeCapacityBytes"] == str(10 << 20)
    server.words("limits", "set", name, "--write-records", "7")
    assert server.json("limits", "show", name)["limits"]["writeRecordsPerSecond"] == "7"
    missing = run("limits", "show", "nobody", "--control", server.control_at)
    assert missing.returncode == 1 and "nobody" in missing.stderr


def test_throttles_are_told_as_they_happen_with_their_reason(server, name):
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    server.words("limits", "set", name, "--write-records", "1")
    watch = subprocess.Popen([str(PROGRAM), "throttles", name, "--json", "--control", server.control_at], stdout=subprocess.PIPE, text=True)
    try:
        refused = threading.Event()

        def put_until_told():   # what happens before the watcher is there is not told
            while not refused.is_set():
                kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": "hot"}] * 10)
        putting = threading.Thread(target=put_until_told)
        putting.start()
        told = json.loads(watch.stdout.readline())
        refused.set()
        putting.join()
        assert (told["stream"], told["shard"], told["rate"], told["topKey"]) == (name, "shardId-000000000000", "1", "hot")
        assert told["explanation"]
    finally:
        watch.terminate()
        watch.wait(5)


def test_kafka_clients_are_told_what_advertise_says(server):
    server.words("advertise", "localhost:12345")
    [broker] = server.admin().list_topics(timeout=5).brokers.values()
    server.words("advertise", "off")
    assert (broker.host, broker.port) == ("localhost", 12345)


def test_reset_leaves_nothing_and_closes_no_connection(server, name):
    kinesis, producer, admin = server.kinesis(), server.producer(), server.admin()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    produce(producer, f"{name}-topic", [b"x"])
    server.words("reset")
    assert kinesis.list_streams()["StreamNames"] == []
    assert admin.list_topics(timeout=5).topics == {}
    assert server.json("clock").get("frozen", False) is False
    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert read_shard(kinesis, name) == []


def test_streams_and_topics_asked_for_at_start_are_there_when_it_is_ready(tmp_path):
    server = Server(None, "--stream", "orders:4,plain", "--topic", "events:3", "--ready-file", str(tmp_path / "ready.json"))
    try:
        ready = json.loads((tmp_path / "ready.json").read_text())
        assert ready == {"kinesis": server.kinesis_at, "kafka": server.kafka_at, "control": server.control_at}
        topics = server.admin().list_topics(timeout=5).topics
        assert {n: len(t.partitions) for n, t in topics.items()} == {"orders": 4, "plain": 1, "events": 3}
        assert server.json("limits", "show", "orders")["limits"]["writeRecordsPerSecond"] == "1000"
    finally:
        server.stop()


def test_an_unknown_setting_stops_the_start_and_names_the_nearest():
    done = run("serve", *ANY, "--ephemeral", SLUICE_KINESIS_LIMIT="none")
    assert done.returncode == 2
    assert "SLUICE_KINESIS_LIMITS" in done.stderr and len(done.stderr.strip().splitlines()) == 1
    done = run("serve", *ANY, "--ephemeral", "--kafka-config", "num.partition=3")
    assert done.returncode in (1, 2) and "num.partitions" in done.stderr


def test_a_second_server_on_the_same_data_names_the_first_ones_process(durable):
    done = run("serve", *ANY, "--data", durable.folder)
    assert done.returncode == 1
    assert str(durable.process.pid) in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_said_in_one_line_with_the_flag(server):
    done = run("serve", "--ephemeral", "--quiet", "--kinesis", server.kinesis_at, "--kafka", "127.0.0.1:0", "--control", "127.0.0.1:0")
    assert done.returncode == 1
    assert server.kinesis_at in done.stderr and "--kinesis" in done.stderr and len(done.stderr.strip().splitlines()) == 1


def test_sigterm_stops_within_a_second_with_clients_connected(durable, name):
    kinesis, consumer = durable.kinesis(), durable.consumer(name)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    consumer.subscribe([name])
    until(lambda: consumer.poll(0.05) or consumer.assignment(), what="a parked consumer")
    kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")
    start = time.monotonic()
    assert durable.stop() == 0
    assert time.monotonic() - start < 1
    durable.start()
    assert [r["Data"] for r in read_shard(durable.kinesis(), name)] == [b"x"]
    consumer.close()


@pytest.mark.parametrize("word", [[], ["serve"], ["clock"], ["limits"], ["tail"], ["put"]])
def test_help_teaches(word):
    done = run(*word, "--help")
    assert done.returncode == 0
    assert "sluice" in done.stdout and "--" in done.stdout
