"""A ledger read again from the start, beside the mirror in use, which stays readable until the swap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, or_, select, update

from settlement_bridge.errors import Busy
from settlement_bridge.model import Book, LedgerEntry, Page
from settlement_bridge.store.books import MirroredBook, entry_at, extend
from settlement_bridge.store.database import Database
from settlement_bridge.store.overlaps import describe
from settlement_bridge.store.payers import keep_payers
from settlement_bridge.store.tables import IS_CURRENT, books, entries, marks, stretches

_DELETED_AT_ONCE = 50_000


@dataclass(frozen=True)
class Difference:
    """Where a book read anew tells another story."""

    book: Book
    position: int
    sentence: str


class Resync:
    """The books of one ledger that are being read anew."""

    def __init__(self, database: Database, ledger_id: str, fresh: Mapping[Book, MirroredBook]) -> None:
        self.ledger_id = ledger_id
        self._database = database
        self._fresh = dict(fresh)

    @property
    def cursors(self) -> dict[Book, str | None]:
        """Where to go on reading."""
        return {book: fresh.cursor for book, fresh in self._fresh.items()}

    def append(self, page: Page) -> int:
        """Keep a page in the books read anew; like Mirror.append."""
        grown = dict(self._fresh)
        with self._database.writing(durable=False) as connection:
            for book in {*page.entries, *page.cursors}:
                seen = self._fresh[book]
                cursor = page.cursors.get(book, seen.cursor)
                grown[book] = extend(connection, seen, page.entries.get(book, ()), cursor)
            if page.payers:
                keep_payers(self._database, connection, page)
        new = sum(grown[book].size - self._fresh[book].size for book in Book)
        self._fresh = grown
        return new

    def differences(self) -> list[Difference]:
        """Return where each book in use and the one read anew first differ; none where nothing held has changed.

        Entries behind the last one held are no difference. Books read in different ways are not comparable.
        """
        with self._database.reading() as connection:
            mine = and_(books.c.ledger_id == self.ledger_id, IS_CURRENT)
            found = [self._first_difference(connection, row) for row in connection.execute(select(books).where(mine))]
        return [difference for difference in found if difference]

    def _first_difference(self, connection: Connection, row: Row[Any]) -> Difference | None:
        fresh = self._fresh[Book(row.book)]
        if row.by_payout != fresh.by_payout:
            return None
        position = connection.scalar(_first_differing(row.book_id, fresh.book_id))
        if position is None:
            return None
        held = entry_at(connection, row.book_id, position)
        now = entry_at(connection, fresh.book_id, position) if position <= fresh.size else None
        return Difference(fresh.book, position, _sentence(fresh.book, position, held, now))

    def swap(self) -> None:
        """Make the books read anew those in use. Raises Busy where another resync has removed them meanwhile."""
        identities = [fresh.book_id for fresh in self._fresh.values()]
        with self._database.writing() as connection:
            connection.execute(
                update(books).where(books.c.ledger_id == self.ledger_id, IS_CURRENT).values(current=False)
            )
            swapped = connection.execute(update(books).where(books.c.book_id.in_(identities)).values(current=True))
            if swapped.rowcount != len(identities):
                raise Busy(f"another process reads ledger {self.ledger_id} again; this resync has ended without effect")


def _first_differing(held_id: int, fresh_id: int) -> Select[tuple[int]]:
    held, fresh = entries.alias("held"), entries.alias("fresh")
    # A field that this version does not know may appear on old entries at any time.
    columns = [column.name for column in entries.c if column.name not in ("book_id", "position", "extra")]
    changed = or_(*(held.c[name].is_distinct_from(fresh.c[name]) for name in columns))
    same_place = and_(fresh.c.book_id == fresh_id, fresh.c.position == held.c.position)
    return (
        select(held.c.position)
        .outerjoin_from(held, fresh, same_place)
        .where(held.c.book_id == held_id, changed)
        .order_by(held.c.position)
        .limit(1)
    )


def _sentence(book: Book, position: int, held: LedgerEntry, now: LedgerEntry | None) -> str:
    given = describe(now) if now else "no longer given"
    return f"entry {position} of the {book} book was {describe(held)} and is now {given}"


def discard_replaced(database: Database, ledger_id: str | None = None) -> None:
    """Delete the books that are not in use, of one ledger or of all, a stretch at a time."""
    query = select(books.c.book_id, books.c.size).where(books.c.current.is_(False))
    if ledger_id is not None:
        query = query.where(books.c.ledger_id == ledger_id)
    with database.reading() as connection:
        replaced = connection.execute(query).all()
    for book_id, size in replaced:
        for last in range(_DELETED_AT_ONCE, size + _DELETED_AT_ONCE, _DELETED_AT_ONCE):
            with database.writing() as connection:
                mine = and_(entries.c.book_id == book_id, entries.c.position <= last)
                connection.execute(delete(entries).where(mine))
        with database.writing() as connection:
            connection.execute(delete(marks).where(marks.c.book_id == book_id))
            connection.execute(delete(stretches).where(stretches.c.book_id == book_id))
            connection.execute(delete(books).where(books.c.book_id == book_id, books.c.current.is_(False)))
