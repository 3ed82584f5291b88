"""Plays generated histories on Apache Kafka and on sluice and tells where the answers differ: docs/testing.md, `make kafka-diff`.

diff.py --seconds 600            histories one after the other, from a seed of the time
diff.py --seed N                 that history alone, told step by step
"""

import argparse
import collections
import pathlib
import re
import sys
import threading
import time
import traceback

import pair
import servers
from histories import History

here = pathlib.Path(__file__).parent


def arguments():
    words = argparse.ArgumentParser()
    words.add_argument("--sluice", default=servers.root / "build/release/sluice")
    words.add_argument("--speaker", default=servers.root / "build/release/speaker")
    words.add_argument("--install", default=servers.root / "build/kafka", help="where Kafka's jars are, or are put")
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--from", dest="first", type=int, default=int(time.time()) * 1000)
    words.add_argument("--seed", type=int)
    words.add_argument("--histories", type=int, default=10**9)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--themes", default="")
    words.add_argument("--ports", help="KAFKA,SLUICE of servers that run already")
    words.add_argument("--all", action="store_true", help="print each history that differs")
    return words.parse_args()


def main():
    asked = arguments()
    own = []
    if asked.ports:
        ports = [int(port) for port in asked.ports.split(",")]
    else:
        own = [servers.start_kafka(str(asked.install)), servers.start_sluice(str(asked.sluice))]
        ports = [server.port for server in own]
    try:
        return compare(asked, ports)
    finally:
        for server in own:
            server.end()


def supported(speaker):
    """The versions of each API that Kafka tells."""
    names = {key: name for name, key in keys().items()}
    speaker.tell(
        {
            "do": "ask",
            "c": "versions",
            "api": "ApiVersions",
            "v": 4,
            "f": {"clientSoftwareName": "diff", "clientSoftwareVersion": "1"},
        }
    )
    told = speaker.hear()["answer"]["apiKeys"]
    versions = {names[api["apiKey"]]: (api["minVersion"], api["maxVersion"]) for api in told if api["apiKey"] in names}
    return {**versions, "GetTelemetrySubscriptions": (0, 0), "PushTelemetry": (0, 0), "Produce": (3, versions["Produce"][1])}


def keys():
    found = {}
    for file in (servers.root / "protocol/kafka/messages").glob("*.h"):
        for key, name in re.findall(r'\.key = (\d+), \.name = "(\w+)"', file.read_text()):
            found[name] = int(key)
    return found


def warm_up(speaker, base_ms):
    """Lets Kafka make its internal topics."""
    for kind, key in ((0, "warm"), (1, "warm"), (2, "warm:MkU3OEVBNTcwNTJENDM2Qg:0")):
        for _ in range(300):
            speaker.tell(
                {"do": "ask", "c": "warm", "api": "FindCoordinator", "v": 4, "f": {"keyType": kind, "coordinatorKeys": [key]}}
            )
            if speaker.hear()["answer"]["coordinators"][0]["errorCode"] == 0:
                break
            time.sleep(0.1)
    speaker.tell({"do": "ask", "c": "warm", "api": "InitProducerId", "v": 4, "f": {"transactionTimeoutMs": 1000}})
    speaker.hear()  # 0, Kafka's first producer id, is not told from none


def compare(asked, ports):
    base_ms = int(time.time() * 1000) - 3_600_000
    allowed = pair.Allowed(here / "allowed.txt")
    run = f"{int(time.time()) % 46656:05d}"
    first = servers.Speaker(asked.speaker, ports[0])
    versions = supported(first)
    warm_up(first, base_ms)
    first.end()
    until = time.monotonic() + asked.seconds
    start = asked.first if asked.seed is None else asked.seed
    most = asked.histories if asked.seed is None else 1
    state = {"next": 0, "played": 0, "different": 0, "steps": 0}
    kinds, example = collections.Counter(), {}
    lock = threading.Lock()

    def work():
        speakers = [servers.Speaker(asked.speaker, port) for port in ports]
        while True:
            with lock:
                if time.monotonic() > until or state["next"] >= most:
                    break
                seed = start + state["next"]
                state["next"] += 1
            history = pair.Pair(speakers, ports, f"d{run}-{seed % 10**6:06d}-", base_ms, allowed)
            try:
                History(history, seed, versions).play(asked.themes.split(",") if asked.themes else None)
            except Exception as wrong:  # a history that cannot go on is told like one that differs
                history.found.append("the history broke off: " + repr(wrong) + traceback.format_exc()[-300:])
            history.end()
            with lock:
                state["played"] += 1
                state["steps"] += sum(1 for line in history.lines if line.startswith("@"))
                if history.found:
                    state["different"] += 1
                    for line in history.found:
                        kind = re.sub(r"\d+", "#", line)
                        kinds[kind] += 1
                        example.setdefault(kind, (seed, line))
                if asked.seed is not None or (asked.all and history.found):
                    print(f"== SEED={seed}")
                    print("\n".join(history.lines + [line for line in history.found if line.startswith("the history")]))
        for speaker in speakers:
            speaker.end()

    workers = [threading.Thread(target=work) for _ in range(asked.workers if asked.seed is None else 1)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for kind, count in kinds.most_common():
        seed, line = example[kind]
        print(f"{count:5} SEED={seed} {line}")
    print(
        f"histories: {state['played']}, steps: {state['steps']}, with a difference that nothing explains: {state['different']}; "
        f"FROM={start}; explained differences: {sum(allowed.used.values())}"
    )
    return 1 if state["different"] else 0


if __name__ == "__main__":
    sys.exit(main())
