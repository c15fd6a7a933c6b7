"""The store copied: moved to another database for good, or into a file that can be kept elsewhere."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy.engine import URL

from settlement_bridge.bridge.lease import working
from settlement_bridge.errors import TargetRefused
from settlement_bridge.store import Store, TableSum, copy_store, count_rows, move_away, open_store


class CopyProgress(Protocol):
    """Is told how a copy gets on."""

    def begun(self, rows: int) -> None:
        """So many rows are to be copied."""

    def copied(self, table: str, rows: int) -> None:
        """So many more rows of a table have been copied."""


def migrate_store(
    store: Store, target: str, clock: Callable[[], datetime], progress: CopyProgress, *, trial: bool = False
) -> list[TableSum]:
    """Copy a store into an empty database and let that take its place, unless it is a `trial`.

    `target` is a SQLAlchemy address. Nobody works in the store meanwhile, and after a move never again.
    Raises Busy where somebody works in it, StoreMoved where it has been moved before, TargetRefused where the target
    is not empty, StoreBroken where what was read back from the target differs; nothing has changed then.
    """
    with working(store, "migrate-store", clock), closing(open_store(target)) as new:
        sums = _copy(store, new, progress)
        if not trial:
            move_away(store.database, new.address, sums)
    return sums


def back_up(store: Store, file: Path, clock: Callable[[], datetime], progress: CopyProgress) -> list[TableSum]:
    """Copy a store of either kind into a new SQLite file, which appears when it is whole; readable by its owner only.

    Nobody works in the store meanwhile, so that no file is just being handed over: what comes back from the copy is
    a state that a run begins with. Raises what migrate_store raises, and OSError.
    """
    if file.exists():
        raise TargetRefused(f"{file} exists; name a file that does not, e.g. with the date in it")
    draft = file.with_name(f".{file.name}.part")
    with _private(draft):
        draft_url = URL.create("sqlite", database=str(draft))
        with working(store, "backup", clock), closing(open_store(draft_url)) as new:
            sums = _copy(store, new, progress)
        _appear(draft, file)
    return sums


def _copy(old: Store, new: Store, progress: CopyProgress) -> list[TableSum]:
    progress.begun(count_rows(old.database))
    return copy_store(old.database, new.database, progress.copied)


@contextmanager
def _private(draft: Path) -> Iterator[None]:
    """Make an empty file that only its owner can read, in the place of one left by a copy that was killed."""
    _remove(draft)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        yield
    finally:
        _remove(draft)


def _remove(draft: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            draft.with_name(draft.name + ending).unlink()


def _appear(draft: Path, file: Path) -> None:
    """Let a file appear under its name, whole and for good; raises FileExistsError where something else has it."""
    _sync(draft)
    os.link(draft, file)
    _sync(file.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
