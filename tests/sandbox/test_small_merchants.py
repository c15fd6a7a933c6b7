"""Ten thousand ledgers, hardly any of them in memory."""

import tracemalloc

from settlement_bridge.model import Book
from settlement_bridge.sandbox import Sandbox, scenario
from tests.sandbox.conftest import Caller


def test_all_of_them_are_listed_page_by_page(call: type[Caller]) -> None:
    with Sandbox(scenario("ten-thousand-small", ledgers=2500)) as sandbox:
        ledgers = call(sandbox).ledgers()
        assert [len(sandbox.requests), len(ledgers)] == [1 + 3, 2500]
    assert len({ledger["ledgerId"] for ledger in ledgers}) == 2500


def test_a_ledger_can_be_asked_for_by_the_handle_of_its_sales_unit(call: type[Caller]) -> None:
    with Sandbox(scenario("ten-thousand-small", ledgers=300)) as sandbox:
        (ledger,) = call(sandbox).ledgers(settlesForRecipientHandles="api:600123")
    assert ledger["ledgerId"] == "600123"


def test_reading_through_all_of_them_leaves_nothing_in_memory() -> None:
    world = scenario("ten-thousand-small")
    tracemalloc.start()
    try:
        for index in range(0, len(world), 10):
            assert len(world.ledger(index).book(Book.FUNDS).json(0, 2)) == 2
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * 2**20


def test_the_numbers_known_beforehand_are_those_of_the_rows() -> None:
    ledger = scenario("ten-thousand-small").ledger(9_999)
    for rows in (*map(ledger.book, Book), ledger.transactions):
        assert len(rows) == len(rows.json(0, 100)) == len([*rows.times()])
    for number in ledger.transactions.payouts:
        *_, payout = ledger.transactions.json(*ledger.transactions.payout(number))
        assert f'"orderId":"{number}"'.encode() in payout


def test_a_ledger_is_known_by_its_own_id_only() -> None:
    world = scenario("ten-thousand-small", ledgers=2)
    assert world.find("600001") is not None
    for stranger in ("600002", "599999", "0600001", "６００００１", "9" * 5000, ""):
        assert world.find(stranger) is None
