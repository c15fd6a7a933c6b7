"""Archived settlement files back to values: one module a format, behind one port.

Files are recognized by what is in them, not by their names. They come from anywhere, so reading is bounded: rows
stream, archives that grow beyond measure and XML with a document type are refused, the network is never asked.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, BinaryIO

from settlement_bridge.errors import FileRefused
from settlement_bridge.model import Filed, FiledKey, FiledTotals, FileKind
from settlement_bridge.readers import columns, csv_sections, csv_table, settlement_xml, workbook
from settlement_bridge.readers.blocks import root
from settlement_bridge.readers.csv_lines import csv_lines
from settlement_bridge.readers.values import NotRead, shown
from settlement_bridge.readers.zipped import archive, member, members

EXTENSIONS = (".xml", ".zip", ".csv", ".xlsx")
"""What files are called that may be settlement files."""
MOST_SETTLEMENTS = 20_000
"""In one file: fifty years of a sales unit that is paid out every day."""
_BEGINNING = 64 * 1024
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff\x00<")
_Reader = Callable[[BinaryIO], Iterator[Filed]]


class SettlementFile:
    """A file that was recognized; it can be read as often as one likes, one reading at a time."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        """`stream` can be sought in and stays the caller's; `name` is for sentences. Raises FileRefused."""
        self._stream = stream
        self._name = name
        if not stream.seekable():
            raise FileRefused(f"{name}: a pipe can be read only once, which is not enough: save it as a file first")
        try:
            self.kind, self._read = _recognized(stream)
        except NotRead as error:
            raise FileRefused(f"{name}: {error}") from error

    def read(self) -> Iterator[Filed]:
        """Yield what the file says, as it is read; raises FileRefused where it is not whole."""
        self._stream.seek(0)
        try:
            yield from _not_too_many(self._read(self._stream))
        except NotRead as error:
            raise FileRefused(f"{self._name}: {error}") from error


def _not_too_many(filed: Iterator[Filed]) -> Iterator[Filed]:
    """Pass on what a file says; who reads it keeps something of each settlement."""
    keys: set[FiledKey] = set()
    latest: FiledKey | None = None
    for one in filed:
        if not isinstance(one, FiledTotals) and one.key != latest:
            latest = one.key
            keys.add(latest)
            if len(keys) > MOST_SETTLEMENTS:
                raise NotRead(f"more than {MOST_SETTLEMENTS:,} settlements, which no settlement file has")
        yield one


def _recognized(stream: BinaryIO) -> tuple[FileKind, _Reader]:
    stream.seek(0)
    beginning = stream.read(_BEGINNING)
    if beginning.startswith(b"PK"):
        return _recognized_archive(stream)
    if beginning.lstrip().startswith(_XML_STARTS):
        return FileKind("xml", _version(beginning)), settlement_xml.read_xml
    if beginning.startswith(b"%PDF"):
        raise NotRead("a PDF tells no transactions; take the xml, csv or xlsx of the same settlement")
    return _recognized_csv(stream)


def _recognized_archive(stream: BinaryIO) -> tuple[FileKind, _Reader]:
    with archive(stream) as opened:
        names = members(opened)
        if workbook.WORKBOOK in names:
            return FileKind("xlsx"), workbook.read_workbook
        if len(names) != 1:
            raise NotRead(f"a zip archive with {len(names)} members is no settlement file; an xml.zip has one")
        version = _version(member(opened, names[0]).read(_BEGINNING))
        return FileKind("xml.zip", version), partial(_read_zipped, names[0])


def _read_zipped(name: str, stream: BinaryIO) -> Iterator[Filed]:
    with archive(stream) as opened, member(opened, name) as content:
        yield from settlement_xml.read_xml(content)


def _version(beginning: bytes) -> str:
    tag = str(root(beginning).tag)
    namespace, _, name = tag.removeprefix("{").rpartition("}")
    if name != "SettlementReport" or namespace not in settlement_xml.VERSIONS:
        raise NotRead(f"XML, but no SettlementReport of version 3.0 or 2.0: its root is {shown(tag)}")
    return settlement_xml.VERSIONS[namespace]


def _recognized_csv(stream: IO[bytes]) -> tuple[FileKind, _Reader]:
    stream.seek(0)
    lines = csv_lines(stream)
    try:
        _, cells = next(lines, (0, [""]))
    except NotRead as error:
        raise NotRead("not a settlement file: neither XML, nor a zip archive, nor comma-separated text") from error
    finally:
        lines.close()
    if cells == csv_sections.FIRST_CELLS:
        return FileKind("csv", "sections"), csv_sections.read_sections
    if columns.is_header(cells):
        return FileKind("csv", "table"), csv_table.read_table
    if cells == [""]:
        raise NotRead("not a settlement file: it is empty, or its first line is")
    raise NotRead(f"not a settlement file: it begins with {shown(','.join(cells))}")
