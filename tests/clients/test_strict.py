"""What a server holds only when it is told to be as strict as AWS, and keys that have a fault: by boto3."""
import pytest
from conftest import Server


@pytest.fixture
def strict():
    one = Server(None, "--kinesis-limits", "kinesis-strict", "--clock", "freeze", "--kms-key", "alias/bad=disabled", "--write-burst", "2MiB")
    yield one
    one.stop()


def test_an_account_that_calls_too_often_is_told_so_in_words_that_terraform_retries(strict):
    kinesis = strict.kinesis()
    for i in range(5):
        kinesis.create_stream(StreamName=f"s{i}", ShardCount=1)
    with pytest.raises(kinesis.exceptions.LimitExceededException, match="Rate exceeded for stream s5 under account 000000000000."):
        kinesis.create_stream(StreamName="s5", ShardCount=1)
    for _ in range(5):
        kinesis.list_streams()
    with pytest.raises(kinesis.exceptions.LimitExceededException, match="Rate exceeded for account 000000000000."):
        kinesis.list_streams()
    strict.words("clock", "advance", "200ms")
    kinesis.create_stream(StreamName="s5", ShardCount=1)
    assert len(kinesis.list_streams()["StreamNames"]) == 6


def test_a_disabled_key_is_boto3s_exception_and_a_burst_is_taken_at_once(strict):
    kinesis = strict.kinesis()
    kinesis.create_stream(StreamName="s", ShardCount=1)
    with pytest.raises(kinesis.exceptions.KMSDisabledException, match="alias/bad"):
        kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/bad")
    kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/good")
    answer = kinesis.put_records(StreamName="s", Records=[{"Data": bytes(512 * 1024 - 1), "PartitionKey": "k"}] * 5)
    assert [("ErrorCode" in r) for r in answer["Records"]] == [False] * 4 + [True]
