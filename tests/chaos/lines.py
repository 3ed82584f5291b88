"""A connection on a plain socket, and the ways in which a client ends one in the middle."""
import asyncio
import json
import re
import socket
import struct

from frames import APIS, answer, request
from promises import Wrong
from records import read_message

PATIENCE = 60   # seconds until an answer that does not come is a fault; no request is made that may wait half as long
# whole: everything is sent, and the answers are read. dribble: the same, in pieces. half_close: nothing more will be sent.
# The others end: half: within the last request; unread: after the last request; late: a moment later, when it may be parked;
# hold: within the last request, and the connection stays open until the server or the round ends.
ENDS = {"whole": 60, "dribble": 8, "half_close": 3, "half": 9, "unread": 9, "late": 9, "hold": 2}


class Gone(Exception):
    """The connection has ended, by us or, where that may be, by the server."""


class Line:
    """One connection of one actor."""

    def __init__(self, world, address):
        self.world, self.got, self.jumps = world, b"", world.jumps
        host, port = address.rsplit(":", 1)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.socket.setblocking(False)
        self.address = (host, int(port))
        world.lines.add(self)

    async def open(self):
        await self.guarded(asyncio.get_running_loop().sock_connect(self.socket, self.address), "connect")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self

    async def guarded(self, work, what):
        try:
            async with asyncio.timeout(PATIENCE):
                return await work
        except TimeoutError:
            raise Wrong(f"nothing moved for {PATIENCE} s: {what}") from None
        except OSError as error:
            self.lost(f"{what}: {error}")

    def lost(self, what):
        """The server hung up. It may when it stops, and when clients were told to be out of time; never else."""
        self.close()
        if self.world.stopping or self.world.jumps != self.jumps or self.world.jumping:
            raise Gone(what)
        raise Wrong(f"the server closed a connection: {what}")

    def close(self, reset=False):
        if self in self.world.lines:
            self.world.lines.discard(self)
            if reset:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.socket.close()

    async def send(self, data, what=""):
        await self.guarded(asyncio.get_running_loop().sock_sendall(self.socket, data), what)

    async def more(self, what):
        data = await self.guarded(asyncio.get_running_loop().sock_recv(self.socket, 1 << 20), what)
        if not data:
            self.lost(what)
        self.got += data

    async def deliver(self, requests, draw, what=""):
        """Sends the requests in one of the ways. Comes back when all are sent whole and their answers are to be read; else it
        raises Gone, whose `whole` says how many of them the server may carry out."""
        end = draw.choices(list(ENDS), list(ENDS.values()))[0]
        cut, pause, reset = draw.random(), draw.choice((0, 0.02, 0.2, 0.6)), draw.random() < 0.4
        data = b"".join(requests)
        if end in ("half", "hold"):
            last = len(data) - len(requests[-1])
            data = data[:last + 1 + int(cut * (len(requests[-1]) - 2))]
            await self.send(data, what)
            await asyncio.sleep(pause)
            if end == "hold" and len(self.world.held) < 6:
                self.world.held.append(self)
            else:
                self.close(reset)
            raise self.cut(len(requests) - 1)
        if end == "dribble":
            at = int(cut * len(data))
            for piece in (data[:at], data[at:at + 3], data[at + 3:]):
                await self.send(piece, what)
                await asyncio.sleep(min(pause, 0.05))
            return
        await self.send(data, what)
        if end == "half_close":
            self.jumps = -1   # the server may hang up as well
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError as error:
                self.lost(f"{what}: {error}")
        if end in ("unread", "late"):
            if end == "late":
                await asyncio.sleep(pause)
            self.close(reset)
            raise self.cut(len(requests))

    @staticmethod
    def cut(whole):
        gone = Gone("cut off")
        gone.whole = whole
        return gone


