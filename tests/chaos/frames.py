"""Kafka's messages as tables, written by hand and apart from the server's own, so that every answer is read strictly: each byte
belongs to a field, and none is left over. A field is (name, type, first version, last version); a list is its fields in [].
"""
import struct
from typing import NamedTuple

NUMBERS = {"bool": ">?", "i8": ">b", "i16": ">h", "i32": ">i", "i64": ">q"}
EMPTY = {"str": "", "bytes": b"", "uuid": bytes(16)}


class Api(NamedTuple):
    key: int
    flexible: int     # from this version on: compact lengths, and tags at the end of each struct
    versions: tuple   # those that are drawn
    request: tuple
    answer: tuple


def unsigned(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def write(fields, values, version, flexible):
    out = []
    for name, kind, first, last in map(whole, fields):
        if first <= version <= last:
            out.append(write_one(kind, values.get(name, missing(kind)), version, flexible))
    return b"".join(out) + (b"\0" if flexible else b"")


def missing(kind):
    return [] if isinstance(kind, list) else EMPTY.get(kind, 0)


def whole(field):
    name, kind, first, last = (*field, *(0, 99)[len(field) - 2:])
    return name, kind, first, last


def length(size, small, flexible):
    """Of a text, bytes or list; -1 is none."""
    if flexible:
        return unsigned(size + 1)
    return struct.pack(">h" if small else ">i", size)


def write_one(kind, value, version, flexible):
    if isinstance(kind, list):
        inner = [write_one(kind[0], v, version, flexible) if isinstance(kind[0], str) else write(kind, v, version, flexible)
                 for v in value or []]
        return length(-1 if value is None else len(value), False, flexible) + b"".join(inner)
    if kind in NUMBERS:
        return struct.pack(NUMBERS[kind], value)
    if kind == "uuid":
        return value
    data = value.encode() if isinstance(value, str) else value
    return length(-1 if data is None else len(data), kind == "str", flexible) + (data or b"")


class Reading:
    """Raises ValueError or struct.error for bytes that are no such message."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if size < 0 or self.at + size > len(self.data):
            raise ValueError(f"{size} bytes wanted at {self.at} of {len(self.data)}")
        self.at += size
        return self.data[self.at - size:self.at]

    def number(self, shape):
        return struct.unpack(shape, self.take(struct.calcsize(shape)))[0]

    def unsigned(self):
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        value = self.unsigned()
        return (value >> 1) ^ -(value & 1)

    def length(self, small, flexible):
        return self.unsigned() - 1 if flexible else self.number(">h" if small else ">i")

    def tags(self):
        for _ in range(self.unsigned()):
            self.unsigned()
            self.take(self.unsigned())

    def fields(self, fields, version, flexible):
        out = {name: self.one(kind, version, flexible) for name, kind, first, last in map(whole, fields) if first <= version <= last}
        if flexible:
            self.tags()
        return out

    def one(self, kind, version, flexible):
        if isinstance(kind, list):
            count = self.length(False, flexible)
            return None if count < 0 else [self.one(kind[0], version, flexible) if isinstance(kind[0], str) else
                                           self.fields(kind, version, flexible) for _ in range(count)]
        if kind in NUMBERS:
            return self.number(NUMBERS[kind])
        if kind == "uuid":
            return self.take(16)
        size = self.length(kind == "str", flexible)
        data = None if size < 0 else self.take(size)
        return data.decode() if kind == "str" and data is not None else data


def request(name, version, correlation, values):
    """A whole frame, its length in front."""
    api = APIS[name]
    flexible = version >= api.flexible
    head = struct.pack(">hhih", api.key, version, correlation, 5) + b"chaos" + (b"\0" if flexible else b"")
    body = write(api.request, values, version, flexible)
    return struct.pack(">i", len(head) + len(body)) + head + body


def answer(name, version, data):
    """(correlation id, fields) of a frame without its length."""
    api = APIS[name]
    flexible = version >= api.flexible
    reading = Reading(data)
    correlation = reading.number(">i")
    if flexible and name != "ApiVersions":
        reading.tags()
    fields = reading.fields(api.answer, version, flexible)
    if reading.at != len(data):
        raise ValueError(f"{len(data) - reading.at} bytes left over")
    return correlation, fields


CODE = ("code", "i16")
THROTTLE = ("throttle", "i32")
TEXT = ("text", "str")
APIS = {
    "Produce": Api(0, 9, (3, 7, 9), (
        ("transaction", "str", 3), ("acks", "i16"), ("timeout", "i32"),
        ("topics", [("name", "str"), ("partitions", [("index", "i32"), ("records", "bytes")])])), (
        ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), CODE, ("base", "i64"), ("time", "i64", 2), ("start", "i64", 5),
            ("errors", [("index", "i32"), TEXT], 8), ("text", "str", 8)])]), THROTTLE)),
    "Fetch": Api(1, 12, (4, 7, 11, 12), (
        ("replica", "i32"), ("wait", "i32"), ("least", "i32"), ("most", "i32", 3), ("isolation", "i8", 4), ("session", "i32", 7),
        ("epoch", "i32", 7), ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), ("leader_epoch", "i32", 9), ("offset", "i64"), ("last_epoch", "i32", 12), ("start", "i64", 5),
            ("most", "i32")])]),
        ("forgotten", [("name", "str"), ("partitions", ["i32"])], 7), ("rack", "str", 11)), (
        THROTTLE, ("code", "i16", 7), ("session", "i32", 7), ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), CODE, ("end", "i64"), ("stable", "i64", 4), ("start", "i64", 5),
            ("aborted", [("producer", "i64"), ("first", "i64")], 4), ("replica", "i32", 11), ("records", "bytes")])]))),
    "ListOffsets": Api(2, 6, (1, 3, 5, 6), (
        ("replica", "i32"), ("isolation", "i8", 2), ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), ("leader_epoch", "i32", 4), ("time", "i64")])])), (
        ("throttle", "i32", 2), ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), CODE, ("time", "i64"), ("offset", "i64"), ("leader_epoch", "i32", 4)])]))),
    "Metadata": Api(3, 9, (4, 7, 8, 9), (
        ("topics", [("name", "str")]), ("create", "bool", 4), ("cluster_rights", "bool", 8, 10), ("topic_rights", "bool", 8)), (
        ("throttle", "i32", 3), ("brokers", [("id", "i32"), ("host", "str"), ("port", "i32"), ("rack", "str", 1)]), ("cluster", "str", 2),
        ("controller", "i32", 1), ("topics", [CODE, ("name", "str"), ("internal", "bool", 1), ("partitions", [
            CODE, ("index", "i32"), ("leader", "i32"), ("leader_epoch", "i32", 7), ("replicas", ["i32"]), ("in_sync", ["i32"]),
            ("offline", ["i32"], 5)]), ("rights", "i32", 8)]), ("rights", "i32", 8, 10))),
    "OffsetCommit": Api(8, 8, (2, 5, 7, 8), (
        ("group", "str"), ("generation", "i32", 1), ("member", "str", 1), ("instance", "str", 7), ("kept", "i64", 2, 4),
        ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), ("offset", "i64"), ("leader_epoch", "i32", 6), ("metadata", "str")])])), (
        ("throttle", "i32", 3), ("topics", [("name", "str"), ("partitions", [("index", "i32"), CODE])]))),
    "OffsetFetch": Api(9, 6, (1, 3, 5, 7), (
        ("group", "str"), ("topics", [("name", "str"), ("partitions", ["i32"])]), ("stable", "bool", 7)), (
        ("throttle", "i32", 3), ("topics", [("name", "str"), ("partitions", [
            ("index", "i32"), ("offset", "i64"), ("leader_epoch", "i32", 5), ("metadata", "str"), CODE])]), ("code", "i16", 2))),
    "FindCoordinator": Api(10, 3, (0, 2, 3), (("key", "str"), ("kind", "i8", 1)), (
        ("throttle", "i32", 1), CODE, ("text", "str", 1), ("node", "i32"), ("host", "str"), ("port", "i32"))),
    "JoinGroup": Api(11, 6, (2, 4, 5, 7, 9), (
        ("group", "str"), ("session", "i32"), ("rebalance", "i32", 1), ("member", "str"), ("instance", "str", 5), ("type", "str"),
        ("protocols", [("name", "str"), ("metadata", "bytes")]), ("reason", "str", 8)), (
        ("throttle", "i32", 2), CODE, ("generation", "i32"), ("type", "str", 7), ("protocol", "str"), ("leader", "str"),
        ("skip", "bool", 9), ("member", "str"), ("members", [("member", "str"), ("instance", "str", 5), ("metadata", "bytes")]))),
    "Heartbeat": Api(12, 4, (0, 3, 4), (("group", "str"), ("generation", "i32"), ("member", "str"), ("instance", "str", 3)),
                     (("throttle", "i32", 1), CODE)),
    "LeaveGroup": Api(13, 4, (1, 3, 5), (
        ("group", "str"), ("member", "str", 0, 2), ("members", [("member", "str"), ("instance", "str"), ("reason", "str", 5)], 3)), (
        ("throttle", "i32", 1), CODE, ("members", [("member", "str"), ("instance", "str"), CODE], 3))),
    "SyncGroup": Api(14, 4, (1, 3, 5), (
        ("group", "str"), ("generation", "i32"), ("member", "str"), ("instance", "str", 3), ("type", "str", 5), ("protocol", "str", 5),
        ("assignments", [("member", "str"), ("assignment", "bytes")])), (
        ("throttle", "i32", 1), CODE, ("type", "str", 5), ("protocol", "str", 5), ("assignment", "bytes"))),
    "DescribeGroups": Api(15, 5, (0, 4, 5), (("groups", ["str"]), ("rights", "bool", 3)), (
        ("throttle", "i32", 1), ("groups", [CODE, ("group", "str"), ("state", "str"), ("type", "str"), ("protocol", "str"), ("members", [
            ("member", "str"), ("instance", "str", 4), ("client", "str"), ("host", "str"), ("metadata", "bytes"), ("assignment", "bytes")]),
            ("rights", "i32", 3)]))),
    "ListGroups": Api(16, 3, (0, 2, 4), (("states", ["str"], 4),), (
        ("throttle", "i32", 1), CODE, ("groups", [("group", "str"), ("type", "str"), ("state", "str", 4)]))),
    "ApiVersions": Api(18, 3, (0, 2, 3), (("software", "str", 3), ("software_version", "str", 3)), (
        CODE, ("apis", [("key", "i16"), ("min", "i16"), ("max", "i16")]), ("throttle", "i32", 1))),
    "CreateTopics": Api(19, 5, (2, 4, 5, 6), (
        ("topics", [("name", "str"), ("partitions", "i32"), ("replicas", "i16"), ("assignments", [("index", "i32"), ("brokers", ["i32"])]),
                    ("configs", [("name", "str"), ("value", "str")])]), ("timeout", "i32"), ("only_check", "bool")), (
        THROTTLE, ("topics", [("name", "str"), CODE, TEXT, ("partitions", "i32", 5), ("replicas", "i16", 5), ("configs", [
            ("name", "str"), ("value", "str"), ("read_only", "bool"), ("source", "i8"), ("sensitive", "bool")], 5)]))),
    "DeleteTopics": Api(20, 4, (1, 3, 5), (("names", ["str"]), ("timeout", "i32")), (
        THROTTLE, ("topics", [("name", "str"), CODE, ("text", "str", 5)]))),
    "InitProducerId": Api(22, 2, (0, 1, 4), (
        ("transaction", "str"), ("timeout", "i32"), ("producer", "i64", 3), ("epoch", "i16", 3)), (
        THROTTLE, CODE, ("producer", "i64"), ("epoch", "i16"))),
    "CreatePartitions": Api(37, 2, (0, 1, 3), (
        ("topics", [("name", "str"), ("count", "i32"), ("assignments", [("brokers", ["i32"])])]), ("timeout", "i32"),
        ("only_check", "bool")), (
        THROTTLE, ("topics", [("name", "str"), CODE, TEXT]))),
    "DeleteGroups": Api(42, 2, (0, 1, 2), (("groups", ["str"]),), (THROTTLE, ("groups", [("group", "str"), CODE]))),
}
