"""Members of two groups that join, assign, commit and leave, and vanish at any of these; and a commit that must be found again."""
import asyncio
import struct

from actors import GROUPS, NAMES, Actor
from lines import Gone
from promises import Wrong

# 22 another generation, 25 nobody of that id, 27 the group rebalances, 82 another has the instance's id.
MEMBER = {0, 22, 25, 27, 82}


def texts(names):
    return struct.pack(">i", len(names)) + b"".join(struct.pack(">h", len(n)) + n.encode() for n in names)


def owner(member):
    """Whose assignment it is: an instance's, whichever member id it has now, or a member's. An instance's ids begin with its name."""
    return member[:2].encode() if member.startswith("i") else member.encode()


class Member(Actor):
    """One step of a member's life after the other; a connection that ends leaves the group to find out."""

    def opened(self):
        self.member, self.generation, self.group, self.leads = "", -1, None, []

    async def step(self, name, values, draw, codes):
        """What may wait for other members that will never come is given up after a while."""
        try:
            async with asyncio.timeout(12):
                return await self.ask(name, values, draw, codes)
        except TimeoutError:
            self.line.close()
            raise Gone("others did not come") from None

    async def act(self, draw):
        group, instance = draw.choice(GROUPS), draw.choice((None, None, None, f"i{draw.randint(0, 2)}"))
        protocols = draw.sample(("range", "roundrobin", "sticky"), 2) + ["common"]
        session, rebalance, topics = draw.choice((500, 2000, 6000)), draw.choice((300, 1500, 3000)), draw.sample(NAMES, 2)
        steps = [draw.choice(("heartbeat", "heartbeat", "commit", "commit", "fetch", "wait", "rejoin")) for _ in range(draw.randint(0, 6))]
        lasts = [draw.choice((0, 0.02, 0.3)) for _ in steps]
        leave, commits = draw.random() < 0.5, [(draw.choice(NAMES), draw.randrange(4), draw.randrange(1000)) for _ in steps]
        if not self.member or group != self.group:
            self.opened()
            self.group = group
        joined = {"group": group, "session": session, "rebalance": rebalance, "instance": instance, "type": "consumer",
                  "protocols": [{"name": p, "metadata": b"\0\0" + texts(topics) + b"\xff\xff\xff\xff"} for p in protocols], "reason": None}
        if not await self.join(joined, draw):
            return
        for step, last, (name, shard, offset) in zip(steps, lasts, commits):
            me = {"group": group, "generation": self.generation, "member": self.member, "instance": instance}
            if step == "heartbeat":
                told = await self.ask("Heartbeat", me, draw, MEMBER)
                if told["code"] in (25, 82):
                    return self.opened()
            elif step == "commit":
                told = await self.ask("OffsetCommit", {**me, "kept": -1, "topics": [{"name": name, "partitions": [
                    {"index": shard, "offset": offset, "leader_epoch": -1, "metadata": "m"}]}]}, draw)
                self.allow("OffsetCommit", told["topics"][0]["partitions"][0]["code"], MEMBER | {3})
            elif step == "fetch":
                told = await self.ask("OffsetFetch", {"group": group, "stable": False, "topics": [{"name": name, "partitions": [shard]}]}, draw)
                self.allow("OffsetFetch", told["topics"][0]["partitions"][0]["code"], {0, 3})
            elif step == "rejoin" and not await self.join(joined, draw):
                return
            await asyncio.sleep(last)
        if leave and self.member:
            told = await self.ask("LeaveGroup", {"group": group, "member": self.member, "members": [
                {"member": self.member, "instance": instance, "reason": None}]}, draw, {0, 25, 82})
            for left in told.get("members", []):
                self.allow("LeaveGroup", left["code"], {0, 25, 82})
            self.opened()

    async def join(self, values, draw):
        """Whether it is a member with an assignment now."""
        for _ in range(2):
            told = await self.step("JoinGroup", {**values, "member": self.member}, draw, {0, 25, 27, 79, 82})
            if told["code"] not in (0, 79):
                self.opened()
                self.group = values["group"]
                return False
            self.member = told["member"]
            if not self.member:
                raise Wrong(f"{self.name} {self.count}: JoinGroup gave no member id: {told}")
            if told["code"] == 0:
                break
        else:
            return False
        self.generation = told["generation"]
        if told["leader"] == self.member and not any(m["member"] == self.member for m in told["members"]):
            raise Wrong(f"{self.name} {self.count}: the leader is no member: {told}")
        assigned = {m["member"]: owner(m["member"]) for m in told["members"]} if told["leader"] == self.member else {}
        synced = await self.step("SyncGroup", {
            "group": values["group"], "generation": self.generation, "member": self.member, "instance": values["instance"],
            "type": "consumer", "protocol": told["protocol"],
            "assignments": [{"member": m, "assignment": a} for m, a in assigned.items()]}, draw, MEMBER)
        if synced["code"] == 0 and synced["assignment"] not in (b"", owner(self.member)):
            raise Wrong(f"{self.name} {self.count}: {self.member} was given what belongs to {synced['assignment']!r}")
        if synced["code"] in (25, 82):
            self.opened()
            self.group = values["group"]
        return synced["code"] == 0


class Committer(Actor):
    """Commits growing offsets from outside, for a group that nobody joins: the last acknowledged one is read back."""
    pauses = (0, 0.02, 0.2)
    group, topic = "o0", "t2"

    async def act(self, draw):
        shard, offset = draw.randrange(2), self.count
        forget, lost = draw.random() < 0.03, draw.random() < 0.05
        kept = self.world.commits
        if forget:
            kept.clear()
            told = await self.ask("DeleteGroups", {"groups": [self.group]}, draw, cut=False)
            kept.clear()
            return self.allow("DeleteGroups", told["groups"][0]["code"], {0, 69})
        epoch = kept.epoch
        look = self.promises.look(self.topic)
        commit = {"index": shard, "offset": offset, "leader_epoch": -1, "metadata": ""}
        try:
            told = await self.ask("OffsetCommit", {
                "group": self.group, "generation": -1, "member": "", "instance": None, "kept": -1,
                "topics": [{"name": self.topic, "partitions": [commit]}]}, draw, cut=lost)
        except Gone:
            kept.clear()   # it may be carried out after the next one
            self.world.later(kept.clear)
            raise
        code = told["topics"][0]["partitions"][0]["code"]
        self.allow("OffsetCommit", code, {0, 3})
        if code == 0 and self.promises.holds(look) and kept.epoch == epoch:
            kept.least[shard] = (offset, look)
        await self.check(self.line, draw.choice((1, 3, 5, 7)))

    async def check(self, line, version):
        kept = self.world.commits
        before = {shard: told for shard, told in kept.least.items() if self.promises.holds(told[1])}
        epoch = kept.epoch
        answer = await line.ask("OffsetFetch", {"group": self.group, "stable": False, "topics": [
            {"name": self.topic, "partitions": [0, 1]}]}, version=version)
        found = {p["index"]: p["offset"] for p in answer["topics"][0]["partitions"]}
        for shard, (offset, look) in before.items():
            if kept.epoch == epoch and self.promises.holds(look) and found.get(shard, -1) < offset and not self.world.old(look):
                raise Wrong(f"offset {offset} of {self.topic}/{shard} was committed and {found.get(shard)} is read")


class Commits:
    """What the committer was told is stored, by partition; the group may have ended in between."""

    def __init__(self):
        self.least, self.epoch = {}, 0

    def clear(self):
        self.least, self.epoch = {}, self.epoch + 1
