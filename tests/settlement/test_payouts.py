"""Where payouts begin and end, what they are called, and what is known of the first one (rules 1 to 4)."""

from datetime import UTC, date, datetime, timedelta

import pytest

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Book, LedgerEntry, PayoutState
from settlement_bridge.settlement.payouts import payout_number
from tests.books import Books
from tests.desk import Row
from tests.settlement.conftest import OpenDesk


def test_rule_01_a_payout_is_everything_since_the_payout_before_it(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    for order in ("A-2", "A-3"):
        books.capture(order, 50_00)
        books.next_day()
    books.payout()
    desk = open_desk(books)
    records = desk.settle()
    assert [(record.payout.number, record.payout.amount) for record in records] == [
        (2000001, 100_00),
        (2000002, 100_00),
    ]
    assert [row.order_id for row in desk.rows(2000001)] == ["A-1"]
    assert [row.order_id for row in desk.rows(2000002)] == ["A-2", "A-3"]


def test_rule_01_the_payout_entry_may_have_its_older_name(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(kind="scheduled-for-payout")
    desk = open_desk(books)
    desk.settle()
    assert desk.settlement(2000001).settled_amount == 100_00
    assert [row.order_id for row in desk.rows(2000001)] == ["A-1"]


def test_rule_01_negative_and_zero_balances_make_no_payout_and_no_error(open_desk: OpenDesk) -> None:
    books = Books()
    books.refund("A-0", 300_00)
    books.next_day(7)
    books.capture("A-1", 300_00)
    books.next_day(7)
    desk = open_desk(books)
    assert desk.settle() == []
    books.capture("A-2", 40_00)
    books.payout()
    (record,) = desk.settle()
    assert (record.state, record.payout.amount) == (PayoutState.SETTLED, 40_00)
    assert [row.order_id for row in desk.rows(2000001)] == ["A-0", "A-1", "A-2"]


def test_rule_01_a_payout_taken_back_comes_again_with_the_next_one(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    books.funds("payout-aborted", 100_00, handle=None)
    books.capture("A-2", 1_00)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [desk.settlement(number).settled_amount for number in (2000001, 2000002)] == [100_00, 101_00]
    assert desk.rows(2000002)[0][:2] == ("payout-aborted", 100_00)


def test_rule_01_nothing_is_settled_while_no_entry_is_known(open_desk: OpenDesk) -> None:
    assert open_desk(Books()).settle(now=datetime(2025, 1, 6, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("psp", "reference"),
    [
        ("302321-2000023", ""),
        ("2000023", "Vipps utbet. 2000099 Vippsnr 57860"),
        ("01H7W7Q6Y5R-3G58CTAZX0MHKV2", "Vipps utbet. 2000023 Vippsnr 57860"),
        ("9b2cbb5c-5a0a-4c6e-8a53-0a1b2c3d4e5f", "Utb. 2000023 Vippsnr 1234567"),
        ("01H7W7Q6Y5R", "Vippsnr 57860 utb 2000023"),
    ],
)
def test_rule_02_the_number_is_found_wherever_the_api_has_put_it(open_desk: OpenDesk, psp: str, reference: str) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(psp=psp, reference=reference)
    (record,) = open_desk(books).settle()
    assert record.payout.number == 2000023


def test_rule_02_a_ledgers_own_prefix_needs_no_seven_digits() -> None:
    at = datetime(2025, 1, 6, tzinfo=UTC)
    entry = LedgerEntry("302321-20000230", at, at.date(), "payout-scheduled", "", -1, 1, None, None)
    assert payout_number("302321", entry) == 20000230


def test_rule_02_a_payout_without_any_number_is_held(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(psp="01H7W7Q6Y5R", reference="Vipps utbet. 20000231 Vippsnr 57860")
    with pytest.raises(DataRefused, match="01H7W7Q6Y5R of 2025-01-06 carries no payout number"):
        open_desk(books).settle()


def test_rule_02_a_number_that_no_database_can_hold_is_none(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(psp=f"{books.ledger.ledger_id}-{10**20}", reference="")
    with pytest.raises(DataRefused, match="302321-100000000000000000000 of 2025-01-06 carries no payout number"):
        open_desk(books).settle()


def test_rule_02_a_number_that_names_another_ledger_is_held(open_desk: OpenDesk) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(psp="302322-2000001")
    with pytest.raises(DataRefused, match="302322-2000001 of 2025-01-06 names ledger 302322"):
        open_desk(books).settle()


@pytest.mark.parametrize("second", [2000005, 2000004])
def test_rule_02_numbers_that_do_not_rise_are_held_and_what_came_before_stays(open_desk: OpenDesk, second: int) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout(2000005)
    books.capture("A-2", 100_00)
    books.payout(second)
    desk = open_desk(books)
    with pytest.raises(DataRefused, match=f"payout {second} of 2025-01-07 comes after payout 2000005"):
        desk.settle()
    assert desk.settlement(2000005).settled_amount == 100_00


@pytest.mark.parametrize(
    ("second", "said"), [(2000003, "number 2000002 before"), (2000005, "number 2000002 to 2000004 before")]
)
def test_rule_02_a_gap_in_the_numbers_is_settled_and_reported(open_desk: OpenDesk, second: int, said: str) -> None:
    books = Books()
    books.capture("A-1", 100_00)
    books.payout()
    books.capture("A-2", 100_00)
    books.payout(second)
    first, after_gap = open_desk(books).settle()
    assert first.warnings == ()
    assert after_gap.state is PayoutState.SETTLED
    assert [warning for warning in after_gap.warnings if said in warning]


def test_rule_03_dates_are_the_payouts_ledger_date_and_the_day_after_the_one_before(open_desk: OpenDesk) -> None:
    books = Books()
    books.next_day(2).capture("A-1", 100_00)
    books.next_day(3).payout()
    books.next_day(4).capture("A-2", 100_00)
    books.next_day(1).payout()
    desk = open_desk(books)
    desk.settle()
    first, second = desk.settlement(2000001), desk.settlement(2000002)
    assert (first.date_from, first.settlement_date) == (date(2025, 1, 8), date(2025, 1, 11))
    assert (second.date_from, second.settlement_date) == (date(2025, 1, 12), date(2025, 1, 17))


def test_rule_03_with_a_cutoff_at_four_the_ledger_date_counts_not_the_time(open_desk: OpenDesk) -> None:
    books = Books()
    psp = books.capture("late at the bar", 100_00, 2_00)
    books.retained()
    books.payout()
    night = datetime(2025, 1, 7, 2, 30, tzinfo=UTC)
    for entries in books.entries.values():
        entries[:] = [entry._replace(time=night + timedelta(seconds=n)) for n, entry in enumerate(entries)]
    desk = open_desk(books)
    desk.settle()
    settlement = desk.settlement(2000001)
    assert (settlement.date_from, settlement.settlement_date) == (date(2025, 1, 6), date(2025, 1, 6))
    assert desk.transactions(2000001)[0].time == night
    assert desk.rows(2000001) == [Row("late at the bar", 100_00, 0, 2_00, psp)]


@pytest.mark.parametrize("opening", [500_00, -500_00])
def test_rule_04_a_funds_book_that_opens_in_the_middle_withholds_its_first_payout(
    open_desk: OpenDesk, opening: int
) -> None:
    books = Books(opening_funds=opening)
    books.capture("A-1", 600_00, 5_00)
    books.retained()
    books.payout()
    books.capture("A-2", 10_00, 1_00)
    books.retained()
    books.payout()
    desk = open_desk(books)
    first, second = desk.settle()
    assert (first.state, second.state) == (PayoutState.WITHHELD, PayoutState.SETTLED)
    assert first.reason is not None
    assert "rule 4" in first.reason
    assert [one.settlement.payout for one in desk.store.settlements.due()] == [2000002]
    assert desk.settlement(2000002).settled_amount == 9_00


def test_rule_04_a_fees_book_that_opens_in_the_middle_withholds_until_its_first_collection(open_desk: OpenDesk) -> None:
    books = Books(opening_fees=-7_00)
    books.capture("A-0", 1_00)
    books.payout()
    books.capture("A-1", 600_00, 5_00)
    books.retained(12_00)
    books.payout()
    books.capture("A-2", 10_00, 1_00)
    books.retained(1_00)
    books.payout()
    desk = open_desk(books)
    states = [record.state for record in desk.settle()]
    assert states == [PayoutState.WITHHELD, PayoutState.WITHHELD, PayoutState.SETTLED]
    assert [row.fee for row in desk.rows(2000003)] == [1_00]
    assert books.balance[Book.FEES] == 0
