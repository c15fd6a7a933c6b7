"""Where a document is written on this machine before it goes elsewhere."""

import hashlib
import os
import stat
import tempfile
from abc import ABC, abstractmethod
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from settlement_bridge.errors import DeliveryFailed
from settlement_bridge.publish.destination import Fingerprint
from settlement_bridge.publish.local import LocalDestination, LocalDraft


def spooled(destination: str, path: PurePosixPath, folder: Path | None = None) -> LocalDraft:
    """Begin the document of a destination's `path` in a folder of this machine, locked against other processes.

    The folder must exist; None takes one of this user's own among the temporary files. Raises DeliveryFailed.
    """
    unique = hashlib.sha256(f"{destination} {path}".encode()).hexdigest()[:16]
    spool = LocalDestination(folder or _own_folder(), mode=0o600)
    return spool.draft(PurePosixPath(f"{unique}-{path.name}"))


class SpooledDraft(ABC):
    """A draft that is written into a spool, where it can be validated, and sent on when it is sealed."""

    def __init__(self, spool: LocalDraft) -> None:
        self._spool = spool
        self._published = False

    @property
    def stream(self) -> BinaryIO:
        """See `Draft.stream`."""
        return self._spool.stream

    @property
    def local_path(self) -> Path:
        """See `Draft.local_path`."""
        return self._spool.local_path

    def seal(self) -> Fingerprint:
        """See `Draft.seal`."""
        sealed = self._spool.seal()
        self._send(sealed)
        return sealed

    @abstractmethod
    def publish(self) -> None:
        """See `Draft.publish`."""

    def leave(self) -> None:
        """See `Draft.leave`. It lies at the destination; what was spooled is needed no more."""
        self._spool.discard()

    def discard(self) -> None:
        """See `Draft.discard`."""
        if self._published:
            return
        try:
            self._withdraw()
        finally:
            self._spool.discard()

    @abstractmethod
    def _send(self, sealed: Fingerprint) -> None:
        """Bring the spooled file to the destination, as its draft."""

    @abstractmethod
    def _withdraw(self) -> None:
        """Remove the draft from the destination, if it came there."""


def _own_folder() -> Path:
    """Return a folder among the temporary files that nobody else can write to."""
    folder = Path(tempfile.gettempdir(), f"settlement-bridge-{os.geteuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found_there = folder.lstat()
    except OSError as error:
        raise DeliveryFailed(f"{folder} cannot be made ({error.strerror}); make it, or set spool") from error
    if not stat.S_ISDIR(found_there.st_mode) or found_there.st_uid != os.geteuid() or found_there.st_mode & 0o077:
        raise DeliveryFailed(f"{folder} is not a folder of this user alone; remove it, or set spool")
    return folder
