"""What the settlement stage asks of the mirrored books: marks, rows with their fees, fees without rows."""

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import Connection

from settlement_bridge.model import Book, FeeGroup, FeeSelection, FeeSpan, FundsRow, LedgerEntry, Mark, Payout
from settlement_bridge.store import period_statements as statements
from settlement_bridge.store.database import stream
from settlement_bridge.store.entry_codec import entry_of


@dataclass(frozen=True)
class BookState:
    """A mirrored book as it stands."""

    book_id: int
    size: int
    opening: int
    """The balance before its first entry."""
    by_payout: bool


class RowKind(NamedTuple):
    """A type and handle that rows of a payout have."""

    entry_type: str
    handle: str | None


class Periods:
    """Reads one ledger's mirror, from one unchanging view of the database."""

    def __init__(self, connection: Connection, ledger_id: str) -> None:
        self._connection = connection
        found = connection.execute(statements.STATES, {"ledger": ledger_id})
        self.states = {
            Book(book): BookState(book_id, size, opening or 0, by_payout)
            for book, book_id, size, opening, by_payout in found
        }
        self._here = {"ledger": ledger_id, **{book.value: state.book_id for book, state in self.states.items()}}

    def marks(self, book: Book, after: int = 0) -> list[Mark]:
        """Return the entries that give a book its structure, from behind a position on."""
        rows = self._connection.execute(statements.MARKS, {"book": self.states[book].book_id, "after": after})
        return [Mark(row.position, entry_of(row)) for row in rows]

    def entry(self, book: Book, position: int) -> LedgerEntry:
        """Return the entry at a position that is known to exist."""
        place = {"book": self.states[book].book_id, "position": position}
        return entry_of(self._connection.execute(statements.ENTRY, place).one())

    def reach(self, book: Book) -> date | None:
        """Return the ledger date of a book's last entry; None where it has none."""
        state = self.states.get(book)
        return self.entry(book, state.size).ledger_date if state and state.size else None

    def fees(self, span: FeeSpan) -> Iterator[tuple[int, LedgerEntry]]:
        """Yield the fees of a stretch of the fees book with their positions, marks left out."""
        selection = FeeSelection((span,))
        query = statements.fees(statements.shape_of(selection))
        for row in stream(self._connection, query, self._here | statements.bound(selection)):
            yield row.position, entry_of(row)

    def kinds(self, payout: Payout) -> list[RowKind]:
        """Return which types and handles a payout's rows have."""
        return [RowKind(*row) for row in self._connection.execute(statements.KINDS, self._of(payout))]

    def unknown_fields(self, payout: Payout) -> set[str]:
        """Return an example of the JSON fields unknown here, for each kind of a payout's rows that has some."""
        return set(self._connection.scalars(statements.UNKNOWN_FIELDS, self._of(payout)))

    def unpaid_fees_since(self) -> date | None:
        """Return the ledger date of the oldest fee behind the fees book's last mark; None where there is none."""
        if Book.FEES not in self.states:
            return None
        oldest = self._connection.scalar(statements.UNPAID_SINCE, self._here)
        return date.fromisoformat(oldest) if oldest else None

    def entries_sum(self, payout: Payout) -> int:
        """Return the sum of a payout's funds entries without the payout itself, in minor units."""
        return int(self._connection.scalar(statements.ENTRIES_SUM, self._of(payout)) or 0)

    def shared_numbers(self, payout: Payout) -> set[int]:
        """Return the numbers of a payout's rows that another of its rows, or an earlier payout, has as well."""
        return set(self._connection.scalars(statements.SHARED_NUMBERS, self._of(payout)))

    def mapped_numbers(self, payout: Payout) -> "array[int]":
        """Return the numbers of a payout's rows that may be mapped ones, sorted; eight bytes each."""
        found = array("q")
        for row in stream(self._connection, statements.MAPPED_NUMBERS, self._of(payout)):
            found.append(row.number)
        return found

    def behind(self, number: int) -> str | None:
        """Return the text behind a number that a settled payout of the ledger has used; None where none has."""
        row = self._connection.execute(statements.BEHIND, self._here | {"number": number}).one_or_none()
        return (row.mapped_from or str(row.number)) if row else None

    def fee_positions(self, payout: Payout) -> Iterator[int]:
        """Yield where in the fees book fees of a payout's rows are, those dated up to its ledger date, in any order."""
        if Book.FEES in self.states:
            until = {"until": payout.ledger_date.isoformat()}
            for row in stream(self._connection, statements.FEE_POSITIONS, self._of(payout) | until):
                yield row.position

    def funds_rows(self, payout: Payout, selection: FeeSelection) -> Iterator[FundsRow]:
        """Return a payout's rows in ledger order, each with what its reference's selected fees add up to."""
        query = statements.funds_rows(statements.shape_of(selection) if self._selects(selection) else None)
        values = self._of(payout) | statements.bound(selection)
        return map(FundsRow._make, stream(self._connection, query, values))

    def fee_entries(self, selection: FeeSelection) -> int:
        """Return how many entries of the fees book are selected."""
        if not self._selects(selection):
            return 0
        query = statements.fee_count(statements.shape_of(selection))
        return int(self._connection.scalar(query, self._here | statements.bound(selection)) or 0)

    def fee_groups(self, payout: Payout, selection: FeeSelection, disowned: Collection[str]) -> Iterator[FeeGroup]:
        """Yield the selected fees that are on no row, one group a reference, in the order of the fees book.

        Those are the fees without a row of their reference in the payout, those of the `disowned` references, and
        those that come out as a credit.
        """
        if selection.rows_only or not self._selects(selection):
            return
        query = statements.fee_groups(statements.shape_of(selection))
        values = self._of(payout) | statements.bound(selection) | {"disowned": sorted(disowned)}
        for row in stream(self._connection, query, values):
            yield FeeGroup(row.psp_reference, row.time, row.entry_type, row.reference, row.handle, row.msn, row.fee)

    def _selects(self, selection: FeeSelection) -> bool:
        return bool(selection.spans) and Book.FEES in self.states

    def _of(self, payout: Payout) -> dict[str, object]:
        return {**self._here, "first": payout.first_position, "last": payout.last_position}
