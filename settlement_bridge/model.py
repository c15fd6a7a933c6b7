"""The words of the field as frozen, typed values.

Amounts are integers in minor units (øre, cent). Times are aware datetimes. Values that come by the million are
named tuples, which cost a third of a frozen dataclass to make; all others are frozen dataclasses.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

PAYOUT_TYPES = ("payout-scheduled", "scheduled-for-payout")
RETAINED = "fees-retained"
INVOICED = "fees-invoiced"
MARK_TYPES = (*PAYOUT_TYPES, RETAINED, INVOICED)
"""The entry types that give a book its structure; all others are the merchant's own entries."""

KNOWN_TYPES = frozenset(
    (
        *MARK_TYPES,
        "capture",
        "refund",
        "payout-aborted",
        "retained-disputed-capture",
        "returned-disputed-capture",
        "correction",
        "top-up",
        "credit-note",
        "capture-fee",
    )
)


class Book(StrEnum):
    """One of a ledger's two books."""

    FUNDS = "funds"
    """What the provider owes the merchant."""
    FEES = "fees"
    """What the merchant owes the provider."""


class SettlementType(StrEnum):
    """Whether fees are kept back from a payout (net) or invoiced (gross)."""

    NET = "Net"
    GROSS = "Gross"


class LedgerEntry(NamedTuple):
    """One line of a book, as the Report API v2 words it."""

    psp_reference: str
    time: datetime
    ledger_date: date
    entry_type: str
    reference: str | None
    amount: int
    balance_before: int
    handle: str | None
    """`recipientHandle`, e.g. `api:123456`."""
    extra: str | None
    """JSON fields this version does not know, as compact JSON text with sorted keys; None when there were none."""

    @property
    def balance_after(self) -> int:
        """The book's balance behind this entry; what the API says of it was checked to be the same."""
        return self.balance_before + self.amount


class Mark(NamedTuple):
    """An entry that gives its book structure (`MARK_TYPES`), with its place in the book."""

    position: int
    entry: LedgerEntry


class FundsRow(NamedTuple):
    """A funds entry that becomes a row, with the fees that its payout collected for its pspReference."""

    psp_reference: str
    number: int
    """`transaction_number(psp_reference)`."""
    time: datetime
    entry_type: str
    reference: str | None
    amount: int
    handle: str | None
    fee: int
    """Positive when the merchant pays it; 0 without any; below 0 for a credit."""
    fee_entries: int
    """How many entries of the fees book that is."""


class FeeGroup(NamedTuple):
    """The fees of one pspReference that belong on no row of their payout."""

    psp_reference: str
    time: datetime
    """Of the first of them."""
    entry_type: str
    reference: str | None
    handle: str | None
    msn: str | None
    """Of the settlement that has the capture, where it was settled before."""
    fee: int
    """Positive when the merchant pays it; below 0 for a credit."""


@dataclass(frozen=True)
class FeeSpan:
    """A stretch of the fees book, both ends included; marks within it are no fees."""

    first: int
    last: int


@dataclass(frozen=True)
class FeeSelection:
    """The fees entries that belong to a payout.

    `invoiced` says how much of the entry at a position an invoice had already settled; `until` leaves out later
    ledger dates (gross); `rows_only` leaves out fees without a row in the payout (gross, rule 8).
    """

    spans: tuple[FeeSpan, ...] = ()
    invoiced: tuple[tuple[int, int], ...] = ()
    until: date | None = None
    rows_only: bool = False


@dataclass(frozen=True)
class Identifier:
    """A number with the register it belongs to, e.g. `business:NO:ORG` 987654321."""

    scheme: str
    id: str


@dataclass(frozen=True)
class SalesUnit:
    """A point of sale as the Report API describes it."""

    handle: str
    name: str | None
    organization_number: str | None


@dataclass(frozen=True)
class Ledger:
    """An account the provider keeps for a merchant."""

    ledger_id: str
    currency: str
    owner: Identifier
    bank_account: Identifier | None
    handles: tuple[str, ...]
    """`settlesForRecipientHandles`, in the API's order."""
    sales_units: tuple[SalesUnit, ...] = ()
    first_payout: int | None = None
    last_payout: int | None = None


@dataclass(frozen=True)
class Page:
    """What one answer brought, with the cursors to keep in the same database transaction.

    A v2 page speaks of one book, a translated v1 page of both.
    """

    ledger_id: str
    entries: Mapping[Book, Sequence[LedgerEntry]]
    cursors: Mapping[Book, str]
    by_payout: bool = False
    """Given payout by payout (v1): every payout starts at balance 0, and no reference appears under two payouts."""


@dataclass(frozen=True)
class Payout:
    """One payout of a ledger: a whole number of ledger dates, from the entry after the payout before it (rule 1)."""

    ledger_id: str
    number: int
    ledger_date: date
    """Ledger date of the payout entry: SettlementDate."""
    date_from: date
    """The day after the payout before, or the first entry's ledger date."""
    time: datetime
    amount: int
    """What was paid out; positive, unless the payout was taken back."""
    balance_before: int
    """The funds book's balance where the period begins."""
    balance_after: int
    """The funds book's balance behind the payout entry; not zero with a rolling reserve."""
    first_position: int
    last_position: int
    """Position of the payout entry itself on the funds book."""
    psp_reference: str


class PayoutState(StrEnum):
    """How far a payout has come."""

    WAITING = "waiting"
    """Its fees are not known yet."""
    WITHHELD = "withheld"
    """Mirrored and settled, but not to be published."""
    SETTLED = "settled"
    """Proven to the øre."""


@dataclass(frozen=True)
class PayoutRecord:
    """A payout with what was decided about it; the next payout of the ledger goes on from here."""

    payout: Payout
    state: PayoutState
    reason: str | None = None
    """Why it waits or is withheld."""
    settlement_type: SettlementType = SettlementType.NET
    type_decided: bool = False
    """Whether anything proved the type (rule 6)."""
    fees_position: int = 0
    """Position of the last entry of the fees book that this payout or one before it has collected."""
    book_id: int = 0
    """The funds book that the positions belong to; the ledger has another one once it was read again."""
    warnings: tuple[str, ...] = ()
    """What somebody should look at although the payout is right (rule 22)."""


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
