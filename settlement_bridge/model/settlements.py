"""The words of a settlement file."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from settlement_bridge.model.payouts import SettlementType


class Transaction(NamedTuple):
    """One row of a settlement file. Fees are positive, refunds negative."""

    time: datetime
    capture: int
    refund: int
    fee: int
    number: int
    """TransactionID."""
    order_id: str
    mapped_from: str | None
    """The text behind `number`; None where the number is the provider's own."""

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
