from datetime import date

import pytest
from sqlalchemy import event

from settlement_bridge.errors import Busy, DataRefused, NotFound
from settlement_bridge.model import Book, LedgerEntry, Page
from settlement_bridge.store import Store, open_store
from tests.store.histories import LEDGER, OTHER, cursor, held, history, page


@pytest.fixture(autouse=True)
def ledgers(store: Store) -> None:
    store.ledgers.remember([LEDGER, OTHER])


def test_entries_come_back_as_they_were_given(store: Store) -> None:
    strange = LedgerEntry(
        "01H7W7Q6Y5R-3G58CTAZX0MHKV2", *history(1)[0][1:3], "novel-type", None, -(2**53), 0, None, '{"ø":"😀\\u0000"}'
    )
    assert store.mirror.append(page([strange])) == 1
    assert held(store) == [strange]


def test_cursors_of_every_ledger_come_at_once_and_none_where_nothing_was_read(store: Store) -> None:
    store.mirror.append(page(history(100), "funds-1"))
    expected = {Book.FUNDS: "funds-1", Book.FEES: None}
    nothing = {Book.FUNDS: None, Book.FEES: None}
    assert store.mirror.cursors(by_payout=False) == {LEDGER.ledger_id: expected, OTHER.ledger_id: nothing}


def test_a_page_of_both_books_is_kept_together(store: Store) -> None:
    fees = history(-3)
    both = Page(LEDGER.ledger_id, {Book.FUNDS: history(100), Book.FEES: fees}, {Book.FUNDS: "a", Book.FEES: "b"}, True)
    assert store.mirror.append(both) == 2
    assert held(store, book=Book.FEES) == fees
    assert store.mirror.cursors(by_payout=True)[LEDGER.ledger_id] == {Book.FUNDS: "a", Book.FEES: "b"}


def test_an_entry_given_again_is_skipped_in_silence(store: Store) -> None:
    entries = history(100, 200, -50)
    store.mirror.append(page(entries[:2]))
    assert store.mirror.append(page(entries[1:] + entries[1:], "next")) == 1
    assert (held(store), cursor(store)) == (entries, "next")


def test_an_entry_is_found_again_wherever_its_page_lies(store: Store) -> None:
    entries = history(*range(1, 60))
    out_of_order = [*entries[:20], entries[20]._replace(time=entries[50].time), *entries[21:]]
    for start in range(0, 59, 3):
        store.mirror.append(page(out_of_order[start : start + 3]))
    assert store.mirror.append(page(out_of_order[::7])) == 0
    assert held(store) == out_of_order


def test_entries_of_one_instant_are_told_apart_by_their_balance(store: Store) -> None:
    first, second = history(100, 100)
    twin = second._replace(psp_reference=first.psp_reference, time=first.time)
    store.mirror.append(page([first]))
    assert store.mirror.append(page([first, twin])) == 1
    assert held(store) == [first, twin]


def test_a_field_that_is_new_on_an_old_entry_contradicts_nothing(store: Store) -> None:
    (entry,) = history(100)
    store.mirror.append(page([entry]))
    assert store.mirror.append(page([entry._replace(extra='{"colour":"red"}')])) == 0
    assert held(store) == [entry]


def test_an_unknown_field_that_changes_is_refused(store: Store) -> None:
    (entry,) = history(100)
    store.mirror.append(page([entry._replace(extra='{"colour":"red"}')]))
    with pytest.raises(DataRefused, match="colour must not change"):
        store.mirror.append(page([entry._replace(extra='{"colour":"blue"}')]))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", 201),
        ("reference", None),
        ("handle", "api:9"),
        ("ledger_date", history(1)[0].ledger_date.replace(day=7)),
    ],
)
@pytest.mark.parametrize("within_a_page", [False, True])
def test_fault_5_an_entry_given_again_changed_is_refused_and_both_are_named(
    store: Store, field: str, value: object, within_a_page: bool
) -> None:
    entries = history(100, 200, 300)
    changed = entries[1]._replace(**{field: value})  # type: ignore[arg-type]
    if within_a_page:
        given, kept = page([*entries[:2], changed]), 0
    else:
        store.mirror.append(page(entries[:2], "before"))
        given, kept = page([changed, entries[2]], "after"), 2
    with pytest.raises(DataRefused, match=f"302321.*funds book.*{field}.*must not change.*resync 302321") as refused:
        store.mirror.append(given)
    assert refused.value.reason.count(entries[1].psp_reference) == 2
    assert held(store) == entries[:kept]
    assert cursor(store) == ("before" if kept else None)


