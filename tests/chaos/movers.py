"""Who moves time, resets, and asks for health, through the control calls of the Kinesis door."""
import asyncio
import base64
import datetime
import time

from actors import CARRIED, NAMES, HttpActor, changing, ending
from lines import Gone
from promises import FOR_EVER, Wrong

MOVES = {"advance": 40, "day": 3, "year": 2, "set": 6, "freeze": 6, "resume": 14, "rate": 5, "auto": 2, "liveness": 4, "reset": 3,
         "limits": 4, "streams": 3, "metrics": 3, "watch": 2, "tail": 3, "put": 3}
INVALID, STANDS = ("INVALID_ARGUMENT",), ("FAILED_PRECONDITION", "INVALID_ARGUMENT")
CONTROL = "/_sluice/v1/"


class Mover(HttpActor):
    pauses = (0.05, 0.1, 0.4)
    # What the clock may be at now, also when an answer was lost: sessions see virtual time; it jumps by itself; its rate.
    virtual, automatic, speed = False, False, 1

    async def act(self, draw):
        name = draw.choices(list(MOVES), list(MOVES.values()))[0]
        if self.automatic:
            await self.stand_no_more(draw)
        self.note(name)
        await getattr(self, name)(draw)

    async def move(self, seconds, target, values, draw, cut=True):
        """A jump of the clock, at most of so many seconds: the promises hear of it before and after."""
        world = self.world
        clock = self.promises.clock
        clock.jump(seconds)
        world.jumping += 1

        def over():
            world.jumping -= 1
            world.jumps += 1
            clock.jumped(seconds)
        try:
            result = await self.call(CONTROL + target, values, draw, STANDS, cut=cut)
        except BaseException:
            world.later(over)   # it may happen yet
            raise
        over()
        return result

    async def advance(self, draw):
        seconds = draw.choice((0.001, 1, 10, 60, 600))
        await self.move(seconds, "AdvanceClock", {"span": f"{seconds}s", "expireClients": draw.random() < 0.2}, draw)

    async def day(self, draw):
        await self.move(90_000, "AdvanceClock", {"span": "90000s"}, draw)

    async def year(self, draw):
        await self.move(8_760 * 3600, "AdvanceClock", {"span": f"{8_760 * 3600}s", "expireClients": draw.random() < 0.3}, draw)

    async def set(self, draw):
        seconds = draw.choice((0, 5, 3600))
        status, now = await self.call(CONTROL + "GetClock", {}, draw)
        moment = datetime.datetime.fromisoformat(now["now"].replace("Z", "+00:00")[:19] + "+00:00") + datetime.timedelta(seconds=seconds)
        await self.move(seconds + 1, "SetClock", {"time": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}, draw)

    async def freeze(self, draw):
        await self.call(CONTROL + "FreezeClock", {}, draw, STANDS)

    async def resume(self, draw):
        await self.call(CONTROL + "ResumeClock", {}, draw, STANDS)

    async def rate(self, draw):
        rate = draw.choice((0.5, 1, 1, 60, 3600))
        self.speed = max(self.speed, rate)
        self.promises.clock.set_rate(self.speed)
        await self.move(0, "SetClockRate", {"rate": rate}, draw, cut=False)
        self.speed = rate
        self.promises.clock.set_rate(rate)

    async def auto(self, draw):
        """Until it goes on it may jump by itself: what a stream of Kinesis holds is promised no more."""
        pause, self.automatic = draw.choice((0.1, 0.5)), True
        self.promises.clock.set_rate(FOR_EVER)
        await self.move(0, "AutoClock", {}, draw, cut=False)
        await asyncio.sleep(pause)
        await self.stand_no_more(draw)

    async def stand_no_more(self, draw):
        await self.move(FOR_EVER, "ResumeClock", {}, draw, cut=False)
        self.automatic = False
        self.promises.clock.set_rate(self.speed)

    async def liveness(self, draw):
        """While sessions see virtual time, connections may end of it at any time."""
        virtual, world = draw.random() < 0.4, self.world
        world.jumping += not self.virtual
        self.virtual = True
        kind = "LIVENESS_VIRTUAL" if virtual else "LIVENESS_REAL"
        await self.call(CONTROL + "SetClockLiveness", {"liveness": kind}, draw, STANDS, cut=False)
        world.jumping -= not virtual
        world.jumps += 1
        self.virtual = virtual

    async def reset(self, draw):
        year = draw.choice((None, None, 2025, 2031))
        self.world.commits.clear()
        values = {} if year is None else {"clock": f"{year}-06-01T00:00:00Z"}
        work = self.insist(lambda: self.move(0, "Reset", values, draw, cut=False), lambda told: told[0] >= 429, "Reset")
        await ending(self, NAMES + CARRIED, changing(self, NAMES + CARRIED, work))
        self.world.commits.clear()
        self.world.jumping -= self.virtual
        self.world.jumps += 1
        self.new_server()
        self.promises.clock.set_rate(1)

    def new_server(self):
        self.virtual, self.automatic, self.speed = False, False, 1

    async def limits(self, draw):
        name, profile = draw.choice(NAMES), draw.choice(("none", "none", "kinesis", "kafka"))
        await self.call(CONTROL + "SetLimits", {"stream": name, "profile": profile}, draw,
                        ("NOT_FOUND", "FAILED_PRECONDITION"))

    async def streams(self, draw):
        await self.call(CONTROL + "ListStreams", {}, draw)

    async def metrics(self, draw):
        await self.line.deliver([b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"], draw, "/metrics")
        await self.line.read_text("/metrics")

    async def watch(self, draw):
        """It waits for a throttle, for ten seconds; few of those are spent here."""
        await self.line.deliver([self.line.body(CONTROL + "WatchThrottles", {})], draw, "WatchThrottles")
        try:
            async with asyncio.timeout(1):
                await self.line.read_text("WatchThrottles")
        except TimeoutError:
            self.line.close()
            raise Gone("nothing was throttled") from None

    async def tail(self, draw):
        await self.line.deliver([self.line.body(CONTROL + "Tail", {"stream": draw.choice(NAMES), "most": "50"})], draw, "Tail")
        await self.line.read_text("Tail")

    async def put(self, draw):
        name = draw.choice(NAMES)
        look = self.promises.look(name)
        values, labels = self.values(name, draw, 1, (0, 50, 5000))
        record = {"stream": name, "key": f"{draw.random()}", "data": base64.b64encode(values[0]).decode()}
        status, answer = await self.call(CONTROL + "PutRecord", record, draw, ("NOT_FOUND", "FAILED_PRECONDITION", "RESOURCE_EXHAUSTED"))
        if status == 200:
            self.promises.stored(look, answer["shard"], int(answer["offset"]), labels[0])


class Health(HttpActor):
    """Asks all the time; the slowest answer is told at the end."""
    pauses = (0.1,)

    async def act(self, draw):
        begun = time.monotonic()
        status, answer = await self.line.get("/health")
        if status != 200 or not answer["ready"]:
            raise Wrong(f"/health was answered {status} {answer}")
        self.world.healthy(time.monotonic() - begun)
