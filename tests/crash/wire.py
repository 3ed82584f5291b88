"""The few frames of both protocols that the crash test sends by itself, pipelined and counted, on plain sockets: it has to know
how many requests were sent and not yet answered at the moment of a kill, which client libraries do not tell."""
import base64
import json
import re
import socket
import struct
import zlib

CRC_TABLE = []
for _byte in range(256):
    _crc = _byte
    for _ in range(8):
        _crc = (_crc >> 1) ^ (0x82F63B78 if _crc & 1 else 0)
    CRC_TABLE.append(_crc)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def varint(value):
    value = (value << 1) ^ (value >> 63)
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def record_batch(values, timestamp, producer=-1, epoch=-1, sequence=-1, summed=crc32c):
    records = b""
    for i, value in enumerate(values):
        body = b"\0" + varint(0) + varint(i) + varint(1) + b"k" + varint(len(value)) + value + varint(0)
        records += varint(len(body)) + body
    checked = struct.pack(">hiqqqhii", 0, len(values) - 1, timestamp, timestamp, producer, epoch, sequence, len(values)) + records
    return struct.pack(">qiib", 0, 4 + 1 + 4 + len(checked), -1, 2) + struct.pack(">I", summed(checked)) + checked


def text(value):
    return struct.pack(">h", -1) if value is None else struct.pack(">h", len(value)) + value.encode()