@pytest.mark.parametrize("kept", [1, 0])
def test_a_break_in_the_chain_is_refused_and_nothing_of_the_page_kept(store: Store, kept: int) -> None:
    entries = history(100, 200, 300)
    store.mirror.append(page(entries[:kept], "before"))
    with pytest.raises(DataRefused, match=r"has a break: capture '3000000000'.*leaves 1\.00.*'3000000002'.*at 3\.00"):
        store.mirror.append(page([*entries[kept:1], entries[2]], "after"))
    assert (held(store), cursor(store)) == (entries[:kept], "before")


def test_a_book_may_open_at_any_balance(store: Store) -> None:
    store.mirror.append(page(history(100, opening=5000)))
    book = store.mirror.books()[LEDGER.ledger_id][Book.FUNDS]
    assert (book.opening, book.balance, book.size) == (5000, 5100, 1)


def test_late_entries_of_an_earlier_instant_are_new(store: Store) -> None:
    entries = history(100, 200, 300)
    late = [entries[0], entries[1]._replace(time=entries[0].time), entries[2]._replace(time=entries[0].time)]
    store.mirror.append(page([late[0]]))
    store.mirror.append(page(late[1:]))
    assert held(store) == late


def test_payout_by_payout_a_reference_of_an_earlier_payout_is_refused(store: Store) -> None:
    sale, payout = history(100, -100)
    store.mirror.append(page([sale, payout], by_payout=True))
    other = sale._replace(psp_reference="4000000000", amount=7)
    with pytest.raises(DataRefused, match=r"'3000000000'.*again.*balance_before must not change"):
        store.mirror.append(page([other, sale._replace(balance_before=7)], by_payout=True))
    assert held(store) == [sale, payout]


def test_payout_by_payout_every_payout_begins_at_zero(store: Store) -> None:
    first = history(100, -100)
    second = [entry._replace(psp_reference=f"4{entry.psp_reference}") for entry in history(70, -70)]
    store.mirror.append(page(first, "1", by_payout=True))
    store.mirror.append(page(second, "2", by_payout=True))
    assert held(store) == first + second


def test_a_book_read_the_other_way_is_read_anew(store: Store) -> None:
    store.mirror.append(page(history(100, -100), "payout 1", by_payout=True))
    assert cursor(store, by_payout=False) is None
    entries = history(100, -100, 70)
    assert store.mirror.append(page(entries, "feed")) == 3
    assert (held(store), cursor(store), cursor(store, by_payout=True)) == (entries, "feed", None)
    store.mirror.clean_up()
    assert held(store) == entries
    with store.reading() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM entries").scalar() == 3


def test_fault_14_two_writers_never_interleave(store: Store, url: str) -> None:
    entries = history(1, 2, 3)
    store.mirror.append(page(entries[:1], "1"))
    other = open_store(url)
    other.mirror.cursors(by_payout=False)
    store.mirror.append(page(entries[1:2], "2"))
    with pytest.raises(Busy, match="another process has read the funds book of ledger 302321 meanwhile"):
        other.mirror.append(page(entries[1:], "3"))
    assert (held(store), cursor(store)) == (entries[:2], "2")
    assert other.mirror.append(page(entries[1:], "3")) == 1  # having looked again
    other.close()


def test_nothing_new_writes_nothing(store: Store) -> None:
    store.mirror.append(page(history(1), "same"))
    statements: list[str] = []
    event.listen(store.database.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    assert store.mirror.append(page([], "same")) == 0
    assert statements == []


def test_a_cursor_alone_is_kept(store: Store) -> None:
    store.mirror.append(page([], "far"))
    assert (held(store), cursor(store)) == ([], "far")


def test_an_unknown_ledger_is_named(store: Store) -> None:
    with pytest.raises(NotFound, match="ledger 999 is not known here"):
        store.mirror.append(Page("999", {}, {Book.FUNDS: "c"}))


def test_dated_gives_a_period_in_the_order_of_dates_as_far_as_a_book_was_read(store: Store) -> None:
    entries = history(*range(100, 700, 100))
    days = [date(2025, 1, day) for day in (6, 6, 8, 7, 8, 9)]
    entries = [entry._replace(ledger_date=day) for entry, day in zip(entries, days, strict=True)]
    store.mirror.append(page(entries[:5]))
    book = store.mirror.books(LEDGER.ledger_id)[LEDGER.ledger_id][Book.FUNDS]
    store.mirror.append(page(entries[5:], "later"))
    assert list(store.mirror.dated(book, days[0], days[-1])) == [*entries[:2], entries[3], entries[2], entries[4]]
    assert list(store.mirror.dated(book, days[3], days[3])) == [entries[3]]
