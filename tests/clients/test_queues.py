"""Queues as boto3 sees them: many workers share the records of a stream, whichever door wrote them, a kill forgets no
acknowledgement, and Kafka clients see nothing of it.
"""
import threading
import uuid

import pytest
from botocore.exceptions import ClientError
from conftest import produce, until


def queue_on(kinesis, stream, start="TRIM_HORIZON", **attributes):
    """A new on-demand stream where there is none yet, and a queue on it."""
    try:
        kinesis.create_stream(StreamName=stream, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    except kinesis.exceptions.ResourceInUseException:
        pass
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    made = kinesis.create_queue(
        QueueName=f"q-{uuid.uuid4().hex[:8]}",
        StreamConfigurationList=[{"StreamARN": arn, "StartingPosition": {"Type": start}}],
        QueueAttributes=attributes,
    )["QueueDescription"]
    until(lambda: kinesis.describe_queue(QueueARN=made["QueueARN"])["QueueDescription"]["QueueStatus"] == "ACTIVE")
    return made["QueueARN"]


def put(kinesis, stream, texts):
    texts = list(texts)
    for at in range(0, len(texts), 500):
        answer = kinesis.put_records(
            StreamName=stream, Records=[{"PartitionKey": t, "Data": t.encode()} for t in texts[at:at + 500]])
        assert answer["FailedRecordCount"] == 0


def acknowledge(kinesis, arn, records):
    answer = kinesis.acknowledge_queue_records(
        QueueARN=arn, Entries=[{"ReceiptHandle": r["ReceiptHandle"]} for r in records])
    assert answer["Failed"] == []


def drain(kinesis, arn, most=10_000):
    """Everything there is, acknowledged."""
    got = []
    while len(got) < most:
        records = kinesis.receive_queue_records(QueueARN=arn, WaitTimeSeconds=1)["QueueRecords"]
        if not records:
            break
        acknowledge(kinesis, arn, records)
        got += [r["Data"] for r in records]
    return got


def test_workers_share_the_records_and_none_is_handed_out_twice(server, name):
    kinesis = server.kinesis()
    arn = queue_on(kinesis, name)
    got, lock = [], threading.Lock()

    def work():
        mine = drain(server.kinesis(), arn)
        with lock:
            got.extend(mine)

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers[:3]:
        worker.start()
    put(kinesis, name, (f"r{i}" for i in range(600)))
    for worker in workers[3:]:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(got) == sorted(f"r{i}".encode() for i in range(600))


def test_a_call_that_waits_is_answered_by_what_kafka_produces(server, name):
    kinesis = server.kinesis()
    arn = queue_on(kinesis, name, start="LATEST")
    told = []
    waiting = threading.Thread(
        target=lambda: told.extend(server.kinesis().receive_queue_records(QueueARN=arn, WaitTimeSeconds=20)["QueueRecords"]))
    waiting.start()
    produce(server.producer(), name, [b"from kafka"], partition=3)
    waiting.join(10)
    assert [r["Data"] for r in told] == [b"from kafka"]
    assert told[0]["ReceiveCount"] == 1


def test_kafka_sees_all_records_whatever_became_of_them_in_a_queue(server, name):
    kinesis = server.kinesis()
    arn = queue_on(kinesis, name)
    put(kinesis, name, (f"r{i}" for i in range(20)))
    assert len(drain(kinesis, arn)) == 20
    seen = [m.value() for partition in range(4) for m in server.read_all(name, partition)]
    assert sorted(seen) == sorted(f"r{i}".encode() for i in range(20))
    assert name in server.admin().list_topics(timeout=10).topics
    assert not [t for t in server.admin().list_topics(timeout=10).topics if "queue" in t]


def test_a_record_that_nobody_can_work_on_is_a_dead_letter_until_it_is_restored(server, name):
    kinesis = server.kinesis()
    arn = queue_on(kinesis, name, VisibilityTimeoutSeconds=0,
                   DeadLetterConfiguration={"TargetType": "BUILT_IN", "MaxReceiveCount": 3})
    put(kinesis, name, ["poison"])
    for count in (1, 2, 3):
        records = kinesis.receive_queue_records(QueueARN=arn)["QueueRecords"]
        assert [r["ReceiveCount"] for r in records] == [count]
    assert kinesis.receive_queue_records(QueueARN=arn, WaitTimeSeconds=1)["QueueRecords"] == []
    letters = kinesis.receive_dead_letter_queue_records(QueueARN=arn, VisibilityTimeoutSeconds=60)["QueueRecords"]
    assert [r["Data"] for r in letters] == [b"poison"]
    handle = letters[0]["ReceiptHandle"]
    changed = kinesis.update_dead_letter_queue_records_visibility(
        QueueARN=arn, Entries=[{"ReceiptHandle": handle, "VisibilityTimeoutSeconds": 30}])
    assert changed["Failed"] == []
    restored = kinesis.restore_dead_letter_queue_records(QueueARN=arn, Entries=[{"ReceiptHandle": handle}])
    assert [d["ReceiptHandle"] for d in restored["Successful"]] == [handle]
    again = kinesis.receive_queue_records(QueueARN=arn, VisibilityTimeoutSeconds=60)["QueueRecords"]
    assert [r["ReceiveCount"] for r in again] == [1]
    acknowledge(kinesis, arn, again)
    refused = kinesis.acknowledge_dead_letter_queue_records(QueueARN=arn, Entries=[{"ReceiptHandle": "nonsense"}])["Failed"]
    assert refused[0]["ErrorCode"] == "InvalidArgumentException"


def test_a_kill_forgets_no_acknowledgement_and_no_record(durable, name):
    kinesis = durable.kinesis()
    arn = queue_on(kinesis, name, VisibilityTimeoutSeconds=1)
    wanted = {f"r{i}".encode() for i in range(400)}
    put(kinesis, name, (t.decode() for t in wanted))
    done, in_flight = [], []
    lock = threading.Lock()

    def work():
        try:
            mine = durable.kinesis()
            while True:
                records = mine.receive_queue_records(QueueARN=arn, WaitTimeSeconds=1)["QueueRecords"]
                if not records:
                    return
                with lock:
                    in_flight.extend(r["Data"] for r in records)
                acknowledge(mine, arn, records)
                with lock:
                    done.extend(r["Data"] for r in records)
        except Exception:   # the server is gone: whatever the client calls that
            pass

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    until(lambda: len(done) > 100, what="a load")
    durable.kill()
    for worker in workers:
        worker.join()
    durable.start()
    rest = drain(durable.kinesis(), arn)
    until(lambda: set(done) | set(rest) | set(drain_more(durable.kinesis(), arn, rest)) >= wanted - set(in_flight), what="the rest")
    assert not set(rest) & set(done), "acknowledged and delivered again"
    # What was on its way when the server was killed may have been acknowledged without an answer.
    assert wanted - set(done) - set(rest) <= set(in_flight)


def drain_more(kinesis, arn, into):
    into += drain(kinesis, arn)
    return into


def test_queues_are_listed_described_updated_and_deleted(server, name):
    kinesis = server.kinesis()
    arn = queue_on(kinesis, name)
    stream_arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    listed = kinesis.list_queues(StreamFilter=[{"StreamARN": stream_arn}])["QueueSummaries"]
    assert [q["QueueARN"] for q in listed] == [arn]
    told = kinesis.update_queue(QueueARN=arn, QueueAttributes={"DeadLetterConfiguration": {"TargetType": "NONE"}})
    assert told["QueueDescription"]["QueueAttributes"]["DeadLetterConfiguration"] == {"TargetType": "NONE"}
    kinesis.tag_resource(ResourceARN=arn, Tags={"team": "blue"})
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "blue"}]
    with pytest.raises(ClientError) as refused:
        kinesis.delete_stream(StreamName=name)
    assert refused.value.response["Error"]["Code"] == "ResourceInUseException"
    kinesis.delete_queue(QueueARN=arn)
    with pytest.raises(kinesis.exceptions.ResourceNotFoundException):
        kinesis.receive_queue_records(QueueARN=arn)
    kinesis.delete_stream(StreamName=name)
