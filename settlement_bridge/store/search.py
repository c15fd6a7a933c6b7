"""Where a reference went: the first question an accountant asks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from settlement_bridge.instants import from_micros
from settlement_bridge.model import Book
from settlement_bridge.store.database import Database, stream
from settlement_bridge.store.entry_codec import entry_of
from settlement_bridge.store.tables import IS_CURRENT, books, entries, payouts, settlements, transactions
from settlement_bridge.transaction_ids import is_long, transaction_number


@dataclass(frozen=True)
class Match:
    """A row of a settlement, or an entry not settled yet, that a searched text names."""

    ledger_id: str
    settlement_id: int | None
    """None where it is not part of a settled payout yet."""
    msn: str | None
    payout: int | None
    transaction_id: int
    mapped_from: str | None
    order_id: str
    time: datetime
    amount: int
    """Capture + refund, in minor units."""
    fee: int


_LONGEST = 10_000
"""Letters of a text that may name anything; SQLite looks for no pattern of more than 50,000 bytes."""


class Search:
    """Finds rows by order id, by the provider's reference, or by TransactionID."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, text: str) -> list[Match]:
        """Return everything a text names, settled rows first."""
        if not text or len(text) > _LONGEST:
            return []
        return [*self._settled(text), *self._unsettled(text)]

    def _settled(self, text: str) -> Iterator[Match]:
        query = (
            select(transactions, settlements.c.ledger_id, settlements.c.msn, settlements.c.payout)
            .join(settlements, settlements.c.settlement_id == transactions.c.settlement_id)
            .where(settlements.c.details != "", _names_row(text))
            .order_by(settlements.c.settlement_date, transactions.c.settlement_id, transactions.c.row)
        )
        with self._database.reading() as connection:
            for row in stream(connection, query):
                yield Match(
                    ledger_id=row.ledger_id,
                    settlement_id=row.settlement_id,
                    msn=row.msn,
                    payout=row.payout,
                    transaction_id=row.number,
                    mapped_from=row.mapped_from,
                    order_id=row.order_id,
                    time=from_micros(row.time),
                    amount=row.capture + row.refund,
                    fee=row.fee,
                )

    def _unsettled(self, text: str) -> Iterator[Match]:
        settled = (
            select(func.coalesce(func.max(payouts.c.last_position), 0))
            .where(payouts.c.ledger_id == books.c.ledger_id, payouts.c.state != "waiting")
            .scalar_subquery()
        )
        query = (
            select(entries, books.c.ledger_id)
            .join(books, books.c.book_id == entries.c.book_id)
            .where(IS_CURRENT, books.c.book == Book.FUNDS, entries.c.position > settled, _names_entry(text))
            .order_by(books.c.ledger_id, entries.c.position)
        )
        with self._database.reading() as connection:
            for row in stream(connection, query):
                entry = entry_of(row[:-1])
                yield Match(
                    ledger_id=row.ledger_id,
                    settlement_id=None,
                    msn=(entry.handle or "").partition(":")[2] or None,
                    payout=None,
                    transaction_id=row.number,
                    mapped_from=None if str(row.number) == entry.psp_reference else entry.psp_reference,
                    order_id=entry.reference or "",
                    time=entry.time,
                    amount=entry.amount,
                    fee=0,
                )


def _numbers(text: str) -> set[int]:
    """Return the TransactionIDs a text may mean: the number it is, and the number it maps to."""
    return {transaction_number(text), *((int(text),) if is_long(text) else ())}


def _names_row(text: str) -> ColumnElement[bool]:
    derived = transactions.c.mapped_from.startswith(f"{text}:", autoescape=True)
    return or_(
        transactions.c.number.in_(_numbers(text)),
        transactions.c.order_id == text,
        transactions.c.mapped_from == text,
        derived,
    )


def _names_entry(text: str) -> ColumnElement[bool]:
    return and_(
        entries.c.entry_type.not_in(("payout-scheduled", "scheduled-for-payout", "fees-retained")),
        or_(entries.c.psp_reference == text, entries.c.reference == text, entries.c.number.in_(_numbers(text))),
    )
