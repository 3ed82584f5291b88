"""Requests and answers that were checked against AWS (tests/wire/kinesis-cases.json), sent over the wire as they stand.

Cases about operations that are not served yet are named in LATER with the reason; everything else runs.
"""
import base64
import json
import re
import uuid
from datetime import datetime

import pytest
from conftest import ROOT, Server, iterator
from test_bad_input import post

CASES = [c for c in json.loads((ROOT / "tests/wire/kinesis-cases.json").read_text())["cases"] if c.get("target")]
LATER = {"auth-": "signatures have tests of their own: test_signatures, and the protocol room's",
         "transport-": "heads and methods are tested in the protocol room",
         "subscribe-trim-horizon": "a stream of events: has its own test in test_fan_out",
         "create-shard-limit": "account quotas (kinesis-strict)",
         "cbor-timestamp-encoding": "has its own test below", "cbor-blob": "has its own test in test_bad_input"}
RUN = [c for c in CASES if not any(c["id"].startswith(prefix) for prefix in LATER)]


@pytest.fixture(scope="module")
def slow():
    """A server whose streams stay CREATING for a while; its clock stands, so the while is as long as the test."""
    one = Server(None, "--state-delay", "30s")
    one.words("clock", "freeze")
    yield one
    one.stop()


class Setting:
    """What a case's ${…} stand for on a server, made fresh for the case."""

    def __init__(self, server, slow, case):
        setup = case.get("setup") or ""
        creating = "CREATING" in setup or "just now" in setup
        self.server = slow if creating else server
        self.kinesis = self.server.kinesis()
        self.names = {"account": "000000000000", "region": "us-east-1"}
        for name, shards in (("stream_1", 1), ("stream_3", 3)):
            if "${" + name + "}" in json.dumps(case) or name in setup:
                self.names[name] = f"{name}-{uuid.uuid4().hex[:8]}"
                self.kinesis.create_stream(StreamName=self.names[name], ShardCount=shards)
        if "stream_1" in self.names:
            self.names["stream_1_arn"] = self.kinesis.describe_stream_summary(StreamName=self.names["stream_1"])["StreamDescriptionSummary"]["StreamARN"]
        if "holding 50 tags" in setup:
            self.kinesis.add_tags_to_stream(StreamName=self.names["stream_3"], Tags={f"k{i}": "v" for i in range(50)})
        if "${on_demand}" in json.dumps(case):
            self.names["on_demand"] = f"on-demand-{uuid.uuid4().hex[:8]}"
            self.kinesis.create_stream(StreamName=self.names["on_demand"])
        self.names["new"] = f"new-{uuid.uuid4().hex[:8]}"
        if creating:
            self.kinesis.create_stream(StreamName=self.names["new"], ShardCount=3)
        if "StreamName only" in setup:
            self.kinesis.create_stream(StreamName=self.names["new"])
        if scaled := re.match(r"stream with (\d+) shards; UpdateShardCount TargetShardCount (\d+)", setup):
            self.kinesis.create_stream(StreamName=self.names["new"], ShardCount=int(scaled[1]))
            self.kinesis.update_shard_count(StreamName=self.names["new"], TargetShardCount=int(scaled[2]), ScalingType="UNIFORM_SCALING")
        stream = self.names.get("stream_1")
        if "split" in setup.lower():
            at = "2" if "key 2" in setup else str(2**127)
            stream = stream or self.make_stream()
            self.kinesis.split_shard(StreamName=stream, ShardToSplit="shardId-000000000000", NewStartingHashKey=at)
        if "consumer" in setup:
            stream = stream or self.make_stream()
            if creating:
                self.server.words("clock", "advance", "31s")
            summary = self.kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
            self.names["stream_1_arn"] = summary["StreamARN"]
            registered = self.kinesis.register_stream_consumer(StreamARN=summary["StreamARN"], ConsumerName="consumer")
            self.names["consumer_arn"] = registered["Consumer"]["ConsumerARN"]
        if "one record" in setup:
            self.kinesis.put_record(StreamName=stream, Data=b"test", PartitionKey="1")
        if "terator" in setup:
            stream = stream or self.make_stream()
            self.names["iterator"] = iterator(self.kinesis, stream, kind="LATEST" if "LATEST" in setup else "TRIM_HORIZON")
        if case["id"] == "getrecords-expired":
            self.names["iterator older than 300 s"] = self.names["iterator"]
            self.server.words("clock", "advance", "301s")

    def make_stream(self):
        name = f"s-{uuid.uuid4().hex[:8]}"
        self.kinesis.create_stream(StreamName=name, ShardCount=1)
        return name

    def fill(self, value):
        """The body of a case with names put in and <…> spelled out."""
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items()}
        if isinstance(value, list):
            return [self.fill(v) for v in value]
        if not isinstance(value, str):
            return value
        if many := re.match(r"<(\d+) x \{PartitionKey: (\w*)(?:\"\")?, Data: (.*)\}>", value):
            count, key, data = int(many[1]), many[2], many[3]
            data = base64.b64encode(bytes(1024 * 1024 - 1)).decode() if "MiB" in data else ""
            return [{"PartitionKey": key, "Data": data}] * count
        if value == "<51st tag>":
            return {"k50": "v"}
        if value == "<now + 2 s>":
            now = datetime.fromisoformat(self.server.json("clock")["now"].replace("Z", "+00:00"))
            return now.timestamp() + 2
        return re.sub(r"\$\{([^}]+)\}", lambda m: self.names[m[1]], value)

    def pattern(self, regex):
        return re.sub(r"\$\{([^}]+)\}", lambda m: re.escape(self.names[m[1]]), regex)


