"""Groups by raw frames, in the order and with the codes that Apache Kafka 4.4.0 (group.initial.rebalance.delay.ms=0) gave to the
same frames: each expected value below was read from its answers."""
import socket
import struct
import time

WAITS = "a request that is not answered yet"


def text(s):
    return struct.pack(">h", -1) if s is None else struct.pack(">h", len(s.encode())) + s.encode()


def blob(b):
    return struct.pack(">i", len(b)) + b


def array(parts):
    return struct.pack(">i", len(parts)) + b"".join(parts)


class Answer:
    def __init__(self, data):
        self.data, self.at = data, 4   # behind the correlation id

    def number(self, form):
        value = struct.unpack_from(">" + form, self.data, self.at)[0]
        self.at += struct.calcsize(form)
        return value

    def taken(self, size):
        self.at += size
        return self.data[self.at - size:self.at]

    def text(self):
        size = self.number("h")
        return None if size < 0 else self.taken(size).decode()

    def blob(self):
        return self.taken(self.number("i"))

    def array(self, one):
        return [one() for _ in range(self.number("i"))]


class Member:
    """One connection, and the id and generation it was told."""

    def __init__(self, server, group, instance=None, id=""):
        host, port = server.kafka_at.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.group, self.instance, self.id, self.generation = group, instance, id, -1

    def send(self, key, version, body):
        frame = struct.pack(">hhi", key, version, 1) + text("c") + body
        self.socket.sendall(struct.pack(">i", len(frame)) + frame)

    def receive(self, seconds=5.0):
        self.socket.settimeout(seconds)
        try:
            size = struct.unpack(">i", self.exactly(4))[0]
        except TimeoutError:
            return None
        self.socket.settimeout(5.0)
        return Answer(self.exactly(size))

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            assert more, "the server closed the connection"
            data += more
        return data

    def ask(self, key, version, body):
        self.send(key, version, body)
        answer = self.receive()
        assert answer, "no answer"
        return answer

    def send_join(self, protocols=(("range", b"x"),), kind="consumer", session_ms=10_000):
        listed = array([text(name) + blob(metadata) for name, metadata in protocols])
        self.send(11, 5, text(self.group) + struct.pack(">ii", session_ms, 60_000) + text(self.id) + text(self.instance) + text(kind) + listed)
        time.sleep(0.05)   # another connection's request comes after it

    def joined(self, seconds=5.0):
        """(code, generation, whether it leads, member ids that a leader is told)"""
        answer = self.receive(seconds)
        if answer is None:
            return WAITS
        answer.number("i")
        code, generation = answer.number("h"), answer.number("i")
        answer.text()
        leader, me = answer.text(), answer.text()
        members = answer.array(lambda: (answer.text(), answer.text(), answer.blob())[0])
        if me:
            self.id = me
        if code == 0:
            self.generation = generation
        return (code, generation, code == 0 and leader == me, sorted(members))

    def join(self, **more):
        self.send_join(**more)
        return self.joined()

    def enter(self, **more):
        told = self.join(**more)
        return self.join(**more) if told[0] == 79 else told

    def send_enter(self, **more):
        assert self.join(**more)[0] == 79
        self.send_join(**more)

    def send_sync(self, **assignments):
        listed = array([text(member) + blob(part) for member, part in assignments.get("parts", {}).items()])
        self.send(14, 3, text(self.group) + struct.pack(">i", self.generation) + text(self.id) + text(self.instance) + listed)
        time.sleep(0.05)

    def synced(self, seconds=5.0):
        answer = self.receive(seconds)
        if answer is None:
            return WAITS
        answer.number("i")
        return answer.number("h"), answer.blob()

    def sync(self, **assignments):
        self.send_sync(**assignments)
        return self.synced()

    def heartbeat(self):
        answer = self.ask(12, 3, text(self.group) + struct.pack(">i", self.generation) + text(self.id) + text(self.instance))
        answer.number("i")
        return answer.number("h")

    def leave(self, *members):
        answer = self.ask(13, 3, text(self.group) + array([text(id) + text(instance) for id, instance in members]))
        answer.number("i")
        return answer.number("h"), answer.array(lambda: (answer.text(), answer.text(), answer.number("h"))[2])

    def commit(self, topic, offset, generation=None, id=None, instance=None, partition=0, metadata="m"):
        generation, id = self.generation if generation is None else generation, self.id if id is None else id
        entry = text(topic) + array([struct.pack(">iqi", partition, offset, -1) + text(metadata)])
        answer = self.ask(8, 7, text(self.group) + struct.pack(">i", generation) + text(id) + text(instance) + array([entry]))
        answer.number("i")
        return answer.array(lambda: (answer.text(), answer.array(lambda: (answer.number("i"), answer.number("h"))[1])[0])[1])[0]

    def offsets(self):
        answer = self.ask(9, 5, text(self.group) + struct.pack(">i", -1))
        answer.number("i")
        partition = lambda: (answer.number("i"), answer.number("q"), answer.number("i"), answer.text(), answer.number("h"))[:2]
        return answer.array(lambda: (answer.text(), answer.array(partition)))

    def state(self):
        answer = self.ask(15, 4, array([text(self.group)]) + b"\0")
        answer.number("i"), answer.number("i"), answer.number("h"), answer.text()
        return answer.text()

    def delete(self):
        answer = self.ask(42, 1, array([text(self.group)]))
        answer.number("i"), answer.number("i"), answer.text()
        return answer.number("h")


