"""Comma-separated lines from strangers: bounded, and back from the cells that keep spreadsheets from computing."""

import csv
import re
from collections.abc import Generator
from contextlib import suppress
from io import TextIOWrapper
from typing import IO

from settlement_bridge.readers.values import NotRead

LONGEST_LINE = 1_000_000
_GUARDED = re.compile(r"^'(?='*\s*[=+\-@＝＋－＠])|(;)'(?=['\"\s]*[=+\-@＝＋－＠])")
_BREAKS = re.compile("[\t\n\r\x85\u2028\u2029]")


def csv_lines(stream: IO[bytes]) -> Generator[tuple[int, list[str]], None, None]:
    """Yield each line's number and cells; raises NotRead for what is no CSV in UTF-8. `stream` stays open."""
    text = TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    lines = _Lines(text)
    rows = csv.reader(lines, strict=True)
    try:
        for cells in rows:
            lines.taken = 0
            if cells:
                yield rows.line_num, cells
    except (csv.Error, UnicodeDecodeError) as error:
        raise NotRead(f"line {rows.line_num + 1}: not comma-separated text in UTF-8: {error}") from error
    finally:
        with suppress(ValueError):  # a reading that ends unfinished may end behind its file
            text.detach()


def plain(cell: str) -> str:
    """Return the text behind a cell: without the apostrophe in front of what looks like a formula, on one line."""
    return _BREAKS.sub(" ", _GUARDED.sub(r"\1", cell))


class _Lines:
    """The lines of a text; those of one row, which quotes may tie together, are no longer than a line may be."""

    def __init__(self, text: TextIOWrapper) -> None:
        self._text = text
        self.taken = 0
        """Characters since a row was complete."""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        self.taken += len(line)
        if self.taken >= LONGEST_LINE:
            raise NotRead(f"a line is longer than {LONGEST_LINE:,} characters")
        if not line:
            raise StopIteration
        if "\0" in line:
            raise NotRead("it has the character NUL, which no comma-separated text has")
        return line
