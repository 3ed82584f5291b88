"""Clients in their own languages, each from its registry: `make test-clients`. A toolchain that is missing is named; where CI is set
that is a failure."""
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, Server, until

HERE = Path(__file__).parent
BUILT = ROOT / "build/clients"


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{' and '.join(missing)} are missing here")


def prepared(language, *command):
    """The language's folder below build, where its registry's packages come to."""
    folder = BUILT / language
    shutil.copytree(HERE / language, folder, dirs_exist_ok=True)
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, (done.stdout + done.stderr)[-2000:]
    return folder


def run(folder, *command, seconds=120, **environment):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, env={**os.environ, **environment})
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture
def server(tmp_path):
    one = Server(None, "--kinesis-limits", "none", "--tls-ca", str(tmp_path / "ca.pem"))
    one.trusted = tmp_path / "ca.pem"
    yield one
    one.stop()


def at(server, tls=False):
    return f"https://localhost:{server.kinesis_at.rsplit(':', 1)[1]}" if tls else f"http://{server.kinesis_at}"


def test_javascript(server):
    needs("node", "npm")
    folder = prepared("javascript", "npm", "install", "--silent")
    for tls in (False, True):
        told = run(folder, "node", "--test", ENDPOINT=at(server, tls), NODE_EXTRA_CA_CERTS=str(server.trusted))
        assert "pass 4" in told, told
        server.words("reset")


def test_java(server):
    needs("java", "mvn")
    folder = prepared("java", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KinesisClients", at(server))
    assert told.count("seen: ") == 4, told
    server.words("reset")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KinesisClients", at(server, tls=True), str(server.trusted))
    assert told.count("seen: ") == 1, told


@pytest.fixture(scope="module")
def dynamo():
    """Where KCL keeps its leases: moto's DynamoDB, in a process of its own."""
    folder = BUILT / "moto"
    if not (folder / "bin/moto_server").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin/pip", "install", "-q", "--disable-pip-version-check", "moto[server,dynamodb]==5.2.5"], check=True)
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port = any_port.getsockname()[1]
    process = subprocess.Popen([folder / "bin/moto_server", "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until(lambda: reachable(port), seconds=60)
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def reachable(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("how", ["polling", "fan-out"])
def test_the_kinesis_client_library_reads_through_a_split_and_a_merge(server, dynamo, how):
    needs("java", "mvn")
    folder = prepared("kcl", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KclReader", f"http://{server.kinesis_at}", dynamo, how, seconds=300)
    assert told.count("seen: ") == 4, told
