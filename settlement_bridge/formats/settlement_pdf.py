"""PDF for people: who is paid, and a line for each settlement, on A4 pages."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from settlement_bridge.formats.pdf_check import check_pdf
from settlement_bridge.formats.pdf_page import Pages
from settlement_bridge.formats.proof import proven
from settlement_bridge.formats.timestamps import day_text
from settlement_bridge.model import Report, Settlement, SettlementType
from settlement_bridge.money import decimal_text

_TABLE_FIRST, _TABLE_NEXT, _TABLE_END = 150.0, 25.0, 268.0
"""Where the table begins on the first page and on the others, and where it ends; millimetres from the top."""
_HEADER_HEIGHT, _ROW_HEIGHT = 11.0, 9.0
_FORMS = {SettlementType.NET: "Netto", SettlementType.GROSS: "Brutto"}
_COLUMNS = ("Dato", "Oppgjørs-ID", "Brutto salg", "Gebyr", "Refundert", "Oppgjørssum")
_NO_BREAK_SPACE = "\u00a0"


class SettlementPdf:
    """The format with the extension `pdf`."""

    extension = "pdf"

    def write(self, report: Report, stream: BinaryIO) -> None:
        """Write `report`; see `formats.Format.write`. It shows settlements; their transactions are only added up."""
        settlements = []
        for settlement, transactions in report.sections:
            for _ in proven(settlement, transactions):
                pass
            settlements.append(settlement)
        pages = Pages(report.date_to)
        _write_head(pages, report, settlements)
        _write_table(pages, settlements)
        stream.write(pages.finished())

    def check(self, path: Path) -> None:
        """Check that the file is whole, object by object; see `formats.Format.check`."""
        check_pdf(path)


def norwegian_amount(minor_units: int) -> str:
    """Return øre as `-1 234,05`, grouped by spaces that do not break."""
    whole, _, cents = decimal_text(abs(minor_units)).partition(".")
    sign = "-" if minor_units < 0 else ""
    return f"{sign}{int(whole):,}".replace(",", _NO_BREAK_SPACE) + f",{cents}"


def account_text(bank_account: str) -> str:
    """Return a Norwegian account as `1503.76.54733`, any other as it is."""
    if len(bank_account) != 11 or not bank_account.isdecimal():
        return bank_account
    return f"{bank_account[:4]}.{bank_account[4:6]}.{bank_account[6:]}"


def _write_head(pages: Pages, report: Report, settlements: Sequence[Settlement]) -> None:
    merchant = report.merchant
    forms = dict.fromkeys(_FORMS[settlement.type] for settlement in settlements)
    pages.fact(34, "Foretak:", merchant.organization_name or merchant.sales_unit_name)
    pages.fact(42, "Organisasjonsnummer:", merchant.organization_number)
    pages.fact(50, "Rapporteringsperiode:", f"{day_text(report.date_from)} – {day_text(report.date_to)}")
    pages.heading(78, "OPPGJØR")
    pages.fact(102, "Salgssted:", merchant.sales_unit_name)
    pages.fact(110, "Vippsnummer:", merchant.msn)
    pages.fact(122, "Oppgjørsform:", " og ".join(forms))
    pages.fact(130, "Bankkonto:", account_text(report.bank_account))


def _write_table(pages: Pages, settlements: Sequence[Settlement]) -> None:
    y = _TABLE_FIRST
    pages.columns(y, _COLUMNS)
    y += _HEADER_HEIGHT
    for settlement in settlements:
        if y + _ROW_HEIGHT > _TABLE_END:
            pages.turn()
            pages.columns(_TABLE_NEXT, _COLUMNS)
            y = _TABLE_NEXT + _HEADER_HEIGHT
        pages.line(y, _cells(settlement))
        y += _ROW_HEIGHT


def _cells(settlement: Settlement) -> Sequence[str]:
    totals, day = settlement.totals, settlement.settlement_date
    return (
        f"{day.day:02}.{day.month:02}.{day.year % 100:02}",
        str(settlement.payout),
        norwegian_amount(totals.captures),
        norwegian_amount(-totals.fees),
        norwegian_amount(totals.refunds),
        norwegian_amount(settlement.settled_amount),
    )
