"""Each constraint of the service model that botocore carries, violated once over the wire: the server's own declarations are held to it.

An operation that is not served yet answers UnknownOperationException and is left out; how many are served is looked at. A test beside the
Kinesis door does the same with the declarations of the program, on JSON and CBOR.
"""
import base64
import http.client
import json
import re

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

MODEL = ServiceModel(Loader().load_service_model("kinesis", "service-2"))
AUTH = ("AWS4-HMAC-SHA256 Credential=test/20270101/us-east-1/kinesis/aws4_request, SignedHeaders=host;x-amz-date, Signature=00")
# Patterns that the service was seen to print in another way than its model spells them.
PRINTED = {r"^(0|([1-9]\d{0,38}))$": r"0|([1-9]\d{0,38})", r"^(0|([1-9]\d{0,128}))$": r"0|([1-9]\d{0,128})"}
# Texts of which at least one satisfies each pattern of the model.
EXAMPLES = ["a", "abcdefghijklmnopqrst-uvw", "123", "arn:aws:kinesis:us-east-1:123456789012:stream/s", "arn:aws:kinesis:us-east-1:123456789012:stream/s/consumer/c:1",
            "arn:aws:kinesis:us-east-1:123456789012:queue/q", "arn:aws:kinesis:us-east-1:123456789012:channel/c", "arn:aws:iam::123456789012:role/r",
            "arn:aws:s3:::a-bucket", "arn:aws:s3:::abc", "arn:aws:s3tables:us-east-1:123456789012:bucket/abc", "arn:aws:kms:us-east-1:123456789012:key/k",
            "arn:aws:glue:us-east-1:123456789012:schema/r/s", "123456789012"]


def satisfies(pattern, text):
    return re.fullmatch(pattern.removeprefix("^").removesuffix("$"), text) is not None


def good(shape):
    """A value that satisfies every constraint of a shape; of structures all members."""
    rules = shape.metadata
    if shape.type_name == "structure":
        return {name: good(member) for name, member in shape.members.items()}
    if shape.type_name == "list":
        return [good(shape.member)] * max(1, rules.get("min", 1))
    if shape.type_name == "map":
        return {good(shape.key) + str(i): good(shape.value) for i in range(max(1, rules.get("min", 1)))}
    if shape.type_name == "string":
        if rules.get("enum"):
            return rules["enum"][0]
        least = rules.get("min", 0)
        for text in [*EXAMPLES, "a" * max(least, 1)]:
            if len(text) >= least and ("pattern" not in rules or satisfies(rules["pattern"], text)):
                return text
        raise AssertionError(f"no example of {rules['pattern']}")
    if shape.type_name == "blob":
        return base64.b64encode(b"x" * max(1, rules.get("min", 1))).decode()
    if shape.type_name in ("integer", "long"):
        return max(1, rules.get("min", 1)) if rules.get("max", 1) >= 1 else rules["max"]
    return {"boolean": True, "timestamp": 1_700_000_000}[shape.type_name]


def lengths(rules):
    return f"[Member must have length less than or equal to {rules['max']}, Member must have length greater than or equal to {rules.get('min', 0)}]"


def enum_text(values):
    return ("enum", set(values))


