"""The columns that the spreadsheet and the table CSV share, back to values."""

from collections.abc import Mapping, Sequence
from datetime import date

from settlement_bridge.model import FiledKey, FiledRow, FiledSettlement
from settlement_bridge.readers.values import NotRead, amount, day, integer

NEEDED = ("Salgsdato", "Vippsnummer", "Transaksjons-ID", "Ordre-ID", "Brutto", "Gebyr", "Netto", "Oppgjørs-ID")
"""Columns without which there is nothing to read; files with personal data have more, in the same order."""
_ACCOUNT_DIGITS = 11
"""Of a Norwegian account."""
_PAID_OUT = {"Til utbetaling netto": "Net", "Til utbetaling brutto": "Gross"}
_Cells = Mapping[str, str]


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether these are the column names."""
    return set(NEEDED) <= set(cells)


def row(cells: _Cells, line: int) -> FiledRow:
    """Return the transaction of a row, given by column name; Gebyr is negative there."""

    def money(name: str) -> int:
        return amount(cells.get(name, ""), f"line {line}: {name}")

    return FiledRow(
        key=FiledKey(_msn(cells, line), integer(cells.get("Oppgjørs-ID", ""), f"line {line}: Oppgjørs-ID")),
        line=line,
        number=cells.get("Transaksjons-ID", ""),
        order_id=cells.get("Ordre-ID", ""),
        when=day(cells.get("Salgsdato", ""), f"line {line}: Salgsdato"),
        capture=None,
        refund=None,
        gross=money("Brutto"),
        fee=-money("Gebyr"),
        net=money("Netto"),
    )


def settlement(cells: _Cells, key: FiledKey, line: int) -> FiledSettlement:
    """Return what a row says of its settlement: the row behind the transactions, or any row of the table CSV."""
    settled_on = cells.get("Oppgjørsdato", "")
    return FiledSettlement(
        key=key,
        settlement_date=day(settled_on, f"line {line}: Oppgjørsdato") if settled_on else None,
        type=_PAID_OUT.get(cells.get("Salgsdato", "")),
        bank_account=_account(cells.get("Oppgjørskonto")),
        settled_amount=amount(cells.get("Oppgjørssum", ""), f"line {line}: Oppgjørssum"),
        sales_unit_name=cells.get("Salgssted"),
    )


def date_of(text: str) -> date | None:
    """Return the day of a head's cell; None where it is empty."""
    return day(text, "the period") if text else None


def _account(text: str | None) -> str | None:
    """Return an account as it was written: as a number, as some old spreadsheets have it, it lost its leading zero."""
    return text.zfill(_ACCOUNT_DIGITS) if text and len(text) == _ACCOUNT_DIGITS - 1 and text.isdecimal() else text


def _msn(cells: _Cells, line: int) -> str:
    msn = cells.get("Vippsnummer", "")
    if not msn:
        raise NotRead(f"line {line}: Vippsnummer is missing")
    return msn
