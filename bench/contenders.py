"""The servers that are measured: how each is started, where it answers, and what it costs as /proc tells it."""
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK, INSTALLED, HERE = ROOT / "build/bench", ROOT / "build/peers", ROOT / "bench"
TICKS = os.sysconf("SC_CLK_TCK")


class Peer:
    def __init__(self, door, script, tools, stores, default=False, checks=True, warm_s=0.0, secure=None, login=None, further=(0, 0), **environment):
        self.door, self.script, self.tools, self.stores, self.secure, self.login = door, script, tools, stores, secure, login
        self.secure_further, self.login_further = further   # the ports for TLS and for logins, counted from the plain one
        self.default, self.checks, self.warm_s, self.environment = default, checks, warm_s, environment


# What each stores is part of the figure: a ratio between a disk and a memory is said as such. `checks` is false for the mock, which
# looks at nothing and keeps five megabytes: it shows what the load generator can do, and no ratio is taken from it. `secure` and `login`
# are what a peer's script has to be told for rows that are measured over TLS, or with logins.
PEERS = {
    "ferrokinesis": Peer("kinesis", "ferrokinesis", ["cargo"], "memory", default=True,
                         secure={"FERROKINESIS_TLS_CERT": "certificate.pem", "FERROKINESIS_TLS_KEY": "key.pem"}),
    "kinesalite": Peer("kinesis", "kinesalite", ["npm", "node"], "memory"),
    "kinesis_mock": Peer("kinesis", "kinesis_mock", ["npm", "node"], "memory"),
    "moto": Peer("kinesis", "moto", ["python3"], "memory"),
    "kfake": Peer("kafka", "kfake", ["go"], "files", default=True, secure={"KFAKE_TLS": "1"}, login={"KFAKE_SASL": "1"}, KFAKE_DATA="DATA"),
    "kfake, in memory": Peer("kafka", "kfake", ["go"], "memory", default=True, secure={"KFAKE_TLS": "1"}, login={"KFAKE_SASL": "1"}),
    "apache_kafka": Peer("kafka", "apache_kafka", ["java", "mvn"], "files", warm_s=6, secure={"KAFKA_SECURE": "1"}, login={"KAFKA_SECURE": "1"},
                         further=(3, 2), KAFKA_DATA="DATA"),
    "tansu": Peer("kafka", "tansu", ["cargo"], "memory"),
    "ceiling": Peer("kafka", "librdkafka_mock", ["python3"], "nothing", default=True, checks=False),
}
# Nobody's limits are measured unless a row says so: sizes only at the Kinesis door, Kafka has none.
OURS = {"sluice": [], "sluice, in memory": ["--ephemeral"], "sluice, before": []}


class Settings:
    """What the command line says about servers."""
    program = ROOT / "build/release/sluice"
    before = None  # another version's program, a contender like the peers
    data = WORK / "data"
    flags = []
    priority = 0   # a nice value for everything measured


def prefer(pid):
    """On a machine with other work: a session's nice counts among sessions, a process's own only inside of one."""
    if Settings.priority:
        try:
            os.setpriority(os.PRIO_PROCESS, pid, Settings.priority)
            Path(f"/proc/{pid}/autogroup").write_text(str(Settings.priority))
        except OSError:
            pass



def certified(secure):
    """What the peer is to know of a certificate of the same kind as sluice makes for itself."""
    if not (WORK / "key.pem").exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650", "-subj", "/CN=bench",
                        "-addext", "subjectAltName=DNS:localhost", "-out", WORK / "certificate.pem", "-keyout", WORK / "key.pem"], check=True, capture_output=True)
    return {key: str(WORK / told) if told.endswith(".pem") else told for key, told in secure.items()}


