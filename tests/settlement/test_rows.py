"""From entries and fees to rows (rules 5, 9 and 10)."""

import pytest

from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.model import PayoutState, SettlementType
from tests.books import Books
from tests.desk import Row
from tests.settlement.conftest import OpenDesk

GROSS = SettlementRules(types={"302321": SettlementType.GROSS})


def test_rule_05_every_entry_goes_by_its_sign_in_ledger_order(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00)
    back = books.refund("A-1", 30_00)
    topped = books.funds("top-up", 50_00, "from the owner")
    fixed = books.funds("correction", -5_00)
    nothing = books.funds("correction", 0)
    more = books.funds("something-new-2031", 1_00)
    less = books.funds("something-new-2032", -2_00, "S-1")
    books.payout()
    desk = open_desk(books)
    (record,) = desk.settle()
    assert desk.rows(2000001) == [
        Row("A-1", 100_00, 0, 0, sold),
        Row("A-1", 0, -30_00, 0, back),
        Row("from the owner", 50_00, 0, 0, topped),
        Row("correction", 0, -5_00, 0, fixed),
        Row("correction", 0, 0, 0, nothing),
        Row("something-new-2031", 1_00, 0, 0, more),
        Row("S-1", 0, -2_00, 0, less),
    ]
    assert desk.settlement(2000001).settled_amount == 114_00
    assert [warning for warning in record.warnings if "something-new-2031" in warning]
    assert [warning for warning in record.warnings if "something-new-2032" in warning]


def test_rule_05_a_sale_with_an_empty_reference_has_an_empty_order_id(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("", 100_00)
    books.refund("", 1_00)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [row.order_id for row in desk.rows(2000001)] == ["", ""]


def test_rule_05_what_was_retained_and_paid_out_is_no_row(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_50)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert len(desk.rows(2000001)) == desk.settlement(2000001).totals.count == 1


def test_rule_09_several_fees_of_a_capture_add_up_on_its_row(open_desk: OpenDesk) -> None:
    books = Books()
    first = books.capture("A-1", 100_00, 2_00, 50)
    second = books.capture("A-2", 200_00, 4_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001) == [Row("A-1", 100_00, 0, 2_50, first), Row("A-2", 200_00, 0, 4_00, second)]
    assert desk.settlement(2000001).settled_amount == 293_50


def test_rule_09_a_late_fee_gets_a_row_of_its_own_after_the_others(open_desk: OpenDesk) -> None:
    books = Books()
    paid_out = books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.fee(paid_out, 50)
    sold = books.capture("A-2", 100_00, 2_00)
    books.fee(paid_out, 25)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000002) == [
        Row("A-2", 100_00, 0, 2_00, sold),
        Row("A-1", 0, 0, 75, f"{paid_out}:fee:2000002"),
    ]
    assert desk.settlement(2000002).settled_amount == 97_25


def test_rule_09_own_rows_come_in_the_order_of_the_fees_book_with_the_fees_time(open_desk: OpenDesk) -> None:
    books = Books()
    one, two = books.capture("A-1", 100_00), books.capture("A-2", 100_00)
    books.end_of_day()
    books.capture("A-3", 100_00)
    books.fee(two, 1_00)
    charged = books.now
    books.fee(one, 2_00)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert [row.order_id for row in desk.rows(2000002)] == ["A-3", "A-2", "A-1"]
    assert (charged - desk.transactions(2000002)[1].time).total_seconds() == 3600


def test_rule_09_an_early_fee_gets_its_own_row_and_its_capture_comes_later(open_desk: OpenDesk) -> None:
    books = Books()
    other = books.capture("A-1", 100_00)
    books.fee("5199999999", 2_00)
    books.end_of_day()
    early = books.capture("A-2", 50_00, psp="5199999999")
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001) == [
        Row("A-1", 100_00, 0, 0, other),
        Row("capture-fee", 0, 0, 2_00, f"{early}:fee:2000001"),
    ]
    assert desk.rows(2000002) == [Row("A-2", 50_00, 0, 0, early)]


@pytest.mark.parametrize("kind", ["correction", "credit-note"])
def test_rule_09_corrections_and_credit_notes_of_fees_get_rows_of_their_own(open_desk: OpenDesk, kind: str) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00, 3_00)
    books.fee("FIX-1", 1_00, kind)
    books.fee("FIX-2", -50, kind)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001) == [
        Row("A-1", 100_00, 0, 3_00, sold),
        Row(kind, 0, 0, 1_00, "FIX-1:fee:2000001"),
        Row(kind, 50, 0, 0, "FIX-2:fee:2000001"),
    ]
    assert desk.settlement(2000001).settled_amount == 96_50


