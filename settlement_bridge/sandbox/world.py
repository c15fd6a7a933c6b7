"""What the sandbox serves: ledgers with their books, held in memory or made up as they are asked for."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from heapq import merge
from itertools import islice
from typing import Any, Protocol

from settlement_bridge.model import Book

FIRST_PAYOUT = 2000001


class Rows(Protocol):
    """Rows of JSON in the order of the API: a book of v2, or the transactions of v1."""

    def __len__(self) -> int:
        """How many rows there are."""

    def json(self, start: int, stop: int, personal: bool = False) -> list[bytes]:
        """Return the rows at positions start to stop, each one JSON object; with personal data only where asked."""

    def span(self, first: date, last: date) -> tuple[int, int]:
        """Return start and stop of the rows whose ledger date is first, last or between."""

    def times(self) -> Iterator[datetime]:
        """Yield the time of every row, in order."""


class Transactions(Rows, Protocol):
    """The v1 transactions of a ledger, payout by payout."""

    @property
    def payouts(self) -> range:
        """The numbers of the payouts there are; empty before the first."""

    def payout(self, number: int) -> tuple[int, int]:
        """Return start and stop of a payout's rows, its payout row among them; (0, 0) for an unknown number."""


class LedgerBooks(Protocol):
    """A ledger with all that either dialect can say of it."""

    @property
    def description(self) -> Mapping[str, Any]:
        """What `GET /settlement/v1/ledgers` says in the v2 dialect."""

    def book(self, book: Book) -> Rows:
        """Return one of the two books."""

    @property
    def transactions(self) -> Transactions:
        """The ledger as v1 tells it."""


class World(Protocol):
    """Everything the sandbox's keys can see."""

    @property
    def organizations(self) -> Mapping[str, Mapping[str, str]]:
        """By organization number what the API does not know: name, address, zip_code, city, country_code."""

    @property
    def until(self) -> date:
        """The last ledger date that has closed."""

    def __len__(self) -> int:
        """How many ledgers there are."""

    def ledger(self, index: int) -> LedgerBooks:
        """Return the ledger at a place of the list."""

    def find(self, ledger_id: str) -> LedgerBooks | None:
        """Return the ledger of that id, or None."""


def shown(ledger: LedgerBooks, entries: int) -> dict[Book, int]:
    """Count how much of each book belongs to the first entries of a ledger, in time order over both books."""
    counts = dict.fromkeys(Book, 0)
    in_order = merge(*(_in_order(ledger, book) for book in Book))
    for _, _, book in islice(in_order, entries):
        counts[book] += 1
    return counts


def _in_order(ledger: LedgerBooks, book: Book) -> Iterator[tuple[datetime, int, Book]]:
    latest = None
    for time in ledger.book(book).times():
        latest = time if latest is None else max(latest, time)
        yield latest, list(Book).index(book), book
