"""Zip archives from strangers: members are read only up to a size that a real file can have."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, BinaryIO

from settlement_bridge.readers.values import NotRead

_FREELY = 64 * 1024 * 1024
_MOST_TIMES_LARGER = 200
"""Settlement files shrink to a twentieth or so; what grows a thousandfold was made to fill a memory or a disk."""


_DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, KeyError, ValueError),
    *(NotImplementedError, OverflowError, RuntimeError),
)
"""What damaged, encrypted and unusual archives have been seen to raise."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def archive(stream: BinaryIO) -> Iterator[zipfile.ZipFile]:
    """Open an archive; what is wrong with it, here or in the block, is raised as NotRead."""
    try:
        with zipfile.ZipFile(stream) as opened:
            yield opened
    except NotRead:
        raise
    except _DAMAGE as error:
        raise NotRead(f"not a whole zip archive: {error}") from error


def member(opened: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open a member to read from; raises NotRead where it would grow beyond all measure.

    A member never gives more bytes than its entry says, so that looking at the entry is enough.
    """
    info = opened.getinfo(name)
    if info.compress_type not in _METHODS:
        raise NotRead(f"{name} is packed in a way that no settlement file is")
    packed = opened.fp.seek(0, 2) if opened.fp else 0
    if info.file_size > max(_FREELY, _MOST_TIMES_LARGER * packed):
        raise NotRead(f"{name} would unpack to {info.file_size:,} bytes, from an archive of {packed:,}: refused")
    return opened.open(info)


def members(opened: zipfile.ZipFile) -> list[str]:
    """Return the names of the members that are no folders."""
    return [info.filename for info in opened.infolist() if not info.is_dir()]
