"""What happens to single files in a folder that is held open."""

import fcntl
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path

from settlement_bridge.errors import DeliveryRefused
from settlement_bridge.publish.destination import Fingerprint
from settlement_bridge.publish.disk_errors import explained, let_go
from settlement_bridge.publish.folders import Folder
from settlement_bridge.publish.rename import rename_without_replacing

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
WRITE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_locked(folder: Folder, name: str, flags: int) -> int:
    """Open a draft for nobody else. Raises OSError, DeliveryRefused where it is something else than a file.

    Behind the lock the name is looked at again: the file may have been published in between, and then it must not
    be touched any more.
    """
    while True:
        file = os.open(name, flags, 0o600, dir_fd=folder.fd)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                named = os.stat(name, dir_fd=folder.fd, follow_symlinks=False)
                _refuse_other_than_file(named, folder.path / name)
                if named.st_nlink > 1:
                    raise DeliveryRefused(
                        f"{folder.path / name} is another file's second name: remove it, then republish"
                    )
                if os.path.samestat(named, os.fstat(file)):
                    return file
        except BaseException:
            let_go(file)
            raise
        let_go(file)


def look_at(folder: Folder, name: str) -> Fingerprint | None:
    """Tell what is at a name; None where there is nothing.

    Raises DeliveryRefused where it is something else than a file, and DeliveryFailed.
    """
    with explained(folder.path / name):
        try:
            _refuse_other_than_file(os.stat(name, dir_fd=folder.fd, follow_symlinks=False), folder.path / name)
            file = os.open(name, READ, dir_fd=folder.fd)
        except FileNotFoundError:
            return None
        try:
            return fingerprint_of(file)
        finally:
            let_go(file)


def fingerprint_of(file: int) -> Fingerprint:
    """Read an open file from its beginning to its end. Raises OSError."""
    os.lseek(file, 0, os.SEEK_SET)
    with open(file, "rb", buffering=0, closefd=False) as content:
        digest = hashlib.file_digest(content, "sha256")
        return Fingerprint(digest.hexdigest(), content.tell())


def publish(folder: Folder, temporary: str, final: str) -> None:
    """Give a draft its final name, durably and without ever replacing another file.

    Raises DeliveryRefused where the name exists, and DeliveryFailed.
    """
    path = folder.path / final
    with explained(path):
        try:
            rename_without_replacing(folder.fd, temporary, final)
        except FileExistsError as error:
            raise DeliveryRefused(f"{path} exists already and was not touched: move it away, then republish") from error
    folder.sync()


def remove(folder: Folder, temporary: str) -> None:
    """Remove a draft, which may be gone already. Raises DeliveryFailed."""
    with explained(folder.path / temporary), suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=folder.fd)


def _refuse_other_than_file(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise DeliveryRefused(f"{path} is not a file: remove what stands there, then republish")
