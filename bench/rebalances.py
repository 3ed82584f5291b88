"""How long a group of many members has no whole assignment when one leaves and another comes, by either group protocol.

    .venv/bin/python bench/rebalances.py --members 50 --rounds 10              # starts sluice
    .venv/bin/python bench/rebalances.py --members 50 --rounds 10 --at localhost:9192    # a broker that runs already

A round: one member closes, a new one subscribes; its time ends when all partitions are owned again, each once, and no member has two
more than another. All members are librdkafka consumers of this process, with stock settings.
"""
import argparse
import statistics
import subprocess
import time
import uuid
from pathlib import Path

from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient, NewTopic

ROOT = Path(__file__).resolve().parents[1]


def member(at, group, topic, protocol):
    one = Consumer({"bootstrap.servers": at, "group.id": group, "group.protocol": protocol, "enable.auto.commit": False, "log_level": 0})
    one.subscribe([topic])
    return one


def settled(members, partitions):
    shares = [one.assignment() for one in members]
    sizes = [len(share) for share in shares]
    owned = {p.partition for share in shares for p in share}
    return sum(sizes) == partitions == len(owned) and max(sizes) - min(sizes) <= 1


def settle(members, partitions, seconds=300):
    start = time.monotonic()
    while not settled(members, partitions):
        for one in members:
            one.poll(0)
        time.sleep(0.001)
        if time.monotonic() - start > seconds:
            raise SystemExit(f"no whole assignment after {seconds} s")
    return time.monotonic() - start


def measure(at, protocol, count, rounds, partitions):
    topic, group = f"rebalances-{uuid.uuid4().hex[:8]}", f"group-{uuid.uuid4().hex[:8]}"
    admin = AdminClient({"bootstrap.servers": at})
    admin.create_topics([NewTopic(topic, partitions)])[topic].result(30)
    members = [member(at, group, topic, protocol) for _ in range(count)]
    first = settle(members, partitions)
    took = []
    for _ in range(rounds):
        start = time.monotonic()
        members.pop(0).close()
        members.append(member(at, group, topic, protocol))
        settle(members, partitions)
        took.append(time.monotonic() - start)
    for one in members:
        one.close()
    print(f"{protocol}: {count} members have all {partitions} partitions after {first * 1000:.0f} ms; one leaves and one comes: "
          f"p50 {statistics.median(took) * 1000:.0f} ms, max {max(took) * 1000:.0f} ms of {rounds}", flush=True)


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--members", type=int, default=50)
    asked.add_argument("--partitions", type=int, default=100)
    asked.add_argument("--rounds", type=int, default=10)
    asked.add_argument("--at", help="a broker that runs already")
    asked.add_argument("--program", default=str(ROOT / "build/release/sluice"))
    given = asked.parse_args()
    server = None
    if not given.at:
        given.at = "127.0.0.1:19292"
        server = subprocess.Popen([given.program, "serve", "--quiet", "--ephemeral", "--kinesis", "127.0.0.1:0", "--control", "127.0.0.1:0",
                                   "--kafka", given.at], stdout=subprocess.PIPE)
        server.stdout.readline()
    try:
        for protocol in ("consumer", "classic"):
            measure(given.at, protocol, given.members, given.rounds, given.partitions)
    finally:
        if server:
            server.kill()
            server.wait()


if __name__ == "__main__":
    main()
