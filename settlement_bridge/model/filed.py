"""The words of an archived settlement file: what it says, no more.

Files of different formats say different things, so that a value may be None: "this format does not tell".
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple


class FileKind(NamedTuple):
    """A format, with the variant where it has several."""

    extension: str
    """`xml`, `xml.zip`, `csv` or `xlsx`."""
    variant: str = ""
    """`3.0` or `2.0` of the XML, `sections` or `table` of CSV."""

    def __str__(self) -> str:
        return f"{self.extension} {self.variant}".strip()


class FiledKey(NamedTuple):
    """What names a settlement in a file."""

    msn: str
    payout: int


class FiledRow(NamedTuple):
    """One transaction as a file states it; amounts in minor units, fees positive, refunds negative."""

    key: FiledKey
    line: int
    """Where it stands: the line of a text, the row of a sheet."""
    number: str
    """TransactionID."""
    order_id: str
    when: datetime | date
    """An aware time where the format tells times, else the day."""
    capture: int | None
    refund: int | None
    gross: int
    fee: int
    net: int


@dataclass(frozen=True)
class FiledSettlement:
    """One settlement as a file states it: who, when, and the sums over its rows, in minor units."""

    key: FiledKey
    settlement_date: date | None = None
    type: str | None = None
    """`Net` or `Gross`."""
    currency: str | None = None
    bank_account: str | None = None
    count: int | None = None
    captures: int | None = None
    refunds: int | None = None
    gross: int | None = None
    fees: int | None = None
    net: int | None = None
    settled_amount: int | None = None
    sales_unit_name: str | None = None
    organization_number: str | None = None
    organization_name: str | None = None
    address: str | None = None
    zip_code: str | None = None
    city: str | None = None
    country_code: str | None = None
    date_from: date | None = None
    date_to: date | None = None
    """The period that was asked for when the file was made; one settlement may come in files of several periods."""


@dataclass(frozen=True)
class FiledTotals:
    """The control sums of a whole file, where its format has any."""

    settlements: int | None = None
    gross: int | None = None
    refunds: int | None = None
    fees: int | None = None
    net: int | None = None


Filed = FiledRow | FiledSettlement | FiledTotals
"""What a file is read as, one after the other; a settlement may come before its rows or behind them."""
