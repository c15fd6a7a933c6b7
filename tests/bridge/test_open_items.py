"""What is on a ledger and not yet paid out: with the running balance, also below zero."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from settlement_bridge.bridge.open_items import open_entries, open_items
from settlement_bridge.errors import NotFound
from settlement_bridge.model import Book
from tests.books import Books
from tests.desk import Desk

OpenDesk = Callable[[Books], Desk]


@pytest.fixture
def open_desk(blank: Path, tmp_path: Path) -> OpenDesk:
    return lambda books: Desk(blank, tmp_path / "books.db", books)


def told(desk: Desk) -> list[tuple[str, int, int]]:
    items = open_items(desk.store, desk.books.ledger.ledger_id)
    entries = list(open_entries(desk.store, items))
    assert len(entries) == items.count
    assert not entries or entries[-1].balance_after == items.balance
    return [(entry.entry_type, entry.amount, entry.balance_after) for entry in entries]


def test_entries_behind_the_last_payout_are_open(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("a", 100_00, 2_00)
    books.end_of_day()
    books.capture("b", 50_00, 1_00)
    books.refund("a", 20_00)
    desk = open_desk(books)
    desk.settle()
    assert told(desk) == [("capture", 50_00, 50_00), ("refund", -20_00, 30_00)]
    items = open_items(desk.store, books.ledger.ledger_id)
    assert (items.opening, items.balance, items.fees_due, items.waiting) == (0, 30_00, 1_00, ())
    assert items.last_payout
    assert items.last_payout.amount == -98_00
    desk.close()


def test_a_balance_below_zero_is_shown_and_rolls_on(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("a", 100_00)
    books.end_of_day()
    books.refund("a", 70_00)
    books.end_of_day()
    books.capture("c", 10_00)
    desk = open_desk(books)
    desk.settle()
    assert told(desk) == [("refund", -70_00, -70_00), ("capture", 10_00, -60_00)]
    desk.close()


def test_a_reserve_is_brought_forward(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("a", 100_00)
    books.payout(keep=25_00)
    books.capture("b", 5_00)
    desk = open_desk(books)
    desk.settle()
    assert told(desk) == [("capture", 5_00, 30_00)]
    assert open_items(desk.store, books.ledger.ledger_id).opening == 25_00
    desk.close()


def test_what_a_waiting_payout_has_paid_is_not_open(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("a", 100_00, 2_00)
    books.end_of_day()
    books.capture("b", 60_00, 2_00)
    books.end_of_day()
    books.capture("c", 7_00)
    desk = open_desk(books)
    sizes = books.size()
    desk.settle(upto=sizes | {Book.FEES: sizes[Book.FEES] - 1}, now=books.now + timedelta(hours=1))
    items = open_items(desk.store, books.ledger.ledger_id)
    assert [record.payout.number for record in items.waiting] == [2000002]
    assert told(desk) == [("capture", 7_00, 7_00)]
    desk.close()


def test_nothing_mirrored_and_nothing_known(open_desk: OpenDesk) -> None:
    desk = open_desk(Books())
    assert told(desk) == []
    assert open_items(desk.store, desk.books.ledger.ledger_id).last_payout is None
    with pytest.raises(NotFound, match="no ledger 9 is known here"):
        open_items(desk.store, "9")
    desk.close()
