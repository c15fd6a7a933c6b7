"""Very many ledgers with a handful of entries each: no more than a few of them in memory at a time."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache

from settlement_bridge.model import Book, SalesUnit
from settlement_bridge.sandbox.books import keep_books
from settlement_bridge.sandbox.names import bank_account, organization_number
from settlement_bridge.sandbox.sales import Account, Movement, SalesDay
from settlement_bridge.sandbox.scenarios.till import Frame
from settlement_bridge.sandbox.stored import StoredLedger

_FIRST_LEDGER = 600_000
_LEDGER_ID = re.compile(r"[1-9][0-9]{5,9}")
_SALES_DAYS = 2
_HELD = 1024


class SmallMerchants:
    """A world of ledgers alike: one organization, a sales unit each, two days of one sale, two payouts."""

    def __init__(self, frame: Frame, ledgers: int) -> None:
        self.until = frame.until
        self._ledgers = ledgers
        self._owner = organization_number("Mange Små SA")
        self._bank_account = bank_account("Mange Små SA")
        self._build = lru_cache(maxsize=_HELD)(self._books)
        self._seed = frame.seed

    @property
    def organizations(self) -> Mapping[str, Mapping[str, str]]:
        """The one organization that all the ledgers belong to."""
        address = {"address": "Smauet 1", "zip_code": "5014", "city": "BERGEN", "country_code": "NOR"}
        return {self._owner: {"name": "Mange Små SA", **address}}

    def __len__(self) -> int:
        return self._ledgers

    def ledger(self, index: int) -> StoredLedger:
        """Return the ledger at a place of the list."""
        return self._build(index)

    def find(self, ledger_id: str) -> StoredLedger | None:
        """Return the ledger of that id, or None."""
        if not _LEDGER_ID.fullmatch(ledger_id):
            return None
        index = int(ledger_id) - _FIRST_LEDGER
        return self.ledger(index) if index in range(self._ledgers) else None

    def _books(self, index: int) -> StoredLedger:
        unit = SalesUnit(f"api:{_FIRST_LEDGER + index}", f"Bod {index + 1}", self._owner)
        account = Account(str(_FIRST_LEDGER + index), self._owner, self._bank_account, (unit,))
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
