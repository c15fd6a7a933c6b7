"""The parts of a workbook that hold no rows, and the cells and styles that rows are made of.

Written here rather than by a library: the rows need nothing but text and two-decimal numbers, amounts go from integers
to text without a float in between, and nothing depends on a clock or needs temporary files.
"""

import re
from collections.abc import Sequence
from enum import IntEnum
from xml.sax.saxutils import escape

from settlement_bridge.formats.text import xml_text

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
LETTERS = "ABCDEFGHIJKLMN"
PERSONAL_LETTERS = "OPQ"
_WIDTHS = (17, 19, 12.5, 15, 15, 15, 15, 10, 15, 15, 15, 12.5, 15, 15)
_PERSONAL_WIDTHS = (20, 20, 40)
_LONGEST_CELL = 32_767
"""Characters a cell may have, counted as UTF-16 does; a workbook with more is reported as damaged."""
_LOOKS_ESCAPED = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Spreadsheets read `_x0041_` as `A`, so a text that has it literally needs its underscore escaped."""

ROW = "\0"
"""Stands for the row's number in cells; no text of a cell can hold it."""


class Style(IntEnum):
    """Index into the workbook's cell formats, in the order of `_FORMATS`."""

    PLAIN = 0
    TITLE = 1
    LABEL = 2
    TEXT = 3
    HEADER = 4
    TEXT_RIGHT = 5
    AMOUNT = 6
    TOTAL = 7
    TOTAL_RIGHT = 8
    TOTAL_AMOUNT = 9


def text_cell(column: str, style: Style, text: str) -> str:
    """Return a cell that holds text whatever it looks like (rule 18): typed as text, and formatted as text."""
    return (
        f'<c r="{column}{ROW}" s="{style:d}" t="inlineStr"><is><t xml:space="preserve">{cell_text(text)}</t></is></c>'
    )


def amount_cell(column: str, style: Style, amount: str) -> str:
    """Return a cell that holds a number, given as text with two decimals."""
    return f'<c r="{column}{ROW}" s="{style:d}"><v>{amount}</v></c>'


def cell_text(text: str) -> str:
    """Return `text` as markup: cut at what a cell may hold, and read back as it was."""
    if text.isalnum() and len(text) <= _LONGEST_CELL // 2:
        return text
    text = xml_text(text)
    if len(text) > _LONGEST_CELL // 2:
        text = text.encode("utf-16-le")[: 2 * _LONGEST_CELL].decode("utf-16-le", "ignore")
    return escape(_LOOKS_ESCAPED.sub("_x005F_", text), {"\r": "&#13;"})


def row(number: int, cells: str, height: int | None = None) -> bytes:
    """Return a row of cells made with the functions above."""
    taller = f' ht="{height}" customHeight="1"' if height else ""
    return f'<row r="{ROW}"{taller}>{cells}</row>\n'.replace(ROW, str(number)).encode()


def sheet_start(columns: int) -> bytes:
    """Return a sheet of so many columns up to its first row: one page wide when printed."""
    widths = (_WIDTHS + _PERSONAL_WIDTHS)[:columns]
    described = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, start=1)
    )
    return (
        f'{_XML}<worksheet xmlns="{MAIN}"><sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<sheetViews><sheetView workbookViewId="0"/></sheetViews><cols>{described}</cols><sheetData>\n'
    ).encode()


def sheet_end(columns: int) -> bytes:
    """Return a sheet of so many columns from behind its last row: head merged as in the old files, landscape A4."""
    last = (LETTERS + PERSONAL_LETTERS)[columns - 1]
    facts = (f"{left}{row}:{right}{row}" for row in range(2, 6) for left, right in ("AB", "CD"))
    merged = (f"A1:{last}1", *facts, f"A6:{last}6")
    cells = "".join(f'<mergeCell ref="{cells}"/>' for cells in merged)
    return (
        f'</sheetData><mergeCells count="{len(merged)}">{cells}</mergeCells>'
        '<pageMargins left="0.7" right="0.7" top="0.75" bottom="0.75" header="0.3" footer="0.3"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/></worksheet>\n'
    ).encode()


