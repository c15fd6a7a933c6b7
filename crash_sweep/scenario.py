"""What can be swept, and what a sweep finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from crash_sweep.child import Ended, Say
from crash_sweep.ground import Ground
from crash_sweep.points import ERRORS, Point

KILLED: Final = "killed before"
POWER_CUT: Final = "power cut before"
KINDS: Final = (KILLED, *(f"{error} at" for error in ERRORS), POWER_CUT)
"""What happens at a point, as one says it."""


class Scenario(Protocol):
    """Work that must survive crashes."""

    @property
    def name(self) -> str:
        """What the work is, in a word."""

    @property
    def disks(self) -> tuple[str, ...]:
        """The folders of its place that are disks of their own when the power is cut."""

    def prepare(self, place: Path) -> None:
        """Make the place as all work finds it."""

    def work(self, place: Path, say: Say) -> None:
        """Do the work; see `child.Work`."""

    def learn(self, place: Path) -> None:
        """Take what undisturbed work has left as what shall come out."""

    def violations(self, ground: Ground, ended: Ended, again: Callable[[], Ended]) -> Iterator[str]:
        """Say what must not be after a crash, as `ground` keeps it; `again` does the work once more, undisturbed."""


@dataclass(frozen=True)
class Task:
    """One crash: what happens, and where."""

    kind: str
    point: Point

    def __str__(self) -> str:
        return f"{self.kind} {self.point}"


@dataclass(frozen=True)
class Result:
    """What one crash led to, as far as it must not."""

    task: Task
    violations: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.task}: {'; '.join(self.violations)}"
