"""Net or gross, and which fees belong to a payout (rules 6 to 8)."""

from datetime import timedelta

import pytest

from settlement_bridge.bridge.settle import SettlementRules
from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, PayoutRecord, PayoutState, SettlementType
from tests.books import Books
from tests.desk import Row
from tests.settlement.conftest import OpenDesk

NET = SettlementRules(types={"302321": SettlementType.NET})
GROSS = SettlementRules(types={"302321": SettlementType.GROSS})
AFTER_PATIENCE = timedelta(hours=36)


def types(records: list[PayoutRecord]) -> list[tuple[SettlementType, bool]]:
    return [(record.settlement_type, record.type_decided) for record in records]


def test_rule_06_the_configuration_decides_first(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.payout()
    books.next_day().capture("A-2", 100_00, 2_00)
    assert types(open_desk(books, GROSS).settle()) == [(SettlementType.GROSS, True)]
    assert types(open_desk(books, NET).settle()) == [(SettlementType.NET, True)]


def test_rule_06_retained_fees_prove_net(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    assert types(open_desk(books).settle()) == [(SettlementType.NET, True)]


def test_rule_06_what_the_payout_before_was_decided_to_be_goes_on(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.capture("A-2", 50_00, 1_00)
    books.payout()
    desk = open_desk(books)
    assert types(desk.settle()) == [(SettlementType.NET, True)] * 2
    assert [row.fee for row in desk.rows(2000002)] == [0]


def test_rule_06_fees_that_nothing_has_retained_prove_gross(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.payout()
    books.capture("A-2", 100_00)
    books.payout()
    books.capture("A-3", 100_00, 2_00)
    desk = open_desk(books)
    assert types(desk.settle()) == [(SettlementType.GROSS, True)] * 2
    assert desk.settlement(2000001).settled_amount == 100_00


@pytest.mark.parametrize("whole", [True, False])
def test_rule_06_what_an_invoice_settled_nothing_has_retained_whatever_comes_later(
    open_desk: OpenDesk, whole: bool
) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.payout()
    if whole:
        books.invoiced()
    else:
        books.fee(books.capture("A-2", 100_00), 1_00)
        books.invoiced(2_00)
    books.next_day().capture("A-3", 100_00, 3_00)
    books.end_of_day()
    desk = open_desk(books)
    assert types(desk.settle()) == [(SettlementType.GROSS, True), (SettlementType.NET, True)]
    assert [row.fee for row in desk.rows(2000001)] == [2_00]


def test_rule_06_fees_that_are_retained_only_later_prove_nothing(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.payout()
    books.capture("A-2", 100_00, 3_00)
    books.end_of_day()
    assert types(open_desk(books).settle()) == [(SettlementType.NET, False), (SettlementType.NET, True)]


def test_rule_06_a_type_that_nothing_decides_is_net_and_may_be_decided_later(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    books.capture("A-2", 100_00, 2_00)
    books.payout()
    books.next_day().capture("A-3", 1_00, 1_00)
    records = open_desk(books).settle()
    assert types(records) == [(SettlementType.NET, False), (SettlementType.GROSS, True)]


def test_rule_06_fees_of_a_later_date_prove_nothing(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00)
    books.payout()
    books.fee(sold, 2_00)
    assert types(open_desk(books).settle()) == [(SettlementType.NET, False)]


def test_rule_06_gross_configured_for_a_net_ledger_is_held_with_a_hint(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.capture("A-2", 100_00, 2_00)
    with pytest.raises(DataRefused, match=r"gross although fees were retained: check ledgers\.<id>\.settlement"):
        open_desk(books, GROSS).settle()


def test_rule_07_a_weekly_payout_bears_what_was_retained_day_by_day(open_desk: OpenDesk) -> None:
    books = Books()
    for day in range(7):
        books.capture(f"A-{day}", 100_00, 2_00 + day)
        books.retained()
        books.next_day()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [row.fee for row in desk.rows(2000001)] == [200, 201, 202, 203, 204, 205, 206]
    assert desk.settlement(2000001).settled_amount == 700_00 - 14_21


def test_rule_07_fees_that_come_behind_the_pair_belong_to_the_next_payout(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00, 2_00)
    books.retained()
    books.fee(sold, 50)
    books.payout()
    books.capture("A-2", 100_00)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert [row.fee for row in desk.rows(2000001)] == [2_00]
    assert desk.rows(2000002)[1] == Row("A-1", 0, 0, 50, f"{sold}:fee:2000002")


def test_rule_07_a_pair_whose_amounts_differ_is_held(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.retained(2_50, on_fees=2_00)
    books.payout()
    with pytest.raises(DataRefused, match=r"\(entry 2, -250\) does not agree with .* on fees \(entry 2, 200\)"):
        open_desk(books).settle()


def test_rule_07_a_pair_that_is_not_what_was_collected_is_held(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.retained(1_50)
    books.payout()
    with pytest.raises(DataRefused, match="is not what the fees book collected since the one before"):
        open_desk(books).settle()


def test_rule_07_a_wrong_pair_holds_the_ledger_even_while_later_pairs_are_under_way(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.retained(2_50, on_fees=2_00)
    books.capture("A-2", 100_00)
    books.retained_on_funds(1_00)
    books.payout()
    with pytest.raises(DataRefused, match="does not agree"):
        open_desk(books).settle()


def test_rule_07_a_payout_waits_for_the_fees_book(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00, 2_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    (record,) = desk.settle(upto={Book.FUNDS: 3, Book.FEES: 1})
    assert (record.state, desk.stored(2000001)) == (PayoutState.WAITING, [])
    assert desk.record(2000001).state is PayoutState.WAITING
    desk.settle()
    assert desk.rows(2000001) == [Row("A-1", 100_00, 0, 2_00, sold)]
    assert desk.record(2000001).state is PayoutState.SETTLED


def test_rule_07_waiting_for_more_than_36_hours_is_reported(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    scheduled = books.entries[Book.FUNDS][-1].time
    behind = {Book.FUNDS: 3, Book.FEES: 1}
    (still_normal,) = desk.settle(upto=behind, now=scheduled + AFTER_PATIENCE)
    assert still_normal.reason == "the fees book has not reached the payout's fees yet"
    desk.settle(upto=behind, now=scheduled + AFTER_PATIENCE + timedelta(seconds=1))
    assert "after more than 36 hours; ask the provider" in (desk.record(2000001).reason or "")


def test_rule_07_a_ledger_whose_fees_book_nobody_has_read_waits(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.retained()
    books.payout()
    (record,) = open_desk(books).settle(upto={Book.FUNDS: 3, Book.FEES: 0})
    assert record.state is PayoutState.WAITING


def test_rule_07_payouts_behind_one_that_waits_wait_too(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.capture("A-2", 100_00)
    books.payout()
    desk = open_desk(books)
    assert [record.payout.number for record in desk.settle(upto={Book.FUNDS: 5, Book.FEES: 1})] == [2000001]
    assert [record.state for record in desk.settle()] == [PayoutState.SETTLED] * 2


def test_rule_07_an_invoice_on_a_net_ledger_settles_the_oldest_fees_first(open_desk: OpenDesk) -> None:
    books = Books()
    one, two = books.capture("A-1", 100_00, 2_00), books.capture("A-2", 100_00, 3_00)
    three = books.capture("A-3", 100_00, 4_00)
    books.invoiced(2_00 + 1_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001) == [
        Row("A-1", 100_00, 0, 0, one),
        Row("A-2", 100_00, 0, 2_00, two),
        Row("A-3", 100_00, 0, 4_00, three),
    ]
    assert desk.settlement(2000001).settled_amount == 294_00


def test_rule_07_an_invoice_for_whole_fees_leaves_the_rest_untouched(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.invoiced()
    books.capture("A-2", 100_00, 3_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [row.fee for row in desk.rows(2000001)] == [0, 3_00]


def test_rule_07_a_late_fee_that_was_invoiced_has_no_row(open_desk: OpenDesk) -> None:
    books = Books()
    first = books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.fee(first, 3_00)
    books.invoiced()
    sold = books.capture("A-2", 100_00, 1_00)
    books.end_of_day()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000002) == [Row("A-2", 100_00, 0, 1_00, sold)]


def test_rule_07_an_invoice_that_clears_the_book_settles_fees_and_credits_alike(open_desk: OpenDesk) -> None:
    books = Books()
    books.fee(books.capture("A-1", 100_00, 3_00), -2_00, kind="correction")
    books.fee("5199999999", -50, kind="correction")
    books.invoiced()
    books.capture("A-2", 100_00, 2_00)
    books.end_of_day()
    desk = open_desk(books, NET)
    desk.settle()
    assert [(row.order_id, row.capture, row.fee) for row in desk.rows(2000001)] == [
        ("A-1", 100_00, 0),
        ("A-2", 100_00, 2_00),
    ]


def test_rule_07_an_invoice_may_be_a_credit(open_desk: OpenDesk) -> None:
    books = Books()
    books.fee("5199999999", -1_00, kind="correction")
    books.invoiced()
    books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    desk = open_desk(books, NET)
    desk.settle()
    assert [(row.order_id, row.capture, row.fee) for row in desk.rows(2000001)] == [("A-1", 100_00, 2_00)]


def test_rule_07_an_invoice_for_everything_leaves_no_fee(open_desk: OpenDesk) -> None:
    books = Books()
    first = books.capture("A-1", 100_00, 2_00)
    books.end_of_day()
    books.capture("A-2", 100_00)
    books.fee(first, 3_00)
    books.invoiced()
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [row.fee for row in desk.rows(2000002)] == [0]


def test_rule_08_a_gross_payout_waits_until_the_fees_book_is_past_its_date(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00)
    books.payout()
    books.day -= timedelta(1)
    books.fee(sold, 2_00)
    desk = open_desk(books, GROSS)
    (record,) = desk.settle()
    assert (record.state, record.reason) == (
        PayoutState.WAITING,
        "fees of the payout's rows may still come; settled gross",
    )
    books.next_day().fee("5199999999", 1_00)
    desk.settle()
    assert desk.rows(2000001) == [Row("A-1", 100_00, 0, 2_00, sold)]
    assert desk.settlement(2000001).settled_amount == 100_00


def test_rule_08_a_gross_payout_goes_after_36_hours_also_without_later_fees(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.payout()
    desk = open_desk(books, GROSS)
    scheduled = books.entries[Book.FUNDS][-1].time
    (almost,) = desk.settle(now=scheduled + AFTER_PATIENCE - timedelta(seconds=1))
    (then,) = desk.settle(now=scheduled + AFTER_PATIENCE)
    assert (almost.state, then.state) == (PayoutState.WAITING, PayoutState.SETTLED)
    assert [row.fee for row in desk.rows(2000001)] == [2_00]


def test_rule_08_later_fees_of_a_gross_ledger_are_on_no_file(open_desk: OpenDesk) -> None:
    books = Books()
    paid_out = books.capture("A-1", 100_00, 2_00)
    books.payout()
    books.fee(paid_out, 9_00)
    sold = books.capture("A-2", 50_00, 1_00)
    books.dispute(paid_out, 10_00)
    books.payout()
    books.invoiced()
    desk = open_desk(books)
    desk.settle()
    assert desk.rows(2000001) == [Row("A-1", 100_00, 0, 2_00, paid_out)]
    assert desk.rows(2000002) == [
        Row("A-2", 50_00, 0, 1_00, sold),
        Row("A-1", 0, -10_00, 0, f"{paid_out}:retained-disputed-capture:1"),
    ]
    assert desk.settlement(2000002).settled_amount == 40_00


def test_rule_08_an_early_fee_of_a_gross_ledger_is_on_its_capture(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00, 2_00)
    books.fee("5199999999", 3_00)
    books.payout()
    books.capture("A-2", 50_00, psp="5199999999")
    books.payout()
    books.fee("5199999998", 1_00)
    desk = open_desk(books)
    desk.settle()
    assert [row.fee for row in desk.rows(2000002)] == [3_00]
