"""One history on both servers: a step is asked of both, what is left to chance gets names, and what differs is noted."""

import json
import re
import time

# What a server chooses by chance. The first value that a history sees of a kind is called <kind 1>.
chance = {
    "memberId": "member",
    "leader": "member",
    "topicId": "topic",
    "clusterId": "cluster",
    "clientInstanceId": "client",
    "sessionId": "session",
    "producerId": "producer",
    "tokenId": "token",
    "hmac": "hmac",
    "replicaDirectoryId": "directory",
}
# In which order the elements of a list are compared: by what names them.
named_by = (
    "name",
    "topicName",
    "topic",
    "topicId",
    "groupId",
    "key",
    "transactionalId",
    "memberId",
    "resourceName",
    "partitionIndex",
    "partition",
    "index",
    "producerId",
)
# What is asked again as long as the answers differ, because Kafka carries out some changes behind their answers.
reads = {
    "Metadata",
    "DescribeTopicPartitions",
    "DescribeConfigs",
    "ListOffsets",
    "OffsetFetch",
    "DescribeGroups",
    "ListGroups",
    "ConsumerGroupDescribe",
    "ShareGroupDescribe",
    "StreamsGroupDescribe",
    "DescribeShareGroupOffsets",
    "DescribeTransactions",
    "ListTransactions",
    "DescribeProducers",
    "DescribeAcls",
    "DescribeClientQuotas",
    "DescribeUserScramCredentials",
    "DescribeCluster",
    "ListConfigResources",
    "OffsetForLeaderEpoch",
    "DescribeLogDirs",
    "FindCoordinator",
}
# Kafka's "not yet": it is asked again, alone, when sluice did not answer so.
not_yet = {5, 6, 14, 15, 16, 51}
patience_s = {"reads": 0.5, "not yet": 3}
pause_s = 0.03


class Both:
    """A value that differs between the servers, to be put into requests."""

    def __init__(self, values):
        self.values = values


def resolved(value, side):
    if isinstance(value, Both):
        return value.values[side]
    if isinstance(value, dict):
        return {name: resolved(part, side) for name, part in value.items()}
    if isinstance(value, list):
        return [resolved(part, side) for part in value]
    return value


def codes(answer):
    """Every error code of an answer."""
    if isinstance(answer, dict):
        for name, part in answer.items():
            if name.endswith("rrorCode"):
                yield part
            else:
                yield from codes(part)
    elif isinstance(answer, list):
        for part in answer:
            yield from codes(part)


class Names:
    """What a server left to chance, and how it is called."""

    def __init__(self, prefix, base_ms, port):
        self.prefix, self.base_ms, self.port = prefix, base_ms, port
        self.called = {}
        self.count = {}

    def call(self, kind, value):
        if value not in self.called:
            self.count[kind] = self.count.get(kind, 0) + 1
            self.called[value] = f"<{kind} {self.count[kind]}>"
        return self.called[value]

    def plain(self, value, name="", fresh=True):
        """The value as it is compared. Without `fresh`, what was not seen before has no name yet."""
        if isinstance(value, dict):
            return {key: self.plain(part, key, fresh) for key, part in value.items()}
        if isinstance(value, list):
            return [self.plain(part, name, fresh) for part in value]
        if isinstance(value, bool) or value is None:
            return value
        kind = chance.get(name)
        if kind and value not in ("", 0, -1, "AAAAAAAAAAAAAAAAAAAAAA"):
            if value in self.called or fresh:
                return self.call(kind, value)
            return f"<{kind}>"
        if isinstance(value, str):
            text = value.replace(self.prefix, "P")
            for raw, called in self.called.items():
                if isinstance(raw, str) and len(raw) > 8:
                    text = text.replace(raw.replace(self.prefix, "P"), called)
            text = re.sub(r"-?\b\d{13,19}\b", self.moment, text)
            return re.sub(rf"\b{self.port}\b", "<port>", text)
        if name == "port" and value == self.port:
            return "<port>"
        if isinstance(value, int) and self.base_ms - 10**7 < value < self.base_ms + 10**6:
            return f"base{value - self.base_ms:+}"
        if isinstance(value, int) and abs(value - time.time() * 1000) < 120_000:
            return "now"
        return value

    def moment(self, found):
        """A time in a text: now, or as far before it as a time can be."""
        number, now = int(found[0]), time.time() * 1000
        for least, called in ((0, "now"), (-(2**63), "long ago")):
            if abs(number - least - now) < 120_000:
                return f"<{called}>"
        return found[0]

    def compared(self, answer):
        answer = with_topics_once(answer)
        return in_order(self.plain(in_order(answer, lambda part: self.plain(part, fresh=False))), lambda part: part)


