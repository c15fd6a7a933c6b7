"""The points of a piece of work: its system calls that touch files, one after the other."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crash_sweep.child import Ended, Work, run

CHANGES: Final = (
    *("write", "writev", "pwrite64", "pwritev", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range"),
    *("rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "rmdir"),
    *("mkdir", "mkdirat", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "utimensat"),
)
"""What changes a disk or makes a change last. Before and behind any other call, what a power cut leaves is the same."""

CALLS: Final = (*CHANGES, "open", "openat", "openat2", "creat", "close", "flock", "read", "pread64", "copy_file_range")
"""What is killed before, and made to fail: also what only leads to the disk."""

_WITH_DATA: Final = frozenset(("read", "pread64", "write", "writev", "pwrite64", "pwritev"))

ERRORS: Final = ("ENOSPC", "EIO", "EACCES")


@dataclass(frozen=True)
class Point:
    """The `number`th time that a piece of work makes a `call`."""

    call: str
    number: int
    place: str
    """The end of the path it names, for the reader."""

    @property
    def changes(self) -> bool:
        """Whether a disk may look different behind it."""
        return self.call in CHANGES

    def __str__(self) -> str:
        return f"{self.call} {self.number} ({self.place})"


def points_of(work: Work, log: Path) -> tuple[list[Point], Ended]:
    """Do the work once, undisturbed, and return its points, with how it ended; `log` is for strace to write to."""
    ended = run(work, ["-y", "-o", str(log), "-e", f"trace={_list(CALLS)}"])
    return list(_points(log.read_text(errors="replace"))), ended


def killing(point: Point) -> list[str]:
    """Return strace's options that kill the work before the call at a point."""
    return ["-o", "/dev/null", *_only(point), "-e", f"inject={point.call}:signal=KILL:when={point.number}"]


def failing(point: Point, error: str, log: Path) -> list[str]:
    """Return strace's options that let the call at a point fail instead of being made; `log` will say so."""
    return ["-o", str(log), *_only(point), "-e", f"inject={point.call}:error={error}:when={point.number}"]


def _only(point: Point) -> list[str]:
    return ["-e", f"trace={point.call}"]


def _list(calls: tuple[str, ...]) -> str:
    return ",".join(f"?{call}" for call in calls)  # not every architecture has every one


def _points(log: str) -> Iterator[Point]:
    seen: Counter[str] = Counter()
    for line in log.splitlines():
        call, bracket, arguments = line.partition("(")
        if bracket and call in CALLS:
            seen[call] += 1
            yield Point(call, seen[call], _place(call, arguments))


def _place(call: str, arguments: str) -> str:
    """Return the end of the path that is named last, or of the open file's."""
    told = [] if call in _WITH_DATA else re.findall(r'"([^"]+)"', arguments)
    names = told or re.findall(r"^\d+<([^>]+)>", arguments)
    return names[-1].rpartition("/")[2] if names else "?"
