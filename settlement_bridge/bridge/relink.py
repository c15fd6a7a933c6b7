"""The last settled payout found again in books that were read anew, in the same dialect or the other."""

from dataclasses import replace

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import PAYOUT_TYPES, RETAINED, Book, Mark, PayoutRecord
from settlement_bridge.settlement.payouts import payout_number
from settlement_bridge.store import Periods


def relink(periods: Periods, record: PayoutRecord) -> PayoutRecord | None:
    """Return a payout's record with its places in the books as they are now; None while they do not reach it.

    What was settled stays settled: the payouts before it are not looked at again. Raises DataRefused where the books
    tell another story of the payout than the one that was settled.
    """
    ledger_id, payout = record.payout.ledger_id, record.payout
    marks = periods.marks(Book.FUNDS)
    found = next((mark for mark in _payouts(marks) if payout_number(ledger_id, mark.entry) == payout.number), None)
    if found is None:
        return None
    if -found.entry.amount != payout.amount or found.entry.ledger_date != payout.ledger_date:
        raise DataRefused(
            ledger_id,
            f"payout {payout.number} was settled as {payout.amount} on {payout.ledger_date}; read again, it is "
            f"{-found.entry.amount} on {found.entry.ledger_date}",
        )
    retained = sum(mark.entry.entry_type == RETAINED and mark.position < found.position for mark in marks)
    collected = [mark.position for mark in periods.marks(Book.FEES) if mark.entry.entry_type == RETAINED]
    if len(collected) < retained:
        return None
    before = max((mark.position for mark in _payouts(marks) if mark.position < found.position), default=0)
    return replace(
        record,
        payout=replace(payout, first_position=before + 1, last_position=found.position),
        fees_position=collected[retained - 1] if retained else 0,
        book_id=periods.states[Book.FUNDS].book_id,
    )


def _payouts(marks: list[Mark]) -> list[Mark]:
    return [mark for mark in marks if mark.entry.entry_type in PAYOUT_TYPES]