def two(server, group):
    """A leader and a follower in the stable generation 2."""
    leads, follows = Member(server, group), Member(server, group)
    assert leads.enter()[:2] == (0, 1)
    assert leads.sync(parts={leads.id: b"a"}) == (0, b"a")
    follows.send_enter()
    assert leads.join()[:2] == (0, 2)
    assert follows.joined()[:2] == (0, 2)
    follows.send_sync()
    assert leads.sync(parts={leads.id: b"a", follows.id: b"b"}) == (0, b"a")
    assert follows.synced() == (0, b"b")
    return leads, follows


def test_a_sole_member_that_knows_another_protocol_only_is_refused(server, name):
    one = Member(server, name)
    one.enter()
    one.sync(parts={one.id: b"a"})
    assert one.join(protocols=(("rr", b"y"),))[0] == 23
    assert one.heartbeat() == 0
    assert one.join(protocols=(("rr", b"y"), ("range", b"z")))[:2] == (0, 2)


def test_a_group_without_a_name_holds_offsets_and_no_members(server, name):
    make_topic(server, name)
    one = Member(server, "", id="x")
    assert one.join()[0] == 24
    assert one.sync() == (24, b"")
    assert one.heartbeat() == 24
    assert one.leave(("x", None)) == (24, [])
    assert one.commit(name, 3, generation=-1, id="") == 0
    assert one.offsets() == [(name, [(0, 3)])]
    assert one.state() == "Empty"
    assert one.delete() == 0
    assert one.state() == "Dead"
    assert one.delete() == 69


def test_commits_while_a_group_rebalances(server, name):
    make_topic(server, name)
    leads, follows = two(server, name)
    assert (leads.commit(name, 1, generation=-1, id=""), leads.commit(name, 1, generation=-1)) == (25, 22)
    assert leads.commit(name, 1, generation=-1, id="", instance="i") == 25
    leads.send_join()
    assert follows.commit(name, 3) == 0
    follows.send_join()
    assert leads.joined()[:2] == follows.joined()[:2] == (0, 3)
    assert (leads.commit(name, 1), follows.commit(name, 1)) == (27, 27)
    follows.send_sync()
    same = Member(server, name, id=follows.id)
    same.generation = 3
    assert (same.commit(name, 1), same.heartbeat()) == (27, 0)


def test_commits_from_outside(server, name):
    make_topic(server, name)
    one = Member(server, name)
    one.enter()
    one.sync(parts={one.id: b"a"})
    assert one.leave((one.id, None)) == (0, [0])
    codes = [one.commit(name, 1, generation=-1, id=id, instance=instance) for id in ("", "somebody") for instance in (None, "i")]
    assert codes == [0, 0, 0, 0]
    assert one.commit(name, 1, generation=-2, id="q", instance="i") == 0
    assert (one.commit(name, 1, generation=1, id="q"), one.commit(name, 1)) == (25, 25)
    assert one.join()[0] == 25


def test_a_commit_is_looked_at_in_kafkas_order(server, name):
    make_topic(server, name)
    one = Member(server, name)
    one.enter()
    one.sync(parts={one.id: b"a"})
    assert one.commit(name, 1, generation=77, partition=9) == 3
    assert one.commit(name, 1, generation=77, metadata="m" * 5000) == 22
    assert one.commit(name, 1, metadata="m" * 5000) == 12
    assert one.commit(name, 1, metadata="m" * 4096) == 0


def test_an_offset_of_minus_one_is_an_offset(server, name):
    make_topic(server, name)
    one = Member(server, name)
    assert one.commit(name, -1, generation=-1, id="", metadata="") == 0
    assert one.offsets() == [(name, [(0, -1)])]


