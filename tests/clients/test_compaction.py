"""Compacted topics with librdkafka: the last value of each key stays at its offset, for consumers and for Kinesis readers, beside
writers, over restarts and kills in the middle of runs."""
import random
import threading

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType
from conftest import Server, offset_of, produce, read_shard, until

EAGER = {"cleanup.policy": "compact", "segment.ms": "1", "min.cleanable.dirty.ratio": "0", "delete.retention.ms": "3600000"}
OFTEN = ("--kafka-config", "log.cleaner.backoff.ms=50")


@pytest.fixture(scope="module")
def server():
    one = Server(None, *OFTEN)
    yield one
    one.stop()


@pytest.fixture
def durable(tmp_path):
    one = Server(tmp_path / "data", *OFTEN)
    yield one
    one.stop()


def make(server, name, **settings):
    server.admin().create_topics([NewTopic(name, 1, config={**EAGER, **settings})])[name].result(10)


def log_of(server, name, **more):
    """(offset, key, value) of all that there is, to the end of the partition."""
    consumer = server.consumer(**{"enable.partition.eof": True, **more})
    try:
        consumer.assign([TopicPartition(name, 0, 0)])
        found = []
        while True:
            message = consumer.poll(10)
            assert message is not None, f"{name} does not end"
            if message.error():
                assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                return found
            found.append((message.offset(), message.key(), message.value()))
    finally:
        consumer.close()


def compacted(server, name):
    """The log when it holds each key once."""
    def once():
        log = log_of(server, name)
        return log if len({key for _, key, _ in log}) == len(log) else None
    return until(once, 20, "compaction")


def test_the_last_value_of_each_key_stays_at_its_offset(server, name):
    make(server, name)
    producer = server.producer()
    sent = {}
    for i in range(500):
        key = f"k{i % 7}".encode()
        message = produce(producer, name, [f"v{i}".encode()], key=key)[0]
        sent[key] = (message.offset(), message.value())
    log = compacted(server, name)
    assert {key: (offset, value) for offset, key, value in log} == sent
    consumer = server.consumer()
    assert consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=10) == (0, 500)
    consumer.close()
    records = read_shard(server.kinesis(), name)
    assert [(offset_of(r["SequenceNumber"]), r["PartitionKey"].encode(), r["Data"]) for r in records] == log


def test_a_tombstone_removes_its_key_and_goes_itself_when_the_clock_says_so(tmp_path):
    server = Server(tmp_path / "data", *OFTEN)
    try:
        name = "tombs"
        make(server, name)
        producer = server.producer()
        produce(producer, name, [b"1", b"2"], key=b"a")
        produce(producer, name, [None], key=b"a")
        produce(producer, name, [b"1"], key=b"b")
        assert [(key, value) for _, key, value in compacted(server, name)] == [(b"a", None), (b"b", b"1")]
        server.words("clock", "advance", "2h")
        until(lambda: [key for _, key, _ in log_of(server, name)] == [b"b"], 20, "the tombstone to go")
    finally:
        server.stop()


def test_the_policy_is_taken_and_taken_back_while_the_topic_is_there(server, name):
    admin = server.admin()
    admin.create_topics([NewTopic(name, 1)])[name].result(10)
    produce(server.producer(), name, [b"1", b"2", b"3"], key=b"k")
    assert len(log_of(server, name)) == 3

    def alter(**settings):
        resource = ConfigResource(ResourceType.TOPIC, name, incremental_configs=[
            ConfigEntry(key.replace("_", "."), value, incremental_operation=AlterConfigOpType.SET) for key, value in settings.items()])
        admin.incremental_alter_configs([resource])[resource].result(10)
    alter(segment_ms="1", min_cleanable_dirty_ratio="0", cleanup_policy="compact")
    assert [value for _, _, value in compacted(server, name)] == [b"3"]
    with pytest.raises(KafkaException) as refused:
        told = []
        producer = server.producer()
        producer.produce(name, b"no key", on_delivery=lambda error, _: told.append(error))
        producer.flush(10)
        raise KafkaException(told[0])
    assert refused.value.args[0].code() == KafkaError.INVALID_RECORD


def test_a_transaction_that_is_aborted_leaves_nothing_and_an_open_one_is_waited_for(server, name):
    make(server, name)
    plain = server.producer()
    produce(plain, name, [b"1", b"2"], key=b"k")
    producer = server.producer(**{"transactional.id": "t-" + name})
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(name, b"aborted", key=b"k")
    producer.flush(10)
    produce(plain, name, [b"3", b"4"], key=b"k")
    producer.abort_transaction(10)
    producer.begin_transaction()
    producer.produce(name, b"committed", key=b"other")
    producer.commit_transaction(10)
    log = until(lambda: (log := log_of(server, name, **{"isolation.level": "read_uncommitted"})) and len(log) == 2 and log, 20, "compaction")
    assert [(key, value) for _, key, value in log] == [(b"k", b"4"), (b"other", b"committed")]
    assert log_of(server, name) == log


def test_kills_in_the_middle_of_runs_lose_no_keys_last_value_and_bring_none_back(durable, name):
    server = durable
    make(server, name)
    chance = random.Random(name)
    last, offsets = {}, {}
    value = b"x" * 2000
    for life in range(6):
        stop, told = threading.Event(), []
        producer = server.producer(**{"enable.idempotence": True, "linger.ms": 2, "message.timeout.ms": 3000})

        def write(life=life, producer=producer, stop=stop, told=told):
            i = 0
            while not stop.is_set():
                key = f"k{chance.randrange(60)}".encode()
                try:
                    producer.produce(name, f"{life}.{i} ".encode() + value, key=key,
                                     on_delivery=lambda error, message: told.append((error, message)))
                    i += 1
                except BufferError:
                    pass
                producer.poll(0.001)
        thread = threading.Thread(target=write)
        thread.start()
        until(lambda: sum(error is None for error, _ in told) > 600 + chance.randrange(600), 30, "a load")
        server.kill()
        stop.set()
        thread.join()
        producer.purge()
        producer.flush(5)
        acknowledged = {}   # of this life
        for error, message in told:
            if error is None:
                acknowledged[message.key()] = max(acknowledged.get(message.key(), (-1, b"")), (message.offset(), message.value()))
        last.update(acknowledged)
        server.start()
        log = log_of(server, name)
        held = {}
        for offset, key, found in log:
            assert offsets.setdefault(offset, (key, found)) == (key, found), "an offset holds another record than before"
            held[key] = (offset, found)
        for key, (offset, found) in last.items():
            assert key in held, f"{key} is lost"
            assert held[key][0] >= offset, f"{key} went back to {held[key][0]} from {offset}"
            if held[key][0] == offset:
                assert held[key][1] == found
    log = compacted(server, name)
    assert len(log) == len({key for _, key, _ in log})
    server.restart()
    assert log_of(server, name) == log
