"""Logins, TLS, ACLs and quotas at the Kafka door, with librdkafka."""
import base64
import json
import select
import socket
import ssl
import struct
import subprocess
import time
import urllib.request

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (AclBinding, AclBindingFilter, AclOperation, AclPermissionType, AdminClient, NewTopic, ResourcePatternType,
                                   ResourceType, ScramCredentialInfo, ScramMechanism, UserScramCredentialDeletion,
                                   UserScramCredentialUpsertion)
from conftest import PROGRAM, Server, produce


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    one = Server(tmp_path_factory.mktemp("guarded") / "data", "--kafka-auth", "required", "--kafka-user", "alice:secret", "--kafka-user",
                 "root:toor", "--kafka-config", "super.users=User:root", "--kafka-config", "delegation.token.secret.key=k")
    yield one
    one.stop()


@pytest.fixture(scope="module")
def trusted(server, tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    path.write_bytes(urllib.request.urlopen(f"http://{server.kinesis_at}/ca.pem", timeout=10).read())
    return str(path)


@pytest.fixture(scope="module")
def trusted_by_guarded(guarded, tmp_path_factory):
    path = tmp_path_factory.mktemp("tls") / "ca.pem"
    path.write_bytes(urllib.request.urlopen(f"http://{guarded.kinesis_at}/ca.pem", timeout=10).read())
    return str(path)


def login(user="alice", password="secret", mechanism="PLAIN", protocol="SASL_PLAINTEXT", **more):
    return {"security.protocol": protocol, "sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password, **more}


def wait_for(futures):
    return {key: future.result(20) for key, future in futures.items()}


def first_error(client_class, settings, seconds=15):
    """What librdkafka reports first."""
    errors = []
    client = client_class({**settings, "error_cb": errors.append})
    end = time.monotonic() + seconds
    while not errors and time.monotonic() < end:
        client.poll(0.1)
    return errors[0] if errors else None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_known_user_writes_and_reads(guarded, name, mechanism):
    produce(guarded.producer(**login(mechanism=mechanism)), name, [b"1", b"2"])
    consumer = guarded.consumer(**login(mechanism=mechanism))
    consumer.assign([TopicPartition(name, 0, 0), TopicPartition(name, 1, 0), TopicPartition(name, 2, 0), TopicPartition(name, 3, 0)])
    got = [message.value() for message in consumer.consume(2, 20)]
    consumer.close()
    assert sorted(got) == [b"1", b"2"]


def frame(api, version, body):
    """A request with the correlation id 7 and the client id "x"."""
    whole = struct.pack(">hhih", api, version, 7, 1) + b"x" + body
    return struct.pack(">i", len(whole)) + whole


def answer(connection):
    def exactly(size):
        got = b""
        while len(got) < size:
            more = connection.recv(size - len(got))
            assert more, "the connection ended within an answer"
            got += more
        return got
    return exactly(struct.unpack(">i", exactly(4))[0])


@pytest.mark.parametrize("protocol", ["plain", "tls"])
def test_a_refused_client_that_goes_on_sending_reads_why_and_then_the_end(guarded, trusted_by_guarded, protocol):
    host, port = guarded.kafka_at.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=10)
    if protocol == "tls":
        context = ssl.create_default_context(cafile=trusted_by_guarded)
        connection = context.wrap_socket(connection, server_hostname="localhost", suppress_ragged_eofs=False)
    connection.sendall(frame(17, 1, struct.pack(">h", 5) + b"PLAIN"))
    answer(connection)
    token = b"\0alice\0wrong"
    connection.sendall(frame(36, 0, struct.pack(">i", len(token)) + token))
    select.select([connection], [], [], 10)   # the answer is here, so the server has sent its last
    for _ in range(20):
        connection.sendall(frame(3, 1, struct.pack(">i", 0)))
    assert struct.unpack(">h", answer(connection)[4:6]) == (58,)
    assert connection.recv(1) == b""   # over TLS: by a close_notify, and no reset before it
    connection.close()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_a_wrong_password_is_told_to_the_application(guarded, mechanism):
    told = first_error(Producer, {"bootstrap.servers": guarded.kafka_at, **login(password="wrong", mechanism=mechanism)})
    assert told and told.code() == KafkaError._AUTHENTICATION, told


def test_who_says_nothing_gets_nothing_where_a_login_is_required(guarded):
    with pytest.raises(KafkaException):
        guarded.producer().list_topics(timeout=3)


def test_any_user_and_password_is_let_in_by_default(server, name):
    produce(server.producer(**login("whoever", "whatever")), name, [b"1"])
    produce(server.producer(), name, [b"2"])
    assert server.producer().list_topics(name, timeout=10).topics[name].error is None


def test_users_are_made_told_and_deleted_by_admin_clients(guarded):
    admin = AdminClient({"bootstrap.servers": guarded.kafka_at, **login()})
    made = UserScramCredentialUpsertion("carol", ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 8192), b"pw")
    wait_for(admin.alter_user_scram_credentials([made]))
    carol = login("carol", "pw", "SCRAM-SHA-512")
    assert guarded.producer(**carol).list_topics(timeout=10).brokers
    guarded.restart()
    assert guarded.producer(**carol).list_topics(timeout=10).brokers
    admin = AdminClient({"bootstrap.servers": guarded.kafka_at, **login()})
    told = wait_for(admin.describe_user_scram_credentials(["carol"]))["carol"]
    assert [(one.mechanism, one.iterations) for one in told.scram_credential_infos] == [(ScramMechanism.SCRAM_SHA_512, 8192)]
    wait_for(admin.alter_user_scram_credentials([UserScramCredentialDeletion("carol", ScramMechanism.SCRAM_SHA_512)]))
    assert first_error(Producer, {"bootstrap.servers": guarded.kafka_at, **carol}).code() == KafkaError._AUTHENTICATION


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_librdkafka_speaks_tls_on_the_same_port(server, name, trusted, protocol):
    settings = {**login(protocol=protocol), "ssl.ca.location": trusted} if protocol == "SASL_SSL" else {
        "security.protocol": "SSL", "ssl.ca.location": trusted}
    values = [bytes([65 + n]) * 200_000 for n in range(9)]
    produce(server.producer(**settings), name, values)
    consumer = server.consumer(**settings)
    consumer.assign([TopicPartition(name, partition, 0) for partition in range(4)])
    got = []
    end = time.monotonic() + 20
    while len(got) < len(values) and time.monotonic() < end:
        message = consumer.poll(0.5)
        if message is not None:
            assert message.error() is None
            got.append(message.value())
    consumer.close()
    assert sorted(got) == values


