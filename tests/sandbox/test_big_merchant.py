"""The big merchant: everything made up on the way, and yet one book."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement_bridge.model import Book
from settlement_bridge.sandbox import Sandbox, scenario
from settlement_bridge.sandbox.world import LedgerBooks
from tests.sandbox.conftest import Caller

MILLION = 1_000_000


def ledger(transactions: int, **frame: Any) -> LedgerBooks:
    return scenario("big-merchant", transactions=transactions, **frame).ledger(0)


@settings(deadline=None)
@given(st.integers(0, MILLION + 1), st.sampled_from(Book))
def test_the_chain_holds_between_any_two_entries_of_a_million(position: int, book: Book) -> None:
    rows = ledger(MILLION).book(book)
    pages = [rows.json(start, start + 2) for start in (position, position + 1)]
    items = [json.loads(page[0]) for page in pages if page]
    assert pages[0][1:] == pages[1][:1], "where a page begins makes no difference"
    for earlier, later in pairwise(items):
        assert earlier["balanceBefore"] + earlier["amount"] == earlier["balanceAfter"] == later["balanceBefore"]
        assert (earlier["time"], earlier["ledgerDate"]) <= (later["time"], later["ledgerDate"])


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 20_000), st.integers(1, 40))
def test_a_ledger_date_is_found_where_its_entries_are(transactions: int, days: int) -> None:
    until = date(2026, 4, 5)
    rows = ledger(transactions, days=days, until=until).book(Book.FUNDS)
    dates = [json.loads(row)["ledgerDate"] for row in rows.json(0, len(rows))]
    for day in {*dates[:1], *dates[-1:], dates[len(dates) // 2]}:
        start, stop = rows.span(date.fromisoformat(day), date.fromisoformat(day))
        assert (start, stop) == (dates.index(day), dates.index(day) + dates.count(day))
    assert rows.span(date(2027, 1, 1), date(2027, 1, 1)) == (len(rows), len(rows))
    assert rows.span(date(2020, 1, 1), date(2020, 1, 1)) == (0, 0)


def test_both_dialects_tell_of_the_same_payout() -> None:
    big = ledger(9000)
    funds, fees = (big.book(book).json(0, MILLION) for book in Book)
    rows = [json.loads(row) for row in big.transactions.json(0, MILLION)]
    assert json.loads(funds[-1])["amount"] == rows[-1]["ledgerAmount"] == -sum(r["ledgerAmount"] for r in rows[:-1])
    assert json.loads(funds[-2])["amount"] == -json.loads(fees[-1])["amount"] == -sum(r["fee"] for r in rows)
    assert len({row["transactionId"] for row in rows}) == len(rows)


def test_a_million_transactions_lie_nowhere() -> None:
    tracemalloc.start()
    try:
        rows = ledger(MILLION).book(Book.FUNDS)
        for start in range(0, len(rows), 200_000):
            rows.json(start, start + 1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20


@contextmanager
def a_million_served(dialect: Any) -> Iterator[Sandbox]:
    with Sandbox(scenario("big-merchant", transactions=MILLION), dialect=dialect) as sandbox:
        yield sandbox


@pytest.mark.parametrize("dialect", ["v1", "v2"])
def test_pages_come_faster_than_anybody_reads_them(dialect: str, call: type[Caller]) -> None:
    """Two hundred pages a second on a machine of its own; a fifth of that must be left on a busy one."""
    path, query = "/report/v2/ledgers/302500/funds/feed", {"ledgerId": "302500"}
    if dialect == "v1":
        path, query = "/report/v1/ledgertransactions", {"ledgerId": "302500", "inPayout": "2000001"}
    with a_million_served(dialect) as sandbox:
        caller = call(sandbox)
        started = perf_counter()
        for _ in range(40):
            page = caller.get(path, **query)
            query = {"ledgerId": "302500", "cursor": page.content[11 : page.content.index(b'"', 11)].decode()}
        rate = 40 / (perf_counter() - started)
    assert page.json()["items"][0]["pspReference" if dialect == "v2" else "transactionId"]
    assert rate > 40
