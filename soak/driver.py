"""The soak: days go by, and the daemon is ended in every way there is."""

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from settlement_bridge.model import Book
from settlement_bridge.sandbox import Sandbox, World, parse_mix, scenario
from settlement_bridge.sandbox.stored import together
from soak.importer import Importer
from soak.place import Place, environment, set_up

PATIENCE = 120.0
MIX = ",".join(f"{kind}:0.004" for kind in ("401", "429", "500", "503", "html", "repeat", "cut", "reset", "shortened"))
"""Passing faults that cost little time; what else the API can do has tests of its own."""
ENDINGS = ("killed", "killed", "killed", "killed", "terminated", "terminated twice")


@dataclass(frozen=True)
class Plan:
    """How long, how hard, and by which dice."""

    seed: int
    days: int = 20
    kills: int = 100
    faults: bool = True


@dataclass
class Result:
    """What came of it."""

    plan: Plan
    files: int = 0
    taken: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    memory: list[int] = field(default_factory=list)
    """KiB resident after each run of a daemon that was left alone."""
    violations: list[str] = field(default_factory=list)


def merchants(days: int, seed: int) -> World:
    """Return ledgers of several kinds, over some days."""
    return together([scenario(name, days=days, seed=seed) for name in ("webshop", "chain-of-shops", "rolling-reserve")])


def soak(folder: Path, plan: Plan, told: Callable[[str], None] = lambda _: None) -> Result:
    """Let days go by under a daemon and return what came of it."""
    world = merchants(plan.days, plan.seed)
    expected = undisturbed(folder / "undisturbed", world)
    mix = parse_mix(MIX, plan.seed) if plan.faults else None
    with Sandbox(world, page_size=20, mix=mix) as sandbox:
        place = set_up(folder / "place", sandbox, world)
        importer = Importer(place.published, expected, random.Random(f"importer {plan.seed}"))
        result = Result(plan)
        importer.start()
        try:
            _Soak(plan, world, sandbox, place, result, told).go()
        finally:
            importer.stop()
    result.files, result.taken = len(expected), len(importer.taken)
    result.violations += importer.violations
    result.violations += [f"{path} never came" for path in sorted(importer.missing())]
    result.violations += [f"{path} is left over" for path in place.files() if path not in expected]
    return result


def undisturbed(folder: Path, world: World) -> Mapping[str, bytes]:
    """Return what one run publishes that nothing disturbs."""
    with Sandbox(world) as sandbox:
        place = set_up(folder, sandbox, world)
        done = place.run("sync")
        if done.returncode:
            raise RuntimeError(f"the undisturbed run failed: {done.stdout}{done.stderr}")
        return place.files()


class _Soak:
    def __init__(
        self,
        plan: Plan,
        world: World,
        sandbox: Sandbox,
        place: Place,
        result: Result,
        told: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._sandbox = sandbox
        self._place = place
        self._result = result
        self._told = told
        self._dice = random.Random(plan.seed)
        ledgers = map(world.ledger, range(len(world)))
        self._entries = max(sum(len(ledger.book(book)) for book in Book) for ledger in ledgers)
        self._daemon: subprocess.Popen[bytes] | None = None

    def go(self) -> None:
        """Show a little more of the books at every step, and end the daemon as often as planned."""
        steps = max(self._plan.days, self._plan.kills)
        ends = set(self._dice.sample(range(steps), self._plan.kills))
        with self._log_open() as log:
            for step in range(steps):
                self._sandbox.reveal(self._entries * (step + 1) // steps)
                self._have_it_run(log)
                if step in ends:
                    self._end()
                else:
                    self._wait_for_a_run()
                self._told(f"step {step + 1} of {steps}")
            self._sandbox.reveal(None)
            for _ in range(6):  # what the API's faults kept back comes with these at the latest
                self._have_it_run(log)
                self._wait_for_a_run()
            self._end("terminated")

    @contextmanager
    def _log_open(self) -> Iterator[int]:
        log = os.open(self._place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield log
        finally:
            os.close(log)
            if self._daemon:
                self._daemon.kill()
                self._daemon.wait()
            if b"Traceback" in self._place.log.read_bytes():
                self._result.violations.append(f"there is a traceback in {self._place.log}")

    def _have_it_run(self, log: int) -> None:
        """Start a daemon, or have the one there is begin a run."""
        self._ended_before = self._runs_ended()
        if self._daemon is None:
            self._place.let_the_lease_run_out()
            self._starts_before = self._starts()
            self._daemon = subprocess.Popen(
                self._place.command("run"), stdout=subprocess.DEVNULL, stderr=log, env=environment()
            )
        else:
            self._daemon.send_signal(signal.SIGHUP)

    def _runs_ended(self) -> int:
        return self._place.log.read_bytes().count(b'"event": "waiting"')

    def _starts(self) -> int:
        return self._place.log.read_bytes().count(b'"event": "ready"')

    def _wait_for_a_run(self) -> None:
        self._until(lambda: self._runs_ended() > self._ended_before)
        self._result.runs += 1
        if self._daemon:
            self._result.memory.append(resident(self._daemon.pid))

    def _end(self, how: str | None = None) -> None:
        """End the daemon a little after some more requests and files."""
        daemon, how = self._daemon, how or self._dice.choice(ENDINGS)
        if daemon is None:
            return
        events = self._events() + self._dice.randrange(40)
        idle = time.monotonic() + self._dice.uniform(0.2, 3)
        self._until(lambda: self._events() >= events or time.monotonic() > idle or daemon.poll() is not None)
        time.sleep(self._dice.uniform(0, 0.02))
        orderly = how == "terminated" and self._starts() > self._starts_before
        if how == "killed":
            daemon.kill()
        else:
            daemon.terminate()
            if how == "terminated twice":
                time.sleep(self._dice.uniform(0, 0.05))
                daemon.terminate()
        code = daemon.wait(PATIENCE)
        self._result.endings[how] += 1
        # One signal while it starts ends it as a second one does.
        at_once = set() if orderly else {128 + signal.SIGTERM, -signal.SIGTERM}
        if code not in ({-signal.SIGKILL} if how == "killed" else {0} | at_once):
            self._result.violations.append(f"{how}, it ended with {code}")
        self._daemon = None

    def _events(self) -> int:
        """Count what can be seen of it from outside."""
        return len(self._sandbox.requests) + sum(len(names) for _, _, names in os.walk(self._place.published))

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise RuntimeError(f"nothing happened for {PATIENCE:g} s; see {self._place.log}")
            time.sleep(0.002)


def resident(pid: int) -> int:
    """Return the KiB of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
