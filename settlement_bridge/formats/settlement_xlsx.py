"""XLSX like the old service's: sheet `Rapport`, a head, one row a transaction, a row for what is paid out."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from settlement_bridge.formats.archive import Archive
from settlement_bridge.formats.columns import columns_of, payer_texts, transaction_kind, with_payers
from settlement_bridge.formats.proof import proven
from settlement_bridge.formats.timestamps import day_text, local_day_writer
from settlement_bridge.formats.xlsx_check import check_workbook
from settlement_bridge.formats.xlsx_parts import (
    PERSONAL_LETTERS,
    Style,
    amount_cell,
    header_cells,
    package_parts,
    row,
    sheet_end,
    sheet_part,
    sheet_start,
    text_cell,
)
from settlement_bridge.model import Payer, Report, Settlement, SettlementType, Transaction
from settlement_bridge.money import decimal_text

MOST_ROWS = 1_048_576
"""A sheet of the format has no more."""
_FIRST_ROW = 9
_BESIDE_ROWS = 2
"""Rows of a settlement that are no transactions: what is paid out, and an empty one."""
_PAID_OUT = {SettlementType.NET: "Til utbetaling netto", SettlementType.GROSS: "Til utbetaling brutto"}


class SettlementXlsx:
    """The format with the extension `xlsx`.

    Where the rows exceed a sheet, its last row names the sheet they go on in: `Rapport 2` and so on, with the same
    head.
    """

    extension = "xlsx"

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self._last_row = most_rows
        self._capacity = most_rows - _FIRST_ROW  # the sheet's last row is kept for the name of the next

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`. Produkt stays empty."""
        sections = list(report.sections)
        total = sum(settlement.totals.count + _BESIDE_ROWS for settlement, _ in sections)
        names = _sheet_names(max(1, -(-total // self._capacity)))
        columns = len(columns_of(report))
        lines = _lines(report, sections, local_day_writer(report.zone))
        with Archive(stream) as archive:
            for part, content in package_parts(names).items():
                with archive.member(part) as member:
                    member.write(content)
            for number, (before, after) in enumerate(zip(["", *names], [*names[1:], ""], strict=False), start=1):
                with archive.member(sheet_part(number)) as member:
                    member.write(sheet_start(columns))
                    member.writelines(_head(report, before))
                    member.writelines(self._body(lines, after))
                    member.write(sheet_end(columns))

    def _body(self, lines: Iterator[str], after: str) -> Iterator[bytes]:
        """Yield a sheet's rows: as many as it holds where a sheet comes after it, else all there are."""
        amount = self._capacity if after else None
        for place, cells in enumerate(islice(lines, amount), _FIRST_ROW):
            if cells:
                yield row(place, cells)
        if after:
            yield row(self._last_row, text_cell("A", Style.LABEL, f"Fortsetter på arket {after}"))

    def check(self, path: Path) -> None:
        """Read every sheet back to its end; see `formats.Format.check`."""
        check_workbook(path)


def _sheet_names(count: int) -> list[str]:
    return ["Rapport", *(f"Rapport {number}" for number in range(2, count + 1))]


def _head(report: Report, before: str) -> Iterator[bytes]:
    yield row(1, text_cell("A", Style.TITLE, "Oppgjørsrapport"), height=20)
    facts = (
        ("Bedriften", report.merchant.organization_name or report.merchant.sales_unit_name),
        ("Organisasjonsnummer", report.merchant.organization_number),
        ("Fra dato", day_text(report.date_from)),
        ("Til dato", day_text(report.date_to)),
    )
    for place, (label, text) in enumerate(facts, start=2):
        yield row(place, text_cell("A", Style.LABEL, label) + text_cell("C", Style.TEXT, text))
    if before:
        yield row(6, text_cell("A", Style.LABEL, f"Fortsetter fra arket {before}"))
    yield row(8, header_cells(columns_of(report)))


def _lines(
    report: Report, sections: Iterable[tuple[Settlement, Iterable[Transaction]]], day: Callable[[int], str]
) -> Iterator[str]:
    """Yield the cells of each row, in order; none for an empty row."""
    for settlement, transactions in sections:
        yield from _transaction_lines(report, settlement, transactions, day)
        yield _paid_out_cells(settlement)
        yield ""


def _transaction_lines(
    report: Report, settlement: Settlement, transactions: Iterable[Transaction], day: Callable[[int], str]
) -> Iterator[str]:
    unit = (
        text_cell("B", Style.TEXT, settlement.merchant.sales_unit_name)
        + text_cell("C", Style.TEXT_RIGHT, settlement.msn)
        + text_cell("D", Style.TEXT, "")
    )
    settled = _settled_cells(settlement, Style.TEXT_RIGHT)
    for (instant, capture, refund, fee, number, order_id, _), payer in with_payers(
        report, settlement, proven(settlement, transactions)
    ):
        gross = capture + refund
        yield (
            text_cell("A", Style.TEXT_RIGHT, day(instant))
            + unit
            + text_cell("E", Style.TEXT_RIGHT, str(number))
            + text_cell("F", Style.TEXT_RIGHT, order_id)
            + amount_cell("G", Style.AMOUNT, decimal_text(gross))
            + amount_cell("H", Style.AMOUNT, decimal_text(-fee))
            + amount_cell("I", Style.AMOUNT, decimal_text(gross - fee))
            + text_cell("J", Style.TEXT, transaction_kind(refund))
            + settled
            + (_payer_cells(payer) if report.payers else "")
        )


def _payer_cells(payer: Payer | None) -> str:
    cells = zip(PERSONAL_LETTERS, payer_texts(payer), strict=True)
    return "".join(text_cell(letter, Style.TEXT, text) for letter, text in cells)


def _settled_cells(settlement: Settlement, style: Style) -> str:
    day = day_text(settlement.settlement_date)
    return text_cell("K", style, str(settlement.payout)) + text_cell("L", style, day)


def _paid_out_cells(settlement: Settlement) -> str:
    return (
        text_cell("A", Style.TOTAL, _PAID_OUT[settlement.type])
        + "".join(f'<c r="{letter}\0" s="{Style.TOTAL:d}"/>' for letter in "BCDEFGHIJ")
        + _settled_cells(settlement, Style.TOTAL_RIGHT)
        + amount_cell("M", Style.TOTAL_AMOUNT, decimal_text(settlement.settled_amount))
        + text_cell("N", Style.TOTAL_RIGHT, settlement.bank_account)
    )
