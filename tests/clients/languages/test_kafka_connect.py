"""Kafka Connect in its distributed mode: workers that keep what they know in topics of sluice, share their tasks as a group, and write what
a source reads exactly once. With KAFKA_PEER=HOST:PORT the same meets another Kafka, to tell the client's faults from the server's."""
import os
import socket
import subprocess
import urllib.error

import pytest
from confluent_kafka import Consumer, Producer
from conftest import Server, rest, until
from test_languages import needs, prepared

UNIQUE = os.urandom(3).hex()   # another Kafka keeps what an earlier run wrote


@pytest.fixture(scope="module")
def programs():
    needs("java", "mvn")
    return prepared("kafka_connect", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")


@pytest.fixture(scope="module")
def kafka_at():
    if "KAFKA_PEER" in os.environ:
        yield os.environ["KAFKA_PEER"]
        return
    server = Server(None)
    yield server.kafka_at
    server.stop()


class Worker:
    """One process of Connect, asked by its REST door."""

    def __init__(self, programs, folder, kafka_at, name):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        topics = "".join(f"{kind}.storage.topic=connect-{kind}-{UNIQUE}\n{kind}.storage.replication.factor=1\n"
                         for kind in ("config", "offset", "status"))
        settings = folder / f"{name}.properties"
        settings.write_text(f"""bootstrap.servers={kafka_at}
group.id=connect-{UNIQUE}
exactly.once.source.support=enabled
offset.storage.partitions=5
status.storage.partitions=2
{topics}key.converter=org.apache.kafka.connect.storage.StringConverter
value.converter=org.apache.kafka.connect.storage.StringConverter
listeners=http://127.0.0.1:{self.port}
plugin.discovery=service_load
scheduled.rebalance.max.delay.ms=0
session.timeout.ms=6000
heartbeat.interval.ms=1000
offset.flush.interval.ms=500
consumer.auto.offset.reset=earliest
consumer.metadata.max.age.ms=500
""")
        self.log = folder / f"{name}.log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=log4j2.properties", "-cp", "target/classes:lib/*",
                 "org.apache.kafka.connect.cli.ConnectDistributed", str(settings)], cwd=programs, stdout=log, stderr=log)
        self.address = f"127.0.0.1:{self.port}"
        self.until(lambda: self.ask("GET", "/")["kafka_cluster_id"], "the REST door")

    def ask(self, method, path, body=None):
        return rest(method, f"http://{self.address}{path}", body)

    def until(self, check, what, seconds=120):
        """The first true value of check(), which Connect may refuse while it rebalances."""
        def tried():
            try:
                return check()
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                assert self.process.poll() is None, self.log.read_text()[-4000:]
                return None
        try:
            return until(tried, seconds, what)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.log.read_text()[-6000:]}") from None

    def running(self, connector, tasks=1):
        def check():
            told = self.ask("GET", f"/connectors/{connector}/status")
            assert not any(one["state"] == "FAILED" for one in told["tasks"]), told
            return told if [one["state"] for one in told["tasks"]] == ["RUNNING"] * tasks else None
        return self.until(check, f"{connector} to run")

    def configure(self, connector, **settings):
        given = {key.replace("_", "."): value for key, value in settings.items()}
        return self.until(lambda: self.ask("PUT", f"/connectors/{connector}/config", given), f"{connector} to be taken")

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def kill(self):
        self.process.kill()
        self.process.wait()


def committed(kafka_at, topic, count):
    """The values of a topic, and that no more of them come: it is read by who reads committed records alone."""
    consumer = Consumer({"bootstrap.servers": kafka_at, "group.id": f"{topic}-{os.urandom(3).hex()}", "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed", "enable.partition.eof": True, "topic.metadata.refresh.interval.ms": 500})
    consumer.subscribe([topic])
    values = []

    def at_end():
        message = consumer.poll(1)
        if message is None:
            return None
        if not message.error():
            values.append(message)
        return message.error() and len(values) >= count
    until(at_end, 60, f"{count} records of {topic}")
    consumer.close()
    return values


def lines(start, end):
    return [f"line {n}" for n in range(start, end)]


def append(file, added):
    with open(file, "a") as out:
        out.write("".join(line + "\n" for line in added))


