"""Work that is bad on purpose, behind the bridge's own ports: a sweep that does not catch it is worth nothing."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from sqlalchemy import Connection

from crash_sweep.archiving import Archiving
from crash_sweep.publishing import Publishing
from crash_sweep.scenario import KILLED, POWER_CUT, Scenario
from settlement_bridge.publish import Fingerprint, Outcome
from settlement_bridge.store.database import Database
from settlement_bridge.store.inboxes import Inboxes


def _fingerprint(file: Path) -> Fingerprint:
    content = file.read_bytes()
    return Fingerprint(hashlib.sha256(content).hexdigest(), len(content))


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    os.fsync(file)
    os.close(file)


@dataclass
class PlainDraft:
    """What one would write without thinking of crashes; all it lacks is one thing at a time."""

    publisher: "PlainPublisher"
    final: Path
    local_path: Path
    stream: BinaryIO

    def seal(self) -> Fingerprint:
        """See `Draft.seal`."""
        self.stream.close()
        self.publisher.sync(self.local_path)
        return _fingerprint(self.local_path)

    def publish(self) -> None:
        """See `Draft.publish`."""
        self.local_path.rename(self.final)
        self.publisher.sync(self.final.parent)

    def leave(self) -> None:
        """See `Draft.leave`."""

    def discard(self) -> None:
        """See `Draft.discard`."""
        self.stream.close()
        self.local_path.unlink(missing_ok=True)


@dataclass
class PlainPublisher:
    """A destination that keeps to the port, but for what its subclasses get wrong."""

    path: Path

    @property
    def name(self) -> str:
        """See `Destination.name`."""
        return f"local:{self.path}"

    def draft(self, path: PurePosixPath) -> PlainDraft:
        """See `Destination.draft`."""
        final = self.path / path
        self._make(final.parent)
        temporary = self.temporary(final)
        return PlainDraft(self, final, temporary, temporary.open("wb", buffering=1024))

    def look(self, path: PurePosixPath) -> Fingerprint | None:
        """See `Destination.look`."""
        return _fingerprint(self.path / path) if (self.path / path).exists() else None

    def recover(self, path: PurePosixPath, sealed: Fingerprint) -> Outcome:
        """See `Destination.recover`."""
        final = self.path / path
        temporary = self.temporary(final)
        if temporary.exists():
            if _fingerprint(temporary) != sealed:
                return Outcome.ABSENT
            temporary.rename(final)
        self.sync(final.parent)
        return Outcome.DELIVERED

    def check(self) -> None:
        """See `Destination.check`."""

    def close(self) -> None:
        """See `Destination.close`."""

    def temporary(self, final: Path) -> Path:
        """Where a file grows."""
        return final.with_name(f".{final.name}.part")

    def sync(self, path: Path) -> None:
        """Make a file, or the names in a folder, last."""
        _sync(path)

    def _make(self, folder: Path) -> None:
        if not folder.exists():
            self._make(folder.parent)
            folder.mkdir()
            self.sync(folder.parent)


class WritesInPlace(PlainPublisher):
    """An importer, or whoever comes after a crash, sees the file while it grows."""

    def temporary(self, final: Path) -> Path:
        """See `PlainPublisher.temporary`."""
        return final


class NeverSyncs(PlainPublisher):
    """A power cut takes what the store says is there."""

    def sync(self, path: Path) -> None:
        """See `PlainPublisher.sync`."""


class _LateDraft(PlainDraft):
    def publish(self) -> None:
        assert isinstance(self.publisher, RecordsFirst)
        self.publisher.waiting.append(self)


@dataclass
class RecordsFirst(PlainPublisher):
    """Says that files are published, and lets them be marked in the store, before it renames them."""

    waiting: list[PlainDraft] = field(default_factory=list)

    def draft(self, path: PurePosixPath) -> PlainDraft:
        """See `Destination.draft`."""
        return _LateDraft(**vars(super().draft(path)))

    def close(self) -> None:
        """Do what was promised."""
        for draft in self.waiting:
            PlainDraft.publish(draft)


class NeverWaits(Database):
    """Tells clients that their files are in the archive before that would survive a power cut."""

    @contextmanager
    def writing(self, *, fenced: bool = True, durable: bool = True) -> Iterator[Connection]:  # noqa: ARG002
        """See `Database.writing`."""
        with super().writing(fenced=fenced, durable=False) as connection:
            yield connection


BAD: Final[dict[str, tuple[Callable[[], Scenario], str]]] = {
    "writes-in-place": (lambda: Publishing(WritesInPlace), KILLED),
    "records-first": (lambda: Publishing(RecordsFirst), KILLED),
    "never-syncs": (lambda: Publishing(NeverSyncs), POWER_CUT),
    "never-waits": (lambda: Archiving(lambda store: Inboxes(NeverWaits(store.database.engine))), POWER_CUT),
}
"""All of it, each with the kind of crash that must give it away."""
