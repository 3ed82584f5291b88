"""HTTP/2 at the Kinesis door by prior knowledge: with curl, which signs requests as AWS wants them, and with httpx for many at once
(curl 7.88 fails at that with any server).
"""
import asyncio
import base64
import json
import subprocess

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from conftest import iterator, read_shard

SIGNED = ["--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", "test:test", "-H", "Content-Type: application/x-amz-json-1.1"]


def curl(*args):
    done = subprocess.run(["curl", "--silent", "--show-error", "--max-time", "30", *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(server, operation, fields, *more, version="--http2-prior-knowledge"):
    return curl(version, *SIGNED, "-H", f"X-Amz-Target: Kinesis_20131202.{operation}", "-d", json.dumps(fields), *more, f"http://{server.kinesis_at}/")


def told(text):
    """Status, headers by their names in lower case, and the body, of what `curl -i` printed."""
    head, _, body = text.replace("\r\n", "\n").partition("\n\n")
    first, *lines = head.split("\n")
    return int(first.split()[1]), {line.split(":", 1)[0].lower() for line in lines}, body


def test_a_stream_is_made_and_written_over_http_2_and_read_over_http_1_and_by_kafka(server, name):
    assert ask(server, "CreateStream", {"StreamName": name, "ShardCount": 1}) == ""
    put = json.loads(ask(server, "PutRecord", {"StreamName": name, "PartitionKey": "k", "Data": base64.b64encode(b"by HTTP/2").decode()}))
    assert put["ShardId"] == "shardId-000000000000"
    kinesis = server.kinesis()
    assert [record["Data"] for record in read_shard(kinesis, name)] == [b"by HTTP/2"]
    assert [message.value() for message in server.read_all(name)] == [b"by HTTP/2"]
    got = json.loads(ask(server, "GetRecords", {"ShardIterator": iterator(kinesis, name)}))
    assert base64.b64decode(got["Records"][0]["Data"]) == b"by HTTP/2"


def test_status_headers_and_body_are_those_of_http_1(server, name):
    ask(server, "CreateStream", {"StreamName": name, "ShardCount": 2})
    for operation, fields in [("ListShards", {"StreamName": name}), ("DescribeStreamSummary", {"StreamName": name}), ("ListStreams", {"Limit": 0}),
                              ("DeleteStream", {"StreamName": "nobody"}), ("PutRecord", {"StreamName": name}), ("NoSuchOperation", {})]:
        one = told(ask(server, operation, fields, "-i", version="--http1.1"))
        two = told(ask(server, operation, fields, "-i"))
        assert one == two, operation


def signed(server, operation, fields):
    """Headers and body as botocore makes them."""
    body = json.dumps(fields).encode()
    request = AWSRequest("POST", f"http://{server.kinesis_at}/", data=body, headers={
        "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
    SigV4Auth(Credentials("test", "test"), "kinesis", "us-east-1").add_auth(request)
    return dict(request.headers), body


def test_many_requests_share_a_connection_and_all_are_answered(server, name):
    ask(server, "CreateStream", {"StreamName": name, "ShardCount": 1})
    count = 200

    async def put_all():
        async with httpx.AsyncClient(http1=False, http2=True, limits=httpx.Limits(max_connections=1), timeout=30) as client:
            async def put(n):
                headers, body = signed(server, "PutRecord", {"StreamName": name, "PartitionKey": "k", "Data": base64.b64encode(b"%d" % n).decode()})
                return await client.post(f"http://{server.kinesis_at}/", headers=headers, content=body)
            return await asyncio.gather(*map(put, range(count)))

    answers = asyncio.run(put_all())
    assert {(answer.status_code, answer.http_version) for answer in answers} == {(200, "HTTP/2")}
    assert sorted(int(record["Data"]) for record in read_shard(server.kinesis(), name)) == list(range(count))


def test_a_large_answer_comes_whole(server, name):
    ask(server, "CreateStream", {"StreamName": name, "ShardCount": 1})
    kinesis = server.kinesis(retries=5)
    records = [{"PartitionKey": "k", "Data": bytes([65 + n]) * 100_000} for n in range(9)]
    assert kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0
    got = json.loads(ask(server, "GetRecords", {"ShardIterator": iterator(kinesis, name)}))
    assert [base64.b64decode(record["Data"]) for record in got["Records"]] == [record["Data"] for record in records]
