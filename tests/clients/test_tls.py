"""TLS at the Kinesis door, on the port that also takes plain connections: boto3 and curl with the authority that the server made."""
import contextlib
import json
import os
import signal
import ssl
import socket
import stat
import subprocess
import urllib.request

import boto3
import pytest
from botocore.config import Config
from conftest import Server, read_shard
from test_http2 import SIGNED, curl


@pytest.fixture(scope="module")
def trusted(server, tmp_path_factory):
    """What clients are to trust, as the server says it."""
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    path.write_bytes(urllib.request.urlopen(f"http://{server.kinesis_at}/ca.pem", timeout=10).read())
    return str(path)


def port(server):
    return int(server.kinesis_at.rsplit(":", 1)[1])


def secure(server, trusted, host="localhost"):
    return boto3.client("kinesis", endpoint_url=f"https://{host}:{port(server)}", region_name="us-east-1", verify=trusted,
                        aws_access_key_id="test", aws_secret_access_key="test", config=Config(retries={"total_max_attempts": 1}))


def test_boto3_writes_over_tls_what_others_read_without(server, name, trusted):
    kinesis = secure(server, trusted)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    records = [{"PartitionKey": "k", "Data": bytes([65 + n]) * 100_000} for n in range(9)]
    assert kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0
    assert [record["Data"] for record in read_shard(server.kinesis(), name)] == [record["Data"] for record in records]
    assert [record["Data"] for record in read_shard(kinesis, name)] == [record["Data"] for record in records]
    assert [message.value() for message in server.read_all(name)] == [record["Data"] for record in records]


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_speaks_either_http_over_tls_as_it_asked_for(server, name, trusted, version):
    asked = ["--cacert", trusted, version, *SIGNED, "-H", "X-Amz-Target: Kinesis_20131202.ListStreams", "-d", "{}", "-w", "%{http_version}"]
    answer = curl(*asked, f"https://localhost:{port(server)}/")
    assert answer.endswith("1.1" if version == "--http1.1" else "2")
    assert "StreamNames" in json.loads(answer[:answer.rindex("}") + 1])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_certificate_is_good_for_this_machine(server, trusted, host):
    assert "StreamNames" in secure(server, trusted, host).list_streams()


def test_who_does_not_trust_the_authority_is_told_by_its_library_and_the_log_says_what_to_do(tmp_path):
    server = Server(tmp_path / "data")
    server.stop()
    command = [*server.process.args]
    command.remove("--quiet")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    at = json.loads(process.stdout.readline())["kinesis"]
    context = ssl.create_default_context()
    with pytest.raises(ssl.SSLCertVerificationError), socket.create_connection(at.rsplit(":", 1)) as plain:
        context.wrap_socket(plain, server_hostname="localhost")
    # The server has heard of it when it has served the next one.
    context = ssl.create_default_context(cafile=str(tmp_path / "data/ca.pem"))
    with socket.create_connection(at.rsplit(":", 1)) as plain, context.wrap_socket(plain, server_hostname="localhost") as secured:
        assert secured.version() == "TLSv1.3"
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=10)[1]
    assert process.returncode == 0
    assert "TLS handshake failed" in said and "/ca.pem" in said, said


def test_the_authority_is_kept_in_the_data_folder_and_its_key_is_the_owners_alone(durable):
    folder = durable.folder
    known = (folder / "ca.pem").read_bytes()
    assert urllib.request.urlopen(f"http://{durable.kinesis_at}/ca.pem", timeout=10).read() == known
    assert stat.S_IMODE(os.stat(folder / "authority.pem").st_mode) == 0o600
    durable.restart()
    assert (folder / "ca.pem").read_bytes() == known
    assert secure(durable, str(folder / "ca.pem")).list_streams()["StreamNames"] == []


def test_a_given_certificate_is_shown_and_another_name_can_be_asked_for(tmp_path):
    made = Server(None, "--tls-name", "sluice.example", "--tls-ca", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
    with socket.create_connection(made.kinesis_at.rsplit(":", 1)) as plain:
        with context.wrap_socket(plain, server_hostname="sluice.example") as secured:
            names = [value for _, value in secured.getpeercert()["subjectAltName"]]
    made.stop()
    assert "sluice.example" in names
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "own.pem",
                    "-subj", "/CN=given", "-addext", "subjectAltName=DNS:localhost", "-days", "2"], check=True, capture_output=True)
    given = Server(None, "--tls-certificate", str(tmp_path / "own.pem"), "--tls-key", str(tmp_path / "key.pem"))
    try:
        assert secure(given, str(tmp_path / "own.pem")).list_streams()["StreamNames"] == []
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://{given.kinesis_at}/ca.pem", timeout=10)
        assert refused.value.code == 404 and b"--tls-certificate" in refused.value.read()
    finally:
        given.stop()


def test_hundreds_of_handshakes_at_once_are_all_served(server, trusted):
    context = ssl.create_default_context(cafile=trusted)
    context.set_alpn_protocols(["http/1.1"])
    plain = [socket.create_connection(server.kinesis_at.rsplit(":", 1)) for _ in range(200)]
    secured = [context.wrap_socket(one, server_hostname="localhost", do_handshake_on_connect=False) for one in plain]
    for one in secured:
        one.setblocking(False)
        with contextlib.suppress(ssl.SSLWantReadError):   # unless the server was quicker than this loop
            one.do_handshake()   # every hello is on its way before anybody waits for an answer
    for one in secured:
        one.settimeout(30)
        one.do_handshake()
        one.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for one in secured:
        assert one.recv(15) == b"HTTP/1.1 200 OK"
        one.close()
