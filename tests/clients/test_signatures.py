"""Verified signatures (--kinesis-auth verify) with the signers of real clients: botocore by header and by query, over JSON and CBOR, and curl.
And GetCallerIdentity of STS.
"""
import base64
import hashlib
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone

import boto3
import cbor2
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from conftest import PROGRAM, ROOT, Server, read_shard
from test_http2 import curl

KEY, SECRET, TOKEN = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2lu//Z2lu+/=="
MISMATCH = ("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing "
            "method. Consult the service documentation for details.")


@pytest.fixture(scope="module")
def verified():
    one = Server(None, "--kinesis-auth", "verify", "--kinesis-key", f"{KEY}:{SECRET}", "--kinesis-key", f"AKIDTEMPORARY:{SECRET}:{TOKEN}",
                 "--kinesis-limits", "none")
    yield one
    one.stop()


def client(server, service="kinesis", key=KEY, secret=SECRET, token=None, region="eu-west-1", scheme="http", **more):
    return boto3.client(service, endpoint_url=f"{scheme}://{server.kinesis_at}", region_name=region, aws_access_key_id=key,
                        aws_secret_access_key=secret, aws_session_token=token, config=Config(retries={"total_max_attempts": 1}), **more)


def refusal(call, **arguments):
    with pytest.raises(ClientError) as told:
        call(**arguments)
    error = told.value.response["Error"]
    return error["Code"], error["Message"]


def send(server, operation, body, kind="json", query=None, at=None, key=KEY, secret=SECRET, content=None):
    """A request that botocore signs, by header or (with `query` seconds) by query; `at`: signed at another moment; `content`: what is
    sent in place of what was signed. Status and fields."""
    data = json.dumps(body).encode() if kind == "json" else cbor2.dumps(body)
    request = AWSRequest("POST", f"http://{server.kinesis_at}/", data=b"" if query else data, headers={
        "Content-Type": f"application/x-amz-{kind}-1.1", "X-Amz-Target": f"Kinesis_20131202.{operation}"})
    keys = Credentials(key, secret)
    auth = SigV4QueryAuth(keys, "kinesis", "eu-west-1", query) if query else SigV4Auth(keys, "kinesis", "eu-west-1")
    auth.payload = lambda _: hashlib.sha256(data).hexdigest()
    request.context["timestamp"] = (at or datetime.now(timezone.utc)).strftime("%Y%m%dT%H%M%SZ")
    auth._modify_request_before_signing(request)
    canonical = auth.canonical_request(request)
    auth._inject_signature_to_request(request, auth.signature(auth.string_to_sign(request, canonical), request))
    sent = urllib.request.Request(request.url, data if content is None else content, dict(request.headers.items()), method="POST")
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            status, raw = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, raw = error.code, error.read()
    return status, (json.loads(raw) if kind == "json" else cbor2.loads(raw)) if raw else {}


def test_boto3_with_the_right_key_works_as_ever_and_with_another_is_refused_as_by_aws(verified, name):
    kinesis = client(verified)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.put_record(StreamName=name, Data=b"signed", PartitionKey="k")
    assert [record["Data"] for record in read_shard(kinesis, name)] == [b"signed"]
    assert refusal(client(verified, secret="another").list_streams) == ("InvalidSignatureException", MISMATCH)
    unknown = ("UnrecognizedClientException", "The security token included in the request is invalid.")
    assert refusal(client(verified, key="AKIDNOBODY").list_streams) == unknown
    assert refusal(client(verified, token="any").list_streams) == unknown
    assert refusal(client(verified, key="AKIDTEMPORARY").list_streams) == unknown
    assert refusal(client(verified, key="AKIDTEMPORARY", token=TOKEN + "x").list_streams) == unknown
    assert name in client(verified, key="AKIDTEMPORARY", token=TOKEN).list_streams()["StreamNames"]


