"""Apicurio, a schema registry whose only store is a Kafka: it writes each change to a topic, takes it in when it reads it back, and begins by
reading all of the topic. `make test-clients`. With KAFKA_PEER=HOST:PORT it meets another Kafka."""
import collections
import json
import os
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
from pathlib import Path

import pytest
from conftest import Server, rest, until
from test_languages import needs, prepared


def newer_java():
    """A Java that runs what was compiled for 21: the one on the path, or another that is installed."""
    for java in filter(None, [shutil.which("java"), *map(str, sorted(Path("/usr/lib/jvm").glob("*/bin/java")))]):
        told = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60).stderr
        version = re.search(r'version "(\d+)', told)
        if version and int(version[1]) >= 21:
            return java
    return None


class Registry:
    def __init__(self, folder, java, kafka_at):
        settings = {"APICURIO_STORAGE_KIND": "kafkasql", "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": kafka_at, "QUARKUS_HTTP_HOST": "127.0.0.1",
                    "QUARKUS_HTTP_PORT": "0", "QUARKUS_MANAGEMENT_HOST": "127.0.0.1", "QUARKUS_MANAGEMENT_PORT": "0"}
        self.process = subprocess.Popen([java, "-Xmx400m", "-XX:TieredStopAtLevel=1", "-jar", "quarkus-run.jar"], cwd=folder / "registry", text=True,
                                        env={**os.environ, **settings}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.told = collections.deque(maxlen=60)
        listens = next(filter(None, (re.search(r"Listening on: http://(127\S+?:\d+)", self.heard(line)) for line in self.process.stdout)), None)
        assert listens, "".join(self.told)
        self.at = listens[1]
        threading.Thread(target=lambda: [self.heard(line) for line in self.process.stdout], daemon=True).start()
        until(self.ready, 60, "the registry to have read its topic")

    def heard(self, line):
        self.told.append(line)
        return line

    def ready(self):
        assert self.process.poll() is None, "".join(self.told)
        try:
            return self.ask("GET", "/apis/ccompat/v7/subjects") is not None
        except urllib.error.HTTPError as early:
            assert early.code == 503, "".join(self.told)
            return False

    def ask(self, method, path, body=None):
        return rest(method, f"http://{self.at}{path}", body)

    def register(self, subject, *fields):
        schema = {"type": "record", "name": "order", "fields": [{"name": name, "type": "string", "default": ""} for name in fields]}
        return self.ask("POST", f"/apis/ccompat/v7/subjects/{subject}/versions", {"schema": json.dumps(schema)})["id"]

    def fields(self, subject, version):
        told = self.ask("GET", f"/apis/ccompat/v7/subjects/{subject}/versions/{version}")
        return [field["name"] for field in json.loads(told["schema"])["fields"]]

    def end(self, how):
        self.process.send_signal(how)
        self.process.wait(60)


def test_a_schema_registry_keeps_its_schemas_in_topics_of_sluice(tmp_path):
    needs("mvn")
    java = newer_java() or needs("java (21 or newer)")
    folder = prepared("apicurio", "mvn", "-q", "-B", "compile")
    server = None if "KAFKA_PEER" in os.environ else Server(tmp_path / "data")
    kafka_at = os.environ.get("KAFKA_PEER") or server.kafka_at
    registries = []

    def started():
        registries.append(Registry(folder, java, kafka_at))
        return registries[-1]

    try:
        one = started()
        first, second = one.register("orders-value", "id"), one.register("orders-value", "id", "note")
        assert first != second and one.register("orders-value", "id") == first     # the same text is the same schema
        gone = [one.register(f"subject-{n}", f"field{n}") for n in range(20)][3]
        one.ask("DELETE", "/apis/ccompat/v7/subjects/subject-3")
        one.ask("DELETE", "/apis/ccompat/v7/subjects/subject-3?permanent=true")
        one.ask("PUT", "/apis/ccompat/v7/config/orders-value", {"compatibility": "FULL"})
        with pytest.raises(urllib.error.HTTPError) as refused:
            one.ask("POST", "/apis/ccompat/v7/subjects/orders-value/versions",
                    {"schema": json.dumps({"type": "record", "name": "order", "fields": [{"name": "id", "type": "long"}]})})
        assert refused.value.code == 409

        # Another registry at the same time takes in what the first one writes.
        other = started()
        third = one.register("orders-value", "id", "note", "later")
        until(lambda: other.ask("GET", "/apis/ccompat/v7/subjects/orders-value/versions") == [1, 2, 3], 30, "the other registry to follow")
        other.end(signal.SIGTERM)

        # Both are killed; the registry that comes knows what the topic holds.
        one.end(signal.SIGKILL)
        if server:
            server.kill()
            server.start()
            kafka_at = server.kafka_at
        again = started()
        assert [again.fields("orders-value", version) for version in (1, 2, 3)] == [["id"], ["id", "note"], ["id", "note", "later"]]
        assert set(again.ask("GET", "/apis/ccompat/v7/subjects")) == {"orders-value"} | {f"subject-{n}" for n in range(20) if n != 3}
        assert again.register("orders-value", "id", "note", "later") == third and again.register("new", "new") > max(third, gone)
        assert again.ask("GET", "/apis/ccompat/v7/config/orders-value")["compatibilityLevel"] == "FULL"
    finally:
        for registry in registries:
            if registry.process.poll() is None:
                registry.end(signal.SIGKILL)
        if server:
            server.stop()
