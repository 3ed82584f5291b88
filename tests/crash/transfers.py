"""Who works in transactions while the server is killed again and again (exactly_once.py): librdkafka, which ends what it began
when the server is back. Some of these clients die within a transaction; then another takes their place, and the dead one wakes
up too late."""
import contextlib
import logging
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from load import PARTITIONS, QUIET, Restful

SILENT = logging.Logger("of who is fenced", logging.CRITICAL + 1)
QUICK = {"retry.backoff.ms": 20, "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50, **QUIET}
LONGEST = 60   # seconds that a client may need to come through a kill


def patiently(call, *arguments):
    """Calls again as long as the library says that this may help."""
    end = time.monotonic() + LONGEST
    while True:
        try:
            return call(*arguments)
        except KafkaException as error:
            if not error.args[0].retriable() or time.monotonic() > end:
                raise


class Hanging(Exception):
    """A call of the library does not come back: its client is given up, as one that died."""


class Transactor(Restful):
    """One transaction after the other while `up`; then `quiet`, with nothing left open."""

    def __init__(self, server, name, chance):
        super().__init__(server)
        self.name, self.chance = name, chance
        self.committed = self.aborted = self.unknown = self.deaths = 0
        self.under_way = False
        self.producer = None

    def connect(self):
        self.producer = Producer({"bootstrap.servers": self.server.kafka, "transactional.id": self.name, "linger.ms": 0, "logger": SILENT, **QUICK})
        patiently(self.producer.init_transactions, 10)

    def run(self):
        while True:
            self.up.wait()
            if self.done:
                return
            try:
                while self.up.is_set():
                    if self.producer is None:
                        self.connect()
                    self.one()
                if self.producer is None:
                    self.connect()   # which ends what the last one left open
            except BaseException as error:   # told by the main thread
                self.fault = self.fault or error
                self.up.clear()
            self.under_way = False
            self.quiet.set()

    def transact(self, work):
        """How it ended: committed, aborted, or unknown, when the library gave up while it committed."""
        producer = self.producer
        producer.begin_transaction()
        self.under_way = True
        commit, said = self.chance.random() > 0.15, None
        try:
            work(producer)
            if self.chance.random() < 0.08:
                said = self.die(producer)
        except Hanging:
            said, self.producer = "aborted", None
        except KafkaException as error:
            if error.args[0].fatal():
                said, self.producer = "aborted", None   # it never asked to commit; the next one's start aborts
            elif not error.args[0].txn_requires_abort():
                raise
            commit = False
        said = said or self.end(producer, commit)
        self.under_way = False
        setattr(self, said, getattr(self, said) + 1)
        return said

    def end(self, producer, commit):
        end = time.monotonic() + LONGEST
        while True:
            try:
                if commit:
                    producer.commit_transaction(10)
                else:
                    producer.abort_transaction(10)
                return "committed" if commit else "aborted"
            except KafkaException as error:
                told = error.args[0]
                if told.fatal():
                    self.producer = None
                    return "unknown" if commit else "aborted"
                if told.txn_requires_abort():
                    commit = False
                elif not told.retriable() or time.monotonic() > end:
                    raise

    def die(self, producer):
        """Another one takes its place, and what the dead one commits afterwards is refused."""
        self.deaths += 1
        if self.chance.random() < 0.5:
            producer.flush(0.05)   # half of the dead have their records in the log
        self.connect()
        with contextlib.suppress(KafkaException):
            patiently(producer.commit_transaction, 10)
            raise AssertionError(f"{self.name}: a producer that was replaced has committed")
        return "aborted"


class Transfers(Transactor):
    """Moves an amount: one record takes it from an account, the other gives it to another, both or neither."""

    def __init__(self, server, name, chance):
        super().__init__(server, name, chance)
        self.next, self.must, self.never = 0, set(), set()

    def one(self):
        value = f"{self.name}/{self.next}:{1 + self.chance.randrange(100)}".encode()
        self.next += 1

        def work(producer):
            for topic in ("debits", "credits"):
                producer.produce(topic, value, partition=self.chance.randrange(PARTITIONS))
        said = self.transact(work)
        if said != "unknown":
            (self.must if said == "committed" else self.never).add(value)


class Copier(Transactor):
    """Copies a partition; the records and how far it came are one transaction."""

    def __init__(self, server, name, chance, partition):
        super().__init__(server, name, chance)
        self.partition = partition
        self.consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": "copy", "isolation.level": "read_committed", "enable.auto.commit": False,
                                  "auto.offset.reset": "error", **QUICK})
        self.stands = False

    def place(self):
        return max(0, patiently(self.consumer.committed, [TopicPartition("source", self.partition)], 10)[0].offset)

    def one(self):
        if not self.stands:
            self.consumer.assign([TopicPartition("source", self.partition, self.place())])
            self.stands = True
        messages = [message for message in self.consumer.consume(200, 0.05) if message.error() is None]
        if not messages:
            return

        def work(producer):
            for message in messages:
                producer.produce("copied", message.value(), partition=self.partition)
            behind = [TopicPartition("source", self.partition, messages[-1].offset() + 1)]
            self.send_offsets(producer, behind)
        self.stands = self.transact(work) == "committed"

    def send_offsets(self, producer, behind):
        """librdkafka 2.16 hangs in this call when the server was restarted under it; no request is under way then."""
        faults, metadata = [], self.consumer.consumer_group_metadata()

        def send():
            try:
                patiently(producer.send_offsets_to_transaction, behind, metadata, 5)
            except KafkaException as error:
                faults.append(error)
        sending = threading.Thread(target=send, daemon=True)
        sending.start()
        sending.join(2)
        if sending.is_alive():
            raise Hanging
        for fault in faults:
            raise fault


class Reader(threading.Thread):
    """Reads all the time what is committed. What it was shown once has to stay."""

    def __init__(self, server, places):
        super().__init__(daemon=True)
        self.values, self.stop, self.fault = {place: [] for place in places}, False, None
        self.consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": "reads-on", "isolation.level": "read_committed", "enable.auto.commit": False,
                                  "auto.offset.reset": "error", **QUICK})
        self.consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in places])

    def run(self):
        try:
            while not self.stop:
                for message in self.consumer.consume(1000, 0.05):
                    if message.error() is None:
                        self.values[message.topic(), message.partition()].append(message.value())
            self.consumer.close()
        except BaseException as error:   # told by the main thread
            self.fault = error
