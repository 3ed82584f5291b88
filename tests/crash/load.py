"""Who writes and reads while the server is killed again and again (crash.py): requests of both protocols, always some under way."""
import threading

from confluent_kafka import Consumer, Producer

from wire import KafkaPipe, KinesisPipe, offset_of, record_batch

PARTITIONS = 2
QUIET = {"log_level": 0, "error_cb": lambda error: None}   # a broker that is away is what this is about


class Restful(threading.Thread):
    """Works while `up`; `quiet` tells that nothing is left under way."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.up, self.quiet, self.done, self.fault = server, threading.Event(), threading.Event(), False, None

    def resume(self):
        self.quiet.clear()
        self.up.set()

    def retire(self):
        self.done = True
        self.up.set()


class Worker(Restful):
    """Keeps a number of requests under way on one connection; goes quiet when it breaks, until told that the server is back."""

    def __init__(self, server, depth):
        super().__init__(server)
        self.depth, self.sent, self.answered = depth, 0, 0

    def outstanding(self):
        return self.sent - self.answered

    def run(self):
        while True:
            self.up.wait()
            if self.done:
                return
            try:
                self.connect()
                while self.up.is_set() or self.sent > self.answered:
                    while self.up.is_set() and self.sent - self.answered < self.depth:
                        self.send()
                        self.sent += 1
                    self.receive()
                    self.answered += 1
            except (OSError, ConnectionError):
                pass
            except BaseException as error:   # told by the main thread
                self.fault = self.fault or error
            self.sent = self.answered = 0
            self.up.clear()
            self.quiet.set()


class Puts(Worker):
    """PutRecords without retries: an answer lost with the server is a put that may be there once or not at all."""

    def __init__(self, server, stream, name, chance):
        super().__init__(server, 4)
        self.stream, self.name, self.chance, self.next = stream, name, chance, 0
        self.acknowledged, self.everything, self.under_way = [], [], []

    def connect(self):
        self.pipe, self.under_way = KinesisPipe(self.server.kinesis), []

    def send(self):
        values = []
        for _ in range(1 + self.chance.randrange(5)):
            values.append(f"{self.name}-{self.next}".encode() + b"." * self.chance.choice([0, 0, 20, 500]))
            self.next += 1
        self.everything += values
        self.under_way.append(values)
        self.pipe.put_records(self.stream, values)

    def receive(self):
        status, answer = self.pipe.answer()
        values = self.under_way.pop(0)
        assert status == 200 and answer["FailedRecordCount"] == 0, (status, answer)
        for value, told in zip(values, answer["Records"]):
            self.acknowledged.append((int(told["ShardId"][8:]), offset_of(told["SequenceNumber"]), value))


class Frames(Worker):
    """An idempotent producer of its own: what was not answered is sent again with its sequence numbers, in order."""

    def __init__(self, server, topic, partition, chance):
        super().__init__(server, 5)   # a producer may have five batches under way
        self.topic, self.partition, self.chance = topic, partition, chance
        self.id, self.next, self.under_way, self.again, self.acknowledged = None, 0, [], [], []

    def connect(self):
        self.pipe = KafkaPipe(self.server.kafka)
        if self.id is None:
            self.id, self.epoch = self.pipe.producer_id()
        self.again, self.under_way = self.under_way + self.again, []

    def send(self):
        if self.again:
            first, values = self.again.pop(0)
        else:
            first, values = self.next, [f"f{self.partition}-{self.next + i}".encode() for i in range(1 + self.chance.randrange(3))]
            self.next += len(values)
        self.under_way.append((first, values))
        self.pipe.produce(self.topic, self.partition, record_batch(values, 1_700_000_000_000, self.id, self.epoch, first))

    def receive(self):
        code, base = self.pipe.produced()
        assert code == 0, f"produce was answered {code}"
        first, values = self.under_way.pop(0)
        assert base == first, f"sequence {first} was told offset {base}: lost or stored twice"   # the topic is this producer's alone
        self.acknowledged.append((first, values))


class Commits(Worker):
    """Offsets of a group, growing: the acknowledged one is the least that must be there."""

    def __init__(self, server, topic):
        super().__init__(server, 3)
        self.topic, self.next, self.acknowledged, self.under_way = topic, 0, -1, []

    def connect(self):
        self.pipe, self.under_way = KafkaPipe(self.server.kafka), []

    def send(self):
        self.next += 1
        self.under_way.append(self.next)
        self.pipe.commit_offset("crash-offsets", self.topic, 0, self.next)

    def receive(self):
        code = self.pipe.offset_committed()
        assert code == 0, f"offset commit was answered {code}"
        self.acknowledged = self.under_way.pop(0)


class Library(threading.Thread):
    """librdkafka, idempotent or not, which sends again by itself when the server is back."""

    def __init__(self, server, topic, idempotent):
        super().__init__(daemon=True)
        self.topic, self.idempotent, self.stop, self.paused = topic, idempotent, False, threading.Event()
        self.most_queued = 2000
        self.lock, self.acknowledged, self.next, self.fault = threading.Lock(), [], [0] * PARTITIONS, None
        self.producer = Producer({"bootstrap.servers": server.kafka, "enable.idempotence": idempotent, "acks": "all", "linger.ms": 1,
                                  "message.timeout.ms": 120_000, "retries": 1_000_000, "retry.backoff.ms": 20, "reconnect.backoff.ms": 10,
                                  "reconnect.backoff.max.ms": 50, "socket.timeout.ms": 10_000, **QUIET})

    def delivered(self, error, message):
        if error is not None:
            self.fault = self.fault or AssertionError(f"{self.topic}: {error}")
        else:
            with self.lock:
                self.acknowledged.append((message.partition(), message.offset(), message.value()))

    def run(self):
        while not self.stop:
            if not self.paused.is_set() and len(self.producer) < self.most_queued:
                for partition in range(PARTITIONS):
                    for _ in range(5):
                        self.producer.produce(self.topic, f"{self.topic}-{partition}-{self.next[partition]}".encode(), partition=partition, on_delivery=self.delivered)
                        self.next[partition] += 1
            self.producer.poll(0.005)

    def take(self):
        with self.lock:
            taken, self.acknowledged = self.acknowledged, []
        return taken


class Member(threading.Thread):
    """A consumer in a group of either protocol, which must not notice more than a broker that was away for a moment."""

    def __init__(self, server, topics, protocol):
        super().__init__(daemon=True)
        self.protocol, self.assigned, self.revoked, self.stop, self.fault = protocol, 0, 0, False, None
        times = {"session.timeout.ms": 45_000, "heartbeat.interval.ms": 200} if protocol == "classic" else {}   # the group's, in the other
        self.consumer = Consumer({"bootstrap.servers": server.kafka, "group.id": f"crash-{protocol}", "group.protocol": protocol, **times,
                                  "auto.offset.reset": "earliest", "reconnect.backoff.ms": 10, "reconnect.backoff.max.ms": 50, "enable.auto.commit": False, **QUIET})
        self.consumer.subscribe(topics, on_assign=self.on_assign, on_revoke=self.on_revoke)

    def on_assign(self, consumer, partitions):
        self.assigned += 1

    def on_revoke(self, consumer, partitions):
        if not self.stop:
            self.revoked += 1

    def run(self):
        while not self.stop:
            self.consumer.consume(500, 0.05)
