"""What stops a ledger, what does not, and what somebody is told (rules 4, 7, 20 to 22)."""

from datetime import timedelta

import pytest

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, PayoutState
from tests.books import Books, ledger_of
from tests.settlement.conftest import OpenDesk


def test_rule_20_a_page_given_again_changes_nothing(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    before = desk.rows(2000001)
    assert desk.store.mirror.append(books.page(dict.fromkeys(Book, 0), books.size())) == 0
    assert desk.settle() == []
    assert desk.rows(2000001) == before


def test_rule_20_an_entry_given_again_with_another_amount_is_a_contradiction(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    desk = open_desk(books)
    desk.mirror()
    funds = books.entries[Book.FUNDS]
    funds[0] = funds[0]._replace(amount=99_00)
    with pytest.raises(DataRefused, match="amount must not change"):
        desk.store.mirror.append(books.page(dict.fromkeys(Book, 0), books.size()))


def test_rule_21_what_was_settled_before_the_fault_stays_settled(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.capture("A-2", 100_00, 2_00)
    books.retained(3_00, on_fees=2_00)
    books.payout()
    desk = open_desk(books)
    for _ in range(2):
        with pytest.raises(DataRefused):
            desk.settle()
    assert desk.settlement(2000001).settled_amount == 98_00
    assert desk.stored(2000002) == []


def test_rule_22_unknown_json_fields_are_named(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    funds = books.entries[Book.FUNDS]
    funds[0] = funds[0]._replace(extra='{"loyalty":7}')
    (record,) = open_desk(books).settle()
    assert record.state is PayoutState.SETTLED
    assert [warning for warning in record.warnings if '{"loyalty":7}' in warning]


@pytest.mark.parametrize(("days", "told"), [(62, False), (63, True)])
def test_rule_22_fees_neither_retained_nor_invoiced_for_two_months_are_told(
    open_desk: OpenDesk, days: int, told: bool
) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.payout()
    books.next_day(days - 1)
    books.capture("A-2", 100_00)
    books.payout()
    desk = open_desk(books)
    records = desk.settle(now=books.now + timedelta(days=3))
    assert records[0].warnings == ()
    assert any("neither retained nor invoiced" in warning for warning in records[1].warnings) is told


def test_rule_22_a_plain_payout_has_nothing_to_tell(open_desk: OpenDesk) -> None:
    books = Books(ledger_of("api:100001", "api:100002"))
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    (record,) = open_desk(books).settle()
    assert record.warnings == ()


def test_rule_22_on_a_ledger_of_one_sales_unit_a_missing_handle_is_nothing_to_tell(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, handle=None)
    books.payout()
    (record,) = open_desk(books).settle()
    assert record.warnings == ()


def test_what_is_kept_of_a_payout_is_what_was_settled_also_where_foreign_text_breaks_lines(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    funds = books.entries[Book.FUNDS]
    funds[0] = funds[0]._replace(extra='{"said":"one\u2028two\u0085three"}')
    desk = open_desk(books)
    (record,) = desk.settle()
    assert len(record.warnings) == 1
    assert desk.record(record.payout.number) == record
    assert desk.store.settlements.last_payout(books.ledger.ledger_id) == record