def test_a_large_body_is_verified_too(verified, name):
    kinesis = client(verified)
    kinesis.create_stream(StreamName=name, ShardCount=4)
    kinesis.update_max_record_size(StreamARN=kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"],
                                   MaxRecordSizeInKiB=10240)
    data = bytes(9 << 20)
    kinesis.put_record(StreamName=name, Data=data, PartitionKey="k")
    body = {"StreamName": name, "PartitionKey": "k", "Data": base64.b64encode(data).decode()}
    changed = json.dumps({**body, "Data": "B" + body["Data"][1:]}).encode()
    assert send(verified, "PutRecord", body, content=changed) == (400, {"__type": "InvalidSignatureException", "message": MISMATCH})


@pytest.mark.parametrize("kind", ["json", "cbor"])
@pytest.mark.parametrize("query", [None, 60])
def test_signatures_by_header_and_by_query_are_verified_in_json_and_cbor(verified, kind, query):
    assert send(verified, "DescribeLimits", {"Limit": 1}, kind, query)[0] == 200
    wrong = (400, {"__type": "InvalidSignatureException", "message": MISMATCH})
    assert send(verified, "DescribeLimits", {}, kind, query, secret="another") == wrong
    other = b'{"Limit": 2}' if kind == "json" else cbor2.dumps({"Limit": 2})
    assert send(verified, "DescribeLimits", {"Limit": 1}, kind, query, content=other) == wrong
    told = send(verified, "DescribeLimits", {}, kind, query, key="AKIDNOBODY")
    assert told == (400, {"__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid."})
    status, late = send(verified, "DescribeLimits", {}, kind, query, at=datetime.now(timezone.utc) - timedelta(minutes=10))
    assert (status, late["__type"]) == (400, "InvalidSignatureException")
    assert late["message"].startswith("Signature expired: ")
    assert send(verified, "DescribeLimits", {}, kind, query, at=datetime.now(timezone.utc) + timedelta(minutes=10))[1]["message"].startswith(
        "Signature not yet current: ")


def test_dates_are_told_as_in_the_recorded_cases(verified):
    cases = {case["id"]: case["expect"] for case in json.loads((ROOT / "tests/wire/kinesis-cases.json").read_text())["cases"]}
    for name, minutes in (("auth-expired", -10), ("auth-future", 10)):
        status, told = send(verified, "ListStreams", {}, at=datetime.now(timezone.utc) + timedelta(minutes=minutes))
        assert (status, told["__type"]) == (cases[name]["status"], cases[name]["type"])
        assert re.search(cases[name]["message_regex"], told["message"])


def test_curls_signatures_are_verified_over_both_versions_of_http(verified):
    for version in ("--http1.1", "--http2-prior-knowledge"):
        def ask(secret):
            return json.loads(curl(version, "--aws-sigv4", "aws:amz:us-east-1:kinesis", "--user", f"{KEY}:{secret}", "-H",
                                   "Content-Type: application/x-amz-json-1.1", "-H", "X-Amz-Target: Kinesis_20131202.ListStreams",
                                   "-d", "{}", f"http://{verified.kinesis_at}/"))
        assert "StreamNames" in ask(SECRET)
        assert ask("another") == {"__type": "InvalidSignatureException", "message": MISMATCH}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_boto3_over_tls_is_verified(verified):
    assert "StreamNames" in client(verified, scheme="https", verify=False).list_streams()
    assert refusal(client(verified, secret="another", scheme="https", verify=False).list_streams)[0] == "InvalidSignatureException"


def test_dates_go_by_either_clock_and_by_the_virtual_one_alone_when_asked(verified):
    verified.words("clock", "advance", "25h")
    now = datetime.now(timezone.utc)
    assert send(verified, "ListStreams", {})[0] == 200
    assert send(verified, "ListStreams", {}, at=now + timedelta(hours=25))[0] == 200
    assert send(verified, "ListStreams", {}, at=now + timedelta(hours=12))[0] == 400
    one = Server(None, "--kinesis-auth", "verify", "--kinesis-key", f"{KEY}:{SECRET}", "--kinesis-auth-clock", "virtual")
    try:
        assert send(one, "ListStreams", {})[0] == 200
        assert send(one, "ListStreams", {}, query=3600)[0] == 200
        one.words("clock", "advance", "10m")
        assert send(one, "ListStreams", {})[1]["message"].startswith("Signature expired: ")
        assert send(one, "ListStreams", {}, query=3600)[0] == 200
        assert send(one, "ListStreams", {}, at=datetime.now(timezone.utc) + timedelta(minutes=10))[0] == 200
    finally:
        one.stop()