class KafkaLine(Line):
    correlation = 0

    def frame(self, name, version, values):
        self.correlation += 1
        return request(name, version, self.correlation, values), (self.correlation, name, version)

    async def read(self, asked):
        """The answer to what `frame` made, which is the oldest that is not answered."""
        correlation, name, version = asked
        while len(self.got) < 4 or len(self.got) < 4 + struct.unpack(">i", self.got[:4])[0]:
            await self.more(f"{name} v{version}")
        size = struct.unpack(">i", self.got[:4])[0]
        body, self.got = self.got[4:4 + size], self.got[4 + size:]
        try:
            told, fields = answer(name, version, body)
        except (ValueError, struct.error, IndexError, UnicodeDecodeError) as error:
            raise Wrong(f"{name} v{version} was answered by no {name}: {error}: {body[:200].hex()}") from error
        if told != correlation:
            raise Wrong(f"{name} v{version} number {correlation} was answered by number {told}")
        return fields

    async def ask(self, name, values, draw=None, version=None):
        """One request and its answer; with a draw it may be cut off."""
        frame, asked = self.frame(name, version if version is not None else draw.choice(APIS[name].versions), values)
        if draw:
            await self.deliver([frame], draw, name)
        else:
            await self.send(frame, name)
        return await self.read(asked)


class HttpLine(Line):
    def body(self, target, values):
        data = json.dumps(values).encode()
        if target.startswith("/"):
            head = f"POST {target} HTTP/1.1\r\nHost: localhost\r\n"
        else:
            head = (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-amz-json-1.1\r\n"
                    f"X-Amz-Target: Kinesis_20131202.{target}\r\nX-Amz-Date: 20260101T000000Z\r\n"
                    f"Authorization: AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/kinesis/aws4_request, "
                    f"SignedHeaders=host, Signature=0\r\n")
        return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data

    async def read(self, what):
        """(status, body as JSON)"""
        status, body = await self.read_body(what)
        try:
            return status, json.loads(body) if body else {}
        except ValueError as error:
            raise Wrong(f"{what} was answered by no JSON: {body[:200]!r}") from error

    async def read_text(self, what):
        status, body = await self.read_body(what)
        if status not in (200, 404):
            raise Wrong(f"{what} was answered {status} {body[:200]!r}")
        return body.decode()

    async def read_body(self, what):
        while (end := self.got.find(b"\r\n\r\n")) < 0:
            await self.more(what)
        head = self.got[:end].decode("ascii")
        size = re.search(r"^content-length: *(\d+)\r?$", head, re.I | re.M)
        status = re.match(r"HTTP/1\.1 (\d{3}) ", head)
        if not size or not status:
            raise Wrong(f"{what} was answered by no HTTP: {head!r}")
        end += 4 + int(size[1])
        while len(self.got) < end:
            await self.more(what)
        body, self.got = self.got[end - int(size[1]):end], self.got[end:]
        if int(status[1]) == 408:   # out of time, in HTTP's words
            self.lost(f"{what}: 408")
        return int(status[1]), body

    async def read_events_head(self, what):
        """Nothing when an event stream begins, which is sent in chunks; else (status, answer)."""
        while (end := self.got.find(b"\r\n\r\n")) < 0:
            await self.more(what)
        if b"transfer-encoding: chunked" not in self.got[:end].lower():
            return await self.read(what)
        self.got, self.events = self.got[end + 4:], b""
        return None

    async def read_event(self, what):
        """(headers, body as JSON) of the next message of an event stream."""
        try:
            while not (message := read_message(self.events)):
                while (end := self.got.find(b"\r\n")) < 0 or len(self.got) < end + 4 + int(self.got[:end], 16):
                    await self.more(what)
                size = int(self.got[:end], 16)
                if size == 0:
                    raise Gone(f"{what} has ended")
                self.events, self.got = self.events + self.got[end + 2:end + 2 + size], self.got[end + 4 + size:]
            size, headers, body = message
            self.events = self.events[size:]
            return headers, json.loads(body)
        except (ValueError, AssertionError) as error:
            raise Wrong(f"{what} was answered by no event stream: {error}") from error

    async def ask(self, target, values, draw=None):
        data = self.body(target, values)
        if draw:
            await self.deliver([data], draw, target)
        else:
            await self.send(data, target)
        return await self.read(target)

    async def get(self, path):
        await self.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(), path)
        return await self.read(path)
