"""Reads a finished workbook back, row by row: that it is whole, adds up along its rows, and holds no formula."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lxml import etree

from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.archive import readable
from settlement_bridge.formats.columns import COLUMNS, PERSONAL_COLUMNS
from settlement_bridge.formats.xlsx_parts import LETTERS, MAIN, PERSONAL_LETTERS, package_parts, sheet_part

_SHEET = re.compile(r"xl/worksheets/sheet([0-9]+)\.xml")
_AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")
_ROW, _FORMULA, _VALUE, _INLINE = (f"{{{MAIN}}}{name}" for name in ("row", "f", "v", "t"))
_Cells = dict[str, etree._Element]
_HEADER_ROW = 8
_HEADERS = (COLUMNS, COLUMNS + PERSONAL_COLUMNS)


def check_workbook(path: Path) -> None:
    """Raise RenderingRefused, naming sheet, row and reason, unless every settlement's rows can be read and end with
    what is paid out."""
    with readable(path) as archive:
        place = _Place(path)
        try:
            _check_rows(archive, place)
        except (ValueError, etree.XMLSyntaxError) as error:
            raise RenderingRefused(f"{place}: {error}") from error
        for part in package_parts([]):
            archive.read(part)


class _Place:
    """Where in the workbook the check is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sheet = ""
        self.row = 0

    def __str__(self) -> str:
        return f"{self.path}, {self.sheet}, row {self.row}"


def _check_rows(archive: zipfile.ZipFile, place: _Place) -> None:
    open_payout: str | None = None
    settlements = 0
    for number, cells in _table_rows(archive, place):
        if number == _HEADER_ROW:
            if tuple(_text(cells[letter]) for letter in LETTERS + PERSONAL_LETTERS if letter in cells) not in _HEADERS:
                raise ValueError("the column names are not those of the format")
        elif "M" in cells:
            _amount(cells, "M")
            payout = _text(cells.get("K"))
            if open_payout != payout:
                raise ValueError(f"payout {payout} ends where {open_payout} should")
            open_payout, settlements = None, settlements + 1
        elif "G" in cells:
            if _amount(cells, "G") + _amount(cells, "H") != _amount(cells, "I"):
                raise ValueError("Brutto and Gebyr do not add up to Netto")
            payout = _text(cells.get("K"))
            if open_payout not in (None, payout):
                raise ValueError(f"a row of payout {payout} stands among those of {open_payout}")
            open_payout = payout
    if open_payout is not None or not settlements:
        raise ValueError("the last settlement does not end with what is paid out")


def _table_rows(archive: zipfile.ZipFile, place: _Place) -> Iterator[tuple[int, _Cells]]:
    sheets = sorted(int(found[1]) for found in map(_SHEET.fullmatch, archive.namelist()) if found)
    for number in sheets:
        place.sheet = f"sheet {number}"
        with archive.open(sheet_part(number)) as stream:
            for row_number, cells in _rows(stream):
                place.row = row_number
                if row_number >= _HEADER_ROW:
                    yield row_number, cells


def _rows(stream: IO[bytes]) -> Iterator[tuple[int, _Cells]]:
    """Yield each row's number and its cells by column letter; ValueError at a formula."""
    for _, found in etree.iterparse(stream, tag=(_ROW, _FORMULA), resolve_entities=False, no_network=True):
        if found.tag == _FORMULA:
            cell = found.getparent()
            raise ValueError(f"cell {None if cell is None else cell.get('r')} holds a formula")
        yield int(str(found.get("r"))), {str(cell.get("r"))[:1]: cell for cell in found}
        found.clear()
        parent = found.getparent()
        if parent is not None:
            del parent[: parent.index(found)]


def _text(cell: etree._Element | None) -> str:
    return "" if cell is None else "".join(map(str, cell.itertext(_VALUE, _INLINE)))


def _amount(cells: _Cells, letter: str) -> int:
    text = _text(cells.get(letter))
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text[:40]!r} in column {letter} is not an amount with two decimals")
    return int(text.replace(".", ""))
