"""Starts the built program for a module of tests and hands out real clients for its doors.

Nothing here sleeps: the server says when it is ready on its standard output, and what has to be waited for is asked
again until a deadline.
"""
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.request
import uuid
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.pop("SLUICE_PROGRAM", ROOT / "build/release/sluice"))


def until(check, seconds=10.0, what="a condition"):
    """The first true value of check(); asks again until the deadline."""
    end = time.monotonic() + seconds
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")


def rest(method, address, body=None):
    """What a REST door answers, as JSON; nothing when it says nothing."""
    request = urllib.request.Request(address, method=method, headers={"Content-Type": "application/json"},
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        told = answer.read()
        return json.loads(told) if told else None


class Server:
    """One running sluice. Stops and kills only its own process."""

    def __init__(self, folder=None, *flags):
        self.folder, self.flags, self.process, self.admins = folder, flags, None, []
        self.start()

    def start(self):
        store = ["--data", str(self.folder)] if self.folder else ["--ephemeral"]
        doors = [part for door in ("--kinesis", "--kafka", "--control") if door not in self.flags for part in (door, "127.0.0.1:0")]
        command = [str(PROGRAM), "serve", "--quiet", *doors, *store, *self.flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("{"):
                doors = json.loads(line)
                self.kinesis_at, self.kafka_at, self.control_at = doors["kinesis"], doors["kafka"], doors["control"]
                return
        raise AssertionError("the server did not start: " + self.process.stderr.read())

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        self.stop()
        self.start()

    def words(self, *args, check=True):
        """Runs a `sluice` word against this server and yields what it printed."""
        done = subprocess.run([str(PROGRAM), *args, "--control", self.control_at], capture_output=True, text=True, timeout=30)
        if check:
            assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def json(self, *args):
        return json.loads(self.words(*args, "--json"))

    def kinesis(self, retries=0, key="test", region="us-east-1"):
        return boto3.client("kinesis", endpoint_url=f"http://{self.kinesis_at}", region_name=region,
                            aws_access_key_id=key, aws_secret_access_key="test",
                            config=Config(retries={"total_max_attempts": retries + 1}, max_pool_connections=64))

    def producer(self, **more):
        return Producer({"bootstrap.servers": self.kafka_at, "linger.ms": 0, **more})

    def admin(self):
        """A new client, kept as long as the server: its answers end with it."""
        self.admins.append(AdminClient({"bootstrap.servers": self.kafka_at}))
        return self.admins[-1]

    def consumer(self, group=None, **more):
        return Consumer({"bootstrap.servers": self.kafka_at, "group.id": group or f"g-{uuid.uuid4()}",
                         "auto.offset.reset": "earliest", "enable.auto.commit": False, **more})

    def read_all(self, topic, partition=0, start=0, count=None, seconds=10.0):
        """Messages of one partition from an offset to the end (or until count), by a consumer without a group."""
        consumer = self.consumer()
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            consumer.assign([TopicPartition(topic, partition, max(start, low))])
            wanted = count if count is not None else high - max(start, low)
            got, end = [], time.monotonic() + seconds
            while len(got) < wanted:
                assert time.monotonic() < end, f"got {len(got)} of {wanted} messages of {topic}-{partition}"
                message = consumer.poll(0.2)
                if message is None:
                    continue
                assert message.error() is None, message.error()
                got.append(message)
            return got
        finally:
            consumer.close()


@pytest.fixture(scope="module")
def server():
    one = Server()
    yield one
    one.stop()


@pytest.fixture
def durable(tmp_path):
    one = Server(tmp_path / "data")
    yield one
    one.stop()


@pytest.fixture
def name():
    return f"s-{uuid.uuid4().hex[:12]}"


def iterator(kinesis, stream, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
    return kinesis.get_shard_iterator(StreamName=stream, ShardId=shard, ShardIteratorType=kind, **more)["ShardIterator"]


def read_shard(kinesis, stream, shard="shardId-000000000000", kind="TRIM_HORIZON", **more):
    """All records from there to the end of the shard, as GetRecords gives them."""
    token, records = iterator(kinesis, stream, shard, kind, **more), []
    while token:
        answer = kinesis.get_records(ShardIterator=token)
        records += answer["Records"]
        token = answer.get("NextShardIterator")
        if answer["MillisBehindLatest"] == 0 and not answer["Records"]:
            break
        if answer["MillisBehindLatest"] == 0:
            break
    return records


def offset_of(sequence_number):
    """The Kafka offset in a 56-digit sequence number: its index (hex digits 11 to 26) minus one."""
    digits = f"{int(sequence_number):047x}"
    return int(digits[11:27], 16) - 1


def produce(producer, topic, values, **more):
    """Sends and waits for every delivery; yields the delivered messages."""
    told = []

    def delivered(error, message):
        told.append((error, message))

    for value in values:
        producer.produce(topic, value, on_delivery=delivered, **more)
    assert producer.flush(20) == 0
    for error, _ in told:
        assert error is None, error
    return [message for _, message in told]


@contextlib.contextmanager
def both_doors_write(server, name, **producer):
    """One connection puts and one produces, a record at a time: the values that were acknowledged so far, and why others were not."""
    stop, sent, refused = threading.Event(), set(), []

    def put():
        kinesis, i = server.kinesis(), 0
        while not stop.is_set():
            kinesis.put_record(StreamName=name, Data=f"p{i}".encode(), PartitionKey=f"key-{i}")
            sent.add(f"p{i}".encode())
            i += 1

    def send():
        sender, i = server.producer(**producer), 0
        while not stop.is_set():
            value = f"k{i}".encode()

            def delivered(error, message, value=value):
                if error is None:
                    sent.add(value)
                else:
                    refused.append(str(error))
            # Kafka's own partitioner may pick the sealed partition; the error for that one says what to do.
            sender.produce(name, value, key=f"key-{i}", on_delivery=delivered)
            sender.flush(5)
            i += 1
    threads = [threading.Thread(target=put), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    try:
        yield sent, refused
    finally:
        stop.set()
        for thread in threads:
            thread.join()