def test_two_workers_copy_a_file_exactly_once_though_one_is_killed(programs, kafka_at, tmp_path):
    source, sink, topic = tmp_path / "in", tmp_path / "out", f"lines-{UNIQUE}"
    written = lambda: sink.read_text().splitlines() if sink.exists() else []   # noqa: E731
    append(source, lines(0, 100))
    one = Worker(programs, tmp_path, kafka_at, "one")
    two = None
    try:
        assert {"LinesSource", "LinesSink"} <= {plugin["class"] for plugin in one.ask("GET", "/connector-plugins")}
        one.configure("source", connector_class="LinesSource", file=str(source), topic=topic, tasks_max="1", exactly_once_support="required",
                      transaction_boundary="poll", topic_creation_default_partitions="1", topic_creation_default_replication_factor="1")
        one.running("source")
        assert [message.value().decode() for message in committed(kafka_at, topic, 100)] == lines(0, 100)
        one.configure("sink", connector_class="LinesSink", file=str(sink), topics=topic, tasks_max="2")
        one.running("sink", 2)
        one.until(lambda: len(written()) == 100, "the sink's lines")

        two = Worker(programs, tmp_path, kafka_at, "two")

        def spread():
            told = [one.ask("GET", f"/connectors/{connector}/status") for connector in ("source", "sink")]
            tasks = [task for status in told for task in status["tasks"]]
            return {task["worker_id"] for task in tasks if task["state"] == "RUNNING"} == {one.address, two.address} and len(tasks) == 3
        one.until(spread, "tasks on both workers")
        append(source, lines(100, 200))
        one.until(lambda: len(set(written())) == 200, "the lines of both workers")

        append(source, lines(200, 300))
        one.kill()
        append(source, lines(300, 400))
        assert two.running("source")["tasks"][0]
        two.until(lambda: {task["worker_id"] for task in two.running("source")["tasks"]} == {two.address}, "the task to move")
        two.until(lambda: len(set(written())) == 400, "what was read after the kill")
        assert [message.value().decode() for message in committed(kafka_at, topic, 400)] == lines(0, 400)
        assert sorted(set(written())) == sorted(lines(0, 400))

        # What it knows is asked, moved and forgotten.
        two.ask("PUT", "/connectors/source/stop")
        two.until(lambda: two.ask("GET", "/connectors/source/status")["connector"]["state"] == "STOPPED", "the source to stop")
        place = {"partition": {"file": str(source)}, "offset": {"line": 400}}
        assert two.ask("GET", "/connectors/source/offsets")["offsets"] == [place]
        place["offset"]["line"] = 390
        two.until(lambda: two.ask("PATCH", "/connectors/source/offsets", {"offsets": [place]}), "the offset to move")
        two.ask("PUT", "/connectors/source/resume")
        assert [message.value().decode() for message in committed(kafka_at, topic, 410)] == lines(0, 400) + lines(390, 400)
        two.ask("PUT", "/connectors/sink/stop")
        two.until(lambda: two.ask("GET", "/connectors/sink/status")["connector"]["state"] == "STOPPED", "the sink to stop")
        two.until(lambda: two.ask("DELETE", "/connectors/sink/offsets"), "the sink's group to go")
        sink.unlink()
        two.ask("PUT", "/connectors/sink/resume")
        two.until(lambda: len(written()) >= 410, "the sink's second reading")
        for connector in ("source", "sink"):
            two.until(lambda: two.ask("DELETE", f"/connectors/{connector}") is None, "the connector to go")
        two.until(lambda: two.ask("GET", "/connectors") == [], "no connector")
    finally:
        for worker in (one, two):
            if worker:
                worker.kill()


def test_a_worker_that_starts_again_goes_on_and_puts_bad_records_aside(programs, kafka_at, tmp_path):
    sink, topic, aside = tmp_path / "out", f"numbers-{UNIQUE}", f"aside-{UNIQUE}"
    written = lambda: sink.read_text().splitlines() if sink.exists() else []   # noqa: E731
    producer = Producer({"bootstrap.servers": kafka_at, "linger.ms": 0})

    def produce(*values):
        for value in values:
            producer.produce(topic, value=value)
        assert producer.flush(30) == 0

    produce("1", "{not JSON", "2")
    one = Worker(programs, tmp_path, kafka_at, "one")
    try:
        one.configure("numbers", connector_class="LinesSink", file=str(sink), topics=topic, tasks_max="1", errors_tolerance="all",
                      value_converter="org.apache.kafka.connect.json.JsonConverter", value_converter_schemas_enable="false",
                      errors_deadletterqueue_topic_name=aside, errors_deadletterqueue_topic_replication_factor="1",
                      errors_deadletterqueue_context_headers_enable="true")
        one.until(lambda: len(written()) == 2, "the good records")
        (bad,) = committed(kafka_at, aside, 1)
        headers = {key: value.decode() for key, value in bad.headers()}
        assert bad.value() == b"{not JSON" and headers["__connect.errors.topic"] == topic and headers["__connect.errors.offset"] == "1"
        one.ask("PUT", "/connectors/numbers/pause")
        one.until(lambda: one.ask("GET", "/connectors/numbers/status")["tasks"][0]["state"] == "PAUSED", "the task to pause")
        one.ask("PUT", "/connectors/numbers/resume")
        one.running("numbers")
        one.stop()
        produce("3")
        one = Worker(programs, tmp_path, kafka_at, "one")
        one.running("numbers")
        one.until(lambda: len(written()) == 3, "the third")
        assert written() == ["1", "2", "3"]
    finally:
        one.kill()
