"""The words of a payout: what it is, and how far it has come."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class SettlementType(StrEnum):
    """Whether fees are kept back from a payout (net) or invoiced (gross)."""

    NET = "Net"
    GROSS = "Gross"


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
