"""A folder on this machine, or mounted on it."""

import io
import os
import threading
import weakref
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from settlement_bridge.errors import ConfigurationError, DeliveryFailed
from settlement_bridge.publish.destination import Fingerprint, Outcome, draft_name, try_out
from settlement_bridge.publish.disk_errors import explained, let_go
from settlement_bridge.publish.files import READ, WRITE, fingerprint_of, look_at, open_locked, publish, remove
from settlement_bridge.publish.folders import Access, Folder, find_folder
from settlement_bridge.publish.layout import refuse_unsafe

_BUFFER = 1 << 20
_PROBE = PurePosixPath("settlements/inbox/check")


class LocalDestination:
    """Publishes below `path`, which must exist: a missing one is more often a missing mount than a new start.

    `mode` is that of the files; folders that are made let the same people in. An importer that takes files away
    needs to write to their folder: give it the group and mode 0o660, or make it the owner.
    """

    def __init__(self, path: Path, mode: int = 0o640, owner: str | None = None, group: str | None = None) -> None:
        if mode & ~0o777 or mode & 0o600 != 0o600:
            raise ConfigurationError(
                [f"mode {mode:#o} of destination {path}: use one from 0o600 to 0o777 with 0o600 in it"]
            )
        self.path = path.absolute()
        self.name = f"local:{self.path}"
        self._access = Access(mode, owner, group)
        self._new_folders = _NewFolders()

    def draft(self, path: PurePosixPath) -> "LocalDraft":
        """See `Destination.draft`."""
        refuse_unsafe(path)
        return LocalDraft(self.path, path, self._access, self._new_folders)

    def look(self, path: PurePosixPath) -> Fingerprint | None:
        """See `Destination.look`."""
        refuse_unsafe(path)
        folder = find_folder(self.path, path.parent.parts)
        return None if folder is None else look_at(folder, path.name)

    def recover(self, path: PurePosixPath, sealed: Fingerprint) -> Outcome:
        """See `Destination.recover`."""
        refuse_unsafe(path)
        folder = find_folder(self.path, path.parent.parts)
        if folder is None:
            raise DeliveryFailed(
                f"the folder of {self.path / path} is gone: mount it, or make it if an importer has removed it, "
                "and the next run tries again"
            )
        folder.sync()  # what is believed below must not be undone by a power cut
        published = look_at(folder, path.name)
        if published is None:
            return _recover_draft(folder, path, sealed)
        if published != sealed:
            return Outcome.TAKEN
        remove(folder, draft_name(path))
        return Outcome.DELIVERED

    def check(self) -> None:
        """See `Destination.check`."""
        try_out(self.draft(_PROBE))

    def close(self) -> None:
        """See `Destination.close`."""


@dataclass(frozen=True)
class _NewFolders:
    """The folders that drafts of one destination made and that hold no document yet.

    They belong to all drafts: whichever is discarded last takes them away. The lock keeps one draft's empty folders
    from going while another is about to use them.
    """

    paths: set[Path] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)


class LocalDraft:
    """A hidden file in the folder of the final name, locked against other processes that would draft the same."""

    def __init__(self, root: Path, path: PurePosixPath, access: Access, new_folders: _NewFolders) -> None:
        self._final = path.name
        self._temporary = draft_name(path)
        self._access = access
        self._new_folders = new_folders
        self._above: list[tuple[Folder, str]] = []
        with new_folders.lock:
            try:
                self._folder = self._make_folders(root, path)
                self._writer = self._open()
            except BaseException:
                self._remove_folders()
                raise

    @property
    def stream(self) -> BinaryIO:
        """See `Draft.stream`."""
        return self._writer

    @property
    def local_path(self) -> Path:
        """See `Draft.local_path`."""
        return self._folder.path / self._temporary

    def seal(self) -> Fingerprint:
        """See `Draft.seal`."""
        with explained(self.local_path):
            self._writer.close()
            self._access.apply(self._file, self._access.mode)
            os.fsync(self._file)
            fingerprint = fingerprint_of(self._file)
        self._folder.sync()
        return fingerprint

    def publish(self) -> None:
        """See `Draft.publish`."""
        publish(self._folder, self._temporary, self._final)
        with self._new_folders.lock:
            self._new_folders.paths.difference_update(above.path / name for above, name in self._above)
        self._close()

    def leave(self) -> None:
        """See `Draft.leave`."""
        self._close()

    def discard(self) -> None:
        """See `Draft.discard`."""
        if not self._close.alive:
            return
        with suppress(OSError):
            self._writer.raw.close()
        with self._new_folders.lock:
            remove(self._folder, self._temporary)
            self._remove_folders()
        self._close()

    def _make_folders(self, root: Path, path: PurePosixPath) -> Folder:
        with explained(root):
            folder = Folder(root)
        for name in path.parent.parts:
            self._above.append((folder, name))
            inner = folder.enter(name)
            if inner is None:
                self._new_folders.paths.add(folder.path / name)
                folder.make(name, self._access)
                with explained(folder.path / name):
                    inner = Folder(folder.path / name, folder)
            folder = inner
        return folder

    def _open(self) -> io.BufferedWriter:
        with explained(self.local_path):
            self._file = open_locked(self._folder, self._temporary, WRITE)
            self._close = weakref.finalize(self, let_go, self._file)
            self._close.atexit = False
            try:
                os.ftruncate(self._file, 0)
                return io.BufferedWriter(_DraftFile(self._file, self.local_path), _BUFFER)
            except OSError:
                remove(self._folder, self._temporary)
                raise

    def _remove_folders(self) -> None:
        for above, name in reversed(self._above):
            if above.path / name in self._new_folders.paths and above.remove_if_empty(name):
                self._new_folders.paths.discard(above.path / name)


class _DraftFile(io.FileIO):
    """Says in a sentence what goes wrong, to whoever writes.

    Has a descriptor of its own: a draft that is dropped closes the other one before this one's buffer is flushed.
    """

    def __init__(self, file: int, path: Path) -> None:
        super().__init__(os.dup(file), "r+b")
        self._path = path

    def write(self, data: Any, /) -> int:
        with explained(self._path):
            return super().write(data)


def _recover_draft(folder: Folder, path: PurePosixPath, sealed: Fingerprint) -> Outcome:
    temporary = draft_name(path)
    with explained(folder.path / temporary):
        try:
            file = open_locked(folder, temporary, READ)
        except FileNotFoundError:
            return Outcome.DELIVERED
        try:
            if fingerprint_of(file) == sealed:
                publish(folder, temporary, path.name)
                return Outcome.DELIVERED
            return Outcome.ABSENT
        finally:
            let_go(file)