class Pipe:
    """One connection with several requests under way; answers come in order."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError("closed")
        self.got += data

    def close(self):
        self.socket.close()


class KafkaPipe(Pipe):
    correlation = 0

    def frame(self, key, version, body):
        self.correlation += 1
        whole = struct.pack(">hhi", key, version, self.correlation) + text("crash") + body
        self.send(struct.pack(">i", len(whole)) + whole)

    def answer(self):
        while True:
            if len(self.got) >= 4:
                size = struct.unpack(">i", self.got[:4])[0]
                if len(self.got) >= 4 + size:
                    body, self.got = self.got[8:4 + size], self.got[4 + size:]
                    return body
            self.more()

    def producer_id(self):
        self.frame(22, 0, text(None) + struct.pack(">i", 1000))
        _, code, producer, epoch = struct.unpack(">ihqh", self.answer())
        assert code == 0, code
        return producer, epoch

    def produce(self, topic, partition, batch):
        self.frame(0, 3, text(None) + struct.pack(">hii", -1, 10000, 1) + text(topic) +
                   struct.pack(">iii", 1, partition, len(batch)) + batch)

    def produced(self):
        """(error code, base offset) of the oldest request that is under way."""
        body = self.answer()
        name = struct.unpack(">h", body[4:6])[0]
        at = 6 + name + 4 + 4
        return struct.unpack(">hq", body[at:at + 10])

    def commit_offset(self, group, topic, partition, offset):
        self.frame(8, 2, text(group) + struct.pack(">i", -1) + text("") + struct.pack(">qi", -1, 1) + text(topic) +
                   struct.pack(">iiq", 1, partition, offset) + text(""))

    def offset_committed(self):
        return struct.unpack(">h", self.answer()[-2:])[0]

    def committed_offset(self, group, topic, partition):
        self.frame(9, 1, text(group) + struct.pack(">i", 1) + text(topic) + struct.pack(">ii", 1, partition))
        body = self.answer()
        at = 4 + 2 + len(topic) + 4 + 4
        return struct.unpack(">q", body[at:at + 8])[0]

    def consumer_group(self, group):
        """Epochs, members and assignments of a group of KIP-848, as bytes to compare."""
        self.frame(69, 0, b"\0\2" + bytes([len(group) + 1]) + group.encode() + b"\0\0")
        told = self.answer()[6:]   # behind tags, throttle time and the count of groups
        assert told[:2] == b"\0\0", f"{group} is described with {told[:2].hex()}"
        return told


class KinesisPipe(Pipe):
    def post(self, path, body):
        """To the control plane, on the same port."""
        data = json.dumps(body).encode()
        self.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)

    def request(self, operation, body):
        data = json.dumps(body).encode()
        self.send((f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
                   f"X-Amz-Target: Kinesis_20131202.{operation}\r\nX-Amz-Date: 20260101T000000Z\r\n"
                   f"Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/kinesis/aws4_request, "
                   f"SignedHeaders=host, Signature=0\r\nContent-Length: {len(data)}\r\n\r\n").encode() + data)

    def answer(self):
        while True:
            end = self.got.find(b"\r\n\r\n")
            if end >= 0:
                head = self.got[:end].decode()
                size = int(re.search(r"content-length: *(\d+)", head, re.I).group(1))
                if len(self.got) >= end + 4 + size:
                    body, self.got = self.got[end + 4:end + 4 + size], self.got[end + 4 + size:]
                    return int(head.split(" ", 2)[1]), json.loads(body) if body else {}
            self.more()

    def ask(self, operation, **body):
        self.request(operation, body)
        status, answer = self.answer()
        assert status == 200, (operation, status, answer)
        return answer

    def put_records(self, stream, values):
        self.request("PutRecords", {"StreamName": stream, "Records": [
            {"Data": base64.b64encode(v).decode(), "PartitionKey": v.decode().rstrip(".")} for v in values]})

    def read_shard(self, stream, shard):
        """[(offset, value)] of a whole shard."""
        token = self.ask("GetShardIterator", StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
        found = []
        while True:
            answer = self.ask("GetRecords", ShardIterator=token)
            found += [(offset_of(r["SequenceNumber"]), base64.b64decode(r["Data"])) for r in answer["Records"]]
            token = answer.get("NextShardIterator")
            if not token or not answer["MillisBehindLatest"]:
                return found


class Subscription(KinesisPipe):
    """SubscribeToShard over HTTP/1.1: an answer in chunks, which together are messages of an event stream."""

    def subscribe(self, consumer, shard, position):
        self.socket.settimeout(30)   # an event comes every 5 seconds
        self.request("SubscribeToShard", {"ConsumerARN": consumer, "ShardId": shard, "StartingPosition": position})
        while b"\r\n\r\n" not in self.got:
            self.more()
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        assert b" 200 " in head and b"chunked" in head.lower(), (head, self.got)
        self.whole = b""
        assert self.message()[0][":event-type"] == "initial-response"

    def event(self):
        headers, payload = self.message()
        assert headers.get(":event-type") == "SubscribeToShardEvent", (headers, payload)
        return json.loads(payload)

    def message(self):
        while True:
            read = read_message(self.whole)
            if read:
                size, headers, payload = read
                self.whole = self.whole[size:]
                return headers, payload
            self.whole += self.chunk()

    def chunk(self):
        while (end := self.got.find(b"\r\n")) < 0 or len(self.got) < end + 4 + int(self.got[:end], 16):
            self.more()
        size = int(self.got[:end], 16)
        data, self.got = self.got[end + 2:end + 2 + size], self.got[end + 4 + size:]
        if not data:
            raise ConnectionError("the subscription has ended")
        return data


def read_message(data):
    """(size, headers, payload) of the event stream's first message, or nothing when it is not whole. All headers are texts."""
    if len(data) < 16:
        return None
    size, of_headers, crc = struct.unpack(">III", data[:12])
    assert zlib.crc32(data[:8]) == crc, f"a message begins with {data[:12].hex()}"
    if len(data) < size:
        return None
    assert zlib.crc32(data[:size - 4]) == struct.unpack(">I", data[size - 4:size])[0], "a message has a wrong sum"
    headers, at = {}, 12
    while at < 12 + of_headers:
        name = data[at + 1:at + 1 + data[at]].decode()
        at += 1 + data[at]
        kind, length = struct.unpack(">BH", data[at:at + 3])
        assert kind == 7, f"header {name} is of kind {kind}"
        headers[name] = data[at + 3:at + 3 + length].decode()
        at += 3 + length
    return size, headers, data[12 + of_headers:size - 4]


def offset_of(number):
    """The Kafka offset in a 56-digit sequence number: its index (hex digits 11 to 26) minus one."""
    digits = f"{int(number):047x}"
    return int(digits[11:27], 16) - 1
