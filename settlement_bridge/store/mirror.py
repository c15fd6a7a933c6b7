"""The mirrored books of every ledger: entries and the feed's cursor, always in one transaction."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, bindparam, select, update

from settlement_bridge.errors import NotFound
from settlement_bridge.model import Book, LedgerEntry, Page
from settlement_bridge.store.books import MirroredBook, book_of, extend, new_book
from settlement_bridge.store.database import Database, stream
from settlement_bridge.store.entry_codec import entry_of
from settlement_bridge.store.overlaps import Place
from settlement_bridge.store.payers import keep_payers
from settlement_bridge.store.resync import Resync, discard_replaced
from settlement_bridge.store.tables import IS_CURRENT, books, entries, ledgers

_KNOWN = select(ledgers.c.ledger_id)
_LOCK = _KNOWN.where(ledgers.c.ledger_id == bindparam("ledger_id")).with_for_update()
_CURRENT = select(books).where(IS_CURRENT)
_READ_SO = _CURRENT.where(books.c.by_payout == bindparam("by_payout"))
_OF_LEDGER = _CURRENT.where(books.c.ledger_id == bindparam("ledger_id"))
_AT_PLACE = _OF_LEDGER.where(books.c.book == bindparam("book"))
_REPLACE = update(books).where(books.c.book_id == bindparam("replaced")).values(current=False)

NOT_READ: Mapping[Book, str | None] = dict.fromkeys(Book)


class Mirror:
    """The ledgers' books as the Report API gave them, unchanged and in its order."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[Place, MirroredBook] = {}

    def cursors(self, *, by_payout: bool) -> dict[str, dict[Book, str | None]]:
        """Return where to go on reading, for every ledger and book; None where a book has to be read from its start.

        Such is a book never read before, and one read in the other way (`by_payout`): cursors, and the balances of
        its entries, mean nothing there.
        """
        with self._database.reading() as connection:
            found = {ledger_id: dict(NOT_READ) for ledger_id in connection.scalars(_KNOWN)}
            for row in connection.execute(_READ_SO, {"by_payout": by_payout}):
                book = book_of(row)
                self._seen[book.place] = book
                found[book.ledger_id][book.book] = book.cursor
        return found

    def append(self, page: Page) -> int:
        """Keep what is new of a page, with its cursors, and return how many entries that were.

        The pages of one ledger must come in order, and from one thread at a time. Raises DataRefused for a page that
        contradicts what is held or breaks the chain of balances, and Busy where somebody else has read the same book
        meanwhile; nothing of the page is kept then. Raises NotFound for a ledger that was never remembered.
        """
        parts = parts_of(page)
        if all(self._brings_nothing(page, *part) for part in parts):
            return 0
        grown, before = [], 0
        try:
            with self._database.writing(durable=False) as connection:
                for book, given, cursor in parts:
                    held = self._held(connection, page, book)
                    before += held.size
                    grown.append(extend(connection, held, given, cursor or held.cursor))
                if page.payers:
                    keep_payers(self._database, connection, page)
        except BaseException:
            self._forget(page.ledger_id)
            raise
        self._seen |= {book.place: book for book in grown}
        return sum(book.size for book in grown) - before

    def _brings_nothing(self, page: Page, book: Book, given: Sequence[LedgerEntry], cursor: str | None) -> bool:
        seen = self._seen.get((page.ledger_id, book))
        return not given and seen is not None and seen.by_payout == page.by_payout and cursor in (None, seen.cursor)

    def _held(self, connection: Connection, page: Page, book: Book) -> MirroredBook:
        place = (page.ledger_id, book)
        seen = self._seen.get(place)
        if seen is not None and seen.by_payout == page.by_payout:
            return seen
        if connection.execute(_LOCK, {"ledger_id": page.ledger_id}).first() is None:
            raise NotFound(f"ledger {page.ledger_id} is not known here; list the ledgers before reading one")
        row = connection.execute(_AT_PLACE, {"ledger_id": page.ledger_id, "book": book}).one_or_none()
        if row is not None and row.by_payout == page.by_payout:
            return book_of(row)
        if row is not None:
            connection.execute(_REPLACE, {"replaced": row.book_id})
        return new_book(connection, place, current=True, by_payout=page.by_payout)

    def _forget(self, ledger_id: str) -> None:
        for book in Book:
            self._seen.pop((ledger_id, book), None)

    def books(self, ledger_id: str | None = None) -> dict[str, dict[Book, MirroredBook]]:
        """Return the books in use by ledger: of one ledger, or of all."""
        query = _CURRENT if ledger_id is None else _OF_LEDGER
        found: dict[str, dict[Book, MirroredBook]] = {}
        with self._database.reading() as connection:
            for row in connection.execute(query, {"ledger_id": ledger_id}):
                book = book_of(row)
                found.setdefault(book.ledger_id, {})[book.book] = book
        return found

    def iterate(self, book_id: int, first: int, last: int) -> Iterator[LedgerEntry]:
        """Yield a book's entries from one position to another, both included; memory stays small."""
        query = select(entries).where(entries.c.book_id == book_id, entries.c.position.between(first, last))
        with self._database.reading() as connection:
            yield from map(entry_of, stream(connection, query.order_by(entries.c.position)))

    def dated(self, book: MirroredBook, first: date, last: date) -> Iterator[LedgerEntry]:
        """Yield a book's entries of a period in the order of their ledger dates, as far as `book` says it is read."""
        query = select(entries).where(
            entries.c.book_id == book.book_id,
            entries.c.position <= book.size,
            entries.c.ledger_date.between(first.isoformat(), last.isoformat()),
        )
        with self._database.reading() as connection:
            in_order = query.order_by(entries.c.ledger_date, entries.c.position)
            yield from map(entry_of, stream(connection, in_order))

    def begin_resync(self, ledger_id: str, *, by_payout: bool) -> Resync:
        """Begin to read a ledger again from the start, beside its books in use.

        What an abandoned resync of it has left behind is removed.
        """
        discard_replaced(self._database, ledger_id)
        with self._database.writing() as connection:
            fresh = {book: new_book(connection, (ledger_id, book), current=False, by_payout=by_payout) for book in Book}
        return Resync(self._database, ledger_id, fresh)

    def finish_resync(self, resync: Resync) -> None:
        """Put the books read anew in the place of those in use, which are deleted."""
        resync.swap()
        self._forget(resync.ledger_id)
        discard_replaced(self._database, resync.ledger_id)

    def clean_up(self) -> None:
        """Delete every book that is not in use. Only for a process that knows of no resync under way."""
        discard_replaced(self._database)


def parts_of(page: Page) -> list[tuple[Book, Sequence[LedgerEntry], str | None]]:
    """Return a page book by book: entries and cursor."""
    return [
        (book, page.entries.get(book, ()), page.cursors.get(book))
        for book in Book
        if book in page.entries or book in page.cursors
    ]