def look(answer, path):
    """What stands at a dotted path; [*] collects, .length counts, a missing member is KeyError."""
    for step in re.findall(r"\[\*\]|\[\d+\]|[^.\[\]]+", path):
        if step == "[*]":
            rest = path.split("[*].", 1)[1]
            return [look(item, rest) for item in answer]
        if step == "length":
            return len(answer)
        answer = answer[int(step[1:-1])] if step.startswith("[") else answer[step]
    return answer


def agrees(seen, wanted, sent):
    if isinstance(wanted, dict):
        return all(agrees(seen[k], v, sent) for k, v in wanted.items())
    if isinstance(wanted, list):
        return len(seen) == len(wanted) and all(agrees(one, other, sent) for one, other in zip(seen, wanted))
    if isinstance(wanted, str) and wanted.endswith(":<epoch seconds>"):
        return bool(re.fullmatch(re.escape(wanted.removesuffix("<epoch seconds>")) + r"\d{10}", seen))
    if not (isinstance(wanted, str) and wanted.startswith("<")):
        return seen == wanted
    if wanted.startswith("<56 digits"):
        form = re.search(r"hex (\S+)>", wanted)
        return bool(re.fullmatch(r"\d{56}", seen)) and (not form or bool(re.match(form[1], f"{int(seen):047x}")))
    if wanted.startswith("<base64, decoded prefix"):
        return base64.b64decode(seen).startswith(bytes.fromhex("0000000000000001"))
    checks = {"<bool>": lambda: isinstance(seen, bool), "<list>": lambda: isinstance(seen, list), "<string>": lambda: isinstance(seen, str),
              "<number>": lambda: isinstance(seen, (int, float)), "<integer >= 0>": lambda: isinstance(seen, int) and seen >= 0,
              "<3 or more>": lambda: seen >= 3, "<not equal to the one sent>": lambda: seen and seen not in sent}
    return checks[wanted]()


@pytest.mark.parametrize("case", RUN, ids=[c["id"] for c in RUN])
def test_a_request_is_answered_as_aws_answers_it(server, slow, case):
    setting = Setting(server, slow, case)
    body = json.dumps(setting.fill(case["body"])).encode() if "body" in case else case["raw_body"].encode()
    kind = case["headers"].get("Content-Type", "application/x-amz-json-1.1")
    if "cbor" in kind:
        import cbor2
        status, raw = post(setting.server.kinesis_at, case["target"].split(".")[1], cbor2.dumps(setting.fill(case["body"])), kind)
        answer = cbor2.loads(raw) if raw else {}
    else:
        status, raw = post(setting.server.kinesis_at, case["target"].split(".")[1], body, kind)
        answer = json.loads(raw) if raw else {}
    wanted = case["expect"]
    assert status == wanted["status"], raw[:500]
    if "type" in wanted:
        assert answer["__type"] == wanted["type"]
    message = answer.get("message", answer.get("Message", ""))
    if "message_regex" in wanted:
        assert re.search(setting.pattern(wanted["message_regex"]), message), message
    if "validation_parts" in wanted:
        assert set(message.split(" detected: ", 1)[1].split("; ")) == set(wanted["validation_parts"])
    for path, value in wanted.get("fields", {}).items():
        if path == "open_shards":
            shards = answer["StreamDescription"]["Shards"]
            assert sum("EndingSequenceNumber" not in s["SequenceNumberRange"] for s in shards) == value
            continue
        assert agrees(look(answer, path), setting.fill(value), json.dumps(setting.names)), (path, look(answer, path))
    for path in wanted.get("absent_fields", []):
        with pytest.raises(KeyError):
            look(answer, path)


def test_cbor_times_are_whole_milliseconds_under_tag_1_as_the_java_sdk_needs_them(server, name):
    import cbor2
    server.kinesis().create_stream(StreamName=name, ShardCount=1)
    status, raw = post(server.kinesis_at, "DescribeStream", cbor2.dumps({"StreamName": name}), "application/x-amz-cbor-1.1")
    at = raw.index(b"StreamCreationTimestamp") + len(b"StreamCreationTimestamp")
    assert (status, raw[at:at + 2]) == (200, b"\xc1\x1b")   # tag 1, an integer of eight bytes
    assert abs(int.from_bytes(raw[at + 2:at + 10], "big") - datetime.now().timestamp() * 1000) < 3_600_000