def test_a_static_member_that_starts_again_while_the_leader_assigns(server, name):
    for in_sync in (True, False):
        group = f"{name}-{in_sync}"
        leads, fixed = Member(server, group), Member(server, group, "i1")
        leads.enter()
        leads.sync(parts={leads.id: b"a"})
        fixed.send_join()
        assert leads.join()[:2] == (0, 2)
        assert fixed.joined()[:2] == (0, 2)
        if in_sync:
            fixed.send_sync()
        again = Member(server, group, "i1")
        again.send_join()
        if in_sync:
            assert fixed.synced() == (82, b"")
        else:
            assert fixed.heartbeat() == 82
        assert leads.sync(parts={leads.id: b"a", fixed.id: b"b"}) == (27, b"")
        code, generation, leader, members = leads.join()
        assert (code, generation, leader) == (0, 3, True)
        assert again.joined()[:2] == (0, 3)
        assert members == sorted([leads.id, again.id])
        again.send_sync()
        assert leads.sync(parts={leads.id: b"a", again.id: b"b"}) == (0, b"a")
        assert again.synced() == (0, b"b")


def test_a_static_member_that_starts_again_in_a_stable_group(server, name):
    first = Member(server, name, "i1")
    first.enter()
    first.sync(parts={first.id: b"a"})
    second = Member(server, name, "i1")
    assert second.join() == (0, 1, False, [])
    assert second.sync() == (0, b"a")
    assert first.heartbeat() == 82
    third = Member(server, name, "i1")
    assert third.join(protocols=(("range", b"other topics"),)) == (0, 1, False, [])
    fourth = Member(server, name, "i1")
    assert fourth.join(protocols=(("rr", b"q"), ("range", b"x")))[:3] == (0, 2, True)
    assert Member(server, name, "i1").join(protocols=(("zz", b"q"),))[0] == 23
    assert Member(server, name, "i1", "bogus").join()[0] == 82
    assert Member(server, name, "i2", "bogus").join()[0] == 25
    assert fourth.leave(("bogus", "i1"), ("", "i9"), ("nobody", None), ("", "i1")) == (0, [82, 25, 25, 0])
    assert fourth.state() == "Empty"


def test_a_member_whose_connection_went_comes_back_with_its_id(server, name):
    leads, follows = two(server, name)
    leads.send_join()
    leads.socket.close()
    again = Member(server, name, id=leads.id)
    again.send_join()
    follows.send_join()
    assert follows.joined()[:2] == (0, 3)
    assert again.joined()[:2] == (0, 3)

    group = name + "-completing"
    leads, follows = two(server, group)
    leads.send_join()
    follows.send_join()
    assert leads.joined()[:2] == follows.joined()[:2] == (0, 3)
    follows.send_sync()
    leads.socket.close()
    again = Member(server, group, id=leads.id)
    code, generation, leader, members = again.join()
    assert (code, generation, leader) == (0, 3, True)
    assert again.sync(parts={again.id: b"1", follows.id: b"2"}) == (0, b"1")
    assert follows.synced() == (0, b"2")


def test_an_id_that_was_given_out_is_waited_for(server, name):
    leads, follows = two(server, name)
    leads.send_join()
    comes = Member(server, name)
    assert comes.join()[0] == 79
    assert (comes.heartbeat(), comes.sync()) == (25, (25, b""))
    follows.send_join()
    assert follows.joined(0.3) == WAITS
    comes.send_join()
    assert [one.joined()[:2] for one in (comes, leads, follows)] == [(0, 3)] * 3


def test_followers_and_leaders_that_ask_again(server, name):
    leads, follows = two(server, name)
    assert follows.join() == (0, 2, False, [])
    assert follows.sync() == (0, b"b")
    follows.send_join(protocols=(("range", b"new"),))
    assert leads.heartbeat() == 27
    assert leads.join()[:2] == follows.joined()[:2] == (0, 3)
    assert leads.join()[:3] == (0, 3, True)
    follows.send_join(protocols=(("range", b"newer"),))
    assert leads.sync(parts={leads.id: b"1"}) == (27, b"")
    assert Member(server, name).join(kind="connect")[0] == 23
    assert Member(server, name, id="bogus").join(protocols=(("zz", b""),))[0] == 23


def make_topic(server, name):
    from confluent_kafka.admin import NewTopic

    for made in server.admin().create_topics([NewTopic(name, 2, 1)]).values():
        made.result(10)
