"""Clients in their own languages, each from its registry: `make test-clients`. A toolchain that is missing is named; where CI is set
that is a failure."""
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT, Server

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


def run(folder, *command, **environment):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return done.stdout


@pytest.fixture
def server():
    one = Server(None, "--kinesis-limits", "none")
    yield one
    one.stop()


def test_javascript(server):
    needs("node", "npm")
    folder = prepared("javascript", "npm", "install", "--silent")
    told = run(folder, "node", "--test", ENDPOINT=f"http://{server.kinesis_at}")
    assert "pass 3" in told, told


def test_java(server):
    needs("java", "mvn")
    folder = prepared("java", "mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=lib")
    told = run(folder, "java", "-cp", "target/classes:lib/*", "KinesisClients", f"http://{server.kinesis_at}")
    assert told.count("seen: ") == 3, told
