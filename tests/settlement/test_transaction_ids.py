"""TransactionIDs: stable, never used twice on a ledger, and known with the text behind them (rule 16)."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.errors import DataRefused
from settlement_bridge.model import Payout, Transaction
from settlement_bridge.settlement.ids import TransactionIds
from settlement_bridge.transaction_ids import (
    FIRST_MAPPED,
    LARGEST_LONG,
    LAST_MAPPED,
    transaction_number,
    transaction_numbers,
)
from tests.books import MONDAY, Books
from tests.settlement.conftest import OpenDesk


def settled(open_desk: OpenDesk, psp: str) -> Transaction:
    """Return the row of a payout whose one capture has a reference."""
    books = Books()
    books.capture("A-1", 100_00, psp=psp)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    (row,) = desk.transactions(2000001)
    return row


@pytest.mark.parametrize("psp", ["7", "3343121302", "999999999999999999", str(LARGEST_LONG)])
def test_rule_16_a_number_that_fits_is_used_as_it_is(open_desk: OpenDesk, psp: str) -> None:
    row = settled(open_desk, psp)
    assert (row.number, row.mapped_from) == (int(psp), None)


@given(st.lists(st.text("0123456789٣-a", max_size=21) | st.integers(0, 2 * LARGEST_LONG).map(str), max_size=4))
def test_rule_16_many_at_once_are_what_they_are_one_by_one(texts: list[str]) -> None:
    assert transaction_numbers(texts) == [transaction_number(text) for text in texts]


@pytest.mark.parametrize(
    "psp",
    [
        "01H7W7Q6Y5R-3G58CTAZX0MHKV2",
        "9b2cbb5c-5a0a-4c6e-8a53-0a1b2c3d4e5f",
        "0012345",
        "0",
        str(LARGEST_LONG + 1),
        "12345678901234567890123",
        "-5",
        "٣٤٥",
    ],
)
def test_rule_16_anything_else_maps_into_its_own_range_with_the_text_recorded(open_desk: OpenDesk, psp: str) -> None:
    row = settled(open_desk, psp)
    assert (row.number, row.mapped_from) == (transaction_number(psp), psp)
    assert FIRST_MAPPED <= row.number < LAST_MAPPED


def test_rule_16_a_mapped_number_is_the_same_on_every_machine() -> None:
    assert transaction_number("01H7W7Q6Y5R-3G58CTAZX0MHKV2") == 8192714689728146697


def test_rule_16_a_reference_used_again_maps_from_type_and_count(open_desk: OpenDesk) -> None:
    books = Books()
    sold = books.capture("A-1", 100_00)
    books.payout()
    for _ in range(2):
        books.dispute(sold, 100_00)
        books.dispute_won(sold, 100_00)
    books.capture("A-2", 100_00)
    books.payout()
    books.dispute(sold, 100_00)
    books.dispute_won(sold, 100_00)
    books.capture("A-3", 100_00)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [row.id_from for row in desk.rows(2000002)[:4]] == [
        f"{sold}:retained-disputed-capture:1",
        f"{sold}:returned-disputed-capture:1",
        f"{sold}:retained-disputed-capture:2",
        f"{sold}:returned-disputed-capture:2",
    ]
    assert [row.id_from for row in desk.rows(2000003)[:2]] == [
        f"{sold}:retained-disputed-capture:3",
        f"{sold}:returned-disputed-capture:3",
    ]
    for number in (2000002, 2000003):
        for row in desk.transactions(number):
            assert row.number == transaction_number(row.mapped_from or str(row.number))


def test_rule_16_numbers_that_really_collide_are_resolved_and_found_again(open_desk: OpenDesk) -> None:
    books = Books()
    late = books.capture("A-1", 100_00)
    books.payout()
    text = "01H7W7Q6Y5R-3G58CTAZX0MHKV2"
    books.capture("A-2", 100_00, psp=str(transaction_number(f"{late}:fee:2000002")))
    books.capture("A-3", 100_00, psp=str(transaction_number(text)))
    books.capture("A-4", 100_00, psp=text)
    books.fee(late, 1_00)
    books.end_of_day()
    books.dispute(text, 1_00)
    books.capture("A-5", 100_00)
    books.payout()
    desk = open_desk(books)
    desk.settle()
    assert [(row.number, row.mapped_from) for row in desk.transactions(2000002)[1:]] == [
        (transaction_number(text), None),
        (transaction_number(text, 1), text),
        (transaction_number(f"{late}:fee:2000002", 1), f"{late}:fee:2000002"),
    ]
    assert desk.rows(2000003)[0].id_from == f"{text}:retained-disputed-capture:1"


PAYOUT = Payout(
    ledger_id="302321",
    number=2000002,
    ledger_date=MONDAY,
    date_from=MONDAY,
    time=datetime(2025, 1, 6, tzinfo=UTC),
    amount=100,
    balance_before=0,
    balance_after=0,
    first_position=1,
    last_position=2,
    psp_reference="302321-2000002",
)


M = FIRST_MAPPED


class Ledger:
    """Numbers as weak as can be, the ids an earlier payout has used, and rows that want ids."""

    def __init__(self, number_of: Callable[[str, int], int], used: dict[int, str] | None = None) -> None:
        self.number_of = number_of
        self.used = used or {}

    def number(self, *rows: str) -> tuple[TransactionIds, list[tuple[int, str | None]]]:
        numbers = [self.number_of(row, 0) for row in rows]
        shared = {number for number in numbers if numbers.count(number) > 1 or number in self.used}
        ids = TransactionIds(PAYOUT, self.used.get, shared, numbers.__contains__, number_of=self.number_of)
        return ids, [ids.of_row(row, self.number_of(row, 0), "capture")[0] for row in rows]


def weak(text: str, attempt: int) -> int:
    """Collide for all texts of one length, within the range of mapped numbers."""
    return M + len(text) + 1000 * attempt


def test_rule_16_two_references_with_one_number_both_get_their_own() -> None:
    _, numbered = Ledger(weak).number("abc", "xyz", "uvw")
    assert numbered == [(M + 3, "abc"), (M + 1003, "xyz"), (M + 2003, "uvw")]


def test_rule_16_a_collision_with_an_earlier_payout_is_resolved() -> None:
    _, numbered = Ledger(weak, {M + 3: "abc", M + 1003: "xyz"}).number("uvw", "xyz", "klmn")
    assert numbered == [(M + 2003, "uvw"), (M + 13, "xyz:capture:1"), (M + 4, "klmn")]


def test_rule_16_an_own_number_that_collides_is_mapped_and_its_text_recorded() -> None:
    _, numbered = Ledger(weak, {M + 3: "abc"}).number("777")
    assert numbered == [(M + 1003, "777")]


def test_rule_16_the_id_of_a_fees_row_avoids_what_rows_have() -> None:
    ids, _ = Ledger(weak, {M + 13: "abc"}).number("abc")
    assert ids.of_fee("x") == (M + 1013, "x:fee:2000002")
    assert ids.of_fee("y") == (M + 2013, "y:fee:2000002")


def test_rule_16_the_id_of_a_fees_row_avoids_what_rows_have_that_nobody_else_wanted() -> None:
    ids, numbered = Ledger(weak).number("thirteen_long", "x", "x")
    assert [number for number, _ in numbered] == [M + 13, M + 1, M + 11]
    assert ids.of_fee("x") == (M + 1013, "x:fee:2000002")


def test_rule_16_a_further_row_avoids_what_a_row_behind_it_will_have() -> None:
    _, numbered = Ledger(weak).number("x", "x", "eleven_long")
    assert [number for number, _ in numbered] == [M + 1, M + 1011, M + 11]


def test_rule_16_an_id_that_would_be_given_twice_is_refused() -> None:
    ids, _ = Ledger(weak).number("abc")
    ids.of_fee("x")
    with pytest.raises(DataRefused, match="the id x:fee:2000002 would be given twice"):
        ids.of_fee("x")


def test_rule_02_an_api_that_promises_every_id_once_is_held_for_giving_one_twice() -> None:
    ids = TransactionIds(PAYOUT, {3: "3"}.get, {3}, {3}.__contains__, by_payout=True)
    with pytest.raises(DataRefused, match="transaction 3 of payout 2000002 was already given"):
        ids.of_row("3", 3, "capture")
