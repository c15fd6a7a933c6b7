"""A4 pages with an embedded font; all measures in millimetres from the upper left corner."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from settlement_bridge.formats.text import xml_text

if TYPE_CHECKING:
    from fpdf import FPDF

_FONT = Path(__file__).parent / "fonts" / "DejaVuSans.ttf"
_LEFT, _RIGHT, _VALUES = 20.0, 190.0, 75.0
_COLUMNS_END = (40.0, 70.0, 102.0, 128.0, 157.0, 187.0)
_BLACK, _MUTED, _SHADE, _RULE = (20, 20, 20), (90, 90, 90), (246, 246, 246), (225, 225, 225)
_UNKNOWN = "\ufffd"
_BREAKS = dict.fromkeys((9, 10, 13, 0x85, 0x2028, 0x2029), " ")
_SMALLEST = 6.0
_LONGEST = 400
"""No line holds more characters than this, however small."""


class _Style(NamedTuple):
    color: tuple[int, int, int] = _BLACK
    size: float = 9
    align: str = "L"


_HEADING = _Style(size=18, align="C")
_LABEL, _VALUE = _Style(_MUTED, size=11), _Style(size=11)
_COLUMN, _CELL = _Style(_MUTED, align="R"), _Style(align="R")

logging.getLogger("fontTools").setLevel(logging.WARNING)  # would tell every step of taking glyphs out of the font


class Pages:
    """Writes onto the last of its pages."""

    def __init__(self, dated: date) -> None:
        """`dated` is the day the document says it is from, whenever it is made (rule 19)."""
        self._pdf = _new_document(datetime.combine(dated, time(), UTC))
        self._glyphs = frozenset(self._pdf.fonts["dejavu"].cmap)  # type: ignore[union-attr]
        self.turn()

    def turn(self) -> None:
        """Begin the next page."""
        self._pdf.add_page()

    def heading(self, y: float, text: str) -> None:
        """Write a heading in the middle of the page."""
        self._text(_LEFT, y, _RIGHT - _LEFT, text, _HEADING)

    def fact(self, y: float, label: str, value: str) -> None:
        """Write what something is called and what it is."""
        self._text(_LEFT, y, _VALUES - _LEFT, label, _LABEL)
        self._text(_VALUES, y, _RIGHT - _VALUES, value, _VALUE)

    def columns(self, y: float, names: Iterable[str]) -> None:
        """Write the shaded line that names the columns."""
        self._pdf.set_fill_color(*_SHADE)
        self._pdf.rect(_LEFT, y, _RIGHT - _LEFT, 9, style="F")
        self._cells(y + 1, names, _COLUMN)

    def line(self, y: float, cells: Iterable[str]) -> None:
        """Write a line of the table, with a rule under it."""
        self._cells(y, cells, _CELL)
        self._pdf.set_draw_color(*_RULE)
        self._pdf.line(_LEFT, y + 8, _RIGHT, y + 8)

    def finished(self) -> bytes:
        """Number the pages and return the document."""
        count = self._pdf.pages_count
        for number in range(1, count + 1):
            self._pdf.page = number
            self._text(_LEFT, 280, _RIGHT - _LEFT, f"Side {number} av {count}", _CELL)
        return bytes(self._pdf.output())

    def _cells(self, y: float, cells: Iterable[str], style: _Style) -> None:
        start = _LEFT
        for end, text in zip(_COLUMNS_END, cells, strict=True):
            self._text(start, y, end - start, text, style)
            start = end

    def _text(self, x: float, y: float, width: float, text: str, style: _Style) -> None:
        self._pdf.set_font("dejavu", size=style.size)
        self._pdf.set_text_color(*style.color)
        self._pdf.set_xy(x, y)
        self._pdf.cell(width, 7, self._fitting(text, width), align=style.align)

    def _fitting(self, text: str, width: float) -> str:
        """Return `text` in glyphs the font has (rule 18); too wide, it gets smaller, then is cut with `…`."""
        shown = self._in_glyphs(text)[:_LONGEST]
        while self._wider(shown, width) and self._pdf.font_size_pt > _SMALLEST:
            self._pdf.set_font_size(self._pdf.font_size_pt - 0.5)
        if not self._wider(shown, width):
            return shown
        while shown and self._wider(shown + "…", width):
            shown = shown[:-1]
        return shown + "…"

    def _wider(self, text: str, width: float) -> bool:
        return self._pdf.get_string_width(text) > width

    def _in_glyphs(self, text: str) -> str:
        spaced = xml_text(text).translate(_BREAKS)
        return "".join(each if ord(each) in self._glyphs else _UNKNOWN for each in spaced)


def _new_document(created: datetime) -> "FPDF":
    from fpdf import FPDF  # noqa: PLC0415 (a third of a second that only those who want a PDF shall wait for)

    pdf = FPDF(format="A4")
    pdf.set_creation_date(created)
    pdf.set_auto_page_break(auto=False)
    pdf.c_margin = 0
    pdf.add_font("dejavu", fname=_FONT)
    return pdf
