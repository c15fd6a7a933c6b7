"""Zip archives that are the same bytes whenever and wherever they are written (rule 19)."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from settlement_bridge.errors import RenderingRefused

_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest time zip knows; a file carries no clock time."""
_UNIX = 3
_LARGE = 1024**3


class Archive:
    """Writes members one after the other, compressed, never seeking: a pipe gets the same bytes as a file."""

    def __init__(self, stream: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(cast(IO[bytes], _Forward(stream)), "w", zipfile.ZIP_DEFLATED)

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._zip.close()
        else:
            self._zip.fp = None  # or the garbage collector would finish the archive, on a stream that is gone

    @contextmanager
    def member(self, name: str, expected_size: int = 0) -> Iterator[IO[bytes]]:
        """Open a member to write to.

        `expected_size` in bytes may be rough; from a gigabyte on the member gets the wide size fields that zip
        wants above four, and that some old readers do not know.
        """
        info = zipfile.ZipInfo(name, _NO_TIME)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system = _UNIX
        info.external_attr = 0o644 << 16
        try:
            with self._zip.open(info, "w", force_zip64=expected_size >= _LARGE) as stream:
                yield stream
        except RuntimeError as error:
            raise RenderingRefused(f"{name} would be larger than a zip archive without wide sizes can hold") from error


@contextmanager
def readable(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a finished archive; what is wrong with it inside the block is raised as RenderingRefused."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, ValueError, KeyError) as error:
        raise RenderingRefused(f"{path}: not a whole zip archive: {error}") from error


class _Forward:
    """A stream that cannot seek or tell, as zipfile understands it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: bytes, /) -> int:
        return self._stream.write(data)

    def flush(self) -> None:
        self._stream.flush()
