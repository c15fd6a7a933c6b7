"""What the settlement stage asks of the mirrored books: marks, rows with their fees, fees without rows."""

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    ScalarSelect,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)

from settlement_bridge.model import (
    MARK_TYPES,
    PAYOUT_TYPES,
    RETAINED,
    Book,
    FeeGroup,
    FeeSelection,
    FeeSpan,
    FundsRow,
    LedgerEntry,
    Mark,
    Payout,
)
from settlement_bridge.store.database import stream
from settlement_bridge.store.entry_codec import entry_of
from settlement_bridge.store.tables import books, entries, marks, settlements, transaction_index, transactions
from settlement_bridge.transaction_ids import FIRST_MAPPED

NO_ROWS = (*PAYOUT_TYPES, RETAINED)
"""Funds entries that are no rows of a settlement (rule 5)."""


@dataclass(frozen=True)
class BookState:
    """A mirrored book as it stands."""

    book_id: int
    size: int
    opening: int
    """The balance before its first entry."""
    by_payout: bool


class RowKind(NamedTuple):
    """A type and handle that rows of a payout have, and an example of what is unknown about them."""

    entry_type: str
    handle: str | None
    extra: str | None


class Periods:
    """Reads one ledger's mirror, from one unchanging view of the database."""

    def __init__(self, connection: Connection, ledger_id: str) -> None:
        self._connection = connection
        self._ledger_id = ledger_id
        query = select(books).where(books.c.ledger_id == ledger_id, books.c.current)
        self.states = {
            Book(row.book): BookState(row.book_id, row.size, row.opening or 0, row.by_payout)
            for row in connection.execute(query)
        }

    def marks(self, book: Book, after: int = 0) -> list[Mark]:
        """Return the entries that give a book its structure, from behind a position on."""
        query = (
            select(entries)
            .join(marks, and_(marks.c.book_id == entries.c.book_id, marks.c.position == entries.c.position))
            .where(marks.c.book_id == self.states[book].book_id, marks.c.position > after)
            .order_by(marks.c.position)
        )
        return [Mark(row.position, entry_of(row)) for row in self._connection.execute(query)]

    def entry(self, book: Book, position: int) -> LedgerEntry:
        """Return the entry at a position that is known to exist."""
        query = select(entries).where(self._in(book), entries.c.position == position)
        return entry_of(self._connection.execute(query).one())

    def reach(self, book: Book) -> date | None:
        """Return the ledger date of a book's last entry; None where it has none."""
        state = self.states.get(book)
        return self.entry(book, state.size).ledger_date if state and state.size else None

    def fees(self, span: FeeSpan) -> Iterator[tuple[int, LedgerEntry]]:
        """Yield the fees of a stretch of the fees book with their positions, marks left out."""
        query = select(entries).where(self._fees_in(FeeSelection((span,)))).order_by(entries.c.position)
        for row in stream(self._connection, query):
            yield row.position, entry_of(row)

    def kinds(self, payout: Payout) -> list[RowKind]:
        """Return which types, handles and unknown JSON fields a payout's rows have."""
        columns = entries.c.entry_type, entries.c.handle
        query = select(*columns, func.max(entries.c.extra)).where(self._rows_of(payout)).group_by(*columns)
        return [RowKind(*row) for row in self._connection.execute(query)]

    def unpaid_fees_since(self) -> date | None:
        """Return the ledger date of the oldest fee behind the fees book's last mark; None where there is none."""
        if Book.FEES not in self.states:
            return None
        last_mark = self._last_mark(*MARK_TYPES)
        query = select(func.min(entries.c.ledger_date)).where(
            self._in(Book.FEES), entries.c.position > last_mark, entries.c.amount != 0
        )
        oldest = self._connection.scalar(query)
        return date.fromisoformat(oldest) if oldest else None

    def entries_sum(self, payout: Payout) -> int:
        """Return the sum of a payout's funds entries without the payout itself, in minor units."""
        query = select(func.coalesce(func.sum(entries.c.amount), 0)).where(
            self._in(Book.FUNDS),
            entries.c.position.between(payout.first_position, payout.last_position - 1),
        )
        return int(self._connection.scalar(query) or 0)

    def shared_numbers(self, payout: Payout) -> set[int]:
        """Return the numbers of a payout's rows that another of its rows, or an earlier payout, has as well."""
        mine = select(entries.c.number, func.count().label("uses")).where(self._rows_of(payout))
        counted = mine.group_by(entries.c.number).subquery()
        earlier = transaction_index.alias()
        query = (
            select(counted.c.number)
            .outerjoin(earlier, and_(earlier.c.ledger_id == self._ledger_id, earlier.c.number == counted.c.number))
            .where(or_(counted.c.uses > 1, earlier.c.number.is_not(None)))
        )
        return set(self._connection.scalars(query))

    def mapped_numbers(self, payout: Payout) -> "array[int]":
        """Return the numbers of a payout's rows that may be mapped ones, sorted; eight bytes each."""
        query = select(entries.c.number).where(self._rows_of(payout), entries.c.number >= FIRST_MAPPED)
        found = array("q")
        for row in stream(self._connection, query.order_by(entries.c.number)):
            found.append(row.number)
        return found

    def behind(self, number: int) -> str | None:
        """Return the text behind a number that a settled payout of the ledger has used; None where none has."""
        query = select(transactions.c.mapped_from, transactions.c.number).where(
            transaction_index.c.ledger_id == self._ledger_id,
            transaction_index.c.number == number,
            transactions.c.settlement_id == transaction_index.c.settlement_id,
            transactions.c.row == transaction_index.c.row,
        )
        row = self._connection.execute(query).one_or_none()
        return (row.mapped_from or str(row.number)) if row else None

    def has_unretained(self, payout: Payout) -> bool:
        """Tell whether the fees book holds fees of a payout's rows, up to its date, that nothing has retained."""
        if Book.FEES not in self.states:
            return False
        fees = entries.alias()
        query = (
            select(literal(1))
            .select_from(
                entries.join(
                    fees, and_(fees.c.number == entries.c.number, fees.c.psp_reference == entries.c.psp_reference)
                )
            )
            .where(
                self._rows_of(payout),
                fees.c.book_id == self.states[Book.FEES].book_id,
                fees.c.position > self._last_mark(RETAINED),
                fees.c.ledger_date <= payout.ledger_date.isoformat(),
                fees.c.entry_type.not_in(MARK_TYPES),
            )
            .limit(1)
        )
        return self._connection.execute(query).first() is not None

    def funds_rows(self, payout: Payout, selection: FeeSelection) -> Iterator[FundsRow]:
        """Return a payout's rows in ledger order, each with what its reference's selected fees add up to."""
        columns = [
            entries.c.psp_reference,
            entries.c.number,
            entries.c.time,
            entries.c.entry_type,
            entries.c.reference,
            entries.c.amount,
            entries.c.handle,
        ]
        query = select(*columns, literal(0), literal(0)).where(self._rows_of(payout))
        if selection.spans and Book.FEES in self.states:
            fees = self._fee_sums(selection)
            query = (
                select(*columns, func.coalesce(fees.c.fee, 0), func.coalesce(fees.c.entries, 0))
                .outerjoin(
                    fees, and_(fees.c.number == entries.c.number, fees.c.psp_reference == entries.c.psp_reference)
                )
                .where(self._rows_of(payout))
            )
        return map(FundsRow._make, stream(self._connection, query.order_by(entries.c.position)))

    def fee_entries(self, selection: FeeSelection) -> int:
        """Return how many entries of the fees book are selected."""
        if not selection.spans or Book.FEES not in self.states:
            return 0
        query = select(func.count()).select_from(entries).where(self._fees_in(selection))
        return int(self._connection.scalar(query) or 0)

    def fee_groups(self, payout: Payout, selection: FeeSelection, disowned: Collection[str]) -> Iterator[FeeGroup]:
        """Yield the selected fees that are on no row, one group a reference, in the order of the fees book.

        Those are the fees without a row of their reference in the payout, those of the `disowned` references, and
        those that come out as a credit.
        """
        if selection.rows_only or not selection.spans or Book.FEES not in self.states:
            return
        fees = self._fee_sums(selection)
        rows = select(entries.c.number, entries.c.psp_reference).where(self._rows_of(payout)).distinct().subquery()
        first = entries.alias("first")
        query = (
            select(first, fees.c.fee, settlements.c.msn)
            .select_from(fees)
            .outerjoin(rows, and_(rows.c.number == fees.c.number, rows.c.psp_reference == fees.c.psp_reference))
            .join(
                first,
                and_(first.c.book_id == self.states[Book.FEES].book_id, first.c.position == fees.c.first_position),
            )
            .outerjoin(
                transaction_index,
                and_(transaction_index.c.ledger_id == self._ledger_id, transaction_index.c.number == fees.c.number),
            )
            .outerjoin(settlements, settlements.c.settlement_id == transaction_index.c.settlement_id)
            .where(or_(rows.c.number.is_(None), fees.c.fee < 0, fees.c.psp_reference.in_(sorted(disowned))))
            .order_by(fees.c.first_position)
        )
        for row in stream(self._connection, query):
            yield FeeGroup(
                row.psp_reference,
                row.time,
                row.entry_type,
                row.reference,
                row.handle,
                row.msn,
                row.fee,
            )

    def _fee_sums(self, selection: FeeSelection) -> Subquery:
        owed: ColumnElement[int] = -entries.c.amount
        for position, settled in selection.invoiced:
            owed = case((entries.c.position == position, owed - settled), else_=owed)
        return (
            select(
                entries.c.number,
                entries.c.psp_reference,
                cast(func.sum(owed), BigInteger).label("fee"),
                func.count().label("entries"),
                func.min(entries.c.position).label("first_position"),
            )
            .where(self._fees_in(selection))
            .group_by(entries.c.number, entries.c.psp_reference)
            .subquery()
        )

    def _fees_in(self, selection: FeeSelection) -> ColumnElement[bool]:
        conditions: list[ColumnElement[bool]] = [
            self._in(Book.FEES),
            entries.c.entry_type.not_in(MARK_TYPES),
            or_(*(entries.c.position.between(span.first, span.last) for span in selection.spans)),
        ]
        if selection.until:
            conditions.append(entries.c.ledger_date <= selection.until.isoformat())
        return and_(*conditions)

    def _last_mark(self, *types: str) -> ScalarSelect[int]:
        mine = and_(marks.c.book_id == self.states[Book.FEES].book_id, marks.c.entry_type.in_(types))
        return select(func.coalesce(func.max(marks.c.position), 0)).where(mine).scalar_subquery()

    def _rows_of(self, payout: Payout) -> ColumnElement[bool]:
        return and_(
            self._in(Book.FUNDS),
            entries.c.position.between(payout.first_position, payout.last_position),
            entries.c.entry_type.not_in(NO_ROWS),
        )

    def _in(self, book: Book) -> ColumnElement[bool]:
        return entries.c.book_id == self.states[book].book_id
