"""Worlds held in memory, every row as the JSON text it is served as."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import chain
from json import dumps
from typing import Any

from settlement_bridge.model import Book
from settlement_bridge.sandbox.world import FIRST_PAYOUT, LedgerBooks, World


def json_row(members: Mapping[str, Any]) -> bytes:
    """Return a JSON object in ASCII, so that any text survives, lone surrogates too."""
    return dumps(members, separators=(",", ":")).encode("ascii")


class StoredRows:
    """Rows in memory; `personal` holds the longer form of the rows that have personal data."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self._dates: list[date] = []
        self._times: list[datetime] = []
        self._personal: dict[int, bytes] = {}

    def append(self, members: Mapping[str, Any], day: date, time: datetime, personal: Mapping[str, str] | None) -> None:
        """Add a row behind the others."""
        if personal:
            self._personal[len(self._rows)] = json_row({**members, **personal})
        self._rows.append(json_row(members))
        self._dates.append(day)
        self._times.append(time)

    def __len__(self) -> int:
        return len(self._rows)

    def json(self, start: int, stop: int, personal: bool = False) -> list[bytes]:
        """Return the rows at positions start to stop."""
        if not (personal and self._personal):
            return self._rows[start:stop]
        return [self._personal.get(start + n, row) for n, row in enumerate(self._rows[start:stop])]

    def span(self, first: date, last: date) -> tuple[int, int]:
        """Return start and stop of the rows with these ledger dates."""
        return bisect_left(self._dates, first), bisect_right(self._dates, last)

    def times(self) -> Iterator[datetime]:
        """Yield the time of every row."""
        return iter(self._times)

    @property
    def last_day(self) -> date | None:
        """The latest ledger date, None without rows."""
        return max(self._dates, default=None)


class StoredTransactions(StoredRows):
    """v1 transactions in memory."""

    def __init__(self, first: int = FIRST_PAYOUT) -> None:
        super().__init__()
        self._first = first
        self._ends: list[int] = []

    def close_payout(self) -> None:
        """Everything since the payout before is in one payout now."""
        self._ends.append(len(self))

    @property
    def payouts(self) -> range:
        """The numbers of the payouts there are."""
        return range(self._first, self._first + len(self._ends))

    def payout(self, number: int) -> tuple[int, int]:
        """Return start and stop of a payout's rows."""
        if number not in self.payouts:
            return 0, 0
        index = number - self._first
        return (self._ends[index - 1] if index else 0), self._ends[index]


@dataclass(frozen=True)
class StoredLedger:
    """A ledger in memory."""

    description: Mapping[str, Any]
    books: Mapping[Book, StoredRows]
    transactions: StoredTransactions

    def book(self, book: Book) -> StoredRows:
        """Return one of the two books."""
        return self.books[book]


@dataclass(frozen=True)
class StoredWorld:
    """Ledgers in memory."""

    ledgers: Sequence[LedgerBooks]
    organizations: Mapping[str, Mapping[str, str]]
    until: date
    _by_id: dict[str, LedgerBooks] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._by_id.update((str(ledger.description["ledgerId"]), ledger) for ledger in self.ledgers)

    def __len__(self) -> int:
        return len(self.ledgers)

    def ledger(self, index: int) -> LedgerBooks:
        """Return the ledger at a place of the list."""
        return self.ledgers[index]

    def find(self, ledger_id: str) -> LedgerBooks | None:
        """Return the ledger of that id, or None."""
        return self._by_id.get(ledger_id)


def together(worlds: Sequence[World]) -> StoredWorld:
    """Return one world with the ledgers of all these."""
    ledgers = chain.from_iterable(map(world.ledger, range(len(world))) for world in worlds)
    organizations = {number: address for world in worlds for number, address in world.organizations.items()}
    return StoredWorld(tuple(ledgers), organizations, max(world.until for world in worlds))
