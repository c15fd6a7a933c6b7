"""The spreadsheet: row by row, over all of its sheets, with whatever hand its strings were kept by.

Read here rather than by a library: amounts must not pass through a float, a row at a time must be enough, and a
published sample has styles that openpyxl refuses to open.
"""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

from lxml import etree

from settlement_bridge.model import Filed, FiledKey, FiledSettlement
from settlement_bridge.readers import columns
from settlement_bridge.readers.blocks import blocks, local_name, root
from settlement_bridge.readers.values import NotRead, integer
from settlement_bridge.readers.zipped import archive, member

WORKBOOK = "xl/workbook.xml"
_STRINGS = "xl/sharedStrings.xml"
_LARGEST_PART = 1024 * 1024
MOST_STRINGS = 4_000_000
_MOST_CHARACTERS = 256 * 1024 * 1024
"""Of all strings together: they are the only thing in a workbook that has to be held as a whole."""
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_HEAD_ROWS = 20
_FACTS = {
    "Bedriften": "organization_name",
    "Organisasjonsnummer": "organization_number",
    "Fra dato": "date_from",
    "Til dato": "date_to",
}
_UNIT = ("Vippsnummer", "Salgssted")
_Line = tuple[int, dict[str, str]]
"""A row's number, and its cells by column letters; empty cells are left out."""


def read_workbook(stream: BinaryIO) -> Iterator[Filed]:
    """Yield the rows of all sheets, each settlement behind its rows; raises NotRead."""
    with archive(stream) as opened:
        strings = list(_strings(opened))
        found = 0
        for sheet in _sheets(opened):
            for filed in _Sheet(_lines(opened, sheet, strings)).read():
                found += 1
                yield filed
    if not found:
        raise NotRead("no sheet of it has the columns of a settlement report (Salgsdato, Vippsnummer, …)")


class _Sheet:
    """A sheet: who and when above the column names, transactions below them."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._merchant = FiledSettlement(FiledKey("", 0))
        self._names: dict[str, str] = {}
        self._units: dict[str, dict[str, str]] = {}
        """The sales unit of each payout's last row: the row of its sum mostly does not name it."""

    def read(self) -> Iterator[Filed]:
        """Yield what the sheet says; nothing where it is another kind of sheet."""
        self._read_head()
        if not self._names:
            return
        for line, cells in self._lines:
            values = {self._names[letters]: text for letters, text in cells.items() if letters in self._names}
            if values.get("Oppgjørssum"):
                yield self._settlement(values, line)
            elif values.get("Brutto"):
                self._units[values.get("Oppgjørs-ID", "")] = {name: values.get(name, "") for name in _UNIT}
                yield columns.row(values, line)
            elif values.get("Transaksjons-ID"):
                raise NotRead(f"line {line}: a transaction without Brutto")

    def _read_head(self) -> None:
        facts: dict[str, Any] = {}
        for line, cells in self._lines:
            if columns.is_header(list(cells.values())):
                self._names = dict(cells)
                break
            if cells.get("A") in _FACTS:
                name, text = _FACTS[cells["A"]], cells.get("C", "")
                facts[name] = columns.date_of(text) if name.startswith("date") else text
            if line > _HEAD_ROWS:
                break
        self._merchant = replace(self._merchant, **facts)

    def _settlement(self, values: dict[str, str], line: int) -> FiledSettlement:
        payout = values.get("Oppgjørs-ID", "")
        number = integer(payout, f"line {line}: Oppgjørs-ID")
        values = self._units.get(payout, {}) | values
        said = columns.settlement(values, FiledKey(values.get("Vippsnummer", ""), number), line)
        head = {name: getattr(self._merchant, name) for name in _FACTS.values()}
        return replace(said, **head)


def _sheets(opened: zipfile.ZipFile) -> Iterator[str]:
    """Yield the names of the parts that hold sheets, in the order a person sees them."""
    targets = {
        str(each.get("Id")): str(each.get("Target"))
        for each in _part(opened, "xl/_rels/workbook.xml.rels").iter("{*}*")
    }
    for sheet in _part(opened, WORKBOOK).iter("{*}sheet"):
        target = targets.get(str(sheet.get(_RELATION)), "")
        part = target.removeprefix("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        if part in opened.namelist():
            yield part


def _part(opened: zipfile.ZipFile, name: str) -> Any:
    content = member(opened, name).read(_LARGEST_PART)
    root(content)
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise NotRead(f"{name} is not whole as XML") from error


def _strings(opened: zipfile.ZipFile) -> Iterator[str]:
    if _STRINGS in opened.namelist():
        characters = 0
        for number, (_, item) in enumerate(blocks(member(opened, _STRINGS), ("si",)), start=1):
            text = _text(item)
            characters += len(text)
            if number > MOST_STRINGS or characters > _MOST_CHARACTERS:
                raise NotRead(f"{_STRINGS} holds more text than a settlement report has")
            yield text


def _lines(opened: zipfile.ZipFile, sheet: str, strings: list[str]) -> Iterator[_Line]:
    for _, element in blocks(member(opened, sheet), ("row",)):
        cells = {_letters(cell): _value(cell, strings) for cell in element.iterchildren("{*}c")}
        yield (
            integer(element.get("r") or "0", "a row's number"),
            {letters: text for letters, text in cells.items() if text},
        )


def _letters(cell: Any) -> str:
    return str(cell.get("r")).rstrip("0123456789")


def _value(cell: Any, strings: list[str]) -> str:
    kind = cell.get("t")
    if kind == "inlineStr":
        return _text(cell)
    value = cell.findtext("{*}v") if len(cell) else None
    if kind == "s" and value is not None:
        place = integer(value, f"the string of cell {cell.get('r')}")
        if not 0 <= place < len(strings):
            raise NotRead(f"cell {cell.get('r')} names a string that is not there")
        return strings[place]
    return value or ""


def _text(element: Any) -> str:
    """Return a rich or plain text, what is only spoken left out."""
    pieces = element.iter("{*}t")
    text = "".join(each.text or "" for each in pieces if local_name(each.getparent()) != "rPh")
    return _unescaped(text) if "_x" in text else text


def _unescaped(text: str) -> str:
    """Return a text with `_x0041_` read as `A`; half a character, or one that no text can hold, becomes U+FFFD."""
    units = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
