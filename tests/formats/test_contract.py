"""What every format promises, whatever it writes."""

import io
import os
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from freezegun import freeze_time
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement_bridge import formats
from settlement_bridge.errors import RenderingRefused
from settlement_bridge.formats.text import xml_text
from settlement_bridge.model import Merchant, Report, Transaction
from tests.formats.books import MERCHANTS, TRANSACTIONS
from tests.formats.readers import FEES_APART, READERS, Row, Stated
from tests.formats.remake import golden_report
from tests.formats.reports import report, row, settlement, totals_of

FORMATS: dict[str, formats.Format] = {
    "xml": formats.get("xml"),
    "xml, 2.0": formats.get("xml", xml_version="2.0"),
    "xml.zip": formats.get("xml.zip"),
    "pdf": formats.get("pdf"),
    "xlsx": formats.get("xlsx"),
    "csv": formats.get("csv"),
    "csv, table": formats.get("csv", csv_layout="table"),
    "camt.053.xml": formats.get("camt.053.xml"),
}


def one_line(text: str) -> str:
    return re.sub("[\t\n\r\x85\u2028\u2029]", " ", xml_text(text))


WRITTEN_TEXT: dict[str, Callable[[str], str]] = {"csv": one_line, "csv, table": one_line}
"""What becomes of a text, where it is more than what becomes of it in XML."""
EACH_LINE_FOR_ITSELF = ("csv, table",)
"""Formats that state no sums: they cannot tell that a whole line is missing."""
BY_SIGN = ("camt.053.xml",)
"""Formats that cannot say a row of both a capture and a refund, which no payout has (rule 5)."""
EVERY = pytest.mark.parametrize("name", FORMATS)
SECTIONS = st.lists(st.lists(TRANSACTIONS, min_size=1, max_size=5), min_size=1, max_size=3)


def rendered(name: str, a_report: Report) -> bytes:
    stream = io.BytesIO()
    FORMATS[name].write(a_report, stream)
    return stream.getvalue()


def test_every_format_there_is_keeps_the_contract() -> None:
    assert {each.extension for each in FORMATS.values()} == set(formats.EXTENSIONS)
    assert FORMATS.keys() == READERS.keys()


@EVERY
def test_the_same_report_gives_the_same_bytes(name: str) -> None:
    assert rendered(name, golden_report()) == rendered(name, golden_report())


@EVERY
def test_the_time_of_rendering_shows_nowhere(name: str) -> None:
    with freeze_time("2001-02-03 04:05:06"):
        then = rendered(name, golden_report())
    assert then == rendered(name, golden_report())


@EVERY
def test_a_pipe_gets_the_bytes_of_a_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        FORMATS[name].write(golden_report(), file)
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb") as pipe:
            FORMATS[name].write(golden_report(), pipe)

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == path.read_bytes()
    writer.join()


@EVERY
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(sections=SECTIONS, merchant=MERCHANTS)
def test_whatever_the_books_it_passes_its_check_and_reads_back_equal(
    name: str, tmp_path: Path, sections: list[list[Transaction]], merchant: Merchant
) -> None:
    if name in BY_SIGN:
        sections = [[_by_sign(each) for each in rows] for rows in sections]
    document = rendered(name, report(*sections, merchant=merchant))
    (tmp_path / "any").write_bytes(document)
    FORMATS[name].check(tmp_path / "any")
    contents = READERS[name](document)
    for stated, index, rows in zip(contents.stated, range(len(sections)), sections, strict=True):
        totals = totals_of(rows)
        expected = Stated(str(2000001 + index), totals.count, totals.gross, totals.fees, totals.net)
        assert [mine for mine in stated if mine is not None] == [
            its for its, mine in zip(expected, stated, strict=True) if mine is not None
        ]
    text = WRITTEN_TEXT.get(name, xml_text)
    assert contents.rows in ([], _rows(sections, text, 0 if name in FEES_APART else 1))


def _by_sign(each: Transaction) -> Transaction:
    return each._replace(refund=0) if each.capture % 2 else each._replace(capture=0)


def _rows(sections: list[list[Transaction]], text: Callable[[str], str], fees: int) -> list[Row]:
    return [
        Row(str(2000001 + index), str(each.number), text(each.order_id), each.gross, fees * each.fee)
        for index, rows in enumerate(sections)
        for each in rows
    ]


@EVERY
@pytest.mark.parametrize("field", ["count", "captures", "refunds", "fees"])
def test_rows_that_do_not_add_up_to_the_proven_totals_are_refused(name: str, field: str) -> None:
    rows = [row(1), row(2)]
    totals = totals_of(rows)
    wrong = replace(totals, **{field: getattr(totals, field) + 1})
    with pytest.raises(RenderingRefused, match=r"payout 2000001 of ledger 302321, sales unit 654321: its rows are 2 "):
        rendered(name, replace(report(), sections=[(settlement(wrong), rows)]))


@EVERY
def test_a_file_cut_short_anywhere_is_refused(name: str, tmp_path: Path) -> None:
    document = rendered(name, golden_report())
    path = tmp_path / "cut"
    for size in {0, 1, *range(7, len(document) - 1, max(1, len(document) // 40)), len(document) - 2}:
        if name in EACH_LINE_FOR_ITSELF and document[:size].endswith(b"\n"):
            continue
        path.write_bytes(document[:size])
        with pytest.raises(RenderingRefused, match="cut"):
            FORMATS[name].check(path)


class FailsOnce(io.BytesIO):
    """A stream whose nth write fails, and no other."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at
        self.writes = 0

    def write(self, data: Any, /) -> int:
        self.writes += 1
        if self.writes == self.at:
            raise OSError("no room")
        return super().write(data)


@EVERY
def test_a_write_that_fails_is_never_passed_over(name: str) -> None:
    undisturbed = FailsOnce(at=0)
    FORMATS[name].write(golden_report(), undisturbed)
    assert undisturbed.writes
    for at in range(1, undisturbed.writes + 1):
        with pytest.raises(OSError, match="no room"):
            FORMATS[name].write(golden_report(), FailsOnce(at))


@EVERY
def test_rows_are_read_one_after_the_other(name: str) -> None:
    """A format that held the rows would have read them all before it wrote much."""
    written_at_row: list[int] = []
    stream = io.BytesIO()
    rows = [row(number, order_id=f"{number * 7919:x}") for number in range(20_000)]

    def watched() -> Any:
        for each in rows:
            written_at_row.append(stream.tell())
            yield each

    FORMATS[name].write(replace(report(), sections=[(settlement(totals_of(rows)), watched())]), stream)
    assert len(written_at_row) == len(rows)
    if READERS[name](stream.getvalue()).rows:
        assert len(set(written_at_row)) > 5
