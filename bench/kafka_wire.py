"""The few Kafka frames that bench scripts send themselves, in plain sockets: made once, so that a script on the same cores costs little."""
import socket
import struct

TABLE = []
for byte in range(256):
    value = byte
    for _ in range(8):
        value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    TABLE.append(value)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def varint(n):
    n, out = n << 1, bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def batch(value, ms):
    """A RecordBatch v2 with one record."""
    record = b"\0\0\0\x01" + varint(len(value)) + value + b"\0"
    record = varint(len(record)) + record
    rest = struct.pack(">hiqqqhii", 0, 0, ms, ms, -1, -1, -1, 1) + record
    return struct.pack(">qiibI", 0, 4 + 1 + 4 + len(rest), 0, 2, crc32c(rest)) + rest


def text(s):
    return struct.pack(">h", len(s)) + s.encode()


class Wire:
    """One connection. Requests are answered in order."""

    def __init__(self, address, receive_buffer=None):
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent = 0

    def send(self, key, version, *body):
        size = sum(map(len, body))
        self.sent += 1
        head = struct.pack(">ihhih", 10 + size, key, version, self.sent, -1)
        self.sendall([head, *body])

    def sendall(self, pieces):
        for piece in (b"".join(pieces),) if sum(map(len, pieces)) < 65536 else pieces:
            self.socket.sendall(piece)

    def receive(self):
        return memoryview(self.read(struct.unpack(">i", self.read(4))[0]))[4:]

    def read(self, size):
        out = bytearray(size)
        view, at = memoryview(out), 0
        while at < size:
            n = self.socket.recv_into(view[at:])
            if n == 0:
                raise ConnectionError("the server closed the connection")
            at += n
        return out

    def ask(self, key, version, *body):
        self.send(key, version, *body)
        return self.receive()

    def create_topic(self, name, partitions, configs=()):
        pairs = b"".join(text(k) + text(v) for k, v in configs)
        answer = self.ask(19, 2, struct.pack(">i", 1), text(name), struct.pack(">ihii", partitions, 1, 0, len(configs)), pairs,
                          struct.pack(">i?", 30000, False))
        return struct.unpack_from(">h", answer, 8 + 2 + len(name))[0]

    def delete_topic(self, name):
        answer = self.ask(20, 1, struct.pack(">i", 1), text(name), struct.pack(">i", 30000))
        return struct.unpack_from(">h", answer, 8 + 2 + len(name))[0]

    def send_produce(self, topic, partition, records):
        self.send(0, 3, struct.pack(">hhii", -1, -1, 30000, 1), text(topic), struct.pack(">iii", 1, partition, len(records)), records)

    def receive_produce(self, topic):
        """Error code and base offset."""
        answer = self.receive()
        return struct.unpack_from(">hq", answer, 4 + 2 + len(topic) + 4 + 4)

    def send_fetch(self, topic, partition, offset, most, wait_ms=200):
        self.send(1, 4, struct.pack(">iiiibi", -1, wait_ms, 1, most, 0, 1), text(topic), struct.pack(">iiqi", 1, partition, offset, most))

    def receive_fetch(self, topic):
        """Error code, bytes of records, and the offset to go on from (or None)."""
        answer = self.receive()
        at = 4 + 4 + 2 + len(topic) + 4 + 4
        error, _, _, aborted = struct.unpack_from(">hqqi", answer, at)
        at += 22 + max(0, aborted) * 16
        size = struct.unpack_from(">i", answer, at)[0]
        at, end, next_offset = at + 4, at + 4 + max(0, size), None
        while at + 61 <= end:
            base, length = struct.unpack_from(">qi", answer, at)
            if at + 12 + length > end:
                break
            next_offset = base + 1 + struct.unpack_from(">i", answer, at + 23)[0]
            at += 12 + length
        return error, max(0, size), next_offset

    def offset(self, topic, partition, when):
        """when: -2 the first kept, -1 the next to come."""
        answer = self.ask(2, 1, struct.pack(">ii", -1, 1), text(topic), struct.pack(">iiq", 1, partition, when))
        return struct.unpack_from(">q", answer, 4 + 2 + len(topic) + 4 + 4 + 2 + 8)[0]

    def close(self):
        self.socket.close()


def quantile(sorted_values, q):
    return sorted_values[min(len(sorted_values) - 1, int(q * len(sorted_values)))] if sorted_values else 0.0
