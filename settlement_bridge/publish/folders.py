"""Folders held open, so that what happens in them cannot be led elsewhere by a symbolic link."""

import os
import shutil
import weakref
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from settlement_bridge.errors import DeliveryFailed
from settlement_bridge.publish.disk_errors import explained, let_go
from settlement_bridge.publish.rename import rename_without_replacing

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True)
class Access:
    """Who may read what the bridge publishes, and who owns it; None leaves the owner as it comes."""

    mode: int
    owner: str | None = None
    group: str | None = None

    @property
    def folder_mode(self) -> int:
        """The mode of folders: who reads the files may also enter, and the bridge may always write."""
        return self.mode | 0o700 | (self.mode & 0o444) >> 2

    def apply(self, file: int, mode: int) -> None:
        """Set owner, then mode: a change of owner may take bits away. Raises OSError and DeliveryFailed."""
        try:
            if self.owner is not None:
                shutil.chown(file, self.owner)
            if self.group is not None:
                shutil.chown(file, group=self.group)
        except LookupError as error:
            raise DeliveryFailed(f"{error} on this machine: create it, or correct owner and group") from error
        os.fchmod(file, mode)


class Folder:
    """An open folder; closed with the last reference to it."""

    def __init__(self, path: Path, above: "Folder | None" = None) -> None:
        """Open `path`; below `above` it must be a folder in its own right. Raises OSError."""
        self.path = path
        if above is None:
            self.fd = os.open(path, _FOLDER)
        else:
            self.fd = os.open(path.name, _FOLDER | os.O_NOFOLLOW, dir_fd=above.fd)
        weakref.finalize(self, let_go, self.fd).atexit = False

    def enter(self, name: str) -> "Folder | None":
        """Open the folder `name` in this one; None where there is none."""
        with explained(self.path / name):
            try:
                return Folder(self.path / name, self)
            except FileNotFoundError:
                return None

    def make(self, name: str, access: Access) -> None:
        """Make the folder `name`, durably; it may exist by now.

        It gets its name last, so that a kill never leaves it with half its access rights.
        """
        unfinished = f".{name}.part"
        with explained(self.path / name):
            with suppress(FileExistsError):
                os.mkdir(unfinished, 0o700, dir_fd=self.fd)
            try:
                folder = Folder(self.path / unfinished, self)
                access.apply(folder.fd, access.folder_mode)
                with suppress(FileExistsError):
                    rename_without_replacing(self.fd, unfinished, name)
            finally:
                self.remove_if_empty(unfinished)
            os.fsync(self.fd)

    def remove_if_empty(self, name: str) -> bool:
        """Remove the folder `name` as far as that can be done, and tell whether it could."""
        try:
            os.rmdir(name, dir_fd=self.fd)
        except OSError:
            return False
        return True

    def sync(self) -> None:
        """Make the names in this folder durable."""
        with explained(self.path):
            os.fsync(self.fd)


def find_folder(root: Path, parts: Sequence[str]) -> Folder | None:
    """Open the folder `parts` below `root`; None where there is none. Raises DeliveryFailed."""
    with explained(root):
        folder: Folder | None = Folder(root)
    for part in parts:
        folder = folder and folder.enter(part)
    return folder