def with_topics_once(answer):
    """An answer to Fetch tells its partitions in any order, and a topic's name as often as another topic stood between them."""
    told = answer.get("responses") if isinstance(answer, dict) else None
    if not told or not all(isinstance(topic, dict) and "partitions" in topic for topic in told):
        return answer
    merged = {}
    for topic in told:
        name = (topic.get("topic"), topic.get("topicId"))
        merged.setdefault(name, {**topic, "partitions": []})["partitions"].extend(topic["partitions"])
    return {**answer, "responses": list(merged.values())}


def order_of(part):
    if not isinstance(part, dict):
        return json.dumps(part)
    return json.dumps([[part.get(name) for name in named_by], part if "records" not in part else 0])


def in_order(value, seen):
    """Sorts the lists of an answer by what `seen` makes of their elements, but for records."""
    if isinstance(value, dict):
        return {name: part if name == "records" else in_order(part, seen) for name, part in value.items()}
    if isinstance(value, list):
        return sorted((in_order(part, seen) for part in value), key=lambda part: order_of(seen(part)))
    return value


def differences(kafka, sluice, path=""):
    if isinstance(kafka, dict) and isinstance(sluice, dict):
        for name in list(kafka) + [name for name in sluice if name not in kafka]:
            yield from differences(kafka.get(name, "(absent)"), sluice.get(name, "(absent)"), f"{path}.{name}")
    elif isinstance(kafka, list) and isinstance(sluice, list):

        def key(part):
            return json.dumps([part.get(name) for name in named_by]) if isinstance(part, dict) else json.dumps(part)

        if [key(part) for part in kafka] == [key(part) for part in sluice]:
            for mine, other in zip(kafka, sluice):
                yield from differences(
                    mine, other, path + (f"[{mine['name']}]" if path.endswith((".configs", ".synonyms")) else "[]")
                )
            return
        left = list(sluice)
        for part in kafka:
            found = next((other for other in left if key(other) == key(part)), None)
            if found is None:
                yield path + "[]", part, "(absent)"
            else:
                left.remove(found)
                yield from differences(part, found, path + "[]")
        for part in left:
            yield path + "[]", "(absent)", part
    elif kafka != sluice:
        yield path, kafka, sluice


