"""The program under test: started with the sanitizers awake, stopped by SIGTERM, and looked at from outside."""
import contextlib
import json
import os
import signal
import subprocess
import time

from promises import Wrong

# An exit later than this after SIGTERM is a fault. The leak sanitizer looks through all memory first.
STOPS_WITHIN = 30
REPORTS = ("Sanitizer", "runtime error:", "terminate called", "Assertion")
FLAGS = {"memory": ["--ephemeral"], "process": ["--durability", "process"], "power": ["--durability", "power"],
         "full": ["--max-data", "32MiB"], "full-memory": ["--ephemeral", "--max-memory", "32MiB"]}


class Server:
    def __init__(self, program, folder, mode, draw):
        self.folder, self.program = folder, program
        self.durable = "--ephemeral" not in FLAGS[mode]
        self.flags = FLAGS[mode] + (["--data", str(folder / "data")] if self.durable else [])
        self.flags += ["--kinesis-limits", draw.choice(("none", "none", "kinesis")), "--state-delay", draw.choice(("0s", "0s", "200ms"))]
        self.delays = self.flags[-1] != "0s"
        self.flags += ["--channel-folder", str(folder / "s3")]
        self.flags += ["--kafka-config", "group.min.session.timeout.ms=100", "--kafka-config", "group.initial.rebalance.delay.ms=200"]
        self.starts, self.process, self.told = 0, None, None

    def start(self):
        self.starts += 1
        self.told = self.folder / f"told-{self.starts}"
        sanitizers = {"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=64", "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
        ours = {name: text for name, text in os.environ.items() if not name.startswith("SLUICE_")}
        doors = [part for name in ("kinesis", "kafka", "control") for part in (f"--{name}", "127.0.0.1:0")]
        with open(self.told, "wb") as told:
            self.process = subprocess.Popen([self.program, "serve", "--quiet", *doors, *self.flags], stdout=subprocess.PIPE, stderr=told,
                                            env={**ours, **sanitizers})
        for line in self.process.stdout:
            if line.startswith(b"{"):
                doors = json.loads(line)
                self.kinesis, self.kafka = doors["kinesis"], doors["kafka"]
                return
        self.process.wait()
        raise Wrong(f"the server did not start again (exit {self.process.returncode}): {self.words()}")

    def words(self):
        """What it wrote to standard error: a report from its beginning, or else the end."""
        said = self.told.read_text("utf-8", "replace")
        begins = [at for report in REPORTS if (at := said.find(report)) >= 0]
        return said[max(0, min(begins) - 20):][:4000] if begins else said[-2000:]

    def check_alive(self):
        if self.process.poll() is not None:
            raise Wrong(f"the server died with {self.process.returncode}: {self.words()}")

    def ask_to_stop(self):
        """A second SIGTERM would end it at once, so there is one."""
        self.check_alive()
        self.asked = time.monotonic()
        self.process.send_signal(signal.SIGTERM)

    def ended(self):
        """Seconds from SIGTERM to an exit without a fault."""
        try:
            self.process.wait(STOPS_WITHIN)
        except subprocess.TimeoutExpired:
            raise Wrong(f"the server runs on {STOPS_WITHIN} s after SIGTERM") from None
        finally:
            took = time.monotonic() - self.asked
            self.kill()
        said = self.told.read_text("utf-8", "replace")
        if self.process.returncode != 0 or any(report in said for report in REPORTS):
            raise Wrong(f"the server ended with {self.process.returncode}: {self.words()}")
        return took

    def kill(self):
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def descriptors(self):
        told, folder = [], f"/proc/{self.process.pid}/fd"
        for number in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):   # closed since it was listed
                told.append(os.readlink(f"{folder}/{number}"))
        return sorted(told)