def test_who_does_not_trust_the_authority_is_told_by_its_library(server):
    told = first_error(Producer, {"bootstrap.servers": server.kafka_at, "security.protocol": "SSL"})
    assert told and "ssl" in told.str().lower(), told


def test_a_token_of_oauthbearer_names_its_user(server, name):
    def token(_):
        now = int(time.time())
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
        return f'{part({"alg": "none"})}.{part({"sub": "dave", "iat": now, "exp": now + 600})}.', now + 600

    settings = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "oauth_cb": token}
    producer = server.producer(**settings)
    producer.poll(0)
    produce(producer, name, [b"1"])


def test_an_acl_bites_once_it_exists_and_lets_through_when_it_is_gone(server, name):
    admin = server.admin()
    wait_for(admin.create_topics([NewTopic(name, 1)]))
    open_to_alice = AclBinding(ResourceType.TOPIC, name, ResourcePatternType.LITERAL, "User:alice", "*", AclOperation.ALL, AclPermissionType.ALLOW)
    wait_for(admin.create_acls([open_to_alice]))
    alice, bob = server.producer(**login("alice")), server.producer(**login("bob"))
    produce(alice, name, [b"1"])
    with pytest.raises((AssertionError, KafkaException), match="TOPIC_AUTHORIZATION_FAILED"):
        produce(bob, name, [b"2"], partition=0)
    assert bob.list_topics(name, timeout=10).topics[name].error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
    every = AclBindingFilter(ResourceType.TOPIC, name, ResourcePatternType.MATCH, None, None, AclOperation.ANY, AclPermissionType.ANY)
    assert admin.describe_acls(every).result(10) == [open_to_alice]
    assert wait_for(admin.delete_acls([every]))[every] == [open_to_alice]
    produce(server.producer(**login("bob")), name, [b"3"])


def test_a_super_user_is_never_refused(guarded, name):
    root = login("root", "toor")
    admin = AdminClient({"bootstrap.servers": guarded.kafka_at, **root})
    wait_for(admin.create_topics([NewTopic(name, 1)]))
    none = AclBinding(ResourceType.TOPIC, name, ResourcePatternType.PREFIXED, "User:*", "*", AclOperation.ALL, AclPermissionType.DENY)
    wait_for(admin.create_acls([none]))
    produce(guarded.producer(**root), name, [b"1"])
    with pytest.raises((AssertionError, KafkaException), match="TOPIC_AUTHORIZATION_FAILED"):
        produce(guarded.producer(**login()), name, [b"2"], partition=0)


# ---- certificates of clients (mutual TLS) ----

