"""The limits of a shard, held to the record on a clock that stands still."""
import pytest

from conftest import iterator, produce, read_shard

TEXT = r"Rate exceeded for shard shardId-000000000000 in stream {} under account \d{{12}}\."


@pytest.fixture(autouse=True)
def frozen(server):
    server.words("clock", "freeze")
    yield
    server.words("clock", "resume")


@pytest.fixture
def stream(server, name):
    server.kinesis().create_stream(StreamName=name, ShardCount=1)
    return name


def put(kinesis, stream, count, data=b"x"):
    """How many of count records pass, put in requests of 500 and less."""
    passed = 0
    while count:
        n = min(count, 500)
        answer = kinesis.put_records(StreamName=stream, Records=[{"Data": data, "PartitionKey": "k"}] * n)
        passed += n - answer["FailedRecordCount"]
        count -= n
    return passed


def test_of_1500_records_at_one_shard_exactly_1000_pass_and_500_are_refused_in_aws_words(server, stream):
    kinesis = server.kinesis()
    answers = [kinesis.put_records(StreamName=stream, Records=[{"Data": b"x", "PartitionKey": "k"}] * 500) for _ in range(3)]
    assert [a["FailedRecordCount"] for a in answers] == [0, 0, 500]
    for refused in answers[2]["Records"]:
        assert refused["ErrorCode"] == "ProvisionedThroughputExceededException"
        assert refused["ErrorMessage"] == f"Rate exceeded for shard shardId-000000000000 in stream {stream} under account 000000000000."
        assert set(refused) == {"ErrorCode", "ErrorMessage"}
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException, match=TEXT.format(stream)):
        kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    assert len(read_shard(kinesis, stream)) == 1000


def test_a_mebibyte_a_second_passes_and_the_next_byte_does_not(server, stream):
    kinesis = server.kinesis()
    data = bytes(64 * 1024 - 1)   # with a key of one byte exactly 64 KiB
    answer = kinesis.put_records(StreamName=stream, Records=[{"Data": data, "PartitionKey": "k"}] * 20)
    failed = [i for i, r in enumerate(answer["Records"]) if "ErrorCode" in r]
    assert failed == [16, 17, 18, 19]
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException):
        kinesis.put_record(StreamName=stream, Data=b"", PartitionKey="k")


def test_tokens_come_with_virtual_time_only_and_none_is_lost(server, stream):
    kinesis = server.kinesis()
    assert put(kinesis, stream, 1001) == 1000            # t = 0
    server.words("clock", "advance", "1ms")
    assert put(kinesis, stream, 5) == 1                  # t = 1 ms
    server.words("clock", "advance", "499ms")
    assert put(kinesis, stream, 600) == 499              # t = 500 ms
    server.words("clock", "advance", "10s")
    assert put(kinesis, stream, 1500) == 1000            # a second's worth is all that is saved


def test_a_window_that_starts_anew_each_second_would_pass_twice_as_many(server, stream):
    kinesis = server.kinesis()
    server.words("clock", "advance", "999ms")
    assert put(kinesis, stream, 1000) == 1000
    server.words("clock", "advance", "2ms")
    assert put(kinesis, stream, 1000) == 2


def test_the_sixth_get_records_in_a_second_is_refused(server, stream):
    kinesis = server.kinesis()
    token = iterator(kinesis, stream)
    for _ in range(5):
        token = kinesis.get_records(ShardIterator=token)["NextShardIterator"]
    with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException,
                       match=rf"Rate exceeded for Shard - \d{{12}}/{stream}/shardId-000000000000"):
        kinesis.get_records(ShardIterator=token)
    server.words("clock", "advance", "200ms")
    assert kinesis.get_records(ShardIterator=token)["Records"] == []


def test_a_large_answer_blocks_the_shard_until_its_bytes_are_paid(server, stream):
    kinesis = server.kinesis()
    for _ in range(10):
        assert put(kinesis, stream, 1, bytes(1024 * 1024 - 1)) == 1
        server.words("clock", "advance", "1s")
    token = iterator(kinesis, stream)
    first = kinesis.get_records(ShardIterator=token)
    assert len(first["Records"]) == 10
    for step in ("1s", "3999ms"):
        server.words("clock", "advance", step)
        with pytest.raises(kinesis.exceptions.ProvisionedThroughputExceededException):
            kinesis.get_records(ShardIterator=token)
    server.words("clock", "advance", "2ms")
    assert len(kinesis.get_records(ShardIterator=token)["Records"]) == 10


def test_a_kafka_producer_at_a_limited_shard_is_slowed_and_neither_cut_off_nor_doubled(server, stream):
    server.words("clock", "resume")
    throttled, errors = [], []
    producer = server.producer(**{"enable.idempotence": True, "batch.num.messages": 500,
                                  "throttle_cb": lambda e: throttled.append(e.throttle_time),
                                  "error_cb": lambda e: errors.append(str(e))})
    values = [f"{i}".encode() for i in range(3000)]
    sent = produce(producer, stream, values, key=b"k")
    assert sorted(m.offset() for m in sent) == list(range(3000))
    assert [m.value() for m in server.read_all(stream)] == values
    assert max(throttled) > 0
    assert errors == []


def test_limits_can_be_changed_while_the_stream_runs(server, stream):
    kinesis = server.kinesis()
    server.words("limits", "set", stream, "--write-records", "10")
    assert put(kinesis, stream, 100) == 10
    server.words("limits", "set", stream, "--profile", "none")
    assert put(kinesis, stream, 2500) == 2500
