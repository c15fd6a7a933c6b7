"""A ledger read again by dates and held against its mirror; nothing is ever written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from settlement_bridge.bridge.period_report import Period
from settlement_bridge.comparison import BookComparison, EntryFinding, Reach, What, compare_books
from settlement_bridge.errors import DataRefused, NotComparable, NotFound
from settlement_bridge.model import Book, Ledger, LedgerDay, PayoutState
from settlement_bridge.money import decimal_text
from settlement_bridge.report_api import ReportApi
from settlement_bridge.store import MirroredBook, Store, describe


@dataclass(frozen=True)
class BookAudit:
    """One book over the period."""

    book: Book
    comparison: BookComparison


@dataclass(frozen=True)
class Audit:
    """A ledger over a period."""

    ledger_id: str
    period: Period
    books: tuple[BookAudit, ...]
    payouts_missing: tuple[int, ...]
    """Numbers that no payout has, between the first and the last one settled; a warning only (rule 22)."""

    @property
    def differs(self) -> bool:
        """Whether anything that is mirrored is no longer what the Report API gives."""
        return any(one.comparison.findings for one in self.books)


def audit_period(store: Store, ledger_id: str, first: date | None, last: date | None) -> Period:
    """Return the period to audit: all that is mirrored of a ledger, as far as days do not say otherwise.

    Raises NotFound for a ledger that is not known, or of which nothing is mirrored.
    """
    store.ledgers.get(ledger_id)
    ends = [
        entry.ledger_date
        for book in store.mirror.books(ledger_id).get(ledger_id, {}).values()
        for position in {1, book.size} - {0}
        for entry in store.mirror.iterate(book.book_id, position, position)
    ]
    if not ends:
        raise NotFound(f"nothing of ledger {ledger_id} is mirrored yet: run settlement-bridge sync")
    period = Period(first or min(ends), last or max(ends))
    if period.last < period.first:
        raise NotFound(f"ledger {ledger_id} has entries from {min(ends)} to {max(ends)}, none from {period}")
    return period


def audit(store: Store, api: ReportApi, ledger_id: str, period: Period, days_read: Callable[[int], None]) -> Audit:
    """Read both books of a ledger again over a period and compare; `days_read` is told of every few days done.

    Raises NotFound for a ledger that the keys do not see, NotComparable where the mirror was read in another dialect
    or an answer cannot be true, and what reading raises.
    """
    ledger = next((one for one in api.ledgers() if one.ledger_id == ledger_id), None)
    if ledger is None:
        raise NotFound(f"these keys do not see ledger {ledger_id}; settlement-bridge ledgers lists those they do")
    auditor = _Auditor(store, api, ledger, period, days_read)
    held = store.mirror.books(ledger_id).get(ledger_id, {})
    try:
        books = tuple(auditor.book(book, held.get(book)) for book in Book)
    except DataRefused as refused:
        raise NotComparable(f"ledger {ledger_id} cannot be audited: {refused.reason}") from refused
    return Audit(ledger_id, period, books, tuple(_payouts_missing(store, ledger_id)))


class _Auditor:
    """An audit under way."""

    def __init__(
        self, store: Store, api: ReportApi, ledger: Ledger, period: Period, days_read: Callable[[int], None]
    ) -> None:
        self._store = store
        self._api = api
        self._ledger = ledger
        self._period = period
        self._days_read = days_read

    def book(self, book: Book, held: MirroredBook | None) -> BookAudit:
        if held is None:  # no entry yet: whatever is given is still to be mirrored
            return BookAudit(book, compare_books((), self._days(book), Reach(None, 0, self._api.by_payout)))
        if held.by_payout != self._api.by_payout:
            raise NotComparable(
                f"ledger {held.ledger_id} was mirrored with Report API {_version(held.by_payout)}, and the server now "
                f"speaks {_version(self._api.by_payout)}: run settlement-bridge sync first"
            )
        mirrored = self._store.mirror.dated(held, self._period.first, self._period.last)
        return BookAudit(book, compare_books(mirrored, self._days(book), self._reach(held)))

    def _days(self, book: Book) -> Iterator[LedgerDay]:
        done, days = 0, (self._period.last - self._period.first).days + 1
        for day in self._api.dates(self._ledger, book, self._period.first, self._period.last):
            yield day
            reached = (day.ledger_date - self._period.first).days + 1
            self._days_read(max(reached - done, 0))
            done = max(done, reached)
        self._days_read(days - done)

    def _reach(self, held: MirroredBook) -> Reach:
        last = list(self._store.mirror.iterate(held.book_id, held.size, held.size))
        return Reach(last[0].ledger_date if last else None, held.balance, held.by_payout)


def _version(by_payout: bool) -> str:
    return "v1" if by_payout else "v2"


def _payouts_missing(store: Store, ledger_id: str) -> Iterator[int]:
    states = (PayoutState.SETTLED, PayoutState.WITHHELD, PayoutState.WAITING)
    every = [one.payout for state in states for one in store.settlements.payouts(state)]
    numbers = sorted(payout.number for payout in every if payout.ledger_id == ledger_id)
    for one, other in pairwise(numbers):
        yield from range(one + 1, other)


def finding_sentence(finding: EntryFinding) -> str:
    """Return a finding in words, with the entries it is about."""
    held = describe(finding.held) if finding.held else ""
    given = describe(finding.given) if finding.given else ""
    match finding.what:
        case What.CHANGED:
            return f"{', '.join(finding.fields)} changed: {held} is now {given}"
        case What.MISSING:
            return f"{held} is mirrored, but no longer given"
        case What.UNKNOWN:
            return f"{given} is given, but was not when its date was mirrored"
        case What.GAP:
            left = decimal_text(finding.held.balance_after) if finding.held else ""
            return f"{held} leaves {left}, but the next entry given is {given}"
