"""The words of a settlement file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from settlement_bridge.instants import from_micros
from settlement_bridge.model.entries import Payer
from settlement_bridge.model.payouts import SettlementType


class Transaction(NamedTuple):
    """One row of a settlement file. Fees are positive, refunds negative."""

    instant: int
    """Microseconds since 1970 UTC."""
    capture: int
    refund: int
    fee: int
    number: int
    """TransactionID."""
    order_id: str
    mapped_from: str | None
    """The text behind `number`; None where the number is the provider's own."""

    @property
    def time(self) -> datetime:
        """The instant as an aware datetime in UTC."""
        return from_micros(self.instant)

    @property
    def gross(self) -> int:
        """Capture + refund."""
        return self.capture + self.refund

    @property
    def net(self) -> int:
        """Gross − fee."""
        return self.capture + self.refund - self.fee


@dataclass(frozen=True)
class Totals:
    """Sums over the rows of a settlement."""

    count: int = 0
    captures: int = 0
    refunds: int = 0
    fees: int = 0

    def with_rows(self, rows: Sequence[Transaction]) -> "Totals":
        """Return the sums over these rows, too."""
        _, captures, refunds, fees, *_ = zip(*rows, strict=True)
        return Totals(
            self.count + len(rows),
            self.captures + sum(captures),
            self.refunds + sum(refunds),
            self.fees + sum(fees),
        )

    @property
    def gross(self) -> int:
        """Capture + refund."""
        return self.captures + self.refunds

    @property
    def net(self) -> int:
        """Gross − fees."""
        return self.captures + self.refunds - self.fees


@dataclass(frozen=True)
class Merchant:
    """Who is paid, as used in the files of one settlement; empty where nobody knows (rule 14)."""

    msn: str
    sales_unit_name: str
    organization_number: str
    organization_name: str = ""
    address: str = ""
    zip_code: str = ""
    city: str = ""
    country_code: str = ""


@dataclass(frozen=True)
class Settlement:
    """A sales unit's share of a payout: what one settlement file is about."""

    ledger_id: str
    payout: int
    settlement_date: date
    date_from: date
    currency: str
    bank_account: str
    """Digits only."""
    type: SettlementType
    settled_amount: int
    merchant: Merchant
    totals: Totals
    opening_balance: int = 0
    """What the provider owed before the period; told of one sales unit where a ledger settles for several (rule 12)."""
    closing_balance: int = 0
    """What it owed behind the payout: not zero with a rolling reserve."""
    joint: bool = False
    """Whether the ledger settles for several sales units."""

    @property
    def account(self) -> str:
        """Name of the account it is settled from: the ledger id, with the MSN where the ledger has several."""
        return f"{self.ledger_id}-{self.msn}" if self.joint else self.ledger_id

    @property
    def msn(self) -> str:
        """Merchant serial number of the sales unit."""
        return self.merchant.msn


@dataclass(frozen=True)
class Issuer:
    """Who the settlement files say they come from."""

    name: str = "Vipps AS"
    web_site: str = "vipps.no"
    visiting_address: str = "Dronning Eufemias Gate 42"
    post_box: str = ""
    post_address: str = "N-0191 Oslo"
    country: str = "Norway"
    organization_number: str = "918713867"


Payers = Callable[[Settlement, Iterable[Transaction]], Iterable[tuple[Transaction, Payer | None]]]
"""Gives each of a settlement's rows its payer, where one is known, as the rows pass."""


@dataclass(frozen=True)
class Report:
    """Everything a format writes: settlements of one sales unit with their rows, read once and in order."""

    merchant: Merchant
    date_from: date
    date_to: date
    currency: str
    bank_account: str
    sections: Iterable[tuple[Settlement, Iterable[Transaction]]] = field(repr=False)
    issuer: Issuer
    zone: tzinfo
    """Time zone the times are written in."""
    payers: Payers | None = None
    """Only where personal data is asked for; formats without columns for it leave it alone."""
