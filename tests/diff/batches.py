"""Makes record batches byte by byte, in each codec, and with one thing wrong where it is asked for: what a Produce carries when
the speaker's own batches, which are always right, are not enough."""

import base64
import pathlib
import struct
import sys
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
from kafka_wire import crc32c  # noqa: E402

# What can be wrong with a batch: the names that `batch` takes, each with values to draw from.
faults = {
    "crc": [0, 1],
    "count": [0, -1, 1, 5, 2**31 - 1],
    "last_offset_delta": [0, -1, 7],
    "magic": [0, 1, 3, -1],
    "length": [0, -1, 13, 48, 49, 60, 4000],
    "base_offset": [1, -1, 1000],
    "leader_epoch": [0, 5, -7],
    "base_timestamp": [-1, 0, 5],
    "max_timestamp": [-1, 0, 5, 2**62],
    "sequence": [-1, 0, 3],
    "codec_bits": [1, 2, 3, 4, 5, 7],
    "attributes": [8, 16, 32, 48, 64, 128],
    "cut": [1, 10, 50, 61],
    "behind": [1, 61, "again"],
    "payload": ["", "AA==", "/////w=="],
    "headers": [-1, 1, 3],
}


def varint(number):
    rest, out = (number << 1 ^ number >> 63) & 2**64 - 1, b""
    while rest > 127:
        out, rest = out + bytes([rest & 127 | 128]), rest >> 7
    return out + bytes([rest])


def field(text):
    return varint(-1) if text is None else varint(len(text.encode())) + text.encode()


def record(place, one, base_timestamp, wrong):
    body = b"\0" + varint(one["timestamp"] - base_timestamp) + varint(place)
    body += field(one["key"]) + field(one["value"]) + varint(wrong.get("headers", 0))
    return varint(len(body)) + body


def hash32(data):
    """XXH32 of fewer than 16 bytes, which an LZ4 frame's header has."""
    mask, (p1, p2, p3, p4, p5) = 2**32 - 1, (2654435761, 2246822519, 3266489917, 668265263, 374761393)
    state, place = p5 + len(data) & mask, 0
    while place + 4 <= len(data):
        state = state + int.from_bytes(data[place : place + 4], "little") * p3 & mask
        state, place = (state << 17 & mask | state >> 15) * p4 & mask, place + 4
    for byte in data[place:]:
        state = state + byte * p5 & mask
        state = (state << 11 & mask | state >> 21) * p1 & mask
    state = (state ^ state >> 15) * p2 & mask
    state = (state ^ state >> 13) * p3 & mask
    return state ^ state >> 16


def packed(codec, data):
    """The records in a codec. But for gzip nothing becomes smaller: blocks may hold their bytes as they are."""
    if codec == 1:
        pack = zlib.compressobj(wbits=31)
        return pack.compress(data) + pack.flush()
    if codec == 2:
        size, rest = b"", len(data)
        while rest > 127:
            size, rest = size + bytes([rest & 127 | 128]), rest >> 7
        pieces = [data[at : at + 60] for at in range(0, len(data), 60)]
        return size + bytes([rest]) + b"".join(bytes([len(piece) - 1 << 2]) + piece for piece in pieces)
    if codec == 3:
        described = bytes([0x60, 0x40])
        head = b"\x04\x22\x4d\x18" + described + bytes([hash32(described) >> 8 & 255])
        blocks = [data[at : at + 65536] for at in range(0, len(data), 65536)]
        return head + b"".join(struct.pack("<I", len(block) | 1 << 31) + block for block in blocks) + bytes(4)
    if codec == 4:
        head = b"\x28\xb5\x2f\xfd\xa0" + struct.pack("<I", len(data))
        pieces = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]
        last = len(pieces) - 1
        return head + b"".join(
            (len(piece) << 3 | (place == last)).to_bytes(3, "little") + piece for place, piece in enumerate(pieces)
        )
    return data


def batch(records, codec=0, attributes=0, producer=None, wrong=None):
    """The batch as base64. `wrong` has the names of `faults`; what it says lies under the checksum, unless that is wrong."""
    wrong, producer = wrong or {}, producer or {}
    base_timestamp = records[0]["timestamp"]
    body = b"".join(record(place, one, base_timestamp, wrong) for place, one in enumerate(records))
    body = base64.b64decode(wrong["payload"]) if "payload" in wrong else packed(codec, body)
    under = struct.pack(
        ">hiqqqhii",
        attributes | wrong.get("attributes", 0) | wrong.get("codec_bits", codec),
        wrong.get("last_offset_delta", len(records) - 1),
        wrong.get("base_timestamp", base_timestamp),
        wrong.get("max_timestamp", max(one["timestamp"] for one in records)),
        producer.get("producerId", -1),
        producer.get("producerEpoch", -1),
        wrong.get("sequence", producer.get("baseSequence", -1)),
        wrong.get("count", len(records)),
    )
    under += body
    head = struct.pack(
        ">qiibI",
        wrong.get("base_offset", 0),
        wrong.get("length", 9 + len(under)),
        wrong.get("leader_epoch", -1),
        wrong.get("magic", 2),
        wrong.get("crc", crc32c(under)),
    )
    whole = head + under
    if "cut" in wrong:
        whole = whole[: -min(wrong["cut"], len(whole) - 1)]
    if "behind" in wrong:
        whole += whole if wrong["behind"] == "again" else bytes(wrong["behind"])
    return base64.b64encode(whole).decode()