def header_cells(names: Sequence[str]) -> str:
    """Return the row of column names."""
    letters = (LETTERS + PERSONAL_LETTERS)[: len(names)]
    return "".join(text_cell(letter, Style.HEADER, name) for letter, name in zip(letters, names, strict=True))


def package_parts(sheets: Sequence[str]) -> dict[str, bytes]:
    """Return all parts but the sheets, by name; `sheets` are the sheets' names."""
    numbers = range(1, len(sheets) + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPES}.styles+xml"/>'
        + "".join(
            f'<Override PartName="/{sheet_part(number)}" ContentType="{_TYPES}.worksheet+xml"/>' for number in numbers
        )
        + "</Types>",
        "_rels/.rels": _relationships([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        + "".join(
            f'<sheet name="{name}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in zip(numbers, sheets, strict=True)
        )
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relationships(
            [*(("worksheet", sheet_part(number).removeprefix("xl/")) for number in numbers), ("styles", "styles.xml")]
        ),
        "xl/styles.xml": _styles(),
    }
    return {name: f"{_XML}{text}\n".encode() for name, text in parts.items()}


def sheet_part(number: int) -> str:
    """Return the name of the part that holds a sheet, counted from 1."""
    return f"xl/worksheets/sheet{number}.xml"


def _relationships(targets: Sequence[tuple[str, str]]) -> str:
    inner = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{inner}</Relationships>'


_FONTS = (
    '<font><sz val="11"/><name val="Calibri"/><family val="2"/></font>',
    '<font><b/><sz val="14"/><color rgb="FF000000"/><name val="Arial"/><family val="2"/></font>',
    '<font><b/><sz val="9"/><color rgb="FF000000"/><name val="Arial"/><family val="2"/></font>',
    '<font><sz val="9"/><color rgb="FF000000"/><name val="Arial"/><family val="2"/></font>',
    '<font><b/><sz val="9"/><color rgb="FFFFFFFF"/><name val="Arial"/><family val="2"/></font>',
)
_FILLS = (
    '<fill><patternFill patternType="none"/></fill>',
    '<fill><patternFill patternType="gray125"/></fill>',
    '<fill><patternFill patternType="solid"><fgColor rgb="FF000000"/><bgColor indexed="64"/></patternFill></fill>',
)
_BORDERS = (
    "<border><left/><right/><top/><bottom/><diagonal/></border>",
    '<border><left/><right/><top style="thin"><color rgb="FF000000"/></top>'
    '<bottom style="medium"><color rgb="FF000000"/></bottom><diagonal/></border>',
)
_GENERAL, _TWO_DECIMALS, _AS_TEXT = 0, 2, 49
_FORMATS = (
    (_GENERAL, 0, 0, 0, "general"),
    (_AS_TEXT, 1, 0, 0, "center"),
    (_AS_TEXT, 2, 0, 0, "left"),
    (_AS_TEXT, 3, 0, 0, "left"),
    (_AS_TEXT, 4, 2, 0, "left"),
    (_AS_TEXT, 3, 0, 0, "right"),
    (_TWO_DECIMALS, 3, 0, 0, "right"),
    (_AS_TEXT, 3, 0, 1, "left"),
    (_AS_TEXT, 3, 0, 1, "right"),
    (_TWO_DECIMALS, 3, 0, 1, "right"),
)
"""Number format, font, fill, border and alignment of each `Style`."""


def _styles() -> str:
    formats = "".join(
        f'<xf numFmtId="{number}" fontId="{font}" fillId="{fill}" borderId="{border}" xfId="0" applyNumberFormat="1" '
        f'applyFont="1" applyFill="1" applyBorder="1" applyAlignment="1"><alignment horizontal="{side}"/></xf>'
        for number, font, fill, border, side in _FORMATS
    )
    return (
        f'<styleSheet xmlns="{MAIN}">{_counted("fonts", _FONTS)}{_counted("fills", _FILLS)}'
        f"{_counted('borders', _BORDERS)}"
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{len(_FORMATS)}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _counted(name: str, items: Sequence[str]) -> str:
    return f'<{name} count="{len(items)}">{"".join(items)}</{name}>'