def violations(shape, path=""):
    """(path, value, text) of each way to break a shape; the text is a sentence, or what an enum lists."""
    rules = shape.metadata
    kind = shape.type_name
    low, high = rules.get("min"), rules.get("max")
    least, most = f"Member must have length greater than or equal to {low}", f"Member must have length less than or equal to {high}"
    if kind == "string":
        if low:
            yield path, "a" * (low - 1), least
        if high is not None:
            text = good(shape)
            yield path, text + "a" * (high + 1 - len(text)), most
        if "pattern" in rules:
            wrong = next(text for text in ("!", "-", " ", "*:") if not satisfies(rules["pattern"], text))
            yield path, wrong, "Member must satisfy regular expression pattern: " + PRINTED.get(rules["pattern"], rules["pattern"])
        if rules.get("enum"):
            yield path, "NONE_OF_THEM", enum_text(rules["enum"])
    elif kind in ("integer", "long"):
        if low is not None:
            yield path, low - 1, f"Member must have value greater than or equal to {low}"
        if high is not None:
            yield path, high + 1, f"Member must have value less than or equal to {high}"
    elif kind == "blob":
        if low:
            yield path, "", least
        if high is not None:
            yield path, base64.b64encode(bytes(high + 1)).decode(), most
    elif kind == "list":
        if low:
            yield path, [good(shape.member)] * (low - 1), least
        if high is not None:
            yield path, [good(shape.member)] * (high + 1), most
        item = shape.member
        if item.type_name == "structure":
            for inner, value, text in structure_violations(item, path + ".1.member"):
                yield inner, [value], text
        elif item.type_name == "string":
            for _, value, text in violations(item):
                if isinstance(text, tuple):
                    yield path, [value], ("item enum", text[1])
                elif "length" in text:
                    yield path, [value], "Member must satisfy constraint: " + lengths(item.metadata)
                else:
                    yield path, [value], text
    elif kind == "map":
        if low:
            yield path, {}, least
        if high is not None:
            yield path, {f"k{i}": "v" for i in range(high + 1)}, most
        for _, key, text in violations(shape.key):
            if "length" in text:
                yield path, {key: "v"}, "Map keys must satisfy constraint: " + lengths(shape.key.metadata)
        for _, value, text in violations(shape.value):
            if "length" in text:
                yield path, {"k": value}, "Map value must satisfy constraint: " + lengths(shape.value.metadata)
    elif kind == "structure":
        yield from structure_violations(shape, path)


def structure_violations(shape, path):
    """The same, with whole structures as values."""
    for name in shape.required_members:
        yield joined(path, name), {k: v for k, v in good(shape).items() if k != name}, "Member must not be null"
    for name, member in shape.members.items():
        for inner, value, text in violations(member, joined(path, name)):
            yield inner, {**good(shape), name: value}, text


def joined(path, name):
    return (path + "." if path else "") + name[0].lower() + name[1:]


class Wire:
    def __init__(self, server):
        self.at = http.client.HTTPConnection(*server.kinesis_at.rsplit(":", 1), timeout=30)

    def send(self, operation, body):
        self.at.request("POST", "/", json.dumps(body), {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Date": "20270101T000000Z",
                                                         "X-Amz-Target": f"Kinesis_20131202.{operation}", "Authorization": AUTH})
        answer = self.at.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw else {}


@pytest.fixture(scope="module")
def wire(server):
    return Wire(server)


def is_served(wire, operation):
    return wire.send(operation, {"StreamName": 1, "ResourceARN": 1})[1].get("__type") != "UnknownOperationException"


def test_most_operations_of_the_model_are_served(wire):
    served = [name for name in MODEL.operation_names if is_served(wire, name)]
    assert len(served) >= 39, sorted(set(MODEL.operation_names) - set(served))


def says(message, path, text):
    """Whether one of the message's parts is about that member and says that."""
    parts = re.split(r"; (?=Value )", message.split(" detected: ", 1)[1])
    about = [part for part in parts if f" at '{path}' failed to satisfy constraint: " in part]
    assert len(about) == len(parts), f"others are told, too: {message[:500]}"
    for part in about:
        told = part.split(" failed to satisfy constraint: ", 1)[1]
        if isinstance(text, tuple):
            listed = re.search(r"Member must satisfy enum value set: \[([^\]]*)\]", told)
            whole = told.startswith("Member must satisfy constraint: [Member must satisfy enum") == (text[0] == "item enum")
            if listed and whole and set(listed[1].split(", ")) == text[1]:
                return True
        elif told == text:
            return True
    return False


@pytest.mark.parametrize("name", sorted(MODEL.operation_names))
def test_each_constraint_of_the_model_is_held_and_told(wire, name):
    if not is_served(wire, name):
        pytest.skip("not served yet")
    shape = MODEL.operation_model(name).input_shape
    found = list(structure_violations(shape, "")) if shape else []
    assert found or not shape or not shape.members
    for path, body, text in found:
        status, told = wire.send(name, body)
        assert (status, told.get("__type")) == (400, "ValidationException"), (path, text, str(told)[:500])
        assert says(told["message"], path, text), (path, text, told["message"][:500])
