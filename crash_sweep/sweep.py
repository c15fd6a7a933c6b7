"""A sweep: a scenario's work crashed at every one of its points, side by side."""

import multiprocessing
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from crash_sweep.child import Work
from crash_sweep.ground import PlainGround
from crash_sweep.points import Point, points_of
from crash_sweep.scenario import POWER_CUT, Result, Scenario, Task
from crash_sweep.worker import Worker


class Sweep:
    """A scenario with its points, ready to be crashed at each of them."""

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        folder.mkdir()
        self._scenario = scenario
        self._folder = folder
        self._prepared = folder / "prepared"
        scenario.prepare(self._prepared)
        self.points = self._find_points()

    def tasks(self, kind: str) -> list[Task]:
        """Return the crashes of one kind."""
        return [Task(kind, point) for point in self.points if kind != POWER_CUT or point.changes]

    def results(self, tasks: Sequence[Task], workers: int) -> Iterator[Result]:
        """Yield what each crash leads to, as they are done."""
        fork = multiprocessing.get_context("fork")  # the work loads nothing because all is loaded here
        with fork.Pool(workers, _begin, (self._scenario, self._prepared, self._folder)) as pool:
            yield from pool.imap_unordered(_crash, tasks)

    def _find_points(self) -> list[Point]:
        """Do the work undisturbed: once in this process, which loads what is loaded late, and twice to compare."""
        ground = PlainGround(self._prepared, self._folder)
        ground.prepare()
        work = partial(self._scenario.work, ground.place)
        work(lambda _: None)
        self._scenario.learn(ground.place)
        first, second = (self._trace(ground, work) for _ in range(2))
        if first != second:
            raise RuntimeError(f"{self._scenario.name} does not make the same calls every time")
        return first

    def _trace(self, ground: PlainGround, work: Work) -> list[Point]:
        ground.prepare()
        points, ended = points_of(work, self._folder / "calls")
        if ended.code != 0:
            raise RuntimeError(f"{self._scenario.name} fails undisturbed: {ended}")
        return points


_worker: Worker


def _begin(scenario: Scenario, prepared: Path, folder: Path) -> None:
    global _worker  # noqa: PLW0603 (this is how a pool's processes keep something)
    _worker = Worker(scenario, prepared, folder)


def _crash(task: Task) -> Result:
    return _worker.crash(task)
