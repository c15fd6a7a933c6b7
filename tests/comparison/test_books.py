"""Books against the same books given again."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.comparison import BookComparison, Reach, What, compare_books
from settlement_bridge.comparison.books import MOST_TOLD
from settlement_bridge.model import Book, LedgerDay, LedgerEntry
from tests.books import Books
from tests.histories import History, histories


class Told(NamedTuple):
    """A finding in short."""

    what: What
    held: str | None
    given: str | None
    fields: tuple[str, ...]


def days(entries: Sequence[LedgerEntry]) -> Iterator[LedgerDay]:
    for day, some in groupby(entries, key=lambda entry: entry.ledger_date):
        yield LedgerDay(day, tuple(some))


def reach_of(held: Sequence[LedgerEntry]) -> Reach:
    return Reach(held[-1].ledger_date, held[-1].balance_after, False) if held else Reach(None, 0, False)


def compared(held: Sequence[LedgerEntry], given_now: Sequence[LedgerEntry]) -> BookComparison:
    return compare_books(held, days(given_now), reach_of(held))


def told(comparison: BookComparison) -> list[Told]:
    return [
        Told(each.what, each.held and each.held.reference, each.given and each.given.reference, each.fields)
        for each in comparison.findings
    ]


@pytest.fixture
def entries() -> list[LedgerEntry]:
    """Two days with three sales each, paid out."""
    books = Books()
    for day in "ab":
        for sale in "123":
            books.capture(day + sale, 100_00)
        books.payout(reference=f"payout {day}")
    return books.entries[Book.FUNDS]


@settings(deadline=None, max_examples=50)
@given(history=histories(), data=st.data())
def test_the_same_books_are_the_same_however_much_more_is_given(history: History, data: st.DataObject) -> None:
    for every in history.books.entries.values():
        size = data.draw(st.integers(0, len(every)))
        found = compared(every[:size], every)
        assert (found.findings, found.entries, found.upcoming) == ((), size, len(every) - size)


def test_a_changed_field_is_named_with_both_entries(entries: list[LedgerEntry]) -> None:
    again = [*entries[:1], entries[1]._replace(handle="api:9", extra='{"new":1}'), *entries[2:]]
    found = compared(entries, again)
    assert told(found) == [Told(What.CHANGED, "a2", "a2", ("handle",))]
    assert (found.findings[0].held, found.findings[0].given) == (entries[1], again[1])


def test_a_field_that_only_one_of_them_has_is_no_change(entries: list[LedgerEntry]) -> None:
    held = [entry._replace(extra='{"old":1}') for entry in entries]
    assert compared(held, [entry._replace(extra='{"new":2}') for entry in entries]).findings == ()
    both = [entry._replace(extra='{"old":2}') for entry in entries]
    assert {finding.fields for finding in compared(held, both).findings} == {("old",)}


def test_an_entry_of_another_balance_is_the_same_entry_changed(entries: list[LedgerEntry]) -> None:
    again = [*entries[:2], entries[2]._replace(balance_before=1), *entries[3:]]
    assert told(compared(entries, again)) == [
        Told(What.CHANGED, "a3", "a3", ("balance_before",)),
        Told(What.GAP, "a2", "a3", ()),
        Told(What.GAP, "a3", "payout a", ()),
    ]


def test_an_entry_that_is_no_longer_given_leaves_a_gap(entries: list[LedgerEntry]) -> None:
    assert told(compared(entries, [*entries[:1], *entries[2:]])) == [
        Told(What.MISSING, "a2", None, ()),
        Told(What.GAP, "a1", "a3", ()),
    ]


def test_an_entry_between_those_held_is_unknown(entries: list[LedgerEntry]) -> None:
    held = [entry._replace(balance_before=entry.balance_before) for entry in entries]
    del held[1]
    found = compared(held, entries)
    assert told(found) == [Told(What.UNKNOWN, None, "a2", ())]
    assert found.upcoming == 0


def test_what_comes_behind_the_last_one_held_is_upcoming(entries: list[LedgerEntry]) -> None:
    for size in range(len(entries)):
        found = compared(entries[:size], entries)
        assert (told(found), found.upcoming) == ([], len(entries) - size)


def test_upcoming_entries_that_leave_something_out_show_the_gap(entries: list[LedgerEntry]) -> None:
    found = compared(entries[:4], [*entries[:4], *entries[5:]])
    assert told(found) == [Told(What.GAP, "payout a", "b2", ())]


def test_a_date_that_has_not_closed_is_left_out(entries: list[LedgerEntry]) -> None:
    first, second = days(entries)
    found = compare_books(entries, [first, LedgerDay(second.ledger_date, (), closed=False)], reach_of(entries))
    assert (found.findings, found.entries, found.open_dates) == ((), 4, (second.ledger_date,))


def test_dates_that_are_not_in_the_books_order_are_no_gap(entries: list[LedgerEntry]) -> None:
    early = entries[0].ledger_date
    odd = [*entries[:5], entries[5]._replace(ledger_date=early), *entries[6:]]
    in_dates = sorted(odd, key=lambda entry: entry.ledger_date)
    assert compare_books(in_dates, days(in_dates), reach_of(odd)).findings == ()


def test_of_very_many_findings_the_first_are_told_and_all_are_counted() -> None:
    books = Books()
    for number in range(MOST_TOLD + 5):
        books.capture(f"o{number}", 1)
    held = books.entries[Book.FUNDS]
    found = compared(held, [entry._replace(handle="other") for entry in held])
    assert (len(found.findings), found.untold) == (MOST_TOLD, 5)
