"""One crash after the other, in folders of one's own."""

import signal
import tempfile
from collections.abc import Iterator
from functools import cached_property, partial
from pathlib import Path

from crash_sweep.child import UNEXPECTED, Ended, here, run
from crash_sweep.disks import PoweredGround, hide_mounts
from crash_sweep.ground import Ground, PlainGround
from crash_sweep.points import failing, killing
from crash_sweep.scenario import KILLED, POWER_CUT, Result, Scenario, Task
from settlement_bridge.errors import EXIT_DONE, EXIT_FAILED, EXIT_TRY_LATER


class Worker:
    """Crashes a scenario at one point at a time."""

    def __init__(self, scenario: Scenario, prepared: Path, folder: Path) -> None:
        self._scenario = scenario
        self._prepared = prepared
        self._folder = Path(tempfile.mkdtemp(dir=folder))

    def crash(self, task: Task) -> Result:
        """Begin anew, crash, and look at what is left."""
        ground = self._powered if task.kind == POWER_CUT else self._plain
        ground.prepare()
        work = partial(self._scenario.work, ground.place)
        log = self._folder / "calls"
        kills = task.kind in (KILLED, POWER_CUT)
        ended = run(work, killing(task.point) if kills else failing(task.point, task.kind.split()[0], log))
        ground.crash()
        found = list(_not_crashed(ended) if kills else _not_told(task, ended, log.read_text()))
        found += self._scenario.violations(ground, ended, partial(here, work))
        return Result(task, tuple(found))

    @cached_property
    def _plain(self) -> Ground:
        return PlainGround(self._prepared, self._folder)

    @cached_property
    def _powered(self) -> Ground:
        hide_mounts()
        return PoweredGround(self._prepared, self._scenario.disks, self._folder)


def _not_crashed(ended: Ended) -> Iterator[str]:
    if ended.code != -signal.SIGKILL:
        yield f"was not reached: the work ended with {ended.code}: {ended.said}"


def _not_told(task: Task, ended: Ended, log: str) -> Iterator[str]:
    """Say whether the error did not come, or kept the work from being done without a sentence for a person."""
    if log.count("(INJECTED)") != 1:
        yield "was not reached"
    if UNEXPECTED in ended.said or ended.code < 0:
        yield f"ended with {ended.code}: {ended.said}"
    elif ended.code not in _exit_codes(task) or (ended.code and not ended.said):
        yield f"ended with {ended.code}: {ended.said or 'without a word'}"


def _exit_codes(task: Task) -> set[int]:
    """Return how work may end: done after all, or to be tried again. SQLite takes a read that fails for damage."""
    damage = {EXIT_FAILED} if task.kind.startswith("EIO") and task.point.call == "pread64" else set()
    return {EXIT_DONE, EXIT_TRY_LATER} | damage
