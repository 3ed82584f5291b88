#!/usr/bin/env python3
"""Kills the server with SIGKILL at random moments while clients work in transactions, and looks for lost, duplicated and dirty
reads. Bank transfers take an amount in one topic and give it in another; copiers carry a topic over, with how far they came in the
same transaction. Clients die too, and are fenced. `make crash` runs it for minutes, tests/clients/test_crash.py short.

Checked after each kill, when all clients have ended what they began: a transfer that was acknowledged is there once in both
topics, one that was aborted in none, one that nobody knows of in both or in none; so all accounts together hold what they held.
The copy is the beginning of its source, record for record, and ends where the group's committed offset says. What a reader of
committed records was shown meanwhile is what is there. A run that fails prints its seed and keeps its folder.

    exactly_once.py [--kills 60] [--per-folder 12] [--seed N] [--program build/release/sluice]
"""
import random
import sys
import time
from collections import Counter

from confluent_kafka import Consumer, KafkaError, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from crash import Server, arguments, folder_after_folder, in_folder
from load import PARTITIONS, QUIET, Library
from transfers import LONGEST, Copier, Reader, Transfers
from wire import KafkaPipe

PLACES = [(topic, partition) for topic in ("debits", "credits", "copied", "source") for partition in range(PARTITIONS)]
COMMITTED = [place for place in PLACES if place[0] != "source"]


