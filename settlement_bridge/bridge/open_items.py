"""What is on a ledger and not yet paid out. The old service fell silent where there was no payout; the API does not."""

from collections.abc import Iterator
from dataclasses import dataclass

from settlement_bridge.model import PAYOUT_TYPES, Book, Ledger, LedgerEntry, PayoutRecord, PayoutState
from settlement_bridge.store import Periods, Store


@dataclass(frozen=True)
class OpenItems:
    """A ledger's funds book behind its last payout; amounts in minor units."""

    ledger: Ledger
    last_payout: LedgerEntry | None
    """The entry of the last payout, settled or not; None where there was none yet."""
    opening: int
    """The balance behind that payout: 0, or what it left on the ledger."""
    balance: int
    """The balance now; below 0 where the merchant owes."""
    fees_due: int
    """Fees collected but neither retained nor invoiced yet: what net settlement will still take off."""
    first_position: int
    last_position: int
    """Of the entries that are open; none where the last comes before the first."""
    book_id: int
    waiting: tuple[PayoutRecord, ...]
    """Payouts that happened but are not settled yet."""

    @property
    def count(self) -> int:
        """How many entries are open."""
        return self.last_position - self.first_position + 1


def open_items(store: Store, ledger_id: str) -> OpenItems:
    """Return what a ledger has not paid out yet, from the store alone. Raises NotFound for an unknown ledger."""
    ledger = store.ledgers.get(ledger_id).ledger
    settled = store.settlements.last_payout(ledger_id)
    waiting = [one for one in store.settlements.payouts(PayoutState.WAITING) if one.payout.ledger_id == ledger_id]
    books = store.mirror.books(ledger_id).get(ledger_id, {})
    funds, fees = books.get(Book.FUNDS), books.get(Book.FEES)
    if funds is None:
        return OpenItems(ledger, None, 0, 0, 0, 1, 0, 0, tuple(waiting))
    with store.reading() as connection:
        periods = Periods(connection, ledger_id)
        known = settled.payout.last_position if settled and settled.book_id == funds.book_id else 0
        paid = [mark for mark in periods.marks(Book.FUNDS, max(known - 1, 0)) if mark.entry.entry_type in PAYOUT_TYPES]
    last = paid[-1] if paid else None
    return OpenItems(
        ledger=ledger,
        last_payout=last.entry if last else None,
        opening=last.entry.balance_after if last else funds.opening or 0,
        balance=funds.balance,
        fees_due=-fees.balance if fees else 0,
        first_position=last.position + 1 if last else 1,
        last_position=funds.size,
        book_id=funds.book_id,
        waiting=tuple(waiting),
    )


def open_entries(store: Store, items: OpenItems) -> Iterator[LedgerEntry]:
    """Yield the open entries in ledger order, as a stream."""
    return store.mirror.iterate(items.book_id, items.first_position, items.last_position)
