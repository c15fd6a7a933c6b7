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

    @property
    def ratio(self) -> float:
        """Our time over theirs: smaller is better."""
        return self.ours / self.theirs


def show(rows: Iterable[Row]) -> None:
    """Print rows as a table."""
    print(f"{'':52} {'ours':>9} {'naive':>9} {'ratio':>7} {'goal':>6} {'peak':>9} {'naive':>9}")
    for row in rows:
        met = "" if row.goal is None or row.ratio <= row.goal else "  missed"
        goal = "-" if row.goal is None else f"{row.goal:.2f}"
        print(
            f"{row.what:52} {row.ours:7.2f} s {row.theirs:7.2f} s {row.ratio:7.2f} {goal:>6}"
            f" {row.peak_ours:5.0f} MiB {row.peak_theirs:5.0f} MiB{met}"
        )
