"""Small books of a made-up merchant, written like a diary: what happened, entry by entry and day by day.

Balances, times and references come by themselves, so that a test says only what it is about.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from settlement_bridge.model import INVOICED, RETAINED, Book, Identifier, Ledger, LedgerEntry, Page

FIRST_PAYOUT = 2000001
MONDAY = date(2025, 1, 6)
SHOP = "api:100001"


def ledger_of(*handles: str, ledger_id: str = "302321", owner: str = "987654321") -> Ledger:
    """Describe a ledger that settles for these handles."""
    return Ledger(
        ledger_id=ledger_id,
        currency="NOK",
        owner=Identifier("business:NO:ORG", owner),
        bank_account=Identifier("BBAN:NO", "8601.11.17947"),
        handles=handles or (SHOP,),
    )


class Books:
    """The two books of one ledger, as far as they have been told."""

    def __init__(self, ledger: Ledger | None = None, *, opening_funds: int = 0, opening_fees: int = 0) -> None:
        self.ledger = ledger or ledger_of()
        self.entries: dict[Book, list[LedgerEntry]] = {book: [] for book in Book}
        self.balance = {Book.FUNDS: opening_funds, Book.FEES: opening_fees}
        self.owed = 0
        """Fees that are neither retained nor invoiced."""
        self.day = MONDAY
        self.last_payout = FIRST_PAYOUT - 1
        self._minutes = 0
        self._references = 5_100_000_000
        self._orders: dict[str, str | None] = {}

    def next_day(self, days: int = 1) -> "Books":
        """Begin a later ledger date."""
        self.day += timedelta(days)
        self._minutes = 0
        return self

    def capture(
        self, order: str | None, amount: int, *fees: int, psp: str | None = None, handle: str | None = SHOP
    ) -> str:
        """Sell something, with any number of fees on the same day; return the pspReference."""
        psp = self.funds("capture", amount, order, psp=psp, handle=handle)
        for fee in fees:
            self.fee(psp, fee)
        return psp

    def refund(self, order: str | None, amount: int, handle: str | None = SHOP) -> str:
        """Give money back."""
        return self.funds("refund", -amount, order, handle=handle)

    def fee(self, psp: str, fee: int, kind: str = "capture-fee", handle: str | None = None) -> None:
        """Charge a fee now, early or late, for a capture; a negative one is a credit."""
        self.owed += fee
        self._enter(Book.FEES, kind, -fee, self._orders.get(psp), psp, handle)

    def dispute(self, psp: str, amount: int, handle: str | None = SHOP) -> None:
        """Take a capture's money back from the merchant while somebody disputes it."""
        self.funds("retained-disputed-capture", -amount, self._orders[psp], psp=psp, handle=handle)

    def dispute_won(self, psp: str, amount: int, handle: str | None = SHOP) -> None:
        """Return the disputed money to the merchant."""
        self.funds("returned-disputed-capture", amount, self._orders[psp], psp=psp, handle=handle)

    def funds(
        self, kind: str, amount: int, order: str | None = None, *, psp: str | None = None, handle: str | None = SHOP
    ) -> str:
        """Enter anything on the funds book; return the pspReference."""
        psp = psp or self._next_reference()
        self._orders.setdefault(psp, order)
        self._enter(Book.FUNDS, kind, amount, order, psp, handle)
        return psp

    def retained(self, amount: int | None = None, on_fees: int | None = None) -> None:
        """Keep back what is owed, a pair of entries; `amount` and `on_fees` make pairs that are wrong."""
        amount = self.owed if amount is None else amount
        if amount or on_fees:
            self.retained_on_funds(amount)
            self.retained_on_fees(amount if on_fees is None else on_fees)

    def retained_on_funds(self, amount: int) -> None:
        """Enter one half of the pair."""
        self._enter(Book.FUNDS, RETAINED, -amount, "", f"FR-{self._next_reference()}", None)

    def retained_on_fees(self, amount: int) -> None:
        """Enter the other half of the pair."""
        self.owed -= amount
        self._enter(Book.FEES, RETAINED, amount, "", f"{self.ledger.ledger_id}-{self._next_reference()}", None)

    def invoiced(self, amount: int | None = None) -> None:
        """Send an invoice for the fees owed, or for some of them, the oldest first."""
        amount = self.owed if amount is None else amount
        self.owed -= amount
        self._enter(Book.FEES, INVOICED, amount, "", f"INV-{self._next_reference()}", None)

    def payout(
        self,
        number: int | None = None,
        *,
        keep: int = 0,
        psp: str | None = None,
        reference: str | None = None,
        kind: str = "payout-scheduled",
    ) -> int:
        """Pay out the balance, but for a reserve to `keep`, and end the day; return the payout's number."""
        self.last_payout = number = number or self.last_payout + 1
        psp = psp or f"{self.ledger.ledger_id}-{number}"
        reference = reference if reference is not None else f"Vipps utbet. {number} Vippsnr 100001"
        self._enter(Book.FUNDS, kind, keep - self.balance[Book.FUNDS], reference, psp, None)
        self.next_day()
        return number

    def end_of_day(self, *, keep: int = 0) -> int | None:
        """Retain the fees and pay out what then is left to pay; None where nothing is."""
        self.retained()
        if self.balance[Book.FUNDS] > keep:
            return self.payout(keep=keep)
        self.next_day()
        return None

    def page(self, held: Mapping[Book, int], upto: Mapping[Book, int]) -> Page:
        """Return the entries from behind those held up to a cut, as one answer of the API."""
        entries = {book: self.entries[book][held[book] : upto[book]] for book in Book}
        return Page(self.ledger.ledger_id, entries, {book: f"c{upto[book]}" for book in Book})

    def size(self) -> dict[Book, int]:
        """Return how many entries each book has."""
        return {book: len(entries) for book, entries in self.entries.items()}

    @property
    def now(self) -> datetime:
        """An hour after the last thing that was told."""
        told = (entry.time for entries in self.entries.values() for entry in entries)
        return max(told, default=datetime.combine(self.day, time(), UTC)) + timedelta(hours=1)

    def _enter(self, book: Book, kind: str, amount: int, reference: str | None, psp: str, handle: str | None) -> None:
        self._minutes += 1
        at = datetime.combine(self.day, time(6), UTC) + timedelta(minutes=self._minutes, microseconds=123456)
        entry = LedgerEntry(psp, at, self.day, kind, reference, amount, self.balance[book], handle, None)
        self.entries[book].append(entry)
        self.balance[book] += amount

    def _next_reference(self) -> str:
        self._references += 1
        return str(self._references)
