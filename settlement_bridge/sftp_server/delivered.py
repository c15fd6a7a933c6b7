"""Which bytes of a file a client has been given."""

from bisect import bisect_left, bisect_right

MOST_PIECES = 1024
"""Who reads in more pieces than that, and leaves gaps between them all, is not fetching a file."""


class Delivered:
    """A set of byte ranges, kept as few, sorted pieces that do not touch."""

    def __init__(self, prefix: int = 0) -> None:
        """Begin with the first `prefix` bytes as given already."""
        self._starts: list[int] = [0] if prefix else []
        self._ends: list[int] = [prefix] if prefix else []

    def add(self, start: int, end: int) -> None:
        """Note that the bytes from `start` up to, but not including, `end` were given."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        behind = bisect_right(self._starts, end)
        if first < behind:
            start, end = min(start, self._starts[first]), max(end, self._ends[behind - 1])
        elif len(self._starts) >= MOST_PIECES:
            return
        self._starts[first:behind] = [start]
        self._ends[first:behind] = [end]

    @property
    def prefix(self) -> int:
        """How many bytes from the beginning on were given without a gap."""
        return self._ends[0] if self._starts and self._starts[0] == 0 else 0
