"""The rows that benchmarks report: what was measured beside what, as a ratio, with the goal it is held to."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One measurement beside its naive counterpart, from the same run. Times in seconds, memory in MiB."""

    what: str
    ours: float
    theirs: float
    goal: float | None
    """The largest ratio that is good; None where none is set."""
    peak_ours: float = 0.0
    peak_theirs: float = 0.0
    memory_goal: float | None = None
    """The largest peak that is good; None where none is set."""

    @property
    def ratio(self) -> float:
        """Our time over theirs: smaller is better."""
        return self.ours / self.theirs

    @property
    def missed(self) -> bool:
        """Whether a goal was set and not reached."""
        too_slow = self.goal is not None and self.ratio > self.goal
        return too_slow or (self.memory_goal is not None and self.peak_ours > self.memory_goal)


def show(rows: Iterable[Row]) -> None:
    """Print rows as a table."""
    print(f"{'':60} {'ours':>9} {'naive':>9} {'ratio':>7} {'goal':>6} {'peak':>9} {'naive':>9} {'goal':>8}")
    for row in rows:
        goal = "-" if row.goal is None else f"{row.goal:.2f}"
        memory_goal = "-" if row.memory_goal is None else f"{row.memory_goal:.0f} MiB"
        print(
            f"{row.what:60} {row.ours:7.2f} s {row.theirs:7.2f} s {row.ratio:7.2f} {goal:>6}"
            f" {row.peak_ours:5.0f} MiB {row.peak_theirs:5.0f} MiB {memory_goal:>8}{'  missed' * row.missed}"
        )
