"""Keeps the two v2 books of a ledger, the way the provider does."""

from collections.abc import Iterable
from datetime import date, datetime

from settlement_bridge.model import INVOICED, RETAINED, Book
from settlement_bridge.sandbox.names import ulid
from settlement_bridge.sandbox.sales import Account, Movement, SalesDay
from settlement_bridge.sandbox.stored import StoredLedger, StoredRows
from settlement_bridge.sandbox.transactions import keep_transactions
from settlement_bridge.sandbox.world import FIRST_PAYOUT

UTC_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
_RENAMED = date(2024, 1, 1)


def keep_books(account: Account, days: Iterable[SalesDay]) -> StoredLedger:
    """Return a ledger with both books chained from balance 0, and its v1 transactions."""
    days = tuple(days)
    keeper = _Keeper(account)
    for day in days:
        keeper.keep(day)
    return StoredLedger(account.description(), keeper.books, keep_transactions(account, days))


class _Keeper:
    def __init__(self, account: Account) -> None:
        self.books = {book: StoredRows() for book in Book}
        self._account = account
        self._balances = dict.fromkeys(Book, 0)
        self._payouts = 0
        self._paid_out = 0
        self._collections = 0

    def keep(self, day: SalesDay) -> None:
        if day.abort and self._paid_out:
            self._abort(day)
        for movement in day.movements:
            self._post(day.day, movement)
        closing = self._account.closing(day.day)
        if day.retain:
            self._retain(day.day, closing)
        if day.invoice:
            self._invoice(day.day, closing)
        if day.pay_out:
            self._pay_out(day, closing)

    def _post(self, day: date, movement: Movement) -> None:
        before = self._balances[movement.book]
        after = self._balances[movement.book] = before + movement.amount
        entry = {
            "pspReference": movement.psp_reference,
            "time": movement.time.strftime(UTC_TIME),
            "ledgerDate": day.isoformat(),
            "entryType": movement.entry_type,
            "reference": movement.reference,
            "currency": self._account.country.currency,
            "amount": movement.amount,
            "balanceBefore": before,
            "balanceAfter": after,
            "recipientHandle": movement.handle,
        }
        self.books[movement.book].append(entry, day, movement.time, movement.personal)

    def _abort(self, day: SalesDay) -> None:
        time = self._account.moment(day.day, 0)
        reference = f"{self._account.ledger_id}-{FIRST_PAYOUT + self._payouts - 1}"
        self._post(day.day, Movement(time, Book.FUNDS, "payout-aborted", self._paid_out, reference, "", None))
        self._paid_out = 0

    def _retain(self, day: date, closing: datetime) -> None:
        """Take what is owed on the fees book off the funds book; the two references do not agree, as in life."""
        owed = self._balances[Book.FEES]
        if not owed:
            return
        collection = self._collect()
        reference = ulid(f"{collection} {RETAINED}", closing)
        self._post(day, Movement(closing, Book.FUNDS, RETAINED, owed, reference, "", None))
        self._post(day, Movement(closing, Book.FEES, RETAINED, -owed, collection, "", None))

    def _invoice(self, day: date, closing: datetime) -> None:
        owed = self._balances[Book.FEES]
        if owed < 0:
            self._post(day, Movement(closing, Book.FEES, INVOICED, -owed, self._collect(), "", None))

    def _collect(self) -> str:
        self._collections += 1
        return f"{self._account.ledger_id}-{FIRST_PAYOUT + self._collections - 1}"

    def _pay_out(self, day: SalesDay, closing: datetime) -> None:
        amount = self._balances[Book.FUNDS] - day.reserve
        if amount <= 0:
            return
        number = FIRST_PAYOUT + self._payouts
        self._payouts += 1
        self._paid_out = amount
        entry_type = "payout-scheduled" if day.day >= _RENAMED else "scheduled-for-payout"
        text = f"Vipps utbet. {number} Vippsnr {self._account.units[0].handle.partition(':')[2]}"
        reference = f"{self._account.ledger_id}-{number}"
        self._post(day.day, Movement(closing, Book.FUNDS, entry_type, -amount, reference, text, None))