def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def certificate(folder, subject, issuer=None):
    """Paths of a certificate and its key, issued by `issuer` (a file with a certificate and its key) or by itself."""
    key, request, made = folder / "key.pem", folder / "request.pem", folder / "cert.pem"
    folder.mkdir(parents=True, exist_ok=True)
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", request, "-subj", subject)
    signed = ["-CA", issuer, "-CAkey", issuer, "-CAcreateserial", "-CAserial", folder / "serial"] if issuer else ["-signkey", key]
    openssl("x509", "-req", "-in", request, "-out", made, "-days", "2", *signed)
    return made, key


def shown(cert, trusted):
    return {"security.protocol": "SSL", "ssl.ca.location": str(trusted), "ssl.certificate.location": str(cert[0]), "ssl.key.location": str(cert[1])}


def topics_of(server, settings):
    return AdminClient({"bootstrap.servers": server.kafka_at, **settings}).list_topics(timeout=10).topics


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    """Clients show certificates of the server's own authority; CN is the user."""
    folder = tmp_path_factory.mktemp("certified") / "data"
    one = Server(folder, "--kafka-auth", "required", "--kafka-config", "ssl.client.auth=requested", "--kafka-config",
                 "ssl.principal.mapping.rules=RULE:^CN=(.*?),.*$/$1/L,DEFAULT", "--kafka-config", "super.users=User:root",
                 "--kafka-config", "allow.everyone.if.no.acl.found=false", "--topic", "t")
    yield one
    one.stop()


def test_a_client_is_who_its_certificate_says_and_acls_are_about_that(certified, tmp_path):
    authority, ca = certified.folder / "authority.pem", certified.folder / "ca.pem"
    root = AdminClient({"bootstrap.servers": certified.kafka_at, **shown(certificate(tmp_path / "root", "/O=x/CN=Root", authority), ca)})
    alice = shown(certificate(tmp_path / "alice", "/O=x/CN=Alice", authority), ca)
    assert "t" not in topics_of(certified, alice)
    wait_for(root.create_acls([AclBinding(ResourceType.TOPIC, "t", ResourcePatternType.LITERAL, "User:alice", "*", AclOperation.ALL,
                                          AclPermissionType.ALLOW)]))
    assert "t" in topics_of(certified, alice)
    assert "t" not in topics_of(certified, shown(certificate(tmp_path / "bob", "/O=x/CN=Bob", authority), ca))


def test_a_certificate_of_a_foreign_authority_ends_the_connection(certified, tmp_path):
    foreign = shown(certificate(tmp_path / "foreign", "/CN=Alice/O=x"), certified.folder / "ca.pem")
    assert first_error(Producer, {"bootstrap.servers": certified.kafka_at, **foreign}).code() in (KafkaError._SSL, KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN)


def test_where_certificates_are_only_requested_a_client_without_one_may_log_in_by_another_way(certified):
    settings = {"security.protocol": "SSL", "ssl.ca.location": str(certified.folder / "ca.pem")}
    told = first_error(Producer, {"bootstrap.servers": certified.kafka_at, **settings})
    assert told is not None   # nobody vouches for it, and logins are required


def test_a_required_certificate_of_a_given_authority(tmp_path):
    authority = certificate(tmp_path / "authority", "/CN=Authority")
    both = tmp_path / "both.pem"
    both.write_bytes(authority[0].read_bytes() + authority[1].read_bytes())
    folder = tmp_path / "data"
    one = Server(folder, "--kafka-config", "ssl.client.auth=required", "--kafka-config", f"ssl.truststore.location={authority[0]}", "--topic", "t")
    try:
        ca = folder / "ca.pem"
        assert "t" in topics_of(one, shown(certificate(tmp_path / "alice", "/CN=Alice", both), ca))
        assert first_error(Producer, {"bootstrap.servers": one.kafka_at, "security.protocol": "SSL", "ssl.ca.location": str(ca)}) is not None
        own = shown(certificate(tmp_path / "own", "/CN=Alice", folder / "authority.pem"), ca)
        assert first_error(Producer, {"bootstrap.servers": one.kafka_at, **own}) is not None
    finally:
        one.stop()


def test_a_trust_store_that_is_not_pem_is_told_at_the_start(tmp_path):
    store = tmp_path / "store.jks"
    store.write_bytes(b"\xfe\xed\xfe\xed")
    done = subprocess.run([str(PROGRAM), "serve", "--ephemeral", "--kafka-config", f"ssl.truststore.location={store}"], capture_output=True,
                          text=True, timeout=20)
    assert done.returncode != 0
    assert "holds no certificate in PEM form" in done.stderr
