"""Progress of long work, on stderr: a bar on a terminal, elsewhere a plain line now and then."""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from settlement_bridge.bridge import Delivered, LedgerOutcome
from settlement_bridge.cli.now_and_then import now_and_then
from settlement_bridge.cli.output import count
from settlement_bridge.model import PayoutRecord


class Tally:
    """Counts what a run tells of itself and calls `changed` with the counts; usable from many threads."""

    def __init__(self, changed: Callable[["Tally"], None]) -> None:
        self.ledgers = 0
        self.ledgers_read = 0
        self.entries = 0
        self.files = 0
        self._changed = changed
        self._lock = threading.Lock()

    def __str__(self) -> str:
        read = f"{self.ledgers_read:,} of {self.ledgers:,} ledgers read, " if self.ledgers else ""
        return f"{read}{count(self.entries, 'new entry', 'new entries')}, {count(self.files, 'file')} published"

    def begun(self, run_id: int) -> None:
        """See bridge.Progress."""

    def listed(self, ledgers: int) -> None:
        """See bridge.Progress."""
        self._add(ledgers=ledgers)

    def mirrored(self, ledger_id: str, entries: int) -> None:  # noqa: ARG002
        """See bridge.Progress."""
        self._add(entries=entries)

    def settled(self, record: PayoutRecord) -> None:
        """See bridge.Progress."""

    def read(self, outcome: LedgerOutcome) -> None:  # noqa: ARG002
        """See bridge.Progress."""
        self._add(ledgers_read=1)

    def delivered(self, delivered: Delivered) -> None:
        """See bridge.Progress."""
        self._add(files=int(delivered.reason is None))

    def _add(self, ledgers: int = 0, ledgers_read: int = 0, entries: int = 0, files: int = 0) -> None:
        with self._lock:
            self.ledgers += ledgers
            self.ledgers_read += ledgers_read
            self.entries += entries
            self.files += files
            self._changed(self)


@contextmanager
def progress() -> Iterator[Tally]:
    """Show on stderr how a run gets on, for the length of the block."""
    if not sys.stderr.isatty():
        yield Tally(now_and_then())
        return
    from rich.console import Console  # noqa: PLC0415  (nobody pays for it where there is no terminal)
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = SpinnerColumn(), BarColumn(bar_width=20), TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("asking for the ledgers", total=None)

        def draw(tally: Tally) -> None:
            bar.update(task, total=tally.ledgers or None, completed=tally.ledgers_read, description=str(tally))

        yield Tally(draw)