def answers(door, host, port, secure=False):
    """Whether the door answers its protocol's simplest question: ListStreams, or ApiVersions."""
    try:
        if door == "kinesis":
            http_door = (http.client.HTTPSConnection(host, port, timeout=5, context=ssl._create_unverified_context()) if secure
                         else http.client.HTTPConnection(host, port, timeout=5))
            http_door.request("POST", "/", "{}", {
                "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.ListStreams", "X-Amz-Date": "20260101T000000Z",
                "Authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/kinesis/aws4_request, "
                                 "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64})
            return http_door.getresponse().status == 200
        with (ssl._create_unverified_context().wrap_socket(socket.create_connection((host, port), timeout=5)) if secure
              else socket.create_connection((host, port), timeout=5)) as wire:
            request = struct.pack(">hhih5s", 18, 0, 1, 5, b"bench")
            wire.sendall(struct.pack(">i", len(request)) + request)
            return len(wire.recv(4)) == 4
    except (OSError, http.client.HTTPException):
        return False


def free_ports(count):
    """The first of `count` ports in a row that nobody holds, below the range the kernel gives to clients."""
    while True:
        base = random.randrange(15000, 32000)
        held = []
        try:
            for port in range(base, base + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return base
        except OSError:
            pass
        finally:
            for one in held:
                one.close()


class Running:
    """One server in a process group of its own; start_ms counts from the server's exec, not from its script's."""

    def __init__(self, name, door, flags=(), patience_s=60, data=None, secure=False, login=False):
        self.name, self.door, self.peer, self.flags = name, door, PEERS.get(name), list(flags)
        if secure and self.peer and not self.peer.secure:
            raise RuntimeError(f"{name} is not run with TLS here")
        if login and self.peer and not self.peer.login:
            raise RuntimeError(f"{name} is not run with logins here")
        self.secure = secure and self.peer is not None   # sluice tells TLS from plain connections by itself
        self.login = login and self.peer is not None
        self.port = self.kinesis_port = self.kafka_port = free_ports(4)
        self.data = Settings.data / f"{re.sub('[^a-z]+', '-', name)}-{self.port}"
        self.kept_bytes = 0   # what a round leaves behind anyway
        self.keep = data is not None
        self.data = data or self.data
        self.data.mkdir(parents=True, exist_ok=self.keep)
        self.address = None if self.peer is None or self.peer.checks else INSTALLED / self.peer.script / f"address-{self.port}"
        self.log = open(WORK / f"{re.sub('[^a-z]+', '-', name)}-{door}.log", "w")
        environment = dict(os.environ)
        if self.peer:
            environment |= {key: str(self.data) if value == "DATA" else value for key, value in self.peer.environment.items()}
        if self.secure:
            environment |= certified(self.peer.secure)
        if self.login:
            environment |= self.peer.login
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, start_new_session=True, env=environment)
        prefer(self.process.pid)
        began = time.perf_counter()
        give_up = began + patience_s
        while not self.answers():
            if self.comm() in ("sh", "bash", "dash", f"{name}.sh"[:15]):
                began = time.perf_counter()
            if self.process.poll() is not None or time.perf_counter() > give_up:
                self.stop()
                raise RuntimeError(f"{name} does not answer; see {self.log.name}")
            time.sleep(0.0002)
        self.start_ms = (time.perf_counter() - began) * 1000

    def command(self):
        """Serves 127.0.0.1:port in the foreground."""
        if self.peer:
            return [str(HERE / "peers" / f"{self.peer.script}.sh"), str(INSTALLED / self.peer.script), str(self.port)]
        self.kinesis_port, self.kafka_port = (self.port, self.port + 1) if self.door == "kinesis" else (self.port + 1, self.port)
        where = [] if "--ephemeral" in OURS[self.name] else ["--data", str(self.data)]
        limits = [] if "--kinesis-limits" in self.flags else ["--kinesis-limits", "none"]
        program = Settings.before if self.name == "sluice, before" else Settings.program
        return [str(program), "serve", "--quiet", "--kinesis", f"127.0.0.1:{self.kinesis_port}", "--kafka", f"127.0.0.1:{self.kafka_port}",
                "--control", f"127.0.0.1:{self.port + 2}", *limits, *where, *OURS[self.name], *Settings.flags, *self.flags]

    def answers(self):
        if self.address:   # the mock takes its own port and writes it down
            try:
                self.port = self.kafka_port = int(self.address.read_text().rsplit(":", 1)[1])
            except (OSError, IndexError, ValueError):
                return False
        self.kafka_port = self.port + self.further() if self.door == "kafka" and self.peer else self.kafka_port
        return answers(self.door, "127.0.0.1", self.kafka_port if self.door == "kafka" else self.port, self.secure)

    def further(self):
        """From the peer's plain port to the one that the row measures."""
        return self.peer.secure_further if self.secure else self.peer.login_further if self.login else 0

    def comm(self):
        try:
            return Path(f"/proc/{self.process.pid}/comm").read_text().strip()
        except OSError:
            return ""

    def processes(self):
        """Every process of the server's group."""
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.getpgid(int(entry.name)) == self.process.pid:
                    yield entry
            except OSError:
                pass

    def cpu_s(self):
        total = 0
        for entry in self.processes():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                total += int(fields[11]) + int(fields[12])
            except OSError:
                pass
        return total / TICKS

    def memory_mib(self):
        """Pss, and of it what belongs to no file: a mapped data file's pages are the kernel's page cache."""
        pss = private = 0
        for entry in self.processes():
            try:
                rollup = (entry / "smaps_rollup").read_text()
                pss += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1])
                private += int(re.search(r"^Pss_Anon:\s+(\d+)", rollup, re.M)[1])
            except (OSError, TypeError):
                pass
        return pss / 1024, private / 1024

    def ours(self):
        return self.peer is None

    def side(self, method, body=None):
        """A control call (or, with no body, a page) by HTTP at the Kinesis door."""
        wire = http.client.HTTPConnection("127.0.0.1", self.kinesis_port, timeout=60)
        if body is None:
            wire.request("GET", method)
        else:
            wire.request("POST", f"/_sluice/v1/{method}", json.dumps(body), {"Content-Type": "application/json"})
        answer = wire.getresponse()
        text = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(f"{method}: {answer.status} {text[:200]}")
        return text if body is None else json.loads(text)

    def metric(self, name):
        return float(re.search(rf"^{name} (\S+)", self.side("/metrics"), re.M)[1])

    def stop(self):
        for what in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, what)
                self.process.wait(5)
                break
            except (subprocess.TimeoutExpired, ProcessLookupError):
                pass
        self.process.wait()
        self.log.close()
        if self.address:
            self.address.unlink(missing_ok=True)
        if not self.keep:
            shutil.rmtree(self.data, ignore_errors=True)
