"""One mirrored book: how it stands, and how it grows by a page, inside somebody else's transaction."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from sqlalchemy import Connection, Row, and_, bindparam, insert, select, update

from settlement_bridge.errors import Busy
from settlement_bridge.instants import to_micros
from settlement_bridge.model import MARK_TYPES, Book, EntryTable, LedgerEntry
from settlement_bridge.store.bulk import insert_many, insert_values
from settlement_bridge.store.entry_codec import entry_of, values_of
from settlement_bridge.store.overlaps import Place, check_chain, new_entries
from settlement_bridge.store.tables import books, entries, marks, stretches

_INSTANTS_AT_ONCE = 500
_BEGIN = insert(books).returning(books)
_GROWING = ("cursor", "size", "balance", "opening", "latest_time")
# Only from the very state a page was asked for: two writers can never interleave. Put together once, since that takes
# longer than the database does.
_ADVANCE = (
    update(books)
    .where(
        books.c.book_id == bindparam("seen_book_id"),
        books.c.current == bindparam("seen_current"),
        books.c.size == bindparam("seen_size"),
        books.c.cursor.is_not_distinct_from(bindparam("seen_cursor")),
    )
    .values({name: bindparam(name) for name in _GROWING})
)


@dataclass(frozen=True)
class MirroredBook:
    """A book as far as it is mirrored."""

    book_id: int
    ledger_id: str
    book: Book
    current: bool
    """False while it is being read anew beside the one in use."""
    by_payout: bool
    cursor: str | None
    size: int
    """How many entries there are: positions run from 1 to `size`."""
    balance: int
    """Behind the last entry."""
    opening: int | None
    """Before the first entry; None while there is none."""
    latest_time: int | None
    """Of all entries, in microseconds since 1970 UTC."""

    @property
    def place(self) -> Place:
        """Ledger id and book."""
        return self.ledger_id, self.book


def book_of(row: Row[tuple[object, ...]]) -> MirroredBook:
    """Return the book of a row of `select(books)`."""
    values = row._asdict()
    return MirroredBook(**values | {"book": Book(values["book"])})


def new_book(connection: Connection, place: Place, *, current: bool, by_payout: bool) -> MirroredBook:
    """Begin an empty book."""
    ledger_id, book = place
    values = {"ledger_id": ledger_id, "book": book, "current": current, "by_payout": by_payout, "size": 0, "balance": 0}
    return book_of(connection.execute(_BEGIN, values).one())


def extend(
    connection: Connection, book: MirroredBook, given: Sequence[LedgerEntry], cursor: str | None
) -> MirroredBook:
    """Add what is new of a page to a book, with the cursor behind it, and return the book as it is then.

    Raises DataRefused for a page that cannot be true, Busy where the book is no longer as `book` says.
    """
    new, instants = _without_overlap(connection, book, EntryTable.of(given))
    grown = replace(book, cursor=cursor)
    if new:
        latest = max(instants)
        grown = replace(
            grown,
            size=book.size + len(new),
            balance=_balance_behind(connection, book, new),
            opening=new.columns.balances_before[0] if book.opening is None else book.opening,
            latest_time=latest if book.latest_time is None else max(latest, book.latest_time),
        )
    if grown != book:
        _advance(connection, book, grown)
    if new:
        insert_values(connection, entries, values_of(book.book_id, book.size + 1, new.columns, instants))
        insert_many(connection, marks, list(_marks_of(book, new)))
        insert_many(connection, stretches, [(book.book_id, book.size + 1, grown.size, min(instants), latest)])
    return grown


def _marks_of(book: MirroredBook, new: EntryTable) -> Iterator[tuple[object, ...]]:
    for position, entry_type in enumerate(new.columns.entry_types, book.size + 1):
        if entry_type in MARK_TYPES:
            yield book.book_id, position, entry_type


def _balance_behind(connection: Connection, book: MirroredBook, new: EntryTable) -> int:
    last_held = partial(entry_at, connection, book.book_id, book.size)
    return check_chain(book.place, book.balance if book.size else None, new, last_held)


def _advance(connection: Connection, seen: MirroredBook, grown: MirroredBook) -> None:
    values = {name: getattr(grown, name) for name in _GROWING}
    before = {f"seen_{name}": getattr(seen, name) for name in ("book_id", "current", "size", "cursor")}
    if connection.execute(_ADVANCE, values | before).rowcount != 1:
        raise Busy(
            f"another process has read the {seen.book} book of ledger {seen.ledger_id} meanwhile; nothing of this "
            "page was kept, the next run goes on from there"
        )


def _without_overlap(connection: Connection, book: MirroredBook, given: EntryTable) -> tuple[EntryTable, Sequence[int]]:
    """Return what is new of a page, and the instants of that."""
    instants = list(map(to_micros, given.columns.times))
    # What is later than everything held is surely new. Only the rest, mostly nothing, has to be looked up.
    latest = -1 if book.latest_time is None else book.latest_time
    distinct = set(instants)
    if len(distinct) == len(instants) and (not instants or min(instants) > latest):
        return given, instants
    doubtful = sorted(instant for instant in distinct if instant <= latest)
    held = _entries_at(connection, book.book_id, doubtful)
    new = EntryTable.of(new_entries(book.place, given, held, by_payout=book.by_payout))
    return new, list(map(to_micros, new.columns.times))


def _entries_at(connection: Connection, book_id: int, instants: Iterable[int]) -> Iterator[tuple[int, LedgerEntry]]:
    rest = iter(instants)
    while some := list(islice(rest, _INSTANTS_AT_ONCE)):
        for first, last in _stretches_with(connection, book_id, some):
            here = and_(entries.c.book_id == book_id, entries.c.position.between(first, last))
            for row in connection.execute(select(entries).where(here, entries.c.time.in_(some))):
                yield row.position, entry_of(row)


def _stretches_with(connection: Connection, book_id: int, instants: Sequence[int]) -> list[tuple[int, int]]:
    """Return first and last positions of what may hold one of the instants, which are sorted."""
    query = select(stretches.c.first_position, stretches.c.last_position).where(
        stretches.c.book_id == book_id, stretches.c.earliest <= instants[-1], stretches.c.latest >= instants[0]
    )
    found: list[tuple[int, int]] = []
    for first, last in connection.execute(query.order_by(stretches.c.first_position)).tuples():
        adjoins = found and found[-1][1] + 1 == first
        found.append((found.pop()[0] if adjoins else first, last))
    return found


def entry_at(connection: Connection, book_id: int, position: int) -> LedgerEntry:
    """Return the entry at a position that is held."""
    query = select(entries).where(entries.c.book_id == book_id, entries.c.position == position)
    return entry_of(connection.execute(query).one())