def test_rule_09_a_credit_smaller_than_the_fee_lowers_it(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00, 3_00, -1_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001) == [Row("A-1", 100_00, 0, 2_00, sold)]


def test_rule_09_fees_below_zero_leave_the_row_and_become_a_credit_of_its_own(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00, 1_00, -4_00)
    books.capture("A-2", 100_00, 5_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001)[0] == Row("A-1", 100_00, 0, 0, sold)
    assert desk.rows(2000001)[2] == Row("A-1", 3_00, 0, 0, f"{sold}:fee:2000001")
    assert desk.settlement(2000001).settled_amount == 198_00


def test_rule_09_more_credit_than_fees_is_retained_the_other_way_round(open_desk: OpenDesk) -> None:
    books = Books()
    paid_out = books.capture("A-1", 100_00, 4_00)
    books.end_of_day()
    books.fee(paid_out, -4_00)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000002) == [Row("A-1", 4_00, 0, 0, f"{paid_out}:fee:2000002")]
    assert desk.settlement(2000002).settled_amount == 4_00


def test_rule_09_a_late_fee_never_lands_on_the_dispute_of_its_capture(open_desk: OpenDesk) -> None:
    books = Books()
    disputed = books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    sold = books.capture("A-2", 500_00)
    books.dispute(disputed, 100_00)
    books.dispute_won(disputed, 100_00)
    books.fee(disputed, 50)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000002) == [
        Row("A-2", 500_00, 0, 0, sold),
        Row("A-1", 0, -100_00, 0, f"{disputed}:retained-disputed-capture:1"),
        Row("A-1", 100_00, 0, 0, f"{disputed}:returned-disputed-capture:1"),
        Row("A-1", 0, 0, 50, f"{disputed}:fee:2000002"),
    ]


def test_rule_09_a_dispute_in_the_payout_of_its_capture_leaves_the_fee_on_the_capture(open_desk: OpenDesk) -> None:
    books = Books()
    disputed = books.capture("A-1", 100_00, 2_00)
    books.dispute(disputed, 100_00)
    books.capture("A-2", 500_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [(row.order_id, row.fee) for row in desk.rows(2000001)] == [("A-1", 2_00), ("A-1", 0), ("A-2", 0)]


def test_rule_09_on_a_gross_ledger_a_credit_only_lowers_the_fee_never_below_zero(open_desk: OpenDesk) -> None:
    books = Books()
    lowered = books.capture("A-1", 100_00, 3_00, -1_00)
    none_left = books.capture("A-2", 100_00, 1_00, -4_00)
    books.payout()
    books.fee("5199999999", 1_00)
    desk = open_desk(books, GROSS)
    desk.settle()
    assert desk.rows(2000001) == [Row("A-1", 100_00, 0, 2_00, lowered), Row("A-2", 100_00, 0, 0, none_left)]
    assert desk.settlement(2000001).settled_amount == 200_00


def test_rule_10_a_reserve_makes_no_row_and_the_settled_amount_differs_by_what_the_balance_moved(
    open_desk: OpenDesk,
) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.retained()
    books.payout(keep=10_00)
    books.capture("A-2", 50_00)
    books.payout(keep=15_00)
    desk = open_desk(books)
    desk.settle()
    assert [desk.settlement(number).settled_amount for number in (2000001, 2000002)] == [88_00, 45_00]
    assert [desk.settlement(number).totals.net for number in (2000001, 2000002)] == [98_00, 50_00]


@pytest.mark.parametrize("rules", [SettlementRules(), GROSS])
def test_rule_10_a_reserve_paid_out_without_any_row_gets_the_row_balance(
    open_desk: OpenDesk, rules: SettlementRules
) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(keep=30_00)
    books.payout()
    books.next_day(3)
    desk = open_desk(books, rules)
    records = desk.settle(now=books.now.replace(year=2026))
    assert [record.state for record in records] == [PayoutState.SETTLED, PayoutState.SETTLED]
    assert desk.rows(2000002) == [Row("balance", 30_00, 0, 0, "302321-2000002:balance")]
    assert desk.settlement(2000002).settled_amount == 30_00
