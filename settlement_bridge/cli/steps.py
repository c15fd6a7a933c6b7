"""Progress of work that is counted in steps, on stderr: a bar on a terminal, elsewhere a plain line now and then."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from settlement_bridge.cli.now_and_then import now_and_then


@contextmanager
def steps(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Give a function to call with how many steps more are done; `what` is said behind the numbers."""
    if not sys.stderr.isatty():
        yield _lines(what, total)
        return
    from rich.console import Console  # noqa: PLC0415  (nobody pays for it where there is no terminal)
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = BarColumn(bar_width=20), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, advance=done)


def _lines(what: str, total: int) -> Callable[[int], None]:
    so_far, say = 0, now_and_then()

    def line(done: int) -> None:
        nonlocal so_far
        so_far += done
        say(f"{so_far:,} of {total:,} {what}")

    return line
