"""Crash the bridge's work at each of its system calls and look at what is left: `make crash-sweep`.

Exit code 0 where nothing was violated and what is bad on purpose was caught, else 1.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import track

from crash_sweep.archiving import Archiving
from crash_sweep.bad import BAD
from crash_sweep.child import tracing_refused
from crash_sweep.disks import mounting_refused
from crash_sweep.publishing import Publishing
from crash_sweep.scenario import KINDS, POWER_CUT, Result, Scenario
from crash_sweep.serving import Serving
from crash_sweep.sweep import Sweep

ON_CI = os.environ.get("CI", "").lower() in {"1", "true"}
SHOWN = 10
"""Of one kind's violations; the others are counted."""

WORK: Final[dict[str, Callable[[], Scenario]]] = {
    "publishing": Publishing,
    "serving": Serving,
    "archiving": Archiving,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Sweep and return the exit code."""
    chosen = _arguments(arguments)
    impossible = dict(_impossible())
    for kind, why in impossible.items():
        print(f"{kind}: {'FAILED' if ON_CI else 'skipped'}: {why}")
    kinds = [kind for kind in KINDS if kind not in impossible]
    good = not (impossible and ON_CI)
    if kinds:
        good = _sweep(kinds, chosen) and good
    return 0 if good else 1


def _sweep(kinds: Sequence[str], chosen: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory(prefix="crash-sweep-", dir=_in_memory()) as folder:
        sweeping = _Sweeping(Path(folder), kinds, chosen.workers, chosen.every)
        if chosen.bad:
            return sweeping.sweep(BAD[chosen.bad][0]())
        swept = [sweeping.sweep(WORK[name]()) for name in chosen.work or WORK]
        print(f"{sweeping.crashes:,} crashes, {sweeping.violations:,} violations")
        return sweeping.catch_all() and all(swept)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m crash_sweep", description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="crashes side by side (one a processor)")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="crash at every Nth point only")
    parser.add_argument(
        "--work", choices=WORK, action="append", help="sweep this work only; can be given several times"
    )
    parser.add_argument("--bad", choices=BAD, help="sweep work that is bad on purpose, to see what is found")
    return parser.parse_args(arguments)


def _impossible() -> Iterator[tuple[str, str]]:
    """Yield the kinds of crashes that cannot be had here, with the reason."""
    untraced = tracing_refused()
    unmounted = mounting_refused()
    for kind in KINDS:
        if why := untraced or (unmounted if kind == POWER_CUT else None):
            yield kind, why


def _in_memory() -> str | None:
    """Return a folder in memory, where there is one: a sweep syncs thousands of times."""
    return next((folder for folder in ("/dev/shm",) if os.access(folder, os.W_OK)), None)


class _Sweeping:
    """All sweeps of one command, and what it prints of them."""

    def __init__(self, folder: Path, kinds: Sequence[str], workers: int, every: int) -> None:
        self._folder = folder
        self._kinds = kinds
        self._workers = workers
        self._every = every
        self.crashes = self.violations = 0

    def sweep(self, scenario: Scenario) -> bool:
        """Crash a scenario in every way at every point, print what came out, and tell whether nothing was violated."""
        sweep = Sweep(scenario, Path(tempfile.mkdtemp(dir=self._folder)) / scenario.name)
        print(f"{scenario.name}: {len(sweep.points)} points")
        return not sum(self._sweep(sweep, kind) for kind in self._kinds)

    def _sweep(self, sweep: Sweep, kind: str) -> int:
        """Return how many points were violated."""
        began = time.monotonic()
        tasks = sweep.tasks(kind)[:: self._every]
        results = sweep.results(tasks, self._workers)
        watched = track(results, kind, len(tasks), console=_STDERR, transient=True, disable=not _STDERR.is_terminal)
        violated = [result for result in watched if result.violations]
        self.crashes, self.violations = self.crashes + len(tasks), self.violations + len(violated)
        seconds = time.monotonic() - began
        print(f"  {kind:18} {len(tasks):5} points {len(violated):5} violations {seconds:6.0f} s", flush=True)
        for result in violated[:SHOWN]:
            print(f"    {result}")
        return len(violated)

    def catch_all(self) -> bool:
        """Sweep the bad work until each is caught; tell whether all were."""
        print("bad on purpose")
        missed = [name for name, (_, kind) in BAD.items() if kind in self._kinds and not self._catch(name, kind)]
        return not missed

    def _catch(self, name: str, kind: str) -> bool:
        sweep = Sweep(BAD[name][0](), self._folder / name)
        caught = next(self._violations(sweep, kind), None)
        print(f"  {name:18} {f'caught: {caught.task}: {caught.violations[0]}' if caught else 'NOT CAUGHT'}", flush=True)
        return caught is not None

    def _violations(self, sweep: Sweep, kind: str) -> Iterator[Result]:
        """Sweep some points after the others, so that nothing is under way when enough is known."""
        tasks, some = sweep.tasks(kind), 4 * self._workers
        for start in range(0, len(tasks), some):
            violated = [one for one in sweep.results(tasks[start : start + some], self._workers) if one.violations]
            yield from violated


_STDERR = Console(stderr=True)

if __name__ == "__main__":
    sys.exit(main())
