"""SFTP version 3 as it travels over the line: requests are read strictly, answers are bytes to send.

draft-ietf-secsh-filexfer-02, https://www.openssh.com/txt/draft-ietf-secsh-filexfer-02.txt
"""

import stat
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum

VERSION = 3
READ_ONLY = 0x01
"""The only flags that a file may be opened with (SSH_FXF_READ)."""

_SIZE, _OWNER, _MODE, _TIMES = 0x01, 0x02, 0x04, 0x08
_OWNER_NAME = "bridge"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HALF_A_YEAR = 182 * 24 * 3600


class Kind(IntEnum):
    """What a packet is."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    SETSTAT = 9
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    REALPATH = 16
    STAT = 17
    RENAME = 18
    READLINK = 19
    SYMLINK = 20
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200


class Code(IntEnum):
    """How a request ended."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


class Refusal(Exception):
    """A request that is not granted; the client is told the code and the words."""

    def __init__(self, code: Code, words: str) -> None:
        super().__init__(words)
        self.code = code


@dataclass(frozen=True)
class Attributes:
    """What a client is told of a file or folder."""

    mode: int
    """With the bits that tell files from folders."""
    size: int
    changed_at: datetime


class Fields:
    """The fields of a packet, read one after another. Raises Refusal where the packet is shorter than it says."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._at = 0

    def byte(self) -> int:
        """Read an unsigned 8-bit number."""
        return self._take(1)[0]

    def number(self) -> int:
        """Read an unsigned 32-bit number."""
        return int.from_bytes(self._take(4), "big")

    def large_number(self) -> int:
        """Read an unsigned 64-bit number."""
        return int.from_bytes(self._take(8), "big")

    def string(self) -> bytes:
        """Read some bytes with their length before them."""
        return self._take(self.number())

    def path(self) -> str:
        """Read a path; one that is not UTF-8 names nothing here, and is none of ours in any other encoding either."""
        return self.string().decode("utf-8", "surrogateescape")

    def _take(self, length: int) -> bytes:
        taken = self._packet[self._at : self._at + length]
        if len(taken) < length:
            raise Refusal(Code.BAD_MESSAGE, "The packet is cut short")
        self._at += length
        return taken


def packet(kind: Kind, content: bytes) -> bytes:
    """Return a packet, ready to send."""
    return struct.pack(">IB", len(content) + 1, kind) + content


def version() -> bytes:
    """Return the answer to INIT. It names no extension: there is none."""
    return packet(Kind.VERSION, struct.pack(">I", VERSION))


def status(request: int, code: Code, words: str) -> bytes:
    """Return how a request ended."""
    return packet(Kind.STATUS, struct.pack(">II", request, code) + _string(words) + _string("en"))


def handle(request: int, name: bytes) -> bytes:
    """Return a handle."""
    return packet(Kind.HANDLE, struct.pack(">I", request) + _string(name))


def data(request: int, content: bytes) -> bytes:
    """Return a part of a file."""
    return struct.pack(">IBII", len(content) + 9, Kind.DATA, request, len(content)) + content


def attributes(request: int, values: Attributes) -> bytes:
    """Return what a file or folder is like."""
    return packet(Kind.ATTRS, struct.pack(">I", request) + _attributes(values))


def names(request: int, entries: Sequence[tuple[str, Attributes]], now: datetime) -> bytes:
    """Return some entries of a folder, with the lines that `ls -l` shows."""
    content = b"".join(
        _string(name) + _string(long_name(name, values, now)) + _attributes(values) for name, values in entries
    )
    return packet(Kind.NAME, struct.pack(">II", request, len(entries)) + content)


def real_path(request: int, path: str) -> bytes:
    """Return a path in full; nothing is said of whether anything is there."""
    name = path.encode("utf-8", "surrogateescape")
    return packet(Kind.NAME, struct.pack(">II", request, 1) + _string(name) + _string(name) + struct.pack(">I", 0))


def long_name(name: str, values: Attributes, now: datetime) -> str:
    """Return a line as `ls -l` prints it, in English and UTC wherever the server runs."""
    at = values.changed_at.astimezone(UTC)
    recent = abs((now - values.changed_at).total_seconds()) < _HALF_A_YEAR
    time = f"{at:%H:%M}" if recent else f"{at.year:5}"
    date = f"{_MONTHS[at.month - 1]} {at.day:2} {time}"
    mode = stat.filemode(values.mode)
    return f"{mode}    1 {_OWNER_NAME:<8} {_OWNER_NAME:<8} {values.size:>8} {date} {name}"


def _attributes(values: Attributes) -> bytes:
    time = int(values.changed_at.timestamp())
    flags = _SIZE | _OWNER | _MODE | _TIMES
    return struct.pack(">IQIIIII", flags, values.size, 0, 0, values.mode, time, time)


def _string(value: str | bytes) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return struct.pack(">I", len(content)) + content
