"""Ten thousand ledgers, hardly any of them in memory."""

import tracemalloc

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


def test_only_the_latest_are_held() -> None:
    world = scenario("ten-thousand-small")
    tracemalloc.start()
    try:
        for index in range(len(world)):
            world.ledger(index)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2**20


def test_a_ledger_is_known_by_its_own_id_only() -> None:
    world = scenario("ten-thousand-small", ledgers=2)
    assert world.find("600001") is not None
    for stranger in ("600002", "599999", "0600001", "６００００１", "9" * 5000, ""):
        assert world.find(stranger) is None
