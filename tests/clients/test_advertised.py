"""Where Kafka clients are told to connect (rule 25): behind a TCP proxy on another port, over IPv6, with several listeners.

A client asks one address for metadata and then connects to what it was told, so what counts is that records go through.
"""
import socket
import threading
import uuid

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from conftest import Server, produce, until
from test_bad_input import address


class Proxy:
    """Passes bytes on to one address and counts its connections: a published port, as a container runtime makes it."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.at = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.target, self.accepted, self.live, self.sockets = None, 0, set(), []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(address(self.target))
            except OSError:   # stopped meanwhile
                client.close()
                continue
            self.accepted += 1
            self.live.add(server)
            self.sockets += [client, server]
            for one, other in (client, server), (server, client):
                threading.Thread(target=self.pump, args=(one, other), daemon=True).start()

    def pump(self, one, other):
        try:
            while data := one.recv(65536):
                other.sendall(data)
        except OSError:
            pass
        for end in one, other:
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.live -= {one, other}

    def close(self):
        for end in [self.listener, *self.sockets]:
            end.close()


@pytest.fixture
def proxy():
    one = Proxy()
    yield one
    one.close()


def told(at):
    """The one broker of the metadata, as HOST:PORT."""
    [broker] = AdminClient({"bootstrap.servers": at}).list_topics(timeout=10).brokers.values()
    return f"{broker.host}:{broker.port}"


def round_trip(at):
    """Produces to a new topic and reads it back by a consumer group, both from this bootstrap address."""
    topic = f"t-{uuid.uuid4().hex[:12]}"
    produce(Producer({"bootstrap.servers": at, "linger.ms": 0}), topic, [b"one", b"two"])
    consumer = Consumer({"bootstrap.servers": at, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    got = []
    try:
        until(lambda: (m := consumer.poll(0.2)) and not m.error() and got.append(m.value()) or len(got) == 2, what="two messages")
    finally:
        consumer.close()
    assert got == [b"one", b"two"]




def test_behind_a_proxy_a_rule_sends_every_connection_through_it(proxy):
    server = Server(None, "--kafka-advertised", f"127.0.0.0/8={proxy.at}")
    try:
        proxy.target = server.kafka_at
        assert told(proxy.at) == proxy.at != server.kafka_at
        before = proxy.accepted
        round_trip(proxy.at)
        assert proxy.accepted >= before + 4   # producer and consumer: each asks for metadata, then connects to the broker
        # Nobody goes around the proxy: whoever is connected to the server came through it.
        stays = server.producer(**{"bootstrap.servers": proxy.at})
        produce(stays, "stays", [b"x"])
        until(lambda: server.json("health")["kafkaConnections"] == len(proxy.live) >= 1, what="as many connections here as there")
    finally:
        server.stop()


def test_behind_a_proxy_set_advertised_does_it_live_and_off_undoes_it(server, proxy):
    proxy.target = server.kafka_at
    assert told(proxy.at) == server.kafka_at   # the address it came to, as the server sees it
    server.words("advertise", proxy.at)
    try:
        assert told(proxy.at) == proxy.at
        before = proxy.accepted
        round_trip(proxy.at)
        assert proxy.accepted >= before + 4
    finally:
        server.words("advertise", "off")
    assert told(proxy.at) == server.kafka_at


def ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        return True
    except OSError:
        return False


def free_port(host):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as s:
        return s.getsockname()[1]


@pytest.mark.skipif(not ipv6(), reason="this machine has no IPv6 loopback")
def test_clients_work_over_ipv6_and_by_both_kinds_of_address_on_one_listener():
    server = Server(None, "--kafka", "[::1]:0")
    try:
        assert server.kafka_at.startswith("[::1]:")
        assert told(server.kafka_at) == server.kafka_at.replace("[", "").replace("]", "")
        round_trip(server.kafka_at)
    finally:
        server.stop()
    server = Server(None, "--kafka", "[::]:0", "--kafka-advertised", "::1/128=[::1]:1")
    try:
        port = address(server.kafka_at)[1]
        assert told(f"127.0.0.1:{port}") == f"127.0.0.1:{port}"   # not ::ffff:127.0.0.1
        round_trip(f"127.0.0.1:{port}")
        assert told(f"[::1]:{port}") == "::1:1"
    finally:
        server.stop()


def test_each_of_several_listeners_tells_its_own_address(proxy):
    """As brokers in containers are set up: one listener for the inside, one for the published port."""
    inside, outside = free_port("127.0.0.1"), free_port("127.0.0.2")
    server = Server(None, "--kafka", f"127.0.0.1:{inside},127.0.0.2:{outside}={proxy.at}")
    try:
        proxy.target = f"127.0.0.2:{outside}"
        assert server.kafka_at == f"127.0.0.1:{inside}"
        assert told(server.kafka_at) == server.kafka_at
        round_trip(server.kafka_at)
        assert proxy.accepted == 0
        assert told(f"127.0.0.2:{outside}") == proxy.at
        round_trip(proxy.at)
        assert proxy.accepted >= 4
    finally:
        server.stop()


def test_without_addresses_of_their_own_listeners_tell_the_one_a_client_came_to():
    one, two = free_port("127.0.0.1"), free_port("127.0.0.3")
    server = Server(None, "--kafka", f"127.0.0.1:{one}", "--kafka", f"127.0.0.3:{two}")
    try:
        for at in f"127.0.0.1:{one}", f"127.0.0.3:{two}":
            assert told(at) == at
            round_trip(at)
    finally:
        server.stop()
