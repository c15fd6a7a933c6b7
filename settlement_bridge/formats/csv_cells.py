"""What both CSV layouts share: cells that stay text, and reading a finished file back.

Comma-separated UTF-8 with `.` decimals, a line feed behind every line, quotes only where a cell needs them.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, BinaryIO

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.text import xml_text

_BREAKS = re.compile("[\t\n\r\x85\u2028\u2029]")
_FORMULA = re.compile(r"^(?='*\s*[=+\-@＝＋－＠])|;(?=['\"\s]*[=+\-@＝＋－＠])")
"""Where a spreadsheet may see a formula begin: at a cell's start, and behind a `;`, the separator of those that
speak Norwegian, who may drop quotes there."""
_AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")


def csv_text(text: str) -> str:
    """Return `text` as one line that no spreadsheet takes for a formula (rule 18).

    What would begin as one (`=`, `+`, `-`, `@`, also behind apostrophes or spaces) gets an apostrophe in front, so
    whoever needs the exact text takes one apostrophe away there. Tabs and line breaks become spaces: readers that go
    by lines stay whole.
    """
    if text.isalnum():
        return text
    return _FORMULA.sub(r"\g<0>'", _BREAKS.sub(" ", xml_text(text)))


@contextmanager
def csv_rows(stream: BinaryIO) -> Iterator[Any]:
    """Give a `csv.writer` onto `stream`, which stays open."""
    text = TextIOWrapper(stream, encoding="utf-8", newline="", write_through=False)
    try:
        yield csv.writer(text, lineterminator="\n")
    finally:
        text.detach()


@contextmanager
def read_back(path: Path) -> Iterator[Iterable[list[str]]]:
    """Open a finished file as rows; ValueError, here and in the block, becomes RenderingRefused with its line."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            _refuse_open_end(path)
            yield rows
        except (ValueError, csv.Error) as error:
            raise RenderingRefused(f"{path}, line {rows.line_num}: {error}") from error


def amount(cell: str) -> int:
    """Return a cell's minor units; ValueError unless it is a number with two decimals."""
    if not _AMOUNT.fullmatch(cell):
        raise ValueError(f"{cell[:40]!r} is not an amount with two decimals")
    return int(cell.replace(".", ""))


def expect(actual: object, expected: object, what: str) -> None:
    """Raise ValueError, naming both, unless they are the same."""
    if actual != expected:
        raise ValueError(f"{what} is {actual}, not {expected}")


def _refuse_open_end(path: Path) -> None:
    with path.open("rb") as file:
        if not file.seek(0, 2) or file.seek(-1, 2) < 0 or file.read() != b"\n":
            raise ValueError("the file breaks off")
