"""Very many ledgers with a handful of entries each: none in memory, and none made up to say that nothing is new."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

from settlement_bridge.model import Book, SalesUnit
from settlement_bridge.sandbox.books import keep_books
from settlement_bridge.sandbox.names import bank_account, organization_number
from settlement_bridge.sandbox.sales import Account, Movement, SalesDay
from settlement_bridge.sandbox.scenarios.till import Frame
from settlement_bridge.sandbox.stored import StoredLedger, StoredRows
from settlement_bridge.sandbox.world import FIRST_PAYOUT

_FIRST_LEDGER = 600_000
_LEDGER_ID = re.compile(r"[1-9][0-9]{5,9}")
_SALES_DAYS = 2
_ROWS_A_DAY = {Book.FUNDS: 3, Book.FEES: 2}
_TRANSACTIONS_A_DAY = 2
_HELD = 64


class SmallRows:
    """Rows of which the number is known before there are any."""

    def __init__(self, length: int, rows: Callable[[], StoredRows]) -> None:
        self._length = length
        self._rows = rows

    def __len__(self) -> int:
        return self._length

    def json(self, start: int, stop: int, personal: bool = False) -> list[bytes]:
        """Return the rows at positions start to stop."""
        return self._rows().json(start, stop, personal) if start < stop else []

    def span(self, first: date, last: date) -> tuple[int, int]:
        """Return start and stop of the rows with these ledger dates."""
        return self._rows().span(first, last)

    def times(self) -> Iterator[datetime]:
        """Yield the time of every row."""
        return self._rows().times()


class SmallTransactions(SmallRows):
    """A payout a day, each of one sale."""

    payouts = range(FIRST_PAYOUT, FIRST_PAYOUT + _SALES_DAYS)

    def payout(self, number: int) -> tuple[int, int]:
        """Return start and stop of a payout's rows."""
        start = (number - FIRST_PAYOUT) * _TRANSACTIONS_A_DAY
        return (start, start + _TRANSACTIONS_A_DAY) if number in self.payouts else (0, 0)


class SmallLedger:
    """One of the many."""

    def __init__(self, account: Account, kept: Callable[[], StoredLedger]) -> None:
        self.description = account.description()
        self.transactions = SmallTransactions(_TRANSACTIONS_A_DAY * _SALES_DAYS, lambda: kept().transactions)
        self._kept = kept

    def book(self, book: Book) -> SmallRows:
        """Return one of the two books."""
        return SmallRows(_ROWS_A_DAY[book] * _SALES_DAYS, lambda: self._kept().book(book))


class SmallMerchants:
    """A world of ledgers alike: one organization, a sales unit each, two days of one sale, two payouts."""

    def __init__(self, frame: Frame, ledgers: int) -> None:
        self.until = frame.until
        self._ledgers = ledgers
        self._owner = organization_number("Mange Små SA")
        self._bank_account = bank_account("Mange Små SA")
        self._seed = frame.seed
        self._books = lru_cache(maxsize=_HELD)(self._keep)

    @property
    def organizations(self) -> Mapping[str, Mapping[str, str]]:
        """The one organization that all the ledgers belong to."""
        address = {"address": "Smauet 1", "zip_code": "5014", "city": "BERGEN", "country_code": "NOR"}
        return {self._owner: {"name": "Mange Små SA", **address}}

    def __len__(self) -> int:
        return self._ledgers

    def ledger(self, index: int) -> SmallLedger:
        """Return the ledger at a place of the list."""
        return SmallLedger(self._account(index), lambda: self._books(index))

    def find(self, ledger_id: str) -> SmallLedger | None:
        """Return the ledger of that id, or None."""
        if not _LEDGER_ID.fullmatch(ledger_id):
            return None
        index = int(ledger_id) - _FIRST_LEDGER
        return self.ledger(index) if index in range(self._ledgers) else None

    def _account(self, index: int) -> Account:
        number = _FIRST_LEDGER + index
        unit = SalesUnit(f"api:{number}", f"Bod {index + 1}", self._owner)
        return Account(str(number), self._owner, self._bank_account, (unit,))

    def _keep(self, index: int) -> StoredLedger:
        account = self._account(index)
        days = (self.until - timedelta(days=back) for back in range(_SALES_DAYS - 1, -1, -1))
        return keep_books(account, [SalesDay(day, self._sale(account, index, day)) for day in days])

    def _sale(self, account: Account, index: int, day: date) -> tuple[Movement, ...]:
        time = account.moment(day, 36_000 + index % 3600)
        amount = 10_000 + (index * 131 + self._seed * 17 + day.toordinal() * 7) % 90_000
        reference = str(3_400_000_000 + index * _SALES_DAYS + day.toordinal() % _SALES_DAYS)
        handle = account.units[0].handle
        return (
            Movement(time, Book.FUNDS, "capture", amount, reference, f"sale-{day}", handle),
            Movement(time, Book.FEES, "capture-fee", -(amount // 40), reference, f"sale-{day}", handle),
        )
