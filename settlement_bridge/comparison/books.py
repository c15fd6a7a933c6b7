"""Mirrored entries against the same entries read again: data is immutable, so nothing may differ (rules 20 and 21)."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from settlement_bridge.comparison.pairs import paired
from settlement_bridge.model import LedgerDay, LedgerEntry, differing

MOST_TOLD = 1000


class What(StrEnum):
    """What is wrong with an entry."""

    CHANGED = "changed"
    MISSING = "missing"
    """Held here, but no longer given."""
    UNKNOWN = "unknown"
    """Given, but not held here although later entries are."""
    GAP = "gap"
    """What is given does not begin where the entry before it ended."""


@dataclass(frozen=True)
class EntryFinding:
    """One entry that is not as it should be."""

    what: What
    held: LedgerEntry | None
    """As mirrored; for a gap the entry before it, as given."""
    given: LedgerEntry | None
    """As the Report API gives it now."""
    fields: tuple[str, ...] = ()
    """Which fields have changed."""


@dataclass(frozen=True)
class BookComparison:
    """A book compared over a period."""

    entries: int
    """How many are held and were compared."""
    findings: tuple[EntryFinding, ...]
    untold: int
    """Further findings of which only the number is kept."""
    upcoming: int
    """Entries given that come behind the last one held: the next sync will bring them."""
    open_dates: tuple[date, ...]
    """Dates that have not closed yet: what is held of them is not given this way, and was not compared."""


class Reach(NamedTuple):
    """How far a book is mirrored."""

    ledger_date: date | None
    """Of the last entry; None where there is none."""
    balance: int
    """Behind it."""
    by_payout: bool
    """Balances begin anew with every payout, and say nothing about order (v1)."""


def compare_books(held: Iterable[LedgerEntry], days: Iterable[LedgerDay], reach: Reach) -> BookComparison:
    """Compare a book's entries over a period, in the order of ledger dates, with the same ones given again."""
    given = _Given(days)
    before, now = _Chain(held), _Chain(given.entries())
    changed: list[EntryFinding] = []
    gone: list[LedgerEntry] = []
    added: list[LedgerEntry] = []
    for one, other in paired(before.entries(), now.entries(), _identity_by_payout if reach.by_payout else _identity):
        if one and other:
            changed += _changed(one, other)
        elif one:
            gone.append(one)
        elif other:
            added.append(other)
    unknown, upcoming = _split(added, reach)
    missing = [entry for entry in gone if entry.ledger_date not in given.open_dates]
    findings = [*changed, *_alone(missing, unknown), *([] if reach.by_payout else _gaps(before, now))]
    return BookComparison(
        entries=before.count - (len(gone) - len(missing)),
        findings=tuple(findings[:MOST_TOLD]),
        untold=max(len(findings) - MOST_TOLD, 0),
        upcoming=len(upcoming),
        open_dates=tuple(sorted(given.open_dates)),
    )


class _Given:
    """The entries of ledger dates, with the dates that had none because they have not closed."""

    def __init__(self, days: Iterable[LedgerDay]) -> None:
        self._days = days
        self.open_dates: set[date] = set()

    def entries(self) -> Iterator[LedgerEntry]:
        for day in self._days:
            if not day.closed:
                self.open_dates.add(day.ledger_date)
            yield from day.entries


class _Chain:
    """Passes entries on and notes where one does not begin at the balance that the one before it left.

    The order of ledger dates need not be that of the book, so that breaks are found where there are none; those are
    the same in the mirror, whose own chain was checked as it came in.
    """

    def __init__(self, entries: Iterable[LedgerEntry]) -> None:
        self._entries = entries
        self.count = 0
        self.breaks: dict[Hashable, tuple[LedgerEntry, LedgerEntry]] = {}

    def entries(self) -> Iterator[LedgerEntry]:
        before: LedgerEntry | None = None
        for entry in self._entries:
            if before and entry.balance_before != before.balance_after:
                self.breaks[_identity(before), _identity(entry)] = before, entry
            self.count += 1
            before = entry
            yield entry


def _changed(held: LedgerEntry, given: LedgerEntry) -> list[EntryFinding]:
    fields = differing(held, given) if held != given else ()
    return [EntryFinding(What.CHANGED, held, given, fields)] if fields else []


def _gaps(before: _Chain, now: _Chain) -> Iterator[EntryFinding]:
    for key, entries in now.breaks.items():
        if key not in before.breaks:
            yield EntryFinding(What.GAP, *entries)


def _split(added: list[LedgerEntry], reach: Reach) -> tuple[list[LedgerEntry], list[LedgerEntry]]:
    """Split entries that are not held into those that should be, and those that come behind the last one held."""
    start = len(added)
    while start and (start == len(added) or reach.by_payout or _follows(added[start - 1], added[start])):
        start -= 1
    behind = next((at for at in range(start, len(added)) if _is_behind(added[at], reach)), len(added))
    return added[:behind], added[behind:]


def _follows(one: LedgerEntry, other: LedgerEntry) -> bool:
    return one.balance_after == other.balance_before


def _is_behind(entry: LedgerEntry, reach: Reach) -> bool:
    if reach.ledger_date is None or entry.ledger_date > reach.ledger_date:
        return True
    return entry.ledger_date == reach.ledger_date and not reach.by_payout and entry.balance_before == reach.balance


def _alone(gone: list[LedgerEntry], unknown: list[LedgerEntry]) -> Iterator[EntryFinding]:
    """Yield what has no counterpart; two of one reference and type are one entry that has changed."""
    twins: dict[Hashable, list[LedgerEntry]] = defaultdict(list)
    for entry in unknown:
        twins[entry.psp_reference, entry.entry_type].append(entry)
    for held in gone:
        found = twins[held.psp_reference, held.entry_type]
        if found:
            given = found.pop(0)
            yield EntryFinding(What.CHANGED, held, given, differing(held, given))
        else:
            yield EntryFinding(What.MISSING, held, None)
    for entries in twins.values():
        for entry in entries:
            yield EntryFinding(What.UNKNOWN, None, entry)


def _identity(entry: LedgerEntry) -> Hashable:
    return entry.psp_reference, entry.entry_type, entry.time, entry.balance_before


def _identity_by_payout(entry: LedgerEntry) -> Hashable:
    return entry.psp_reference, entry.entry_type, entry.time
