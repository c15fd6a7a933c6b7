"""The translation of a v1 payout, without a server."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement_bridge.model import Book, LedgerEntry
from settlement_bridge.report_api.payout_books import Entries, PayoutBooks
from settlement_bridge.report_api.strict_json import Untrue
from tests.report_api.conftest import LEDGER
from tests.report_api.server import Json, payout_row, transaction

AMOUNTS = st.integers(-(10**12), 10**12)


def translated(*pages: list[Json]) -> Entries:
    """Return the whole books of a payout."""
    books = PayoutBooks(LEDGER, 2000001)
    parts = [books.take(page) for page in pages] + [books.close()]
    return {book: [entry for part in parts for entry in part[book]] for book in Book}


def lines(entries: list[LedgerEntry]) -> list[tuple[str, int, int, str]]:
    return [(each.entry_type, each.amount, each.balance_before, each.psp_reference) for each in entries]


def test_a_net_payout() -> None:
    refund = transaction(1, transactionType="refund", ledgerAmount=-300, grossAmount=-300, fee=0, new=1)
    books = translated([transaction(0), refund, payout_row(-489)])
    assert lines(books[Book.FUNDS]) == [
        ("capture", 900, 0, "3343121302"),
        ("refund", -300, 900, "3343121303"),
        ("fees-retained", -111, 600, "fees-retained-302321-2000001"),
        ("payout-scheduled", -489, 489, "302321-2000001"),
    ]
    assert lines(books[Book.FEES]) == [
        ("capture-fee", -111, 0, "3343121302"),
        ("fees-retained", 111, -111, "fees-retained-302321-2000001"),
    ]
    capture, returned, retained, payout = books[Book.FUNDS]
    assert (capture.reference, capture.handle) == ("purchase-0", "nor:57860")
    fee = books[Book.FEES][0]
    assert fee == capture._replace(entry_type="capture-fee", amount=-111, balance_before=0, extra=None)
    assert returned.extra == '{"new":1}'
    assert (payout.handle, retained.handle, retained.reference) == (None, None, None)
    assert {payout.ledger_date, retained.ledger_date} == {capture.ledger_date}


def test_a_gross_payout_is_invoiced() -> None:
    books = translated([transaction(0, ledgerAmount=900), payout_row(-900)])
    assert [each[0] for each in lines(books[Book.FUNDS])] == ["capture", "payout-scheduled"]
    assert lines(books[Book.FEES])[-1] == ("fees-invoiced", 111, -111, "fees-invoiced-302321-2000001")


def test_a_payout_without_fees_has_no_fees_book() -> None:
    books = translated([transaction(0, ledgerAmount=900, fee=0), payout_row(-900)])
    assert books[Book.FEES] == []
    assert [each[0] for each in lines(books[Book.FUNDS])] == ["capture", "payout-scheduled"]


def test_fees_that_cancel_out_are_closed_all_the_same() -> None:
    books = translated([transaction(0), transaction(1, fee=-111, ledgerAmount=1011), payout_row(-1800)])
    assert [(each.entry_type, each.amount) for each in books[Book.FEES]] == [
        ("capture-fee", -111),
        ("capture-fee", 111),
        ("fees-retained", 0),
    ]


def test_the_payout_entry_is_last_wherever_its_row_stands() -> None:
    books = translated([payout_row(-1578), transaction(0)], [transaction(1)])
    assert [each.entry_type for each in books[Book.FUNDS]] == [
        "capture",
        "capture",
        "fees-retained",
        "payout-scheduled",
    ]


def test_an_unknown_type_is_kept() -> None:
    assert translated([transaction(0, transactionType="gift"), payout_row(-789)])[Book.FUNDS][0].entry_type == "gift"


def test_a_repeated_page_gives_no_entry() -> None:
    once = [transaction(0), transaction(1)]
    assert translated(once, once, once, [transaction(2), payout_row(-2367)], [payout_row(-2367)]) == translated(
        [*once, transaction(2), payout_row(-2367)]
    )


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([transaction(0), payout_row(-788)], "sum to 789, but payout 2000001 .* is -788"),
        (
            [transaction(0, ledgerAmount=788), payout_row(-788)],
            "ledgerAmount is 788, neither grossAmount 900 .*3343121302",
        ),
        ([transaction(0, fee=0), payout_row(-789)], "ledgerAmount is 789, neither"),
        (
            [transaction(0), transaction(1, ledgerAmount=900)],
            "both retained and not: transactionId '3343121303' is Gross",
        ),
        ([payout_row(-1, number=2000002)], "payout 2000001 was asked for, but its payout row .* is 2000002"),
        ([payout_row(-1), payout_row(-1, transactionId="other")], "two payout rows"),
        ([payout_row(-1, fee=1)], "has a fee of 1"),
        ([transaction(0, ledgerId="302322")], "ledgerId is '302322' instead of the ledger's 302321"),
        ([transaction(0, ledgerId=None)], "ledgerId is None"),
        ([transaction(0, currency="SEK")], "currency is 'SEK'"),
        ([transaction(0), transaction(0, orderId="x")], "'3343121302' comes twice, with different content"),
        ([transaction(0, fee=1.5)], "fee is 1.5"),
        ([transaction(0, grossAmount="900")], "grossAmount is '900'"),
        ([transaction(0, ledgerAmount=True)], "ledgerAmount is True"),
        ([transaction(0, timestamp="2022-10-01T16:33:00")], "timestamp is"),
        ([transaction(0, ledgerDate=None)], "ledgerDate is None"),
        ([transaction(0, transactionId=None)], "transactionId is None"),
        (
            [transaction(n, grossAmount=2**63 - 1, ledgerAmount=2**63 - 1, fee=0) for n in range(2)],
            "balance of funds leaves 64 bits .*3343121303",
        ),
    ],
)
def test_what_cannot_be_true_is_refused_and_named(rows: list[Json], said: str) -> None:
    with pytest.raises(Untrue, match=said):
        translated(rows)


def test_a_row_that_comes_back_changed_on_the_next_page_is_refused() -> None:
    with pytest.raises(Untrue, match="comes twice"):
        translated([transaction(0)], [transaction(0, grossAmount=901, ledgerAmount=790)])


@pytest.mark.parametrize("order_id", ["2000001", None, "", "Utbetaling", "12345678"])
def test_a_payout_row_may_be_named_otherwise(order_id: str | None) -> None:
    assert translated([transaction(0), payout_row(-789, orderId=order_id)])


@st.composite
def payouts(draw: st.DrawFn) -> tuple[list[list[Json]], int, int, bool]:
    """Return pages of random rows, with the sums of their gross amounts and of their fees."""
    gross = draw(st.booleans())
    amounts = draw(st.lists(st.tuples(AMOUNTS, st.just(0) | AMOUNTS), max_size=12))
    rows = [
        transaction(number, grossAmount=amount, fee=fee, ledgerAmount=amount - fee * (not gross))
        for number, (amount, fee) in enumerate(amounts)
    ]
    total = sum(row["ledgerAmount"] for row in rows)
    rows.insert(draw(st.integers(0, len(rows))), payout_row(-total))
    size = draw(st.integers(1, 14))
    pages: list[list[Any]] = [rows[first : first + size] for first in range(0, len(rows), size)]
    return pages, total, sum(fee for _, fee in amounts), gross


@given(payouts())
def test_both_books_are_chains_from_zero_to_zero_and_sum_to_the_payout(
    case: tuple[list[list[Json]], int, int, bool],
) -> None:
    pages, total, fees, gross = case
    books = translated(*pages)
    for entries in books.values():
        balance = 0
        for each in entries:
            assert each.balance_before == balance
            balance = each.balance_after
        assert balance == 0
    *others, payout = books[Book.FUNDS]
    assert (payout.entry_type, payout.amount) == ("payout-scheduled", -total)
    assert sum(each.amount for each in others) == total
    assert sum(each.amount for each in books[Book.FEES] if each.entry_type == "capture-fee") == -fees
    retained = [each.amount for each in others if each.entry_type == "fees-retained"]
    assert sum(retained) == (0 if gross else -fees)
    rows = [row for page in pages for row in page if row["transactionType"] != "payout"]
    assert [each.psp_reference for each in others if each.entry_type == "capture"] == [
        row["transactionId"] for row in rows
    ]
