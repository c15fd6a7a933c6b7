"""The words of the books: what the Report API gives, and what the settlement stage is given of it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
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


class LedgerDay(NamedTuple):
    """Entries of one ledger date of one book, in order; a date may come in several parts."""

    ledger_date: date
    entries: Sequence[LedgerEntry]
    closed: bool = True
    """False while the date may still get entries; then it has none here."""


class Payer(NamedTuple):
    """Who paid, and what they wrote: personal data, kept apart from the entry, and only where it is asked for."""

    psp_reference: str
    time: datetime
    """Of the entry: how long it is kept counts from here."""
    name: str
    message: str


class Mark(NamedTuple):
    """An entry that gives its book structure (`MARK_TYPES`), with its place in the book."""

    position: int
    entry: LedgerEntry


class FundsRow(NamedTuple):
    """A funds entry that becomes a row, with the fees that its payout collected for its pspReference."""

    psp_reference: str
    number: int
    """`transaction_number(psp_reference)`."""
    instant: int
    """Microseconds since 1970 UTC."""
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
    instant: int
    """Of the first of them, in microseconds since 1970 UTC."""
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

    def covers(self, position: int) -> bool:
        """Tell whether a position of the fees book is in one of the spans."""
        return any(span.first <= position <= span.last for span in self.spans)


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
    payers: Sequence[Payer] = ()
    """Of the funds entries that name one; none unless personal data is asked for."""


def differing(held: LedgerEntry, given: LedgerEntry) -> tuple[str, ...]:
    """Return the names of the fields in which two entries that should be the same contradict each other (rule 20).

    A JSON field that only one of them has is no contradiction: new ones may appear at any time, also on entries that
    were given before without them.
    """
    known, told = json.loads(held.extra or "{}"), json.loads(given.extra or "{}")
    fields = [name for name in LedgerEntry._fields if name != "extra" and getattr(held, name) != getattr(given, name)]
    return (*fields, *sorted(name for name in known.keys() & told.keys() if known[name] != told[name]))
