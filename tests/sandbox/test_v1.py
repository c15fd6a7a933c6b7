"""The v1 dialect on the wire."""

from collections.abc import Iterator
from itertools import chain

import pytest

from settlement_bridge.sandbox import Sandbox, scenario
from tests.sandbox.conftest import Caller

SHOP = "302321"
PATH = "/report/v1/ledgertransactions"
WORLD = scenario("webshop", days=8)


@pytest.fixture
def caller(call: type[Caller]) -> Iterator[Caller]:
    with Sandbox(WORLD, dialect="v1", page_size=3) as sandbox:
        yield call(sandbox)


def payouts(caller: Caller) -> range:
    (ledger,) = caller.ledgers()
    assert "salesUnits" not in ledger
    return range(int(ledger["firstPayout"]), int(ledger["lastPayout"]) + 1)


def test_every_payout_is_the_sum_of_its_transactions(caller: Caller) -> None:
    assert payouts(caller) == range(2000001, 2000009)
    for number in payouts(caller):
        *sales, payout = caller.payout(SHOP, number)
        assert payout["transactionType"] == "payout"
        assert sum(sale["ledgerAmount"] for sale in sales) == -payout["ledgerAmount"]
        assert all(sale["ledgerAmount"] == sale["grossAmount"] - sale["fee"] for sale in sales)
        assert any(sale["fee"] > 0 for sale in sales)
        assert {sale["ledgerId"] for sale in sales} == {SHOP}


def test_a_gross_ledger_tells_its_fees_and_takes_nothing_off(call: type[Caller]) -> None:
    with Sandbox(scenario("gross"), dialect="v1") as sandbox:
        *sales, _ = call(sandbox).payout("302410", 2000003)
    assert all(sale["ledgerAmount"] == sale["grossAmount"] for sale in sales)
    assert any(sale["fee"] > 0 for sale in sales)


def test_the_questions_by_payout_and_by_date_agree(caller: Caller) -> None:
    by_payout = list(chain.from_iterable(caller.payout(SHOP, number) for number in payouts(caller)))
    days = sorted({row["ledgerDate"] for row in by_payout})

    def asked(**query: str) -> list[object]:
        page = caller.page(PATH, ledgerId=SHOP, **query)
        rows = page["items"]
        while page["cursor"]:
            page = caller.page(PATH, ledgerId=SHOP, cursor=page["cursor"])
            rows += page["items"]
        return list(rows)

    assert asked() == by_payout
    assert asked(fromLedgerDate=days[0], toLedgerDate=days[-1]) == by_payout
    assert list(chain.from_iterable(asked(ledgerDate=day) for day in days)) == by_payout
    assert asked(sincePayout="2000006") == caller.payout(SHOP, 2000007) + caller.payout(SHOP, 2000008)
    assert asked(inPayout="2000099") == []


def test_a_ledger_without_a_payout_has_none_first_and_none_last(call: type[Caller]) -> None:
    with Sandbox(WORLD, dialect="v1") as sandbox:
        sandbox.reveal(entries=0)
        (ledger,) = call(sandbox).ledgers()
    assert (ledger["firstPayout"], ledger["lastPayout"]) == (None, None)


def test_a_payout_can_be_seen_growing(call: type[Caller]) -> None:
    with Sandbox(WORLD, dialect="v1") as sandbox:
        caller = call(sandbox)
        whole = caller.payout(SHOP, 2000001)
        for entries in range(1, len(whole) + 1):
            sandbox.reveal(entries=entries)
            assert caller.payout(SHOP, 2000001) == whole[:entries]
            assert payouts(caller) == range(2000001, 2000002)
        sandbox.reveal(entries=len(whole) + 1)
        assert payouts(caller) == range(2000001, 2000003)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"ledgerId": SHOP, "inPayout": "the first"},
        {"ledgerId": SHOP, "inPayout": "-1"},
        {"ledgerId": SHOP, "ledgerDate": "yesterday"},
        {"ledgerId": SHOP, "fromLedgerDate": "2026-11-22", "toLedgerDate": "2026-11-21"},
        {"ledgerId": SHOP, "cursor": "made-up"},
    ],
)
def test_bad_parameters_are_told_as_a_problem(caller: Caller, query: dict[str, str]) -> None:
    answer = caller.get(PATH, **query)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")


def test_a_cursor_goes_with_its_ledger_only(caller: Caller) -> None:
    cursor = caller.page(PATH, ledgerId=SHOP, inPayout="2000001")["cursor"]
    assert cursor
    assert caller.get(PATH, cursor=cursor).status_code == 400
    assert caller.get(PATH, ledgerId="111111", cursor=cursor).status_code == 404


def test_a_cursor_of_another_ledger_is_refused(call: type[Caller]) -> None:
    with Sandbox(scenario("all", days=5), dialect="v1", page_size=3) as sandbox:
        caller = call(sandbox)
        cursor = caller.page(PATH, ledgerId=SHOP)["cursor"]
        assert caller.get(PATH, ledgerId="302410", cursor=cursor).status_code == 400


def test_v2_is_not_there_yet(caller: Caller) -> None:
    assert caller.get(f"/report/v2/ledgers/{SHOP}/funds/feed").status_code == 404
