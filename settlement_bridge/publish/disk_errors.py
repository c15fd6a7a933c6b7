"""What a disk says, as a sentence with a remedy."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from settlement_bridge.errors import DeliveryFailed

_REMEDIES = {
    errno.EACCES: "give the user of this process write access to it and to the folders above it",
    errno.EPERM: "give the user of this process write access to it, or leave out owner and group",
    errno.EROFS: "mount it writable",
    errno.ENOSPC: "free some space",
    errno.EDQUOT: "raise the quota or free some space",
    errno.EFBIG: "raise the limit on file sizes",
    errno.ENOENT: "make it, or mount what should be there",
    errno.ENOTDIR: "a folder must stand where a file or a symbolic link stands now",
    errno.ELOOP: "no symbolic link may stand below the destination's own folder",
    errno.EIO: "check the disk",
    errno.EAGAIN: "another process is writing it: let that one finish",
    errno.ENOLCK: "mount it with file locks",
    errno.EOPNOTSUPP: "mount it with file locks",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what goes wrong with `path` into DeliveryFailed."""
    try:
        yield
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        remedy = _REMEDIES.get(error.errno or 0, "check the destination")
        raise DeliveryFailed(f"{path} cannot be used: {said}; {remedy}, and the next run tries again") from error


def let_go(file: int) -> None:
    """Close a descriptor. What a disk says only now concerns nobody: what shall last was synced before."""
    with suppress(OSError):
        os.close(file)
