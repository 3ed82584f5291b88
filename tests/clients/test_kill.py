"""kill -9 in the middle of a load by both doors: what was acknowledged is there, in order, once."""
import threading

from conftest import offset_of, read_shard, until


def test_every_acknowledged_record_survives_a_kill_in_order_and_once(durable, name):
    server = durable
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    server.words("limits", "set", name, "--profile", "none")
    put, sent, stop = [], [], threading.Event()

    def put_records():
        try:
            for i in range(100_000):
                answer = kinesis.put_record(StreamName=name, Data=f"p{i}".encode(), PartitionKey="k")
                put.append((offset_of(answer["SequenceNumber"]), f"p{i}".encode()))
        except Exception:   # the server is gone: whatever the client calls that
            pass

    producer = server.producer(**{"enable.idempotence": True, "linger.ms": 1, "message.timeout.ms": 60000})

    def send():
        i = 0

        def delivered(error, message):
            if error is None:
                sent.append((message.offset(), message.value()))
        while not stop.is_set():
            try:
                producer.produce("k-" + name, f"k{i}".encode(), key=b"k", on_delivery=delivered)
                i += 1
            except BufferError:
                pass
            producer.poll(0.001)
    threads = [threading.Thread(target=put_records), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    until(lambda: len(put) > 300 and len(sent) > 3000, 30, "a load")
    server.kill()
    stop.set()
    for thread in threads:
        thread.join()
    acknowledged = list(sent)
    server.flags = (*server.flags,)
    server.start()

    stored = {offset_of(r["SequenceNumber"]): r["Data"] for r in read_shard(server.kinesis(), name)}
    for offset, data in put:
        assert stored[offset] == data
    assert sorted(stored) == list(range(len(stored)))

    messages = server.read_all("k-" + name)
    assert [m.offset() for m in messages] == list(range(len(messages)))
    values = [m.value() for m in messages]
    assert len(set(values)) == len(values)
    assert values == [f"k{i}".encode() for i in range(len(values))]
    for offset, value in acknowledged:
        assert values[offset] == value


def test_catalog_and_clock_survive_a_kill(durable, name):
    server = durable
    kinesis = server.kinesis()
    kinesis.create_stream(StreamName=name, ShardCount=3)
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000001", NewStartingHashKey=str(2**127))
    server.words("clock", "freeze")
    server.words("clock", "set", "2027-01-01T00:00:00Z")
    before = kinesis.describe_stream(StreamName=name)["StreamDescription"]
    server.kill()
    server.start()
    assert server.kinesis().describe_stream(StreamName=name)["StreamDescription"] == before
    assert server.json("clock")["now"].startswith("2027-01-01T00:00:00")
