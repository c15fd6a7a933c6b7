"""Progress of a copy, on stderr, and what came of it: used by backup and migrate-store."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from settlement_bridge.bridge import TableSum
from settlement_bridge.cli.now_and_then import now_and_then
from settlement_bridge.cli.output import count, say, say_json
from settlement_bridge.errors import EXIT_DONE


class CopyTally:
    """Counts the rows of a copy and calls `changed` with the sentence that says how far it is."""

    def __init__(self, changed: Callable[["CopyTally"], None]) -> None:
        self.rows = 0
        self.total = 0
        self.table = ""
        self._changed = changed

    def __str__(self) -> str:
        return f"{self.rows:,} of {self.total:,} rows copied, now {self.table}" if self.total else "looking"

    def begun(self, rows: int) -> None:
        """See bridge.CopyProgress."""
        self.total = rows

    def copied(self, table: str, rows: int) -> None:
        """See bridge.CopyProgress."""
        self.table = table
        self.rows += rows
        self._changed(self)


@contextmanager
def copy_progress() -> Iterator[CopyTally]:
    """Show on stderr how a copy gets on: a bar on a terminal, elsewhere a line now and then."""
    if not sys.stderr.isatty():
        yield CopyTally(now_and_then())
        return
    from rich.console import Console  # noqa: PLC0415  (nobody pays for it where there is no terminal)
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = BarColumn(bar_width=20), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("looking", total=None)
        yield CopyTally(lambda one: bar.update(task, total=one.total, completed=one.rows, description=str(one)))


def say_copied(sums: Sequence[TableSum], place: str, as_json: bool) -> int:
    """Tell what is in a copy, table by table, each with the sum that was found in both databases."""
    if as_json:
        say_json({"exit_code": EXIT_DONE, "copied_to": place, "tables": [vars(one) for one in sums]})
        return EXIT_DONE
    width = max(len(one.name) for one in sums)
    for one in sorted(sums, key=lambda one: one.name):
        say(f"{one.name:<{width}}  {one.rows:>12,} rows  sum {one.checksum}")
    total = count(sum(one.rows for one in sums), "row")
    say(f"{total} in {place}, read back and found the same")
    return EXIT_DONE
