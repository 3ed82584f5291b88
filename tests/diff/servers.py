"""The two servers that are compared, and the program that speaks to one of them (speaker.cpp)."""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "bench"))
from contenders import free_ports  # noqa: E402

# What both are told. Kafka has sluice's haste so: nobody waits for a first join, an assignment or a check of time-outs, and
# sessions and heartbeats may be as short. Files do not end by time, since an answer to a Fetch of Kafka ends with one.
settings = """
log.roll.ms=9223372036854775807
group.min.session.timeout.ms=300
group.consumer.min.session.timeout.ms=300
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=500
group.share.min.session.timeout.ms=300
group.share.min.heartbeat.interval.ms=100
group.share.heartbeat.interval.ms=500
group.streams.min.session.timeout.ms=300
group.streams.min.heartbeat.interval.ms=100
group.streams.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.consumer.assignment.interval.ms=0
group.share.assignment.interval.ms=0
group.streams.assignment.interval.ms=0
group.streams.initial.rebalance.delay.ms=0
transaction.abort.timed.out.transaction.cleanup.interval.ms=200
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
super.users=User:ANONYMOUS
"""


class Speaker:
    """Speaks to the server of one port; `tell` begins a step, `hear` yields what came of it."""

    def __init__(self, program, port):
        self.process = subprocess.Popen([program, str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, step):
        self.process.stdin.write(json.dumps(step) + "\n")
        self.process.stdin.flush()

    def hear(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the speaker is gone")
        return json.loads(line)

    def end(self):
        self.process.stdin.close()
        self.process.wait()


class Server:
    """A server of our own, ended with its children."""

    def __init__(self, command, port, log, **environment):
        self.port = port
        self.process = subprocess.Popen(
            command, stdout=log, stderr=log, start_new_session=True, env={**os.environ, **environment}
        )
        until = time.monotonic() + 300
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"{command[0]} did not start: {log.name}")
                time.sleep(0.2)

    def end(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def start_kafka(folder):
    port = free_ports(2)
    log = open(pathlib.Path(tempfile.mkdtemp(prefix="kafka-diff-")) / "kafka.log", "w")
    return Server(
        ["bash", str(root / "bench/peers/apache_kafka.sh"), folder, str(port)],
        port,
        log,
        KAFKA_HEAP="-Xmx1G -Xms256m",
        KAFKA_EXTRA=settings,
        KAFKA_DATA=os.path.dirname(log.name) + "/data",
    )


def start_sluice(program):
    port = free_ports(1)
    log = open(pathlib.Path(tempfile.mkdtemp(prefix="kafka-diff-")) / "sluice.log", "w")
    return Server(
        [
            program,
            "serve",
            "--ephemeral",
            "--quiet",
            "--kinesis",
            "127.0.0.1:0",
            "--control",
            "127.0.0.1:0",
            "--kafka",
            f"127.0.0.1:{port}",
            *(word for line in settings.split() for word in ("--kafka-config", line)),
        ],
        port,
        log,
    )
