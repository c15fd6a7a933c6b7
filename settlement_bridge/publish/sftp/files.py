"""What happens to single files at a server. Everything here raises what paramiko raises."""

import hashlib
import stat
from contextlib import suppress
from pathlib import Path

from paramiko import SFTPAttributes, SFTPClient

from settlement_bridge.errors import DeliveryFailed, DeliveryRefused
from settlement_bridge.publish.destination import Fingerprint

_PIECE = 32_768
"""The most that every server takes in one request."""
_READ = 255 * 1024
"""The most that OpenSSH gives in one answer; others give less."""


def upload(client: SFTPClient, source: Path, target: str) -> None:
    """Send a file, its requests one behind the other without waiting; that all arrived is for `verify` to say."""
    with source.open("rb") as content, client.open(target, "w") as file:
        file.set_pipelined(True)
        while piece := content.read(_PIECE):
            file.write(piece)


def verify(client: SFTPClient, target: str, sealed: Fingerprint, place: str) -> None:
    """Read a file back; raise DeliveryFailed where it is not what was sent."""
    size = client.lstat(target).st_size
    if size != sealed.size:
        raise DeliveryFailed(
            f"{place} cannot be used: the server kept {size} of {sealed.size} bytes; see whether its disk is full or a "
            "quota is reached, and the next run tries again"
        )
    if not is_same(client, target, sealed):
        raise DeliveryFailed(f"{place} reads back as other bytes than were sent; check the server's disk")


def is_same(client: SFTPClient, target: str, sealed: Fingerprint) -> bool:
    """Tell whether a file holds what was sealed; of one that may not be read, only its size can be compared."""
    try:
        return fingerprint_of(client, target) == sealed
    except PermissionError:
        return client.lstat(target).st_size == sealed.size


def fingerprint_of(client: SFTPClient, target: str) -> Fingerprint:
    """Read a file from its beginning to its end."""
    digest, size = hashlib.sha256(), 0
    with client.open(target, "r") as file:
        file.MAX_REQUEST_SIZE = _READ
        while piece := file.read(_READ):
            digest.update(piece)
            size += len(piece)
    return Fingerprint(digest.hexdigest(), size)


def found(client: SFTPClient, target: str) -> SFTPAttributes | None:
    """Return what is at a name, not followed if it is a link; None where there is nothing."""
    try:
        return client.lstat(target)
    except FileNotFoundError:
        return None


def is_file(client: SFTPClient, target: str, place: str) -> bool:
    """Tell whether a file is there; raise DeliveryRefused where it is something else than a file."""
    there = found(client, target)
    if there is not None and there.st_mode is not None and not stat.S_ISREG(there.st_mode):
        raise DeliveryRefused(f"{place} is not a file: remove what stands there, then republish")
    return there is not None


def rename(client: SFTPClient, old: str, new: str) -> None:
    """Rename `old` to `new`; FileExistsError where `new` exists.

    `posix-rename` swaps the names in one instant, but replaces what is there: the name is looked for first, and only a
    foreign program that makes the very same name between the two requests can still lose its file. The plain request
    refuses an existing name, yet OpenSSH carries it out as link and unlink, with both names there for a moment; a
    server that dies in between leaves a draft that passes for one never published. So it is for servers that have
    nothing better.
    """
    if found(client, new) is not None:
        raise FileExistsError(new)
    try:
        client.posix_rename(old, new)
    except TimeoutError:
        raise  # it may still happen
    except OSError:
        _plain_rename(client, old, new)


def _plain_rename(client: SFTPClient, old: str, new: str) -> None:
    try:
        client.rename(old, new)
    except TimeoutError:
        raise
    except OSError:
        if found(client, new) is not None:
            raise FileExistsError(new) from None
        raise


def remove(client: SFTPClient, target: str) -> None:
    """Remove a draft, which may be gone already."""
    with suppress(FileNotFoundError):
        client.remove(target)
