"""Histories of a ledger's funds book, and what a store holds of them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from settlement_bridge.model import Book, Identifier, Ledger, LedgerEntry, Page
from settlement_bridge.store import Store

LEDGER = Ledger("302321", "NOK", Identifier("business:NO:ORG", "987654321"), None, ("api:123455",))
OTHER = Ledger("302322", "NOK", Identifier("business:NO:ORG", "987654321"), None, ("api:123456",))
NOON = datetime(2025, 1, 6, 12, tzinfo=UTC)


def history(*amounts: int, opening: int = 0, start: datetime = NOON) -> list[LedgerEntry]:
    """Return captures (or refunds) one second apart, each beginning where the one before ended."""
    entries, balance = [], opening
    for index, amount in enumerate(amounts):
        time = start + timedelta(seconds=index)
        entry_type = "capture" if amount >= 0 else "refund"
        reference = f"{3_000_000_000 + index}"
        entries.append(
            LedgerEntry(reference, time, time.date(), entry_type, f"order-{index}", amount, balance, "api:123455", None)
        )
        balance += amount
    return entries


def page(
    entries: Sequence[LedgerEntry],
    cursor: str = "c",
    *,
    book: Book = Book.FUNDS,
    ledger: Ledger = LEDGER,
    by_payout: bool = False,
) -> Page:
    """Return a page of one book."""
    return Page(ledger.ledger_id, {book: entries}, {book: cursor}, by_payout)


def held(store: Store, ledger: Ledger = LEDGER, book: Book = Book.FUNDS) -> list[LedgerEntry]:
    """Return everything the mirror holds of a book."""
    mirrored = store.mirror.books(ledger.ledger_id).get(ledger.ledger_id, {}).get(book)
    return list(store.mirror.iterate(mirrored.book_id, 1, mirrored.size)) if mirrored else []


def cursor(store: Store, ledger: Ledger = LEDGER, book: Book = Book.FUNDS, *, by_payout: bool = False) -> str | None:
    """Return where the mirror would go on."""
    return store.mirror.cursors(by_payout=by_payout)[ledger.ledger_id][book]