class Run:
    def __init__(self, program, seed, folder, kills, say):
        self.chance, self.kills, self.say = random.Random(seed), kills, say
        self.server = Server(program, folder, "--durability", "power" if seed % 2 else "process")
        self.busy, self.records = [], 0

    def run(self):
        self.server.start()
        admin = AdminClient({"bootstrap.servers": self.server.kafka, **QUIET})
        for done in admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in {topic for topic, _ in PLACES}]).values():
            done.result(10)
        self.transfers = [Transfers(self.server, f"bank-{i}", self.fork()) for i in range(3)]
        self.copiers = [Copier(self.server, f"copier-{p}", self.fork(), p) for p in range(PARTITIONS)]
        self.workers = [*self.transfers, *self.copiers]
        self.reader, self.source = Reader(self.server, COMMITTED), Library(self.server, "source", True)
        self.source.most_queued = 200   # what copiers can follow
        for thread in [*self.workers, self.reader, self.source]:
            thread.start()
        for n in range(self.kills):
            self.one_kill(n)
        self.finish()

    def fork(self):
        return random.Random(self.chance.random())

    def one_kill(self, n):
        before = self.ended()
        for worker in self.workers:
            worker.resume()
        self.source.paused.clear()
        end = time.monotonic() + LONGEST
        while self.ended() < before + 5 and time.monotonic() < end and not any(worker.fault for worker in self.workers):
            time.sleep(0.002)
        time.sleep(self.chance.random() * 0.3)
        under_way = sum(worker.under_way for worker in self.workers)
        self.server.kill()
        self.busy.append(under_way)
        self.source.paused.set()
        self.server.start()
        for worker in self.workers:
            worker.up.clear()
        for worker in self.workers:
            assert worker.quiet.wait(2 * LONGEST), f"{worker.name} does not come through a kill"
        there = self.check()
        self.say(f"  kill {n + 1}: {under_way} transactions under way; {sum(w.committed for w in self.workers)} committed, {sum(w.aborted for w in self.workers)} "
                 f"aborted, {sum(w.unknown for w in self.workers)} unknown, {sum(w.deaths for w in self.workers)} clients died; {there} records")

    def ended(self):
        return min(worker.committed for worker in self.transfers)

    def there(self):
        """Everything that is committed, by a new consumer."""
        consumer = Consumer({"bootstrap.servers": self.server.kafka, "group.id": "looks", "isolation.level": "read_committed", "enable.partition.eof": True,
                             "enable.auto.commit": False, "auto.offset.reset": "error", **QUIET})
        consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in PLACES])
        values, ended, end = {place: [] for place in PLACES}, set(), time.monotonic() + LONGEST
        while len(ended) < len(PLACES):
            assert time.monotonic() < end, f"the ends of {set(PLACES) - ended} are not reached"
            for message in consumer.consume(2000, 0.05):
                place = message.topic(), message.partition()
                if message.error():
                    assert message.error().code() == KafkaError._PARTITION_EOF, message.error()
                    ended.add(place)
                else:
                    values[place].append(message.value())
        consumer.close()
        return values

    def check(self):
        for thread in [*self.workers, self.reader, self.source]:
            if thread.fault:
                raise thread.fault
        values = self.there()
        debits, credits = (Counter(v for p in range(PARTITIONS) for v in values[topic, p]) for topic in ("debits", "credits"))
        for name, counted in (("debits", debits), ("credits", credits)):
            twice = [value for value, times in counted.items() if times > 1]
            assert not twice, f"{name}: {twice[:3]} are there twice"
        for worker in self.transfers:
            for name, counted in (("debits", debits), ("credits", credits)):
                lost, dirty = worker.must - counted.keys(), worker.never & counted.keys()
                assert not lost, f"{name}: {sorted(lost)[:3]} were committed and are lost"
                assert not dirty, f"{name}: {sorted(dirty)[:3]} were aborted and are read"
        odd = debits.keys() ^ credits.keys()
        assert not odd, f"half of the transfers {sorted(odd)[:3]} is there: the accounts hold {self.sum(credits) - self.sum(debits)} more than they held"
        for copier in self.copiers:
            p = copier.partition
            copied, source = values["copied", p], values["source", p]
            at = next((i for i, value in enumerate(copied) if i >= len(source) or value != source[i]), None)
            assert at is None, f"copied/{p}: {copied[at]} is the {at}th record, where the source has {source[at:at + 1]}"
            place = self.place(copier)
            assert place == len(copied), f"copied/{p} has {len(copied)} records, and offset {place} is committed"
        for place, shown in self.reader.values.items():
            seen, now = list(shown), values[place]
            at = next((i for i, value in enumerate(seen) if i >= len(now) or value != now[i]), None)
            assert at is None, f"{place[0]}/{place[1]}: a reader was shown {seen[at]} as the {at}th committed record, where {now[at:at + 1]} is"
        self.last = values
        return sum(map(len, values.values()))

    def place(self, copier):
        pipe = KafkaPipe(self.server.kafka)
        try:
            return max(0, pipe.committed_offset("copy", "source", copier.partition))
        finally:
            pipe.close()

    def sum(self, values):
        return sum(int(value.rsplit(b":", 1)[1]) for value in values)

    def finish(self):
        """The copiers come to the end of the source, and the reader to the end of everything."""
        self.source.paused.clear()
        self.source.stop = True
        self.source.join()
        assert self.source.producer.flush(LONGEST) == 0, "records of the source were never delivered"
        for copier in self.copiers:
            copier.resume()
        self.wait(lambda: all(copier.fault or self.place(copier) == self.source.next[copier.partition] for copier in self.copiers), "the copy does not come to its end")
        for copier in self.copiers:
            copier.up.clear()
            assert copier.quiet.wait(2 * LONGEST)
        self.records = self.check()
        self.wait(lambda: all(len(self.reader.values[place]) >= len(self.last[place]) for place in COMMITTED), "a reader of committed records misses some")
        self.check()
        self.reader.stop = True
        self.reader.join()
        for worker in self.workers:
            worker.retire()
        self.server.kill()

    def wait(self, until, what):
        end = time.monotonic() + LONGEST
        while not until():
            assert time.monotonic() < end, what
            time.sleep(0.01)


def exactly_once(program, seed, kills, base, say=print):
    return in_folder(Run, "exactly_once.py", program, seed, kills, base, say)


def main():
    asked = arguments(__doc__, 60).parse_args()
    runs = folder_after_folder(asked, exactly_once)
    if runs is None:
        return 1
    workers = [worker for run in runs for worker in run.workers]
    print(f"{asked.kills} kills on {len(runs)} folders; {sum(n > 0 for run in runs for n in run.busy)} within transactions; {sum(w.committed for w in workers)} were committed, "
          f"{sum(w.aborted for w in workers)} aborted, of {sum(w.unknown for w in workers)} nobody knows; {sum(w.deaths for w in workers)} clients died and were fenced; "
          f"{sum(run.records for run in runs)} records, none lost, doubled or dirty")
    print(f"{asked.kills} passed, 0 failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
