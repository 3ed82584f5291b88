"""The compatibility page names exactly what the server answers."""
import json
import re
import socket
import struct

from conftest import ROOT
from test_bad_input import address, post

PAGE = (ROOT / "docs/compatibility.md").read_text()


def test_the_page_lists_the_kafka_apis_and_versions_that_clients_are_told(server):
    request = struct.pack(">hhih", 18, 0, 1, -1)
    with socket.create_connection(address(server.kafka_at), timeout=5) as wire:
        wire.sendall(struct.pack(">i", len(request)) + request)
        reader = wire.makefile("rb")
        answer = reader.read(struct.unpack(">i", reader.read(4))[0])
    count = struct.unpack(">i", answer[6:10])[0]
    told = {key: (low, high) for key, low, high in struct.iter_unpack(">hhh", answer[10:10 + 6 * count])}
    told[0] = (3, told[0][1])   # the page says what the note beside it says: 0 to 2 are told and closed
    rows = re.findall(r"^\| (\d+) \| \w+ \| (\d+)–(\d+)", PAGE, re.M)
    assert {int(key): (int(low), int(high)) for key, low, high in rows} == told


def test_the_page_lists_the_kinesis_operations_that_are_served(server):
    names = (ROOT / "protocol/kinesis/operation_names.h").read_text()
    model = re.findall(r'^    "(\w+)",$', names, re.M)
    assert len(model) == 57
    served = [name for name in model if json.loads(post(server.kinesis_at, name, b"{}")[1]).get("__type") != "UnknownOperationException"]
    assert re.findall(r"^\| ([A-Z]\w+) \|$", PAGE, re.M) == served