def test_a_token_expires_when_it_was_said_to(name):
    until = (datetime.now(timezone.utc) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    one = Server(None, "--kinesis-auth", "verify", "--kinesis-key", f"{KEY}:{SECRET}:{TOKEN}:{until}", "--kinesis-auth-clock", "virtual")
    try:
        kinesis = client(one, token=TOKEN)
        kinesis.list_streams()
        one.words("clock", "advance", "59m")
        late = datetime.now(timezone.utc) + timedelta(minutes=59)
        assert refusal(kinesis.list_streams)[1].startswith("Signature expired: ")   # boto3 goes by the real clock
        one.words("clock", "advance", "2m")
        request = AWSRequest("POST", f"http://{one.kinesis_at}/", data=b"{}", headers={
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams"})
        auth = SigV4Auth(Credentials(KEY, SECRET, TOKEN), "kinesis", "eu-west-1")
        request.context["timestamp"] = late.strftime("%Y%m%dT%H%M%SZ")
        auth._modify_request_before_signing(request)
        auth._inject_signature_to_request(request, auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))
        with pytest.raises(urllib.error.HTTPError) as told:
            urllib.request.urlopen(urllib.request.Request(request.url, b"{}", dict(request.headers.items())), timeout=30)
        assert json.loads(told.value.read()) == {"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}
    finally:
        one.stop()


def test_keys_come_from_the_environment_too_and_no_secret_is_printed():
    flags = ["serve", "--ephemeral", "--kinesis", "127.0.0.1:0", "--kafka", "127.0.0.1:0", "--control", "127.0.0.1:0"]
    def run(*more, **environment):
        return subprocess.run([str(PROGRAM), *flags, *more], capture_output=True, text=True, timeout=30, env={**os.environ, **environment})
    for told in (run("--kinesis-auth", "verify", SLUICE_KINESIS_KEY="hidden-secret"),
                 run("--kinesis-auth", "verify", SLUICE_KINESIS_KEY="a:hidden-secret,a:hidden-secret"),
                 run("--kinesis-auth", "verify", SLUICE_KINESIS_KEY="a:hidden-secret:hidden-secret:yesterday"),
                 run(SLUICE_KINESIS_KEY="a:hidden-secret")):
        assert told.returncode == 2
        assert "--kinesis-key" in told.stderr
        assert "hidden-secret" not in told.stdout + told.stderr


def test_sts_tells_whose_the_key_is(server, verified):
    for one, more in ((server, {"key": "any", "secret": "any"}), (verified, {}), (verified, {"key": "AKIDTEMPORARY", "token": TOKEN})):
        told = client(one, "sts", **more).get_caller_identity()
        assert (told["Account"], told["UserId"], told["Arn"]) == ("000000000000", "000000000000", "arn:aws:iam::000000000000:root")
        assert told["ResponseMetadata"]["RequestId"] == told["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]
    url = client(verified, "sts").generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
    assert b"<Account>000000000000</Account>" in urllib.request.urlopen(url, timeout=30).read()
    assert refusal(client(verified, "sts", secret="another").get_caller_identity) == ("SignatureDoesNotMatch", MISMATCH)
    assert refusal(client(verified, "sts", key="AKIDNOBODY").get_caller_identity) == (
        "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert refusal(client(server, "sts").get_session_token) == (
        "InvalidAction", "Could not find operation GetSessionToken for version 2011-06-15")


def test_sts_tells_the_account_of_a_separate_scope():
    one = Server(None, "--kinesis-scope", "separate", "--account", "222222222222")
    try:
        assert client(one, "sts", key="111111111111").get_caller_identity()["Account"] == "111111111111"
        assert client(one, "sts").get_caller_identity()["Account"] == "222222222222"
        kinesis = client(one, key="111111111111")
        kinesis.create_stream(StreamName="s", ShardCount=1)
        assert kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"].split(":")[4] == "111111111111"
    finally:
        one.stop()