class Pair:
    """The two servers as one history sees them."""

    def __init__(self, speakers, ports, prefix, base_ms, allowed):
        self.speakers = speakers  # Kafka's, sluice's
        self.names = [Names(prefix, base_ms, port) for port in ports]
        self.prefix, self.base_ms, self.allowed = prefix, base_ms, allowed
        self.lines = []  # the history as text
        self.found = []  # (signature, line) of each difference that nothing explains
        self.used = set()  # connections

    def step(self, step, sides=(0, 1)):
        for side in sides:
            self.speakers[side].tell({**step, "c": self.prefix + step["c"], "f": resolved(step.get("f", {}), side)})
        return [self.speakers[side].hear() for side in sides]

    def ask(self, who, api, version, fields, *, mine=False, ms=5000, silent=False):
        """Asks both and compares. Yields both answers, {} for one that did not come. With `mine` lists are
        compared without what other histories made."""
        self.used.add(who)
        step = {"do": "send" if silent else "ask", "c": who, "api": api, "v": version, "f": fields, "ms": ms, "silent": silent}
        came = self.step(step)
        begun = time.monotonic()
        while not silent and "parked" not in came:
            past = time.monotonic() - begun
            if api in reads and past < patience_s["reads"] and self.compare(api, version, came, mine):
                came = self.step(step)
            elif self.waits(came) and past < patience_s["not yet"]:
                came[0] = self.step(step, (0,))[0]
            elif api == "Fetch" and self.told_of_partitions(fields, came) and past < patience_s["not yet"]:
                came[1] = self.step(step, (1,))[0]
            else:
                break
            time.sleep(pause_s)
        return self.note(f"@{who} {api} v{version}", fields, api, version, came, mine)

    def waits(self, came):
        kafka, sluice = (set(codes(one.get("answer"))) if isinstance(one, dict) else set() for one in came)
        return bool((kafka & not_yet) - sluice)

    def told_of_partitions(self, fields, came):
        """sluice says NOT_LEADER_OR_FOLLOWER once to each connection when a topic gets other partitions. In a session the same
        cannot be asked twice."""
        if fields["sessionEpoch"] != -1:
            return False
        kafka, sluice = (set(codes(one.get("answer"))) if isinstance(one, dict) else set() for one in came)
        return 6 in sluice - kafka

    def send(self, who, api, version, fields):
        """Begins a request whose answer `take` waits for."""
        self.used.add(who)
        self.step({"do": "send", "c": who, "api": api, "v": version, "f": fields})
        self.lines.append(f"@{who} {api} v{version} {self.shown(fields)} (begun)")

    def take(self, who, api, version, ms=5000):
        return self.note(f"@{who} {api} v{version} answers", None, api, version, self.step({"do": "take", "c": who, "ms": ms}))

    def close(self, who):
        self.step({"do": "close", "c": who})
        self.used.discard(who)
        self.lines.append(f"@{who} closes")

    def end(self):
        for who in sorted(self.used):
            self.step({"do": "close", "c": who})

    def both(self, answers, *path):
        """The value at a path of both answers, for requests; None where it is not in both."""
        values = []
        for answer in answers:
            for name in path:
                try:
                    answer = answer[name]
                except (KeyError, IndexError, TypeError):
                    return None
            values.append(answer)
        return Both(values)

    def shown(self, fields):
        return json.dumps(self.names[0].plain(resolved(fields, 0), fresh=False))

    def compare(self, api, version, came, mine=False):
        """What differs and is not allowed."""
        if any(not isinstance(one, dict) or "answer" not in one for one in came):
            pairs = [("", *("an answer" if isinstance(one, dict) and "answer" in one else json.dumps(one) for one in came))]
            pairs = [pair for pair in pairs if pair[1] != pair[2] or "fault" in pair[1]]
        else:
            sides = [self.names[side].compared(self.kept(came[side]["answer"], mine)) for side in (0, 1)]
            pairs = differences(*sides)
        lines = []
        for path, kafka, sluice in pairs:
            line = f"{api} v{version} {path}: kafka {json.dumps(kafka)} sluice {json.dumps(sluice)}"
            if not self.allowed.explains(line):
                lines.append(line)
        return lines

    def kept(self, answer, mine):
        if not mine:
            return answer

        def ours(part):
            names = [part[name] for name in ("name", "topicName", "groupId", "transactionalId", "resourceName") if part.get(name)]
            return all(self.prefix in name for name in names)

        return {
            name: [one for one in part if not isinstance(one, dict) or ours(one)] if isinstance(part, list) else part
            for name, part in answer.items()
        }

    def note(self, title, fields, api, version, came, mine=False):
        self.lines.append(title + ("" if fields is None else " " + self.shown(fields)))
        wrong = self.compare(api, version, came, mine)
        for side, name in enumerate(("kafka", "sluice") if wrong else ("both",)):
            one = came[side]
            text = self.names[side].compared(self.kept(one["answer"], mine)) if isinstance(one, dict) and "answer" in one else one
            self.lines.append(f"    {name}: {json.dumps(text)}")
        for line in wrong:
            self.lines.append("  ! " + line)
            self.found.append(line)
        return [one["answer"] if isinstance(one, dict) and "answer" in one else {} for one in came]


class Allowed:
    """The differences that are meant: a line is a regular expression, two spaces, #, and the reason."""

    def __init__(self, file):
        self.rules = []
        self.used = {}
        for line in open(file):
            if line.strip() and not line.startswith("#"):
                pattern, _, reason = line.rstrip("\n").partition("  # ")
                if not reason:
                    raise SystemExit(f"{file}: no reason behind {line}")
                self.rules.append(re.compile(pattern.strip()))

    def explains(self, line):
        for rule in self.rules:
            if rule.search(line):
                self.used[rule.pattern] = self.used.get(rule.pattern, 0) + 1
                return True
        return False
